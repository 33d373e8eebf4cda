//! Golden values of images that rasterio wrote.

use isopach_testkit::colour_case;
use std::path::Path;

#[test]
fn golden_images_are_reproduced() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/golden-ml/colour");
    if !folder.exists() {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    }
    assert!(colour_case::is_case(&folder));
    let deviations = colour_case::compare(&folder).unwrap();
    for deviation in &deviations {
        eprintln!("{}", deviation.to_json());
        assert!(deviation.is_within_bounds(), "{deviation:?}");
    }
    assert!(deviations.len() >= 21, "{}", deviations.len());
}
