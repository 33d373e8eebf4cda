//! Robust kernels: the weight of a pair as a function of its residual.
//!
//! A kernel is separate from the [`Factor`] that computes the residual; [`Robust`] combines the
//! two. All widths are metres. Iteratively reweighted least squares needs the weight ψ(r)/r; a
//! covariance needs the derivative ψ′ as well.
//!
//! ```
//! use isopach_registration::kernel::{Huber, RobustKernel, Tukey};
//! // Beyond its width, Huber's kernel bounds the influence of a pair; Tukey's removes it.
//! assert_eq!(Huber { width: 0.1 }.weight(0.2), 0.5);
//! assert_eq!(Tukey { width: 0.1 }.weight(0.2), 0.0);
//! ```

use crate::{Factor, FactorKind, NormalEquations, PairShapes};

/// Weight of a pair as a function of its residual. A new kernel is ten lines.
pub trait RobustKernel: Sync {
    /// Weight ψ(r)/r of the residual r (metres): 1 for full weight, 0 for none.
    fn weight(&self, residual: f64) -> f64;

    /// Derivative ψ′(r); by central differences unless overridden.
    fn derivative(&self, residual: f64) -> f64 {
        let step = 1e-6 * (1.0 + residual.abs());
        let score = |r: f64| r * self.weight(r);
        (score(residual + step) - score(residual - step)) / (2.0 * step)
    }
}

/// Kernel of least squares: every pair has full weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeastSquares;

/// Huber's kernel: quadratic up to `width`, linear beyond (Huber 1964).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Huber {
    /// Width, metres.
    pub width: f64,
}

/// Tukey's kernel: weight (1 − (r/width)²)², and 0 beyond `width` (Beaton & Tukey 1974).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tukey {
    /// Width, metres.
    pub width: f64,
}

/// Cauchy's kernel: weight 1/(1 + (r/width)²), the maximum likelihood of Cauchy noise.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cauchy {
    /// Width, metres.
    pub width: f64,
}

/// Kernel of Geman & McClure (1987): weight 1/(1 + (r/width)²)².
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GemanMcClure {
    /// Width, metres.
    pub width: f64,
}

/// Kernel of truncated least squares, with the surrogate of graduated non-convexity (Yang et al.
/// 2020).
///
/// A `control` near 0 is nearly convex; large values approach weight 1 below `width` and 0 above.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TruncatedLeastSquares {
    /// Width, metres.
    pub width: f64,
    /// Parameter μ of the surrogate, above zero.
    pub control: f64,
}

impl RobustKernel for LeastSquares {
    fn weight(&self, _residual: f64) -> f64 {
        1.0
    }

    fn derivative(&self, _residual: f64) -> f64 {
        1.0
    }
}

impl RobustKernel for Huber {
    fn weight(&self, residual: f64) -> f64 {
        let size = residual.abs();
        if size <= self.width {
            1.0
        } else {
            self.width / size
        }
    }

    fn derivative(&self, residual: f64) -> f64 {
        if residual.abs() <= self.width {
            1.0
        } else {
            0.0
        }
    }
}

impl Tukey {
    /// ρ(r) with ρ′(r) = r · weight(r): c²/6 (1 − (1 − (r/c)²)³), c²/6 beyond the width c.
    pub(crate) fn loss(&self, residual: f64) -> f64 {
        let beside = (1.0 - (residual / self.width).powi(2)).max(0.0);
        self.width * self.width / 6.0 * (1.0 - beside * beside * beside)
    }
}

impl RobustKernel for Tukey {
    fn weight(&self, residual: f64) -> f64 {
        let share = (residual / self.width).powi(2);
        if share < 1.0 {
            (1.0 - share) * (1.0 - share)
        } else {
            0.0
        }
    }

    fn derivative(&self, residual: f64) -> f64 {
        let share = (residual / self.width).powi(2);
        if share < 1.0 {
            (1.0 - share) * (1.0 - 5.0 * share)
        } else {
            0.0
        }
    }
}

impl RobustKernel for Cauchy {
    fn weight(&self, residual: f64) -> f64 {
        1.0 / (1.0 + (residual / self.width).powi(2))
    }

    fn derivative(&self, residual: f64) -> f64 {
        let share = (residual / self.width).powi(2);
        (1.0 - share) / (1.0 + share).powi(2)
    }
}

impl RobustKernel for GemanMcClure {
    fn weight(&self, residual: f64) -> f64 {
        (1.0 + (residual / self.width).powi(2)).powi(-2)
    }

    fn derivative(&self, residual: f64) -> f64 {
        let share = (residual / self.width).powi(2);
        (1.0 - 3.0 * share) / (1.0 + share).powi(3)
    }
}

impl RobustKernel for TruncatedLeastSquares {
    fn weight(&self, residual: f64) -> f64 {
        let size = residual.abs();
        let mu = self.control;
        if size <= self.width * (mu / (mu + 1.0)).sqrt() {
            1.0
        } else if size >= self.width * ((mu + 1.0) / mu).sqrt() {
            0.0
        } else {
            self.width / size * (mu * (mu + 1.0)).sqrt() - mu
        }
    }
}

/// Factor whose pairs are weighted by a robust kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Robust<F, K> {
    /// Factor that computes the residual.
    pub factor: F,
    /// Kernel that weights it.
    pub kernel: K,
}

impl<F: Factor, K: RobustKernel> Factor for Robust<F, K> {
    #[inline]
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        apply_kernel(
            &self.kernel,
            self.factor.linearize_pair(source, target, normal),
        )
    }

    fn linearize_pair_with_shapes(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        shapes: &PairShapes,
    ) -> NormalEquations {
        apply_kernel(
            &self.kernel,
            self.factor
                .linearize_pair_with_shapes(source, target, shapes),
        )
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }

    fn needs_covariances(&self) -> bool {
        self.factor.needs_covariances()
    }

    fn kind(&self) -> Option<FactorKind> {
        None
    }
}

/// Weights the equations of a pair; a pair of weight 0 is no inlier.
pub(crate) fn apply_kernel(
    kernel: &(impl RobustKernel + ?Sized),
    plain: NormalEquations,
) -> NormalEquations {
    let weight = kernel.weight(plain.error.sqrt());
    if weight > 0.0 {
        plain.scaled_by(weight)
    } else {
        NormalEquations::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Central differences of the provided method, without the kernel's own.
    struct Numerically<'a>(&'a dyn RobustKernel);

    impl RobustKernel for Numerically<'_> {
        fn weight(&self, residual: f64) -> f64 {
            self.0.weight(residual)
        }
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_finite_differences(residual in -3.0..3.0f64, width in 0.1..2.0f64) {
            prop_assume!((residual.abs() - width).abs() > 1e-4);
            let kernels: [&dyn RobustKernel; 4] =
                [&Huber { width }, &Tukey { width }, &Cauchy { width }, &GemanMcClure { width }];
            for kernel in kernels {
                let expected = Numerically(kernel).derivative(residual);
                prop_assert!((kernel.derivative(residual) - expected).abs() < 1e-6);
            }
        }

        #[test]
        fn the_slope_of_tukeys_loss_is_residual_times_weight(residual in -3.0..3.0f64, width in 0.1..2.0f64) {
            let kernel = Tukey { width };
            let h = 1e-6;
            let slope = (kernel.loss(residual + h) - kernel.loss(residual - h)) / (2.0 * h);
            prop_assert!((slope - residual * kernel.weight(residual)).abs() < 1e-6);
        }

        #[test]
        fn weights_fall_from_one(width in 0.1..2.0f64, control in 0.01..50.0f64, a in 0.0..4.0f64, by in 0.0..2.0f64) {
            let kernels: [&dyn RobustKernel; 5] = [
                &Huber { width },
                &Tukey { width },
                &Cauchy { width },
                &GemanMcClure { width },
                &TruncatedLeastSquares { width, control },
            ];
            for kernel in kernels {
                prop_assert_eq!(kernel.weight(0.0), 1.0);
                prop_assert!(kernel.weight(a + by) <= kernel.weight(a) + 1e-12);
                prop_assert_eq!(kernel.weight(-a), kernel.weight(a));
                prop_assert!((0.0..=1.0 + 1e-12).contains(&kernel.weight(a)));
            }
        }
    }

    #[test]
    fn graduated_non_convexity_ends_at_a_truncation() {
        let last = TruncatedLeastSquares {
            width: 0.5,
            control: 1e9,
        };
        assert_eq!([last.weight(0.49), last.weight(0.51)], [1.0, 0.0]);
    }
}
