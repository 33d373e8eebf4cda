//! Points on a device, sorted by cell.

use crate::{
    memory::buffer::Buffer,
    options::PointLayout,
    points::{
        cell_grid::{CROWDED, CellGrid},
        sort::{CROWD, CellOrder, GATHER, GATHER_APART, SETTLE, SortParameters, sort_on_cpu},
    },
    record::recorder::Recorder,
};
use isopach_cloud::Positions;
use isopach_compute::Result;
use std::sync::Arc;

/// Points in a cell above which sorting them by one workgroup takes long, and on some drivers
/// (threads.wgsl) more rounds than a loop may have: the CPU sorts instead.
const CROWD_OF_ONE_GROUP: u32 = 1 << 16;

/// Points on a device, sorted by cell.
#[derive(Debug)]
pub(crate) struct ResidentPoints {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) grid: CellGrid,
    /// Highest coordinates, ticks.
    pub(crate) high: [i32; 3],
    /// x, y, z, original position, four words each, or as [`PointLayout::NumbersApart`] says; by
    /// cell, within a cell by position, within a crowded cell by height and position.
    pub(crate) points: Buffer,
    /// Where each cell's points start; one more than there are cells.
    pub(crate) starts: Buffer,
}

impl ResidentPoints {
    /// Sorts `items` (`vec4<i32>`: x, y, z, position), which hold `positions`. O(n); 44 bytes per
    /// point meanwhile, 18 afterwards.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`]; [`isopach_compute::Error::Unsupported`] if the
    /// points are more than 8 km apart.
    pub(crate) fn sort(
        recorder: Arc<Recorder>,
        items: &Buffer,
        positions: Positions<'_>,
    ) -> Result<Self> {
        let (mut grid, high) = CellGrid::covering(positions)?;
        let ticks = positions.ticks();
        let mut commands = recorder.begin_commands();
        let cells = CellOrder::record(&recorder, &mut commands, grid, items, ticks.len())?;
        let room = 8 + 4 * (ticks.len() as u64 / u64::from(CROWDED) + 1);
        let list = recorder.allocate_storage("crowded cells", room)?;
        commands.clear_buffer(&list);
        let buffers = [items, &cells.starts, &cells.order, &list];
        commands.dispatch(&SETTLE, grid.cell_count(), &cells.parameters, &buffers)?;
        let pending = commands.read_back::<[u32; 2]>(&list, 0..1)?;
        let counts = commands.submit()?.wait()?.copy_out(pending)?;
        let [crowded, largest] = counts.first().copied().unwrap_or_default();
        grid.crowded = crowded;

        let mut commands = recorder.begin_commands();
        if largest > CROWD_OF_ONE_GROUP {
            let sorted = sort_on_cpu(&grid, ticks);
            recorder.upload_into(&cells.order, 0, sorted.len(), |i| sorted[i])?;
        } else if crowded > 0 {
            let parameters = SortParameters {
                cells: crowded,
                ..cells.parameters
            };
            let threads = crowded as usize * CROWD.workgroup as usize;
            commands.dispatch(&CROWD, threads, &parameters, &buffers)?;
        }
        let kernel = match recorder.variant.points {
            PointLayout::WithNumbers => &GATHER,
            PointLayout::NumbersApart => &GATHER_APART,
        };
        let points = cells.gather_items(&recorder, &mut commands, kernel, items)?;
        // Later submissions wait for it in the queue.
        let _ = commands.submit()?;
        Ok(Self {
            recorder,
            grid,
            high,
            points,
            starts: cells.starts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use isopach_cloud::Origin;

    fn check(name: &str, ticks: &[[i32; 3]]) {
        let Some(gpu) = testing::gpu() else { return };
        for _ in 0..2 {
            let positions = Positions::new(Origin::default(), ticks);
            let resident = gpu.session().unwrap().resident_points(positions).unwrap();
            let mut commands = resident.recorder.begin_commands();
            let points = commands
                .read_back::<[i32; 4]>(&resident.points, 0..ticks.len())
                .unwrap();
            let starts = commands
                .read_back::<u32>(&resident.starts, 0..resident.grid.cell_count() + 1)
                .unwrap();
            let completed = commands.submit().unwrap().wait().unwrap();
            let points = completed.copy_out(points).unwrap();
            let starts = completed.copy_out(starts).unwrap();
            let order = sort_on_cpu(&resident.grid, ticks);
            let expected: Vec<[i32; 4]> = order
                .iter()
                .map(|&id| {
                    let [x, y, z] = ticks[id as usize];
                    [x, y, z, id as i32]
                })
                .collect();
            assert!(points == expected, "{name}: order");
            for (cell, pair) in starts.windows(2).enumerate() {
                let inside = &order[pair[0] as usize..pair[1] as usize];
                assert!(
                    inside
                        .iter()
                        .all(|&id| resident.grid.cell_of(ticks[id as usize]) as usize == cell),
                    "{name}"
                );
            }
            assert_eq!(
                (starts[0], starts.last().copied()),
                (0, Some(ticks.len() as u32)),
                "{name}"
            );
        }
    }

    fn random(i: usize, range: i32) -> i32 {
        let mut z = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5555;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((z >> 33) % range as u64) as i32
    }

    #[test]
    fn sorted_as_the_cpu_sorts() {
        let cloud = |n: usize| -> Vec<[i32; 3]> {
            (0..n)
                .map(|i| {
                    [
                        random(3 * i, 5_000_000),
                        random(3 * i + 1, 3_000_000) - 900_000,
                        random(3 * i + 2, 400_000),
                    ]
                })
                .collect()
        };
        for n in [0, 1, 2, 3, 63, 64, 65, 255, 256, 257, 1023, 1025, 50_000] {
            check(&format!("{n} points"), &cloud(n));
        }
        check("equal points", &vec![[7, -8, 9]; 5_000]);
        check(
            "a vertical line",
            &(0..3_000)
                .map(|i| [5, 5, random(i, 1000)])
                .collect::<Vec<_>>(),
        );
        let heap = |i: usize| {
            if i.is_multiple_of(3) {
                [random(i, 3_000_000), random(i + 7, 3_000_000), 0]
            } else {
                [1000, 1000, random(i, 50)]
            }
        };
        check(
            "a heap in a plain",
            &(0..20_000).map(heap).collect::<Vec<_>>(),
        );
        check(
            "all that a workgroup sorts",
            &(0..1 << 16)
                .map(|i| [3, 4, random(i, 9)])
                .collect::<Vec<_>>(),
        );
        check(
            "too many for a workgroup",
            &(0..80_000)
                .map(|i| [3, 4, random(i, 9)])
                .collect::<Vec<_>>(),
        );
    }
}
