//! A plan in a manifest, and back: processes with other memory run the tiles that the first one
//! planned.

use super::{Limits, Plan, TileEstimate, plan_roots, shard_order::ShardOrder};
use crate::{Cells, plan::tree::Cutting};
use isopach_cloud::Rect;
use isopach_compute::Result;
use serde_json::{Value, json};
use std::cell::Cell;

impl Plan {
    /// As a manifest has it: the size of tiles that was asked for, the order that shards are cut
    /// from, and of each tile its edges in cells, and the points and bytes that are expected.
    pub(crate) fn to_manifest(&self, tile_size: f64) -> Value {
        let tiles: Vec<Value> = (0..self.len()).map(|i| self.tile_to_manifest(i)).collect();
        json!({
            // JSON has no infinity.
            "tile_size_m": tile_size.is_finite().then_some(tile_size),
            "shards_by": self.shard_order.name(),
            "tiles": tiles,
        })
    }

    fn tile_to_manifest(&self, i: usize) -> Value {
        let Cells { first, end, .. } = self.core(i);
        let TileEstimate { points, bytes } = self.estimate(i);
        json!([first[0], first[1], end[0], end[1], points, bytes])
    }

    /// From a manifest, over the extent and with the halo and cells that it was planned for; `None`
    /// if the manifest has no such plan.
    pub(crate) fn from_manifest(
        of: &Value,
        extent: &Rect,
        halo: f64,
        cell_sizes: &[f64],
    ) -> Result<Option<Self>> {
        let size = match &of["tile_size_m"] {
            Value::Null => Some(f64::INFINITY),
            size => size.as_f64(),
        };
        let order = match &of["shards_by"] {
            Value::Null => ShardOrder::named(None),
            name => name.as_str().and_then(|name| ShardOrder::named(Some(name))),
        };
        let (Some(size), Some(order), Some(listed)) = (size, order, of["tiles"].as_array()) else {
            return Ok(None);
        };
        let (whole, cuts) = plan_roots(extent, size, halo, cell_sizes)?;
        let tiles: Option<Vec<(Cells, TileEstimate)>> = listed
            .iter()
            .map(|tile| parse_tile(tile, whole.cell_size))
            .collect();
        let Some(tiles) = tiles else { return Ok(None) };
        // Each root has a tile at least.
        if cuts[0].count.saturating_mul(cuts[1].count) > tiles.len() as i64 {
            return Ok(None);
        }
        let next = Cell::new(0);
        let is_cut = |core: &Cells| match tiles.get(next.get()) {
            Some((tile, _)) if tile == core => {
                next.set(next.get() + 1);
                TileEstimate {
                    points: 0,
                    bytes: 0,
                }
            }
            Some((tile, _)) => TileEstimate {
                points: 0,
                bytes: u64::from(has_cell(core, tile.first)),
            },
            None => TileEstimate::default(),
        };
        let cutting = Cutting {
            whole,
            halo,
            too_heavy: &|core| is_cut(core).bytes > 0,
        };
        let mut plan = Self::cut_roots(whole, halo, cuts, &cutting, Limits::NONE)?;
        let is_same = plan
            .tree
            .tiles
            .iter()
            .eq(tiles.iter().map(|(tile, _)| tile));
        plan.estimates = tiles.into_iter().map(|(_, expected)| expected).collect();
        Ok(is_same.then(|| plan.with_shard_order(order)))
    }
}

/// Whether a block has a cell.
fn has_cell(block: &Cells, cell: [i64; 2]) -> bool {
    (0..2).all(|axis| (block.first[axis]..block.end[axis]).contains(&cell[axis]))
}

fn parse_tile(tile: &Value, cell_size: f64) -> Option<(Cells, TileEstimate)> {
    let [west, south, east, north, points, bytes] = tile.as_array()?.as_slice() else {
        return None;
    };
    let first = [west.as_i64()?, south.as_i64()?];
    let end = [east.as_i64()?, north.as_i64()?];
    Some((
        Cells {
            cell_size,
            first,
            end,
        },
        TileEstimate {
            points: points.as_u64()?,
            bytes: bytes.as_u64()?,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plan_comes_back(
            min in prop::array::uniform2(-300.0..300.0f64), size in prop::array::uniform2(0.0..90.0f64),
            tile in prop::sample::select(vec![f64::INFINITY, 33.3, 7.0]), cell in prop::sample::select(vec![1.0, 0.7, 2.5]),
            most in prop::sample::select(vec![7, 100, u64::MAX]), changed in 0..1000_usize,
        ) {
            let extent = Rect { min, max: std::array::from_fn(|axis| min[axis] + size[axis]) };
            let heavy = |core: &Cells| TileEstimate { points: 3, bytes: core.counts().iter().product::<i64>() as u64 };
            let limits = Limits { tile_bytes: most, ..Limits::NONE };
            let order = if changed % 2 == 0 { ShardOrder::Rows } else { ShardOrder::Columns };
            let plan = Plan::within_limits(&extent, tile, 1.0, &[cell], limits, &heavy).unwrap().with_shard_order(order);
            let mut manifest = plan.to_manifest(tile);
            let back = |manifest: &Value| Plan::from_manifest(manifest, &extent, 1.0, &[cell]).unwrap();
            prop_assert_eq!(back(&manifest), Some(plan.clone()));
            // One edge of one tile is another: no plan.
            let edge = &mut manifest["tiles"][changed % plan.len()][changed % 4];
            *edge = json!(edge.as_i64().unwrap() + 1);
            prop_assert_eq!(back(&manifest), None);
        }
    }

    #[test]
    fn what_is_no_plan_is_none() {
        let extent = Rect {
            min: [0.0; 2],
            max: [10.0; 2],
        };
        let back = |manifest: Value| Plan::from_manifest(&manifest, &extent, 1.0, &[1.0]).unwrap();
        assert_eq!(back(Value::Null), None);
        assert_eq!(back(json!({ "tile_size_m": 5.0, "tiles": [] })), None);
        assert_eq!(
            back(
                json!({ "tile_size_m": null, "shards_by": "heaps", "tiles": [[0, 0, 11, 11, 1, 1]] })
            ),
            None
        );
        assert!(back(json!({ "tile_size_m": null, "tiles": [[0, 0, 11, 11, 1, 1]] })).is_some());
        assert_eq!(
            back(json!({ "tile_size_m": "5", "tiles": [[0, 0, 5, 5, 1, 1]] })),
            None
        );
        assert_eq!(
            back(json!({ "tile_size_m": null, "tiles": [[0, 0, 5, 5, 1]] })),
            None
        );
    }
}
