//! Inversion of made pixels, some rounds of one operation: built by `scripts/emission_speeds.py`
//! against two versions of the crates.
//!
//! `emission_speeds OPERATION FOLDER ROUNDS`; `nothing` makes the pixels. The operations are a
//! precision, and which errors come with the emission measure.

use isopach_compute::Cpu;
use isopach_emission::{AIA, Inversion, InvertPixels, Noise, Observation, Outputs, TemperatureResponse};
use ndarray::{Array2, ArrayD, ArrayViewD};
use std::{error::Error, hint::black_box};

const PIXELS: usize = 20_000;
const BINS: usize = 42;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, _, rounds] = &arguments[..] else { return Err("OPERATION FOLDER ROUNDS".into()) };
    let rounds = rounds.parse::<usize>()?;
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let edges = (0..=BINS).map(|i| 5.7 + 1.4 * i as f64 / BINS as f64).collect();
    let inversion = Inversion::new(TemperatureResponse::aia(), edges);
    let counts = counts(&inversion)?;
    let sigma = sigma_of(counts.view())?;
    let (precision, errors) = operation.split_once('_').unwrap_or((operation, ""));
    let outputs = match errors {
        "" => Outputs::NONE,
        "errors" => Outputs { log_t_resolution: false, ..Outputs::ERRORS },
        "all" => Outputs::ERRORS,
        other => return Err(format!("{other}: no such errors").into()),
    };
    let inversion = Inversion { outputs, ..inversion };
    match precision {
        "make" | "nothing" => {}
        "f64" => {
            for _ in 0..rounds {
                black_box(Cpu.invert(&inversion, Observation { counts: counts.view(), sigma: sigma.view() })?);
            }
        }
        "f32" => {
            let [counts, sigma] = [counts, sigma].map(|numbers| numbers.mapv(|x| x as f32));
            for _ in 0..rounds {
                black_box(Cpu.invert_single(&inversion, Observation { counts: counts.view(), sigma: sigma.view() })?);
            }
        }
        other => return Err(format!("{other}: no such precision").into()),
    }
    Ok(())
}

/// Of two Gaussians in log T a pixel, 10²⁰ to 10²² cm⁻⁵ K⁻¹, with noise.
fn counts(inversion: &Inversion) -> Result<ArrayD<f64>, Box<dyn Error>> {
    let mut state = 1_u64;
    let mut chance = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut emission = Array2::<f64>::zeros((PIXELS, BINS));
    for mut pixel in emission.rows_mut() {
        for _ in 0..2 {
            let height = 10_f64.powf(20.0 + 2.0 * chance());
            let (centre, width) = (5.9 + 0.9 * chance(), 0.08 + 0.2 * chance());
            for (bin, emission) in pixel.iter_mut().enumerate() {
                let log_t = 5.7 + 1.4 * (bin as f64 + 0.5) / BINS as f64;
                *emission += height * (-0.5 * ((log_t - centre) / width).powi(2)).exp();
            }
        }
    }
    let mut counts = inversion.forward(emission.view().into_dyn())?;
    let sigma = sigma_of(counts.view())?;
    for (count, sigma) in counts.iter_mut().zip(&sigma) {
        let normal = (-2.0 * (1.0 - chance()).ln()).sqrt() * (std::f64::consts::TAU * chance()).cos();
        *count += sigma * normal;
    }
    Ok(counts)
}

/// Standard errors of counts, exposed for 2.9 s.
fn sigma_of(counts: ArrayViewD<'_, f64>) -> isopach_compute::Result<ArrayD<f64>> {
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.9, 1.0, 0.0));
    #[cfg(feature = "this")]
    return Noise::sigma_of_counts(&noises, counts);
    #[cfg(not(feature = "this"))]
    Noise::of(&noises, counts)
}
