//! A survey whose coordinates `f32` holds exactly, and patches of it.

use isopach_cloud::{Cloud, Columns, Points, Rect};
use isopach_compute::{Cpu, Dispatcher, Result};
use isopach_patches::{Patch, PatchCounts, PatchTile, PatchTiles};
use isopach_tiling::{InMemory, PointSource, Tiling};
use std::sync::Arc;

/// South-west corner.
pub(crate) const CORNER: [f64; 2] = [400_000.0, 5_500_000.0];

/// Number `i` of a sequence without pattern, below `end`.
pub(crate) fn random(i: u64, end: u64) -> u64 {
    (isopach_compute::conformance::random(i) * end as f64) as u64
}

/// Points on a lattice of 1/64 m over 64 m by 48 m, some of them twice with other attributes:
/// classes 2 (low) and 5, intensities, returns, colours.
pub(crate) fn survey(count: u64) -> Cloud {
    let mut points = Vec::new();
    for i in 0..count {
        // Each tenth point lies where the one before lies.
        let at = if i % 10 == 9 { i - 1 } else { i };
        let [x, y] = [random(3 * at, 64 * 64), random(3 * at + 1, 48 * 64)];
        let height = if at.is_multiple_of(3) {
            0
        } else {
            random(3 * at + 2, 64 * 12)
        };
        let z = 300.0 + height as f64 / 64.0 + (x / 256) as f64 / 64.0;
        points.push([CORNER[0] + x as f64 / 64.0, CORNER[1] + y as f64 / 64.0, z]);
    }
    let mut cloud = Cloud::from_points(&points).unwrap();
    let numbers = 0..count;
    cloud.attributes.intensity = Some(
        numbers
            .clone()
            .map(|i| random(7 * i, 65_536) as u16)
            .collect(),
    );
    let class = |i: u64| {
        if i.is_multiple_of(3) && i % 10 != 9 {
            2
        } else {
            5
        }
    };
    cloud.attributes.classification = Some(numbers.clone().map(class).collect());
    let colour = |i: u64| [0, 1, 2].map(|k| random(11 * i + k, 256) as u16);
    cloud.attributes.rgb = Some(numbers.clone().map(colour).collect());
    cloud.attributes.returns = Some(numbers.map(|i| [1 + (i % 2) as u8, 2]).collect());
    cloud
}

/// The attributes of the survey.
pub(crate) fn attributes() -> Columns {
    Columns::INTENSITY | Columns::CLASSIFICATION | Columns::RGB | Columns::RETURNS
}

/// The patches of a survey, in the order of rows and columns, and their counts.
pub(crate) fn cut(
    operation: &PatchTiles,
    source: &dyn PointSource,
    tile_size: f64,
) -> Result<(Vec<Patch>, PatchCounts)> {
    let mut patches = Vec::new();
    let mut counts = PatchCounts::default();
    let mut sink = |_: Rect, tile: PatchTile| {
        patches.extend(tile.patches);
        counts = counts.plus(tile.counts);
        Ok(())
    };
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    tiling.stream(&on, operation, [source], &mut sink)?;
    patches.sort_by_key(|patch| [patch.index[1], patch.index[0]]);
    Ok((patches, counts))
}

/// The patches of a cloud, in one tile.
pub(crate) fn cut_cloud(operation: &PatchTiles, cloud: &Cloud) -> (Vec<Patch>, PatchCounts) {
    let source = InMemory::new("survey", cloud.clone());
    cut(operation, &source, f64::INFINITY).unwrap()
}

/// Rows of a cloud in another order.
pub(crate) fn shuffled(cloud: &Cloud) -> Cloud {
    let mut rows: Vec<u32> = (0..cloud.len() as u32).collect();
    rows.sort_by_key(|row| random(u64::from(*row) + 77, 1 << 40));
    cloud.select(&rows)
}

/// Several clouds as one source, a chunk each.
#[derive(Debug)]
pub(crate) struct Several(pub(crate) Vec<Cloud>);

impl PointSource for Several {
    fn name(&self) -> String {
        "several".into()
    }
    fn extent(&self) -> Rect {
        let extents = self.0.iter().filter_map(|cloud| cloud.positions().extent());
        extents.reduce(|a, b| a.union(&b)).unwrap()
    }
    fn height_range(&self) -> [f64; 2] {
        [0.0, 1000.0]
    }
    fn point_count(&self) -> u64 {
        self.0.iter().map(|cloud| cloud.len() as u64).sum()
    }
    fn chunk_count(&self) -> usize {
        self.0.len()
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        let cloud = &self.0[chunk];
        let mut attributes = cloud.attributes.clone();
        attributes.retain(columns);
        Ok(Points {
            xyz: cloud.positions().iter().collect(),
            attributes,
        })
    }
}
