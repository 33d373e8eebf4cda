//! Ground points, one a place, in an order that depends on their coordinates alone.

use isopach_cloud::{Cloud, Origin, Positions};

/// Ground points sorted by x and y, the lowest of each place.
pub(super) struct Ground {
    pub(super) origin: Origin,
    /// Ticks about the origin.
    pub(super) ticks: Vec<[i32; 3]>,
}

impl Ground {
    pub(super) fn of_points(points: Positions<'_>) -> Self {
        let mut ticks = points.ticks().to_vec();
        ticks.sort_unstable();
        ticks.dedup_by_key(|[x, y, _]| [*x, *y]);
        Self {
            origin: points.origin(),
            ticks,
        }
    }

    /// The points at height zero, for searches in the plane.
    pub(super) fn flattened(&self) -> Cloud {
        flatten(Positions::new(self.origin, &self.ticks))
    }
}

/// Points at the height of their origin.
pub(super) fn flatten(points: Positions<'_>) -> Cloud {
    let ticks = points.ticks().iter().map(|&[x, y, _]| [x, y, 0]).collect();
    let [x, y, _] = points.origin().0;
    Cloud::new(Origin([x, y, 0]), ticks)
}
