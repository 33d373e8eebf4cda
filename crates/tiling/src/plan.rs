//! Which tiles there are, and who owns what.
//!
//! Everything is counted in cells of an absolute grid: the cell of a coordinate is ⌊coordinate / cell size⌋, a tile is a block
//! of whole cells, and a point belongs to the tile that has its cell. So a point and its raster cell always agree, also where
//! the cell size (0.1 m, say) is no binary fraction and comparing coordinates with an edge would round the other way.

use isopach_cloud::{REACH, Rect, TICK};
use isopach_compute::{Error, Result};

/// Largest side of a tile, metres: half of what a coordinate can reach from its origin, the rest is for the halo.
pub const LARGEST_SIDE: f64 = REACH / 2.0;

/// A block of cells of the absolute grid, half open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// First column (from west) and row (from south).
    pub first: [i64; 2],
    /// One past the last column and row.
    pub end: [i64; 2],
}

impl Cells {
    /// Whether the block has the cell of an absolute point.
    #[inline]
    #[must_use]
    pub fn own(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| (self.first[axis]..self.end[axis]).contains(&cell_of(point[axis], self.cell_size)))
    }

    /// The rectangle that the cells cover, absolute metres.
    #[must_use]
    pub fn rect(&self) -> Rect {
        Rect { min: self.first.map(|i| i as f64 * self.cell_size), max: self.end.map(|i| i as f64 * self.cell_size) }
    }
}

/// ⌊coordinate / cell size⌋.
#[inline]
pub(crate) fn cell_of(coordinate: f64, cell_size: f64) -> i64 {
    (coordinate / cell_size).floor() as i64
}

/// Tiles over an extent.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    whole: Cells,
    halo: f64,
    cells_a_side: i64,
    first_tile: [i64; 2],
    tiles: [usize; 2],
}

impl Plan {
    /// Tiles of about `tile_size` metres that cover `extent`, its far edges included.
    ///
    /// `cell_sizes` are the cells that tile edges must fall on; 1 m where there are none.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a tile size, cell size or halo that cannot be; for cell sizes of which the largest is not a
    /// multiple of each.
    pub fn new(extent: &Rect, tile_size: f64, halo: f64, cell_sizes: &[f64]) -> Result<Self> {
        Error::check("tile size", tile_size, tile_size > 0.0, "be above zero (it may be infinite)")?;
        Error::check(
            "halo",
            halo,
            (0.0..=LARGEST_SIDE).contains(&halo),
            "be between 0 and 4096 m: reduce depth, radii or spacing",
        )?;
        let cell_size = common_cell(cell_sizes)?;
        let cells_a_side = (tile_size.min(LARGEST_SIDE) / cell_size).round().max(1.0) as i64;
        let side = cells_a_side as f64 * cell_size;
        Error::check("cell size", cell_size, side <= LARGEST_SIDE, "be at most 4096 m")?;
        let whole = Cells {
            cell_size,
            first: extent.min.map(|x| cell_of(x, cell_size)),
            end: extent.max.map(|x| cell_of(x, cell_size) + 1),
        };
        let first_tile = whole.first.map(|cell| cell.div_euclid(cells_a_side));
        let tiles: [usize; 2] = std::array::from_fn(|axis| {
            ((whole.end[axis] - 1).div_euclid(cells_a_side) - first_tile[axis] + 1) as usize
        });
        let count = tiles[0] as f64 * tiles[1] as f64;
        Error::check("tile size", tile_size, count < 1e8, "give fewer than 10^8 tiles over the extent")?;
        Ok(Self { whole, halo, cells_a_side, first_tile, tiles })
    }

    /// Number of tiles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tiles[0] * self.tiles[1]
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

    /// What tile `i` owns: rows from south to north, each from west to east. Those at the edge of the extent are cut off there.
    #[must_use]
    pub fn core(&self, i: usize) -> Cells {
        let tile = [i % self.tiles[0], i / self.tiles[0]];
        let first: [i64; 2] =
            std::array::from_fn(|axis| (self.first_tile[axis] + tile[axis] as i64) * self.cells_a_side);
        Cells {
            cell_size: self.whole.cell_size,
            first: std::array::from_fn(|axis| first[axis].max(self.whole.first[axis])),
            end: std::array::from_fn(|axis| (first[axis] + self.cells_a_side).min(self.whole.end[axis])),
        }
    }

    /// The tiles that have an absolute point in core or halo: columns and rows, ends included. `None` for a point outside the whole.
    #[inline]
    pub(crate) fn tiles_of(&self, point: [f64; 2]) -> Option<[[usize; 2]; 2]> {
        self.whole.own(point).then(|| std::array::from_fn(|axis| self.span(axis, point[axis])))
    }

    /// First and last tile along one axis whose core, grown by the halo (and by a tick, so that rounding cannot lose a point), has the
    /// coordinate.
    #[inline]
    fn span(&self, axis: usize, coordinate: f64) -> [usize; 2] {
        let tile = |x: f64| {
            let tile = cell_of(x, self.whole.cell_size).div_euclid(self.cells_a_side) - self.first_tile[axis];
            tile.clamp(0, self.tiles[axis] as i64 - 1) as usize
        };
        [tile(coordinate - self.halo - TICK), tile(coordinate + self.halo + TICK)]
    }

    /// Number of the tile in column and row.
    #[inline]
    pub(crate) fn tile_at(&self, column: usize, row: usize) -> usize {
        row * self.tiles[0] + column
    }
}

/// The largest of the cell sizes, if it is a multiple of every other; 1 m where there are none.
fn common_cell(cell_sizes: &[f64]) -> Result<f64> {
    let mut largest: f64 = 0.0;
    for &cell in cell_sizes {
        largest = largest.max(Error::positive("cell size", cell)?);
    }
    for &cell in cell_sizes {
        let ratio = largest / cell;
        let whole = (ratio - ratio.round()).abs() < 1e-9 * ratio;
        Error::check("cell size", cell, whole, "divide the largest cell size of the run")?;
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

    proptest! {
        #[test]
        fn each_point_has_one_owner_and_the_tiles_around_it(
            min in prop::array::uniform2(-3000.0..3000.0f64), size in prop::array::uniform2(0.0..400.0f64),
            at in prop::array::uniform2(0.0..=1.0f64), tile in prop::sample::select(vec![f64::INFINITY, 500.0, 100.0, 33.3, 0.2]),
            cell in prop::sample::select(vec![1.0, 0.1, 0.3, 2.5]), halo in 0.0..50.0f64,
        ) {
            let tile = f64::max(tile, cell * 10.0);
            let plan = Plan::new(&extent(min, size), tile, halo, &[cell]).unwrap();
            let point = std::array::from_fn(|axis| min[axis] + at[axis] * size[axis]);
            let owners: Vec<usize> = (0..plan.len()).filter(|&i| plan.core(i).own(point)).collect();
            prop_assert_eq!(owners.len(), 1);
            let [columns, rows] = plan.tiles_of(point).unwrap();
            let routed: Vec<usize> = (rows[0]..=rows[1]).flat_map(|r| (columns[0]..=columns[1]).map(move |c| (c, r))).map(|(c, r)| plan.tile_at(c, r)).collect();
            prop_assert!(routed.contains(&owners[0]));
            for i in 0..plan.len() {
                let near = plan.core(i).rect().grown(halo - 1e-6);
                if halo > 1e-3 && near.owns(point) {
                    prop_assert!(routed.contains(&i));
                }
            }
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
    fn numbers_that_cannot_be_are_named() {
        let area = extent([0.0, 0.0], [10.0, 10.0]);
        for (tile, halo, cell, name) in [
            (f64::NAN, 0.0, 1.0, "tile size"),
            (-1.0, 0.0, 1.0, "tile size"),
            (10.0, 5000.0, 1.0, "halo"),
            (10.0, f64::NAN, 1.0, "halo"),
            (10.0, 0.0, 0.0, "cell size"),
            (10.0, 0.0, 9000.0, "cell size"),
        ] {
            let error = Plan::new(&area, tile, halo, &[cell]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(Plan::new(&area, 10.0, 0.0, &[1.0, 0.3]).is_err());
    }
}
