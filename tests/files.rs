//! What a LAS file says is what happens: copies, units, systems, flags and headers, through the
//! programs that people run.

#![allow(clippy::print_stderr, missing_docs)]

use isopach::{
    cloud::{Cloud, Columns},
    las::{Las, LazWriter, Schema},
};
use isopach_testkit::{
    program::program,
    python::{judge, python},
    run::{Run, cases},
};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

trait FailureText {
    /// What it says of its failure.
    fn failed(&self) -> String;

    /// Whether terminal, summary and page say something.
    fn says(&self, words: &[&str]);

    /// Refuses results that differ from another run's.
    fn has_results_of(&self, other: &Self);
}

impl FailureText for Run {
    fn failed(&self) -> String {
        assert_eq!(self.output.status.code(), Some(2), "{}", self.terminal());
        self.error()
    }

    fn says(&self, words: &[&str]) {
        let page = String::from_utf8(self.bytes("index.html")).unwrap();
        let warnings = self.summary()["warnings"].to_string();
        for (where_, text) in [
            ("terminal", self.terminal()),
            ("summary.json", warnings),
            ("index.html", page),
        ] {
            for word in words {
                assert!(
                    text.contains(word),
                    "{where_} does not say {word:?}: {text}"
                );
            }
        }
    }

    fn has_results_of(&self, other: &Self) {
        for file in ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"] {
            assert!(self.bytes(file) == other.bytes(file), "{file} differs");
        }
        let (ours, theirs) = (self.summary(), other.summary());
        for part in ["dod", "m3c2", "c2c", "parameters"] {
            assert_eq!(ours[part], theirs[part], "{part}");
        }
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Settings under which the plain pair A, B has 2,069 core points, of which 305 are significant.
const PLAIN: [&str; 6] = ["--align", "none", "--cell", "1", "--core-spacing", "1"];

#[test]
fn points_that_are_there_twice_are_read_once() {
    let Some(io) = cases("io") else { return };
    let case = |name: &str| text(&io.join(name));
    let once = Run::new(&case("A.las"), &case("B.las"), &PLAIN).succeeded();
    assert_eq!(
        (
            once.number("/m3c2/core_points"),
            once.number("/m3c2/significant")
        ),
        (2069.0, 305.0)
    );
    assert!(!once.terminal().contains("left out"));

    let twice = Run::new(&case("twice_before"), &case("twice_after"), &PLAIN).succeeded();
    twice.has_results_of(&once);
    twice.says(&[
        "A.las has the same points as",
        "B.las has the same points as",
        "left out of the later epoch",
    ]);
    assert_eq!(
        twice.summary()["inputs"][0]["duplicate_files"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(twice.number("/inputs/1/points"), 3000.0);

    let named = format!("{0},{0}", case("A.las"));
    let named = Run::new(&named, &case("B.las"), &PLAIN).succeeded();
    named.has_results_of(&once);
    named.says(&["A.las is given twice for the earlier epoch"]);

    let dir = tempfile::tempdir().unwrap();
    fs::copy(io.join("A.las"), dir.path().join("A.las")).unwrap();
    fs::copy(io.join("A.las"), dir.path().join("copy of A.las")).unwrap();
    let copied = Run::new(&text(dir.path()), &case("B.las"), &PLAIN).succeeded();
    copied.has_results_of(&once);
    copied.says(&["copy of A.las has the same points as"]);

    let both = Run::new(&case("A.las"), &case("A.las"), &PLAIN).succeeded();
    both.says(&["A.las is in both epochs"]);
    assert_eq!(both.number("/dod/volumes/net/m3"), 0.0);
}

#[test]
fn files_that_overlap_are_told() {
    let Some(io) = cases("io") else { return };
    let before = format!("{},{}", text(&io.join("A.las")), text(&io.join("B.las")));
    let run = Run::new(&before, &text(&io.join("B.las")), &PLAIN).succeeded();
    run.says(&[
        "files of the earlier epoch overlap, and the points of all are read: A.las and B.las (3",
    ]);
    assert_eq!(run.number("/inputs/0/points"), 6000.0);
}

#[test]
fn a_local_grid_in_feet_is_converted_like_a_projected_one() {
    let Some(io) = cases("io") else { return };
    let run = |name: &str| {
        let [a, b] = ["a", "b"].map(|epoch| text(&io.join(format!("{name}_{epoch}.las"))));
        Run::new(&a, &b, &PLAIN).succeeded()
    };
    let (local, projected) = (run("local_ft"), run("proj_ft"));
    for part in ["dod", "m3c2", "c2c"] {
        assert_eq!(local.summary()[part], projected.summary()[part], "{part}");
    }
    // A foot of rise.
    let foot = 1200.0 / 3937.0;
    let mean = local.number("/dod/difference_m/mean");
    assert!((mean - foot).abs() < 0.03, "{mean}");
    let las = Las::open(local.dir.path().join("m3c2.laz")).unwrap();
    let text = las.crs().unwrap().wkt.clone().unwrap();
    assert!(
        las.crs().unwrap().is_metric() && text.starts_with("LOCAL_CS[\"Mine grid, in metres\""),
        "{text}"
    );
}

#[test]
fn a_bound_system_is_metres_in_text_and_coordinates() {
    let Some(io) = cases("io") else { return };
    let bound = text(&io.join("bound.las"));
    let run = Run::new(&bound, &bound, &PLAIN).succeeded();
    let las = Las::open(run.dir.path().join("m3c2.laz")).unwrap();
    let text = las.crs().unwrap().wkt.clone().unwrap();
    assert!(
        las.crs().unwrap().is_metric() && text.starts_with("BOUNDCRS["),
        "{text}"
    );
    // The false easting of New York East keeps its own unit, axes are metres.
    assert!(
        text.contains(r#"PARAMETER["False easting",492125,LENGTHUNIT["US survey foot""#),
        "{text}"
    );
    assert!(
        text.contains(r#"AXIS["easting (X)",east,ORDER[1],LENGTHUNIT["metre",1]]"#),
        "{text}"
    );
    let feet = Las::open(&bound).unwrap().header().min[0];
    assert!(
        (las.header().min[0] - feet * 1200.0 / 3937.0).abs() < 2.0,
        "{}",
        las.header().min[0]
    );
}

#[test]
fn other_geoids_are_refused_and_other_words_are_not() {
    let Some(io) = cases("io") else { return };
    let case = |name: &str| text(&io.join(name));
    let error = Run::new(&case("g12b.las"), &case("g18.las"), &PLAIN).failed();
    for word in [
        "g12b.las",
        "g18.las",
        "geoid12b against geoid18",
        "--ignore-crs",
    ] {
        assert!(error.contains(word), "{error}");
    }
    Run::new(
        &case("g12b.las"),
        &case("g18.las"),
        &[&PLAIN[..], &["--ignore-crs"]].concat(),
    )
    .succeeded();
    for [a, b] in [["esri_32617", "w1_32617"], ["gk_oldvert", "gk_comp"]] {
        let run = Run::new(
            &case(&format!("{a}.las")),
            &case(&format!("{b}.las")),
            &PLAIN,
        )
        .succeeded();
        assert!(!run.terminal().contains("states"), "{}", run.terminal());
    }
    // Files of one epoch, too.
    let mixed = format!("{},{}", case("A.las"), case("g12b.las"));
    let error = Run::new(&mixed, &case("B.las"), &PLAIN).failed();
    assert!(
        error.contains("g12b.las") && error.contains("A.las") && error.contains("--ignore-crs"),
        "{error}"
    );
    Run::new(
        &mixed,
        &case("B.las"),
        &[&PLAIN[..], &["--ignore-crs"]].concat(),
    )
    .succeeded();
}

#[test]
fn a_missing_system_is_that_of_the_other_and_a_wrong_one_can_be_replaced() {
    let Some(newcomer) = cases("newcomer") else {
        return;
    };
    let case = |name: &str| text(&newcomer.join(name));
    let run = Run::new(&case("a.laz"), &case("nocrs.laz"), &PLAIN).succeeded();
    run.says(&[
        "the later epoch states no coordinate system",
        "taken to be in that of the earlier",
        "EPSG:32633",
    ]);
    let swapped = Run::new(&case("nocrs.laz"), &case("a.laz"), &PLAIN).succeeded();
    let las = Las::open(swapped.dir.path().join("m3c2.laz")).unwrap();
    assert_eq!(
        las.crs().unwrap().horizontal,
        Some(32633),
        "the outputs have the system"
    );

    let star = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/lidar/lone-star.laz");
    let dir = tempfile::tempdir().unwrap();
    let part = text(&dir.path().join("lone-star.laz"));
    let within = "515380,4918350,515384,4918354";
    let extracted = Command::new(program("las_extract"))
        .args([&text(&star), &part, "--within", within])
        .output()
        .unwrap();
    assert!(
        extracted.status.success(),
        "{}",
        String::from_utf8_lossy(&extracted.stderr)
    );
    let star = part;
    let error = Run::new(&star, &star, &PLAIN).failed();
    assert!(
        error.contains("lone-star.laz")
            && error.contains("geocentric")
            && error.contains("--crs local"),
        "{error}"
    );
    let options = [
        "--align",
        "none",
        "--cell",
        "1",
        "--core-spacing",
        "4",
        "--cylinder-radius",
        "0.5",
    ];
    let more = [
        "--normal-radii",
        "0.5",
        "--statistic",
        "mean",
        "--crs",
        "EPSG:26912",
    ];
    let run = Run::new(&star, &star, &[&options[..], &more].concat()).succeeded();
    let las = Las::open(run.dir.path().join("m3c2.laz")).unwrap();
    assert_eq!(las.crs().unwrap().horizontal, Some(26912));
    let error = Run::new(&star, &star, &["--crs", "utm"]).failed();
    assert!(
        error.contains("--crs") && error.contains("EPSG:32617"),
        "{error}"
    );
}

#[test]
fn withheld_points_are_left_out_and_counted() {
    let Some(io) = cases("io") else { return };
    let [a, withheld] = ["A.las", "withheld6.las"].map(|name| text(&io.join(name)));
    let run = Run::new(&a, &withheld, &PLAIN).succeeded();
    run.says(&["60 points of the later epoch left out as withheld (--keep-withheld reads them)"]);
    assert_eq!(run.number("/inputs/1/withheld_left_out"), 60.0);
    // 60 of 3,000 points are missing, nothing is 30 m up; with them there were 683.7 m³ of gain.
    let gain = run.number("/dod/volumes/summed/gain/m3");
    assert!((gain - 94.7).abs() < 2.0, "{gain}");
    let kept = Run::new(&a, &withheld, &[&PLAIN[..], &["--keep-withheld"]].concat()).succeeded();
    let gain = kept.number("/dod/volumes/summed/gain/m3");
    assert!(
        (gain - 683.7).abs() < 1.0 && !kept.terminal().contains("left out"),
        "{gain}"
    );
}

#[test]
fn a_wrong_box_and_a_high_point_are_told_with_the_remedy() {
    let Some(io) = cases("io") else { return };
    let [a, b, zeros] = ["A.las", "B.las", "bbox0.las"].map(|name| text(&io.join(name)));
    let run = Run::new(&a, &zeros, &PLAIN).succeeded();
    run.has_results_of(&Run::new(&a, &b, &PLAIN).succeeded());
    run.says(&[
        "bbox0.las: the header's box is a single place",
        "las_extract repairs it",
    ]);

    let dir = tempfile::tempdir().unwrap();
    let repaired = dir.path().join("repaired.las");
    let extracted = Command::new(program("las_extract"))
        .args([&zeros, &text(&repaired)])
        .output()
        .unwrap();
    assert!(extracted.status.success());
    assert!(String::from_utf8_lossy(&extracted.stderr).contains("bbox0.las: the header's box"));
    assert_eq!(
        Las::open(&repaired).unwrap().header().max,
        Las::open(&b).unwrap().header().max
    );
    let info = Command::new(program("las_info"))
        .args([&zeros, "--json"])
        .output()
        .unwrap();
    let info: Value = serde_json::from_slice(&info.stdout).unwrap();
    assert!(
        info["box_fault"].as_str().unwrap().contains("single place"),
        "{info:#}"
    );
    assert_eq!(info["true_max"][2], 104.96);

    let Some(newcomer) = cases("newcomer") else {
        return;
    };
    let [plain, high] = ["a.laz", "one_high_outlier.laz"].map(|name| text(&newcomer.join(name)));
    let error = Run::new(&plain, &high, &PLAIN).failed();
    for word in [
        "one_high_outlier.laz",
        "point 20000 at (500050.00, 5000050.00, 100000.00)",
        "class 2",
        "las_extract",
    ] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_point_of_noise_20_km_high_fails_nothing() {
    let Some(newcomer) = cases("newcomer") else {
        return;
    };
    let [a, b] = ["a.laz", "b.laz"].map(|name| text(&newcomer.join(name)));
    let dir = tempfile::tempdir().unwrap();
    let noisy = dir.path().join("noisy.laz");
    let points = Las::open(&b)
        .unwrap()
        .read_all(Columns::CLASSIFICATION)
        .unwrap();
    let mut high = Cloud::from_points(&[[500_050.0, 5_000_050.0, 20_000.0]]).unwrap();
    high.attributes.classification = Some(vec![7]);
    let crs = Las::open(&b).unwrap().crs().cloned();
    let schema = Schema {
        crs,
        offset: [500_000.0, 5_000_000.0, 0.0],
        columns: Columns::CLASSIFICATION,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(&noisy, &schema).unwrap();
    writer.write(&points, &[]).unwrap();
    writer.write(&high, &[]).unwrap();
    writer.finish().unwrap();
    let plain = Run::new(&a, &b, &PLAIN).succeeded();
    for classes in [&[][..], &["--classes", "2"]] {
        let run = Run::new(&a, &text(&noisy), &[&PLAIN[..], classes].concat()).succeeded();
        assert_eq!(run.summary()["dod"], plain.summary()["dod"]);
        assert_eq!(run.summary()["m3c2"], plain.summary()["m3c2"]);
        if classes.is_empty() {
            run.says(&[
                "1 point of the later epoch left out as noise",
                "--keep-noise",
            ]);
        }
    }
    let error = Run::new(&a, &text(&noisy), &[&PLAIN[..], &["--keep-noise"]].concat()).failed();
    assert!(
        error.contains("noisy.laz") && error.contains("point 20000 at") && error.contains("noise"),
        "{error}"
    );
}

#[test]
fn the_later_points_keep_what_is_asked_for() {
    let Some(io) = cases("io") else { return };
    let [a, b] = ["A.las", "B.las"].map(|name| text(&io.join(name)));
    let plain = Run::new(&a, &b, &PLAIN).succeeded();
    let attributes = ["--attributes", "class,intensity,time,returns,source"];
    // Held in memory, and read chunk by chunk.
    for more in [&[][..], &["--memory", "36MiB", "--tile-size", "17"]] {
        let run = Run::new(&a, &b, &[&PLAIN[..], &attributes, more].concat()).succeeded();
        for file in ["dod.tif", "m3c2.laz"] {
            assert!(run.bytes(file) == plain.bytes(file), "{file}");
        }
        let columns = Columns::CLASSIFICATION
            .with(Columns::INTENSITY)
            .with(Columns::GPS_TIME)
            .with(Columns::RETURNS);
        let columns = columns.with(Columns::POINT_SOURCE);
        let sorted = |path: &Path| {
            let las = Las::open(path).unwrap();
            let points = las.read_points(columns).unwrap();
            let of = points.attributes;
            let (class, time) = (of.classification.unwrap(), of.gps_time.unwrap());
            let (intensity, returns, source) = (
                of.intensity.unwrap(),
                of.returns.unwrap(),
                of.point_source.unwrap(),
            );
            let millimetres = |xyz: [f64; 3]| xyz.map(|x| (1000.0 * x).round() as i64);
            let mut all: Vec<_> = (0..points.xyz.len())
                .map(|i| {
                    (
                        millimetres(points.xyz[i]),
                        class[i],
                        time[i].to_bits(),
                        intensity[i],
                        returns[i],
                        source[i],
                    )
                })
                .collect();
            all.sort_unstable();
            (all, las.header().gps_time)
        };
        assert_eq!(
            sorted(&run.dir.path().join("c2c.laz")),
            sorted(Path::new(&b))
        );
    }
    let error = Run::new(&a, &b, &[&PLAIN[..], &["--attributes", "color"]].concat()).failed();
    assert!(
        error.contains("A.las") && error.contains("colour"),
        "{error}"
    );
}

#[test]
fn las_info_tells_all_extra_bytes() {
    let Some(io) = cases("io") else { return };
    let info = Command::new(program("las_info"))
        .arg(io.join("eb_three.las"))
        .arg("--json")
        .output()
        .unwrap();
    let info: Value = serde_json::from_slice(&info.stdout).unwrap();
    assert_eq!(info["extra_bytes"].as_array().unwrap().len(), 3, "{info:#}");
}

#[test]
fn seventy_coordinate_systems_are_where_pyproj_and_gdal_see_them() {
    let Some(python) = python("CRS_PYTHON", "laspy, lazrs, pyproj, rasterio") else {
        return;
    };
    let text = judge(&python, "crs_matrix.py", &program("terrain_change"), &[]);
    assert!(
        text.contains("62 of 71 systems within 1 mm, 7 refused and 2 unwritten as listed, 0 wrong"),
        "{text}"
    );
}

#[test]
fn las_info_says_what_laspy_says() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.exists() {
        return eprintln!("SKIPPED: {} is not there", data.display());
    }
    let Some(python) = python("CRS_PYTHON", "laspy, lazrs") else {
        return;
    };
    let text = judge(
        &python,
        "las_info_beside_laspy.py",
        &program("las_info"),
        &[data],
    );
    let equal = text
        .lines()
        .filter(|line| line.starts_with("equal"))
        .count();
    assert!(equal >= 60, "{text}");
}
