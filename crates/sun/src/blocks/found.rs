//! Findings from the images as a whole, made once by the process that begins a run in blocks: a
//! single block cannot know them.

use serde_json::{Value, json};

/// Key of the manifest with the inputs of the findings.
const INPUTS: &str = "inputs";

/// The findings of the process that began the run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Warnings from the headers, and with `--align` from the correlation of the channels.
    pub(crate) warnings: Vec<String>,
    /// Remarks on the pixels of all rows that contradict their headers.
    pub(crate) remarks: Option<String>,
}

impl Found {
    /// For the manifest, of these inputs.
    pub(super) fn to_json(&self, inputs: &[String]) -> Value {
        let Self { warnings, remarks } = self;
        json!({ INPUTS: inputs, "warnings": warnings, "remarks": remarks })
    }

    /// Reads the findings from a manifest; `None` if they are invalid, or of other inputs.
    pub(super) fn from_json(value: &Value, inputs: &[String]) -> Option<Self> {
        if value[INPUTS] != json!(inputs) {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            warnings: value["warnings"]
                .as_array()?
                .iter()
                .map(text)
                .collect::<Option<_>>()?,
            remarks: match &value["remarks"] {
                Value::Null => None,
                remarks => Some(text(remarks)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_for_the_same_inputs_alone() {
        let inputs = ["100 bytes, CRC-32 0000002a".to_owned()];
        for remarks in [None, Some("pixels are sums".to_owned())] {
            let found = Found {
                warnings: vec!["a \"word\"".into()],
                remarks,
            };
            let json = found.to_json(&inputs);
            assert_eq!(Found::from_json(&json, &inputs), Some(found));
            assert_eq!(Found::from_json(&json, &[]), None);
        }
        let torn = json!({ INPUTS: inputs, "warnings": [1], "remarks": null });
        assert_eq!(Found::from_json(&torn, &inputs), None);
    }
}
