//! Borrowed coordinates.

use crate::{Origin, Rect, TICK, from_ticks};

/// Borrowed coordinates of `n` points: ticks (2⁻¹⁸ m) relative to a whole-metre origin.
///
/// There is no other way to hold a point, so nothing that reached this far can have lost its
/// precision, be infinite or be NaN. Copying it copies a pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Positions<'a> {
    origin: Origin,
    ticks: &'a [[i32; 3]],
}

impl<'a> Positions<'a> {
    /// Wraps `ticks` (`n` × 3) counted from `origin`. See [`crate::Cloud::from_points`] to make
    /// them from metres.
    #[must_use]
    pub fn new(origin: Origin, ticks: &'a [[i32; 3]]) -> Self {
        Self { origin, ticks }
    }

    /// The origin of the ticks.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The coordinates, `n` × 3 ticks from [`Self::origin`].
    #[must_use]
    pub fn ticks(&self) -> &'a [[i32; 3]] {
        self.ticks
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ticks.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// Point `i` in absolute ticks: exact.
    #[inline]
    #[must_use]
    pub fn absolute_ticks(&self, i: usize) -> [i64; 3] {
        let origin = self.origin.ticks();
        let point = self.ticks[i];
        std::array::from_fn(|axis| origin[axis] + i64::from(point[axis]))
    }

    /// Point `i` in absolute metres: exact.
    #[inline]
    #[must_use]
    pub fn absolute(&self, i: usize) -> [f64; 3] {
        self.absolute_ticks(i).map(from_ticks)
    }

    /// Iterates over the points in absolute metres, `[easting, northing, height]`: exact.
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 1.5], [10.0, 0.0, 2.5]])?;
    /// let heights: Vec<f64> = cloud.positions().iter().map(|[_, _, z]| z).collect();
    /// assert_eq!(heights, [1.5, 2.5]);
    /// # Ok::<(), isopach_cloud::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = [f64; 3]> + Clone + use<'a> {
        let origin = self.origin.ticks();
        self.ticks.iter().map(move |point| {
            std::array::from_fn(|axis| from_ticks(origin[axis] + i64::from(point[axis])))
        })
    }

    /// Point `i` in metres from the origin: exact.
    #[inline]
    #[must_use]
    pub fn local(&self, i: usize) -> [f64; 3] {
        self.ticks[i].map(|tick| f64::from(tick) * TICK)
    }

    /// Offset in ticks from coordinates about `self`'s origin to coordinates about `other`: exact.
    #[must_use]
    pub fn shift_to(&self, other: Origin) -> [i64; 3] {
        let from = self.origin.ticks();
        let to = other.ticks();
        std::array::from_fn(|axis| from[axis] - to[axis])
    }

    /// Lowest and highest coordinate of each axis, ticks from the origin; `None` for no points.
    /// O(n).
    #[must_use]
    pub fn bounds(&self) -> Option<[[i32; 3]; 2]> {
        let first = *self.ticks.first()?;
        Some(
            self.ticks
                .iter()
                .fold([first, first], |[low, high], point| {
                    [
                        std::array::from_fn(|axis| low[axis].min(point[axis])),
                        std::array::from_fn(|axis| high[axis].max(point[axis])),
                    ]
                }),
        )
    }

    /// The smallest half-open rectangle (absolute metres) that contains every point: half open, so
    /// it ends a tick (2⁻¹⁸ m) above the highest coordinates; `None` for no points. O(n).
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [10.0, 10.0, 1.0]])?;
    /// let extent = cloud.positions().extent().unwrap();
    /// assert!(extent.contains([0.0, 0.0]) && extent.contains([10.0, 10.0]));
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    #[must_use]
    pub fn extent(&self) -> Option<Rect> {
        let origin = self.origin.ticks();
        self.bounds().map(|[low, high]| Rect {
            min: std::array::from_fn(|axis| from_ticks(origin[axis] + i64::from(low[axis]))),
            max: std::array::from_fn(|axis| from_ticks(origin[axis] + i64::from(high[axis]) + 1)),
        })
    }
}
