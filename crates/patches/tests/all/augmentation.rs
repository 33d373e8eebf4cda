//! Copies, and statistics.

use crate::scene::{attributes, cut_cloud, survey};
use isopach_cloud::{Cloud, Columns};
use isopach_features::{Convention, Cpu, Features, Neighbourhood, NormalSide, PointFeatures};
use isopach_patches::{
    Augmentation, Change, ColourBits, Column, ColumnKind, Normalisation, Patch, PatchTiles,
    Patches, Sample, Statistics,
};

const RADIUS: f64 = 3.0;

/// A survey without flat ground: roots of eigenvalues near zero would make much of rounding.
fn rough() -> Cloud {
    let cloud = survey(4000);
    let heights = (0..4000).map(|i| 300.0 + 3.0 * isopach_compute::conformance::random(i + 99));
    let points = cloud.positions().iter().zip(heights);
    let points: Vec<[f64; 3]> = points.map(|([x, y, _], z)| [x, y, z]).collect();
    Cloud::from_points(&points).unwrap()
}

fn features(radius: f64) -> Features {
    Features {
        neighbourhood: Neighbourhood::Radius(radius),
        wanted: "full".parse().unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    }
}

/// All points of the survey as one patch with all features.
fn whole() -> (Patch, Vec<Column>) {
    let patches = Patches {
        side: 1000.0,
        sample: Sample::All,
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
    let operation = operation.with_features(features(RADIUS)).unwrap();
    let (mut found, _) = cut_cloud(&operation, &rough());
    assert_eq!(found.len(), 1);
    (found.remove(0), operation.columns())
}

/// The features of the rows of a patch, computed on its coordinates.
fn features_of(patch: &Patch, radius: f64) -> PointFeatures {
    let points: Vec<[f64; 3]> = patch.coord.iter().map(|p| p.map(f64::from)).collect();
    let cloud = Cloud::from_points(&points).unwrap();
    features(radius).run(&Cpu, cloud.positions()).unwrap()
}

fn only(change: &str) -> Augmentation {
    let none = Augmentation {
        copies: 1,
        flip: false,
        rotation: false,
        ..Augmentation::default()
    };
    match change {
        "turn" => Augmentation {
            rotation: true,
            ..none
        },
        "flip" => Augmentation { flip: true, ..none },
        "scale" => Augmentation {
            scale: [0.5, 0.8],
            ..none
        },
        _ => Augmentation {
            rotation: true,
            flip: true,
            scale: [1.3, 1.4],
            ..none
        },
    }
}

/// Of each column, the share of numbers that differ from computed ones by more than a thousandth (of
/// their size, or of 1).
fn shares_that_differ(
    copy: &Patch,
    columns: &[Column],
    computed: &PointFeatures,
) -> Vec<(String, f64)> {
    let mut at = 0;
    let mut shares = Vec::new();
    for (column, values) in columns.iter().zip(&copy.columns) {
        for number in 0..column.width {
            let ours = values.iter().skip(number).step_by(column.width);
            let theirs = &computed.columns[at + number].values;
            let differs = |(a, b): &(&f32, &f32)| {
                let is_near = (**a - **b).abs() <= 1e-3 * b.abs().max(1.0);
                !(is_near || a.is_nan() && b.is_nan())
            };
            let count = ours.zip(theirs).filter(differs).count();
            shares.push((column.name.clone(), count as f64 / copy.len() as f64));
        }
        at += column.width;
    }
    assert_eq!(at, computed.columns.len());
    shares
}

#[test]
fn columns_of_a_copy_are_the_features_of_the_changed_cloud() {
    let (patch, columns) = whole();
    for change in ["turn", "flip", "scale", "all"] {
        let (copy, made) = only(change).copy(&patch, &columns, 8, 1, true);
        let computed = features_of(&copy, RADIUS * made.scale);
        for (name, share) in shares_that_differ(&copy, &columns, &computed) {
            // Turned coordinates are rounded to ticks. A quadric of hardly more points than it has
            // coefficients makes much of it.
            let most = if name.ends_with("curvature") {
                0.5
            } else {
                0.01
            };
            assert!(share < most, "{change} {name}: {share}");
        }
        if change != "flip" {
            // Columns that stay as they were do differ.
            let unchanged = Patch {
                columns: patch.columns.clone(),
                ..copy
            };
            let before = shares_that_differ(&unchanged, &columns, &computed);
            let differ = before.iter().filter(|(_, share)| *share > 0.5).count();
            assert!(differ >= 2, "{change}: {before:?}");
        }
    }
}

#[test]
fn a_copy_is_the_closed_form_of_its_change() {
    let (patch, columns) = whole();
    let (
        copy,
        Change {
            mirrored,
            turn: [c, s],
            scale,
            dropped,
        },
    ) = only("all").copy(&patch, &columns, 3, 2, true);
    assert!((c * c + s * s - 1.0).abs() < 1e-12 && (1.3..=1.4).contains(&scale) && dropped == 0);
    let sign = mirrored.map(|is| if is { -1.0 } else { 1.0 });
    for (before, after) in patch.coord.iter().zip(&copy.coord) {
        let [x, y, z] = before.map(f64::from);
        let [x, y] = [sign[0] * x, sign[1] * y];
        let expected = [c * x - s * y, s * x + c * y, z].map(|v| (v * scale) as f32);
        let near = (0..3).all(|a| (expected[a] - after[a]).abs() <= 1e-5);
        assert!(near, "{expected:?} {after:?}");
    }
    for (at, column) in columns.iter().enumerate() {
        let factor = match column.kind {
            ColumnKind::ScalesAs(power) => scale.powi(power.into()),
            ColumnKind::Scalar => 1.0,
            _ => continue,
        };
        for (before, after) in patch.columns[at].iter().zip(&copy.columns[at]) {
            let expected = (f64::from(*before) * factor) as f32;
            assert!(expected == *after || expected.is_nan(), "{}", column.name);
        }
    }
    let again = only("all").copy(&patch, &columns, 3, 2, true).0;
    assert!(again.coord == copy.coord);
    let others =
        [(4, 2), (3, 1)].map(|(seed, n)| only("all").copy(&patch, &columns, seed, n, true));
    assert!(others.iter().all(|(other, _)| other.coord != copy.coord));
}

#[test]
fn dropped_rows_are_filled_up_or_left_out() {
    let (patch, columns) = whole();
    let thin = Augmentation {
        dropout: 0.3,
        ..only("none of them")
    };
    let thin = Augmentation {
        rotation: false,
        flip: false,
        scale: [1.0; 2],
        ..thin
    };
    let (filled, change) = thin.copy(&patch, &columns, 1, 1, true);
    let (shorter, same) = thin.copy(&patch, &columns, 1, 1, false);
    assert_eq!(change, same);
    assert_eq!((filled.len(), shorter.len()), (4000, 4000 - change.dropped));
    // Binomial: 1200 of 4000, standard deviation 29; five of them.
    assert!(change.dropped.abs_diff(1200) < 145, "{}", change.dropped);
    let kept = shorter.len();
    assert!(
        filled.coord[..kept] == shorter.coord
            && filled.coord[kept..] == shorter.coord[..4000 - kept]
    );
    for (column, [long, short]) in columns.iter().zip(
        filled
            .columns
            .iter()
            .zip(&shorter.columns)
            .map(|(a, b)| [a, b]),
    ) {
        assert_eq!(
            [long.len(), short.len()],
            [4000, kept].map(|rows| rows * column.width)
        );
    }
}

#[test]
fn statistics_are_those_of_all_rows_and_normalise_to_zero_and_one() {
    let patches = Patches {
        side: 16.0,
        sample: Sample::Random(200),
        ..Patches::default()
    };
    let patches = Patches {
        at_least: 100,
        ..patches
    };
    let operation = PatchTiles::new(patches, attributes()).unwrap();
    let operation = operation.with_features(features(RADIUS)).unwrap();
    let columns = operation.columns();
    let (mut found, _) = cut_cloud(&operation, &survey(4000));
    let mut statistics = Statistics::of_columns(&columns);
    found.iter().for_each(|patch| statistics.add_patch(patch));
    assert!(
        statistics
            .columns
            .iter()
            .all(|column| column.name != "segment")
    );
    let mut after = Statistics::of_columns(&columns);
    for patch in &mut found {
        let before = patch.clone();
        statistics.normalise(patch, &columns).unwrap();
        assert!(before.coord == patch.coord);
        for (at, column) in columns.iter().enumerate() {
            let same = before.columns[at]
                .iter()
                .zip(&patch.columns[at])
                .all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same || column.is_normalised(), "{}", column.name);
        }
    }
    let rows: usize = found.iter().map(Patch::len).sum();
    for (at, column) in columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_normalised())
    {
        for number in 0..column.width {
            let of_patch = |patch: &Patch| -> Vec<f64> {
                let values = patch.columns[at].iter().skip(number).step_by(column.width);
                values
                    .map(|value| f64::from(*value))
                    .filter(|value| !value.is_nan())
                    .collect()
            };
            let values: Vec<f64> = found.iter().flat_map(of_patch).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let square =
                values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
            let moments = statistics.of_column(column).unwrap()[number];
            assert_eq!(moments.count as usize, values.len(), "{}", column.name);
            assert_eq!((moments.count + moments.missing) as usize, rows);
            let is_constant = moments.deviation() == 0.0;
            assert!(mean.abs() < 1e-4, "{}: {mean}", column.name);
            assert!(
                is_constant || (square - 1.0).abs() < 1e-3,
                "{}: {square}",
                column.name
            );
        }
    }
    after.columns.clear();
    let given = Patches {
        normalisation: Normalisation::Given(after),
        ..operation.patches().clone()
    };
    let given = PatchTiles::new(given, attributes()).unwrap();
    assert!(given.check_statistics().is_err());
}

#[test]
fn colours_of_sixteen_bits_become_those_of_eight() {
    let patches = Patches {
        side: 100.0,
        at_least: 1,
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, Columns::RGB).unwrap();
    let columns = operation.columns();
    let mut cloud = survey(500);
    let (eight, counts) = cut_cloud(&operation, &cloud);
    assert_eq!(
        ColourBits::of_largest(counts.largest_colour),
        ColourBits::Eight
    );
    let colours = cloud.attributes.rgb.as_mut().unwrap();
    colours
        .iter_mut()
        .for_each(|colour| *colour = colour.map(|c| c * 257));
    let (mut sixteen, counts) = cut_cloud(&operation, &cloud);
    let bits = ColourBits::of_largest(counts.largest_colour);
    assert_eq!(bits.count(), 16);
    let mut statistics = Statistics::of_columns(&columns);
    let mut of_eight = statistics.clone();
    eight.iter().for_each(|patch| of_eight.add_patch(patch));
    for patch in &mut sixteen {
        statistics.add_patch(patch);
        bits.scale_patch(patch, &columns);
    }
    bits.scale_statistics(&mut statistics, &columns);
    assert!(eight[0].columns == sixteen[0].columns);
    let [a, b] = [&statistics, &of_eight].map(|of| of.of_column(&columns[0]).unwrap()[1]);
    assert!((a.mean - b.mean).abs() < 1e-9 && (a.deviation() - b.deviation()).abs() < 1e-9);
}
