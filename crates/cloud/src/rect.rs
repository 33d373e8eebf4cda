//! Rectangles in the plane.

use crate::{edge_tick, from_ticks, to_ticks};

/// A rectangle in absolute metres, easting then northing. It is half open: a point on the lower or
/// left edge is inside, one on the upper or right edge belongs to the neighbour.
///
/// This is the one convention of extents, grids and tiles. Bounds that include their points on both
/// sides (a file's lowest and highest coordinates) become a rectangle by [`Rect::from_inclusive`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rect {
    /// Lowest easting and northing.
    pub min: [f64; 2],
    /// Highest easting and northing.
    pub max: [f64; 2],
}

impl Rect {
    /// The smallest half-open rectangle that contains all points from `low` to `high`, both
    /// included: it ends a tick (2⁻¹⁸ m) above the tick of `high`.
    ///
    /// ```
    /// use isopach_cloud::Rect;
    /// let rect = Rect::from_inclusive([0.0, 0.0], [10.0, 10.0]);
    /// assert!(rect.contains([10.0, 10.0]) && !rect.contains([10.001, 10.0]));
    /// ```
    #[must_use]
    pub fn from_inclusive(low: [f64; 2], high: [f64; 2]) -> Self {
        Self {
            min: low.map(|x| round_to_edge(x, 0)),
            max: high.map(|x| round_to_edge(x, 1)),
        }
    }

    /// Width (easting) and height (northing), metres.
    #[must_use]
    pub fn size(&self) -> [f64; 2] {
        std::array::from_fn(|axis| self.max[axis] - self.min[axis])
    }

    /// Area, square metres.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.size()[0] * self.size()[1]
    }

    /// The centre, absolute metres.
    #[must_use]
    pub fn centre(&self) -> [f64; 2] {
        std::array::from_fn(|axis| 0.5 * (self.min[axis] + self.max[axis]))
    }

    /// Whether this half-open rectangle contains the point. Point and edges are compared after
    /// rounding to ticks ([`edge_tick`]), so that a rectangle of cells contains exactly the points
    /// of its cells. A NaN is in no rectangle.
    #[inline]
    #[must_use]
    pub fn contains(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| {
            let numbers = [self.min[axis], point[axis], self.max[axis]];
            let tick = to_ticks(point[axis]);
            !numbers.iter().any(|x| x.is_nan())
                && edge_tick(self.min[axis]) <= tick
                && tick < edge_tick(self.max[axis])
        })
    }

    /// Expanded by `margin` metres on every side.
    #[must_use]
    pub fn expanded_by(&self, margin: f64) -> Self {
        Self {
            min: self.min.map(|x| x - margin),
            max: self.max.map(|x| x + margin),
        }
    }

    /// The smallest rectangle that contains both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: std::array::from_fn(|axis| self.min[axis].min(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    /// The rectangle that both share, edges included; `None` if they are apart.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            min: std::array::from_fn(|axis| self.min[axis].max(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].min(other.max[axis])),
        };
        (0..2)
            .all(|axis| both.min[axis] <= both.max[axis])
            .then_some(both)
    }
}

/// Rounds a coordinate to its tick and adds `ticks`; non-finite coordinates are unchanged.
fn round_to_edge(coordinate: f64, ticks: i64) -> f64 {
    if coordinate.is_finite() {
        from_ticks(to_ticks(coordinate).saturating_add(ticks))
    } else {
        coordinate
    }
}

impl std::fmt::Display for Rect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [[left, bottom], [right, top]] = [self.min, self.max];
        write!(f, "{left:.3}..{right:.3} E, {bottom:.3}..{top:.3} N")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TICK;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_rectangle_around_points_owns_them_and_no_more(
            a in prop::array::uniform2(-1e7..1e7f64), size in prop::array::uniform2(0.0..50.0f64), at in prop::array::uniform2(0.0..=1.0f64),
        ) {
            let high = [0, 1].map(|axis| a[axis] + size[axis]);
            let rect = Rect::from_inclusive(a, high);
            let within = [0, 1].map(|axis| (a[axis] + at[axis] * size[axis]).min(high[axis]));
            prop_assert!(rect.contains(a) && rect.contains(high) && rect.contains(within));
            for axis in 0..2 {
                let mut beside = high;
                beside[axis] += 2.0 * TICK;
                prop_assert!(!rect.contains(beside));
                beside[axis] = a[axis] - 2.0 * TICK;
                prop_assert!(!rect.contains(beside));
            }
        }

        /// The rule also holds for edges that are no whole number of ticks and points computed from
        /// a file's integers.
        #[test]
        fn neighbours_share_no_point_and_lose_none(edge in -40_000_000i64..40_000_000, off in -3i64..4) {
            let edge = edge as f64 * 0.2;
            let point = [from_ticks(to_ticks(edge) + off), 0.5];
            let left = Rect { min: [edge - 1.0, 0.0], max: [edge, 1.0] };
            let right = Rect { min: [edge, 0.0], max: [edge + 1.0, 1.0] };
            prop_assert!(left.contains(point) != right.contains(point));
            prop_assert!(right.contains([edge, 0.5]));
        }
    }

    #[test]
    fn what_is_no_number_is_owned_by_nobody() {
        let everything = Rect {
            min: [f64::NEG_INFINITY; 2],
            max: [f64::INFINITY; 2],
        };
        assert!(everything.contains([1e9, -1e9]) && !everything.contains([0.0, f64::NAN]));
        assert!(
            !Rect {
                min: [f64::NAN, 0.0],
                max: [1.0; 2]
            }
            .contains([0.5; 2])
        );
    }

    #[test]
    fn edges_belong_to_one_side() {
        let left = Rect {
            min: [0.0, 0.0],
            max: [1.0, 1.0],
        };
        let right = Rect {
            min: [1.0, 0.0],
            max: [2.0, 1.0],
        };
        assert!(
            !left.contains([1.0, 0.5]) && right.contains([1.0, 0.5]) && left.contains([0.0, 0.0])
        );
        assert_eq!(left.intersection(&right).unwrap().area(), 0.0);
        assert!(left.intersection(&right.expanded_by(-0.1)).is_none());
        assert_eq!(left.union(&right).size(), [2.0, 1.0]);
    }
}
