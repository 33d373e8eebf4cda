//! Methods of inversion.

/// Methods of inversion. The first is quadratic regularisation, whose solution may be negative; the
/// others know no negative emission.
///
/// | | has | χ² | costs, of the first |
/// |---|---|---|---|
/// | [`Self::Regularised`] | the reference's numbers | as near to its target as the grid of μ allows, more where bins had to become positive | 1 |
/// | [`Self::Positive`] | smooth solutions where the counts leave a choice | a tenth of the target, or the least there is | see docs/algorithms/emission.md |
/// | [`Self::NonNegative`] | spikes: as many bins as channels, at most | the least there is | less |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Method {
    /// Hannah & Kontar (2012, A&A 539, A146): DEMREG.
    #[default]
    Regularised,
    /// The least `Σ w² / l` among all `w ≥ 0` whose counts are within a tenth of the χ² target, or,
    /// where that is out of reach, of almost the least χ² there is. `w` are the emission measures
    /// of atoms: every bin by itself, Gaussians of 0.05 and 0.1 dex in log T; l is the atom's
    /// preference (0.01, 0.1, 1) over the length of its column in units of the errors. Weights of
    /// atoms that are zero at the minimum are zero. A dual problem of one unknown a channel, solved
    /// by Newton's method; O(atoms × channels²) a step.
    ///
    /// λ is the multiplier: the residual of the counts, in units of their errors, is λ times the
    /// dual. Errors are linear at that λ with all atoms in use, so that a bin of zero has one too.
    /// Basis functions as in Cheung et al. 2015, ApJ 807, 143; the minimum norm under a discrepancy
    /// as in Morozov 1966.
    ///
    /// Weights, constraint, growth, iterations and the grid of μ of an [`crate::Inversion`] are not
    /// used.
    Positive,
    /// Least squares with `x ≥ 0` and nothing else: the active set of Lawson & Hanson (1974,
    /// Solving Least Squares Problems, chapter 23). Where χ² can be zero there are many such
    /// solutions; the result is one of them, as with other programs, and another one after a change
    /// of round-off. Errors are those of least squares in the bins that are not zero, and zero
    /// elsewhere.
    NonNegative,
}

/// χ² that the positive method aims at, in units of the target. A fit by many more numbers than
/// there are counts takes most degrees of freedom: at χ² = 1 a channel it would be off by an error
/// in each, most of all in the faint channels that see hot plasma.
pub(crate) const AIM: f64 = 0.1;

/// Least λ of the positive method, in units of the mean eigenvalue of `Σ l a aᵀ`: where χ² cannot
/// come down to its aim.
pub(crate) const LEAST_LAMBDA: f64 = 1e-8;

/// Slope of the dual, in units of the counts, at which its maximum is found.
pub(crate) const SETTLED: f64 = 1e-10;

/// Round-off of the slope, in units of the trace of `Σ l a aᵀ` times the length of z: where the aim
/// is out of reach, z is long.
pub(crate) const ROUND_OFF: f64 = 1e-15;

/// Heights of the dual that differ by no more than this are equal but for round-off.
pub(crate) const AS_HIGH: f64 = 1e-12;

/// Shortest step that is tried.
pub(crate) const SHORTEST: f64 = 1e-6;

/// Slope at which it is found as well as round-off allows, where no step climbs any more.
pub(crate) const NEARLY: f64 = 1e-7;

/// Slope of least squares, in units of the first, up to which there is none.
pub(crate) const SLOPE: f64 = 1e-11;
