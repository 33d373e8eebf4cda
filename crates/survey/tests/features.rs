//! A run of features, from LAZ files to a LAZ file.
#![allow(missing_docs)]

#[path = "features/extra_bytes.rs"]
mod extra_bytes;
#[path = "features/maps.rs"]
mod maps;
#[path = "features/outliers.rs"]
mod outliers;
#[path = "features/overwrite.rs"]
mod overwrite;
#[path = "features/terrain.rs"]
mod terrain;
#[path = "features/towards.rs"]
mod towards;
#[path = "features/trajectory.rs"]
mod trajectory;

use clap::Parser as _;
use isopach::{
    cloud::{Cloud, Columns},
    features::{
        Convention, Feature, Features, GroundSurface, HeightAboveGround, Neighbourhood, NormalSide,
        Wanted,
    },
    las::{Las, LazWriter, Schema},
};
use isopach_survey::{
    Silent,
    features::{self, FeatureOptions},
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Two files of one survey with classes and intensities, side by side.
fn survey() -> TempDir {
    write_survey(
        |_, chance| 0.3 * chance,
        |i| if i % 50 == 0 { 7 } else { 2 },
    )
}

/// Writes two files side by side: points above rolling ground, by their number in the file and a
/// random number, and their classes.
fn write_survey(above: impl Fn(u64, f64) -> f64, class: impl Fn(u64) -> u8) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let random = isopach::compute::conformance::random;
    for (file, west) in [("west.laz", 0.0), ("east.laz", 20.0)] {
        let points: Vec<[f64; 3]> = (0..3000)
            .map(|i| {
                let at = i + west as u64 * 1000;
                let [x, y] = [random(3 * at) * 20.0 + west, random(3 * at + 1) * 30.0];
                let above = above(i, random(3 * at + 2));
                [
                    x + 400_000.0,
                    y + 5_500_000.0,
                    300.0 + (x * 0.4).sin() + above,
                ]
            })
            .collect();
        let mut cloud = Cloud::from_points(&points).unwrap();
        cloud.attributes.classification = Some((0..3000).map(&class).collect());
        cloud.attributes.intensity = Some((0..3000).map(|i| i as u16).collect());
        let schema = Schema {
            columns: Columns::CLASSIFICATION | Columns::INTENSITY,
            ..Schema::default()
        };
        let mut writer = LazWriter::create(folder.path().join(file), &schema).unwrap();
        writer.write(&cloud, &[]).unwrap();
        writer.finish().unwrap();
    }
    folder
}

fn run(folder: &Path, out: &str, more: &[&str]) -> Result<Vec<u8>, isopach::compute::Error> {
    let [input, out] = ["", out].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let words = [
        "features",
        &format!("{input}west.laz,{input}east.laz"),
        &out,
        "--backend",
        "cpu",
        "--force",
    ];
    let options = FeatureOptions::try_parse_from(words.iter().chain(more)).unwrap();
    features::run(&options, &Silent)?;
    Ok(fs::read(out).unwrap())
}

#[test]
fn tiles_memory_and_threads_do_not_change_a_byte() {
    let folder = survey();
    let all = run(
        folder.path(),
        "a.laz",
        &["--radius", "0.8,1.6", "--features", "full"],
    )
    .unwrap();
    let small = [
        "--radius",
        "0.8,1.6",
        "--features",
        "full",
        "--tile-size",
        "7",
        "--memory",
        "256MiB",
    ];
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let tiles = pool
        .install(|| run(folder.path(), "b.laz", &small))
        .unwrap();
    assert!(all == tiles);
    let [page, of_tiles] =
        ["a.laz.html", "b.laz.html"].map(|name| fs::read(folder.path().join(name)).unwrap());
    assert!(page == of_tiles);
    let [columns, of_tiles] =
        ["a.laz", "b.laz"].map(|out| summary_of(folder.path(), out)["columns"].clone());
    assert_eq!(columns, of_tiles);
}

fn summary_of(folder: &Path, out: &str) -> Value {
    let text = fs::read_to_string(folder.join(format!("{out}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_page_shows_each_column_as_map_section_and_histogram() {
    let folder = survey();
    let words = [
        "--radius",
        "0.8,1.6",
        "--features",
        "planarity,nx",
        "--height",
        "nearest",
    ];
    run(folder.path(), "out.laz", &words).unwrap();
    let page = fs::read_to_string(folder.path().join("out.laz.html")).unwrap();
    for name in [
        "planarity_r0.8",
        "planarity_r1.6",
        "nx_r0.8",
        "nx_r1.6",
        "height_above_ground",
    ] {
        assert!(
            page.contains(&format!("map of {name} from above")),
            "{name}"
        );
        assert!(page.contains(&format!("section of {name},")), "{name}");
        assert!(page.contains(&format!("<td>{name}</td>")), "{name}");
    }
    assert_eq!(page.matches("<div class=histogram>").count(), 5);
    assert!(page.contains("r = 0.8 m") && page.contains("height_above_ground, m"));
    assert_eq!(
        page.matches("class=legend").count(),
        3,
        "scales share their colours"
    );
    assert!(!page.contains("http"), "nothing comes from elsewhere");
    assert!(!folder.path().join("out.laz.run").exists());
}

#[test]
fn the_summary_states_unit_convention_and_neighbourhood_of_each_column() {
    let folder = survey();
    let words = [
        "--radius",
        "0.8,1.6",
        "--features",
        "omnivariance",
        "--height",
        "tin",
        "--columns",
        "intensity,class",
    ];
    run(folder.path(), "out.laz", &words).unwrap();
    let summary = summary_of(folder.path(), "out.laz");
    assert_eq!(
        summary["attributes"],
        serde_json::json!(["intensity", "class"])
    );
    let columns = summary["columns"].as_array().unwrap();
    for (column, radius) in columns.iter().zip([0.8, 1.6]) {
        assert_eq!(column["unit"], "m2");
        assert_eq!(column["convention"], "isopach");
        assert_eq!(column["neighbourhood"]["radius_m"], radius);
        let counted = ["values", "missing"].map(|key| column[key].as_u64().unwrap());
        assert_eq!(counted.iter().sum::<u64>(), 5880);
        let quantiles = column["quantiles"].as_array().unwrap();
        let quantiles: Vec<f64> = quantiles.iter().map(|q| q.as_f64().unwrap()).collect();
        assert!(quantiles.len() == 5 && quantiles.is_sorted());
    }
    assert_eq!(columns[2]["name"], "height_above_ground");
    assert_eq!(columns[2]["neighbourhood"]["ground_within_m"], 50.0);
}

#[test]
fn the_file_has_the_features_of_its_points_and_their_attributes() {
    let folder = survey();
    run(
        folder.path(),
        "out.laz",
        &["--radius", "1.2", "--features", "planarity,nz"],
    )
    .unwrap();
    let las = Las::open(folder.path().join("out.laz")).unwrap();
    assert_eq!(las.header().point_count, 5880); // 120 of noise are left out
    let cloud = las
        .read_all(Columns::CLASSIFICATION | Columns::INTENSITY)
        .unwrap();
    assert!(
        cloud
            .attributes
            .classification
            .unwrap()
            .iter()
            .all(|class| *class == 2)
    );
    let features = Features {
        neighbourhood: Neighbourhood::Radius(1.2),
        wanted: Wanted::of(&[Feature::Planarity, Feature::NormalZ]),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let again = las.read_all(Columns::XYZ).unwrap();
    let found = features
        .run(&isopach::neighbours::Cpu, again.positions())
        .unwrap();
    for (name, column) in ["planarity", "nz"].into_iter().zip(&found.columns) {
        let written = las.read_extra(name).unwrap();
        for (written, value) in written.iter().zip(&column.values) {
            assert!(*written as f32 == *value || written.is_nan() && value.is_nan());
        }
    }
}

#[test]
fn the_summary_says_what_the_columns_are() {
    let folder = survey();
    run(
        folder.path(),
        "out.laz",
        &[
            "--nearest",
            "12",
            "--features",
            "minimal,density",
            "--convention",
            "pgeof",
        ],
    )
    .unwrap();
    let summary = summary_of(folder.path(), "out.laz");
    assert_eq!(summary["convention"], "pgeof");
    assert_eq!(summary["neighbourhood"]["nearest"], 12);
    assert_eq!(summary["points"], 5880);
    let columns = summary["columns"].as_array().unwrap();
    let names: Vec<&Value> = columns.iter().map(|column| &column["name"]).collect();
    assert_eq!(
        names,
        [
            "linearity",
            "planarity",
            "scattering",
            "verticality",
            "density"
        ]
    );
    assert_eq!(columns[4]["kind"]["scales_as"], -3);
    let warnings = summary["warnings"].as_array().unwrap();
    assert!(
        warnings[0]
            .as_str()
            .unwrap()
            .contains("120 points left out as noise"),
        "{warnings:?}"
    );
}

#[test]
fn heights_above_ground_are_those_of_all_points_at_once() {
    let folder = survey();
    let words = [
        "--radius",
        "1",
        "--height",
        "tin",
        "--ground-distance",
        "8",
        "--keep-noise",
    ];
    let tiles = [&words[..], &["--tile-size", "6"]].concat();
    assert!(
        run(folder.path(), "a.laz", &words).unwrap()
            == run(folder.path(), "b.laz", &tiles).unwrap()
    );
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let cloud = las.read_all(Columns::CLASSIFICATION).unwrap();
    let ground = cloud.filter_classes(&[2]).unwrap();
    let above = HeightAboveGround {
        surface: GroundSurface::Triangulated,
        max_distance: 8.0,
    };
    let found = above
        .run(
            &isopach::neighbours::Cpu,
            ground.positions(),
            cloud.positions(),
        )
        .unwrap();
    let written = las.read_extra("height_above_ground").unwrap();
    assert_eq!(written.len(), 6000);
    assert!(found.unknown < 200);
    for (written, height) in written.iter().zip(&found.height) {
        assert!(*written as f32 == *height as f32 || written.is_nan() && height.is_nan());
    }
}

#[test]
fn a_filter_finds_the_ground_where_there_are_no_classes() {
    let folder = survey();
    let words = [
        "--radius",
        "1",
        "--height",
        "nearest",
        "--find-ground",
        "--keep-noise",
    ];
    let tiles = [&words[..], &["--tile-size", "9"]].concat();
    let all = run(folder.path(), "a.laz", &words).unwrap();
    assert!(all == run(folder.path(), "b.laz", &tiles).unwrap());
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let cloud = las.read_all(Columns::CLASSIFICATION).unwrap();
    let heights = las.read_extra("height_above_ground").unwrap();
    let classes = cloud.attributes.classification.unwrap();
    let ground = classes
        .iter()
        .zip(&heights)
        .filter(|(class, _)| **class == 2);
    assert!(ground.clone().count() > 5000);
    assert!(ground.into_iter().all(|(_, height)| *height == 0.0));
}

#[test]
fn refusals_say_what_is_wrong_and_leave_no_file() {
    let folder = survey();
    for (more, expected) in [
        (&["--radius", "0"] as &[&str], "radius"),
        (&[], "--radius METRES or --nearest POINTS"),
        (&["--nearest", "5,9"], "--optimal"),
        (&["--radius", "1", "--features", "linearty"], "linearty"),
        (&["--radius", "1", "--convention", "pdla"], "jakteristics"),
        (&["--radius", "1", "--columns", "colour"], "colour"),
        (
            &["--radius", "1", "--towards", "1,2"],
            "--towards has 2 numbers",
        ),
        (&["--nearest", "5", "--max-distance", "inf"], "finite"),
        (
            &[
                "--radius",
                "1",
                "--outliers",
                "statistical",
                "--outlier-convention",
                "pcl",
            ],
            "--outlier-convention",
        ),
        (
            &[
                "--radius",
                "1",
                "--outliers",
                "statistical",
                "--outlier-distance",
                "inf",
            ],
            "outlier distance",
        ),
        (
            &["--radius", "1", "--height", "tin", "--classes", "5"],
            "leaves out the ground",
        ),
    ] {
        let refused = run(folder.path(), "out.laz", more).unwrap_err().to_string();
        assert!(refused.contains(expected), "{more:?}: {refused}");
        assert!(!folder.path().join("out.laz").exists());
    }
}
