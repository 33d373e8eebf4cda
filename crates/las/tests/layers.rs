//! Two ways to the same numbers: the streams of x, y, z, returns, class and flags alone, and whole
//! records by `laz`.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Columns, Rect};
use isopach_las::Las;
use std::path::{Path, PathBuf};

/// Every LAS and LAZ file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_las = |path: &PathBuf| path.extension().is_some_and(|e| e == "las" || e == "laz");
    files
        .into_iter()
        .filter(is_las)
        .chain(folders.iter().flat_map(|folder| self::files(folder)))
        .collect()
}

#[test]
fn both_ways_agree_on_every_file() {
    const FAST: Columns = Columns::CLASSIFICATION
        .with(Columns::RETURNS)
        .with(Columns::FLAGS);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    if !shared.exists() {
        eprintln!("SKIPPED: {} is not there", shared.display());
        return;
    }
    let mut compared = 0;
    for path in files(&shared) {
        let Ok(las) = Las::open(&path) else { continue };
        let [fast, whole] =
            [FAST, FAST.with(Columns::INTENSITY)].map(|columns| las.read_points(columns));
        let (Ok(fast), Ok(whole)) = (fast, whole) else {
            continue;
        };
        let name = path.display();
        assert!(fast.xyz == whole.xyz, "{name}: coordinates");
        assert!(
            fast.attributes.classification == whole.attributes.classification,
            "{name}: classes"
        );
        assert!(
            fast.attributes.returns == whole.attributes.returns,
            "{name}: returns"
        );
        assert!(
            fast.attributes.flags == whole.attributes.flags,
            "{name}: flags"
        );

        let [min, max] = [las.header().min, las.header().max];
        let middle = Rect {
            min: [0, 1].map(|a| 0.75 * min[a] + 0.25 * max[a]),
            max: [max[0], max[1]],
        };
        let las = las.within(middle).keep_classes(&[1, 2]);
        let [fast, whole] =
            [FAST, FAST.with(Columns::INTENSITY)].map(|columns| las.read_points(columns).unwrap());
        assert!(
            fast.xyz == whole.xyz && fast.attributes.returns == whole.attributes.returns,
            "{name}: filtered"
        );
        assert!(
            fast.attributes.flags == whole.attributes.flags,
            "{name}: flags, filtered"
        );
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} files could be compared");
}
