//! Golden cases of features: which there are in a folder, and how far a result is from them.
//!
//! A case is a folder of `.npy` arrays beside the columns and parameters in its `meta.json`:
//! `points`, and for each radius `jakteristics_R` with `count_inclusive_R` and `count_strict_R`,
//! `pgeof_selected_R`, and `pgeof_kK` with `tie_at_kK`. In the layout of one radius, `features`
//! has the columns of jakteristics.

use isopach_cloud::{Cloud, TICK};
use isopach_compute::Cpu;
use isopach_features::{
    Convention, Feature, Features, Neighbourhood, NormalSide, PointFeatures, Wanted,
};
use isopach_neighbours::{Covariance, NeighbourSearch, symmetric_eigen};
use isopach_npy::NpyArray;
use serde_json::{Map, Value, json};
use std::{error::Error, path::Path};

/// Largest deviation that a case passes with, relative to the scale of each feature: 1 for ratios,
/// the sum of the eigenvalues for what has the unit of an area, its root for lengths.
///
/// To it comes what the rounding of the coordinates does: a golden set has decimal coordinates, this
/// library whole ticks. Half a tick on each axis changes a covariance by at most √3 σ ticks, and so
/// its eigenvalues by as much and a normal by as much over the gap between the two smallest.
pub const BOUND: f64 = 1e-6;

/// Gap between neighbouring eigenvalues, as a share of the largest, below which their axes are
/// ambiguous: normals are not compared there.
pub const GAP: f64 = 1e-4;

/// Deviations of one table of a case.
#[derive(Clone, Debug)]
pub struct TableDeviation {
    /// Name of the array.
    pub table: String,
    /// The compared columns.
    pub columns: Vec<ColumnDeviation>,
    /// Points that were compared: those that are not marked as ambiguous.
    pub points: usize,
}

/// Deviation of one column.
#[derive(Clone, Debug)]
pub struct ColumnDeviation {
    /// Name of the column, as the peer calls it.
    pub name: String,
    /// The largest deviation, relative.
    pub largest: f64,
    /// The largest share of its allowance that a deviation takes: above 1 is beyond the bound.
    pub of_allowed: f64,
}

impl ColumnDeviation {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            largest: 0.0,
            of_allowed: 0.0,
        }
    }

    fn add(&mut self, deviation: f64, allowed: f64) {
        // A value that is missing on one side only is as wrong as can be.
        let deviation = if deviation.is_nan() {
            f64::INFINITY
        } else {
            deviation
        };
        self.largest = self.largest.max(deviation);
        self.of_allowed = self.of_allowed.max(deviation / allowed);
    }
}

impl TableDeviation {
    /// Whether every value is within [`BOUND`] and the rounding of its coordinates.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        self.points > 0 && self.columns.iter().all(|column| column.of_allowed <= 1.0)
    }

    /// A line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let largest = self.columns.iter();
        let columns: Map<String, Value> = largest
            .map(|column| (column.name.clone(), json!(column.largest)))
            .collect();
        json!({
            "table": self.table,
            "points": self.points,
            "within_bounds": self.is_within_bounds(),
            "largest": columns,
        })
    }
}

/// A table to compare with: whose columns, of which neighbourhood.
struct Golden<'a> {
    name: String,
    convention: Convention,
    neighbourhood: Neighbourhood,
    columns: Vec<&'a str>,
    values: NpyArray,
    /// Points to leave out.
    ambiguous: Vec<bool>,
}

/// Compares all tables of a case with this library on the CPU.
///
/// # Errors
/// If an array is missing or has another shape than its columns say.
pub fn compare(about: &Value, dir: &Path) -> Result<Vec<TableDeviation>, Box<dyn Error>> {
    let points = read(dir, "points")?;
    let rows: Vec<[f64; 3]> = points
        .values
        .chunks_exact(3)
        .map(|row| [row[0], row[1], row[2]])
        .collect();
    let cloud = Cloud::from_points(&rows)?;
    golden_tables(about, dir)?
        .into_iter()
        .map(|golden| golden.compare(&cloud))
        .collect()
}

/// Whether a folder has such a case.
#[must_use]
pub fn is_case(about: &Value, dir: &Path) -> bool {
    about["columns_jakteristics"].is_array() || dir.join("features.npy").exists()
}

fn golden_tables<'a>(about: &'a Value, dir: &Path) -> Result<Vec<Golden<'a>>, Box<dyn Error>> {
    let mut tables = Vec::new();
    if dir.join("features.npy").exists() {
        let radius = about["radius"].as_f64().ok_or("meta.json has no radius")?;
        tables.push(Golden {
            name: "features".into(),
            convention: Convention::JAKTERISTICS,
            neighbourhood: Neighbourhood::Radius(radius),
            columns: names(&about["columns"])?,
            values: read(dir, "features")?,
            ambiguous: Vec::new(),
        });
        return Ok(tables);
    }
    for radius in about["radii"].as_array().ok_or("meta.json has no radii")? {
        let radius = radius.as_f64().ok_or("a radius is no number")?;
        let tag = format!("r{}", radius.to_string().replace('.', "p"));
        let counts = ["inclusive", "strict"].map(|kind| read(dir, &format!("count_{kind}_{tag}")));
        let [inclusive, strict] = counts;
        let pairs = inclusive?.values.into_iter().zip(strict?.values);
        let ambiguous: Vec<bool> = pairs.map(|(a, b)| a != b || a < 4.0).collect();
        for (name, convention, columns) in [
            (
                "jakteristics",
                Convention::JAKTERISTICS,
                "columns_jakteristics",
            ),
            (
                "pgeof_selected",
                Convention::PGEOF,
                "columns_pgeof_selected",
            ),
        ] {
            let name = format!("{name}_{tag}");
            if dir.join(format!("{name}.npy")).exists() {
                tables.push(Golden {
                    values: read(dir, &name)?,
                    name,
                    convention,
                    neighbourhood: Neighbourhood::Radius(radius),
                    columns: names(&about[columns])?,
                    ambiguous: ambiguous.clone(),
                });
            }
        }
    }
    if let Some(k) = about["k"].as_u64() {
        tables.push(Golden {
            name: format!("pgeof_k{k}"),
            convention: Convention::PGEOF,
            neighbourhood: Neighbourhood::Nearest {
                k: usize::try_from(k)?,
                max_distance: f64::INFINITY,
            },
            columns: names(&about[format!("columns_pgeof_k{k}")])?,
            values: read(dir, &format!("pgeof_k{k}"))?,
            ambiguous: read(dir, &format!("tie_at_k{k}"))?
                .values
                .iter()
                .map(|tie| *tie != 0.0)
                .collect(),
        });
    }
    Ok(tables)
}

fn read(dir: &Path, name: &str) -> std::io::Result<NpyArray> {
    isopach_npy::read(&dir.join(format!("{name}.npy")))
}

fn names(of: &Value) -> Result<Vec<&str>, Box<dyn Error>> {
    let names = of.as_array().ok_or("meta.json does not name the columns")?;
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    Ok(names.ok_or("the name of a column is no text")?)
}

/// The feature that a peer's column holds; `None` for one that this library does not have.
fn feature_of(column: &str) -> Option<Feature> {
    let lower = column.to_lowercase();
    match lower.as_str() {
        "scattering" => Some(Feature::Sphericity),
        "curvature" => Some(Feature::SurfaceVariation),
        "eigentropy" => Some(Feature::Eigenentropy),
        "normal_x" => Some(Feature::NormalX),
        "normal_y" => Some(Feature::NormalY),
        "normal_z" => Some(Feature::NormalZ),
        name => Feature::named(name),
    }
}

impl Golden<'_> {
    fn compare(self, cloud: &Cloud) -> Result<TableDeviation, Box<dyn Error>> {
        let features = Features {
            neighbourhood: self.neighbourhood.clone(),
            wanted: Wanted::set("full").ok_or("no set `full`")?,
            convention: self.convention,
            normals: NormalSide::Up,
        };
        let found = features.run(&Cpu, cloud.positions())?;
        let width = self.columns.len();
        if self.values.shape != [cloud.len(), width] {
            return Err(format!("{} has the shape {:?}", self.name, self.values.shape).into());
        }
        let covariances = self.covariances(cloud)?;
        let compared: Vec<usize> = (0..cloud.len())
            .filter(|&i| !self.ambiguous.get(i).copied().unwrap_or_default())
            .filter(|&i| covariances[i].count >= 4)
            .collect();
        let shapes: Vec<[f64; 3]> = covariances
            .iter()
            .map(|covariance| symmetric_eigen(covariance.upper).values)
            .collect();
        let mut columns = Vec::new();
        for (at, name) in self.columns.iter().enumerate() {
            let Some(feature) = feature_of(name) else {
                continue;
            };
            if !NORMAL.contains(&feature) {
                let golden = |i: usize| self.values.values[i * width + at];
                let mut column = ColumnDeviation::new(name);
                let ours = found.values(feature).unwrap_or_default();
                for &i in &compared {
                    compare_value(
                        &mut column,
                        feature,
                        f64::from(ours[i]),
                        golden(i),
                        shapes[i],
                    );
                }
                columns.push(column);
            }
        }
        columns.push(self.normal_deviation(&found, &compared, &shapes));
        Ok(TableDeviation {
            table: self.name,
            columns,
            points: compared.len(),
        })
    }

    fn covariances(&self, cloud: &Cloud) -> Result<Vec<Covariance>, Box<dyn Error>> {
        let index = Cpu.index(cloud.positions())?;
        Ok(match self.neighbourhood {
            Neighbourhood::Nearest { k, .. } => {
                index.covariances_of_nearest(cloud.positions(), k)?
            }
            _ => index.covariances_within(cloud.positions(), self.neighbourhood.reach())?,
        })
    }

    /// 1 − |n · n'|, where the smallest eigenvalue is alone.
    fn normal_deviation(
        &self,
        found: &PointFeatures,
        compared: &[usize],
        shapes: &[[f64; 3]],
    ) -> ColumnDeviation {
        let width = self.columns.len();
        let is_normal = |at: &usize| {
            feature_of(self.columns[*at]).is_some_and(|feature| NORMAL.contains(&feature))
        };
        let normal_at: Vec<usize> = (0..width).filter(is_normal).collect();
        let ours = NORMAL.map(|feature| found.values(feature).unwrap_or_default());
        let mut column = ColumnDeviation::new("normal");
        for &i in compared {
            if let Some(angle) = normal_rounding(shapes[i]) {
                let pairs = normal_at.iter().zip(&ours);
                let along: f64 = pairs
                    .map(|(at, ours)| self.values.values[i * width + at] * f64::from(ours[i]))
                    .sum();
                column.add(1.0 - along.abs(), BOUND + angle * angle);
            }
        }
        column
    }
}

/// The components of a normal.
const NORMAL: [Feature; 3] = [Feature::NormalX, Feature::NormalY, Feature::NormalZ];

/// Effect of half a tick on an eigenvalue, m²: eigenvalues ascending.
fn eigenvalue_rounding([_, _, largest]: [f64; 3]) -> f64 {
    3.0_f64.sqrt() * largest.sqrt() * TICK
}

/// Effect of half a tick on a normal, radians; `None` where its axis is ambiguous.
fn normal_rounding(shape: [f64; 3]) -> Option<f64> {
    let [smallest, middle, largest] = shape;
    let is_alone = middle - smallest >= GAP * largest;
    is_alone.then(|| eigenvalue_rounding(shape) / (middle - smallest))
}

/// Eigenvalues that rounding may have made larger: each by √3 of its root in ticks.
fn enlarged(shape: [f64; 3]) -> [f64; 3] {
    shape.map(|value| {
        let root = value.max(0.0).sqrt();
        value.max(0.0) + 3.0_f64.sqrt() * root * TICK + TICK * TICK
    })
}

/// Effect of rounding on ∛(λ₁ λ₂ λ₃), m².
fn omnivariance_rounding(shape: [f64; 3]) -> f64 {
    let root = |values: [f64; 3]| values.iter().product::<f64>().max(0.0).cbrt();
    root(enlarged(shape)) - root(shape)
}

/// Effect of rounding on −Σ x ln x.
fn entropy_rounding(values: [f64; 3]) -> f64 {
    let term = |x: f64| if x > 0.0 { x * x.ln() } else { 0.0 };
    let pairs = values.into_iter().zip(enlarged(values));
    pairs
        .map(|(before, after)| (term(after) - term(before)).abs())
        .sum()
}

/// Compares one value, where it is not ambiguous.
fn compare_value(
    column: &mut ColumnDeviation,
    feature: Feature,
    ours: f64,
    golden: f64,
    shape: [f64; 3],
) {
    let sum: f64 = shape.iter().sum();
    let relative = 2.0 * eigenvalue_rounding(shape) / shape[2];
    let [scale, rounding] = match feature {
        Feature::NumberOfNeighbours => [1.0, 0.0],
        Feature::Verticality => match normal_rounding(shape) {
            Some(angle) => [1.0, angle],
            None => return,
        },
        // Of points in a plane some peers take the logarithm of 0.
        Feature::Eigenentropy if golden.is_nan() => return,
        Feature::Eigenentropy => [
            1.0,
            entropy_rounding(shape) + entropy_rounding(shape.map(|l| l / sum)),
        ],
        Feature::Omnivariance => [sum, omnivariance_rounding(shape) / sum],
        _ => match feature.unit() {
            "m2" => [sum, relative],
            "m" => [sum.sqrt(), relative.sqrt()],
            _ => [1.0, relative],
        },
    };
    column.add((ours - golden).abs() / scale, BOUND + rounding);
}
