//! Recomputes golden sets and says how far the results are from them.
//!
//!     verify DIR [--dump OUT]
//!
//! DIR holds `meta.json` (the parameters of each case) and one folder of `.npy` arrays a case, in
//! the layout described in docs/correctness.md. Cases of M3C2, registration, the emission measure,
//! features, heights, colours, ground and views are told apart by their arrays; without meta.json every folder is a case, with a
//! meta.json of its own. Prints one
//! JSON line a case with the largest deviations; with `--dump` it also writes its own arrays under
//! the same names. Exits with 1 where a case could not be computed.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::Parser;
use isopach::{
    change::{C2c, Differences, Epochs, ErrorModel, M3c2, Normals, Orientation},
    cloud::{Cloud, Rigid},
    emission::{EmissionMap, Observation},
    neighbours::{AxialStatistic, Covariance, NeighbourSearch},
    registration::{Icp, Pair},
};
use isopach_program::{console, println};
use isopach_testkit::{
    colour_case::{self, ColourDeviation},
    emission_case,
    feature_case::{self, TableDeviation},
    ground_case::{self, GroundErrors},
    height_case::{self, SurfaceDeviation},
    view_case::{self, ViewDeviation},
};
use serde_json::{Map, Value, json};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

#[derive(Parser)]
#[command(
    about = "Recompute golden sets of M3C2, C2C, ICP and emission measure and print the largest deviations, one JSON line a case."
)]
struct Arguments {
    /// Folder with meta.json and one folder a case.
    dir: PathBuf,
    /// Write the recomputed arrays to this folder, under the same names.
    #[arg(long)]
    dump: Option<PathBuf>,
}

fn main() -> std::process::ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => std::process::ExitCode::SUCCESS,
        Ok(failed) => {
            console::report_failure("verify", &format!("{failed} cases could not be computed"))
        }
        Err(error) => console::report_failure("verify", &error),
    }
}

fn run(arguments: &Arguments) -> Result<usize, Box<dyn Error>> {
    let meta = cases(&arguments.dir)?;
    let mut failed = 0;
    for (name, about) in &meta {
        let case = Case {
            name,
            about,
            dir: arguments.dir.join(name),
            dump: arguments.dump.as_ref().map(|d| d.join(name)),
        };
        let line = case.verify().unwrap_or_else(|error| {
            failed += 1;
            json!({ "case": name, "failed": error.to_string() })
        });
        println!("{line}");
    }
    Ok(failed)
}

/// The cases by name: from meta.json, or all folders.
fn cases(dir: &Path) -> Result<Map<String, Value>, Box<dyn Error>> {
    let path = dir.join("meta.json");
    if path.exists() {
        let text = fs::read_to_string(&path)?;
        let about: Map<String, Value> =
            serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        if !feature_case::is_case(&Value::Object(about.clone()), dir) {
            return Ok(about);
        }
        return Ok(Map::from_iter([(".".into(), Value::Object(about))])); // a case itself
    }
    let mut cases = Map::new();
    if dir.join("tresp.npy").exists() || dir.join("core_points.npy").exists() {
        cases.insert(".".into(), Value::Null); // a case itself
        return Ok(cases);
    }
    for entry in fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            cases.insert(
                entry.file_name().to_string_lossy().into_owned(),
                Value::Null,
            );
        }
    }
    if cases.is_empty() {
        Err(format!("{} has neither meta.json nor cases", dir.display()).into())
    } else {
        Ok(cases)
    }
}

struct Case<'a> {
    name: &'a str,
    about: &'a Value,
    dir: PathBuf,
    dump: Option<PathBuf>,
}

impl Case<'_> {
    fn verify(&self) -> Result<Value, Box<dyn Error>> {
        if self.dir.join("core_points.npy").exists() {
            self.change()
        } else if self.dir.join("source_to_target_rotation.npy").exists() {
            self.registration()
        } else if self.dir.join("tresp.npy").exists() {
            self.emission()
        } else if feature_case::is_case(&self.about_or_own()?, &self.dir) {
            self.features()
        } else if ground_case::is_case(&self.about_or_own()?) {
            self.ground()
        } else if colour_case::is_case(&self.dir) {
            self.colours()
        } else if height_case::is_case(&self.dir) {
            self.heights()
        } else if view_case::is_case(&self.dir) {
            self.views()
        } else {
            Ok(json!({ "case": self.name, "skipped": "none of the known kinds of cases" }))
        }
    }

    /// Parameters of the case: from the meta.json of all cases, or from its own.
    fn about_or_own(&self) -> Result<Value, Box<dyn Error>> {
        let own = self.dir.join("meta.json");
        if !self.about.is_null() || !own.exists() {
            return Ok(self.about.clone());
        }
        let text = fs::read_to_string(&own)?;
        Ok(serde_json::from_str(&text).map_err(|e| format!("{}: {e}", own.display()))?)
    }

    /// Deviations from other tools' features, table by table.
    fn features(&self) -> Result<Value, Box<dyn Error>> {
        let compared = feature_case::compare(&self.about_or_own()?, &self.dir)?;
        let is_within = compared.iter().all(TableDeviation::is_within_bounds);
        let tables: Vec<Value> = compared.iter().map(TableDeviation::to_json).collect();
        Ok(json!({ "case": self.name, "within_bounds": is_within, "tables": tables }))
    }

    /// Errors of the ground filters, scene by scene.
    fn ground(&self) -> Result<Value, Box<dyn Error>> {
        let errors = ground_case::compare(&self.about_or_own()?, &self.dir)?;
        let is_within = errors.iter().all(GroundErrors::is_within_bounds);
        let scenes: Vec<Value> = errors.iter().map(GroundErrors::to_json).collect();
        Ok(json!({ "case": self.name, "within_bounds": is_within, "scenes": scenes }))
    }

    /// Deviations from values of images at places, array by array.
    fn colours(&self) -> Result<Value, Box<dyn Error>> {
        let compared = colour_case::compare(&self.dir)?;
        let is_within = compared.iter().all(ColourDeviation::is_within_bounds);
        let tables: Vec<Value> = compared.iter().map(ColourDeviation::to_json).collect();
        Ok(json!({ "case": self.name, "within_bounds": is_within, "tables": tables }))
    }

    /// Deviations from other tools' heights above ground, surface by surface.
    fn heights(&self) -> Result<Value, Box<dyn Error>> {
        let compared = height_case::compare(&self.dir)?;
        let is_within = compared.iter().all(SurfaceDeviation::is_within_bounds);
        let tables: Vec<Value> = compared.iter().map(SurfaceDeviation::to_json).collect();
        Ok(json!({ "case": self.name, "within_bounds": is_within, "tables": tables }))
    }

    /// Deviations of places and values of perspective views, camera by camera.
    fn views(&self) -> Result<Value, Box<dyn Error>> {
        let compared = view_case::compare(&self.about_or_own()?, &self.dir)?;
        let is_within = compared.iter().all(ViewDeviation::is_within_bounds);
        let views: Vec<Value> = compared.iter().map(ViewDeviation::to_json).collect();
        Ok(json!({ "case": self.name, "within_bounds": is_within, "views": views }))
    }

    fn read(&self, array: &str) -> std::io::Result<isopach_npy::NpyArray> {
        isopach_npy::read(&self.dir.join(format!("{array}.npy")))
    }

    /// Points of the case, without its `origin`: ticks are exact about any whole metre, so nothing
    /// is lost either way.
    fn cloud(&self, array: &str) -> Result<Cloud, Box<dyn Error>> {
        Ok(Cloud::from_points(&rows(&self.read(array)?))?)
    }

    fn dump(&self, array: &str, shape: &[usize], values: &[f64]) -> std::io::Result<()> {
        let Some(dir) = &self.dump else { return Ok(()) };
        fs::create_dir_all(dir)?;
        isopach_npy::write(&dir.join(format!("{array}.npy")), shape, values)
    }

    fn change(&self) -> Result<Value, Box<dyn Error>> {
        let [reference, compared, core_points] = [
            self.cloud("reference")?,
            self.cloud("compared")?,
            self.cloud("core_points")?,
        ];
        let epochs = Epochs {
            reference: reference.positions(),
            compared: compared.positions(),
            core_points: core_points.positions(),
        };
        let m3c2 = m3c2_of(&self.about["params"])?;
        let choice = isopach::cpu();
        let found = choice.run(|on| m3c2.run(on, epochs))?;
        self.dump_differences(&found)?;

        let c2c = C2c {
            max_distance: f64::INFINITY,
        };
        let distances = choice
            .run(|on| c2c.run(on, reference.positions(), compared.positions()))?
            .distance;
        self.dump("c2c_compared_to_reference", &[distances.len()], &distances)?;

        let mut line = self.compare_differences(&found, &planarities(&m3c2, &epochs)?)?;
        let given = M3c2 {
            normals: golden_normals(self.read("normals")?),
            ..m3c2
        };
        line["counts_equal_given_normals"] =
            json!(self.counts_equal(&choice.run(|on| given.run(on, epochs))?)?);
        let golden = self.read("c2c_compared_to_reference")?.values;
        line["c2c_max_m"] = json!(largest_difference(&distances, &golden, |_| true));
        Ok(line)
    }

    fn dump_differences(&self, found: &Differences) -> std::io::Result<()> {
        let n = found.distance.len();
        let counts = |epoch: usize| {
            found.count[epoch]
                .iter()
                .map(|&c| f64::from(c))
                .collect::<Vec<_>>()
        };
        self.dump("distance", &[n], &found.distance)?;
        self.dump("level_of_detection", &[n], &found.level_of_detection)?;
        self.dump("spread1", &[n], &found.spread[0])?;
        self.dump("spread2", &[n], &found.spread[1])?;
        self.dump("count1", &[n], &counts(0))?;
        self.dump("count2", &[n], &counts(1))?;
        self.dump("normals", &[n, 3], found.normal.as_flattened())?;
        self.dump("normal_radius_used", &[n], &found.normal_radius)
    }

    /// Share of equal counts over the core points that the set has a normal for, measured along the
    /// set's own normals.
    fn counts_equal(&self, found: &Differences) -> Result<f64, Box<dyn Error>> {
        let counts = [self.read("count1")?.values, self.read("count2")?.values];
        let radius = self.read("normal_radius_used")?.values;
        let compared: Vec<usize> = (0..found.len())
            .filter(|&i| radius.get(i).is_none_or(|r| *r > 0.0))
            .collect();
        let equal = |&&i: &&usize| (0..2).all(|e| f64::from(found.count[e][i]) == counts[e][i]);
        Ok(compared.iter().filter(equal).count() as f64 / compared.len().max(1) as f64)
    }

    /// Compares over the core points that have a normal: the set has one, and its neighbourhood is
    /// not a line, on which any direction across is as good as another (those are counted as
    /// degenerate).
    fn compare_differences(
        &self,
        found: &Differences,
        planarities: &[[f64; 2]],
    ) -> Result<Value, Box<dyn Error>> {
        let n = found.distance.len();
        let radius = self.read("normal_radius_used")?.values;
        let given: Vec<bool> = (0..n)
            .map(|i| radius.get(i).is_none_or(|r| *r > 0.0))
            .collect();
        let degenerate = |i: usize| planarities[i][0] < 1e-12;
        let has_normal: Vec<bool> = (0..n).map(|i| given[i] && !degenerate(i)).collect();
        let ambiguous: Vec<bool> = planarities
            .iter()
            .map(|[best, second]| best - second < 1e-6)
            .collect();
        let counts = [self.read("count1")?.values, self.read("count2")?.values];
        let equal_counts: Vec<bool> = (0..n)
            .map(|i| (0..2).all(|e| f64::from(found.count[e][i]) == counts[e][i]))
            .collect();
        let distance = self.read("distance")?.values;
        let same_nan = |i: usize| found.distance[i].is_nan() == distance[i].is_nan();
        let compared: Vec<usize> = (0..n).filter(|&i| has_normal[i]).collect();
        let share = |holds: &dyn Fn(usize) -> bool| {
            compared.iter().filter(|&&i| holds(i)).count() as f64 / compared.len().max(1) as f64
        };
        let where_equal = |i: usize| has_normal[i] && equal_counts[i];
        let deviation = |ours: &[f64], name: &str| -> Result<f64, Box<dyn Error>> {
            Ok(largest_difference(
                ours,
                &self.read(name)?.values,
                where_equal,
            ))
        };
        let radius_equal =
            |i: usize| radius.is_empty() || ambiguous[i] || found.normal_radius[i] == radius[i];
        Ok(json!({
            "case": self.name,
            "core_points": n,
            "compared": compared.len(),
            "degenerate": (0..n).filter(|&i| given[i] && degenerate(i)).count(),
            "counts_equal": share(&|i| equal_counts[i]),
            "nan_equal": share(&same_nan),
            "distance_max_m": largest_difference(&found.distance, &distance, where_equal),
            "level_of_detection_max_m": deviation(&found.level_of_detection, "level_of_detection")?,
            "spread1_max_m": deviation(&found.spread[0], "spread1")?,
            "spread2_max_m": deviation(&found.spread[1], "spread2")?,
            "radius_equal": share(&radius_equal),
            "radius_ambiguous": ambiguous.iter().filter(|a| **a).count(),
            "mean_m": mean(&found.distance),
            "golden_mean_m": mean(&distance),
        }))
    }

    /// Deviations from the reference in double and single precision, and from the arrays in
    /// extended precision where there are any.
    fn emission(&self) -> Result<Value, Box<dyn Error>> {
        let case = emission_case::read(self.about, &self.dir)?;
        let choice = isopach::cpu();
        let found = choice.run(|on| on.invert(&case.inversion, case.observation()))?;
        self.dump_emission(&found)?;
        let counts = case.counts.mapv(|x| x as f32);
        let sigma = case.sigma.mapv(|x| x as f32);
        let single = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        let single = choice.run(|on| on.invert_single(&case.inversion, single.clone()))?;
        let mut line = json!({
            "case": self.name,
            "f64": emission_case::compare(&found, &self.dir, false)?,
            "f32": emission_case::compare(&single, &self.dir, false)?,
        });
        if self.dir.join("exact_dem.npy").exists() {
            line["f64_to_exact"] = emission_case::compare(&found, &self.dir, true)?;
            line["f32_to_exact"] = emission_case::compare(&single, &self.dir, true)?;
        }
        Ok(line)
    }

    fn dump_emission(&self, found: &EmissionMap<f64>) -> Result<(), Box<dyn Error>> {
        let slice = |array: &ndarray::ArrayD<f64>| array.iter().copied().collect::<Vec<_>>();
        let cubes = [
            ("dem", Some(&found.emission)),
            ("edem", found.uncertainty.as_ref()),
            ("elogt", found.log_t_resolution.as_ref()),
        ];
        for (name, cube) in cubes
            .into_iter()
            .filter_map(|(name, cube)| Some((name, cube?)))
        {
            self.dump(name, cube.shape(), &slice(cube))?;
        }
        self.dump("chisq", &[found.len()], &slice(&found.chi_squared))?;
        self.dump("dn_reg", found.synthetic.shape(), &slice(&found.synthetic))?;
        self.dump("lambda", &[found.len()], &slice(&found.lambda))?;
        self.dump(
            "iters",
            &[found.len()],
            &found
                .iterations
                .iter()
                .map(|&i| f64::from(i))
                .collect::<Vec<_>>(),
        )?;
        self.dump(
            "status",
            &[found.len()],
            &found
                .status
                .iter()
                .map(|s| f64::from(s.code()))
                .collect::<Vec<_>>(),
        )?;
        Ok(())
    }

    fn registration(&self) -> Result<Value, Box<dyn Error>> {
        let source = self.cloud("source")?;
        let target = self.cloud("target")?;
        // The case's pivot is absolute or relative to its origin, as its coordinates are: bring it
        // to theirs.
        let origin: [f64; 3] = self
            .read("origin")?
            .values
            .try_into()
            .map_err(|_| "origin.npy must hold three numbers")?;
        let mut pivot: [f64; 3] = self
            .read("pivot")?
            .values
            .try_into()
            .map_err(|_| "pivot.npy must hold three numbers")?;
        let extent = target
            .positions()
            .extent()
            .ok_or("target.npy is empty")?
            .expanded_by(1000.0);
        if !extent.contains([pivot[0], pivot[1]]) {
            pivot = std::array::from_fn(|axis| pivot[axis] - origin[axis]);
        }
        let rotation = rows(&self.read("source_to_target_rotation")?);
        let translation = self
            .read("source_to_target_translation_about_pivot")?
            .values;
        let truth = Rigid {
            rotation: rotation
                .try_into()
                .map_err(|_| "the rotation must be 3 x 3")?,
            translation: translation
                .try_into()
                .map_err(|_| "the translation must hold three numbers")?,
            pivot,
        };
        let pair = Pair {
            source: source.positions(),
            target: target.positions(),
        };
        let found = isopach::cpu()
            .run(|on| Icp::point_to_plane(2.0).align(on, pair, Rigid::identity(pivot)))?;
        let ours = found.target_from_source.about(pivot);
        self.dump(
            "source_to_target_rotation",
            &[3, 3],
            ours.rotation.as_flattened(),
        )?;
        self.dump(
            "source_to_target_translation_about_pivot",
            &[3],
            &ours.translation,
        )?;
        let error = ours.inverse().then(&truth).about(pivot);
        Ok(json!({
            "case": self.name,
            "points": [source.len(), target.len()],
            "translation_error_m": norm(error.translation),
            "rotation_error_rad": error.angle(),
            "rmse_m": found.rmse,
            "iterations": found.iterations,
            "converged": found.converged,
            "standard_error_m": found.registration_error,
        }))
    }
}

/// The parameters of a case, in py4dgeo's names; and its accumulated neighbourhoods
/// (docs/correctness.md).
fn m3c2_of(params: &Value) -> Result<M3c2, Box<dyn Error>> {
    let number = |name: &str| {
        params[name]
            .as_f64()
            .ok_or_else(|| format!("params.{name} must be a number"))
    };
    let normals = match params["normal_radii"].as_array() {
        Some(radii) => Normals::Accumulated {
            radii: radii
                .iter()
                .map(|r| r.as_f64().ok_or("params.normal_radii must be numbers"))
                .collect::<Result<_, _>>()?,
            towards: Orientation::UP,
        },
        None => {
            let given = &params["corepoint_normals"];
            let vectors: Vec<[f64; 3]> = serde_json::from_value(given.clone()).map_err(
                |_| "params must have normal_radii, or corepoint_normals as rows of three",
            )?;
            if let [one] = vectors[..] {
                Normals::Fixed(one)
            } else {
                Normals::Given(vectors)
            }
        }
    };
    let robust = params["robust_aggr"].as_bool().unwrap_or(false);
    Ok(M3c2 {
        normals,
        cylinder_radius: number("cyl_radius")?,
        projection_depth: number("max_distance")?,
        registration_error: number("registration_error")?.into(),
        statistic: if robust {
            AxialStatistic::MedianIqr
        } else {
            AxialStatistic::MeanDeviation
        },
        detection: ErrorModel::Normal.into(),
    })
}

/// The golden normals: one for all, or one a core point; upwards where the set has none (those are
/// not compared). Rows of three, of an array of shape (n, 3).
fn rows(array: &isopach_npy::NpyArray) -> Vec<[f64; 3]> {
    array.values.as_chunks::<3>().0.to_vec()
}

fn golden_normals(array: isopach_npy::NpyArray) -> Normals {
    let is_unit = |n: [f64; 3]| (n.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-6;
    let up = |n: [f64; 3]| if is_unit(n) { n } else { [0.0, 0.0, 1.0] };
    match &rows(&array)[..] {
        [one] => Normals::Fixed(up(*one)),
        rows => Normals::Given(rows.iter().map(|n| up(*n)).collect()),
    }
}

/// The best and second best planarity of each core point; 1 and 0 where normals are given.
fn planarities(m3c2: &M3c2, epochs: &Epochs<'_>) -> Result<Vec<[f64; 2]>, Box<dyn Error>> {
    let n = epochs.core_points.len();
    let Normals::Accumulated { radii, .. } = &m3c2.normals else {
        return Ok(vec![[1.0, 0.0]; n]);
    };
    let index = isopach::compute::Cpu.index(epochs.reference)?;
    let mut best = vec![[0.0; 2]; n];
    let mut all = vec![Covariance::default(); n];
    for &radius in radii {
        let found = index.covariances_within(epochs.core_points, radius)?;
        for ((best, covariance), found) in best.iter_mut().zip(&mut all).zip(found) {
            *covariance = found.merged_with(covariance);
            let [l0, l1, l2] = isopach::neighbours::symmetric_eigen(covariance.upper).values;
            let planarity = (l1 - l0) / l2;
            if covariance.count >= 3 && planarity > best[0] {
                *best = [planarity, best[0]];
            } else if covariance.count >= 3 && planarity > best[1] {
                best[1] = planarity;
            }
        }
    }
    Ok(best)
}

/// Largest |ours − golden| over the indices that count; both NaN is no difference, one NaN is not a
/// number to compare.
fn largest_difference(ours: &[f64], golden: &[f64], counts: impl Fn(usize) -> bool) -> f64 {
    let differences = ours
        .iter()
        .zip(golden)
        .enumerate()
        .filter(|(i, _)| counts(*i))
        .map(|(_, (a, b))| (a - b).abs());
    differences.filter(|d| !d.is_nan()).fold(0.0, f64::max)
}

fn mean(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.iter().sum::<f64>() / finite.len() as f64
}

fn norm(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}
