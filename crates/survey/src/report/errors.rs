//! What the survey says of its errors: errors that neighbouring cells share, and how much of the
//! stable ground exceeds its level of detection.

use serde_json::Value;

/// Standard deviation of shared errors that is worth a sentence, metres.
const WORTH_SAYING: f64 = 1e-3;

/// Sentences about the errors, from the entries `sample` and `parameters` of a summary.
pub(crate) fn error_sentences(summary: &Value) -> Vec<String> {
    let sample = &summary["sample"];
    let mut sentences = Vec::new();
    if let Some(share) = sample["stable_share_exceeding"].as_f64() {
        sentences.push(format!(
            "On the stable ground, {:.1} % of the sampled cells exceed their level of detection (5 expected).",
            100.0 * share
        ));
    }
    let variogram = &sample["variogram"];
    let shared = variogram["correlated_sigma_m"].as_f64().unwrap_or(0.0);
    if shared >= WORTH_SAYING {
        let range = variogram["structures"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|structure| structure["range_m"].as_f64())
            .fold(0.0, f64::max);
        let included = if summary["parameters"]["correlated"] == "include" {
            "it is in the levels of detection and in the ± of volumes"
        } else {
            "it is in the ± of volumes, not in the levels of detection (--correlated include)"
        };
        let uncorrected = if summary["parameters"]["stable"].is_null() {
            "; gain and loss contain it, since no ground is known to be stable (--stable)"
        } else {
            ""
        };
        sentences.push(format!(
            "Cells nearer than {range:.0} m to each other share an error of {shared:.3} m (standard deviation): {included}{uncorrected}."
        ));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_said_if_they_are_known() {
        assert!(error_sentences(&json!({})).is_empty());
        let mut summary = json!({
            "sample": {
                "stable_share_exceeding": 0.083,
                "variogram": {
                    "correlated_sigma_m": 0.0213,
                    "structures": [{ "range_m": 12.0 }, { "range_m": 25.2 }],
                },
            },
            "parameters": { "correlated": "report" },
        });
        let [exceeding, shared] = &error_sentences(&summary)[..] else {
            panic!("two sentences")
        };
        assert!(
            exceeding.contains("8.3 % of the sampled cells"),
            "{exceeding}"
        );
        assert!(
            shared.contains("nearer than 25 m")
                && shared.contains("0.021 m")
                && shared.contains("--correlated include"),
            "{shared}"
        );
        assert!(shared.contains("gain and loss contain it"), "{shared}");
        summary["parameters"]["stable"] = "roads.geojson".into();
        assert!(!error_sentences(&summary)[1].contains("gain and loss"));
        summary["parameters"]["correlated"] = "include".into();
        assert!(error_sentences(&summary)[1].contains("it is in the levels of detection"));
        summary["sample"]["variogram"]["correlated_sigma_m"] = 0.0.into();
        assert_eq!(error_sentences(&summary).len(), 1);
    }
}
