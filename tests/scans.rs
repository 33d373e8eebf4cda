//! Scans of a wall: where the scanner stood, what its errors are, and normals that come with core
//! points.

use isopach::{
    cloud::{Cloud, Columns, Crs},
    crs::named_crs,
    las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema},
};
use isopach_testkit::{message::message, program::program, run::Run};
use std::{path::Path, process::Command};

/// Options of all runs: half a metre about core points a metre apart.
const OPTIONS: [&str; 11] = [
    "--align",
    "none",
    "--core-points",
    "cubes",
    "--core-spacing",
    "1",
    "--cylinder-radius",
    "0.5",
    "--statistic",
    "mean",
    "--columns=distance,lod,counts,normal",
];

/// Writes a wall at x = 1000, 40 wide and 20 high in the units of the file, whose northern half is
/// at `north`.
fn write_wall(path: &Path, seed: u64, crs: Option<&str>, north: f64) {
    let random = isopach::compute::conformance::random;
    let points: Vec<[f64; 3]> = (0..16_000)
        .map(|i| {
            let [y, z, noise] = [0, 1, 2].map(|stream| random((seed << 32) + 3 * i + stream));
            let x = if y > 0.5 { north } else { 1000.0 };
            [x + 0.02 * noise, 500.0 + 40.0 * y, 30.0 + 20.0 * z]
        })
        .collect();
    let crs = crs.map(|name| named_crs(name).unwrap());
    write(path, &points, crs, &[]);
}

fn write(path: &Path, points: &[[f64; 3]], crs: Option<Crs>, extra: &[(&str, Vec<f64>)]) {
    let columns = extra.iter();
    let schema = Schema {
        crs,
        extra_bytes: columns
            .map(|(name, _)| ExtraBytes::new(*name, "", ExtraKind::F32))
            .collect(),
        ..Schema::default()
    };
    let values: Vec<&[f64]> = extra.iter().map(|(_, values)| values.as_slice()).collect();
    let mut writer = LazWriter::create(path, &schema).unwrap();
    let cloud = Cloud::from_points(points).unwrap();
    writer.write(&cloud, &values).unwrap();
    writer.finish().unwrap();
}

/// Places of the core points, and columns of theirs.
fn core_points<const N: usize>(run: &Run, names: [&str; N]) -> Vec<([f64; 3], [f64; N])> {
    let las = Las::open(run.dir.path().join("m3c2.laz")).unwrap();
    let places = las.read_points(Columns::XYZ).unwrap().xyz;
    let columns = names.map(|name| las.read_extra(name).unwrap());
    let values = (0..places.len()).map(|i| columns.each_ref().map(|column| column[i]));
    places.iter().copied().zip(values).collect()
}

/// Mean distance of the core points between these norths, metres.
fn mean_distance(run: &Run, south: f64, north: f64) -> f64 {
    let found = core_points(run, ["m3c2_distance"]);
    let there = found
        .iter()
        .filter(|(place, [distance])| (south..north).contains(&place[1]) && !distance.is_nan());
    let distances: Vec<f64> = there.map(|(_, [distance])| *distance).collect();
    assert!(distances.len() > 15, "{}", distances.len());
    distances.iter().sum::<f64>() / distances.len() as f64
}

#[test]
fn a_scanner_stands_where_the_coordinates_of_the_files_say() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after] = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    for (crs, metres) in [("EPSG:2260+6360", 1200.0 / 3937.0), ("EPSG:25832", 1.0)] {
        // Half a unit of rock fell from the northern half, and the wall retreats to the west.
        write_wall(&before, 1, Some(crs), 1000.0);
        write_wall(&after, 2, Some(crs), 999.5);
        for (scanner, sign) in [("500,520,40", 1.0), ("1500,520,40", -1.0)] {
            let run = Run::new(
                &before,
                &after,
                &[&OPTIONS[..], &["--scanner", scanner]].concat(),
            )
            .succeeded();
            let found = mean_distance(&run, 524.0 * metres, 536.0 * metres);
            let expected = sign * 0.5 * metres;
            assert!(
                (found - expected).abs() < 0.01,
                "{crs} from {scanner}: {found}, not {expected}"
            );
            assert!(mean_distance(&run, 504.0 * metres, 516.0 * metres).abs() < 0.01);
        }
    }
}

#[test]
fn a_scanner_among_files_of_two_units_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let [before, other, after] =
        ["before.laz", "other.laz", "after.laz"].map(|name| dir.path().join(name));
    write_wall(&before, 1, Some("EPSG:2260+6360"), 1000.0);
    write_wall(&other, 3, Some("EPSG:2260+5703"), 1000.0);
    write_wall(&after, 2, Some("EPSG:2260+6360"), 1000.0);
    let both = format!("{},{}", before.display(), other.display());
    let refused = |option: [&str; 2]| {
        let options = [&OPTIONS[..], &["--ignore-crs"], &option].concat();
        let run = Run::new(&both, &after, &options);
        assert_eq!(run.output.status.code(), Some(2), "{}", run.error());
        let words = format!("{} is in the coordinates", option[0]);
        assert!(run.error().contains(&words), "{}", run.error());
        assert!(run.error().contains("other.laz"), "{}", run.error());
    };
    refused(["--scanner", "1500,520,40"]);
    refused(["--towards", "1,0,1"]);
}

/// Variance along a normal of a point that a scanner measured, whose range has an error of 6 mm and
/// whose direction one of 0.4 mrad.
fn point_variance(place: [f64; 3], normal: [f64; 3], scanner: [f64; 3]) -> f64 {
    let beam: [f64; 3] = std::array::from_fn(|axis| place[axis] - scanner[axis]);
    let squared: f64 = beam.iter().map(|part| part * part).sum();
    let along: f64 = (0..3).map(|axis| beam[axis] * normal[axis]).sum();
    let share = along * along / squared;
    0.006_f64.powi(2) * share + squared * 4e-4_f64.powi(2) * (1.0 - share)
}

/// A level of detection at a core point.
struct Level {
    normal: [f64; 3],
    stated: f64,
    /// By the definition, from the errors of both epochs' points.
    expected: f64,
}

/// The levels of detection of a run whose scanners stood at these places.
fn tested_levels(run: &Run, scanners: [[f64; 3]; 2]) -> Vec<Level> {
    let names = [
        "m3c2_lod",
        "count_before",
        "count_after",
        "normal_x",
        "normal_y",
        "normal_z",
    ];
    let found = core_points(run, names).into_iter();
    let tested = found.filter(|(_, [stated, ..])| !stated.is_nan());
    tested
        .map(|(place, [stated, before, after, x, y, z])| {
            let normal = [x, y, z];
            let [first, second] = scanners.map(|scanner| point_variance(place, normal, scanner));
            let expected = 1.959_964 * (first / before + second / after).sqrt();
            Level {
                normal,
                stated,
                expected,
            }
        })
        .collect()
}

#[test]
fn levels_of_detection_follow_from_the_errors_of_the_scanner() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after] = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    let of_scanner = ["--lod", "scanner", "--scanner-errors", "0.006,0.0004"];
    let [east, north] = ["1050,510,35", "1020,560,30"];
    for (crs, metres) in [("EPSG:2260+6360", 1200.0 / 3937.0), ("EPSG:25832", 1.0)] {
        write_wall(&before, 1, Some(crs), 1000.0);
        write_wall(&after, 2, Some(crs), 1000.0);
        let scanners =
            [[1050.0, 510.0, 35.0], [1020.0, 560.0, 30.0]].map(|place| place.map(|x| x * metres));
        for (places, scanners) in [
            (&["--scanner", east, "--later-scanner", north][..], scanners),
            (&["--scanner", east], [scanners[0]; 2]),
            (
                &["--normal", "1,0,0", "--earlier-scanner", north],
                [scanners[1]; 2],
            ),
        ] {
            let options = [&OPTIONS[..], &of_scanner, places].concat();
            let run = Run::new(&before, &after, &options).succeeded();
            let method = &run.summary()["parameters"]["level_of_detection"];
            assert_eq!(method, "scanner");
            let levels = tested_levels(&run, scanners);
            for Level {
                normal,
                stated,
                expected,
            } in &levels
            {
                assert!(normal[0] > 0.9, "towards the scanner: {normal:?}");
                assert!(
                    (stated - expected).abs() < 1e-4 * expected,
                    "{places:?}: {stated}, not {expected}"
                );
            }
            let all = core_points(&run, []).len();
            let count = levels.len();
            assert!(count > 60 && 20 * count > 19 * all, "{count}");
        }
        // The DoD has levels from the scatter, as without scanners.
        let of_cells = |options: &[&str]| {
            let options = [&OPTIONS[..], options].concat();
            let run = Run::new(&before, &after, &options).succeeded();
            run.bytes("dod_lod.tif")
        };
        let by_scanner = of_cells(&[&of_scanner[..], &["--scanner", east]].concat());
        assert!(by_scanner == of_cells(&["--scanner", east]));
    }
}

#[test]
fn the_scanner_of_the_later_epoch_is_aligned_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after] = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    // A room: a floor and two walls, so that all of the pose is determined; 0.8 m off to the south.
    let random = isopach::compute::conformance::random;
    let room = |seed: u64, south: f64| -> Vec<[f64; 3]> {
        let point = |i: u64| {
            let [a, b, noise] = [0, 1, 2].map(|stream| random((seed << 32) + 3 * i + stream));
            let (a, b, noise) = (20.0 * a, 20.0 * b, 0.01 * noise);
            match i % 3 {
                0 => [1000.0 + noise, 500.0 + a - south, 30.0 + b],
                1 => [1000.0 + a, 500.0 + noise - south, 30.0 + b],
                _ => [1000.0 + a, 500.0 + b - south, 30.0 + noise],
            }
        };
        (0..30_000).map(point).collect()
    };
    write(&before, &room(1, 0.0), None, &[]);
    write(&after, &room(2, 0.8), None, &[]);
    let scanner = [1003.0, 502.0, 31.0];
    let options = [
        &["--core-points", "cubes", "--core-spacing", "1"][..],
        &["--cylinder-radius", "0.3", "--statistic", "mean"],
        &["--columns=distance,lod,counts,normal"],
        &["--registration-error", "0", "--lod", "scanner"],
        &["--scanner-errors", "0.006,0.0004"],
        // Both stood at one place: in the coordinates of the later epoch 0.8 m to the south of it.
        &["--scanner", "1003,502,31"],
        &["--later-scanner", "1003,501.2,31"],
    ]
    .concat();
    let run = Run::new(&before, &after, &options).succeeded();
    let moved = run.number("/alignment/later_to_earlier_translation_m/1");
    assert!((moved - 0.8).abs() < 0.01, "{moved}");
    let levels = tested_levels(&run, [scanner; 2]);
    for Level {
        stated, expected, ..
    } in &levels
    {
        assert!(
            (stated - expected).abs() < 5e-3 * expected,
            "{stated}, not {expected}"
        );
    }
    assert!(levels.len() > 500, "{}", levels.len());
}

#[test]
fn errors_of_a_scanner_need_its_place() {
    for (options, words) in [
        (
            &["--lod", "scanner", "--scanner-errors", "0.005,0.0001"][..],
            "--scanner x,y,z",
        ),
        (
            &["--lod", "scanner", "--scanner", "0,0,0"],
            "--scanner-errors",
        ),
        (
            &["--scanner-errors", "0.005,0.0001"],
            "has no effect without --lod",
        ),
        (
            &[
                "--lod",
                "scanner",
                "--scanner",
                "0,0,0",
                "--scanner-errors",
                "-1,0",
            ],
            "standard deviation of a range",
        ),
        (
            &[
                "--lod",
                "scanner",
                "--scanner",
                "0,0,0",
                "--scanner-errors",
                "0.005",
            ],
            "--scanner-errors is [0.005]",
        ),
        (&["--later-scanner", "0,0,0"], "has no effect without --lod"),
        (
            &["--earlier-scanner", "0,0,0"],
            "has no effect without --lod",
        ),
    ] {
        let run = Run::new("before.laz", "after.laz", options);
        assert_eq!(run.output.status.code(), Some(2), "{}", run.error());
        assert!(run.error().contains(words), "{}", run.error());
    }
}

#[test]
fn core_points_of_a_file_are_in_the_system_of_the_epochs() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after, core] =
        ["before.laz", "after.laz", "core.laz"].map(|name| dir.path().join(name));
    write_wall(&before, 1, Some("EPSG:2260+6360"), 1000.0);
    write_wall(&after, 2, Some("EPSG:2260+6360"), 1000.0);
    let mut options = OPTIONS;
    options[3] = core.to_str().unwrap();
    let place = [1000.0, 520.0, 40.0];
    // A file that states no system has the coordinates of the epochs' files.
    write(&core, &[place], None, &[]);
    let run = Run::new(&before, &after, &options).succeeded();
    let found = core_points(&run, ["m3c2_distance"]);
    assert_eq!(found.len(), 1);
    assert!((found[0].0[0] - 1000.0 * 1200.0 / 3937.0).abs() < 2e-3);
    assert!(found[0].1[0].abs() < 0.01);
    // Elsewhere, and in another system.
    write(&core, &[[5000.0, 520.0, 40.0]], None, &[]);
    let elsewhere = Run::new(&before, &after, &options);
    write(&core, &[place], Some(named_crs("EPSG:25832").unwrap()), &[]);
    let another = Run::new(&before, &after, &options);
    for (run, words) in [(elsewhere, "core.laz"), (another, "--ignore-crs")] {
        assert_eq!(run.output.status.code(), Some(2), "{}", run.error());
        assert!(run.error().contains(words), "{}", run.error());
    }
}

#[test]
fn core_points_of_a_file_may_have_normals_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after, core] =
        ["before.laz", "after.laz", "core.laz"].map(|name| dir.path().join(name));
    write_wall(&before, 1, None, 1000.0);
    write_wall(&after, 2, None, 999.5);
    let places: Vec<[f64; 3]> = (0..200)
        .map(|i| {
            let [y, z] = [i % 20, i / 20].map(|step| 2.0 * f64::from(step));
            [1000.0, 501.0 + y, 31.0 + z]
        })
        .collect();
    // To the east in the lower half of the wall, to the west and upwards in the upper one.
    let normals = |axis: usize| -> Vec<f64> {
        let of = |place: &[f64; 3]| match place[2] < 40.0 {
            true => [1.0, 0.0, 0.0],
            false => [-3.0, 0.0, 0.3],
        };
        places.iter().map(|place| of(place)[axis]).collect()
    };
    let names = ["nx", "ny", "nz"];
    let extra: Vec<(&str, Vec<f64>)> = (0..3).map(|axis| (names[axis], normals(axis))).collect();
    write(&core, &places, None, &extra);
    let file = core.to_str().unwrap();
    let mut options = OPTIONS;
    options[3] = file;
    let with = |columns: &str| {
        let options = [&options[..], &["--normal-columns", columns]].concat();
        Run::new(&before, &after, &options)
    };
    let run = with("nx,ny,nz").succeeded();
    let names = ["m3c2_distance", "normal_x", "normal_z", "count_before"];
    let found = core_points(&run, names);
    assert_eq!(found.len(), places.len());
    for (place, [distance, x, z, count]) in found {
        let expected = if place[2] < 40.0 {
            [1.0, 0.0]
        } else {
            [-10.0, 1.0].map(|part| part / 101.0_f64.sqrt())
        };
        assert!((x - expected[0]).abs() < 1e-6 && (z - expected[1]).abs() < 1e-6);
        assert!(count > 1.0, "{count}");
        let change = if place[1] > 520.0 { -0.5 } else { 0.0 };
        assert!(
            (distance - change * expected[0]).abs() < 0.05,
            "{place:?} {distance}"
        );
    }
    let refused = with("nx,ny,normal_z");
    assert_eq!(refused.output.status.code(), Some(2), "{}", refused.error());
    assert!(refused.error().contains("normal_z"), "{}", refused.error());
    let refused = with("ny,ny,ny");
    assert_eq!(refused.output.status.code(), Some(2), "{}", refused.error());
    assert!(
        refused.error().contains("no point of"),
        "{}",
        refused.error()
    );
    // Points without a normal are left out, and counted: the lower half has no third component.
    let half = with("nz,nz,nz").succeeded();
    assert_eq!(core_points(&half, ["m3c2_distance"]).len(), 100);
    assert!(
        half.terminal().contains("100 of the 200 points"),
        "{}",
        half.terminal()
    );
    for (options, words) in [
        (
            &["--core-points", file, "--normal-columns", "nx,ny"][..],
            "three columns",
        ),
        (
            &["--core-points", "cubes", "--normal-columns", "nx,ny,nz"],
            "--core-points FILE",
        ),
        (&["--normal-columns", "nx,ny,nz"], "--core-points FILE"),
    ] {
        let run = Run::new(&before, &after, options);
        assert_eq!(run.output.status.code(), Some(2), "{}", run.error());
        assert!(run.error().contains(words), "{}", run.error());
    }
}

#[test]
fn normals_of_core_points_are_those_of_planes_in_the_units_of_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after, core] =
        ["before.laz", "after.laz", "core.laz"].map(|name| dir.path().join(name));
    // Feet in the plane, metres in height: a plane that rises as it goes east is another one in
    // metres.
    let system = "EPSG:2260+5703";
    write_wall(&before, 1, Some(system), 1000.0);
    write_wall(&after, 2, Some(system), 1000.0);
    let place = [1000.0, 520.0, 40.0];
    let normal = ["nx", "ny", "nz"]
        .into_iter()
        .zip([1.0, 0.0, 1.0].map(|part| vec![part]));
    let crs = Some(named_crs(system).unwrap());
    write(&core, &[place], crs, &normal.collect::<Vec<_>>());
    let mut by_column = OPTIONS;
    by_column[3] = core.to_str().unwrap();
    let by_column = [&by_column[..], &["--normal-columns", "nx,ny,nz"]].concat();
    let fixed = [&OPTIONS[..], &["--normal", "1,0,1"]].concat();
    for options in [by_column, fixed] {
        let run = Run::new(&before, &after, &options).succeeded();
        let found = core_points(&run, ["normal_x", "normal_z"]);
        let expected: [f64; 2] = [3937.0 / 1200.0, 1.0];
        let length = expected[0].hypot(expected[1]);
        let [x, z] = found[0].1;
        assert!((x - expected[0] / length).abs() < 1e-6, "{x}");
        assert!((z - expected[1] / length).abs() < 1e-6, "{z}");
    }
}

#[test]
fn other_normals_are_other_parameters() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after, core, out] =
        ["before.laz", "after.laz", "core.laz", "out"].map(|name| dir.path().join(name));
    write_wall(&before, 1, None, 1000.0);
    write_wall(&after, 2, None, 999.5);
    let places: Vec<[f64; 3]> = (0..20)
        .map(|i| [1000.0, 501.0 + 2.0 * f64::from(i), 40.0])
        .collect();
    let write_core = |x: f64| {
        let column = |value: f64| vec![value; places.len()];
        let extra = [("nx", column(x)), ("ny", column(0.0)), ("nz", column(0.0))];
        write(&core, &places, None, &extra);
    };
    write_core(1.0);
    let mut options = OPTIONS;
    options[3] = core.to_str().unwrap();
    let run = || {
        let mut command = Command::new(program("terrain_change"));
        command.env("XDG_RUNTIME_DIR", dir.path());
        command.args([&before, &after]).args(options);
        command.args(["--normal-columns", "nx,ny,nz", "--backend", "cpu", "--out"]);
        command.arg(&out).output().unwrap()
    };
    assert!(run().status.success());
    // The same points, turned round.
    write_core(-1.0);
    let refused = run();
    assert_eq!(refused.status.code(), Some(2), "{}", message(&refused));
    assert!(
        message(&refused).contains("--force"),
        "{}",
        message(&refused)
    );
}
