//! Monte Carlo errors: repeated inversions of counts with noise added.

use crate::{Inversion, InvertPixels, Observation, Outputs};
use isopach_compute::{Error, Result, splitmix64};
use ndarray::{ArrayD, Zip};

/// Monte Carlo errors: inverts draws of the counts, each with normal noise of their errors added.
///
/// [`crate::EmissionMap::uncertainty`] is linear at the chosen λ; this spread includes the choice
/// of λ and of the weights. The noise is a function of seed, draw and position alone: not of
/// threads, backends or tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MonteCarlo {
    /// Number of draws, 2 or more.
    pub draws: u32,
    /// Seed of the noise.
    pub seed: u64,
}

/// Mean and standard deviation of the draws that had a result; NaN where no draw had one, or a
/// single draw for the deviation.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spread {
    /// Mean emission, shape (.., bins), unit of the inversion.
    pub mean: ArrayD<f64>,
    /// Standard deviation (of a sample: n − 1) of the emission, same shape and unit.
    pub deviation: ArrayD<f64>,
    /// Draws with a result, shape (..).
    pub used: ArrayD<u32>,
}

impl MonteCarlo {
    /// Bytes per pixel that [`Self::run`] allocates, excluding counts and errors.
    #[must_use]
    pub fn bytes_per_pixel(inversion: &Inversion) -> u64 {
        // Means, sums of squares, the result of a draw; its counts twice, and its synthetic counts.
        8 * (3 * inversion.bins() as u64 + 3 * inversion.channels() as u64 + 1) + 32
    }

    /// Inverts all draws. Noise moves no channel across its saturation level. Memory: three times
    /// that of an emission map.
    ///
    /// # Errors
    /// As [`InvertPixels::invert`]; [`Error::InvalidParameter`] for fewer than two draws.
    ///
    /// ```
    /// use isopach_emission::{Cpu, Inversion, MonteCarlo, Observation, TemperatureResponse};
    /// use ndarray::arr1;
    ///
    /// let edges = (0..=14).map(|i| 5.7 + 0.1 * f64::from(i)).collect();
    /// let inversion = Inversion::new(TemperatureResponse::aia(), edges);
    /// let counts = arr1(&[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]).into_dyn();
    /// let sigma = arr1(&[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]).into_dyn();
    /// let seen = Observation { counts: counts.view(), sigma: sigma.view() };
    /// let spread = MonteCarlo { draws: 20, seed: 7 }.run(&inversion, &Cpu, &seen)?;
    /// assert_eq!((spread.mean.len(), spread.used[[]]), (14, 20));
    /// # Ok::<(), isopach_emission::Error>(())
    /// ```
    pub fn run(
        &self,
        inversion: &Inversion,
        on: &(impl InvertPixels + ?Sized),
        observation: &Observation<'_, f64>,
    ) -> Result<Spread> {
        self.run_part(inversion, on, observation, 0)
    }

    /// Like [`Self::run`], for a part of an image that begins with pixel number `first`: a part has
    /// the same noise as within the whole.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_part(
        &self,
        inversion: &Inversion,
        on: &(impl InvertPixels + ?Sized),
        observation: &Observation<'_, f64>,
        first: u64,
    ) -> Result<Spread> {
        let too_few_draws = || Error::InvalidParameter {
            name: "the number of draws",
            value: self.draws.into(),
            must: "be at least 2",
        };
        if self.draws < 2 {
            return Err(too_few_draws());
        }
        let mut inversion = inversion.clone();
        inversion.outputs = Outputs::NONE;
        let mut spread: Option<Spread> = None;
        for draw in 0..self.draws {
            let mut counts = self.draw_counts_of_part(draw, observation, first);
            keep_saturation_sides(&inversion, observation, &mut counts);
            let found = on.invert(
                &inversion,
                Observation {
                    counts: counts.view(),
                    sigma: observation.sigma.view(),
                },
            )?;
            let spread = spread.get_or_insert_with(|| Spread {
                mean: ArrayD::zeros(found.emission.raw_dim()),
                deviation: ArrayD::zeros(found.emission.raw_dim()),
                used: ArrayD::zeros(found.status.raw_dim()),
            });
            spread.add_draw(&inversion, &found);
        }
        let mut spread = spread.ok_or_else(too_few_draws)?;
        spread.finish_draws(&inversion);
        Ok(spread)
    }

    /// The counts of a draw, same shape.
    #[must_use]
    pub fn draw_counts(&self, draw: u32, observation: &Observation<'_, f64>) -> ArrayD<f64> {
        self.draw_counts_of_part(draw, observation, 0)
    }

    /// As [`Self::draw_counts`] for a part of an image that begins with its pixel number `first`.
    #[must_use]
    pub fn draw_counts_of_part(
        &self,
        draw: u32,
        observation: &Observation<'_, f64>,
        first: u64,
    ) -> ArrayD<f64> {
        let channels = observation.counts.shape().last().map_or(1, |&n| n as u64);
        let mut counts = observation.counts.to_owned();
        let pairs = counts.iter_mut().zip(observation.sigma.iter());
        for (i, (count, sigma)) in pairs.enumerate() {
            *count += sigma
                * normal_number(
                    self.seed,
                    (u64::from(draw) << 40) ^ (first * channels + i as u64),
                );
        }
        counts
    }
}

/// Draws stay on their side of the saturation level.
fn keep_saturation_sides(
    inversion: &Inversion,
    observation: &Observation<'_, f64>,
    counts: &mut ArrayD<f64>,
) {
    let Some(saturation) = &inversion.saturation else {
        return;
    };
    let levels = saturation.levels.iter().cycle().map(|&level| level as f32);
    for ((count, observed), level) in counts.iter_mut().zip(&observation.counts).zip(levels) {
        if *observed as f32 >= level {
            *count = count.max(level.into());
        } else if *count as f32 >= level {
            *count = level.next_down().into();
        }
    }
}

impl Spread {
    fn add_draw(&mut self, inversion: &Inversion, found: &crate::EmissionMap<f64>) {
        let rows = found.emission.rows().into_iter().zip(&found.status);
        let own = self
            .mean
            .rows_mut()
            .into_iter()
            .zip(self.deviation.rows_mut())
            .zip(self.used.iter_mut());
        for ((row, status), ((mean, deviation), used)) in rows.zip(own) {
            if status.has_result() {
                *used += 1;
                let n = f64::from(*used);
                Zip::from(mean)
                    .and(deviation)
                    .and(row)
                    .for_each(|mean, sum, &x| {
                        let before = x - *mean;
                        *mean += before / n;
                        *sum += before * (x - *mean);
                    });
            }
        }
        debug_assert_eq!(found.emission.shape().last(), Some(&inversion.bins()));
    }

    fn finish_draws(&mut self, inversion: &Inversion) {
        let bins = inversion.bins();
        let counted = self
            .used
            .iter()
            .flat_map(|&used| std::iter::repeat_n(used, bins))
            .collect::<Vec<_>>();
        for ((mean, deviation), used) in self
            .mean
            .iter_mut()
            .zip(self.deviation.iter_mut())
            .zip(counted)
        {
            *deviation = if used > 1 {
                (*deviation / f64::from(used - 1)).sqrt()
            } else {
                f64::NAN
            };
            if used == 0 {
                *mean = f64::NAN;
            }
        }
    }
}

/// A standard normal number for a position in a stream (Box & Muller 1958 on two numbers of
/// SplitMix64).
fn normal_number(seed: u64, position: u64) -> f64 {
    let uniform = |which: u64| {
        let mixed = splitmix64(seed ^ splitmix64(position.wrapping_mul(2).wrapping_add(which)));
        ((mixed >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    (-2.0 * uniform(0).ln()).sqrt() * (std::f64::consts::TAU * uniform(1)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_noise_of_the_whole() {
        let counts = ArrayD::from_shape_fn(&[4, 3, 2][..], |at| (at[0] + at[1]) as f64);
        let sigma = ArrayD::ones(&[4, 3, 2][..]);
        let draws = MonteCarlo { draws: 3, seed: 5 };
        let whole = draws.draw_counts(
            2,
            &Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        );
        let part =
            |array: &'_ ArrayD<f64>| array.slice_axis(ndarray::Axis(0), (1..3).into()).to_owned();
        let c = part(&counts);
        let s = part(&sigma);
        let found = draws.draw_counts_of_part(
            2,
            &Observation {
                counts: c.view(),
                sigma: s.view(),
            },
            3,
        );
        assert_eq!(found, part(&whole));
    }

    #[test]
    fn noise_is_standard_normal() {
        let drawn: Vec<f64> = (0..100_000).map(|i| normal_number(7, i)).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        let within = drawn.iter().filter(|x| x.abs() < 1.0).count() as f64 / 1e5;
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02 && (within - 0.6827).abs() < 0.005
        );
        let neighbours = drawn.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / 1e5;
        assert!(neighbours.abs() < 0.015, "{neighbours}");
    }
}
