//! A file that becomes another while it is open.
#![allow(missing_docs)]

use isopach_cloud::{Cloud, Columns};
use isopach_las::{Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::{fs, path::Path};

fn write(path: &Path, points: i32) {
    let xyz: Vec<[f64; 3]> = (0..points).map(|i| [f64::from(i), 1.0, 2.0]).collect();
    let mut writer = LazWriter::create(path, &Schema::default()).unwrap();
    writer
        .write(&Cloud::from_points(&xyz).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
}

#[test]
fn neither_a_replaced_file_nor_one_that_is_written_to_gives_points() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    write(&path, 100);
    let las = Las::open(&path).unwrap();
    let before = las.input_identities().unwrap();
    assert_eq!(las.read_chunk(0, Columns::XYZ).unwrap().len(), 100);
    let kept = dir.path().join("kept.laz");
    fs::rename(&path, &kept).unwrap();
    write(&path, 101);
    let message = las.read_chunk(0, Columns::XYZ).unwrap_err().to_string();
    assert!(
        message.contains("a.laz") && message.contains("changed while it was read"),
        "{message}"
    );
    assert_ne!(las.input_identities().unwrap(), before);
    fs::rename(&kept, &path).unwrap();
    assert_eq!(
        las.read_chunk(0, Columns::XYZ).unwrap().len(),
        100,
        "it is what it was"
    );
    assert_eq!(las.input_identities().unwrap(), before);
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_len(fs::metadata(&path).unwrap().len() + 1)
        .unwrap();
    assert!(las.read_chunk(0, Columns::XYZ).is_err());
    fs::remove_file(&path).unwrap();
    assert!(las.read_chunk(0, Columns::XYZ).is_err() && las.input_identities().is_err());
}
