//! Golden cases of the emission measure: how their options read, and how far a result is from them.

use isopach_emission::{
    Compatibility, Constraint, EmissionMap, Inversion, Observation, Quantity, Real,
    TemperatureResponse, Weights,
};
use ndarray::{Array2, ArrayD, IxDyn};
use serde_json::{Map, Value, json};
use std::{error::Error, fs, path::Path};

/// A case: inputs and method of an inversion.
#[derive(Debug)]
pub struct EmissionCase {
    /// How to invert.
    pub inversion: Inversion,
    /// Counts: pixels × channels.
    pub counts: ArrayD<f64>,
    /// Standard deviations of the counts.
    pub sigma: ArrayD<f64>,
}

fn array(dir: &Path, name: &str) -> Result<ArrayD<f64>, Box<dyn Error>> {
    let read = isopach_npy::read(&dir.join(format!("{name}.npy")))?;
    Ok(ArrayD::from_shape_vec(IxDyn(&read.shape), read.values)?)
}

/// The options of a case: of meta.json (under `opts`, or the entry itself), else of `opts` or
/// `opts.json` in its folder.
pub fn options(about: &Value, dir: &Path) -> Result<Map<String, Value>, Box<dyn Error>> {
    if let Some(options) = about["opts"].as_object() {
        return Ok(options.clone());
    }
    for name in ["opts.json", "opts"] {
        if let Ok(text) = fs::read_to_string(dir.join(name)) {
            return Ok(serde_json::from_str(&text)?);
        }
    }
    Ok(Map::new())
}

/// Reads a case. Options are in the names of the reference program, and so are their defaults.
pub fn read(about: &Value, dir: &Path) -> Result<EmissionCase, Box<dyn Error>> {
    let options = options(about, dir)?;
    let known = [
        "reg_tweak",
        "max_iter",
        "gloci",
        "rgt_fact",
        "dem_norm0",
        "nmu",
        "warn",
        "emd_int",
        "emd_ret",
        "l_emd",
        "non_pos",
        "rscl",
    ];
    if let Some(unknown) = options.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("the option {unknown} is not known").into());
    }
    let number =
        |name: &str, default: f64| options.get(name).and_then(Value::as_f64).unwrap_or(default);
    let is = |name: &str| {
        options.get(name).is_some_and(|value| {
            value.as_bool().unwrap_or(false) || value.as_f64().is_some_and(|x| x == 1.0)
        })
    };
    let counts = array(dir, "dn")?;
    let response = array(dir, "tresp")?.into_dimensionality::<ndarray::Ix2>()?;
    let response = TemperatureResponse {
        log_t: array(dir, "tresp_logt")?.into_iter().collect(),
        channels: response
            .columns()
            .into_iter()
            .map(|column| column.to_vec())
            .collect(),
    };
    let edges = array(dir, "temps")?.into_iter().map(f64::log10).collect();
    let mut inversion = Inversion::new(response, edges);
    inversion.compat = Compatibility::Reference;
    inversion.chi_squared_target = number("reg_tweak", 1.0);
    inversion.target_growth = number("rgt_fact", 1.5);
    inversion.max_iterations = if is("non_pos") {
        1
    } else {
        number("max_iter", 10.0) as usize
    };
    let samples = number("nmu", 40.0) as usize;
    inversion.mu_samples = match samples {
        ..=40 if counts.ndim() == 1 => 500,
        ..=40 => 42,
        _ => samples,
    };
    if is("l_emd") {
        inversion.constraint = Constraint::PerBin;
    }
    if is("emd_int") {
        inversion.solve_for = Quantity::Integrated;
    }
    if is("emd_ret") {
        inversion.report = Quantity::Integrated;
    }
    if is("gloci") {
        inversion.weights = Weights::EmissionMeasureLoci((0..inversion.channels()).collect());
    }
    let given = if dir.join("dem_norm0.npy").exists() {
        Some(array(dir, "dem_norm0")?)
    } else {
        None
    };
    // All ones, all zeros and nothing finite mean "not given".
    let is_given = |given: &ArrayD<f64>| {
        !given.iter().all(|w| *w == 1.0 || !w.is_finite()) && given.iter().any(|w| *w != 0.0)
    };
    if let Some(given) = given.filter(is_given) {
        let bins = inversion.bins();
        let rows = given.len() / bins;
        inversion.weights = Weights::Given(Array2::from_shape_vec(
            (rows, bins),
            given.into_iter().collect(),
        )?);
    }
    Ok(EmissionCase {
        inversion,
        sigma: array(dir, "edn")?,
        counts,
    })
}

impl EmissionCase {
    /// Inputs of the inversion.
    pub fn observation(&self) -> Observation<'_, f64> {
        Observation {
            counts: self.counts.view(),
            sigma: self.sigma.view(),
        }
    }
}

/// Deviations of a result from a case's arrays. `exact`: from those in extended precision instead
/// of the reference's.
pub fn compare<T: Real>(
    found: &EmissionMap<T>,
    dir: &Path,
    exact: bool,
) -> Result<Value, Box<dyn Error>> {
    let prefix = if exact { "exact_" } else { "" };
    let golden = |name: &str| array(dir, &format!("{prefix}{name}"));
    let own = |array: &ArrayD<T>| array.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    let pixels = found.len();
    let mut line = json!({ "pixels": pixels });
    let [lambda, iterations] = ["lambda", "iters"].map(|name| {
        let prefix = if exact { "exact" } else { "ref" };
        array(dir, &format!("{prefix}_{name}")).map(|a| a.into_iter().collect::<Vec<_>>())
    });
    // Pixels that the reference itself failed on have nothing to compare with.
    let failed: Vec<bool> = match array(dir, "ref_error") {
        Ok(failed) if !exact => failed.iter().map(|&e| e != 0.0).collect(),
        _ => vec![false; pixels],
    };
    line["reference_failed"] = json!(failed.iter().filter(|f| **f).count());
    if let (Ok(lambda), Ok(iterations)) = (lambda, iterations) {
        let ours: Vec<(f64, f64)> = found
            .lambda
            .iter()
            .zip(&found.iterations)
            .map(|(&l, &i)| (l, f64::from(i)))
            .collect();
        let same_lambda = |i: usize| (ours[i].0 - lambda[i]).abs() <= 1e-3 * lambda[i].abs();
        let compared = (0..pixels).filter(|&i| !failed[i]);
        let accepted: Vec<usize> = compared.clone().filter(|&i| iterations[i] > 0.0).collect();
        line["accepted"] = json!(accepted.len());
        line["lambda_differs"] = json!(accepted.iter().filter(|&&i| !same_lambda(i)).count());
        line["iterations_differ"] = json!(compared.filter(|&i| ours[i].1 != iterations[i]).count());
    }
    let bins = found.emission.len() / pixels.max(1);
    let channels = found.synthetic.len() / pixels.max(1);
    let emission = golden("dem")?;
    let deviations = by_pixel(
        &own(&found.emission),
        emission.as_slice().unwrap_or_default(),
        bins,
        &failed,
    );
    line["dem_p99"] = json!(quantile(&deviations, 0.99));
    line["dem_max"] = json!(quantile(&deviations, 1.0));
    let mut add =
        |name: &str, key: &str, ours: Vec<f64>, row: usize| -> Result<(), Box<dyn Error>> {
            if !exact || name != "dn_reg" {
                let golden = golden(name)?;
                line[key] = json!(quantile(
                    &by_pixel(&ours, golden.as_slice().unwrap_or_default(), row, &failed),
                    1.0
                ));
            }
            Ok(())
        };
    if let Some(uncertainty) = &found.uncertainty {
        add("edem", "edem_max", own(uncertainty), bins)?;
    }
    add("chisq", "chisq_max", own(&found.chi_squared), 1)?;
    add("dn_reg", "dn_reg_max", own(&found.synthetic), channels)?;
    if let Some(resolution) = &found.log_t_resolution {
        let golden = golden("elogt")?;
        let pairs = own(resolution)
            .into_iter()
            .zip(golden)
            .enumerate()
            .filter(|(i, _)| !failed[i / bins]);
        let differences: Vec<f64> = pairs
            .map(|(_, (a, b))| if (a - b).is_nan() { FAR } else { (a - b).abs() })
            .collect();
        line["elogt_max"] = json!(quantile(&differences, 1.0));
        line["elogt_differs"] = json!(differences.iter().filter(|d| **d > 1e-6).count());
    }
    Ok(line)
}

/// As far as a number can be, for what cannot be compared: JSON has no infinity.
const FAR: f64 = f64::MAX;

/// Largest difference of each pixel in units of its largest golden value. What is no number on one
/// side only is [`FAR`].
fn by_pixel(ours: &[f64], golden: &[f64], row: usize, failed: &[bool]) -> Vec<f64> {
    if ours.len() != golden.len() {
        return vec![FAR];
    }
    let distance = |(a, b): (&f64, &f64)| {
        if a == b || (a.is_nan() && b.is_nan()) {
            0.0
        } else if (a - b).is_nan() {
            FAR
        } else {
            (a - b).abs()
        }
    };
    let pixels = ours
        .chunks(row)
        .zip(golden.chunks(row))
        .zip(failed)
        .filter(|(_, failed)| !**failed);
    pixels
        .map(|((a, b), _)| {
            let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let farthest = a.iter().zip(b).map(distance).fold(0.0, f64::max);
            if farthest == 0.0 {
                0.0
            } else {
                (farthest / largest).min(FAR)
            }
        })
        .collect()
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(((sorted.len().max(1) - 1) as f64 * q).round() as usize)
        .copied()
        .unwrap_or(0.0)
}
