//! [`crate::Method::Positive`] for one pixel.

use super::{
    cholesky,
    pixel::{CountMap, PixelSolution, ScaledPixel, column_resolution, standard_deviations},
    svd::dot_product,
};
use crate::{
    Discretised, Inversion, PixelStatus,
    dictionary::{Atom, Dictionary},
    method::{AIM, AS_HIGH, LEAST_LAMBDA, NEARLY, ROUND_OFF, SETTLED, SHORTEST},
    status::Signs,
};
use ndarray::Array2;

/// Newton steps, at most.
const STEPS: usize = 500;

/// The weights `w ≥ 0` of the atoms with the least `Σ w² / l` whose counts are within the χ² aimed
/// at: the maximum over `z`, one number a channel, of `g·z − ½ Σ l max(0, a·z)² − √aim |z| − ½ λ₀
/// |z|²`, with `w = l max(0, a·z)`. The residual of the counts is `λ z`.
pub(crate) struct Dual {
    /// The maximum; zero where no emission explains the counts well enough.
    pub(crate) z: Vec<f64>,
    /// λ there.
    pub(crate) lambda: f64,
    pub(crate) steps: usize,
}

/// Columns of atoms in units of the errors, and how much each may be used.
pub(crate) struct Whitened {
    pub(crate) columns: Vec<Vec<f64>>,
    pub(crate) l: Vec<f64>,
}

impl Whitened {
    /// Preference over the length of the column: atoms that are seen better are not used the more
    /// readily for that.
    pub(crate) fn new(atoms: &[Atom], inverse_sigma: &[f64]) -> Self {
        let column = |atom: &Atom| {
            atom.column
                .iter()
                .zip(inverse_sigma)
                .map(|(c, s)| c * s)
                .collect::<Vec<_>>()
        };
        let columns: Vec<Vec<f64>> = atoms.iter().map(column).collect();
        let l = columns
            .iter()
            .zip(atoms)
            .map(|(column, atom)| atom.preference / dot_product(column, column).sqrt())
            .collect();
        Self { columns, l }
    }

    /// `Σ l a aᵀ` of the atoms that are in use.
    pub(crate) fn gram_matrix(&self, used: impl Fn(usize) -> bool) -> Vec<Vec<f64>> {
        let n = self.columns.first().map_or(0, Vec::len);
        let mut gram = vec![vec![0.0; n]; n];
        for (j, (column, l)) in self.columns.iter().zip(&self.l).enumerate() {
            if used(j) {
                for (row, a) in gram.iter_mut().zip(column) {
                    row.iter_mut()
                        .zip(column)
                        .for_each(|(entry, b)| *entry += l * a * b);
                }
            }
        }
        gram
    }

    /// `l max(0, a·z)`.
    pub(crate) fn atom_weights(&self, z: &[f64]) -> Vec<f64> {
        self.columns
            .iter()
            .zip(&self.l)
            .map(|(column, l)| l * dot_product(column, z).max(0.0))
            .collect()
    }

    /// The dual at `z`, which is not zero.
    fn evaluate_dual(&self, z: &[f64], g: &[f64], radius: f64, floor: f64) -> Point {
        let w = self.atom_weights(z);
        let length = dot_product(z, z).sqrt();
        let lambda = radius / length + floor;
        let curved: f64 = w.iter().zip(&self.l).map(|(w, l)| w * w / l).sum();
        let height =
            dot_product(g, z) - 0.5 * curved - radius * length - 0.5 * floor * length * length;
        let modelled = |f: usize| {
            self.columns
                .iter()
                .zip(&w)
                .map(|(column, w)| column[f] * w)
                .sum::<f64>()
        };
        let slope: Vec<f64> = (0..g.len())
            .map(|f| g[f] - modelled(f) - lambda * z[f])
            .collect();
        let steepness = dot_product(&slope, &slope).sqrt();
        Point {
            w,
            length,
            lambda,
            height,
            slope,
            steepness,
        }
    }

    /// The maximum; where Newton's method gets stuck, by way of larger λ₀, down to the least at
    /// which it does not. None if there is none.
    pub(crate) fn maximise_dual(&self, g: &[f64], aim: f64, channels: f64) -> Option<Dual> {
        let norm = dot_product(g, g).sqrt();
        let trace: f64 = self
            .columns
            .iter()
            .zip(&self.l)
            .map(|(column, l)| l * dot_product(column, column))
            .sum();
        let radius = aim.sqrt();
        if norm <= radius {
            return Some(Dual {
                z: vec![0.0; g.len()],
                lambda: trace / channels,
                steps: 0,
            });
        }
        // The best multiple of g.
        let curved: f64 = self
            .atom_weights(g)
            .iter()
            .zip(&self.l)
            .map(|(w, l)| w * w / l)
            .sum();
        let floor = |least: f64| least * trace / channels;
        let start = (norm * norm - radius * norm) / (curved + floor(LEAST_LAMBDA) * norm * norm);
        let start: Vec<f64> = g.iter().map(|g| start * g).collect();
        let direct = self.climb_from(&start, g, radius, floor(LEAST_LAMBDA), trace);
        if direct.is_some() {
            return direct;
        }
        let mut found: Option<Dual> = None;
        for least in [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, LEAST_LAMBDA] {
            let from = found.as_ref().map_or(&start, |found| &found.z);
            let Some(next) = self.climb_from(from, g, radius, floor(least), trace) else {
                break;
            };
            let steps = next.steps + found.map_or(0, |found| found.steps);
            found = Some(Dual { steps, ..next });
        }
        found
    }

    /// Newton's method from `start`, a step halved until it climbs. None if it does not settle.
    fn climb_from(
        &self,
        start: &[f64],
        g: &[f64],
        radius: f64,
        floor: f64,
        trace: f64,
    ) -> Option<Dual> {
        let n = g.len();
        let norm = dot_product(g, g).sqrt();
        let mut z = start.to_vec();
        let mut here = self.evaluate_dual(&z, g, radius, floor);
        for steps in 0..STEPS {
            let mut curvature = self.gram_matrix(|j| here.w[j] > 0.0);
            for f in 0..n {
                for h in 0..n {
                    curvature[f][h] -= radius / here.length.powi(3) * z[f] * z[h];
                }
                curvature[f][f] += here.lambda;
            }
            let direction = cholesky::solve_cholesky(&curvature, &here.slope);
            let moved = |step: f64| {
                z.iter()
                    .zip(&direction)
                    .map(|(z, d)| z + step * d)
                    .collect::<Vec<_>>()
            };
            if here.steepness <= SETTLED * norm + ROUND_OFF * trace * here.length {
                // One more step leaves round-off.
                return Some(Dual {
                    z: moved(1.0),
                    lambda: here.lambda,
                    steps,
                });
            }
            let mut step = 1.0;
            let (next, there) = loop {
                let next = moved(step);
                let there = self.evaluate_dual(&next, g, radius, floor);
                if there.is_better_than(&here) {
                    break (next, there);
                }
                if step < SHORTEST {
                    return (here.steepness <= NEARLY * norm).then_some(Dual {
                        z,
                        lambda: here.lambda,
                        steps,
                    });
                }
                step *= 0.5;
            };
            (z, here) = (next, there);
        }
        None
    }
}

/// The dual at a point.
struct Point {
    w: Vec<f64>,
    length: f64,
    lambda: f64,
    height: f64,
    slope: Vec<f64>,
    steepness: f64,
}

impl Point {
    /// Higher; or, where heights are equal but for round-off, much flatter.
    fn is_better_than(&self, other: &Self) -> bool {
        let as_high = self.height >= other.height - AS_HIGH * other.height.abs();
        self.height > other.height || (as_high && self.steepness < 0.5 * other.steepness)
    }
}

/// Solves one pixel whose channels outside `dropped` (bits) are good.
pub(super) fn solve_positive(
    inversion: &Inversion,
    shared: &Discretised,
    dictionary: &Dictionary,
    counts: &[f64],
    sigma: &[f64],
    dropped: u32,
) -> Result<PixelSolution, PixelStatus> {
    let pixel = ScaledPixel::new(counts, sigma, dropped);
    let whitened = Whitened::new(&dictionary.atoms, &pixel.inverse_sigma);
    let channels = pixel.used_channels();
    let aim = AIM * inversion.chi_squared_target * channels;
    let dual = whitened
        .maximise_dual(&pixel.g, aim, channels)
        .ok_or(PixelStatus::OutOfRange)?;
    let bins = shared.log_t.len();
    let spread = |values: &[f64]| {
        let mut x = vec![0.0; bins];
        for (atom, value) in dictionary.atoms.iter().zip(values) {
            atom.profile
                .iter()
                .enumerate()
                .for_each(|(i, share)| x[atom.first + i] += share * value);
        }
        x
    };
    let x = spread(&whitened.atom_weights(&dual.z));

    // Linear errors at this λ, with all atoms in use.
    let mut gram = whitened.gram_matrix(|_| true);
    (0..gram.len()).for_each(|f| gram[f][f] += dual.lambda);
    let back: Vec<Vec<f64>> = (0..counts.len())
        .map(|f: usize| {
            let along: Vec<f64> = whitened
                .columns
                .iter()
                .zip(&whitened.l)
                .map(|(column, l)| l * column[f])
                .collect();
            spread(&along)
        })
        .collect();
    let rows: Vec<Vec<f64>> = (0..bins)
        .map(|t| {
            cholesky::solve_cholesky(&gram, &back.iter().map(|row| row[t]).collect::<Vec<_>>())
        })
        .collect();
    let inverse = Array2::from_shape_fn((bins, counts.len()), |(t, f)| rows[t][f]);
    pixel.complete_solution(
        inversion,
        shared,
        dictionary,
        x,
        inverse,
        (dual.lambda, dual.steps as u32),
    )
}

impl ScaledPixel<'_> {
    /// Everything else, from the measure in 10¹⁵ cm⁻⁵ a bin and how it depends on `counts / σ`.
    pub(super) fn complete_solution(
        &self,
        inversion: &Inversion,
        shared: &Discretised,
        dictionary: &Dictionary,
        x: Vec<f64>,
        inverse: Array2<f64>,
        (lambda, iterations): (f64, u32),
    ) -> Result<PixelSolution, PixelStatus> {
        let (bins, channels) = inverse.dim();
        let synthetic: Vec<f64> = (0..channels)
            .map(|f| (0..bins).map(|t| dictionary.response[t][f] * x[t]).sum())
            .collect();
        let chi_squared = self.chi_squared(&synthetic);
        if !chi_squared.is_finite() || !x.iter().all(|x| x.is_finite()) {
            return Err(PixelStatus::OutOfRange);
        }
        let seen = |k: usize, f: usize| dictionary.response[k][f] * self.inverse_sigma[f];
        let averaging = Array2::from_shape_fn((bins, bins), |(t, k)| {
            (0..channels).map(|f| inverse[[t, f]] * seen(k, f)).sum()
        });
        let reported = |values: &[f64]| {
            values
                .iter()
                .zip(&dictionary.to_report)
                .map(|(x, r)| x * r)
                .collect()
        };
        Ok(PixelSolution {
            emission: reported(&x),
            uncertainty: reported(&standard_deviations(&inverse)),
            log_t_resolution: column_resolution(shared, &averaging),
            chi_squared,
            synthetic,
            lambda,
            iterations,
            status: PixelStatus::from_result(inversion, Signs::Positive, self.dropped, chi_squared),
            dropped: self.dropped,
            kernel: CountMap { inverse, averaging },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::nonnegative::non_negative, *};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// At the λ that was found the same weights come from the active set of the augmented
        /// system, which knows nothing of a dual.
        #[test]
        fn the_dual_is_the_augmented_system(
            n in 1_usize..7, m in 1_usize..24,
            numbers in prop::collection::vec(0.01_f64..1.0, 24 * 8 + 8 + 24), aim in 0.01_f64..1.0,
        ) {
            let g: Vec<f64> = numbers[..n].iter().map(|x| 20.0 * x).collect();
            // Else no emission is enough, whatever λ.
            prop_assume!(dot_product(&g, &g) > aim);
            let columns: Vec<Vec<f64>> = (0..m).map(|j| numbers[8 + 8 * j..][..n].to_vec()).collect();
            let whitened = Whitened { columns, l: numbers[8 + 24 * 8..][..m].to_vec() };
            let Dual { z, lambda, .. } = whitened.maximise_dual(&g, aim, n as f64).unwrap();
            let w = whitened.atom_weights(&z);
            let augmented: Vec<Vec<f64>> = (0..m)
                .map(|j| {
                    let mut column = whitened.columns[j].clone();
                    column.extend((0..m).map(|i| if i == j { (lambda / whitened.l[j]).sqrt() } else { 0.0 }));
                    column
                })
                .collect();
            let mut counts = g.clone();
            counts.resize(n + m, 0.0);
            let expected = non_negative(&augmented, &counts).unwrap().x;
            let largest = expected.iter().fold(0.0_f64, |a, &b| a.max(b));
            for (a, b) in w.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-5 * largest, "{w:?} {expected:?}");
            }
            // The residual is λ z, and its square the aim, unless that is out of reach.
            let left: Vec<f64> =
                (0..n).map(|f| g[f] - (0..m).map(|j| whitened.columns[j][f] * w[j]).sum::<f64>()).collect();
            prop_assert!(left.iter().zip(&z).all(|(left, z)| (left - lambda * z).abs() < 1e-6));
            let least = non_negative(&whitened.columns, &g).unwrap().x;
            let unexplained: f64 = (0..n)
                .map(|f| (g[f] - (0..m).map(|j| whitened.columns[j][f] * least[j]).sum::<f64>()).powi(2))
                .sum();
            let chi = dot_product(&left, &left);
            if unexplained < 0.9 * aim {
                prop_assert!((chi / aim - 1.0).abs() < 0.02, "{chi} for {aim}");
            }
            prop_assert!(chi >= unexplained - 1e-9);
        }
    }

    #[test]
    fn counts_within_their_errors_of_nothing_are_nothing() {
        let whitened = Whitened {
            columns: vec![vec![1.0, 2.0], vec![2.0, 1.0]],
            l: vec![1.0, 1.0],
        };
        let found = whitened.maximise_dual(&[0.1, -0.2], 0.2, 2.0).unwrap();
        assert_eq!((found.z, found.steps), (vec![0.0, 0.0], 0));
        assert!(found.lambda > 0.0 && found.lambda.is_finite());
        // Counts below zero, that nothing positive explains.
        let found = whitened.maximise_dual(&[-3.0, -4.0], 0.2, 2.0).unwrap();
        assert!(whitened.atom_weights(&found.z).iter().all(|&w| w == 0.0));
    }
}
