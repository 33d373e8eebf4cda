//! What is written is what is read back, by column, by class and by rectangle.

#![allow(missing_docs)]

use isopach_cloud::{Attributes, Cloud, Columns, Crs, Points, Rect};
use isopach_las::{Catalogue, ExtraBytes, ExtraKind, Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::path::Path;

const COLUMNS: Columns = Columns::ALL;

fn points(n: u32) -> Points {
    let range = 0..n;
    Points {
        xyz: range
            .clone()
            .map(|i| {
                [
                    596_000.0 + f64::from(i % 317) * 0.125,
                    6_653_000.0 + f64::from(i / 317) * 0.25,
                    f64::from(i % 97),
                ]
            })
            .collect(),
        attributes: Attributes {
            classification: Some(range.clone().map(|i| (i % 19) as u8).collect()),
            intensity: Some(range.clone().map(|i| i as u16).collect()),
            returns: Some(range.clone().map(|i| [(i % 5) as u8 + 1, 5]).collect()),
            gps_time: Some(range.clone().map(|i| 1e8 + f64::from(i) * 1e-5).collect()),
            rgb: Some(range.clone().map(|i| [i as u16, 7, 65_535]).collect()),
            point_source: Some(range.clone().map(|i| (i / 100) as u16).collect()),
            scan_angle: Some(range.clone().map(|i| (i % 9001) as f32 * 0.006).collect()),
            flags: Some(range.clone().map(|i| (i % 16) as u8 | 0x40).collect()),
            user_data: Some(range.clone().map(|i| (i % 251) as u8).collect()),
            nir: Some(range.map(|i| (i % 65_521) as u16).collect()),
            extra: None,
        },
    }
}

fn cloud(points: &Points) -> Cloud {
    let mut cloud = Cloud::from_points(&points.xyz).unwrap();
    cloud.attributes = points.attributes.clone();
    cloud
}

fn write(path: &Path, points: &Points, distance: &[f64]) {
    let schema = Schema {
        crs: Some(Crs {
            vertical: Some(5703),
            ..Crs::from_epsg(25833)
        }),
        offset: [596_000.0, 6_653_000.0, 0.0],
        columns: COLUMNS,
        extra_bytes: vec![
            ExtraBytes::new("distance", "m, along the normal", ExtraKind::F64),
            ExtraBytes::new("count", "points", ExtraKind::U32),
        ],
        ..Schema::default()
    };
    let counts: Vec<f64> = (0..points.len()).map(|i| i as f64).collect();
    let mut writer = LazWriter::create(path, &schema).unwrap();
    assert!(
        !path.exists(),
        "a file must not be there before it is complete"
    );
    let whole = cloud(points);
    let half = points.len() as u32 / 2;
    for rows in [0..half, half..points.len() as u32] {
        let span = rows.start as usize..rows.end as usize;
        let part = whole.select(&rows.collect::<Vec<_>>());
        writer
            .write(&part, &[&distance[span.clone()], &counts[span]])
            .unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn every_column_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let points = points(120_000);
    let mut distance: Vec<f64> = (0..points.len()).map(|i| i as f64 * 0.1).collect();
    distance[7] = f64::NAN;
    write(&path, &points, &distance);

    let las = Las::open(&path).unwrap();
    assert_eq!(
        (las.header().version, las.header().format, las.point_count()),
        ([1, 4], 8, 120_000)
    );
    assert!(las.chunk_count() > 1);
    let crs = PointSource::crs(&las).unwrap();
    assert_eq!((crs.horizontal, crs.vertical), (Some(25833), Some(5703)));
    let back = las.read_points(COLUMNS).unwrap();
    assert_eq!(back.attributes, points.attributes);
    for (a, b) in back.xyz.iter().zip(&points.xyz) {
        assert!(
            (0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-8),
            "{a:?} {b:?}"
        );
    }
    let found = las.read_extra("distance").unwrap();
    assert!(found[7].is_nan());
    assert!(
        found
            .iter()
            .zip(&distance)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
    assert_eq!(las.read_extra("count").unwrap()[119_999], 119_999.0);
    assert!(
        las.read_extra("nothing")
            .unwrap_err()
            .to_string()
            .contains("nothing")
    );
}

#[test]
fn chunks_have_the_points_that_were_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let points = cloud(&points(10_001));
    let write = |chunk_points| {
        let mut writer = LazWriter::create(
            &path,
            &Schema {
                chunk_points,
                offset: [596_000.0, 6_653_000.0, 0.0],
                ..Schema::default()
            },
        )?;
        writer.write(&points, &[])?;
        writer.finish()
    };
    for (chunk_points, chunks) in [(1, 10_001), (777, 13), (10_001, 1), (u32::MAX, 1)] {
        write(chunk_points).unwrap();
        let las = Las::open(&path).unwrap();
        assert_eq!(
            (las.chunk_count(), las.points_in_chunk(0)),
            (chunks, u64::from(chunk_points.min(10_001)))
        );
        assert_eq!(las.read_points(Columns::XYZ).unwrap().len(), 10_001);
    }
    assert!(write(0).unwrap_err().to_string().contains("at least 1"));
}

#[test]
fn columns_that_the_format_lacks_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let mut writer = LazWriter::create(&path, &Schema::default()).unwrap();
    writer
        .write(&Cloud::from_points(&[[0.0; 3]]).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    let las = Las::open(&path).unwrap();
    for (column, name) in [(Columns::RGB, "colour"), (Columns::NIR, "near infrared")] {
        assert!(
            las.read_points(column)
                .unwrap_err()
                .to_string()
                .contains(name)
        );
    }
}

#[test]
fn one_column_is_what_it_is_among_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let points = points(60_000);
    write(&path, &points, &vec![0.0; points.len()]);
    let las = Las::open(&path).unwrap();
    for column in [
        Columns::XYZ,
        Columns::CLASSIFICATION,
        Columns::INTENSITY,
        Columns::RETURNS,
        Columns::GPS_TIME,
    ] {
        let part = las.read_points(column).unwrap();
        let mut whole = points.attributes.clone();
        whole.retain(column);
        assert_eq!(
            part.attributes, whole,
            "an unselected column must not be there, a selected one must be right"
        );
    }
}

#[test]
fn filters_are_pushed_down() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let points = points(60_000);
    write(&path, &points, &vec![0.0; points.len()]);
    let rect = Rect {
        min: [596_005.0, 6_653_002.0],
        max: [596_020.0, 6_653_030.0],
    };
    let las = Las::open(&path).unwrap().keep_classes(&[2, 9]).within(rect);
    let found = las.read_points(Columns::INTENSITY).unwrap();
    let class = points.attributes.classification.as_ref().unwrap();
    let wanted: Vec<u16> = (0..points.len())
        .filter(|&i| {
            [2, 9].contains(&class[i]) && rect.contains([points.xyz[i][0], points.xyz[i][1]])
        })
        .map(|i| i as u16)
        .collect();
    assert!(!wanted.is_empty());
    assert_eq!(found.attributes.intensity.unwrap(), wanted);
    assert_eq!(found.attributes.classification, None);
}

#[test]
fn several_files_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let [first, mut second] = [points(1000), points(1000)];
    // points of the same places would be read once
    second.xyz.iter_mut().for_each(|point| point[2] += 1.0);
    for (name, points) in [("b.laz", first), ("a.laz", second)] {
        write(&dir.path().join(name), &points, &vec![0.0; 1000]);
    }
    std::fs::write(dir.path().join("notes.txt"), "no points").unwrap();
    let folder = Catalogue::open(&[dir.path()]).unwrap();
    assert_eq!(folder.point_count(), 2000);
    assert_eq!(folder.files()[0].path().file_name().unwrap(), "a.laz");
    assert_eq!(folder.read_all(Columns::XYZ).unwrap().len(), 2000);
    assert_eq!(folder.files_meeting(&folder.extent()).len(), 2);
    assert!(
        folder
            .files_meeting(&Rect {
                min: [0.0; 2],
                max: [1.0; 2]
            })
            .is_empty()
    );
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LazWriter::create(dir.path().join("a.laz"), &Schema::default()).unwrap();
    writer
        .write(&Cloud::from_points(&[[1.0; 3]]).unwrap(), &[])
        .unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let schema = Schema {
        offset: [1.0, 0.0, 0.0],
        ..Schema::default()
    };
    let mut writer = LazWriter::create(dir.path().join("a.laz"), &schema).unwrap();
    let far = Cloud::from_points(&[[5e6, 0.0, 0.0]]).unwrap();
    assert!(
        writer
            .write(&far, &[])
            .unwrap_err()
            .to_string()
            .contains("too far from the offset")
    );
    assert!(
        LazWriter::create(
            dir.path().join("b.laz"),
            &Schema {
                scale: 0.0,
                ..Schema::default()
            }
        )
        .is_err()
    );
}

#[test]
fn no_points_is_a_file_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    LazWriter::create(&path, &Schema::default())
        .unwrap()
        .finish()
        .unwrap();
    assert!(
        Las::open(&path)
            .unwrap()
            .read_all(Columns::XYZ)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn pieces_make_the_file_that_the_whole_makes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = cloud(&points(180_000));
    let schema = Schema {
        columns: COLUMNS,
        offset: [596_000.0, 6_653_000.0, 0.0],
        ..Schema::default()
    };
    let write = |name: &str, piece: usize| {
        let path = dir.path().join(name);
        let mut writer = LazWriter::create(&path, &schema).unwrap();
        let rows: Vec<u32> = (0..whole.len() as u32).collect();
        rows.chunks(piece)
            .for_each(|rows| writer.write(&whole.select(rows), &[]).unwrap());
        writer.finish().unwrap();
        std::fs::read(path).unwrap()
    };
    let at_once = write("a.laz", whole.len());
    for piece in [777, 50_000, 100_001] {
        assert!(write("b.laz", piece) == at_once, "pieces of {piece}");
    }
    let on = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    assert!(
        [1, 3]
            .iter()
            .all(|&threads| on(threads).install(|| write("c.laz", 12_345)) == at_once)
    );
}
