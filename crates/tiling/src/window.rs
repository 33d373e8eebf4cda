//! The tiles that one chunk reaches.

use crate::route::Routing;
use isopach_compute::Result;

/// A point in ticks, and the tiles that need it.
pub(crate) struct Addressed {
    pub(crate) row: u32,
    pub(crate) ticks: [i64; 3],
    pub(crate) tiles: [[u32; 2]; 2],
}

impl Addressed {
    /// Number of tiles that need the point.
    pub(crate) fn copies(&self) -> u64 {
        self.tiles.iter().map(|[first, last]| u64::from(last - first + 1)).product()
    }

    /// Does something for each tile (column, row) that needs the point.
    #[inline]
    pub(crate) fn each_tile(&self, mut work: impl FnMut([u32; 2]) -> Result<()>) -> Result<()> {
        let [columns, rows] = self.tiles;
        for row in rows[0]..=rows[1] {
            for column in columns[0]..=columns[1] {
                work([column, row])?;
            }
        }
        Ok(())
    }
}

/// What one chunk has for one tile: counted first, then filled.
pub(crate) struct List {
    place: [u32; 2],
    pub(crate) count: usize,
    pub(crate) tile: usize,
    pub(crate) base: [i64; 3],
    pub(crate) rows: Vec<u32>,
    pub(crate) ticks: Vec<[i32; 3]>,
}

/// The block of tiles that a chunk reaches, and a list for each of them that got a point.
pub(crate) struct Window {
    first: [u32; 2],
    columns: usize,
    /// One more than the place in `lists`; 0 where there is none yet.
    places: Vec<u32>,
    pub(crate) lists: Vec<List>,
}

impl Window {
    /// The block that the points need; `None` without points.
    pub(crate) fn around(addressed: &[Addressed]) -> Option<Self> {
        let block = addressed
            .iter()
            .map(|point| point.tiles)
            .reduce(|a, b| std::array::from_fn(|axis| [a[axis][0].min(b[axis][0]), a[axis][1].max(b[axis][1])]))?;
        let [columns, rows] = block.map(|[first, last]| (last - first) as usize + 1);
        let first = block.map(|[first, _]| first);
        Some(Self { first, columns, places: vec![0; columns * rows], lists: Vec::new() })
    }

    /// The list of a tile of the block.
    #[inline]
    pub(crate) fn list(&mut self, tile: [u32; 2]) -> &mut List {
        let place = (tile[1] - self.first[1]) as usize * self.columns + (tile[0] - self.first[0]) as usize;
        if self.places[place] == 0 {
            self.lists.push(List { place: tile, count: 0, tile: 0, base: [0; 3], rows: vec![], ticks: vec![] });
            self.places[place] = self.lists.len() as u32; // at most 2^24 tiles
        }
        &mut self.lists[self.places[place] as usize - 1]
    }

    /// Gives each list the room that it was counted to need, and the origin of its tile.
    pub(crate) fn make_room(&mut self, routing: &Routing<'_>) -> Result<()> {
        for list in &mut self.lists {
            list.tile = routing.plan.tile_at(list.place[0], list.place[1]);
            list.base = routing.origin(list.tile)?.ticks();
            list.rows.reserve_exact(list.count);
            list.ticks.reserve_exact(list.count);
        }
        Ok(())
    }
}
