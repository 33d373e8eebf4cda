//! A synthetic active region: quiet corona, warm loops, a hot core; its images, and the deviation
//! of the inversion from the truth.

use crate::{
    BANDS,
    options::EmissionOptions,
    overview::Overview,
    source::{About, Axis},
};
use isopach::{
    compute::{Error, Result},
    emission::{AIA, Inversion, MonteCarlo, Noise, Observation, Real, TemperatureResponse},
};
use ndarray::{Array3, ArrayD};
use serde_json::{Value, json};
use std::ops::Range;

/// Seconds of exposure.
const EXPOSURE: f64 = 2.9;

/// Date of its noise.
const SEED: u64 = 20_110_215;

/// The region.
pub(crate) struct Region {
    size: usize,
    inversion: Inversion,
    noises: [Noise; 6],
}

/// The region, `size` pixels a side.
pub(crate) fn make_region(
    options: &EmissionOptions,
    edges: &[f64],
) -> std::result::Result<(About, Region), &'static str> {
    if !options.degradation.is_empty() || options.degradation_table.is_some() {
        return Err("the synthetic region has no degradation");
    }
    let size = options.size;
    let inversion = Inversion::new(TemperatureResponse::aia(), edges.to_vec());
    let about = About {
        names: vec![format!(
            "a synthetic active region, {size} × {size} pixels, {EXPOSURE} s"
        )],
        channels: AIA
            .iter()
            .map(|channel| vec![channel.wavelength.to_string()])
            .collect(),
        response: inversion.response.clone(),
        leading: vec![size; 2],
        levels: Some(
            AIA.iter()
                .map(|channel| channel.saturation / EXPOSURE)
                .collect(),
        ),
        sensitivity: "as at launch, as it was made".into(),
        axes: [Axis::PIXELS; 2],
        keywords: Vec::new(),
        warnings: Vec::new(),
    };
    Ok((
        about,
        Region {
            size,
            inversion,
            noises: AIA.map(|channel| Noise::aia(&channel, EXPOSURE, 1.0, 0.0)),
        },
    ))
}

impl Region {
    pub(crate) fn channel_noises(&self) -> &[Noise] {
        &self.noises
    }

    fn emission(&self, rows: Range<usize>) -> Array3<f64> {
        let edges = &self.inversion.log_t_edges;
        let centres: Vec<f64> = edges.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
        Array3::from_shape_fn(
            (rows.len(), self.size, centres.len()),
            |(row, column, t)| {
                let at = |i: usize| (i as f64 + 0.5) / self.size as f64 * 2.0 - 1.0;
                differential(at(column), at(rows.start + row), centres[t])
            },
        )
    }

    pub(crate) fn read<T: Real>(&self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        let shape = [rows.len(), self.size, AIA.len()];
        let [mut counts, mut sigma] = [(); 2].map(|()| ArrayD::from_elem(&shape[..], T::default()));
        // Row by row: noise depends on the row only, not on the rows read with it.
        for (i, row) in rows.enumerate() {
            let exact = self
                .inversion
                .forward(self.emission(row..row + 1).view().into_dyn())?;
            let errors = Noise::sigma_of_counts(&self.noises, exact.view())?;
            let draw = MonteCarlo {
                draws: 2,
                seed: SEED + row as u64,
            };
            let seen = draw.draw_counts(
                0,
                &Observation {
                    counts: exact.view(),
                    sigma: errors.view(),
                },
            );
            let errors = Noise::sigma_of_counts(&self.noises, seen.view())?;
            let row = i..i + 1;
            let axis = ndarray::Axis(0);
            counts
                .slice_axis_mut(axis, row.clone().into())
                .zip_mut_with(&seen, |to, x| *to = T::from_f64(*x));
            sigma
                .slice_axis_mut(axis, row.into())
                .zip_mut_with(&errors, |to, x| *to = T::from_f64(*x));
        }
        Ok([counts, sigma])
    }

    pub(crate) fn truth(&self, rows: Range<usize>) -> Result<Array3<f64>> {
        let bands = self
            .inversion
            .in_bands(self.emission(rows).view().into_dyn(), &BANDS)?;
        bands.into_dimensionality().map_err(Error::source)
    }
}

/// ξ(T) at a place, x and y from −1 to 1, cm⁻⁵ K⁻¹.
fn differential(x: f64, y: f64, log_t: f64) -> f64 {
    let gaussian = |height: f64, centre: f64, width: f64| {
        height * (-0.5 * ((log_t - centre) / width).powi(2)).exp()
    };
    let quiet = gaussian(
        4e20 * (1.0 + 0.3 * (9.0 * x).sin() * (7.0 * y).cos()),
        6.12,
        0.16,
    );
    let mut loops = 0.0;
    for (i, radius) in [0.25, 0.38, 0.5, 0.62, 0.75].into_iter().enumerate() {
        // Ellipses seen from the side, hotter towards the middle.
        let distance = ((x * x + 1.7 * (y + 0.35).powi(2)).sqrt() - radius).abs();
        let above = if y > -0.45 { 1.0 } else { 0.0 };
        loops += above
            * gaussian(
                6e21 * (-(distance / 0.035).powi(2)).exp(),
                6.55 - 0.06 * i as f64,
                0.12,
            );
    }
    let core = gaussian(
        1.5e21 * (-(x * x + (y + 0.25).powi(2)) / 0.02).exp(),
        6.75,
        0.12,
    );
    quiet + loops + core
}

/// Recovered against true emission in each band: median and central 68 % of their ratio in pixels
/// whose truth is above a tenth of its largest.
pub(crate) fn compare_bands(found: &Overview) -> Value {
    let bands = found.truth.iter().zip(&found.bands).zip(BANDS);
    bands
        .map(|((truth, found), band)| {
            let truth = truth.mean();
            let found = found.mean();
            let least = 0.1 * truth.iter().copied().fold(0.0, f32::max);
            let pairs = truth
                .iter()
                .zip(&found)
                .filter(|(t, f)| **t > least && f.is_finite());
            let mut ratios: Vec<f32> = pairs.map(|(t, f)| f / t).collect();
            ratios.sort_by(f32::total_cmp);
            let at = |q: f64| {
                ratios
                    .get(((ratios.len().max(1) - 1) as f64 * q) as usize)
                    .copied()
            };
            let ratio = json!({ "p16": at(0.16), "median": at(0.5), "p84": at(0.84) });
            json!({ "log_t": band, "found_over_true": ratio, "pixels": ratios.len() })
        })
        .collect()
}
