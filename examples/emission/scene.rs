//! An active region that is made up: quiet corona, warm loops, a hot core; its images, and how far the inversion is from the truth.

use crate::{Arguments, BANDS, input::Input};
use isopach::emission::{AIA, Inversion, MonteCarlo, Noise, Observation, TemperatureResponse};
use ndarray::{Array3, Axis};
use serde_json::{Value, json};
use std::error::Error;

/// Seconds of exposure.
const EXPOSURE: f64 = 2.9;

/// The region, `size` pixels a side.
pub(crate) fn make(arguments: &Arguments, edges: &[f64]) -> Result<Input, Box<dyn Error>> {
    let size = arguments.size.max(16);
    let inversion = Inversion::new(TemperatureResponse::aia(), edges.to_vec());
    let centres: Vec<f64> = edges.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
    let emission = Array3::from_shape_fn((size, size, centres.len()), |(row, column, t)| {
        let at = |i: usize| (i as f64 + 0.5) / size as f64 * 2.0 - 1.0;
        differential(at(column), at(row), centres[t])
    });
    let exact = inversion.forward(emission.view().into_dyn())?;
    let noises = AIA.map(|channel| Noise::aia(&channel, EXPOSURE, 1.0, 0.0));
    let sigma = Noise::of(&noises, exact.view())?;
    let draw = MonteCarlo { draws: 2, seed: 20_110_215 };
    let counts = draw.counts(0, &Observation { counts: exact.view(), sigma: sigma.view() });
    let sigma = Noise::of(&noises, counts.view())?;
    let truth = inversion.in_bands(emission.view().into_dyn(), &BANDS)?.into_dimensionality()?;
    Ok(Input {
        names: vec![format!("a made-up active region, {size} × {size} pixels, {EXPOSURE} s")],
        response: inversion.response,
        counts: counts.mapv(|x| x as f32).into_dimensionality()?,
        sigma: sigma.mapv(|x| x as f32).into_dimensionality()?,
        truth: Some(truth),
    })
}

/// ξ(T) at a place, x and y from −1 to 1, cm⁻⁵ K⁻¹.
fn differential(x: f64, y: f64, log_t: f64) -> f64 {
    let gaussian = |height: f64, centre: f64, width: f64| height * (-0.5 * ((log_t - centre) / width).powi(2)).exp();
    let quiet = gaussian(4e20 * (1.0 + 0.3 * (9.0 * x).sin() * (7.0 * y).cos()), 6.12, 0.16);
    let mut loops = 0.0;
    for (i, radius) in [0.25, 0.38, 0.5, 0.62, 0.75].into_iter().enumerate() {
        // Ellipses seen from the side, hotter towards the middle.
        let distance = ((x * x + 1.7 * (y + 0.35).powi(2)).sqrt() - radius).abs();
        let above = if y > -0.45 { 1.0 } else { 0.0 };
        loops += above * gaussian(6e21 * (-(distance / 0.035).powi(2)).exp(), 6.55 - 0.06 * i as f64, 0.12);
    }
    let core = gaussian(1.5e21 * (-(x * x + (y + 0.25).powi(2)) / 0.02).exp(), 6.75, 0.12);
    quiet + loops + core
}

/// Found against true in each band: median and central 68 % of their ratio where the truth is above a tenth of its largest.
pub(crate) fn compare(truth: &Array3<f64>, found: &Array3<f32>) -> Value {
    let bands = truth.axis_iter(Axis(2)).zip(found.axis_iter(Axis(2))).zip(BANDS);
    bands
        .map(|((truth, found), band)| {
            let least = 0.1 * truth.iter().copied().fold(0.0, f64::max);
            let ratios = truth.iter().zip(&found).filter(|(t, f)| **t > least && f.is_finite()).map(|(t, f)| f64::from(*f) / t);
            let mut ratios: Vec<f64> = ratios.collect();
            ratios.sort_by(f64::total_cmp);
            let at = |q: f64| ratios.get(((ratios.len().max(1) - 1) as f64 * q) as usize).copied();
            json!({ "log_t": band, "found_over_true": { "p16": at(0.16), "median": at(0.5), "p84": at(0.84) }, "pixels": ratios.len() })
        })
        .collect()
}
