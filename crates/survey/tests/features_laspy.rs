//! The file of a run of features against its input, by laspy. Needs a Python with laspy and lazrs:
//! `LASPY_PYTHON`, or `python3`.

#![allow(missing_docs, clippy::print_stderr)]

use clap::Parser as _;
use isopach::las::Las;
use isopach_survey::{
    Silent,
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
assert names == ["linearity", "nz"], names
values = numpy.asarray(after["linearity"])
assert values.dtype == numpy.float32 and numpy.nanmin(values) >= 0 and numpy.nanmax(values) <= 1
print(f"same: {', '.join(same)}")
"#;

#[test]
fn laspy_finds_every_attribute_of_the_input_beside_the_features() {
    let lidar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    let python = std::env::var("LASPY_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_laspy = Command::new(&python)
        .args(["-c", "import laspy, lazrs"])
        .output();
    if !lidar.exists() || !has_laspy.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: {} or laspy in {python} is not there",
            lidar.display()
        );
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
        let compared = Command::new(&python)
            .args(["-c", COMPARE, &input, &out])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&compared.stderr);
        assert!(compared.status.success(), "{name}: {errors}");
    }
}
