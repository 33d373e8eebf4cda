//! The plan: tiles over an extent.
//!
//! Everything is counted in cells of an absolute grid, a tile is a block of whole cells, and a
//! point belongs to the tile that has its cell. So a point and its raster cell always agree, also
//! where the cell size (0.1 m, say) is no binary fraction and comparing coordinates with an edge
//! would round the other way.
//!
//! Blocks of the size that was asked for (the roots) are cut in four where too many points are
//! expected in them: [`tree`]; the expected number comes from the statements of files, COPC nodes
//! and indexes: [`density`].

mod cuts;
pub(crate) mod density;
mod draw;
mod manifest;
pub(crate) mod shard_order;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod tree;

use crate::{Cells, TilingError, cells::multiple};
use cuts::Cuts;
pub use draw::round_length;
use isopach_cloud::{
    REACH, Rect, TICK, cell_of, cell_of_tick, checked_cell_size, edge_tick, first_tick, from_ticks,
    to_ticks,
};
use isopach_compute::{Error, Result};
use shard_order::ShardOrder;
use tree::{Cutting, Tree};

/// Largest side of a tile, metres: half of the reach of a coordinate from its origin; the other
/// half is for the halo.
pub const MAX_TILE_SIDE: f64 = REACH / 2.0;

/// Largest number of tiles in a plan: 2²⁴.
const MAX_TILES: f64 = 16_777_216.0;

/// Tiles over an extent.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    whole: Cells,
    halo: f64,
    cuts: [Cuts; 2],
    /// The node of each root, row by row.
    roots: Vec<u32>,
    tree: Tree,
    estimates: Vec<TileEstimate>,
    shard_order: ShardOrder,
}

/// Expected points and bytes of a tile, estimated before anything is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TileEstimate {
    /// Points of all epochs in core and halo.
    pub points: u64,
    /// Bytes of these points, and of the operation beside them.
    pub bytes: u64,
}

/// Limits of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes above which a tile is cut in four.
    pub(crate) tile_bytes: u64,
    /// Bytes that the table of tiles may have.
    pub(crate) table_bytes: u64,
}

impl Limits {
    const NONE: Self = Self {
        tile_bytes: u64::MAX,
        table_bytes: u64::MAX,
    };
    /// Bytes of a tile in all tables of a run.
    const TILE: f64 = 512.0;

    fn check_table(self, tiles: f64) -> Result<()> {
        let requested = tiles * Self::TILE;
        if requested <= self.table_bytes as f64 && tiles <= MAX_TILES {
            return Ok(());
        }
        let requested = requested as u64;
        let budget = self.table_bytes.min((MAX_TILES * Self::TILE) as u64);
        let advice = "use larger tiles, or raise the memory";
        Err(Error::OutOfMemory {
            what: "the table of all tiles",
            requested,
            budget,
            advice,
        })
    }
}

impl Plan {
    /// Tiles of about `tile_size` metres that cover `extent`, its far edges included.
    ///
    /// A tile is ⌊tile size / cell⌉ cells a side, at least one and at most 4,096 m; tile `i` has
    /// the cells `i·n .. (i+1)·n` of the absolute grid, those of the extent's edge cut off there.
    /// An infinite tile size asks for as few tiles as coordinates can reach: one up to 4,096 m,
    /// wherever it lies; above that, equal ones. `cell_sizes` are the cells that tile edges must
    /// fall on; 1 m if there are none.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an impossible tile size, cell size or halo, or cell sizes
    /// that do not divide the largest; [`Error::InvalidInput`] for an impossible extent.
    pub fn new(extent: &Rect, tile_size: f64, halo: f64, cell_sizes: &[f64]) -> Result<Self> {
        Self::within_limits(extent, tile_size, halo, cell_sizes, Limits::NONE, &|_| {
            TileEstimate::default()
        })
    }

    /// As [`Self::new`], with tiles cut in four where more bytes are `expected` of them than the
    /// limit.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::OutOfMemory`] for more tiles than the table may have.
    pub(crate) fn within_limits(
        extent: &Rect,
        tile_size: f64,
        halo: f64,
        cell_sizes: &[f64],
        limits: Limits,
        expected: &dyn Fn(&Cells) -> TileEstimate,
    ) -> Result<Self> {
        let (whole, cuts) = plan_roots(extent, tile_size, halo, cell_sizes)?;
        limits.check_table(cuts[0].count as f64 * cuts[1].count as f64)?;
        let cutting = Cutting {
            whole,
            halo,
            too_heavy: &|core| expected(core).bytes > limits.tile_bytes,
        };
        let mut plan = Self::cut_roots(whole, halo, cuts, &cutting, limits)?;
        plan.estimates = plan.tree.tiles.iter().map(expected).collect();
        Ok(plan)
    }

    /// The roots, cut; of the tiles nothing is expected yet.
    fn cut_roots(
        whole: Cells,
        halo: f64,
        cuts: [Cuts; 2],
        cutting: &Cutting<'_>,
        limits: Limits,
    ) -> Result<Self> {
        let mut plan = Self {
            whole,
            halo,
            cuts,
            roots: Vec::new(),
            tree: Tree::default(),
            estimates: Vec::new(),
            shard_order: ShardOrder::default(),
        };
        for row in 0..cuts[1].count {
            for column in 0..cuts[0].count {
                let first = [cuts[0].first_cell(column), cuts[1].first_cell(row)];
                let end = [first[0] + cuts[0].side, first[1] + cuts[1].side];
                let root = plan.tree.add_block(
                    Cells {
                        cell_size: whole.cell_size,
                        first,
                        end,
                    },
                    cutting,
                );
                // there is one: roots are those that meet the whole
                plan.roots.push(root.unwrap_or_default());
                limits.check_table(plan.len() as f64)?;
            }
        }
        Ok(plan)
    }

    /// Number of tiles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.tiles.len()
    }

    /// Always `false`: an extent has at least one cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells of all cores together.
    #[must_use]
    pub fn whole(&self) -> Cells {
        self.whole
    }

    /// Metres around each core that a tile's clouds reach out.
    #[must_use]
    pub fn halo(&self) -> f64 {
        self.halo
    }

    /// The cells that tile `i` (below [`Self::len`]) owns. Order: rows of tiles from south to
    /// north, each from west to east; tiles that were cut in four likewise, in the place of the one
    /// that they were. Those at the edge of the extent are cut off there.
    #[must_use]
    pub fn core(&self, i: usize) -> Cells {
        self.tree.tiles[i]
    }

    /// Expected points and bytes of tile `i`.
    #[must_use]
    pub fn estimate(&self, i: usize) -> TileEstimate {
        self.estimates[i]
    }

    /// Lowest and highest ticks that go to tile `i`: those of its core and halo.
    pub(crate) fn reach_ticks(&self, i: usize) -> [[i64; 2]; 2] {
        tree::tick_bounds(&self.core(i), self.halo)
    }

    /// First and last ticks of the whole.
    pub(crate) fn whole_ticks(&self) -> [[i64; 2]; 2] {
        let first_of = |cell: i64| first_tick(cell, self.whole.cell_size);
        [
            self.whole.first.map(first_of),
            self.whole.end.map(|cell| first_of(cell) - 1),
        ]
    }

    /// Tells each tile that has the point (absolute ticks) in core or halo. Whether the point lies
    /// in the whole.
    #[inline]
    pub(crate) fn for_each_tile_at(&self, point: [i64; 2], mut tell: impl FnMut(u32)) -> bool {
        let metres = point.map(from_ticks);
        if !self.whole.own_ticks(point) {
            return false;
        }
        let [columns, rows] = [0, 1].map(|axis| self.root_span(axis, metres[axis], metres[axis]));
        for row in rows[0]..=rows[1] {
            for column in columns[0]..=columns[1] {
                self.tree
                    .for_each_at(self.root_node(column, row), point, &mut tell);
            }
        }
        true
    }

    /// Tells each tile that may have a point of the rectangle in core or halo.
    pub(crate) fn for_each_tile_meeting(&self, rect: &Rect, mut tell: impl FnMut(u32)) {
        let corners = [
            rect.min.map(|x| to_ticks(x) - 1),
            rect.max.map(|x| to_ticks(x) + 1),
        ];
        let [columns, rows] =
            [0, 1].map(|axis| self.root_span(axis, rect.min[axis] - TICK, rect.max[axis] + TICK));
        for row in rows[0]..=rows[1] {
            for column in columns[0]..=columns[1] {
                self.tree
                    .for_each_meeting(self.root_node(column, row), corners, &mut tell);
            }
        }
    }

    /// First and last root along one axis that may have tiles which reach the coordinates from
    /// `low` to `high`.
    #[inline]
    fn root_span(&self, axis: usize, low: f64, high: f64) -> [u32; 2] {
        let cuts = self.cuts[axis];
        if cuts.count == 1 {
            return [0, 0];
        }
        let margin = self.halo + 4.0 * TICK;
        [low - margin, high + margin].map(|x| cuts.root_index(cell_of(x, self.whole.cell_size)))
    }

    #[inline]
    fn root_node(&self, column: u32, row: u32) -> u32 {
        self.roots[row as usize * self.cuts[0].count as usize + column as usize]
    }
}

/// The cells of the extent, and how each axis is cut into roots.
fn plan_roots(
    extent: &Rect,
    tile_size: f64,
    halo: f64,
    cell_sizes: &[f64],
) -> Result<(Cells, [Cuts; 2])> {
    Error::check(
        "tile size",
        tile_size,
        tile_size > 0.0,
        "be above zero (it may be infinite)",
    )?;
    let fits = (0.0..=MAX_TILE_SIDE).contains(&halo);
    Error::check(
        "halo",
        halo,
        fits,
        "be between 0 and 4096 m: reduce depth, radii or spacing",
    )?;
    let cell_size = common_cell_size(cell_sizes)?;
    let possible = (TICK..=MAX_TILE_SIDE).contains(&cell_size);
    Error::check(
        "cell size",
        cell_size,
        possible,
        "be between 2^-18 m (one tick) and 4096 m",
    )?;
    if !is_valid_extent(extent) {
        return Err(TilingError::InvalidExtent { extent: *extent }.into());
    }
    // Sources may state closed bounds: the cell of a point on the far edge is one of the plan's,
    // too.
    let whole = Cells {
        cell_size,
        first: extent.min.map(|x| cell_of_tick(edge_tick(x), cell_size)),
        end: extent.max.map(|x| cell_of(x, cell_size) + 1),
    };
    let cuts: [Cuts; 2] = std::array::from_fn(|axis| {
        Cuts::new(whole.first[axis], whole.end[axis], tile_size, cell_size)
    });
    Ok((whole, cuts))
}

/// Whether an extent is one: finite, within reach of an origin, the right way round.
pub(crate) fn is_valid_extent(extent: &Rect) -> bool {
    (0..2).all(|axis| {
        extent.min[axis] >= -2e9 && extent.max[axis] <= 2e9 && extent.min[axis] <= extent.max[axis]
    })
}

/// The largest of the cell sizes, if it is a multiple of every other; 1 m if there are none.
fn common_cell_size(cell_sizes: &[f64]) -> Result<f64> {
    let mut largest: f64 = 0.0;
    for &cell in cell_sizes {
        largest = largest.max(checked_cell_size(cell)?);
    }
    for &cell in cell_sizes {
        multiple(largest, cell)?;
    }
    Ok(if largest > 0.0 { largest } else { 1.0 })
}
