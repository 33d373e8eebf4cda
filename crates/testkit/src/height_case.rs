//! Golden cases of heights above ground: how far a result is from them.
//!
//! A case is a folder of `.npy` arrays: `ground` and `query` (n × 3), `query_kind`,
//! `height_nearest`, `height_idw_kK_pP`, `height_tin`, and the marks of ambiguous queries
//! (`tie_nearest`, `tie_kK`, `tin_ambiguous`).

use isopach_cloud::Cloud;
use isopach_compute::Cpu;
use isopach_features::{GroundSurface, HeightAboveGround};
use serde_json::{Value, json};
use std::{error::Error, fs, path::Path};

/// Largest deviation of a height that a case passes with, metres.
///
/// Its coordinates are decimals, and ours whole ticks: it is computed at a scale of its steps to
/// powers of two, where both are exact, and the heights are scaled back.
pub const BOUND: f64 = 1e-9;

/// The same for queries that lie on no decimal step (kind 3): they are rounded to ticks.
pub const BOUND_OFF_STEPS: f64 = 2e-5;

/// Kind of queries that lie on no decimal step.
const OFF_STEPS: i64 = 3;

/// Deviations of one surface of a case.
#[derive(Clone, Debug)]
pub struct SurfaceDeviation {
    /// Name of the array.
    pub name: String,
    /// Queries that were compared.
    pub points: usize,
    /// Largest deviation, metres: of queries on decimal steps, and off them.
    pub largest: [f64; 2],
    /// Queries that have a height on one side only.
    pub on_one_side: usize,
    /// Median of the size of heights of withheld ground points (kind 0), metres.
    pub withheld_median: f64,
}

impl SurfaceDeviation {
    /// Whether all heights are within their bounds.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        let [on_steps, off_steps] = self.largest;
        self.points > 0
            && self.on_one_side == 0
            && on_steps <= BOUND
            && off_steps <= BOUND_OFF_STEPS
    }

    /// A line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "table": self.name,
            "points": self.points,
            "within_bounds": self.is_within_bounds(),
            "largest_m": self.largest[0],
            "largest_off_steps_m": self.largest[1],
            "on_one_side": self.on_one_side,
            "withheld_median_m": self.withheld_median,
        })
    }
}

/// Whether a folder has such a case.
#[must_use]
pub fn is_case(dir: &Path) -> bool {
    dir.join("height_nearest.npy").exists() && dir.join("ground.npy").exists()
}

/// Compares all surfaces of a case with this library on the CPU.
///
/// # Errors
/// If an array is missing, or its coordinates are no multiples of a decimal step.
pub fn compare(dir: &Path) -> Result<Vec<SurfaceDeviation>, Box<dyn Error>> {
    let ground = rows(dir, "ground")?;
    let queries = rows(dir, "query")?;
    let kinds = read(dir, "query_kind")?;
    let factor = scale_to_ticks(&ground)?;
    let [ground, queries] = [ground, queries].map(|rows| scaled(&rows, factor));
    let [ground, queries] = [Cloud::from_points(&ground)?, Cloud::from_points(&queries)?];
    let mut deviations = Vec::new();
    for (name, surface, marks) in surfaces(dir)? {
        let above = HeightAboveGround {
            surface,
            max_distance: f64::INFINITY,
        };
        let found = above.run(&Cpu, ground.positions(), queries.positions())?;
        let ours: Vec<f64> = found.height.iter().map(|height| height / factor).collect();
        let golden = read(dir, &name)?;
        let marks = read(dir, &marks)?;
        deviations.push(compare_heights(name, &ours, &golden, &marks, &kinds));
    }
    Ok(deviations)
}

fn compare_heights(
    name: String,
    ours: &[f64],
    golden: &[f64],
    marks: &[f64],
    kinds: &[f64],
) -> SurfaceDeviation {
    let mut deviation = SurfaceDeviation {
        name,
        points: 0,
        largest: [0.0; 2],
        on_one_side: 0,
        withheld_median: f64::NAN,
    };
    let mut withheld = Vec::new();
    for i in 0..ours.len() {
        if marks[i] != 0.0 {
            continue;
        }
        deviation.points += 1;
        deviation.on_one_side += usize::from(ours[i].is_nan() != golden[i].is_nan());
        let side = usize::from(kinds[i].round() as i64 == OFF_STEPS);
        // NaN on both sides is no deviation.
        deviation.largest[side] = deviation.largest[side].max((ours[i] - golden[i]).abs());
        if kinds[i] == 0.0 && !ours[i].is_nan() {
            withheld.push(ours[i].abs());
        }
    }
    withheld.sort_unstable_by(f64::total_cmp);
    deviation.withheld_median = withheld
        .get(withheld.len() / 2)
        .copied()
        .unwrap_or(f64::NAN);
    deviation
}

/// Name of an array, its surface, and the name of the marks of its ambiguous queries.
type GoldenSurface = (String, GroundSurface, String);

/// The surfaces that the arrays of a folder hold: name, surface, name of the marks.
fn surfaces(dir: &Path) -> Result<Vec<GoldenSurface>, Box<dyn Error>> {
    let mut found: Vec<GoldenSurface> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".npy") else {
            continue;
        };
        if name == "height_nearest" {
            found.push((name.into(), GroundSurface::Nearest, "tie_nearest".into()));
        } else if name == "height_tin" {
            found.push((
                name.into(),
                GroundSurface::Triangulated,
                "tin_ambiguous".into(),
            ));
        } else if let Some((k, power)) = name
            .strip_prefix("height_idw_k")
            .and_then(|rest| rest.split_once("_p"))
        {
            let surface = GroundSurface::InverseDistance {
                k: k.parse()?,
                power: power.parse()?,
            };
            found.push((name.into(), surface, format!("tie_k{k}")));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// The factor that makes the decimal step of coordinates a power of two.
fn scale_to_ticks(rows: &[[f64; 3]]) -> Result<f64, Box<dyn Error>> {
    for (step, power) in [(0.01, 7), (0.001, 10)] {
        let is_multiple = |x: &f64| (x / step - (x / step).round()).abs() < 1e-6;
        if rows.iter().flatten().all(is_multiple) {
            return Ok(0.5_f64.powi(power) / step);
        }
    }
    Err("the coordinates of the ground are no multiples of 1 cm or 1 mm".into())
}

fn scaled(rows: &[[f64; 3]], factor: f64) -> Vec<[f64; 3]> {
    rows.iter().map(|row| row.map(|x| x * factor)).collect()
}

fn read(dir: &Path, name: &str) -> std::io::Result<Vec<f64>> {
    Ok(isopach_npy::read(&dir.join(format!("{name}.npy")))?.values)
}

fn rows(dir: &Path, name: &str) -> std::io::Result<Vec<[f64; 3]>> {
    let values = read(dir, name)?;
    Ok(values
        .chunks_exact(3)
        .map(|row| [row[0], row[1], row[2]])
        .collect())
}
