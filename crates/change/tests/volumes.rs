//! Volumes and their errors against what is true. The whole table: `cargo run --release --example
//! calibrate -- volumes`.

mod errors;
mod variograms;

use isopach_change::{
    ChangeStatus, Dod, DodRasters, RegistrationError, StableSample, Variogram, VariogramEstimator,
    VariogramModel, VariogramOptions, VariogramStructure, Volumes, ZonedVolumes,
};
use isopach_cloud::{Cloud, FreeDirection, PoseCovariance, Rect};
use isopach_compute::Cpu;
use isopach_raster::{CellStatistic, Grid, Raster};
use isopach_testkit::calibration::{
    random::Random,
    volume_coverage,
    volume_scenes::{CASES, Case},
};
use ndarray::s;

/// Scenes of a case in a test.
const SCENES: u64 = 40;

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap()
}

/// Of 40 scenes with 95 % inside, fewer than 33 happen once in 5000 tests.
fn covers(name: &str) {
    let found = volume_coverage::count_coverage(case(name), SCENES).unwrap();
    for (i, what) in ["gain", "loss", "net"].into_iter().enumerate() {
        assert!(found.inside[i] >= 33.0 / 40.0, "{name}: {what}: {found:?}");
        let of_mean = found.stated[i] / (SCENES as f64).sqrt();
        assert!(
            found.bias[i].abs() < 4.0 * of_mean,
            "{name}: {what} is biased: {found:?}"
        );
        // A standard deviation of 40 is known to 11 %.
        let ratio = found.rms[i] / found.stated[i];
        assert!(
            (0.6..1.4).contains(&ratio),
            "{name}: {what} differs from its error: {found:?}"
        );
    }
}

#[test]
fn without_change_gain_and_loss_are_zero_within_their_errors() {
    covers("no change, 5 points/m²");
    covers("no change, 3 points/m²");
}

#[test]
fn volumes_of_a_slide_cover_the_truth() {
    covers("slide, 3 points/m²");
    covers("slide, slope 0.3");
}

#[test]
fn volumes_of_change_below_the_level_of_detection_cover_the_truth() {
    covers("faint change");
}

#[test]
fn volumes_under_noise_that_cells_share_cover_the_truth() {
    covers("no change, correlated 3 cm");
    covers("slide, correlated 3 cm");
}

#[test]
fn heavy_tails_and_whole_centimetres_do_not_matter() {
    covers("slide, heavy tails");
    covers("slide, whole centimetres");
}

#[test]
fn a_sum_of_significant_cells_is_biased_where_the_estimate_is_not() {
    let found = volume_coverage::count_coverage(case("no change, 5 points/m²"), 20).unwrap();
    assert!(
        found
            .thresholded_bias
            .iter()
            .all(|bias| *bias > 2.0 * found.stated[0]),
        "{found:?}"
    );
}

/// A raster of the same grid as others.
fn raster(grid: Grid, value: impl Fn(usize, usize) -> f64) -> Raster {
    let rows = (0..grid.rows * grid.columns)
        .map(|i| value(i / grid.columns, i % grid.columns))
        .collect();
    Raster::from_rows(grid, rows).unwrap()
}

/// Rasters with given differences, standard error 0.02 m, and points in every cell that has a
/// difference.
fn rasters(grid: Grid, difference: impl Fn(usize, usize) -> f64) -> DodRasters {
    let constant = |value: f64| raster(grid, move |_, _| value);
    let difference = raster(grid, difference);
    let count = Raster {
        grid,
        values: difference
            .values
            .mapv(|d| if d.is_nan() { 0.0 } else { 5.0 }),
    };
    DodRasters {
        difference,
        level_of_detection: constant(0.04),
        standard_error: constant(0.02),
        p_value: constant(f64::NAN),
        slope: [constant(0.0), constant(0.0)],
        heights: [constant(100.0), constant(100.0)],
        counts: [count.clone(), count],
        status: constant(f64::from(ChangeStatus::Valid as u8)),
    }
}

/// The rows and columns of rasters from `first` on.
fn part(all: &DodRasters, first: [usize; 2], counts: [usize; 2]) -> DodRasters {
    let cut = |raster: &Raster| {
        let values = raster
            .values
            .slice(s![
                first[0]..first[0] + counts[0],
                first[1]..first[1] + counts[1]
            ])
            .to_owned();
        let Grid {
            cell_size,
            first: [x, y],
            rows,
            ..
        } = raster.grid;
        let south = y + (rows - first[0] - counts[0]) as i64;
        Raster {
            grid: Grid {
                cell_size,
                first: [x + first[1] as i64, south],
                rows: counts[0],
                columns: counts[1],
            },
            values,
        }
    };
    DodRasters {
        difference: cut(&all.difference),
        level_of_detection: cut(&all.level_of_detection),
        standard_error: cut(&all.standard_error),
        p_value: cut(&all.p_value),
        slope: [cut(&all.slope[0]), cut(&all.slope[1])],
        heights: [cut(&all.heights[0]), cut(&all.heights[1])],
        counts: [cut(&all.counts[0]), cut(&all.counts[1])],
        status: cut(&all.status),
    }
}

fn grid(columns: usize, rows: usize) -> Grid {
    Grid {
        cell_size: 0.5,
        first: [-13, 29],
        columns,
        rows,
    }
}

/// Noise, a mound and holes.
fn rough(columns: usize, rows: usize) -> DodRasters {
    let mut random = Random::new(7);
    let noise: Vec<f64> = (0..columns * rows)
        .map(|_| 0.02 * random.normal())
        .collect();
    rasters(grid(columns, rows), |row, column| {
        let mound = (0.5 - 0.02 * (row as f64 - 15.0).hypot(column as f64 - 20.0)).max(0.0);
        if (row * 31 + column * 17) % 11 == 0 {
            f64::NAN
        } else {
            noise[row * columns + column] + mound
        }
    })
}

fn pose() -> PoseCovariance {
    let diagonal = [1e-8, 2e-8, 3e-8, 4e-4, 5e-4, 1e-4];
    let matrix =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { diagonal[i] } else { 0.0 }));
    PoseCovariance {
        matrix,
        ..PoseCovariance::exact([3.0, 20.0, 100.0])
    }
}

fn correlated() -> Variogram {
    let structure = VariogramStructure {
        sill: 1e-4,
        range: 6.0,
        model: VariogramModel::Spherical,
    };
    Variogram::from_structures(4e-4, vec![structure])
}

#[test]
fn the_bits_do_not_depend_on_tiles_their_order_or_merging() {
    let all = rough(61, 47);
    for empty in [
        Volumes::new(0.5, 0.01),
        Volumes::new(0.5, RegistrationError::Covariance(pose())),
        Volumes::new(0.5, 0.0).with_variogram(correlated()),
    ] {
        let mut whole = empty.clone();
        whole.add_tile(&all).unwrap();
        for (height, width) in [(1, 61), (5, 7), (16, 16), (47, 9)] {
            let mut tiles: Vec<DodRasters> = Vec::new();
            for row in (0..47).step_by(height) {
                for column in (0..61).step_by(width) {
                    tiles.push(part(
                        &all,
                        [row, column],
                        [height.min(47 - row), width.min(61 - column)],
                    ));
                }
            }
            let mut forwards = empty.clone();
            tiles
                .iter()
                .for_each(|tile| forwards.add_tile(tile).unwrap());
            let [mut even, mut odd] = [empty.clone(), empty.clone()];
            for (i, tile) in tiles.iter().enumerate().rev() {
                if i % 2 == 0 {
                    even.add_tile(tile).unwrap()
                } else {
                    odd.add_tile(tile).unwrap()
                }
            }
            odd.merge(&even).unwrap();
            assert_eq!(
                forwards.report(),
                whole.report(),
                "tiles of {height} × {width}"
            );
            assert_eq!(
                odd.report(),
                whole.report(),
                "tiles of {height} × {width}, merged"
            );
            assert_eq!(odd, forwards);
        }
    }
}

#[test]
fn zones_are_what_their_cells_are_alone() {
    let all = rough(61, 47);
    let zone = |[x, y]: [f64; 2]| {
        if x < 5.0 {
            0
        } else {
            1 + usize::from(y > 25.0)
        }
    };
    let variogram = Variogram {
        squared_correlation: Some(0.01),
        ..correlated()
    };
    let empty = Volumes::new(0.5, 0.01).with_variogram(variogram.clone());
    let empty_zone = Volumes::new(0.5, 0.01).with_variogram_from_elsewhere(variogram);
    let mut zoned = ZonedVolumes::new(empty.clone(), 3);
    for row in 0..47 {
        zoned
            .add_tile(&part(&all, [row, 0], [1, 61]), |centre| [zone(centre)])
            .unwrap();
    }
    let report = zoned.report();
    let mut whole = empty.clone();
    whole.add_tile(&all).unwrap();
    assert_eq!(report.total, whole.report());
    for number in 0..3 {
        let mut alone = empty_zone.clone();
        alone
            .add_where(&all, |centre| zone(centre) == number)
            .unwrap();
        assert_eq!(report.zones[number], alone.report(), "zone {number}");
        assert!(report.zones[number].cells > 100);
    }
    let [of_zone, of_same] = [empty_zone, empty].map(|mut volumes| {
        volumes.add_where(&all, |centre| zone(centre) == 0).unwrap();
        volumes.report().gain.error
    });
    assert!(of_zone > of_same, "the sill of a zone is from elsewhere");
    let sum: f64 = report.zones.iter().map(|zone| zone.net.volume).sum();
    assert!((sum - report.total.net.volume).abs() < 1e-6);
    assert!(
        zoned
            .add_tile(&all, |_| [3])
            .unwrap_err()
            .to_string()
            .contains("zone 3")
    );
}

/// The mean square of the shared part varies by 2 m₂ over an area; a sill measured on the same
/// ground varies with it, one of other ground on its own.
#[test]
fn a_sill_of_the_same_ground_errs_as_the_cells_do() {
    let all = rasters(grid(64, 64), |_, _| 1e-3);
    let of_cells = correlated().mean_correlation(64.0 * 64.0 * 0.25, 2);
    let square_of_error = |squared_correlation: Option<f64>, elsewhere: bool| {
        let variogram = Variogram {
            squared_correlation,
            ..correlated()
        };
        let empty = Volumes::new(0.5, 0.0);
        let mut volumes = if elsewhere {
            empty.with_variogram_from_elsewhere(variogram)
        } else {
            empty.with_variogram(variogram)
        };
        volumes.add_tile(&all).unwrap();
        volumes.report().gain.error.powi(2)
    };
    let known = square_of_error(None, false);
    assert_eq!(known, square_of_error(None, true));
    let order_two = known - square_of_error(Some(of_cells), false);
    assert!(order_two > 0.01 * known, "{order_two} of {known}");
    for (share, elsewhere, expected) in [
        (1.0, true, 2.0),
        (4.0, false, 3.0),
        (4.0, true, 5.0),
        (0.25, false, 0.75),
    ] {
        let more = square_of_error(Some(share * of_cells), elsewhere) - known;
        let expected = order_two * (expected - 1.0);
        assert!(
            (more / expected - 1.0).abs() < 1e-6,
            "{share}, {elsewhere}: {more}, not {expected}"
        );
    }
}

#[test]
fn a_uniform_rise_is_all_gain_and_its_error_is_in_closed_form() {
    let all = rasters(grid(40, 24), |_, _| 0.3);
    let mut volumes = Volumes::new(0.5, 0.01);
    volumes.add_tile(&all).unwrap();
    let report = volumes.report();
    let (cells, area) = (960.0_f64, 0.25);
    assert!((report.gain.volume - 0.3 * cells * area).abs() < 1e-6);
    assert!(report.loss.volume.abs() < 1e-6 && report.loss.error < 1e-9);
    let expected = 1.96 * area * ((cells * 4e-4) + (0.01 * cells).powi(2)).sqrt();
    assert!(
        (report.gain.error - expected).abs() < 1e-6 && (report.net.error - expected).abs() < 1e-6
    );
    assert_eq!(report.thresholded.gain.volume, report.summed.gain.volume);
    assert_eq!(
        (report.areas.compared, report.areas.significant),
        (240.0, 240.0)
    );
}

#[test]
fn gain_and_loss_in_one_block_are_not_set_off_against_each_other() {
    let all = rasters(
        grid(40, 24),
        |_, column| if column % 5 < 2 { 0.3 } else { -0.2 },
    );
    let mut volumes = Volumes::new(0.5, 0.0);
    volumes.add_tile(&all).unwrap();
    let report = volumes.report();
    assert!(
        (report.gain.volume - 0.3 * 384.0 * 0.25).abs() < 0.05,
        "{report:?}"
    );
    assert!(
        (report.loss.volume - 0.2 * 576.0 * 0.25).abs() < 0.05,
        "{report:?}"
    );
}

/// Rough ground of 5 points a square metre on 48 × 48 m, and the same points again, raised by 1 m
/// where x is from `from` on.
fn ground_and_copy(from: f64) -> DodRasters {
    let mut random = Random::new(5);
    let points: Vec<[f64; 3]> = (0..48 * 48 * 5)
        .map(|_| {
            let [x, y] = [0, 1].map(|_| 48.0 * random.uniform());
            [x, y, 100.0 + 0.1 * x + 0.05 * random.normal()]
        })
        .collect();
    let raised: Vec<[f64; 3]> = points
        .iter()
        .map(|&[x, y, z]| [x, y, if x < from { z } else { z + 1.0 }])
        .collect();
    let [before, after] = [points, raised].map(|points| Cloud::from_points(&points).unwrap());
    Dod::default()
        .run(
            &Cpu,
            &before,
            &after,
            Rect {
                min: [0.0, 0.0],
                max: [48.0, 48.0],
            },
        )
        .unwrap()
}

/// Chance makes gain and loss only where the epochs were measured apart.
#[test]
fn a_copy_has_neither_gain_nor_loss_nor_an_error() {
    let report = |rasters: &DodRasters| {
        let mut volumes = Volumes::new(1.0, 0.0);
        volumes.add_tile(rasters).unwrap();
        volumes.report()
    };
    let whole = report(&ground_and_copy(f64::INFINITY));
    assert_eq!(
        [whole.gain, whole.loss, whole.net].map(|volume| (volume.volume, volume.error)),
        [(0.0, 0.0); 3]
    );
    // A third of it was changed after copying, at a border of blocks: nothing is taken off beside
    // it.
    let rasters = ground_and_copy(32.0);
    let raised = rasters
        .difference
        .values
        .iter()
        .filter(|difference| **difference > 0.5)
        .count();
    let third = report(&rasters);
    assert!(
        (third.gain.volume - raised as f64).abs() < 1e-6 && raised > 750,
        "{third:?}"
    );
    assert!(
        third.loss.volume.abs() < 1e-6 && third.loss.error < 1.0,
        "{third:?}"
    );
}
