//! An index beside a file that is damaged, old or wrong is said, not used, and made anew.

#![allow(missing_docs)]

use crate::made;
use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::path::{Path, PathBuf};

/// 200,000 points in rows from south to north: class 2, in the northern half 6; and a column `one`.
fn file(dir: &Path) -> PathBuf {
    let n = 200_000_u32;
    let place = |i: u32| [f64::from(i % 400), f64::from(i / 400), f64::from(i % 7)];
    let mut cloud = Cloud::from_points(&(0..n).map(place).collect::<Vec<_>>()).unwrap();
    let class = |i: u32| if i < n / 2 { 2 } else { 6 };
    cloud.attributes = Attributes {
        classification: Some((0..n).map(class).collect()),
        ..Attributes::default()
    };
    let path = dir.join("a.laz");
    let extra_bytes = vec![ExtraBytes::new("one", "", ExtraKind::U8)];
    let schema = Schema {
        columns: Columns::CLASSIFICATION,
        extra_bytes,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(&path, &schema).unwrap();
    writer.write(&cloud, &[&vec![1.0; n as usize]]).unwrap();
    writer.finish().unwrap();
    path
}

#[test]
fn every_flipped_bit_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    let of_class_6 = |las: Las| {
        las.keep_classes(&[6])
            .read_points(Columns::XYZ)
            .unwrap()
            .len()
    };
    assert_eq!(
        of_class_6(Las::open(&path).unwrap().indexed(None).unwrap()),
        100_000
    );
    let place = dir.path().join("a.laz.chunks");
    let whole = std::fs::read(&place).unwrap();
    for bit in (0..8 * whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&place, &bytes).unwrap();
        let las = Las::open(&path).unwrap();
        assert!(
            las.index_fault()
                .is_some_and(|fault| fault.contains("a.laz.chunks")),
            "bit {bit}"
        );
        assert_eq!(
            las.keep_classes(&[6]).chunk_count(),
            4,
            "bit {bit}: all chunks are decoded"
        );
    }
    for length in [0, 7, 8, 40, whole.len() - 1] {
        std::fs::write(&place, &whole[..length]).unwrap();
        assert!(
            Las::open(&path).unwrap().index_fault().is_some(),
            "{length} bytes"
        );
    }
    assert_eq!(
        of_class_6(Las::open(&path).unwrap().indexed(None).unwrap()),
        100_000
    );
    assert_eq!(std::fs::read(&place).unwrap(), whole, "made anew");
    assert_eq!(Las::open(&path).unwrap().index_fault(), None);
}

#[test]
fn an_index_with_a_right_checksum_and_wrong_contents_is_refused_where_a_chunk_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    let place = dir.path().join("a.laz.chunks");
    spoil(&place);
    let bytes = std::fs::read(&place).unwrap();
    for columns in [Columns::XYZ, Columns::INTENSITY] {
        std::fs::write(&place, &bytes).unwrap();
        let las = Las::open(&path).unwrap();
        assert_eq!(las.index_fault(), None);
        let error = las.read_points(columns).unwrap_err().to_string();
        assert!(
            error.contains("chunk 3") && error.contains("a.laz.chunks was removed: run again"),
            "{error}"
        );
        assert!(!place.exists());
        assert_eq!(
            Las::open(&path)
                .unwrap()
                .read_points(columns)
                .unwrap()
                .len(),
            200_000
        );
    }
}

#[test]
fn a_wrong_index_is_refused_whatever_is_read() {
    type Read = fn(&Las) -> Result<(), isopach_las::LasError>;
    let reads: [Read; 3] = [
        |las| las.read_raw(3).map(drop),
        |las| las.read_extra("one").map(drop),
        |las| las.rewrite(las.path().with_extension("copy.laz")).map(drop),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    let place = dir.path().join("a.laz.chunks");
    let whole = std::fs::read(&place).unwrap();
    spoil(&place);
    let spoiled = std::fs::read(&place).unwrap();
    for read in reads {
        std::fs::write(&place, &spoiled).unwrap();
        let error = read(&Las::open(&path).unwrap()).unwrap_err().to_string();
        assert!(
            error.contains("chunk 3") && error.contains("a.laz.chunks was removed: run again"),
            "{error}"
        );
        assert!(!place.exists() && !dir.path().join("a.copy.laz").exists());
        read(&Las::open(&path).unwrap()).unwrap();
    }

    // The one in another folder is made from the points, whatever the one beside the file says.
    std::fs::write(&place, &spoiled).unwrap();
    let folder = dir.path().join("indexes");
    std::fs::create_dir(&folder).unwrap();
    drop(Las::open(&path).unwrap().indexed(Some(&folder)).unwrap());
    assert_eq!(std::fs::read(folder.join("a.laz.chunks")).unwrap(), whole);
}

/// Writes an index whose lowest x of the last chunk is wrong, and whose checksum is right.
fn spoil(place: &Path) {
    let mut bytes = std::fs::read(place).unwrap();
    let end = bytes.len() - 4;
    bytes[end - 60] ^= 1;
    let checksum = crc32fast::hash(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&checksum);
    std::fs::write(place, &bytes).unwrap();
}

#[test]
fn an_index_in_a_folder_is_the_one_that_is_named_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    let folder = dir.path().join("indexes");
    std::fs::create_dir(&folder).unwrap();
    let (beside, place) = (dir.path().join("a.laz.chunks"), folder.join("a.laz.chunks"));
    drop(Las::open(&path).unwrap().indexed(Some(&folder)).unwrap());
    assert!(place.exists() && !beside.exists());
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    spoil(&place);
    let open = || Las::open(&path).unwrap().indexed(Some(&folder)).unwrap();
    let error = open().read_points(Columns::XYZ).unwrap_err().to_string();
    assert!(
        error.contains(&format!("{} was removed: run again", place.display())),
        "{error}"
    );
    assert!(
        beside.exists() && !place.exists(),
        "only the one that was used"
    );
    assert_eq!(open().read_points(Columns::XYZ).unwrap().len(), 200_000);

    // A fault of the one beside the file is no matter once the one in the folder is used.
    std::fs::write(&beside, b"no index").unwrap();
    assert!(Las::open(&path).unwrap().index_fault().is_some());
    assert_eq!(open().index_fault(), None);

    // What cannot be removed is not said to be.
    spoil(&place);
    let las = open();
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir(&place).unwrap();
    let error = las.read_points(Columns::XYZ).unwrap_err().to_string();
    assert!(
        error.contains("cannot be removed") && !error.contains("was removed"),
        "{error}"
    );
    assert!(place.exists());
}

#[test]
fn bytes_of_a_chunk_that_are_not_those_that_were_indexed_are_refused_and_nothing_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let las = Las::open(&path).unwrap();
    assert_eq!(
        las.index_fault(),
        None,
        "neither length nor header nor chunk table tell"
    );
    let error = las.read_points(Columns::XYZ).unwrap_err().to_string();
    assert!(
        error.contains("checksum of a chunk") && error.contains("a.laz.chunks"),
        "{error}"
    );
    assert!(dir.path().join("a.laz.chunks").exists());
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(
        Las::open(&path)
            .unwrap()
            .read_points(Columns::XYZ)
            .unwrap()
            .len(),
        200_000
    );
}

#[test]
fn a_copy_elsewhere_has_the_identity_and_finds_the_index_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    let (folder, node) = (dir.path().join("indexes"), dir.path().join("node"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir(&node).unwrap();
    drop(
        Las::open(&path)
            .unwrap()
            .indexed_by_content(&folder)
            .unwrap(),
    );
    let copy = node.join("renamed.laz");
    std::fs::write(&copy, std::fs::read(&path).unwrap()).unwrap();
    let times = std::fs::File::options().write(true).open(&copy).unwrap();
    times
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let [here, there] = [&path, &copy].map(|path| Las::open(path).unwrap());
    assert_eq!(
        here.input_identities().unwrap(),
        there.input_identities().unwrap()
    );
    assert_ne!(here.input_names(), there.input_names());
    let of_class_6 = |las: Las| las.keep_classes(&[6]).chunk_count();
    assert_eq!(of_class_6(there.clone()), 4, "without its index");
    assert_eq!(of_class_6(there.with_index_by_content(&folder).unwrap()), 2);
    assert!(
        std::fs::read_dir(&node).unwrap().count() == 1,
        "nothing is written beside the copy"
    );
}

#[test]
fn other_points_that_are_not_compressed_have_another_identity() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.las");
    std::fs::write(&path, made::las(2, 0, 0, 5000)).unwrap();
    let before = Las::open(&path).unwrap().input_identities().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let first = bytes.len() - 5000 * usize::from(Las::open(&path).unwrap().header().record_length);
    bytes[first] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_ne!(
        Las::open(&path).unwrap().input_identities().unwrap(),
        before
    );
}
