//! Roots that are too heavy are cut in four, again and again, always at cells.

use crate::Cells;
use isopach_cloud::{Rect, to_ticks};

/// Ticks by which a tile reaches out farther than its halo, so that no rounding loses a point.
const SLACK: i64 = 2;

/// A block of cells that is one tile, or is cut into up to four blocks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Lowest and highest ticks of core and halo.
    low: [i64; 2],
    high: [i64; 2],
    next: Next,
}

#[derive(Clone, Debug, PartialEq)]
enum Next {
    /// Number of the tile.
    Tile(u32),
    /// Its parts in the list of nodes.
    Parts([u32; 4]),
}

/// No such part: it lies outside of the whole.
const NONE: u32 = u32::MAX;

/// Nodes under construction.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) tiles: Vec<Cells>,
}

/// The block to cut, and the criterion.
pub(super) struct Cutting<'a> {
    pub(super) whole: Cells,
    pub(super) halo: f64,
    /// Whether a block (already cut off at the edge of the whole) is too heavy for one tile.
    pub(super) too_heavy: &'a dyn Fn(&Cells) -> bool,
}

impl Tree {
    /// Adds a block with all its parts; its number, or `None` where nothing of it lies in the
    /// whole.
    pub(super) fn add_block(&mut self, block: Cells, cutting: &Cutting<'_>) -> Option<u32> {
        let core = clip_block(&block, &cutting.whole)?;
        let at = self.nodes.len() as u32; // far fewer than 2^32: each has 40 bytes
        let [low, high] = tick_bounds(&core, cutting.halo);
        self.nodes.push(Node {
            low,
            high,
            next: Next::Tile(self.tiles.len() as u32),
        });
        if (cutting.too_heavy)(&core)
            && let Some(parts) = quarter_block(&block, cutting.halo)
        {
            let parts = parts.map(|part| {
                part.and_then(|part| self.add_block(part, cutting))
                    .unwrap_or(NONE)
            });
            self.nodes[at as usize].next = Next::Parts(parts);
        } else {
            self.tiles.push(core);
        }
        Some(at)
    }

    /// Tells each tile below `node` whose core, grown by the halo, has the point (ticks).
    #[inline]
    pub(super) fn for_each_at(&self, node: u32, point: [i64; 2], tell: &mut impl FnMut(u32)) {
        self.for_each_meeting(node, [point, point], tell);
    }

    /// Tells each tile below `node` whose core, grown by the halo, meets the box from `low` to
    /// `high` (ticks).
    pub(super) fn for_each_meeting(
        &self,
        node: u32,
        [low, high]: [[i64; 2]; 2],
        tell: &mut impl FnMut(u32),
    ) {
        let here = &self.nodes[node as usize];
        if (0..2).any(|axis| high[axis] < here.low[axis] || low[axis] > here.high[axis]) {
            return;
        }
        match &here.next {
            Next::Tile(tile) => tell(*tile),
            Next::Parts(parts) => {
                for &part in parts.iter().filter(|part| **part != NONE) {
                    self.for_each_meeting(part, [low, high], tell);
                }
            }
        }
    }
}

/// Lowest and highest ticks that a core and its halo have.
pub(crate) fn tick_bounds(core: &Cells, halo: f64) -> [[i64; 2]; 2] {
    let Rect { min, max } = core.rect();
    [
        min.map(|x| to_ticks(x - halo) - SLACK),
        max.map(|x| to_ticks(x + halo) + SLACK),
    ]
}

/// The part of a block that lies in the whole.
fn clip_block(block: &Cells, whole: &Cells) -> Option<Cells> {
    let first = std::array::from_fn(|axis| block.first[axis].max(whole.first[axis]));
    let end: [i64; 2] = std::array::from_fn(|axis| block.end[axis].min(whole.end[axis]));
    (0..2).all(|axis| first[axis] < end[axis]).then_some(Cells {
        first,
        end,
        ..*block
    })
}

/// South-west, south-east, north-west and north-east; `None` if a part would be thinner than a cell
/// or half of the halo: cutting further would make copies, not room. An axis that is too short is
/// left whole.
pub(crate) fn quarter_block(block: &Cells, halo: f64) -> Option<[Option<Cells>; 4]> {
    let cuts: [bool; 2] = std::array::from_fn(|axis| {
        let half = (block.end[axis] - block.first[axis]) / 2;
        half >= 1 && half as f64 * block.cell_size >= 0.5 * halo
    });
    let middle: [i64; 2] =
        std::array::from_fn(|axis| block.first[axis] + (block.end[axis] - block.first[axis]) / 2);
    let all = [[false, false], [true, false], [false, true], [true, true]];
    (cuts[0] || cuts[1]).then(|| {
        all.map(|upper: [bool; 2]| {
            let mut first = block.first;
            let mut end = block.end;
            for axis in 0..2 {
                match (cuts[axis], upper[axis]) {
                    (true, true) => first[axis] = middle[axis],
                    (true, false) => end[axis] = middle[axis],
                    (false, true) => return None,
                    (false, false) => {}
                }
            }
            Some(Cells {
                first,
                end,
                ..*block
            })
        })
    })
}
