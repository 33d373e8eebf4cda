//! The output of jakteristics and pgeof. The data are not shipped: `../shared/data` beside the
//! repository, or below the folder that ISOPACH_SHARED names.

use isopach_testkit::feature_case;
use serde_json::Value;
use std::{env, fs, path::PathBuf};

/// A folder of the shared data; `None`, said aloud, where it is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("ISOPACH_SHARED").map_or(beside, PathBuf::from);
    let folder = folder.join("data").join(name);
    if !folder.exists() {
        eprintln!("SKIPPED: no golden cases at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn meta_of(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_case(about: &Value, folder: PathBuf, tables: usize) {
    let compared = feature_case::compare(about, &folder).unwrap();
    assert_eq!(compared.len(), tables);
    for table in compared {
        assert!(table.points > 1000, "{table:?}");
        assert!(table.is_within_bounds(), "{table:?}");
        assert!(table.columns.len() >= 8, "{table:?}");
    }
}

#[test]
fn jakteristics_and_pgeof_at_two_radii_and_twenty_neighbours() {
    if let Some(folder) = shared("golden-ml/features_bcts1") {
        assert_case(&meta_of(folder.join("meta.json")), folder, 4);
    }
}

#[test]
fn jakteristics_at_two_metres() {
    if let Some(folder) = shared("golden") {
        let about = &meta_of(folder.join("meta.json"))["features_r2"];
        assert_case(about, folder.join("features_r2"), 1);
    }
}
