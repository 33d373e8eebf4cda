//! Rectangles in the plane.

/// A rectangle in absolute metres, easting then northing. As an owner of points it is half open: a point on the lower
/// or left edge is inside, one on the upper or right edge belongs to the neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Lowest easting and northing.
    pub min: [f64; 2],
    /// Highest easting and northing.
    pub max: [f64; 2],
}

impl Rect {
    /// Easting and northing extent, metres.
    #[must_use]
    pub fn size(&self) -> [f64; 2] {
        std::array::from_fn(|axis| self.max[axis] - self.min[axis])
    }

    /// Square metres.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.size()[0] * self.size()[1]
    }

    /// The middle.
    #[must_use]
    pub fn centre(&self) -> [f64; 2] {
        std::array::from_fn(|axis| 0.5 * (self.min[axis] + self.max[axis]))
    }

    /// Whether this rectangle owns the point (half open).
    #[inline]
    #[must_use]
    pub fn owns(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| self.min[axis] <= point[axis] && point[axis] < self.max[axis])
    }

    /// Grown by `margin` metres on every side.
    #[must_use]
    pub fn grown(&self, margin: f64) -> Self {
        Self { min: self.min.map(|x| x - margin), max: self.max.map(|x| x + margin) }
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: std::array::from_fn(|axis| self.min[axis].min(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    /// What both share, edges included; `None` where they are apart.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            min: std::array::from_fn(|axis| self.min[axis].max(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].min(other.max[axis])),
        };
        (0..2).all(|axis| both.min[axis] <= both.max[axis]).then_some(both)
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

    #[test]
    fn edges_belong_to_one_side() {
        let left = Rect { min: [0.0, 0.0], max: [1.0, 1.0] };
        let right = Rect { min: [1.0, 0.0], max: [2.0, 1.0] };
        assert!(!left.owns([1.0, 0.5]) && right.owns([1.0, 0.5]) && left.owns([0.0, 0.0]));
        assert_eq!(left.intersection(&right).unwrap().area(), 0.0);
        assert!(left.intersection(&right.grown(-0.1)).is_none());
        assert_eq!(left.union(&right).size(), [2.0, 1.0]);
    }
}
