//! Missing values, their counts, and refused parameters.

use isopach_features::{
    Cloud, Convention, Cpu, Error, Feature, Features, Gaps, Neighbourhood, NormalSide,
    PointFeatures, Wanted,
};

fn run(points: &[[f64; 3]], neighbourhood: Neighbourhood) -> Result<PointFeatures, Error> {
    let cloud = Cloud::from_points(points)?;
    let features = Features {
        neighbourhood,
        wanted: Wanted::set("full").unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    features.run(&Cpu, cloud.positions())
}

/// Two points alone, five on a line, five on a plane.
fn groups() -> Vec<[f64; 3]> {
    let mut points = vec![[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]];
    points.extend((0..5).map(|i| [100.0 + f64::from(i) * 0.25, 0.0, 0.0]));
    points.extend([
        [200.0, 0.0, 0.0],
        [200.5, 0.0, 0.0],
        [200.0, 0.5, 0.0],
        [200.5, 0.5, 0.0],
        [200.25, 0.25, 0.0],
    ]);
    points
}

#[test]
fn too_few_points_and_lines_are_missing_and_counted() {
    let found = run(&groups(), Neighbourhood::Radius(2.0)).unwrap();
    assert_eq!(
        found.gaps,
        Gaps {
            too_few: 2,
            out_of_reach: 0,
            no_plane: 5
        }
    );
    let at = |feature, i: usize| found.values(feature).unwrap()[i];
    assert!(at(Feature::Linearity, 0).is_nan() && at(Feature::NumberOfNeighbours, 0) == 2.0);
    assert!((at(Feature::Linearity, 4) - 1.0).abs() < 1e-6 && at(Feature::NormalZ, 4).is_nan());
    assert!(at(Feature::NormalZ, 9) == 1.0);
}

#[test]
fn the_k_nearest_are_missing_where_the_kth_is_out_of_reach() {
    let found = run(
        &groups(),
        Neighbourhood::Nearest {
            k: 4,
            max_distance: 2.0,
        },
    )
    .unwrap();
    assert_eq!(
        found.gaps,
        Gaps {
            too_few: 0,
            out_of_reach: 2,
            no_plane: 5
        }
    );
    let within = run(
        &groups(),
        Neighbourhood::NearestWithin { k: 4, radius: 2.0 },
    )
    .unwrap();
    assert_eq!(
        within.gaps,
        Gaps {
            too_few: 2,
            out_of_reach: 0,
            no_plane: 5
        }
    );
}

#[test]
fn an_empty_cloud_has_empty_columns() {
    let found = run(&[], Neighbourhood::Radius(2.0)).unwrap();
    assert!(found.is_empty() && found.columns.len() == Feature::all().len());
}

#[test]
fn parameters_without_meaning_are_refused() {
    for neighbourhood in [
        Neighbourhood::Radius(0.0),
        Neighbourhood::Radius(f64::NAN),
        Neighbourhood::Radius(f64::INFINITY),
        Neighbourhood::Radii(vec![]),
        Neighbourhood::Radii(vec![1.0, -1.0]),
        Neighbourhood::Nearest {
            k: 0,
            max_distance: 1.0,
        },
        Neighbourhood::Nearest {
            k: 3,
            max_distance: f64::NAN,
        },
        Neighbourhood::NearestWithin { k: 3, radius: 0.0 },
        Neighbourhood::OptimalNearest {
            ks: vec![],
            max_distance: 1.0,
        },
    ] {
        let refused = run(&groups(), neighbourhood.clone());
        assert!(
            matches!(refused, Err(Error::InvalidParameter { .. })),
            "{neighbourhood:?}"
        );
    }
}
