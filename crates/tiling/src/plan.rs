//! Which tiles there are.
//!
//! Everything is counted in cells of an absolute grid, a tile is a block of whole cells, and a point belongs to the tile that has its
//! cell. So a point and its raster cell always agree, also where the cell size (0.1 m, say) is no binary fraction and comparing coordinates
//! with an edge would round the other way.

use crate::{Cells, cells::multiple};
use isopach_cloud::{REACH, Rect, TICK, cell_of, from_ticks, to_ticks};
use isopach_compute::{Error, Result};

/// Largest side of a tile, metres: half of what a coordinate can reach from its origin, the rest is for the halo.
pub const LARGEST_SIDE: f64 = REACH / 2.0;

/// Largest number of tiles in a plan: 2²⁴.
const MOST_TILES: f64 = 16_777_216.0;

/// Tiles over an extent.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    whole: Cells,
    halo: f64,
    cuts: [Cuts; 2],
}

/// How one axis is cut: tile `i` begins at cell `anchor + i · side`, and the tiles `first .. first + count` are there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cuts {
    anchor: i64,
    side: i64,
    first: i64,
    count: i64,
}

impl Plan {
    /// Tiles of about `tile_size` metres that cover `extent`, its far edges included.
    ///
    /// A tile is ⌊tile size / cell⌉ cells a side, at least one and at most 4,096 m; tile `i` has the cells `i·n .. (i+1)·n` of the absolute
    /// grid, those of the extent's edge cut off there. An infinite tile size asks for as few tiles as coordinates can reach: one up to
    /// 4,096 m, wherever it lies; above that, equal ones. `cell_sizes` are the cells that tile edges must fall on; 1 m where there are none.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a tile size, cell size or halo that cannot be, or of which the largest cell size is no
    /// multiple; [`Error::InvalidInput`] for an extent that is nowhere.
    pub fn new(extent: &Rect, tile_size: f64, halo: f64, cell_sizes: &[f64]) -> Result<Self> {
        Error::check("tile size", tile_size, tile_size > 0.0, "be above zero (it may be infinite)")?;
        let fits = (0.0..=LARGEST_SIDE).contains(&halo);
        Error::check("halo", halo, fits, "be between 0 and 4096 m: reduce depth, radii or spacing")?;
        let cell_size = common_cell(cell_sizes)?;
        let possible = (TICK..=LARGEST_SIDE).contains(&cell_size);
        Error::check("cell size", cell_size, possible, "be between 2^-18 m (one tick) and 4096 m")?;
        if !is_somewhere(extent) {
            return Err(Error::InvalidInput(format!("the extent {extent} is not a rectangle within ±2e9 m")));
        }
        // Points are owned by the coordinate that they are held with, so the extent is rounded as they are.
        let cell = |x: f64| cell_of(from_ticks(to_ticks(x)), cell_size);
        let whole = Cells { cell_size, first: extent.min.map(cell), end: extent.max.map(|x| cell(x) + 1) };
        let cuts: [Cuts; 2] =
            std::array::from_fn(|axis| Cuts::new(whole.first[axis], whole.end[axis], tile_size, cell_size));
        let count = cuts[0].count as f64 * cuts[1].count as f64;
        Error::check("tile size", tile_size, count <= MOST_TILES, "give at most 16777216 tiles over the extent")?;
        Ok(Self { whole, halo, cuts })
    }

    /// Number of tiles.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.cuts[0].count * self.cuts[1].count) as usize
    }

    /// Whether there is no tile: never, as an extent has at least one cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all cores together own.
    #[must_use]
    pub fn whole(&self) -> Cells {
        self.whole
    }

    /// Metres around each core that a tile's clouds reach out.
    #[must_use]
    pub fn halo(&self) -> f64 {
        self.halo
    }

    /// What tile `i` (below [`Self::len`]) owns: rows from south to north, each from west to east. Those at the edge of the extent are cut
    /// off there.
    #[must_use]
    pub fn core(&self, i: usize) -> Cells {
        let columns = self.cuts[0].count;
        let tile = [i as i64 % columns, i as i64 / columns];
        let start: [i64; 2] = std::array::from_fn(|axis| self.cuts[axis].start(tile[axis]));
        Cells {
            cell_size: self.whole.cell_size,
            first: std::array::from_fn(|axis| start[axis].max(self.whole.first[axis])),
            end: std::array::from_fn(|axis| (start[axis] + self.cuts[axis].side).min(self.whole.end[axis])),
        }
    }

    /// The tiles that have an absolute point in core or halo: first and last column, first and last row. `None` for a point outside the
    /// whole.
    #[inline]
    pub(crate) fn tiles_of(&self, point: [f64; 2]) -> Option<[[u32; 2]; 2]> {
        self.whole.own(point).then(|| std::array::from_fn(|axis| self.span(axis, point[axis])))
    }

    /// First and last tile along one axis whose core, grown by the halo (and by a tick, so that rounding cannot lose a point), has the
    /// coordinate.
    #[inline]
    fn span(&self, axis: usize, coordinate: f64) -> [u32; 2] {
        let cuts = self.cuts[axis];
        if cuts.count == 1 {
            return [0, 0];
        }
        let margin = self.halo + TICK;
        [coordinate - margin, coordinate + margin].map(|x| cuts.tile(cell_of(x, self.whole.cell_size)))
    }

    /// Number of the tile in column and row.
    #[inline]
    pub(crate) fn tile_at(&self, column: u32, row: u32) -> usize {
        row as usize * self.cuts[0].count as usize + column as usize
    }
}

impl Cuts {
    /// Cuts of the cells `first .. end`.
    fn new(first: i64, end: i64, tile_size: f64, cell_size: f64) -> Self {
        let most = (LARGEST_SIDE / cell_size).floor().max(1.0);
        let (anchor, side) = if tile_size.is_infinite() {
            let cells = (end - first) as f64;
            (first, (cells / (cells / most).ceil()).ceil() as i64)
        } else {
            (0, (tile_size / cell_size).round().clamp(1.0, most) as i64)
        };
        let tile = |cell: i64| (cell - anchor).div_euclid(side);
        Self { anchor, side, first: tile(first), count: tile(end - 1) - tile(first) + 1 }
    }

    /// First cell of the tile at this place in the plan.
    fn start(&self, place: i64) -> i64 {
        self.anchor + (self.first + place) * self.side
    }

    /// Place in the plan of the tile that has the cell, the nearest one for a cell outside.
    #[inline]
    fn tile(&self, cell: i64) -> u32 {
        ((cell - self.anchor).div_euclid(self.side) - self.first).clamp(0, self.count - 1) as u32
    }
}

/// Whether an extent is one: finite, within reach of an origin, the right way round.
pub(crate) fn is_somewhere(extent: &Rect) -> bool {
    (0..2).all(|axis| extent.min[axis] >= -2e9 && extent.max[axis] <= 2e9 && extent.min[axis] <= extent.max[axis])
}

/// The largest of the cell sizes, if it is a multiple of every other; 1 m where there are none.
fn common_cell(cell_sizes: &[f64]) -> Result<f64> {
    let mut largest: f64 = 0.0;
    for &cell in cell_sizes {
        largest = largest.max(Error::positive("cell size", cell)?);
    }
    for &cell in cell_sizes {
        multiple(largest, cell)?;
    }
    Ok(if largest > 0.0 { largest } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extent(min: [f64; 2], size: [f64; 2]) -> Rect {
        Rect { min, max: std::array::from_fn(|axis| min[axis] + size[axis]) }
    }

    /// Tiles that a point goes to.
    fn routed(plan: &Plan, point: [f64; 2]) -> Vec<usize> {
        let [columns, rows] = plan.tiles_of(point).unwrap();
        let places = (rows[0]..=rows[1]).flat_map(|row| (columns[0]..=columns[1]).map(move |column| (column, row)));
        places.map(|(column, row)| plan.tile_at(column, row)).collect()
    }

    proptest! {
        #[test]
        fn each_point_has_one_owner_and_the_tiles_around_it(
            min in prop::array::uniform2(-3000.0..3000.0f64), size in prop::array::uniform2(0.0..400.0f64),
            at in prop::array::uniform2(0.0..=1.0f64),
            tile in prop::sample::select(vec![f64::INFINITY, 500.0, 100.0, 33.3, 0.2]),
            cell in prop::sample::select(vec![1.0, 0.1, 0.3, 2.5]), halo in 0.0..50.0f64,
        ) {
            let tile = f64::max(tile, cell * 10.0);
            let plan = Plan::new(&extent(min, size), tile, halo, &[cell]).unwrap();
            let point = std::array::from_fn(|axis| from_ticks(to_ticks(min[axis] + at[axis] * size[axis])));
            let owners: Vec<usize> = (0..plan.len()).filter(|&i| plan.core(i).own(point)).collect();
            prop_assert_eq!(owners.len(), 1);
            prop_assert!(plan.core(owners[0]).rect().owns(point));
            let routed = routed(&plan, point);
            prop_assert!(routed.contains(&owners[0]));
            for i in 0..plan.len() {
                let core = plan.core(i).rect();
                let away = (0..2).map(|axis| (core.min[axis] - point[axis]).max(point[axis] - core.max[axis]).max(0.0));
                let away = away.fold(0.0, f64::max);
                prop_assert!(away > halo || routed.contains(&i), "needed at {} m and not there", away);
                prop_assert!(away <= halo + 2.0 * TICK || !routed.contains(&i), "there at {} m, not needed", away);
            }
        }

        #[test]
        fn cores_are_apart_and_fill_the_whole(
            min in prop::array::uniform2(-300.0..300.0f64), size in prop::array::uniform2(0.0..90.0f64),
            tile in prop::sample::select(vec![f64::INFINITY, 33.3, 7.0]), cell in prop::sample::select(vec![1.0, 0.7, 2.5]),
        ) {
            let plan = Plan::new(&extent(min, size), tile, 1.0, &[cell]).unwrap();
            let area = |cells: Cells| cells.counts().iter().product::<i64>();
            prop_assert!((0..plan.len()).all(|i| plan.core(i).counts().iter().all(|&n| n > 0)));
            prop_assert_eq!((0..plan.len()).map(|i| area(plan.core(i))).sum::<i64>(), area(plan.whole()));
        }
    }

    #[test]
    fn tile_edges_fall_on_cells() {
        let plan = Plan::new(&extent([0.0, 0.0], [100.0, 100.0]), 33.3, 0.0, &[1.0]).unwrap();
        assert_eq!(plan.core(1).first, [33, 0]);
        assert_eq!(plan.len(), 16);
        let plan = Plan::new(&extent([0.0, 0.0], [100.0, 100.0]), 33.3, 0.0, &[1.0, 0.5, 5.0]).unwrap();
        assert_eq!(plan.core(1).rect().min, [35.0, 0.0]);
    }

    #[test]
    fn the_grid_is_absolute_below_zero_too() {
        let plan = Plan::new(&extent([-40.0, -5.0], [30.0, 10.0]), 33.0, 0.0, &[]).unwrap();
        let cores: Vec<_> = (0..plan.len()).map(|i| (plan.core(i).first, plan.core(i).end)).collect();
        let south = [([-40, -5], [-33, 0]), ([-33, -5], [-9, 0])];
        let north = [([-40, 0], [-33, 6]), ([-33, 0], [-9, 6])];
        assert_eq!(cores, [south, north].concat());
    }

    #[test]
    fn infinite_means_as_few_as_can_be_reached() {
        let tiles =
            |min: f64, size: f64| Plan::new(&extent([min, 0.0], [size, 5.0]), f64::INFINITY, 10.0, &[]).unwrap();
        assert_eq!(tiles(4000.0, 200.0).len(), 1, "wherever it lies");
        assert_eq!(tiles(0.5, 4095.0).len(), 1);
        let two = tiles(0.0, 5000.0);
        assert_eq!((two.len(), two.core(0).counts()[0], two.core(1).counts()[0]), (2, 2501, 2500), "and even");
        assert_eq!(
            Plan::new(&extent([4000.0, 0.0], [200.0, 5.0]), 1e9, 0.0, &[]).unwrap().len(),
            2,
            "finite: absolute"
        );
    }

    #[test]
    fn a_tile_has_no_more_cells_than_fit() {
        let plan = Plan::new(&extent([0.0, 0.0], [9000.0, 10.0]), 4096.0, 0.0, &[2700.0]).unwrap();
        assert_eq!(plan.core(0).counts()[0], 1);
    }

    #[test]
    fn numbers_that_cannot_be_are_named() {
        let area = extent([0.0, 0.0], [10.0, 10.0]);
        for (tile, halo, cell, name) in [
            (f64::NAN, 0.0, 1.0, "tile size"),
            (-1.0, 0.0, 1.0, "tile size"),
            (10.0, 5000.0, 1.0, "halo"),
            (10.0, f64::NAN, 1.0, "halo"),
            (10.0, -1.0, 1.0, "halo"),
            (10.0, 0.0, 0.0, "cell size"),
            (10.0, 0.0, 9000.0, "cell size"),
            (10.0, 0.0, 1e-300, "cell size"),
            (1e-5, 0.0, 1e-5, "tile size"),
        ] {
            let error = Plan::new(&area, tile, halo, &[cell]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(Plan::new(&area, 10.0, 0.0, &[1.0, 0.3]).is_err());
    }

    #[test]
    fn an_extent_that_is_nowhere_is_refused() {
        for bad in [f64::NAN, f64::INFINITY, 1e300, -1.0] {
            let area = Rect { min: [0.0; 2], max: [1.0, bad] };
            assert!(matches!(Plan::new(&area, 10.0, 0.0, &[]), Err(Error::InvalidInput(_))), "{bad}");
        }
    }
}
