//! Views that other programs agree on. The data are not shipped: `../shared/data` beside the
//! repository, or below the folder that ISOPACH_SHARED names.

use isopach_testkit::view_case;
use std::{env, fs, path::PathBuf};

#[test]
fn golden_views_are_within_their_bounds() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("ISOPACH_SHARED").map_or(beside, PathBuf::from);
    let folder = folder.join("data/golden-ml/views");
    if !folder.exists() {
        eprintln!("SKIPPED: no golden cases at {}", folder.display());
        return;
    }
    let text = fs::read_to_string(folder.join("meta.json")).unwrap();
    let about = serde_json::from_str(&text).unwrap();
    let views = view_case::compare(&about, &folder).unwrap();
    assert_eq!(views.len(), 6);
    for view in views {
        assert!(view.is_within_bounds(), "{view:?}");
        assert!(view.rotation < 1e-15, "{view:?}");
        // Rounding to whole levels, and the rounding of the place in a slope of 250 levels.
        assert!(view.remapped < 0.5 + 0.2, "{view:?}");
    }
}
