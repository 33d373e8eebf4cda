//! Exact moments of many points at once.
//!
//! Offsets are whole ticks. While a sum of products stays below 2⁵³, `f64` holds it exactly, so it
//! may be formed in any order, in several lanes and fused, without a branch: points that do not
//! belong are multiplied by zero. Sums are handed over to whole numbers before they could get
//! larger.

use super::{Grid, near_points::NearPoints, runs::Runs, sorted_points::SortedPoints, walk::Query};
pub(super) use crate::lanes::LANES;
use crate::{lanes::Lanes, moments::ExactSums};

/// `f64` counts without gaps up to here.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Which of the points around a query belong to its neighbourhood.
pub(super) trait Region<L: Lanes>: Copy {
    /// Whether points at these offsets (ticks) do.
    fn contains(&self, offset: [L; 3]) -> L::Mask;
}

/// Runs that may be summed in lanes, if none of the points that are kept is farther than `reach`
/// ticks; `None` where even a few products would be too large (128 m).
#[inline(always)]
pub(super) fn runs_summed_exactly(reach: f64) -> Option<usize> {
    let points = (EXACT / (reach * reach).max(1.0)) as usize;
    (points >= 2 * LANES).then_some(points / LANES)
}

/// Sums over the points of the runs that the region contains; `room` runs at most are summed before
/// the sums become whole numbers.
#[inline(always)]
pub(super) fn sum_region<L: Lanes>(
    grid: &Grid<'_>,
    runs: &Runs,
    query: Query,
    region: impl Region<L>,
    room: usize,
) -> ExactSums {
    let sorted = SortedPoints::<L>::new(grid, query);
    let mut sums = ExactSums::default();
    let mut lanes = LaneSums::<L>::new();
    let mut left = room;
    for starts in runs.whole().chunks(room) {
        if left < starts.len() {
            lanes.move_into(&mut sums);
            left = room;
        }
        left -= starts.len();
        for &start in starts {
            let offset = sorted.offsets_from(start);
            lanes.add_kept(offset, region.contains(offset));
        }
    }
    for parts in runs.parts().chunks(room) {
        if left < parts.len() {
            lanes.move_into(&mut sums);
            left = room;
        }
        left -= parts.len();
        for part in parts {
            let offset = sorted.offsets_from(part.start);
            let kept = L::both_masks(region.contains(offset), first_lanes::<L>(part.points));
            lanes.add_kept(offset, kept);
        }
    }
    lanes.move_into(&mut sums);
    sums
}

/// Sums over those of the points that the region contains; `room` runs at most are summed before
/// the sums become whole numbers.
#[inline(always)]
pub(super) fn sum_near<L: Lanes>(
    near: &NearPoints,
    region: impl Region<L>,
    room: usize,
) -> ExactSums {
    let mut sums = ExactSums::default();
    let mut lanes = LaneSums::<L>::new();
    let [x, y, z] = near.quads();
    let mut start = 0;
    while start < x.len() {
        let end = start.saturating_add(room).min(x.len());
        let points = x[start..end].iter().zip(&y[start..end]).zip(&z[start..end]);
        for ((x, y), z) in points {
            let offset = [L::from_ticks(x), L::from_ticks(y), L::from_ticks(z)];
            lanes.add_kept(offset, region.contains(offset));
        }
        lanes.move_into(&mut sums);
        start = end;
    }
    sums
}

/// Calls `visit` with the offsets of each run, and whether the region contains them.
#[inline(always)]
pub(super) fn visit_region<L: Lanes>(
    grid: &Grid<'_>,
    runs: &Runs,
    query: Query,
    region: impl Region<L>,
    visit: &mut impl Visit<L>,
) {
    let sorted = SortedPoints::<L>::new(grid, query);
    for &start in runs.whole() {
        let offset = sorted.offsets_from(start);
        visit.visit_run(offset, region.contains(offset));
    }
    for part in runs.parts() {
        let offset = sorted.offsets_from(part.start);
        let kept = L::both_masks(region.contains(offset), first_lanes::<L>(part.points));
        visit.visit_run(offset, kept);
    }
}

/// Operation on the points of a run: no closure, which would not be compiled for the wider
/// registers.
pub(super) trait Visit<L: Lanes> {
    fn visit_run(&mut self, offset: [L; 3], kept: L::Mask);
}

/// The first lanes, as many as there are points.
#[inline(always)]
fn first_lanes<L: Lanes>(points: u32) -> L::Mask {
    L::from_array([0.0, 1.0, 2.0, 3.0]).less_than(L::splat(f64::from(points)))
}

/// Count, sum and products of offsets, one a lane.
struct LaneSums<L: Lanes> {
    counts: L::Counts,
    sum: [L; 3],
    products: [L; 6],
}

impl<L: Lanes> LaneSums<L> {
    #[inline(always)]
    fn new() -> Self {
        Self {
            counts: L::no_counts(),
            sum: [L::zero(); 3],
            products: [L::zero(); 6],
        }
    }

    #[inline(always)]
    fn add_kept(&mut self, [x, y, z]: [L; 3], kept: L::Mask) {
        let [kept_x, kept_y, kept_z] = [x.keep_where(kept), y.keep_where(kept), z.keep_where(kept)];
        self.counts = L::count_where(self.counts, kept);
        self.sum = [
            self.sum[0] + kept_x,
            self.sum[1] + kept_y,
            self.sum[2] + kept_z,
        ];
        let [xx, xy, xz, yy, yz, zz] = self.products;
        self.products = [
            xx.add_exact_product(kept_x, x),
            xy.add_exact_product(kept_x, y),
            xz.add_exact_product(kept_x, z),
            yy.add_exact_product(kept_y, y),
            yz.add_exact_product(kept_y, z),
            zz.add_exact_product(kept_z, z),
        ];
    }

    #[inline(always)]
    fn move_into(&mut self, sums: &mut ExactSums) {
        let [xx, xy, xz, yy, yz, zz] = self.products;
        let [x, y, z, xx] = L::sum_each([self.sum[0], self.sum[1], self.sum[2], xx]);
        let [xy, xz, yy, yz] = L::sum_each([xy, xz, yy, yz]);
        let [zz, ..] = L::sum_each([zz; LANES]);
        sums.add_sums(
            L::sum_counts(self.counts) as u32,
            [x, y, z],
            [xx, xy, xz, yy, yz, zz],
        );
        *self = Self::new();
    }
}
