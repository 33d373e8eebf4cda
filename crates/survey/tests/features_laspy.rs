//! The file of a run of features against its input, by laspy. Needs a Python with laspy and lazrs:
//! `LASPY_PYTHON`, or `python3`.

#![allow(missing_docs, clippy::print_stderr)]

use clap::Parser as _;
use isopach::{
    las::Las,
    raster::{Grid, Raster, write_geotiff},
};
use isopach_survey::{
    Silent,
    colour::{self, ColourOptions},
    features::{self, FeatureOptions},
};
use std::{path::Path, process::Command};

/// Refuses a difference in scale, offset, or any attribute of any point.
const COMPARE: &str = r#"
import sys, laspy, numpy
before, after = (laspy.read(path) for path in sys.argv[1:3])
assert list(before.header.offsets) == list(after.header.offsets), after.header.offsets
assert min(before.header.scales) == after.header.scales[0], after.header.scales
assert len(before) == len(after), (len(before), len(after))
same = [name for name in before.point_format.standard_dimension_names if name in after.point_format.standard_dimension_names]
assert {"intensity", "classification", "return_number", "gps_time"} <= set(same) or "gps_time" not in before.point_format.dimension_names
rows = []
for las in (before, after):
    columns = [numpy.asarray(las[name]).astype(numpy.float64) for name in same if name not in "XYZ"]
    columns += [numpy.round((numpy.asarray(las[axis.lower()]) - las.header.offsets[0 if axis == "X" else 1 if axis == "Y" else 2]) / after.header.scales[0]) for axis in "XYZ"]
    table = numpy.stack(columns, axis=1)
    rows.append(table[numpy.lexsort(table.T)])
assert numpy.array_equal(*rows), "attributes differ"
assert before.header.global_encoding.gps_time_type == after.header.global_encoding.gps_time_type
names = list(after.point_format.extra_dimension_names)
kept = list(before.point_format.extra_dimension_names)
assert names == kept + ["linearity", "nz"], names
values = numpy.asarray(after["linearity"])
assert values.dtype == numpy.float32 and numpy.nanmin(values) >= 0 and numpy.nanmax(values) <= 1
print(f"same: {', '.join(same)}")
"#;

/// Writes a file with a column of each type, some with scale, offset and no-data value: any bits, also
/// whole numbers that are no `f64`.
const MAKE: &str = r#"
import sys, laspy, numpy
path, version, point_format = sys.argv[1], sys.argv[2], int(sys.argv[3])
random = numpy.random.default_rng(7)
count = 5000
las = laspy.create(point_format=point_format, file_version=version)
las.header.scales = [0.001] * 3
las.header.offsets = [400000, 5500000, 0]
las.x, las.y, las.z = 400000 + 40 * random.random(count), 5500000 + 40 * random.random(count), random.random(count)
las.intensity = numpy.arange(count)
types = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
for number, kind in enumerate(types):
    scaled = dict(scales=numpy.array([0.25]), offsets=numpy.array([3.0])) if number % 3 == 0 and kind[0] != "f" else {}
    none = numpy.array([5]).astype({"u": "u8", "i": "i8", "f": "f8"}[kind[0]]) if number % 2 else None
    las.add_extra_dim(laspy.ExtraBytesParams(name=f"{kind} of it", type=kind, description=f"column {number}", no_data=none, **scaled))
for kind in types:
    bits = random.integers(0, 256, (count, int(kind[1])), dtype=numpy.uint8)
    las.points.array[f"{kind} of it"] = bits.copy().view("<" + kind)[:, 0]
las.write(path)
"#;

/// Refuses a difference in the bits of an extra column, its type, scale, offset, no-data value or
/// description.
const COMPARE_EXTRA: &str = r#"
import sys, laspy, numpy
before, after = (laspy.read(path) for path in sys.argv[1:3])
assert list(after.point_format.extra_dimension_names) == list(before.point_format.extra_dimension_names) + [name for name in sys.argv[3].split(",") if name]
orders = [numpy.argsort(las.intensity, kind="stable") for las in (before, after)]
for name in before.point_format.extra_dimension_names:
    left, right = (las.points.array[name][order] for las, order in zip((before, after), orders))
    assert left.dtype == right.dtype and left.tobytes() == right.tobytes(), name
for left, right in zip(before.vlrs.get("ExtraBytesVlr")[0].extra_bytes_structs, after.vlrs.get("ExtraBytesVlr")[0].extra_bytes_structs):
    assert left.name == right.name and left.description == right.description, (left.name, left.description)
    assert left.data_type == right.data_type, left.name
    for key in ["scale", "offset", "no_data"]:
        values = [None if getattr(column, key) is None else list(getattr(column, key)) for column in (left, right)]
        assert values[0] == values[1], (left.name, key, values)
"#;

/// A Python with laspy, if there is one.
fn find_laspy() -> Option<String> {
    let python = std::env::var("LASPY_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python)
        .args(["-c", "import laspy, lazrs"])
        .output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("SKIPPED: laspy in {python} is not there");
    None
}

fn run_python(python: &str, program: &str, words: &[&str]) {
    let output = Command::new(python)
        .args(["-c", program])
        .args(words)
        .output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
}

#[test]
fn laspy_finds_the_bits_of_extra_bytes_of_all_types() {
    let Some(python) = find_laspy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let grid = Grid {
        cell_size: 1.0,
        first: [400_000, 5_500_000],
        columns: 40,
        rows: 40,
    };
    let raster = Raster::from_rows(grid, vec![0.5; 1600]).unwrap();
    let image = path("a.tif");
    write_geotiff(Path::new(&image), &raster, &Default::default()).unwrap();
    for (name, version, format) in [
        ("old.las", "1.2", "1"),
        ("old.laz", "1.2", "3"),
        ("new.las", "1.4", "6"),
        ("new.laz", "1.4", "7"),
    ] {
        let [input, out] = [name.to_owned(), format!("{name}.out.laz")].map(|name| path(&name));
        run_python(&python, MAKE, &[&input, version, format]);
        let words = "--radius 2 --features linearity,nz --backend cpu --tile-size 16";
        let words = ["features", &input, &out]
            .into_iter()
            .chain(words.split(' '));
        let options = FeatureOptions::try_parse_from(words).unwrap();
        features::run(&options, &Silent).unwrap();
        run_python(&python, COMPARE_EXTRA, &[&input, &out, "linearity,nz"]);
        let words = "--range 0,1 --backend cpu --tile-size 16";
        let words = ["colour", &input, &out, "--images", &image]
            .into_iter()
            .chain(words.split(' '));
        let options = ColourOptions::try_parse_from(words).unwrap();
        colour::run(&options, &Silent).unwrap();
        run_python(&python, COMPARE_EXTRA, &[&input, &out, ""]);
    }
}

#[test]
fn laspy_finds_every_attribute_of_the_input_beside_the_features() {
    let lidar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    let Some(python) = find_laspy() else { return };
    if !lidar.exists() {
        eprintln!("SKIPPED: {} is not there", lidar.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["bcts_1.laz", "topography.laz", "tile_32_547_5724.laz"] {
        let out = folder.path().join(name);
        let [input, out] = [lidar.join(name), out].map(|path| path.to_str().unwrap().to_owned());
        let words = "--radius 2 --features linearity,nz --backend cpu --keep-noise --keep-withheld";
        let words = ["features", &input, &out]
            .into_iter()
            .chain(words.split(' '));
        let options = FeatureOptions::try_parse_from(words).unwrap();
        features::run(&options, &Silent).unwrap();
        let systems = [&input, &out].map(|path| {
            let las = Las::open(path).unwrap();
            las.crs().map(|crs| crs.horizontal)
        });
        assert_eq!(systems[0], systems[1], "{name}");
        run_python(&python, COMPARE, &[&input, &out]);
    }
}
