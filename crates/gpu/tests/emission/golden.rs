//! The reference's own cases, which are not shipped: `../shared/data/emission/open` beside the
//! repository, or below the folder that ISOPACH_SHARED names.

use super::{device::gpu, double::double, emission_case};
use isopach_compute::Error;
use isopach_emission::{InvertPixels, Observation};
use serde_json::{Map, Value, json};
use std::{env, fs, path::PathBuf};

#[test]
fn golden_cases_have_the_reference_s_lambda() {
    let (Some(gpu), Some(double)) = (gpu(), double()) else {
        return;
    };
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("ISOPACH_SHARED")
        .map_or(beside, PathBuf::from)
        .join("data/emission/open");
    let Ok(text) = fs::read_to_string(folder.join("meta.json")) else {
        eprintln!(
            "SKIPPED: no golden cases at {} (set ISOPACH_SHARED to the folder that holds data/)",
            folder.display()
        );
        return;
    };
    let meta: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let (mut accepted, mut differs, mut declined) = (0.0, 0.0, vec![]);
    for (name, about) in meta {
        let dir = folder.join(&name);
        let case = emission_case::read(&about, &dir).unwrap_or_else(|e| panic!("{name}: {e}"));
        let wide = case.observation();
        let (counts, sigma) = (
            wide.counts.mapv(|x| x as f32),
            wide.sigma.mapv(|x| x as f32),
        );
        let observation = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        let found = match gpu.invert_single(&case.inversion, observation) {
            Err(Error::Unsupported { .. }) => {
                declined.push(name);
                continue;
            }
            found => found.unwrap(),
        };
        // The reference is driven by round-off in one case: 80-bit numbers decide.
        let line = emission_case::compare(&found, &dir, name == "nt33_emd_int").unwrap();
        eprintln!("{name} {line} again {}", found.inverted_again);
        let again = double.invert(&case.inversion, wide.clone()).unwrap();
        let line_in_double = emission_case::compare(&again, &dir, name == "nt33_emd_int").unwrap();
        eprintln!(
            "{name}, in double precision, {line_in_double} again {}",
            again.inverted_again
        );
        assert_eq!(
            (
                &line_in_double["lambda_differs"],
                &line_in_double["iterations_differ"]
            ),
            (&json!(0), &json!(0)),
            "{name}"
        );
        assert!(
            line_in_double["dem_p99"].as_f64().unwrap() <= 1e-8,
            "{name}: {line_in_double}"
        );
        accepted += line.get("accepted").map_or(0.0, |n| n.as_f64().unwrap());
        differs += line
            .get("lambda_differs")
            .map_or(0.0, |n| n.as_f64().unwrap());
        assert!(line["dem_p99"].as_f64().unwrap() <= 1e-5, "{name}: {line}");
    }
    assert!(declined.is_empty(), "{declined:?}");
    assert!(
        accepted > 5000.0 && differs <= 1e-4 * accepted,
        "{differs} of {accepted}"
    );
}
