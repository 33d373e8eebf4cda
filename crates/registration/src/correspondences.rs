//! Pairs of points at a pose, as the normal equations over them.

use crate::{Factor, NormalEquations, Rejection, Rejector};
use isopach_cloud::Rigid;
use isopach_compute::{Error, Result};

/// Two clouds held on a backend, ready to be paired at any pose.
///
/// [`crate::Align::prepare_points`] makes one. Implement it for an own backend; the suite in
/// [`crate::conformance`] checks it.
pub trait Correspondences {
    /// Sums the normal equations over all pairs at the pose `at`: each source point with its
    /// nearest target point.
    ///
    /// All backends find the same pairs. Sums may differ by 10⁻⁵ of √(Hᵢᵢ Hⱼⱼ) (for `b`: of
    /// √(Hᵢᵢ · error)). Coordinates of the moved source, and so residuals and lever arms, may
    /// differ by 2·10⁻⁹ m: the rounding of `f64` ten thousand kilometres from zero.
    ///
    /// # Errors
    /// The errors of [`Rejection::check`]; [`Error::InvalidPoint`] if the pose takes a point out of
    /// the target's reach; any error of the backend.
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations>;

    /// Sums the normal equations as [`Self::linearize_pairs`], over the pairs that any rejector
    /// accepts.
    ///
    /// The provided body knows rejectors that are a [`Rejection`]; it never ignores another one.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the backend cannot call the rejector; [`Error::InvalidInput`] if
    /// the factor or the rejector needs normals or covariances that were not prepared; as
    /// [`Self::linearize_pairs`].
    fn linearize_pairs_with(
        &self,
        factor: &dyn Factor,
        rejector: &dyn Rejector,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        match rejector.as_rejection() {
            Some(rejection) => self.linearize_pairs(factor, rejection, at),
            None => Err(Error::Unsupported {
                operation: "call a rejector",
            }),
        }
    }
}

/// Correspondences of several parts of a survey under one pose: their sums are added.
///
/// For surveys wider than the ±8 km that one cloud reaches. A share of the closest pairs is a share
/// of *all* pairs, which no part knows, so trimming over several parts is
/// [`Error::Unsupported`].
pub struct BlockCorrespondences<'a> {
    /// The parts; each source point belongs to one of them.
    pub parts: Vec<Box<dyn Correspondences + 'a>>,
}

impl std::fmt::Debug for BlockCorrespondences<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockCorrespondences")
            .field("parts", &self.parts.len())
            .finish()
    }
}

impl Correspondences for BlockCorrespondences<'_> {
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        rejection.check()?;
        self.sum_parts(rejection.kept_share, |part| {
            part.linearize_pairs(factor, rejection, at)
        })
    }

    fn linearize_pairs_with(
        &self,
        factor: &dyn Factor,
        rejector: &dyn Rejector,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        self.sum_parts(rejector.kept_share(), |part| {
            part.linearize_pairs_with(factor, rejector, at)
        })
    }
}

impl BlockCorrespondences<'_> {
    fn sum_parts(
        &self,
        kept_share: f64,
        linearize: impl Fn(&(dyn Correspondences + '_)) -> Result<NormalEquations>,
    ) -> Result<NormalEquations> {
        if kept_share < 1.0 && self.parts.len() > 1 {
            return Err(Error::Unsupported {
                operation: "trim pairs over several blocks",
            });
        }
        let mut sums = NormalEquations::default();
        for part in &self.parts {
            sums.add_equations(&linearize(&**part)?);
        }
        Ok(sums)
    }
}
