//! Extra bytes of the input beside the features.

use super::{summary_of, survey};
use clap::Parser as _;
use isopach::{
    cloud::{Cloud, Columns},
    compute::Error,
    las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema},
};
use isopach_survey::{
    Listener, Silent,
    features::{self, FeatureOptionError, FeatureOptions},
};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Extra columns of both files of [`survey`], and of the western alone.
fn amplitude() -> ExtraBytes {
    ExtraBytes::new("Amplitude", "dB, of the echo", ExtraKind::I16)
        .with_scale(0.01, -3.0)
        .with_no_data(-1.0)
}

fn pulse() -> ExtraBytes {
    ExtraBytes::new("pulse", "number", ExtraKind::U64)
}

fn width() -> ExtraBytes {
    ExtraBytes::new("width", "ns", ExtraKind::F32)
}

/// Gives the files of a survey extra bytes: the values follow from the coordinates.
fn add_extra(folder: &Path, file: &str, extra_bytes: Vec<ExtraBytes>) {
    let path = folder.join(file);
    let columns = Columns::CLASSIFICATION | Columns::INTENSITY;
    let cloud = Las::open(&path).unwrap().read_all(columns).unwrap();
    let values: Vec<Vec<f64>> = extra_bytes
        .iter()
        .map(|column| {
            (0..cloud.len())
                .map(|i| value_of(column, &cloud, i))
                .collect()
        })
        .collect();
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let schema = Schema {
        columns,
        extra_bytes,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(&path, &schema).unwrap();
    writer.write(&cloud, &values).unwrap();
    writer.finish().unwrap();
}

fn value_of(column: &ExtraBytes, cloud: &Cloud, i: usize) -> f64 {
    let [x, y, _] = cloud.positions().absolute_ticks(i);
    let number = ((x * 31 + y * 17).rem_euclid(1000)) as f64;
    match column.no_data {
        Some(_) if number < 100.0 => f64::NAN,
        _ => column.shift + column.scale * number,
    }
}

fn options_of(folder: &Path, out: &str, more: &[&str]) -> FeatureOptions {
    let [west, east, out] =
        ["west.laz", "east.laz", out].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let input = format!("{west},{east}");
    let words = [
        "features",
        &input,
        &out,
        "--radius",
        "1",
        "--features",
        "planarity",
    ];
    let words = words
        .iter()
        .chain(["--backend", "cpu", "--force"].iter())
        .chain(more);
    FeatureOptions::try_parse_from(words).unwrap()
}

fn run(folder: &Path, out: &str, more: &[&str]) -> Result<Vec<u8>, Error> {
    features::run(&options_of(folder, out, more), &Silent)?;
    Ok(fs::read(folder.join(out)).unwrap())
}

fn names_of(folder: &Path, file: &str) -> Vec<String> {
    let las = Las::open(folder.join(file)).unwrap();
    let columns = las.header().extra_bytes.iter();
    columns.map(|column| column.name.clone()).collect()
}

fn survey_with_extra() -> tempfile::TempDir {
    let folder = survey();
    add_extra(
        folder.path(),
        "west.laz",
        vec![amplitude(), width(), pulse()],
    );
    add_extra(folder.path(), "east.laz", vec![amplitude(), pulse()]);
    folder
}

/// Bits of the values of a column by the coordinates of the points, in ticks.
fn values_of(folder: &Path, file: &str, name: &str) -> BTreeMap<[i64; 3], u64> {
    let las = Las::open(folder.join(file)).unwrap().without_noise();
    let cloud = las.read_all(Columns::XYZ).unwrap();
    let values = las.read_extra(name).unwrap();
    let points = (0..cloud.len()).map(|i| cloud.positions().absolute_ticks(i));
    points.zip(values.into_iter().map(f64::to_bits)).collect()
}

#[test]
fn extra_bytes_of_the_files_stand_before_the_features() {
    let folder = survey_with_extra();
    let folder = folder.path();
    let whole = run(folder, "a.laz", &[]).unwrap();
    assert_eq!(
        names_of(folder, "a.laz"),
        ["Amplitude", "pulse", "planarity"]
    );
    let header = Las::open(folder.join("a.laz")).unwrap().header().clone();
    assert_eq!(header.extra_bytes[..2], [amplitude(), pulse()]);
    for name in ["Amplitude", "pulse"] {
        let mut before = values_of(folder, "west.laz", name);
        before.extend(values_of(folder, "east.laz", name));
        assert!(values_of(folder, "a.laz", name) == before, "{name}");
    }
    let small = ["--tile-size", "6", "--memory", "256MiB"];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let tiles = pool.unwrap().install(|| run(folder, "b.laz", &small));
    assert!(whole == tiles.unwrap());
    let kept = &summary_of(folder, "a.laz")["extra_attributes"];
    assert_eq!(kept[0]["name"], "Amplitude");
    assert_eq!(kept[0]["scale"], 0.01);
}

#[test]
fn columns_choose_extra_bytes_by_name() {
    let folder = survey_with_extra();
    let folder = folder.path();
    for (list, kept) in [
        ("intensity", vec!["planarity"]),
        ("none", vec!["planarity"]),
        ("intensity,pulse", vec!["pulse", "planarity"]),
        ("extra", vec!["Amplitude", "pulse", "planarity"]),
    ] {
        run(folder, "a.laz", &["--columns", list]).unwrap();
        assert_eq!(names_of(folder, "a.laz"), kept, "{list}");
    }
    let refused = run(folder, "a.laz", &["--columns", "intensity,width"]).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("nir, extra, Amplitude, pulse"),
        "{message}"
    );
}

/// Keeps warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Listener for Warnings {
    fn warn(&self, text: &str) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(text.to_owned());
    }
}

#[test]
fn extra_bytes_of_some_files_are_named() {
    let folder = survey_with_extra();
    let are_named = |list: &str| {
        let warnings = Warnings::default();
        let words = ["--columns", list];
        features::run(&options_of(folder.path(), "a.laz", &words), &warnings).unwrap();
        let texts = warnings.0.into_inner().unwrap();
        let names = "extra bytes that not all files have are not kept (width)";
        texts.iter().any(|text| text == names)
    };
    // Those that were not asked for are no loss.
    let named = ["all", "intensity,extra", "intensity", "none"].map(are_named);
    assert_eq!(named, [true, true, false, false]);
}

#[test]
fn a_name_that_is_there_twice_is_refused_with_the_option_that_helps() {
    let folder = survey_with_extra();
    let folder = folder.path();
    run(folder, "west.again.laz", &[]).unwrap();
    fs::rename(folder.join("west.again.laz"), folder.join("west.laz")).unwrap();
    add_extra(
        folder,
        "east.laz",
        vec![
            amplitude(),
            pulse(),
            ExtraBytes::new("planarity", "", ExtraKind::F32),
        ],
    );
    let refused = run(folder, "a.laz", &[]).unwrap_err();
    let Some(FeatureOptionError::ColumnTwice { name, columns }) = refused.find_cause() else {
        panic!("{refused}");
    };
    assert_eq!(name, "planarity");
    assert!(columns.ends_with("Amplitude,pulse"), "{columns}");
    run(folder, "a.laz", &["--columns", columns]).unwrap();
    assert_eq!(
        names_of(folder, "a.laz"),
        ["Amplitude", "pulse", "planarity"]
    );
}

#[test]
fn columns_that_files_store_differently_are_refused_with_the_option_that_helps() {
    let folder = survey_with_extra();
    let folder = folder.path();
    let other = amplitude().with_scale(0.1, -3.0);
    add_extra(folder, "east.laz", vec![other, pulse()]);
    let refused = run(folder, "a.laz", &[]).unwrap_err();
    let Some(FeatureOptionError::ExtraStoredDifferently { name, columns }) = refused.find_cause()
    else {
        panic!("{refused}");
    };
    assert_eq!(name, "Amplitude");
    run(folder, "a.laz", &["--columns", columns]).unwrap();
    assert_eq!(names_of(folder, "a.laz"), ["pulse", "planarity"]);
}
