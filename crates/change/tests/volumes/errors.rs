//! Errors of volumes, and volumes without one.

use super::*;

#[test]
fn the_alignment_enters_as_a_sum_over_the_cells() {
    let all = rasters(grid(40, 24), |_, _| 0.3);
    let mut volumes = Volumes::new(0.5, RegistrationError::Covariance(pose()));
    volumes.add_tile(&all).unwrap();
    let report = volumes.report();
    let mut sum = [0.0; 6];
    for row in 0..24 {
        for column in 0..40 {
            let [x, y] = all.difference.grid.centre(row, column);
            for (total, part) in sum
                .iter_mut()
                .zip(pose().jacobian([x, y, 100.0], [0.0, 0.0, 1.0]))
            {
                *total += 0.25 * part;
            }
        }
    }
    assert!((report.parts.net.registration - pose().variance(sum).sqrt()).abs() < 1e-6);
    assert!((report.parts.gain.registration - report.parts.net.registration).abs() < 1e-9);
}

#[test]
fn a_volume_along_a_free_direction_has_no_error_and_says_so() {
    let free = |axis: usize, description: &str| FreeDirection {
        unknowns: std::array::from_fn(|i| f64::from(u8::from(i == axis))),
        description: description.into(),
    };
    let all = rasters(grid(40, 24), |_, _| 0.3);
    let report = |pose: PoseCovariance| {
        let mut volumes = Volumes::new(0.5, RegistrationError::Covariance(pose));
        volumes.add_tile(&all).unwrap();
        volumes.report()
    };
    let sideways = report(PoseCovariance {
        free: vec![free(3, "shift along x")],
        normal_noise: 0.01,
        ..pose()
    });
    assert!(sideways.net.error > 0.0 && sideways.without_error.is_none());
    let upwards = report(PoseCovariance {
        free: vec![free(5, "height")],
        normal_noise: 0.01,
        ..pose()
    });
    assert!(upwards.net.error.is_nan() && upwards.net.volume > 0.0);
    assert!(upwards.without_error.unwrap().contains("height"));
}

#[test]
fn what_could_not_be_compared_or_tested_is_said() {
    let mut all = rasters(grid(10, 10), |_, _| 0.1);
    let mut clear = |at: [usize; 2], counts: [f64; 2]| {
        all.difference.values[at] = f64::NAN;
        all.counts[0].values[at] = counts[0];
        all.counts[1].values[at] = counts[1];
    };
    clear([0, 0], [3.0, 0.0]);
    clear([0, 1], [0.0, 2.0]);
    clear([0, 2], [0.0, 1.0]);
    clear([0, 3], [0.0, 0.0]);
    all.level_of_detection.values[[5, 5]] = f64::NAN;
    all.status.values[[5, 5]] = f64::from(ChangeStatus::NoSpread as u8);
    let mut volumes = Volumes::new(0.5, 0.0);
    volumes.add_tile(&all).unwrap();
    let report = volumes.report();
    assert_eq!(
        (report.cells, report.cells_without_level_of_detection),
        (96, 1)
    );
    assert_eq!(report.areas.only_reference, 0.25);
    assert_eq!(report.areas.only_compared, 0.5);
    assert_eq!(
        report.areas.untested_by_reason,
        vec![(ChangeStatus::NoSpread, 0.25)]
    );
    assert_eq!(report.areas.share_of(report.areas.untested), 1.0 / 99.0);
    all.standard_error.values[[4, 4]] = f64::NAN;
    let mut unknown = Volumes::new(0.5, 0.0);
    unknown.add_tile(&all).unwrap();
    assert!(unknown.report().net.error.is_nan());
    assert!(unknown.report().without_error.unwrap().contains("1 of 96"));
}

#[test]
fn a_minimum_has_volumes_but_no_error() {
    let mut random = Random::new(3);
    let points: Vec<_> = (0..2000)
        .map(|_| {
            [
                random.uniform() * 16.0,
                random.uniform() * 16.0,
                random.normal(),
            ]
        })
        .collect();
    let cloud = Cloud::from_points(&points).unwrap();
    let dod = Dod {
        statistic: CellStatistic::Min,
        ..Dod::default()
    };
    let found = dod
        .run(
            &Cpu,
            &cloud,
            &cloud,
            Rect {
                min: [0.0; 2],
                max: [16.0; 2],
            },
        )
        .unwrap();
    let mut volumes = Volumes::new(1.0, 0.0);
    volumes.add_tile(&found).unwrap();
    assert_eq!(volumes.report().net.volume, 0.0);
    assert!(volumes.report().net.error.is_nan() && volumes.report().without_error.is_some());
}

#[test]
fn mistakes_are_named() {
    let mut volumes = Volumes::new(1.0, 0.0);
    assert!(
        volumes
            .add_tile(&rough(3, 3))
            .unwrap_err()
            .to_string()
            .contains("0.5 m cells")
    );
    assert!(volumes.merge(&Volumes::new(1.0, 0.1)).is_err());
    let sample = |i: usize| StableSample {
        position: [i as f64, 0.0],
        difference: 0.0,
    };
    let samples: Vec<_> = (0..200).map(sample).collect();
    let options = VariogramOptions::default();
    assert!(
        Variogram::from_samples(&samples[..50], &options)
            .unwrap_err()
            .to_string()
            .contains("at least 100")
    );
    assert!(
        Variogram::from_samples(
            &samples,
            &VariogramOptions {
                structures: 3,
                ..options
            }
        )
        .is_err()
    );
    assert!(
        Variogram::from_samples(
            &samples,
            &VariogramOptions {
                trim: f64::NAN,
                ..options
            }
        )
        .is_err()
    );
    assert!(
        Variogram::from_samples(
            &samples,
            &VariogramOptions {
                longest_lag: Some(0.5),
                ..options
            }
        )
        .is_err()
    );
    let mut broken = samples.clone();
    broken[7].difference = f64::NAN;
    assert!(
        Variogram::from_samples(&broken, &options)
            .unwrap_err()
            .to_string()
            .contains("sample 7")
    );
    let heap = vec![sample(0); 200];
    assert!(Variogram::from_samples(&heap, &options).is_err());
}
