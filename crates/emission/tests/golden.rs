//! The golden cases of the reference program, by number. They are not shipped:
//! `../shared/data/emission/open` beside the repository, or below the folder that ISOPACH_SHARED
//! names.

#![allow(missing_docs, clippy::print_stderr)]

use emission_case::{EmissionCase, compare, read};
use isopach_compute::Cpu;
use isopach_emission::{InvertPixels, Observation, reference};
use isopach_testkit::emission_case;
use serde_json::{Map, Value};
use std::{env, fs, path::PathBuf};

/// Every case: its name, its folder, and itself. None where the data are not there.
fn cases() -> Vec<(String, PathBuf, EmissionCase)> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = env::var_os("ISOPACH_SHARED").map_or(beside, PathBuf::from);
    let open = shared.join("data/emission/open");
    let Ok(text) = fs::read_to_string(open.join("meta.json")) else {
        eprintln!(
            "SKIPPED: no golden cases at {} (set ISOPACH_SHARED to the folder that holds data/)",
            open.display()
        );
        return vec![];
    };
    let meta: Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert!(meta.len() >= 29, "only {} cases", meta.len());
    let case = |(name, about): (String, Value)| {
        let dir = open.join(&name);
        let case = read(&about, &dir).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, dir, case)
    };
    meta.into_iter().map(case).collect()
}

/// The reference is driven by round-off there: 80-bit numbers decide.
fn is_driven_by_round_off(name: &str) -> bool {
    name == "nt33_emd_int"
}

fn assert_equal(name: &str, line: &Value) {
    // Some cases have no λ, or no counts; those that there are must be numbers.
    let number = |key: &str| {
        line.get(key)
            .map_or(0.0, |value| value.as_f64().unwrap_or(f64::MAX))
    };
    assert!(
        ["dem_max", "edem_max", "chisq_max", "elogt_max"]
            .iter()
            .all(|key| line.get(key).is_some()),
        "{name}: {line}"
    );
    for key in ["lambda_differs", "iterations_differ"] {
        assert_eq!(number(key), 0.0, "{name}: {key} in {line}");
    }
    for (key, tolerance) in [
        ("dem_max", 1e-8),
        ("edem_max", 1e-8),
        ("dn_reg_max", 1e-8),
        ("chisq_max", 1e-6),
        ("elogt_max", 1e-9),
    ] {
        assert!(number(key) <= tolerance, "{name}: {key} in {line}");
    }
}

#[test]
fn the_definition_gives_the_reference_s_numbers() {
    for (name, dir, case) in cases() {
        let found = reference::invert(&case.inversion, case.observation()).unwrap();
        let line = compare(&found, &dir, is_driven_by_round_off(&name)).unwrap();
        eprintln!("{name} {line}");
        assert_equal(&name, &line);
    }
}

#[test]
fn the_fast_version_gives_the_reference_s_numbers() {
    for (name, dir, case) in cases() {
        let found = Cpu.invert(&case.inversion, case.observation()).unwrap();
        let line = compare(&found, &dir, is_driven_by_round_off(&name)).unwrap();
        eprintln!("{name} {line}");
        assert_equal(&name, &line);
    }
}

#[test]
fn single_precision_chooses_the_same_lambda() {
    let (mut accepted, mut differs) = (0.0, 0.0);
    for (name, dir, case) in cases() {
        let (counts, sigma) = (
            case.counts.mapv(|x| x as f32),
            case.sigma.mapv(|x| x as f32),
        );
        let found = Cpu
            .invert_single(
                &case.inversion,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap();
        let line = compare(&found, &dir, is_driven_by_round_off(&name)).unwrap();
        eprintln!("{name} {line}");
        // Absent in one case.
        accepted += line.get("accepted").map_or(0.0, |n| n.as_f64().unwrap());
        differs += line
            .get("lambda_differs")
            .map_or(0.0, |n| n.as_f64().unwrap());
        assert!(line["dem_p99"].as_f64().unwrap() <= 1e-5, "{name}: {line}");
    }
    assert!(accepted == 0.0 || accepted > 5000.0, "{accepted}");
    assert!(differs <= 1e-4 * accepted, "{differs} of {accepted}");
}
