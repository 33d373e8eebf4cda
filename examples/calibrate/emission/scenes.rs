//! What is seen, and by what.

use super::base;
use isopach::{
    compute::Result,
    emission::{AIA, Inversion, Noise, TemperatureResponse},
};
use ndarray::Array1;

/// Positions of the noise levels.
pub(crate) const NOISES: [usize; 4] = [0, 1, 2, 3];

/// AIA, 2.9 s: pixels averaged, systematic error.
const AIA_NOISE: [(f64, f64); 4] = [(1.0, 0.0), (1.0, 0.05), (16.0, 0.0), (16.0, 0.1)];

/// Lines: error of the counts.
const LINE_NOISE: [f64; 4] = [0.02, 0.05, 0.1, 0.2];

/// Number of lines, and the width of their contribution functions, dex.
const LINES: usize = 20;
const LINE_WIDTH: f64 = 0.12;

/// Bins of log T.
const BINS: usize = 42;

/// A distribution, and the instrument that sees it.
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) inversion: Inversion,
    /// Emission measure a bin, cm⁻⁵.
    pub(crate) truth: Vec<f64>,
    lines: bool,
}

/// All scenes.
pub(crate) fn scenes() -> Result<Vec<Scene>> {
    let aia = aia();
    let eis = inversion(lines());
    let two = [(6.15, 0.1, 1e27), (6.6, 0.1, 5e26)];
    let mut scenes = vec![];
    for bin in [11, 17, 23, 26, 30, 38] {
        let mut truth = vec![0.0; BINS];
        truth[bin] = 1e27;
        scenes.push(Scene {
            name: format!("AIA, isothermal, log T {:.2}", centre(bin)),
            inversion: aia.clone(),
            truth,
            lines: false,
        });
    }
    for (name, parts) in [
        ("two Gaussians, log T 6.15 and 6.6, 0.1 dex", &two[..]),
        ("a Gaussian, log T 6.3, 0.2 dex", &[(6.3, 0.2, 1e27)][..]),
        (
            "a flare, log T 6.2 and 7.0, 0.2 dex",
            &[(6.2, 0.2, 2e27), (7.0, 0.2, 2e27)][..],
        ),
    ] {
        for (instrument, inversion, lines) in [("AIA", &aia, false), ("20 lines", &eis, true)] {
            scenes.push(Scene {
                name: format!("{instrument}, {name}"),
                inversion: inversion.clone(),
                truth: gaussians(parts),
                lines,
            });
        }
    }
    Ok(scenes)
}

/// As AIA sees it.
pub(super) fn aia() -> Inversion {
    inversion(TemperatureResponse::aia())
}

fn centre(bin: usize) -> f64 {
    5.7 + 1.4 * (bin as f64 + 0.5) / BINS as f64
}

fn inversion(response: TemperatureResponse) -> Inversion {
    base(Inversion::new(
        response,
        (0..=BINS)
            .map(|i| 5.7 + 1.4 * i as f64 / BINS as f64)
            .collect(),
    ))
}

/// Gaussians in log T: centre, standard deviation, emission measure.
pub(super) fn gaussians(parts: &[(f64, f64, f64)]) -> Vec<f64> {
    let mut truth = vec![0.0; BINS];
    for &(peak, deviation, measure) in parts {
        let curve: Vec<f64> = (0..BINS)
            .map(|t| (-0.5 * ((centre(t) - peak) / deviation).powi(2)).exp())
            .collect();
        let sum: f64 = curve.iter().sum();
        truth
            .iter_mut()
            .zip(curve)
            .for_each(|(truth, x)| *truth += measure * x / sum);
    }
    truth
}

/// Lines of an EUV spectrometer: narrow contribution functions from log T 5.7 to 7.
fn lines() -> TemperatureResponse {
    let log_t: Vec<f64> = (0..=100).map(|i| 5.4 + 0.02 * f64::from(i)).collect();
    let line = |i: usize| {
        let peak = 5.7 + 1.3 * i as f64 / (LINES - 1) as f64;
        log_t
            .iter()
            .map(|x| 1e-25 * (-0.5 * ((x - peak) / LINE_WIDTH).powi(2)).exp() + 1e-29)
            .collect()
    };
    TemperatureResponse {
        channels: (0..LINES).map(line).collect(),
        log_t,
    }
}

impl Scene {
    /// A noise level in words.
    pub(crate) fn describe(&self, noise: usize) -> String {
        if self.lines {
            return format!("{:.0} %", 100.0 * LINE_NOISE[noise]);
        }
        let (pixels, systematic) = AIA_NOISE[noise];
        format!("{pixels} px, {:.0} %", 100.0 * systematic)
    }

    /// Exact counts and their errors.
    pub(crate) fn counts(&self, noise: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let truth = Array1::from_vec(self.truth.clone()).into_dyn();
        let counts = self.inversion.forward(truth.view())?;
        let sigma = if self.lines {
            counts.mapv(|c| LINE_NOISE[noise] * c)
        } else {
            let (pixels, systematic) = AIA_NOISE[noise];
            Noise::sigma_of_counts(
                &AIA.map(|channel| Noise::aia(&channel, 2.9, pixels, systematic)),
                counts.view(),
            )?
        };
        Ok((counts.into_iter().collect(), sigma.into_iter().collect()))
    }

    /// Emission measure in a band, bins by the part that is in it.
    pub(crate) fn in_band(&self, emission: &[f64], [low, high]: [f64; 2]) -> f64 {
        let edges = self.inversion.log_t_edges.windows(2);
        let share = |w: &[f64]| (w[1].min(high) - w[0].max(low)).max(0.0) / (w[1] - w[0]);
        edges.zip(emission).map(|(w, x)| share(w) * x).sum()
    }
}
