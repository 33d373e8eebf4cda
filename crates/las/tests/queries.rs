//! Boxes, classes and resolutions decode what they meet, and give what a filter of everything
//! gives.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Attributes, Cloud, Columns, Points, Rect};
use isopach_compute as compute;
use isopach_las::{Catalogue, Las, LasLimits, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// 200,000 points in rows from south to north, so that a chunk is a strip; class 2 but in the
/// northern quarter, which is class 6.
fn strips(path: &Path) {
    let n = 200_000_u32;
    let mut cloud = Cloud::from_points(
        &(0..n)
            .map(|i| [f64::from(i % 400), f64::from(i / 400), f64::from(i % 7)])
            .collect::<Vec<_>>(),
    )
    .unwrap();
    let class = |i: u32| if i < n / 4 * 3 { 2 } else { 6 };
    cloud.attributes = Attributes {
        classification: Some((0..n).map(class).collect()),
        ..Attributes::default()
    };
    let schema = Schema {
        columns: Columns::CLASSIFICATION,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[]).unwrap();
    writer.finish().unwrap();
}

/// What a filter after reading everything gives.
fn filtered(all: &Points, rect: &Rect, class: Option<u8>) -> Vec<[f64; 3]> {
    let classes = all.attributes.classification.as_ref().unwrap();
    let kept = all
        .xyz
        .iter()
        .zip(classes)
        .filter(|(p, c)| rect.contains([p[0], p[1]]) && class.is_none_or(|k| k == **c));
    kept.map(|(p, _)| *p).collect()
}

#[test]
fn an_index_leaves_the_chunks_that_are_met() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("strips.laz");
    strips(&path);
    let plain = Las::open(&path).unwrap();
    let all = plain.read_points(Columns::CLASSIFICATION).unwrap();
    assert_eq!(plain.chunk_count(), 4);
    let place = dir.path().join("strips.laz.chunks");
    assert!(!place.exists());
    let rect = Rect {
        min: [10.0, 20.0],
        max: [30.0, 60.0],
    };
    let found = plain.indexed(None).unwrap().within(rect);
    assert!(place.exists());
    assert_eq!((found.chunk_count(), found.total_chunks()), (1, 4));
    assert_eq!(
        found.read_points(Columns::XYZ).unwrap().xyz,
        filtered(&all, &rect, None)
    );

    // The next one finds it there; classes that a chunk has not are not decoded either.
    let buildings = Las::open(&path).unwrap().keep_classes(&[6]);
    assert_eq!(buildings.chunk_count(), 1);
    let everywhere = Rect {
        min: [-1.0; 2],
        max: [1e4; 2],
    };
    assert_eq!(
        buildings.read_points(Columns::XYZ).unwrap().xyz,
        filtered(&all, &everywhere, Some(6))
    );
    assert_eq!(
        Catalogue::open(&[&path])
            .unwrap()
            .keep_classes(&[6])
            .chunk_count(),
        1
    );
    assert_eq!(
        Las::open(&path)
            .unwrap()
            .keep_classes(&[9])
            .read_points(Columns::XYZ)
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_stale_index_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (dir.path().join("a.laz"), dir.path().join("indexes"));
    fs::create_dir(&elsewhere).unwrap();
    strips(&path);
    Las::open(&path).unwrap().indexed(Some(&elsewhere)).unwrap();
    let place = elsewhere.join("a.laz.chunks");
    let corner = Rect {
        min: [0.0; 2],
        max: [5.0, 5.0],
    };
    let chunks = |folder: Option<&Path>| {
        Las::open(&path)
            .unwrap()
            .indexed(folder)
            .unwrap()
            .within(corner)
            .chunk_count()
    };
    assert_eq!(chunks(Some(&elsewhere)), 1);

    // The same bytes at another time: it is the same file.
    let before = fs::read(&place).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(chunks(Some(&elsewhere)), 1);
    assert_eq!(fs::read(&place).unwrap(), before);

    // Another file of the same name: the index is made anew.
    fs::write(&path, [&bytes[..], b" "].concat()).unwrap();
    assert_eq!(chunks(Some(&elsewhere)), 1);
    assert_ne!(fs::read(&place).unwrap(), before);

    // A broken one too; beside the file it is passed over in silence, as if it were not there.
    for broken in [&b""[..], b"ISOPCHK1", &[0xFF; 24 + 8 + 4 * 60]] {
        fs::write(dir.path().join("a.laz.chunks"), broken).unwrap();
        assert_eq!(Las::open(&path).unwrap().within(corner).chunk_count(), 4);
    }
    assert!(
        Las::open(&path)
            .unwrap()
            .indexed(Some(&dir.path().join("nowhere")))
            .is_err()
    );
}

fn lone_star() -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar/lone-star.copc.laz");
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn copc_boxes_decode_the_nodes_that_they_meet() {
    let Some(path) = lone_star() else { return };
    let las = Las::open(&path).unwrap();
    let all = las.read_points(Columns::CLASSIFICATION).unwrap();
    assert_eq!(all.len() as u64, las.header().point_count);
    let [min, max] = [las.header().min, las.header().max];
    for share in [0.03, 0.1, 0.5] {
        let high = [0, 1].map(|a| min[a] + share * (max[a] - min[a]));
        let rect = Rect {
            min: [min[0], min[1]],
            max: high,
        };
        let part = Las::open(&path).unwrap().within(rect);
        assert!(part.chunk_count() < part.total_chunks());
        assert_eq!(
            part.read_points(Columns::XYZ).unwrap().xyz,
            filtered(&all, &rect, None)
        );
    }
}

#[test]
fn copc_levels_add_up_and_coarse_ones_are_fewer() {
    let Some(path) = lone_star() else { return };
    let las = Las::open(&path).unwrap();
    let copc = las.copc_info().unwrap().clone();
    assert_eq!(
        copc.points_by_level.iter().sum::<u64>(),
        las.header().point_count
    );
    for level in 0..copc.points_by_level.len() as u8 {
        let part = Las::open(&path)
            .unwrap()
            .at_resolution(copc.spacing_at(level))
            .unwrap();
        let expected: u64 = copc.points_by_level[..=usize::from(level)].iter().sum();
        assert_eq!(
            part.read_points(Columns::XYZ).unwrap().len() as u64,
            expected,
            "level {level}"
        );
    }
    assert!(Las::open(&path).unwrap().at_resolution(f64::NAN).is_err());
}

#[test]
fn a_copc_file_is_the_laz_file_that_it_is_too() {
    let Some(path) = lone_star() else { return };
    // Steps of a quarter of a millimetre, counted from offsets that differ.
    let sorted = |path: &Path| {
        let xyz = Las::open(path)
            .unwrap()
            .read_points(Columns::XYZ)
            .unwrap()
            .xyz;
        let mut steps: Vec<[i64; 3]> = xyz
            .iter()
            .map(|p| p.map(|x| (x * 4000.0).round() as i64))
            .collect();
        steps.sort_unstable();
        steps
    };
    assert!(sorted(&path) == sorted(&path.with_file_name("lone-star.laz")));
}

#[test]
fn copc_pages_that_lie_are_refused() {
    let Some(path) = lone_star() else { return };
    let whole = fs::read(&path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lie.copc.laz");
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let record = 375 + 54;
    let page = word(&whole, record + 40) as usize;
    let refused = |change: &dyn Fn(&mut Vec<u8>), reason: &str| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let message = Las::open(&path).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    };
    // An entry that is a page: the page it stands in.
    refused(
        &|bytes| {
            let (root, size) = (
                whole[record + 40..record + 48].to_vec(),
                whole[record + 48..record + 52].to_vec(),
            );
            bytes[page + 16..page + 24].copy_from_slice(&root);
            bytes[page + 24..page + 28].copy_from_slice(&size);
            bytes[page + 28..page + 32].copy_from_slice(&(-1_i32).to_le_bytes());
        },
        "reached twice",
    );
    refused(
        &|bytes| bytes[page + 28..page + 32].copy_from_slice(&(-2_i32).to_le_bytes()),
        "points of a COPC node",
    );
    refused(
        &|bytes| bytes[page + 28..page + 32].copy_from_slice(&i32::MAX.to_le_bytes()),
        "number of points",
    );
    refused(&|bytes| bytes[page + 16..page + 24].fill(0xFF), "truncated");
    refused(&|bytes| bytes[page + 4] = 0xFF, "COPC key");
    refused(
        &|bytes| bytes[record + 40..record + 48].fill(0xFF),
        "truncated",
    );
    refused(
        &|bytes| bytes[record + 24..record + 32].fill(0xFF),
        "half the side",
    );
    refused(&|bytes| bytes[record + 32..record + 40].fill(0), "spacing");
}

#[test]
fn limits_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    strips(&path);
    let open = |limits| Las::open_within(&path, limits);
    let message = open(LasLimits {
        points: 199_999,
        ..LasLimits::default()
    })
    .unwrap_err()
    .to_string();
    assert!(
        message.contains("200000") && message.contains("199999"),
        "{message}"
    );
    assert!(
        open(LasLimits {
            chunk_bytes: 100_000,
            ..LasLimits::default()
        })
        .is_err()
    );
    let tight = open(LasLimits {
        memory_bytes: 1_000_000,
        ..LasLimits::default()
    })
    .unwrap();
    assert!(matches!(
        tight.read_points(Columns::XYZ),
        Err(compute::Error::OutOfMemory {
            budget: 1_000_000,
            ..
        })
    ));
}

#[test]
fn a_pattern_stands_for_what_it_matches() {
    let dir = tempfile::tempdir().unwrap();
    for (number, name) in ["a_1.laz", "a_2.laz", "b_1.laz", "a_3.txt"]
        .into_iter()
        .enumerate()
    {
        let mut writer = LazWriter::create(dir.path().join(name), &Schema::default()).unwrap();
        writer
            .write(
                &Cloud::from_points(&[[number as f64, 1.0, 2.0]]).unwrap(),
                &[],
            )
            .unwrap();
        writer.finish().unwrap();
    }
    let pattern = |text: &str| Catalogue::open(&[dir.path().join(text)]);
    let names = |catalogue: Catalogue| {
        catalogue
            .files()
            .iter()
            .map(|file| file.path().file_name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(pattern("a_*").unwrap()), ["a_1.laz", "a_2.laz"]);
    assert_eq!(
        names(pattern("?_1.la[sz]").unwrap()),
        ["a_1.laz", "b_1.laz"]
    );
    let error = pattern("c_*.laz").unwrap_err().to_string();
    assert!(
        error.contains("c_*.laz") && error.contains("no LAS or LAZ file matches"),
        "{error}"
    );
}

#[test]
fn files_over_the_same_ground_are_told_and_neighbours_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, from: f64| {
        let points: Vec<[f64; 3]> = (0..121)
            .map(|i| [from + f64::from(i % 11), f64::from(i / 11), 1.0])
            .collect();
        let path = dir.path().join(name);
        let mut writer = LazWriter::create(&path, &Schema::default()).unwrap();
        writer
            .write(&Cloud::from_points(&points).unwrap(), &[])
            .unwrap();
        writer.finish().unwrap();
        path
    };
    let paths = [
        write("a.laz", 0.0),
        write("b.laz", 10.0),
        write("c.laz", 17.0),
    ];
    let overlaps = Catalogue::open(&paths).unwrap().overlaps();
    assert_eq!(overlaps.len(), 1, "{overlaps:?}");
    assert_eq!(overlaps[0].files, [1, 2]);
    let Rect { min, max } = overlaps[0].area;
    assert!(
        (min[0] - 17.0).abs() < 0.01 && (max[0] - 20.0).abs() < 0.01,
        "{overlaps:?}"
    );
}
