//! The order of tiles that shards are cut from: each shard has neighbours in it.

use super::Plan;
use crate::groups::ChunkGroup;
use isopach_cloud::Rect;

/// The order of the tiles that are divided among shards. Results are in the order of the plan,
/// whatever this one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShardOrder {
    /// That of the plan: rows of roots from south to north.
    #[default]
    Rows,
    /// Columns of roots from west to east.
    Columns,
}

impl ShardOrder {
    /// The order whose seams cross fewer points in chunks: each shard at a seam decodes them.
    pub(crate) fn with_least_decoding(groups: &[ChunkGroup], whole: &Rect, halo: f64) -> Self {
        if points_across(groups, whole, halo, 0) < points_across(groups, whole, halo, 1) {
            Self::Columns
        } else {
            Self::Rows
        }
    }

    /// Its name in a manifest.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Columns => "columns",
        }
    }

    /// The order of this name; that of the plan if there is no name.
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("rows") => Some(Self::Rows),
            Some("columns") => Some(Self::Columns),
            Some(_) => None,
        }
    }
}

/// Points in the chunks that a cut through the whole reaches, with the halo on both sides: the mean
/// over all places along an axis.
fn points_across(groups: &[ChunkGroup], whole: &Rect, halo: f64, axis: usize) -> f64 {
    let length = (whole.max[axis] - whole.min[axis]).max(f64::MIN_POSITIVE);
    let of_group = |group: &ChunkGroup| {
        let reach = group.extent.max[axis] - group.extent.min[axis] + 2.0 * halo;
        group.points as f64 * (reach / length).min(1.0)
    };
    groups.iter().map(of_group).sum()
}

impl Plan {
    /// The tiles in the order that shards are cut from.
    pub(crate) fn tiles_for_shards(&self) -> Vec<usize> {
        let mut tiles: Vec<usize> = (0..self.len()).collect();
        if self.shard_order == ShardOrder::Columns {
            tiles.sort_by_key(|tile| {
                let first = self.core(*tile).first;
                [0, 1].map(|axis| self.cuts[axis].root_index(first[axis]))
            });
        }
        tiles
    }

    /// The same tiles, cut into shards in another order.
    pub(crate) fn with_shard_order(mut self, order: ShardOrder) -> Self {
        self.shard_order = order;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;

    fn chunk(min: [f64; 2], max: [f64; 2]) -> ChunkGroup {
        ChunkGroup {
            source: 0,
            extent: Rect { min, max },
            chunks: vec![0],
            points: 10,
        }
    }

    #[test]
    fn shards_are_cut_along_the_chunks() {
        let whole = Rect {
            min: [0.0; 2],
            max: [100.0; 2],
        };
        let order = |groups: &[ChunkGroup]| ShardOrder::with_least_decoding(groups, &whole, 1.0);
        let northwards = chunk([0.0, 0.0], [5.0, 50.0]);
        let eastwards = chunk([0.0, 0.0], [50.0, 5.0]);
        let square = chunk([0.0, 0.0], [20.0, 20.0]);
        assert_eq!(
            order(&[northwards.clone(), square.clone()]),
            ShardOrder::Columns
        );
        assert_eq!(
            order(&[eastwards.clone(), square.clone()]),
            ShardOrder::Rows
        );
        assert_eq!(order(&[square]), ShardOrder::Rows);
        assert_eq!(order(&[]), ShardOrder::Rows);
        // A cut to the north meets ten points in 7 m of 100, one to the east in 52 m.
        let across = |axis| points_across(slice::from_ref(&northwards), &whole, 1.0, axis);
        assert!((across(0) - 0.7).abs() < 1e-12 && (across(1) - 5.2).abs() < 1e-12);
    }

    #[test]
    fn columns_have_each_tile_once_from_west_to_east() {
        let extent = Rect {
            min: [0.0; 2],
            max: [69.0, 29.0],
        };
        let plan = Plan::new(&extent, 10.0, 1.0, &[]).unwrap();
        assert!(plan.tiles_for_shards().iter().copied().eq(0..plan.len()));
        let plan = plan.with_shard_order(ShardOrder::Columns);
        let tiles = plan.tiles_for_shards();
        assert_eq!(tiles[..4], [0, 7, 14, 1]);
        let mut sorted = tiles;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..plan.len()));
    }
}
