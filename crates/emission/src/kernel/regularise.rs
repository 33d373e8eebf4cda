//! The grid of μ, the discrepancy along it, and the solution at a point of it.

use super::{
    jacobi::Decomposed,
    vectors::{MAX_LANES, Matrix, Vector},
};
use crate::{Real, discretised::NULL, lanes::Lanes};

/// A pixel's system on the grid of μ.
pub(crate) struct RegularisedSystem<V: Lanes, const NF: usize> {
    pub(crate) u: Matrix<V, NF>,
    pub(crate) squared: Vector<V, NF>,
    /// Uᵀ g.
    pub(crate) c: Vector<V, NF>,
    /// Σ c².
    total: V,
    inverse_sigma: Vector<V, NF>,
}

/// Room for the curve of discrepancies: μ, and the discrepancy there.
#[derive(Debug)]
pub(crate) struct DiscrepancyCurve<V> {
    mu: Vec<V>,
    discrepancy: Vec<V>,
}

impl<V> DiscrepancyCurve<V> {
    pub(crate) fn new() -> Self {
        Self {
            mu: vec![],
            discrepancy: vec![],
        }
    }
}

/// A point of the grid of μ.
pub(crate) struct ChosenLambda<V> {
    pub(crate) lambda: V,
    /// How much nearer than the second nearest it is, in units of the target.
    pub(crate) margin: V,
}

impl<V: Lanes, const NF: usize> RegularisedSystem<V, NF> {
    /// Of the decomposition of `diag(1/σ) L`; computes the whole curve.
    #[inline(always)]
    pub(crate) fn new(
        decomposed: Decomposed<V, NF>,
        g: &Vector<V, NF>,
        inverse_sigma: &Vector<V, NF>,
        (scale, samples): (f64, usize),
        curve: &mut DiscrepancyCurve<V>,
    ) -> Self {
        let Decomposed { u, squared } = decomposed;
        let zero = V::constant(0.0);
        let mut c = [zero; NF];
        let mut total = zero;
        let mut energy = [zero; NF];
        for k in 0..NF {
            for f in 0..NF {
                c[k] = c[k] + u[k][f] * g[f];
            }
            energy[k] = c[k] * c[k];
            total = total + energy[k];
        }
        fill_mu_grid::<V, NF>(&squared, scale, samples, &mut curve.mu);
        fill_discrepancies(&squared, &energy, &curve.mu, &mut curve.discrepancy);
        Self {
            u,
            squared,
            c,
            total,
            inverse_sigma: *inverse_sigma,
        }
    }

    /// The μ at which the discrepancy is nearest to `target`, the first of several. Where the
    /// target is beyond reach, that is the largest discrepancy; it differs from Σ c² by less than
    /// round-off, so the missing parts are compared.
    #[inline(always)]
    pub(crate) fn choose_lambda(&self, target: V, curve: &DiscrepancyCurve<V>) -> ChosenLambda<V> {
        let reachable = target.less_than(self.total);
        let zero = V::constant(0.0);
        let infinity = V::constant(f64::INFINITY);
        let beyond_reach =
            V::any_lane(zero.less_than(V::select(reachable, zero, V::constant(1.0))));
        let mut best = infinity;
        let mut second = infinity;
        let mut lambda = curve.mu[0];
        for i in 0..curve.mu.len() {
            let mut distance = (curve.discrepancy[i] - target).abs();
            if beyond_reach {
                distance = V::select(reachable, distance, self.removed_discrepancy(curve.mu[i]));
            }
            let nearer = distance.less_than(best);
            second = V::select(nearer, best, distance.min(second));
            best = V::select(nearer, distance, best);
            lambda = V::select(nearer, curve.mu[i], lambda);
        }
        ChosenLambda {
            lambda,
            margin: V::select(reachable, (second - best) / target, infinity),
        }
    }

    /// By how much the discrepancy at μ is below Σ c².
    #[inline(always)]
    fn removed_discrepancy(&self, mu: V) -> V {
        let mut removed = V::constant(0.0);
        for k in 0..NF {
            let taken = self.squared[k] / (self.squared[k] + mu);
            removed = removed + self.c[k] * self.c[k] * (taken * (V::constant(2.0) - taken));
        }
        removed
    }

    /// 1 if the smallest singular value is below `LEAST_CONDITION` of the largest, or counts are
    /// above `MOST_SIGNAL` of their errors: there the precision is not enough.
    #[inline(always)]
    pub(crate) fn beyond_precision(&self) -> V {
        let (smallest, largest) = squared_extremes(&self.squared);
        let zero = V::constant(0.0);
        let one = V::constant(1.0);
        let least = V::constant(V::Scalar::LEAST_CONDITION * V::Scalar::LEAST_CONDITION);
        let loud =
            V::constant(V::Scalar::MOST_SIGNAL * V::Scalar::MOST_SIGNAL).less_than(self.total);
        V::select(
            loud,
            one,
            V::select(smallest.less_than(largest * least), one, zero),
        )
    }

    /// `d = 1 / (s² + λ)`; 0 where s is zero but for round-off: there is no such direction in the
    /// solution.
    #[inline(always)]
    pub(crate) fn damping_factors(&self, lambda: V) -> Vector<V, NF> {
        let (_, largest) = squared_extremes(&self.squared);
        let null = largest * V::constant(NULL);
        let mut d = self.squared;
        for k in 0..NF {
            d[k] = V::select(
                null.less_than(d[k]),
                V::constant(1.0) / (d[k] + lambda),
                V::constant(0.0),
            );
        }
        d
    }

    /// `z = U diag(d) c / σ`: the solution in bin t is `l[t] R[t] · z`.
    #[inline(always)]
    pub(crate) fn solution_coefficients(&self, d: &Vector<V, NF>) -> Vector<V, NF> {
        let zero = V::constant(0.0);
        let mut z = [zero; NF];
        for k in 0..NF {
            let damped = d[k] * self.c[k];
            for f in 0..NF {
                z[f] = z[f] + self.u[k][f] * damped;
            }
        }
        for f in 0..NF {
            z[f] = z[f] * self.inverse_sigma[f];
        }
        z
    }

    /// `E[k][f] = d_k U[k][f] / σ_f`: the variance in bin t is `(l[t])² Σ_k (E[k] · R[t])²`.
    #[inline(always)]
    pub(crate) fn error_coefficients(&self, d: &Vector<V, NF>) -> Matrix<V, NF> {
        let mut e = self.u;
        for k in 0..NF {
            for f in 0..NF {
                e[k][f] = e[k][f] * d[k] * self.inverse_sigma[f];
            }
        }
        e
    }

    /// `N = diag(1/σ) U diag(d) Uᵀ diag(1/σ)`: the averaging kernel is `l[t] R[t] · N R[k]`.
    #[inline(always)]
    pub(crate) fn averaging_coefficients(&self, e: &Matrix<V, NF>) -> Matrix<V, NF> {
        let zero = V::constant(0.0);
        let mut n = [[zero; NF]; NF];
        for f in 0..NF {
            for k in 0..NF {
                let turned = self.u[k][f] * self.inverse_sigma[f];
                for h in 0..NF {
                    n[f][h] = n[f][h] + turned * e[k][h];
                }
            }
        }
        n
    }
}

/// The discrepancy `Σ c² (μ / (s² + μ))²` at every point of the grid of μ. Two channels share a
/// division; in units of the largest singular value their product has room.
#[inline(always)]
fn fill_discrepancies<V: Lanes, const NF: usize>(
    squared: &Vector<V, NF>,
    energy: &Vector<V, NF>,
    grid: &[V],
    discrepancy: &mut Vec<V>,
) {
    let one = V::constant(1.0);
    let (_, largest) = squared_extremes(squared);
    let unit = one / largest;
    let mut relative = *squared;
    for k in 0..NF {
        relative[k] = relative[k] * unit;
    }
    discrepancy.clear();
    for &mu in grid {
        let mu = mu * unit;
        let mut sum = V::constant(0.0);
        for pair in 0..NF / 2 {
            let i = 2 * pair;
            let j = 2 * pair + 1;
            let a = relative[i] + mu;
            let b = relative[j] + mu;
            let share = mu / (a * b);
            let left = b * share;
            let other = a * share;
            sum = sum + energy[i] * (left * left) + energy[j] * (other * other);
        }
        discrepancy.push(sum);
    }
}

/// The grid of μ, from 10⁻⁴ of the smallest squared singular value to the largest singular value.
#[inline(always)]
fn fill_mu_grid<V: Lanes, const NF: usize>(
    squared: &Vector<V, NF>,
    scale: f64,
    samples: usize,
    mu: &mut Vec<V>,
) {
    let (least, largest) = squared_extremes(squared);
    let mut leasts = [V::Scalar::default(); MAX_LANES];
    let mut largests = [V::Scalar::default(); MAX_LANES];
    least.store(&mut leasts);
    largest.store(&mut largests);
    // In double precision, or errors would add up along the grid.
    let mut at = [0.0_f64; MAX_LANES];
    let mut ratios = [1.0_f64; MAX_LANES];
    for lane in 0..V::COUNT {
        let least = leasts[lane].to_f64();
        let largest = largests[lane].to_f64();
        let low = least * 1e-4;
        let high = largest.sqrt() * scale;
        at[lane] = low;
        ratios[lane] = ((high / low).ln() / (samples - 1) as f64).exp();
    }
    mu.clear();
    for _ in 0..samples {
        let mut here = [V::Scalar::default(); MAX_LANES];
        for lane in 0..V::COUNT {
            here[lane] = V::Scalar::from_f64(at[lane]);
            at[lane] *= ratios[lane];
        }
        mu.push(V::load(&here));
    }
}

/// Smallest and largest squared singular value, those that are zero but for round-off left out:
/// channels that are not there, or that are sums of others.
#[inline(always)]
fn squared_extremes<V: Lanes, const NF: usize>(squared: &Vector<V, NF>) -> (V, V) {
    let mut largest = squared[0];
    for k in 1..NF {
        largest = squared[k].max(largest);
    }
    let null = largest * V::constant(NULL);
    let mut least = largest;
    for k in 0..NF {
        least = V::select(null.less_than(squared[k]), squared[k].min(least), least);
    }
    (least, largest)
}
