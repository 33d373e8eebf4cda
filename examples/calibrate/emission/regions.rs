//! Means of regions: how often their stated errors hold the truth.

use super::{Solution, run};
use isopach::{
    compute::{Error, Result},
    emission::{AIA, Inversion, Method, Noise, Observation},
    raster::{Sampling, sample},
};
use isopach_program::println;
use isopach_testkit::calibration::random::Random;
use ndarray::{Array2, Array3, ArrayView2, Axis};

/// Pixels a side.
const SIDES: [usize; 3] = [1, 4, 16];
/// Pixels of the detector about a region that cubic convolution asks for.
const BESIDE: usize = 3;
/// Seconds, and the error that all pixels of a channel share.
const EXPOSURE: f64 = 2.9;
const SYSTEMATIC: f64 = 0.05;

/// How the pixels of a region come from those of the detector.
#[derive(Clone, Copy)]
enum Pixels {
    AsTheyAre,
    /// Resampled half a pixel off.
    Between,
    /// Resampled to pixels of half the side.
    Halved,
}

impl Pixels {
    /// The words of the table.
    fn words(self) -> &'static str {
        match self {
            Self::AsTheyAre => "as they are",
            Self::Between => "resampled, half a pixel off",
            Self::Halved => "resampled to half the side",
        }
    }

    /// Where a pixel of the region is on the detector.
    fn place(self, at: usize) -> f64 {
        let at = at as f64;
        BESIDE as f64
            + match self {
                Self::AsTheyAre => at,
                Self::Between => at + 0.5,
                Self::Halved => 0.5 * at - 0.25,
            }
    }

    /// Pixels of the detector a pixel of the region.
    fn independent(self) -> f64 {
        if matches!(self, Self::Halved) {
            0.25
        } else {
            1.0
        }
    }
}

/// Prints a row a size and way of resampling.
pub(crate) fn print(draws: usize) -> Result<()> {
    println!(
        "\n**Means of regions**: AIA, {EXPOSURE} s, {} % systematic, two Gaussians whose brightness varies\n",
        100.0 * SYSTEMATIC
    );
    println!(
        "| pixels | | counts within 1 σ | error / stated | bins within 1 σ, regularised | positive |\n|---|---|--:|--:|--:|--:|"
    );
    for side in SIDES {
        for pixels in [Pixels::AsTheyAre, Pixels::Between, Pixels::Halved] {
            println!(
                "| {side} × {side} | {} | {} |",
                pixels.words(),
                row(side, pixels, draws)?
            );
        }
    }
    Ok(())
}

fn row(side: usize, pixels: Pixels, draws: usize) -> Result<String> {
    let inversion = super::scenes::aia();
    let field = Field::new(&inversion, side + 2 * BESIDE)?;
    let truth = mean(&field.truth, side, pixels);
    let exact = mean(&field.counts, side, pixels);
    let mut random = Random::new(41 + side as u64);
    let noises = AIA.map(|channel| Noise::aia(&channel, EXPOSURE, 1.0, SYSTEMATIC));
    let independent = ((side * side) as f64 * pixels.independent()).max(1.0);
    let stated = noises.map(|noise| noise.of_mean(independent));
    let mut counts = Array2::zeros((draws, AIA.len()));
    for mut row in counts.rows_mut() {
        let seen = mean(&field.drawn(&noises, &mut random), side, pixels);
        row.iter_mut().zip(seen).for_each(|(to, count)| *to = count);
    }
    let sigma = Noise::sigma_of_counts(&stated, counts.view().into_dyn())?;
    let off = counts
        .rows()
        .into_iter()
        .zip(sigma.rows())
        .flat_map(|(counts, sigma)| {
            let of = |((count, sigma), exact): ((&f64, &f64), &f64)| (count - exact) / sigma;
            counts
                .iter()
                .zip(sigma)
                .zip(&exact)
                .map(of)
                .collect::<Vec<_>>()
        });
    let off: Vec<f64> = off.collect();
    let within = off.iter().filter(|off| off.abs() <= 1.0).count() as f64 / off.len() as f64;
    let ratio = (off.iter().map(|off| off * off).sum::<f64>() / off.len() as f64).sqrt();
    let observed = Observation {
        counts: counts.view().into_dyn(),
        sigma: sigma.view(),
    };
    let covered = |method| -> Result<f64> {
        let found = run(
            &Inversion {
                method,
                ..inversion.clone()
            },
            &observed,
        )?;
        Ok(covered(&found, &truth))
    };
    let [regularised, positive] = [covered(Method::Regularised)?, covered(Method::Positive)?];
    Ok(format!(
        "{within:.2} | {ratio:.2} | {regularised:.2} | {positive:.2}"
    ))
}

/// Share of the bins whose truth is within the stated error.
fn covered(found: &Solution, truth: &[f64]) -> f64 {
    let Some(error) = &found.error else {
        return f64::NAN;
    };
    let bins = found.emission.iter().zip(error).zip(truth.iter().cycle());
    bins.filter(|((x, error), truth)| (*x - *truth).abs() <= **error)
        .count() as f64
        / found.emission.len() as f64
}

/// What there is, and what would be counted without noise: pixels of the detector, with a bin or a
/// channel each along the last axis.
struct Field {
    truth: Array3<f64>,
    counts: Array3<f64>,
}

impl Field {
    fn new(inversion: &Inversion, side: usize) -> Result<Self> {
        let [warm, hot] =
            [[(6.15, 0.1, 1e27)], [(6.6, 0.1, 5e26)]].map(|part| super::scenes::gaussians(&part));
        let waves = |a: f64, b: f64| 1.0 + 0.6 * (a / 2.5).sin() * (b / 3.5 + 1.0).cos();
        let truth = Array3::from_shape_fn((side, side, warm.len()), |(row, column, t)| {
            let row = row as f64;
            let column = column as f64;
            warm[t] * waves(row, column) + hot[t] * waves(column + 3.0, row)
        });
        let counts = inversion.forward(truth.view().into_dyn())?;
        Ok(Self {
            truth,
            counts: counts.into_dimensionality().map_err(Error::source)?,
        })
    }

    /// Counts with the noise of each pixel, and with what the pixels of a channel share.
    fn drawn(&self, noises: &[Noise; 6], random: &mut Random) -> Array3<f64> {
        let mut drawn = self.counts.clone();
        for (noise, mut of_channel) in noises.iter().zip(drawn.axis_iter_mut(Axis(2))) {
            let share = 1.0 + noise.systematic * random.normal();
            let random_part = Noise {
                systematic: 0.0,
                ..*noise
            };
            of_channel
                .mapv_inplace(|count| share * count + random_part.sigma(count) * random.normal());
        }
        drawn
    }
}

/// The mean of a region, of each number that pixels of the detector have.
fn mean(of: &Array3<f64>, side: usize, pixels: Pixels) -> Vec<f64> {
    let plane = |plane: ArrayView2<'_, f64>| {
        let at = |i: usize| [pixels.place(i / side), pixels.place(i % side)];
        let values = (0..side * side).map(|i| sample(plane, at(i), Sampling::Bicubic));
        values.sum::<f64>() / (side * side) as f64
    };
    of.axis_iter(Axis(2)).map(plane).collect()
}
