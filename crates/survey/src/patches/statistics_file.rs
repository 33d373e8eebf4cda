//! Statistics in a manifest, and from one.

use super::PatchOptionError;
use isopach::{
    compute::{Error, Result},
    patches::{ColourBits, ColumnStatistics, Moments, Statistics},
};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Largest file that is read as a manifest, bytes.
const MOST_BYTES: u64 = 1 << 30;

/// The statistics of columns as they stand in a manifest.
pub(super) fn describe_statistics(statistics: &Statistics) -> Value {
    let of_column = |column: &ColumnStatistics| {
        let of = |number: &dyn Fn(&Moments) -> Value| -> Vec<Value> {
            column.moments.iter().map(number).collect()
        };
        json!({
            "name": column.name,
            "mean": of(&|moments| json!(moments.mean)),
            "sd": of(&|moments| json!(moments.deviation())),
            "count": of(&|moments| json!(moments.count)),
            "missing": of(&|moments| json!(moments.missing)),
            "squares": of(&|moments| json!(moments.squares)),
        })
    };
    statistics.columns.iter().map(of_column).collect()
}

/// The statistics of a manifest, and the bits of its colours if it has any.
pub(super) fn read_statistics(file: &Path) -> Result<(Statistics, Option<ColourBits>)> {
    let named = |error| Error::of_file(file, error);
    let length = fs::metadata(file).map_err(named)?.len();
    let refused = |reason: &str| PatchOptionError::NoStatistics {
        file: file.to_owned(),
        reason: reason.to_owned(),
    };
    if length > MOST_BYTES {
        return Err(refused("it is larger than 1 GiB").into());
    }
    let bytes = fs::read(file).map_err(named)?;
    let manifest: Value =
        serde_json::from_slice(&bytes).map_err(|error| refused(&error.to_string()))?;
    let columns = manifest["statistics"].as_array();
    let columns = columns.ok_or_else(|| refused("there is no list `statistics`"))?;
    let parsed: Option<Vec<ColumnStatistics>> = columns.iter().map(parse_column).collect();
    let columns = parsed.ok_or_else(|| refused("a column lacks name, count, mean or squares"))?;
    let bits = match manifest["color_bits"].as_u64() {
        Some(8) => Some(ColourBits::Eight),
        Some(16) => Some(ColourBits::Sixteen),
        _ => None,
    };
    Ok((Statistics { columns }, bits))
}

fn parse_column(column: &Value) -> Option<ColumnStatistics> {
    let list = |name: &str| column[name].as_array();
    let [counts, missing] = [list("count")?, list("missing")?];
    let [means, squares] = [list("mean")?, list("squares")?];
    let width = counts.len();
    if [missing.len(), means.len(), squares.len()] != [width; 3] {
        return None;
    }
    let of_number = |i: usize| {
        let moments = Moments {
            count: counts[i].as_u64()?,
            missing: missing[i].as_u64()?,
            mean: means[i].as_f64()?,
            squares: squares[i].as_f64()?,
        };
        (moments.squares >= 0.0).then_some(moments)
    };
    Some(ColumnStatistics {
        name: column["name"].as_str()?.to_owned(),
        moments: (0..width).map(of_number).collect::<Option<_>>()?,
    })
}
