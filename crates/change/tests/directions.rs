//! What a change is measured along, from where, and how far the alignment may be off there.

#![allow(missing_docs)]

use isopach_change::{
    ChangeError, ChangeStatus, CoreSelection, Detection, Differences, Dod, Epochs, GridCorePoints,
    M3c2, M3c2Tile, Normals, Orientation, RegistrationError, SurveyStatistics,
};
use isopach_cloud::{Cloud, FreeDirection, PoseCovariance, Rect};
use isopach_compute::{Cpu, Dispatcher, Error};
use isopach_neighbours::{AxialStatistic, NeighbourSearch};
use isopach_tiling::{InMemory, Tiling};
use std::sync::Arc;

/// A wall that leans a little, 10 m wide and high, at x = `east`: a point every 20 cm, with noise
/// of a few millimetres.
fn wall(east: f64) -> Cloud {
    let point = |i: u32| {
        let noise = 0.005 * (f64::from(i) * 12.9898).sin();
        let height = f64::from(i / 50) * 0.2 + 0.1;
        [
            east + noise - 0.05 * height,
            f64::from(i % 50) * 0.2 + 0.1,
            height,
        ]
    };
    Cloud::from_points(&(0..2500).map(point).collect::<Vec<_>>()).unwrap()
}

fn at<'a>(before: &'a Cloud, after: &'a Cloud, core: &'a Cloud) -> Epochs<'a> {
    Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: core.positions(),
    }
}

fn towards(towards: Orientation) -> M3c2 {
    M3c2 {
        normals: Normals::Multiscale {
            radii: vec![1.0, 2.0],
            towards,
        },
        ..M3c2::default()
    }
}

#[test]
fn a_positive_distance_is_towards_the_side_that_was_named() {
    // Half a metre of rock fell out: the wall retreats towards the west, seen from the east.
    let (before, after) = (wall(0.0), wall(-0.5));
    let core = CoreSelection::Voxels(1.0).select_points(&before).unwrap();
    assert!(
        core.len() > 90,
        "a cube each, not a square of the plan: {}",
        core.len()
    );
    for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
        for (orientation, expected) in [
            (Orientation::Towards([1.0, 0.0, 0.0]), -0.5),
            (Orientation::Towards([-3.0, 0.0, 0.0]), 0.5),
            (Orientation::Scanner([50.0, 5.0, 1.0]), -0.5),
            (Orientation::Scanner([-50.0, 5.0, 1.0]), 0.5),
        ] {
            let m3c2 = M3c2 {
                statistic,
                ..towards(orientation)
            };
            let found = m3c2.run(&Cpu, at(&before, &after, &core)).unwrap();
            assert!(
                found.distance.iter().all(|d| (d - expected).abs() < 0.02),
                "{orientation:?}: {:?}",
                found.distance
            );
            assert_eq!(found.flat_normals, 0, "{orientation:?}");
        }
    }
    let up = towards(Orientation::UP)
        .run(&Cpu, at(&before, &after, &core))
        .unwrap();
    assert_eq!(up.flat_normals, core.len(), "up says nothing of a wall");
    let lost = towards(Orientation::Scanner([f64::NAN; 3])).run(&Cpu, at(&before, &after, &core));
    assert!(
        lost.unwrap_err()
            .to_string()
            .starts_with("coordinate of the scanner")
    );
}

/// Place, distance and level of detection of a core point, as bits.
type Bits = ([i64; 3], u64, u64);

fn bits_of(core_points: &Cloud, found: &Differences) -> Vec<Bits> {
    let positions = core_points.positions();
    let at = |i: usize| {
        let [distance, level] = [found.distance[i], found.level_of_detection[i]].map(f64::to_bits);
        (positions.absolute_ticks(i), distance, level)
    };
    (0..positions.len()).map(at).collect()
}

/// Runs M3C2 over tiles of 3 m.
fn run_tiles(
    operation: &GridCorePoints<M3c2>,
    [before, after]: [&Cloud; 2],
) -> Result<Vec<Bits>, Error> {
    let mut found = Vec::new();
    let mut sink = |_: Rect, tile: M3c2Tile| {
        found.extend(bits_of(&tile.core_points, &tile.differences));
        Ok(())
    };
    let sources = [
        InMemory::new("before", before.clone()),
        InMemory::new("after", after.clone()),
    ];
    let cpu: Dispatcher<dyn NeighbourSearch> = Dispatcher::new(vec![Arc::new(Cpu)]);
    let tiling = Tiling {
        tile_size: 3.0,
        ..Tiling::default()
    };
    tiling.stream(&cpu, operation, [&sources[0], &sources[1]], &mut sink)?;
    found.sort_unstable();
    Ok(found)
}

fn known_survey() -> Detection {
    Detection {
        survey: Some(SurveyStatistics::equal_epochs()),
        ..Detection::default()
    }
}

#[test]
fn tiles_agree_on_core_points_of_any_choice() {
    let (before, after) = (wall(0.0), wall(0.1));
    let given = Arc::new(before.subsample_voxels(2.0).unwrap());
    for selection in [
        CoreSelection::Grid(1.3),
        CoreSelection::Voxels(1.3),
        CoreSelection::All,
        CoreSelection::EveryNth(7),
        CoreSelection::Given(given),
    ] {
        let m3c2 = M3c2 {
            detection: known_survey(),
            ..towards(Orientation::Scanner([9.0, 5.0, 5.0]))
        };
        let chosen = selection.select_points(&before).unwrap();
        let whole = m3c2.run(&Cpu, at(&before, &after, &chosen)).unwrap();
        let mut expected = bits_of(&chosen, &whole);
        expected.sort_unstable();
        assert!(!expected.is_empty());
        let tiled = m3c2.with_core_points(selection.clone());
        let found = run_tiles(&tiled, [&before, &after]).unwrap();
        assert_eq!(found, expected, "{selection:?}");
    }
    assert!(CoreSelection::EveryNth(0).select_points(&before).is_err());
    assert!(CoreSelection::Voxels(-1.0).select_points(&before).is_err());
}

#[test]
fn normals_of_given_core_points_stay_theirs_in_tiles() {
    let (before, after) = (wall(0.0), wall(0.1));
    let given = Arc::new(before.subsample_voxels(2.0).unwrap());
    // Each has another direction.
    let normals: Vec<[f64; 3]> = (0..given.len())
        .map(|i| [1.0, 0.01 * i as f64, -0.02 * i as f64])
        .collect();
    let m3c2 = M3c2 {
        normals: Normals::Given(normals),
        detection: known_survey(),
        ..M3c2::default()
    };
    let whole = m3c2.run(&Cpu, at(&before, &after, &given)).unwrap();
    let mut expected = bits_of(&given, &whole);
    expected.sort_unstable();
    let tiled = |core: CoreSelection| m3c2.clone().with_core_points(core);
    let run = |core: CoreSelection| run_tiles(&tiled(core), [&before, &after]);
    assert_eq!(run(CoreSelection::Given(given.clone())).unwrap(), expected);

    let refused = run(CoreSelection::All).unwrap_err();
    assert!(
        matches!(
            refused.find_cause(),
            Some(ChangeError::NormalsWithoutCorePoints)
        ),
        "{refused}"
    );
    let fewer = given.select(&[0, 1]);
    let refused = run(CoreSelection::Given(Arc::new(fewer))).unwrap_err();
    assert!(refused.to_string().contains("for 2"), "{refused}");
}

#[test]
fn every_nth_point_is_about_one_in_n() {
    let cloud = wall(0.0);
    let some = CoreSelection::EveryNth(10)
        .select_points(&cloud)
        .unwrap()
        .len();
    assert!((200..300).contains(&some), "{some} of 2500");
}

/// A pose whose height is known to 1 cm, whose tilt about y to 1 mrad, and which slides along x.
fn pose() -> PoseCovariance {
    let mut pose = PoseCovariance::exact([0.0; 3]);
    pose.matrix[4][4] = 1e-6;
    pose.matrix[5][5] = 1e-4;
    pose.matrix[1][1] = 1e-6;
    let unknowns = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    pose.free.push(FreeDirection {
        unknowns,
        description: "translation along x".into(),
    });
    pose.normal_noise = 0.01;
    pose.arm = 50.0;
    pose
}

/// z = slope · x + noise, about the origin.
fn ramp(slope: f64, lift: f64) -> Cloud {
    let point = |i: u32| {
        let [x, y] = [
            f64::from(i % 80) * 0.25 - 9.875,
            f64::from(i / 80) * 0.25 - 9.875,
        ];
        [
            x,
            y,
            slope * x + lift + 0.01 * (f64::from(i) * 78.233).sin(),
        ]
    };
    Cloud::from_points(&(0..6400).map(point).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_alignment_counts_as_it_moves_each_place() {
    let (before, after) = (ramp(0.0, 0.0), ramp(0.0, 0.5));
    let core = before.subsample_grid(2.0).unwrap();
    let given = |registration_error: RegistrationError| M3c2 {
        registration_error,
        ..towards(Orientation::UP)
    };
    let with = given(RegistrationError::Covariance(pose()))
        .run(&Cpu, at(&before, &after, &core))
        .unwrap();
    let without = given(0.0.into())
        .run(&Cpu, at(&before, &after, &core))
        .unwrap();
    for i in 0..core.len() {
        let [x, ..] = core.positions().absolute(i);
        let expected = 1.96 * (1e-4 + x * x * 1e-6_f64).sqrt();
        let found = with.level_of_detection[i] - without.level_of_detection[i];
        assert!(
            (found / expected - 1.0).abs() < 0.1,
            "at x = {x}: {found}, not {expected}"
        );
        assert_eq!(with.standard_error[i], without.standard_error[i]);
    }
    // A slope of 30 % moves with what slides along it.
    let (before, after) = (ramp(0.3, 0.0), ramp(0.3, 0.5));
    let core = before.subsample_grid(2.0).unwrap();
    let found = given(RegistrationError::Covariance(pose()))
        .run(&Cpu, at(&before, &after, &core))
        .unwrap();
    assert_eq!(found.count_of(ChangeStatus::FreeDirection), core.len());
    assert!(
        found.level_of_detection.iter().all(|level| level.is_nan())
            && !found.significant.contains(&true)
    );
    assert!(found.standard_error.iter().all(|error| *error > 0.0));
}

#[test]
fn a_slope_enters_the_alignment_of_cells() {
    let mut pose = pose();
    pose.free.clear();
    pose.matrix[3][3] = 4e-4;
    pose.matrix[1][1] = 0.0;
    let extent = Rect {
        min: [-8.0; 2],
        max: [8.0; 2],
    };
    for slope in [0.0, 0.5] {
        let (before, after) = (ramp(slope, 0.0), ramp(slope, 0.5));
        let run = |registration_error: RegistrationError| {
            Dod {
                registration_error,
                ..Dod::default()
            }
            .run(&Cpu, &before, &after, extent)
            .unwrap()
        };
        let (with, without) = (
            run(RegistrationError::Covariance(pose.clone())),
            run(0.0.into()),
        );
        // The surface rises by z − slope · x where the pose moves by x and z.
        let expected = 1.96 * (1e-4 + slope * slope * 4e-4_f64).sqrt();
        for (cell, level) in with.level_of_detection.values.indexed_iter() {
            let found = level - without.level_of_detection.values[cell];
            assert!(
                (found / expected - 1.0).abs() < 0.05,
                "slope {slope}: {found}, not {expected}"
            );
            assert!(
                (with.slope[0].values[cell] - slope).abs() < 0.02
                    && with.slope[1].values[cell].abs() < 0.02
            );
        }
        assert!(
            without
                .slope
                .iter()
                .all(|raster| raster.values.iter().all(|s| *s == 0.0))
        );
        assert_eq!(with.standard_error, without.standard_error);
    }
}

#[test]
fn parameters_are_suggested_with_reasons_in_any_order() {
    let bumpy = |lift: f64, bushes: f64| {
        let points: Vec<[f64; 3]> = (0..14_400_u32)
            .map(|i| {
                let [x, y] = [f64::from(i % 120) * 0.5, f64::from(i / 120) * 0.5];
                let noise = 0.02 * (f64::from(i) * 12.9898).sin();
                let bush = if (i.wrapping_mul(2_654_435_761) >> 28) < 4 && (i / 1200) % 2 == 0 {
                    bushes
                } else {
                    0.0
                };
                [
                    x,
                    y,
                    lift + noise + bush * (f64::from(i) * 78.233).sin().abs(),
                ]
            })
            .collect();
        points
    };
    let cloud = |points: &[[f64; 3]]| Cloud::from_points(points).unwrap();
    let (before, bare, bushes) = (bumpy(0.0, 0.0), bumpy(0.2, 0.0), bumpy(0.2, 2.0));
    let found = M3c2::suggest_parameters(&Cpu, &cloud(&before), &cloud(&bare)).unwrap();
    assert!(
        (found.density[0] / 4.0 - 1.0).abs() < 0.3,
        "{:?}",
        found.density
    );
    assert_eq!(
        found.cylinder_radius.value, 1.5,
        "{}",
        found.cylinder_radius.reason
    );
    assert_eq!(found.cell_size.value, 2.0, "{}", found.cell_size.reason);
    assert_eq!(found.core_spacing.value, 2.0);
    assert_eq!(
        found.statistic.value,
        AxialStatistic::MeanDeviation,
        "{}",
        found.statistic.reason
    );
    let radius = found.normal_radii.value[0];
    assert!(
        (0.5..3.0).contains(&radius)
            && found.normal_radii.value == [radius, 2.0 * radius, 4.0 * radius]
    );
    assert!(found.normal_radii.reason.contains("times the roughness"));
    let grown = M3c2::suggest_parameters(&Cpu, &cloud(&before), &cloud(&bushes)).unwrap();
    assert_eq!(
        grown.statistic.value,
        AxialStatistic::MedianIqr,
        "{}",
        grown.statistic.reason
    );

    let reversed = |points: &[[f64; 3]]| cloud(&points.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(
        M3c2::suggest_parameters(&Cpu, &reversed(&before), &reversed(&bushes)).unwrap(),
        grown
    );
    let few = M3c2::suggest_parameters(&Cpu, &cloud(&before[..20]), &cloud(&bare))
        .unwrap_err()
        .to_string();
    assert!(few.contains("the reference epoch has 20 points"), "{few}");
}
