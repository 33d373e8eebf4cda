//! Emission measures against their truth: what each method makes of isothermal, broad and double
//! distributions, at four noise levels.

mod others;
pub(crate) mod regions;
mod scenes;

use isopach::{
    compute::{Cpu, Result},
    emission::{
        Compatibility, Constraint, Inversion, InvertPixels, Method, Observation, Outputs,
        PixelStatus, Quantity, Weights,
    },
};
use isopach_program::println;
use isopach_testkit::calibration::random::Random;
use ndarray::{Array2, ArrayD, Axis};
use scenes::{NOISES, Scene, scenes};

/// The band whose emission is compared, log₁₀ K.
const BAND: [f64; 2] = [6.45, 6.75];

/// A solution of every draw: emission measure a bin, cm⁻⁵, and its error where there is one.
pub(crate) struct Solution {
    pub(crate) emission: Array2<f64>,
    pub(crate) error: Option<Array2<f64>>,
}

/// A method by name.
type Solver = (
    &'static str,
    fn(&Inversion, &Observation<'_, f64>) -> Result<Solution>,
);

const SOLVERS: [Solver; 9] = [
    ("regularised, compat", |inversion, observed| {
        run(
            &Inversion {
                compat: Compatibility::Strict,
                ..inversion.clone()
            },
            observed,
        )
    }),
    ("regularised", run),
    ("regularised, loci, integrated", |inversion, observed| {
        let weights = Weights::EmissionMeasureLoci((0..inversion.channels()).collect());
        let solve_for = Quantity::Integrated;
        let constraint = Constraint::PerBin;
        run(
            &Inversion {
                weights,
                solve_for,
                constraint,
                ..inversion.clone()
            },
            observed,
        )
    }),
    ("non-negative", |inversion, observed| {
        run(
            &Inversion {
                method: Method::NonNegative,
                ..inversion.clone()
            },
            observed,
        )
    }),
    ("positive", |inversion, observed| {
        run(
            &Inversion {
                method: Method::Positive,
                ..inversion.clone()
            },
            observed,
        )
    }),
    ("sparse (basis pursuit)", others::sparse),
    ("Plowman & Caspi", others::plowman),
    ("simplified L²", others::simplified),
    ("non-negative, exact counts", |inversion, observed| {
        run(
            &Inversion {
                method: Method::NonNegative,
                ..inversion.clone()
            },
            observed,
        )
    }),
];

/// Prints a table a scene: a row a method, a column a noise level.
pub(crate) fn print(draws: usize) -> Result<()> {
    println!(
        "Each cell: total EM / truth, EM at log T {} to {} / truth (– where the truth has none), share of the bins whose truth is within 1 σ, synthetic / observed of the channel that is \
         farthest off in the mean, and the share of draws that reach the χ² target (χ² ≤ {}) of those in which non-negative least squares do. {draws} draws; those without a result (counts of zero and below with compat) are left out.",
        BAND[0],
        BAND[1],
        PixelStatus::TARGET_SLACK
    );
    for scene in scenes()? {
        println!("\n**{}**\n", scene.name);
        println!(
            "| method | {} |",
            NOISES.map(|noise| scene.describe(noise)).join(" | ")
        );
        println!("|---|{}", "---|".repeat(NOISES.len()));
        let seen = NOISES
            .iter()
            .map(|&noise| Seen::draw(&scene, noise, draws))
            .collect::<Result<Vec<_>>>()?;
        for (name, solver) in SOLVERS {
            let exact = name.ends_with("exact counts");
            let cells = seen.iter().map(|seen| seen.cell(&scene, solver, exact));
            println!(
                "| {name} | {} |",
                cells.collect::<Result<Vec<_>>>()?.join(" | ")
            );
        }
    }
    Ok(())
}

fn run(inversion: &Inversion, observed: &Observation<'_, f64>) -> Result<Solution> {
    let found = Cpu.invert(inversion, observed.clone())?;
    let plane = |array: ArrayD<f64>| {
        array
            .into_dimensionality()
            .map_err(isopach::compute::Error::source)
    };
    Ok(Solution {
        emission: plane(found.emission)?,
        error: found.uncertainty.map(plane).transpose()?,
    })
}

/// Draws of a scene's counts.
struct Seen {
    exact: ArrayD<f64>,
    counts: ArrayD<f64>,
    sigma: ArrayD<f64>,
    /// Draws in which non-negative least squares reach the target.
    reachable: Vec<bool>,
}

impl Seen {
    fn draw(scene: &Scene, noise: usize, draws: usize) -> Result<Self> {
        let (counts, sigma) = scene.counts(noise)?;
        let repeat =
            |row: &[f64]| Array2::from_shape_fn((draws, row.len()), |(_, f)| row[f]).into_dyn();
        let exact = repeat(&counts);
        let sigma = repeat(&sigma);
        let mut random = Random::new(7 + noise as u64);
        let mut counts = exact.clone();
        counts
            .iter_mut()
            .zip(&sigma)
            .for_each(|(count, sigma)| *count += sigma * random.normal());
        let mut seen = Self {
            exact,
            counts,
            sigma,
            reachable: vec![],
        };
        let least = Inversion {
            method: Method::NonNegative,
            ..scene.inversion.clone()
        };
        let found = run(&least, &seen.observation(false))?;
        seen.reachable = seen
            .chi_squared(scene, &found.emission)?
            .iter()
            .map(|&chi| reaches(chi))
            .collect();
        Ok(seen)
    }

    fn observation(&self, exact: bool) -> Observation<'_, f64> {
        let counts = if exact { &self.exact } else { &self.counts };
        Observation {
            counts: counts.view(),
            sigma: self.sigma.view(),
        }
    }

    /// Some of the draws.
    fn select(&self, draws: &[usize]) -> Self {
        Self {
            exact: self.exact.select(Axis(0), draws),
            counts: self.counts.select(Axis(0), draws),
            sigma: self.sigma.select(Axis(0), draws),
            reachable: draws.iter().map(|&i| self.reachable[i]).collect(),
        }
    }

    /// χ² a channel of every draw.
    fn chi_squared(&self, scene: &Scene, emission: &Array2<f64>) -> Result<Vec<f64>> {
        let synthetic = scene.inversion.forward(emission.view().into_dyn())?;
        let channels = scene.inversion.channels() as f64;
        let rows = synthetic
            .rows()
            .into_iter()
            .zip(self.counts.rows())
            .zip(self.sigma.rows());
        Ok(rows
            .map(|((a, b), sigma)| {
                a.iter()
                    .zip(b)
                    .zip(sigma)
                    .map(|((a, b), s)| ((a - b) / s).powi(2))
                    .sum::<f64>()
                    / channels
            })
            .collect())
    }

    fn cell(
        &self,
        scene: &Scene,
        solver: fn(&Inversion, &Observation<'_, f64>) -> Result<Solution>,
        exact: bool,
    ) -> Result<String> {
        let found = solver(&scene.inversion, &self.observation(exact))?;
        // Pixels without a result are no part of it.
        let kept: Vec<usize> = (0..found.emission.nrows())
            .filter(|&i| !found.emission[[i, 0]].is_nan())
            .collect();
        if kept.is_empty() {
            return Ok("no result".into());
        }
        let found = Solution {
            emission: found.emission.select(Axis(0), &kept),
            error: found.error.map(|error| error.select(Axis(0), &kept)),
        };
        let total = found.emission.sum_axis(Axis(1));
        let band = |row: &[f64]| scene.in_band(row, BAND);
        let truth = (scene.truth.iter().sum::<f64>(), band(&scene.truth));
        let inside = found
            .emission
            .rows()
            .into_iter()
            .map(|row| band(&row.to_vec()))
            .sum::<f64>();
        let draws = found.emission.nrows() as f64;
        let relative = |sum: f64, truth: f64| {
            if truth > 1e-3 * scene.truth.iter().sum::<f64>() {
                format!("{:.2}", sum / draws / truth)
            } else {
                "–".into()
            }
        };
        let covered = found.error.as_ref().map_or("–".into(), |error| {
            let bins = found.emission.rows().into_iter().zip(error.rows());
            let hits = bins.flat_map(|(x, e)| {
                let triples = x.to_vec().into_iter().zip(e.to_vec()).zip(&scene.truth);
                triples
                    .map(|((x, e), truth)| f64::from(u8::from((x - truth).abs() <= e)))
                    .collect::<Vec<_>>()
            });
            format!("{:.2}", hits.sum::<f64>() / found.emission.len() as f64)
        });
        let synthetic = scene.inversion.forward(found.emission.view().into_dyn())?;
        let means = synthetic
            .mean_axis(Axis(0))
            .into_iter()
            .flatten()
            .zip(self.exact.index_axis(Axis(0), 0).to_owned());
        let farthest = means.map(|(a, b)| a / b).fold(1.0_f64, |far, r| {
            if (r - 1.0).abs() > (far - 1.0).abs() {
                r
            } else {
                far
            }
        });
        let reached = self.select(&kept).chi_squared(scene, &found.emission)?;
        let reachable = kept.iter().map(|&i| self.reachable[i]);
        let reached = reached
            .iter()
            .zip(reachable)
            .filter(|(_, reachable)| *reachable);
        let (hits, all) = reached.fold((0_u32, 0_u32), |(hits, all), (&chi, _)| {
            (hits + u32::from(reaches(chi)), all + 1)
        });
        let share = if all == 0 || exact {
            "–".into()
        } else {
            format!("{:.1} %", 100.0 * f64::from(hits) / f64::from(all))
        };
        Ok(format!(
            "{} {} {covered} {farthest:.2} {share}",
            relative(total.sum(), truth.0),
            relative(inside, truth.1)
        ))
    }
}

fn reaches(chi_squared: f64) -> bool {
    chi_squared <= PixelStatus::TARGET_SLACK
}

/// The inversion of a scene: everything but the horizontal errors, integrated.
pub(crate) fn base(inversion: Inversion) -> Inversion {
    let outputs = Outputs {
        log_t_resolution: false,
        ..Outputs::ERRORS
    };
    Inversion {
        report: Quantity::Integrated,
        outputs,
        ..inversion
    }
}
