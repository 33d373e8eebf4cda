//! Points on the edges of cells: each is in one cell, the one that the integers of its file say,
//! and none is dropped.

#![allow(
    missing_docs,
    clippy::print_stderr,
    reason = "a test that lacks its data says so"
)]

#[cfg(feature = "gpu")]
use crate::devices;
use isopach::{
    change::{Dod, DodRasters, ErrorModel},
    cloud::{Cloud, Columns, Origin, Rect, Rigid, TICK, cell_of, to_ticks},
    las::{Las, LazWriter, Schema},
    raster::{CellStatistic, Grid, Rasterise},
    tiling::{InMemory, PointSource, Tiling, Transformed},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, path::PathBuf};

/// A case file of the shared data; `None`, loudly, where that is not there.
fn case(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/cases")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// Differences of cells with data in both epochs, by cell, over all tiles.
fn differences(
    dod: &Dod,
    sources: [&dyn PointSource; 2],
    tile_size: f64,
) -> BTreeMap<[i64; 2], u64> {
    let mut cells = BTreeMap::new();
    let mut sink = |_: Rect, rasters: DodRasters| {
        let grid = rasters.difference.grid;
        for ((row, column), value) in rasters
            .difference
            .values
            .indexed_iter()
            .filter(|(_, value)| !value.is_nan())
        {
            let cell = [
                grid.first[0] + column as i64,
                grid.first[1] + (grid.rows - 1 - row) as i64,
            ];
            assert!(
                cells.insert(cell, value.to_bits()).is_none(),
                "cell {cell:?} twice"
            );
        }
        Ok(())
    };
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    tiling
        .stream(&isopach::cpu(), dod, sources, &mut sink)
        .unwrap();
    cells
}

#[test]
fn every_cell_of_a_lattice_has_its_point_in_memory_and_in_any_tiles() {
    let (Some(before), Some(after)) = (
        case("change/lattice02_before.laz"),
        case("change/lattice02_after.laz"),
    ) else {
        return;
    };
    let [before, after] = [before, after].map(|path| Las::open(path).unwrap());
    let dod = Dod {
        cell_size: 0.2,
        detection: ErrorModel::Normal.into(),
        ..Dod::default()
    };
    let whole = differences(&dod, [&before, &after], f64::INFINITY);
    assert_eq!(whole.len(), 3600);
    for tile_size in [0.2, 0.6, 1.0, 5.0, 7.3] {
        assert!(
            differences(&dod, [&before, &after], tile_size) == whole,
            "tiles of {tile_size} m"
        );
    }
    let clouds = [&before, &after].map(|las| las.read_all(Columns::XYZ).unwrap());
    let extent = clouds[0].positions().extent().unwrap();
    let rasters = dod
        .run(&isopach::compute::Cpu, &clouds[0], &clouds[1], extent)
        .unwrap();
    assert_eq!(
        rasters
            .difference
            .values
            .iter()
            .filter(|value| !value.is_nan())
            .count(),
        3600
    );
    assert_eq!(
        rasters.difference.values.len(),
        3600,
        "and the grid has no other cell"
    );
}

/// On a device, if there is one: the cells and bits of the CPU, also where an edge is no whole
/// number of ticks.
#[cfg(feature = "gpu")]
#[test]
fn a_device_has_the_same_cells() {
    let Some(gpu) = devices::gpu() else { return };
    for (size, offset) in [
        (0.2, [0.0, 0.0]),
        (0.1, [596_000.0, 6_653_000.0]),
        (0.3, [-300.0, 4_200_000.0]),
        (0.3048, [1e6, 2e6]),
    ] {
        let at = |i: i32, axis: usize| f64::from(i) * size + offset[axis];
        let points: Vec<[f64; 3]> = (0..3600)
            .map(|i| [at(i % 60, 0), at(i / 60, 1), f64::from(i % 7)])
            .collect();
        let cloud = Cloud::from_points(&points).unwrap();
        let grid = Grid::covering(&cloud.positions().extent().unwrap(), size).unwrap();
        let statistics = [
            CellStatistic::Count,
            CellStatistic::Mean,
            CellStatistic::Median,
        ];
        let expected = isopach::compute::Cpu
            .rasterise(cloud.positions(), &grid, &statistics)
            .unwrap();
        let found = gpu
            .rasterise(cloud.positions(), &grid, &statistics)
            .unwrap();
        assert_eq!([grid.columns, grid.rows], [60, 60], "cells of {size} m");
        assert!(
            expected[0].values.iter().all(|count| *count == 1.0),
            "cells of {size} m"
        );
        assert!(found == expected, "cells of {size} m");
    }
}

#[test]
fn the_volume_of_a_lattice_is_that_of_all_its_cells() {
    let (Some(before), Some(after)) =
        (case("science/lattice_a.laz"), case("science/lattice_b.laz"))
    else {
        return;
    };
    let clouds =
        [before, after].map(|path| Las::open(path).unwrap().read_all(Columns::XYZ).unwrap());
    let extent = clouds[0].positions().extent().unwrap();
    let rasters = Dod::default()
        .run(&isopach::compute::Cpu, &clouds[0], &clouds[1], extent)
        .unwrap();
    let grid = rasters.difference.grid;
    assert_eq!(
        (
            [grid.columns, grid.rows],
            grid.count_outside(clouds[0].positions())
        ),
        ([11, 11], 0)
    );
    let volume: f64 = rasters.difference.values.iter().sum::<f64>() * grid.cell_size.powi(2);
    assert!(
        (volume - 60.5).abs() < 1e-4,
        "121 points half a metre higher, one a square metre: {volume}"
    );
}

/// Scale in ten thousandths of a metre, size of a cell in tenths of a metre, where the file counts
/// from (metres), and the unit.
#[derive(Clone, Debug)]
struct Lattice {
    scale: i64,
    cell: i64,
    offset: [i64; 2],
    metres: f64,
    points: Vec<[i32; 2]>,
}

fn lattices() -> impl Strategy<Value = Lattice> {
    let scale = prop::sample::select(vec![1_i64, 10, 50, 100]);
    let cell = prop::sample::select(vec![1_i64, 2, 3, 5, 10, 25]);
    let offset = prop::sample::select(vec![[0_i64, 0], [596_000, 6_653_000], [-300, 4_200_000]]);
    let metres = prop::sample::select(vec![1.0, 0.3048]);
    let points = prop::collection::vec(prop::array::uniform2(-40_i32..40), 1..50);
    (scale, cell, offset, metres, points).prop_map(|(scale, cell, offset, metres, steps)| {
        // Steps of a tenth of a unit: on edges of cells, and beside them.
        let points = steps
            .iter()
            .map(|xy| xy.map(|step| step * (1000 / scale) as i32))
            .collect();
        Lattice {
            scale,
            cell,
            offset,
            metres,
            points,
        }
    })
}

impl Lattice {
    /// The cell of each point and how many points it has, in whole numbers of the file.
    fn counts(&self) -> BTreeMap<[i64; 2], u64> {
        let mut counts = BTreeMap::new();
        for point in &self.points {
            let cell = [0, 1].map(|axis| {
                let units = i64::from(point[axis]) * self.scale + self.offset[axis] * 10_000;
                units.div_euclid(self.cell * 1000)
            });
            *counts.entry(cell).or_insert(0) += 1;
        }
        counts
    }

    /// The points as a reader makes them of the file's integers.
    fn coordinates(&self) -> Vec<[f64; 3]> {
        let scale = self.scale as f64 / 10_000.0 * self.metres;
        let at = |point: [i32; 2], axis: usize| {
            f64::from(point[axis]) * scale + self.offset[axis] as f64 * self.metres
        };
        self.points
            .iter()
            .map(|&point| [at(point, 0), at(point, 1), 1.0])
            .collect()
    }

    fn cell_size(&self) -> f64 {
        self.cell as f64 / 10.0 * self.metres
    }
}

/// Points a cell over all tiles.
fn counts(source: &dyn PointSource, cell_size: f64, tile_size: f64) -> BTreeMap<[i64; 2], u64> {
    let mut cells = BTreeMap::new();
    let mut sink = |_: Rect, rasters: DodRasters| {
        let grid = rasters.counts[0].grid;
        for ((row, column), count) in rasters.counts[0]
            .values
            .indexed_iter()
            .filter(|(_, count)| **count > 0.0)
        {
            let cell = [
                grid.first[0] + column as i64,
                grid.first[1] + (grid.rows - 1 - row) as i64,
            ];
            *cells.entry(cell).or_insert(0) += *count as u64;
        }
        Ok(())
    };
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    let dod = Dod {
        cell_size,
        detection: ErrorModel::Normal.into(),
        ..Dod::default()
    };
    tiling
        .stream(&isopach::cpu(), &dod, [source, source], &mut sink)
        .unwrap();
    cells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn cells_are_those_of_the_files_integers(lattice in lattices(), tiles in 1_i64..9) {
        let (expected, cell_size) = (lattice.counts(), lattice.cell_size());
        let cloud = Cloud::from_points(&lattice.coordinates()).unwrap();
        let grid = Grid::covering(&cloud.positions().extent().unwrap(), cell_size).unwrap();
        let raster = isopach::compute::Cpu.rasterise(cloud.positions(), &grid, &[CellStatistic::Count]).unwrap().remove(0);
        let found = raster.values.indexed_iter().filter(|(_, count)| **count > 0.0).map(|((row, column), count)| {
            ([grid.first[0] + column as i64, grid.first[1] + (grid.rows - 1 - row) as i64], *count as u64)
        });
        prop_assert_eq!(&found.collect::<BTreeMap<_, _>>(), &expected);
        let source = InMemory::with_chunk_size("lattice", cloud, 7);
        for tile_size in [f64::INFINITY, cell_size * tiles as f64] {
            prop_assert_eq!(&counts(&source, cell_size, tile_size), &expected, "tiles of {} m", tile_size);
        }
    }

    /// A moved epoch is decided by where it is moved to, to a tick, and in the same way by all
    /// tiles.
    #[test]
    fn moved_points_are_in_one_cell_each(lattice in lattices(), by in prop::array::uniform3(-3.0..3.0f64), cells in -20_i32..20, tiles in 1_i64..9) {
        let cell_size = lattice.cell_size();
        let cloud = Cloud::from_points(&lattice.coordinates()).unwrap();
        // By anything, and by whole cells, which leaves points on edges.
        for shift in [by, [f64::from(cells) * cell_size, 0.0, 0.0]] {
            let motion = Rigid::from_translation(shift);
            let moved: Vec<[f64; 3]> = (0..cloud.len()).map(|i| motion.apply(cloud.positions().absolute(i))).collect();
            let mut expected = BTreeMap::new();
            for [x, y, _] in &moved {
                let cell = [*x, *y].map(|x| cell_of(x, cell_size));
                for (cell, x) in cell.iter().zip([x, y]) {
                    let apart = x - *cell as f64 * cell_size;
                    prop_assert!(-TICK <= apart && apart < cell_size, "{} m from the lower edge", apart);
                }
                *expected.entry(cell).or_insert(0) += 1;
            }
            let source = Transformed::new(InMemory::with_chunk_size("lattice", cloud.clone(), 7), motion);
            for tile_size in [f64::INFINITY, cell_size * tiles as f64] {
                prop_assert_eq!(&counts(&source, cell_size, tile_size), &expected, "tiles of {} m", tile_size);
            }
        }
    }

    #[test]
    fn what_a_file_states_to_cover_has_all_its_points(lattice in lattices(), cell_size in prop::sample::select(vec![0.1, 0.2, 1.0])) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lattice.laz");
        let scale = lattice.scale as f64 / 10_000.0;
        let unmoved = Lattice { metres: 1.0, ..lattice };
        let cloud = Cloud::from_points(&unmoved.coordinates()).unwrap();
        let offset = [unmoved.offset[0] as f64, unmoved.offset[1] as f64, 0.0];
        let mut writer = LazWriter::create(&path, &Schema { scale, offset, ..Schema::default() }).unwrap();
        writer.write(&cloud, &[]).unwrap();
        writer.finish().unwrap();
        let las = Las::open(&path).unwrap();
        let points = las.read_points(Columns::XYZ).unwrap();
        prop_assert!(points.xyz.iter().all(|[x, y, _]| las.extent().contains([*x, *y])));
        let grid = Grid::covering(&las.extent(), cell_size).unwrap();
        let held = points.about(Origin::near([unmoved.offset[0] as f64, unmoved.offset[1] as f64, 0.0]).unwrap()).unwrap();
        prop_assert_eq!(grid.count_outside(held.positions()), 0);
        prop_assert!((0..held.len()).all(|i| held.positions().absolute_ticks(i) == cloud.positions().absolute_ticks(i)));
    }
}

#[test]
fn what_lies_outside_of_a_grid_is_counted() {
    let cloud = Cloud::from_points(&[
        [0.5, 0.5, 0.0],
        [1.0, 0.5, 0.0],
        [0.5, -0.1, 0.0],
        [0.999_999, 0.0, 0.0],
    ])
    .unwrap();
    let grid = Grid::covering(
        &Rect {
            min: [0.0; 2],
            max: [1.0; 2],
        },
        1.0,
    )
    .unwrap();
    assert_eq!(
        to_ticks(0.999_999),
        to_ticks(1.0),
        "less than a tick below the edge is held on it"
    );
    assert_eq!(grid.count_outside(cloud.positions()), 3);
    assert_eq!(grid.count_outside(Cloud::default().positions()), 0);
}
