//! The absolute grid of patches.

use isopach_cloud::{first_tick, from_ticks};
use isopach_compute::{Error, Result};
use isopach_tiling::Cells;

/// Side and overlap are whole multiples of this part of a metre: half a centimetre, so that half
/// an overlap in whole centimetres is one.
const UNITS_PER_METRE: f64 = 200.0;

/// Largest side of a patch, metres.
const MOST: f64 = 4096.0;

/// The absolute grid of patches: squares of `side` metres whose cores, squares of `side − overlap`,
/// tile the plane from coordinate zero on. A patch is its core and half of the overlap on each
/// side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PatchGrid {
    /// Side of a cell that divides core and margin, metres.
    cell: f64,
    /// Side of a core in cells.
    core: i64,
    /// Half of the overlap in cells.
    margin: i64,
}

/// First and one past the last tick of an axis, one entry a patch, ascending.
#[derive(Clone, Debug)]
pub(crate) struct Edges {
    low: Vec<i64>,
    high: Vec<i64>,
    core_low: Vec<i64>,
    core_high: Vec<i64>,
}

impl Edges {
    /// Positions of the patches that have a tick, and whether it is in the core, patch by patch.
    #[inline]
    pub(crate) fn patches_at(&self, tick: i64) -> std::ops::Range<usize> {
        let end = self.low.partition_point(|low| *low <= tick);
        let start = self.high.partition_point(|high| *high <= tick);
        start.min(end)..end
    }

    /// Whether the core of a patch has a tick.
    #[inline]
    pub(crate) fn is_in_core(&self, patch: usize, tick: i64) -> bool {
        (self.core_low[patch]..self.core_high[patch]).contains(&tick)
    }
}

impl PatchGrid {
    /// The grid of a side and an overlap, metres.
    pub(crate) fn new(side: f64, overlap: f64) -> Result<Self> {
        Error::positive("side of a patch", side)?;
        Error::check(
            "side of a patch",
            side,
            side <= MOST,
            "be at most 4096 metres",
        )?;
        Error::not_negative("overlap of patches", overlap)?;
        let is_less = overlap < side;
        Error::check(
            "overlap of patches",
            overlap,
            is_less,
            "be less than the side of a patch",
        )?;
        let side = whole_centimetres("side of a patch", side)?;
        let overlap = whole_centimetres("overlap of patches", overlap)?;
        let [core, margin] = [side - overlap, overlap / 2];
        let unit = greatest_divisor(core, margin);
        Ok(Self {
            cell: unit as f64 / UNITS_PER_METRE,
            core: core / unit,
            margin: margin / unit,
        })
    }

    /// Distance between neighbouring patches, metres.
    pub(crate) fn stride(&self) -> f64 {
        self.cell * self.core as f64
    }

    /// Metres that a patch reaches beyond its core.
    pub(crate) fn margin(&self) -> f64 {
        self.cell * self.margin as f64
    }

    /// How many patches a point is in, on average over the plane.
    pub(crate) fn patches_a_point(&self) -> f64 {
        let side = (self.core + 2 * self.margin) as f64;
        (side / self.core as f64).powi(2)
    }

    /// The cells that the patches of a block of cores cover.
    pub(crate) fn covered_by(&self, cores: &Cells) -> Result<Cells> {
        let cells = cores.of_size(self.cell)?;
        Ok(Cells {
            first: cells.first.map(|cell| cell - self.margin),
            end: cells.end.map(|cell| cell + self.margin),
            ..cells
        })
    }

    /// Edges of the patches `first..end` along an axis.
    pub(crate) fn edges(&self, first: i64, end: i64) -> Edges {
        let tick = |cell: i64| first_tick(cell, self.cell);
        let of_patches =
            |at: &dyn Fn(i64) -> i64| (first..end).map(|patch| tick(at(patch))).collect();
        Edges {
            low: of_patches(&|patch| patch * self.core - self.margin),
            high: of_patches(&|patch| (patch + 1) * self.core + self.margin),
            core_low: of_patches(&|patch| patch * self.core),
            core_high: of_patches(&|patch| (patch + 1) * self.core),
        }
    }

    /// Centre of a patch in ticks: the middle of its edges, rounded down.
    pub(crate) fn centre_ticks(&self, patch: [i64; 2]) -> [i64; 2] {
        patch.map(|patch| {
            let low = first_tick(patch * self.core - self.margin, self.cell);
            let high = first_tick((patch + 1) * self.core + self.margin, self.cell);
            (low + high).div_euclid(2)
        })
    }

    /// Centre of a patch, metres.
    pub(crate) fn centre(&self, patch: [i64; 2]) -> [f64; 2] {
        self.centre_ticks(patch).map(from_ticks)
    }
}

/// A length in half centimetres.
fn whole_centimetres(name: &'static str, metres: f64) -> Result<i64> {
    let units = metres * UNITS_PER_METRE;
    let whole = (units / 2.0).round() * 2.0;
    let is_whole = (units - whole).abs() < 1e-6;
    Error::check(name, metres, is_whole, "be a whole number of centimetres")?;
    Ok(whole as i64)
}

fn greatest_divisor(a: i64, b: i64) -> i64 {
    if b == 0 {
        a
    } else {
        greatest_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::to_ticks;

    #[test]
    fn every_place_is_in_one_core_and_in_the_patches_around_it() {
        let grid = PatchGrid::new(15.0, 5.0).unwrap();
        assert_eq!([grid.stride(), grid.margin()], [10.0, 2.5]);
        let edges = grid.edges(-2, 3);
        for (x, patches, core) in [
            (0.0, 1..3, 2),
            (-0.1, 1..3, 1),
            (2.4, 1..3, 2),
            (2.5, 2..3, 2),
            (7.5, 2..4, 2),
            (10.0, 2..4, 3),
        ] {
            let tick = to_ticks(x);
            assert_eq!(edges.patches_at(tick), patches, "{x}");
            let cores: Vec<usize> = (0..5).filter(|i| edges.is_in_core(*i, tick)).collect();
            assert_eq!(cores, [core], "{x}");
        }
        assert_eq!(grid.centre([0, -1]), [5.0, -5.0]);
    }

    #[test]
    fn a_decimal_side_has_the_edges_of_its_tiles() {
        let grid = PatchGrid::new(0.3, 0.0).unwrap();
        for patch in [-7, 0, 3, 21_000_000] {
            let edges = grid.edges(patch, patch + 1);
            assert_eq!(edges.low[0], first_tick(patch, grid.stride()));
        }
    }

    #[test]
    fn a_point_is_in_more_patches_the_more_they_overlap() {
        let grid = PatchGrid::new(20.0, 10.0).unwrap();
        assert_eq!(grid.patches_a_point(), 4.0);
    }

    #[test]
    fn impossible_sides_and_overlaps_are_refused() {
        for [side, overlap] in [
            [0.0, 0.0],
            [-1.0, 0.0],
            [f64::NAN, 0.0],
            [5000.0, 0.0],
            [10.0, 10.0],
            [10.0, -1.0],
            [10.0, f64::NAN],
            [10.001, 0.0],
            [10.0, 0.005],
        ] {
            assert!(PatchGrid::new(side, overlap).is_err(), "{side} {overlap}");
        }
    }
}
