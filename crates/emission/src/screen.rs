//! Which pixels and channels can be used.

use crate::{Compat, Inversion, Missing, Real, Status, Weights};

/// The channels of a pixel that are left out (as bits), or why there is no result.
///
/// # Errors
/// The status of a pixel that is not to be inverted.
pub(crate) fn screen<T: Real>(inversion: &Inversion, counts: &[T], sigma: &[T]) -> Result<u32, Status> {
    let bad = |f: usize| {
        let (count, sigma) = (counts[f].wide(), sigma[f].wide());
        !(count > 0.0 && count < f64::INFINITY && sigma > 0.0 && sigma < f64::INFINITY)
    };
    let mut dropped = 0_u32;
    for f in 0..counts.len() {
        dropped |= u32::from(bad(f)) << f;
    }
    let first_bad = |dropped: u32| Status::BadInput { channel: dropped.trailing_zeros() as u8 };
    if inversion.compat == Compat::Reference {
        return if reference_accepts(counts, sigma) {
            Ok(0)
        } else if dropped == 0 {
            Err(Status::OutOfRange) // the product underflows
        } else {
            Err(first_bad(dropped))
        };
    }
    if dropped == 0 {
        return Ok(0);
    }
    if inversion.missing == Missing::Reject {
        return Err(first_bad(dropped));
    }
    let kept = |f: &usize| dropped & (1 << f) == 0;
    let enough = match &inversion.weights {
        Weights::EmissionMeasureLoci(chosen) => chosen.iter().any(kept),
        _ => (0..counts.len()).any(|f| kept(&f)),
    };
    if enough { Ok(dropped) } else { Err(Status::NoChannel) }
}

/// The reference's test: all ratios finite, and their product above zero.
fn reference_accepts<T: Real>(counts: &[T], sigma: &[T]) -> bool {
    let mut product = 1.0;
    for (count, sigma) in counts.iter().zip(sigma) {
        let ratio = count.wide() / sigma.wide();
        if !ratio.is_finite() {
            return false;
        }
        product *= ratio;
    }
    product > 0.0
}
