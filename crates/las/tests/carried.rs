//! Extra bytes from files to a file, as they are stored.

use isopach_cloud::{Cloud, Columns};
use isopach_las::{
    Catalogue, ExtraBytes, ExtraKind, Las, LasProblem, LazWriter, Schema, SortedLazWriter,
    width_of_extra,
};
use std::{collections::BTreeMap, path::Path};

const KINDS: [ExtraKind; 10] = [
    ExtraKind::U8,
    ExtraKind::I8,
    ExtraKind::U16,
    ExtraKind::I16,
    ExtraKind::U32,
    ExtraKind::I32,
    ExtraKind::U64,
    ExtraKind::I64,
    ExtraKind::F32,
    ExtraKind::F64,
];

const POINTS: usize = 120_000;

/// A column of each type, some with scale and offset, some with a no-data value.
fn columns() -> Vec<ExtraBytes> {
    let described = KINDS.iter().enumerate().map(|(number, &kind)| {
        let column = ExtraBytes::new(format!("{kind:?}"), format!("column {number}"), kind);
        match number % 3 {
            0 => column.with_scale(0.5, 7.0),
            1 => column.with_no_data(77.0),
            _ => column,
        }
    });
    described.collect()
}

fn cloud_of(points: std::ops::Range<usize>) -> Cloud {
    let places = points.map(|i| [(i % 317) as f64, (i / 317) as f64, (i % 97) as f64]);
    let places: Vec<[f64; 3]> = places.collect();
    let mut cloud = Cloud::from_points(&places).unwrap();
    let classes = (0..cloud.len()).map(|i| (i % 3) as u8);
    cloud.attributes.classification = Some(classes.collect());
    cloud
}

/// Writes two files whose columns are in different orders.
fn write_files(folder: &Path) {
    for (name, points, turned) in [("a.laz", 0..POINTS, false), ("b.laz", 5..900, true)] {
        let mut extra_bytes = columns();
        if turned {
            extra_bytes.reverse();
        }
        let value = |column: &ExtraBytes, i: usize| match (i % 5, column.no_data) {
            (0, Some(_)) => f64::NAN,
            (digit, _) => column.shift + column.scale * digit as f64,
        };
        let values = extra_bytes
            .iter()
            .map(|column| points.clone().map(|i| value(column, i)).collect());
        let values: Vec<Vec<f64>> = values.collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let schema = Schema {
            columns: Columns::CLASSIFICATION,
            extra_bytes,
            ..Schema::default()
        };
        let mut writer = LazWriter::create(folder.join(name), &schema).unwrap();
        writer.write(&cloud_of(points), &values).unwrap();
        writer.finish().unwrap();
    }
}

#[test]
fn bytes_of_all_types_come_from_files_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let survey = Catalogue::open(&[folder.path()]).unwrap();
    let common = survey.common_extra();
    let mut names: Vec<String> = KINDS.iter().map(|kind| format!("{kind:?}")).collect();
    names.sort();
    let found: Vec<&str> = common.columns.iter().map(|column| &*column.name).collect();
    assert_eq!(found, names, "by name: the files have other orders");
    let carried = common.columns[1..].to_vec();
    let width = width_of_extra(&carried).unwrap();
    let survey = survey.carry_extra(&carried).unwrap().keep_classes(&[1, 2]);
    let columns = Columns::CLASSIFICATION.with_extra_width(width);
    let cloud = survey.read_all(columns).unwrap();
    let extra = cloud.attributes.extra.as_ref().unwrap();
    assert_eq!((extra.len(), extra.width()), (cloud.len(), width));

    let schema = Schema {
        columns,
        carried,
        extra_bytes: vec![ExtraBytes::new("new", "", ExtraKind::F32)],
        ..Schema::default()
    };
    let new: Vec<f64> = (0..cloud.len()).map(|i| i as f64).collect();
    let [plain, sorted] = ["plain.laz", "sorted.laz"].map(|name| folder.path().join(name));
    let mut writer = LazWriter::create(&plain, &schema).unwrap();
    writer.write(&cloud, &[&new]).unwrap();
    writer.finish().unwrap();
    let written = Las::open(&plain).unwrap();
    for (before, after) in schema.carried.iter().zip(&written.header().extra_bytes) {
        assert!(after.is_stored_like(before), "{after:?}");
        assert_eq!(after.description, before.description);
    }
    assert_eq!(written.read_extra("new").unwrap(), new);
    for column in &schema.carried {
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let files = survey.files().iter();
        let before = files.flat_map(|file| file.read_extra(&column.name).unwrap());
        let after = written.read_extra(&column.name).unwrap();
        assert!(bits(after) == bits(before.collect()), "{}", column.name);
    }

    let mut writer = SortedLazWriter::create(&sorted, &schema, 1.0, 1 << 20).unwrap();
    writer.write(&cloud, &[&new]).unwrap();
    writer.finish().unwrap();
    // Of each point, by the number that it got.
    let of_points = |path: &Path| {
        let file = Las::open(path).unwrap();
        let numbers = file.read_extra("new").unwrap();
        let values = file.read_extra("F64").unwrap();
        let points = numbers.iter().map(|number| *number as usize);
        points
            .zip(values.into_iter().map(f64::to_bits))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(of_points(&sorted), of_points(&plain));
    assert_eq!(of_points(&plain).len(), cloud.len());
}

#[test]
fn columns_that_are_not_there_are_refused_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let survey = Catalogue::open(&[folder.path()]).unwrap();
    let other = columns()[0].clone().with_scale(0.25, 7.0);
    let refused = survey.clone().carry_extra(&[other]).unwrap_err();
    assert!(matches!(refused.problem, LasProblem::MissingColumn { .. }));
    let unnamed = survey.read_all(Columns::XYZ.with_extra_width(4));
    let message = unnamed.unwrap_err().to_string();
    assert!(message.contains("carry_extra"), "{message}");
}

#[test]
fn a_schema_has_the_width_of_its_carried_columns() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema {
        carried: columns(),
        ..Schema::default()
    };
    let refused = LazWriter::create(folder.path().join("a.laz"), &schema).unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("0 extra bytes a point"), "{message}");
}
