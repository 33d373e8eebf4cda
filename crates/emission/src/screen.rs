//! Screening: the pixels and channels that can be used.

use crate::{Compatibility, Inversion, MissingCounts, PixelStatus, Real, Weights};

/// Which channels of a pixel are used, known before it is inverted.
#[derive(Clone, Copy, Debug)]
pub struct Screened {
    /// Saturated channels, as bits.
    pub saturated: u32,
    /// The channels that are left out (as bits), or why the pixel is not to be inverted.
    pub verdict: Result<u32, PixelStatus>,
}

/// Screens a pixel by its counts and errors, one per channel.
#[must_use]
pub fn screen_pixel<T: Real>(inversion: &Inversion, counts: &[T], sigma: &[T]) -> Screened {
    let mut bad = 0_u32;
    let mut saturated = 0_u32;
    for f in 0..counts.len() {
        let count = counts[f].to_f64();
        let sigma = sigma[f].to_f64();
        let good = is_measured(inversion, count) && sigma > 0.0 && sigma < f64::INFINITY;
        bad |= u32::from(!good) << f;
    }
    if let Some(saturation) = &inversion.saturation {
        for (f, (count, level)) in counts.iter().zip(&saturation.levels).enumerate() {
            saturated |= u32::from(count.to_f64() as f32 >= *level as f32) << f;
        }
        saturated &= !bad;
    }
    let bad = if inversion.compat == Compatibility::Reference {
        if !reference_accepts(counts, sigma) {
            // Nothing bad: the product underflows.
            let status = if bad == 0 {
                PixelStatus::OutOfRange
            } else {
                PixelStatus::BadInput {
                    channel: first_channel(bad),
                }
            };
            return Screened {
                saturated,
                verdict: Err(status),
            };
        }
        0
    } else {
        bad
    };
    Screened {
        saturated,
        verdict: judge_pixel(inversion, counts.len(), bad, saturated),
    }
}

/// Whether a count is a measurement.
fn is_measured(inversion: &Inversion, count: f64) -> bool {
    let padded = inversion
        .pad_value
        .is_some_and(|pad| count as f32 == pad as f32);
    let lowest = if inversion.compat == Compatibility::Off {
        f64::NEG_INFINITY
    } else {
        0.0
    };
    !padded && lowest < count && count < f64::INFINITY
}

fn judge_pixel(
    inversion: &Inversion,
    channels: usize,
    bad: u32,
    saturated: u32,
) -> Result<u32, PixelStatus> {
    let dropped = bad | saturated;
    if dropped == 0 {
        return Ok(0);
    }
    if bad != 0 && inversion.missing == MissingCounts::Reject {
        return Err(PixelStatus::BadInput {
            channel: first_channel(bad),
        });
    }
    if saturated != 0
        && inversion
            .saturation
            .as_ref()
            .is_some_and(|s| s.then == MissingCounts::Reject)
    {
        return Err(PixelStatus::Saturated {
            channel: first_channel(saturated),
        });
    }
    let kept = |f: &usize| dropped & (1 << f) == 0;
    let enough = match &inversion.weights {
        Weights::EmissionMeasureLoci(chosen) => chosen.iter().any(kept),
        _ => (0..channels).any(|f| kept(&f)),
    };
    if enough {
        Ok(dropped)
    } else {
        Err(PixelStatus::NoChannel)
    }
}

/// The first of some channels.
fn first_channel(channels: u32) -> u8 {
    channels.trailing_zeros() as u8
}

/// The reference's test: all ratios finite, and their product above zero.
fn reference_accepts<T: Real>(counts: &[T], sigma: &[T]) -> bool {
    let mut product = 1.0;
    for (count, sigma) in counts.iter().zip(sigma) {
        let ratio = count.to_f64() / sigma.to_f64();
        if !ratio.is_finite() {
            return false;
        }
        product *= ratio;
    }
    product > 0.0
}
