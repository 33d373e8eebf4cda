//! Features in half precision, and normals in two whole numbers.

use super::{EVERYTHING, contents, run, survey};
use isopach::features::decode_normal;
use isopach_npy::read;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::{fs, path::Path};

/// The manifest of a folder.
fn manifest_of(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// The numbers of a column of a folder of arrays, of all patches, decoded as the manifest says.
fn column_of(folder: &Path, name: &str) -> Vec<f64> {
    let manifest = manifest_of(folder);
    let columns = manifest["columns"].as_array().unwrap();
    let about = columns.iter().find(|column| column["name"] == name);
    let storage = &about.unwrap()["storage"];
    let patches = manifest["patches"].as_array().unwrap().iter();
    let arrays = patches.flat_map(|patch| {
        let path = patch["folder"].as_str().unwrap();
        read(&folder.join(path).join(format!("{name}.npy")))
            .unwrap()
            .values
    });
    let numbers: Vec<f64> = arrays.collect();
    match storage["kind"].as_str() {
        None => numbers,
        Some("half") => {
            let scale = storage["scale"].as_f64().unwrap();
            numbers.into_iter().map(|half| half * scale).collect()
        }
        Some(_) => {
            let places = numbers.chunks(2).map(|at| [at[0] as i16, at[1] as i16]);
            places.flat_map(decode_normal).collect()
        }
    }
}

#[test]
fn halves_are_right_to_the_error_that_the_manifest_states() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let words = [
        "--side",
        "12",
        "--points",
        "150",
        "--at-least",
        "40",
        "--features",
        "full",
        "--radius",
        "1.5",
        "--height",
        "nearest",
        "--format",
        "npy",
    ];
    let copies = ["--copies", "2", "--rotate", "--scale", "0.5,2"];
    for (number, more) in [&[][..], &copies, &["--normalise"]].into_iter().enumerate() {
        let [plain, halves] =
            ["plain", "halves"].map(|name| out.path().join(format!("{name}{number}")));
        let words = [&words[..], more].concat();
        run(survey.path(), &plain, &words).unwrap();
        run(
            survey.path(),
            &halves,
            &[&words[..], &["--halves"]].concat(),
        )
        .unwrap();
        let manifest = manifest_of(&halves);
        assert_eq!(manifest["version"], 2);
        assert_eq!(manifest["statistics"], manifest_of(&plain)["statistics"]);
        let mut in_halves = 0;
        for column in manifest["columns"].as_array().unwrap() {
            let name = column["name"].as_str().unwrap();
            let [exact, found] = [&plain, &halves].map(|folder| column_of(folder, name));
            assert_eq!(exact.len(), found.len(), "{name}");
            let pairs = || {
                exact
                    .iter()
                    .zip(&found)
                    .filter(|(exact, _)| !exact.is_nan())
            };
            assert!(
                exact
                    .iter()
                    .zip(&found)
                    .all(|(a, b)| a.is_nan() == b.is_nan())
            );
            match column["storage"]["kind"].as_str() {
                None => assert!(pairs().all(|(exact, found)| exact == found), "{name}"),
                Some("half") => {
                    in_halves += 1;
                    let least = column["storage"]["relative_to_at_least"].as_f64().unwrap();
                    let errors = pairs()
                        .map(|(exact, found)| (found - exact).abs() / exact.abs().max(least));
                    let largest = errors.fold(0.0, f64::max);
                    assert!(largest <= 1.0 / 2048.0, "{name}: {largest}");
                    assert_eq!(
                        column["storage"]["largest_relative_error"], largest,
                        "{name}"
                    );
                }
                Some(_) => {
                    let apart = exact.chunks(3).zip(found.chunks(3)).map(|(a, b)| {
                        let squares = a.iter().zip(b).map(|(a, b)| (b - a) * (b - a));
                        squares.sum::<f64>().sqrt()
                    });
                    let largest = apart.fold(0.0, f64::max);
                    assert!(largest <= 1e-4, "{name}: {largest}");
                    let stated = column["storage"]["largest_error"].as_f64().unwrap();
                    assert!((stated - largest).abs() < 1e-9, "{name}");
                }
            }
        }
        assert!(in_halves > 25, "{in_halves}");
        let kept = [
            "coord",
            "strength",
            "segment",
            "height_above_ground",
            "number_of_neighbors",
        ];
        for column in manifest["columns"].as_array().unwrap() {
            let is_kept = kept.contains(&column["name"].as_str().unwrap());
            assert!(!is_kept || column["storage"].is_null(), "{column}");
        }
    }
}

#[test]
fn halves_are_the_same_bytes_in_any_tiles_and_shards_hold_them() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let words = [&EVERYTHING[..], &["--halves", "--shard-size", "20KiB"]].concat();
    let [a, b] = ["a", "b"].map(|name| out.path().join(name));
    run(survey.path(), &a, &words).unwrap();
    run(
        survey.path(),
        &b,
        &[&words[..], &["--tile-size", "10"]].concat(),
    )
    .unwrap();
    assert!(contents(&a) == contents(&b));
    let bytes = fs::read(a.join("patches-00000.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let planarity = tensors.tensor("planarity").unwrap();
    assert_eq!(planarity.dtype(), Dtype::F16);
    let normal = tensors.tensor("normal").unwrap();
    assert_eq!((normal.dtype(), normal.shape()[1]), (Dtype::I16, 2));
    assert_eq!(tensors.tensor("coord").unwrap().dtype(), Dtype::F32);
}
