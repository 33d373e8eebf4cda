//! Findings from the data before any tile is run: the alignment, the parameters that the user did
//! not give, the survey's scatter.
//!
//! They are computed once, and stored in the manifest of the run with the tiles: every process that
//! continues the run, or runs a share of it, reads them there.

pub(crate) mod exact;
pub(crate) mod find;
mod kinds;

use crate::{
    SurveyError,
    alignment::Aligned,
    execution::Execution,
    sample::{FromData, Sample},
};
use exact::{Exact, member};
use isopach::tiling::TilingError;
use isopach::{
    compute::{Error, Result},
    las::LeftOut,
    tiling::CheckpointDir,
};
use serde_json::{Value, json};

/// Key of the manifest with the inputs of the findings.
const INPUTS: &str = "inputs";

/// The findings from the data.
pub(crate) struct Found {
    /// The motion of the later epoch; `None` if no alignment was requested.
    pub(crate) aligned: Option<Aligned>,
    /// Parameters that the data ask for.
    pub(crate) from_data: FromData,
    /// The scatter of the survey.
    pub(crate) sample: Sample,
    /// Points of each epoch that were left out for their flags and classes.
    pub(crate) left_out: [LeftOut; 2],
    /// Warnings about the points.
    pub(crate) warnings: Vec<String>,
}

impl Found {
    /// For the manifest, of these inputs.
    pub(crate) fn to_json(&self, inputs: &Value) -> Value {
        let Self {
            aligned,
            from_data,
            sample,
            left_out,
            warnings,
        } = self;
        json!({
            INPUTS: inputs,
            "aligned": Exact::to_json(aligned),
            "from_data": Exact::to_json(from_data),
            "sample": Exact::to_json(sample),
            "left_out": Exact::to_json(left_out),
            "warnings": warnings,
        })
    }

    /// The findings of a manifest; `None` if they are invalid.
    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            aligned: member(value, "aligned")?,
            from_data: member(value, "from_data")?,
            sample: member(value, "sample")?,
            left_out: member(value, "left_out")?,
            warnings: member(value, "warnings")?,
        })
    }
}

/// The findings of the process that began the run, as in the manifest and as values. `None` if no
/// run was begun, or if this run may restart.
pub(crate) fn read_begun(
    kept: &CheckpointDir,
    execution: &Execution,
    inputs: &Value,
) -> Result<Option<(Value, Found)>> {
    let may_begin_anew = execution.folder.may_begin_anew();
    let found = match kept.derived_values(execution.memory) {
        Err(error) if may_begin_anew && is_other_run(&error) => return Ok(None),
        found => found?,
    };
    let Some(found) = found else { return Ok(None) };
    let folder = kept.folder().to_owned();
    match Found::from_json(&found) {
        Some(values) if found[INPUTS] == *inputs => Ok(Some((found, values))),
        _ if may_begin_anew => Ok(None),
        Some(_) => Err(SurveyError::InputChanged { folder }.into()),
        None => Err(SurveyError::NoFindings { folder }.into()),
    }
}

/// Whether the folder belongs to a run of other parameters, or of another version.
fn is_other_run(error: &Error) -> bool {
    matches!(error.find_cause(), Some(TilingError::OtherRun { .. }))
}
