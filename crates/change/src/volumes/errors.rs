//! Components of the errors of volumes.

use super::{
    Parameters, VariogramGround,
    chance::HERMITE,
    report::ErrorParts,
    sums::{Exact, Side, Sums},
    tally::Tally,
};
use crate::{RegistrationError, Variogram};

/// Share of the noise of a part that goes into the gain, where the sign of its change is not
/// certain, and the same of the loss.
const EVEN_ODDS: f64 = 0.5;

/// Error of the net: independent cells, aᵀ C a, and the variogram's variance of the sum.
pub(crate) fn error_of_net(parameters: &Parameters, sums: &Sums) -> ErrorParts {
    let area = sums.net.certain as f64 * parameters.cell_area();
    let correlated = parameters
        .variogram
        .as_ref()
        .map_or(0.0, |variogram| area * mean_error(variogram, area));
    ErrorParts {
        random: sums.net.variances.variance().sqrt() * parameters.cell_area(),
        registration: registration_error(parameters, &sums.net),
        correlated,
    }
}

/// Error of the gain or of the loss.
pub(crate) fn error_of_side(parameters: &Parameters, sums: &Sums, side: &Side) -> ErrorParts {
    ErrorParts {
        random: side.variances.variance().sqrt() * parameters.cell_area(),
        registration: registration_error(parameters, side),
        correlated: parameters.variogram.as_ref().map_or(0.0, |variogram| {
            correlated_error(parameters, variogram, sums, side)
        }),
    }
}

/// Σ over the cells of weight · rise of the surface, by the alignment's uncertainty.
fn registration_error(parameters: &Parameters, side: &Side) -> f64 {
    let sum = match &parameters.registration_error {
        RegistrationError::Given(metres) => metres * side.weights.height(),
        RegistrationError::Covariance(pose) => pose.variance(side.levers.map(Exact::height)).sqrt(),
    };
    sum * parameters.cell_area()
}

/// Standard error of the correlated part of a mean over `area` m², metres.
fn mean_error(variogram: &Variogram, area: f64) -> f64 {
    (variogram.covariance(0.0) * variogram.mean_correlation(area, 1)).sqrt()
}

/// Correlated part of the error of a gain or a loss.
///
/// An error c of the heights enters with the weight w: 1 where the ground certainly rose, ½ where
/// the sign is not certain, 0 where it fell. With A the area and N its effective number of samples,
/// Var Σ w c = σ² A²/N · (w̄² + (mean w² − w̄²) (1 − 1/N)): the weights are taken to vary over
/// distances beyond the range. Where the sign is not certain, the correction for chance adds ¼ Σ
/// c_k² ρᵏ over the pairs, c_k the Hermite coefficients of h, with [`mean_square_error`] for k = 2.
fn correlated_error(
    parameters: &Parameters,
    variogram: &Variogram,
    sums: &Sums,
    side: &Side,
) -> f64 {
    let cells = sums.net.certain as f64;
    if cells == 0.0 {
        return 0.0;
    }
    let sill = variogram.covariance(0.0);
    let certain = side.certain as f64;
    let uncertain = sums.uncertain as f64;
    let weight = (certain + EVEN_ODDS * uncertain) / cells;
    let square = (certain + EVEN_ODDS * EVEN_ODDS * uncertain) / cells;
    let area = cells * parameters.cell_area();
    let together = variogram.mean_correlation(area, 1);
    let linear =
        area * area * together * (weight * weight + (square - weight * weight) * (1.0 - together));
    let uncertain_area = uncertain * parameters.cell_area();
    let share = if uncertain > 0.0 {
        sums.correlated_share.height() / uncertain
    } else {
        0.0
    };
    let of_order = |order: i32| match order {
        2 => mean_square_error(parameters, variogram, uncertain_area),
        _ => variogram.mean_correlation(uncertain_area, order),
    };
    let chance: f64 = HERMITE
        .iter()
        .map(|(order, coefficient)| coefficient * share.powi(order - 1) * of_order(*order))
        .sum();
    (sill * (linear + 0.25 * uncertain_area * uncertain_area * chance))
        .max(0.0)
        .sqrt()
}

/// Half the variance of the mean square of the shared part over `area` m², relative to the sill
/// that corrects it. The part of order 2 of σ h(S/σ) is c₂/√2 σ times that difference: dE σ
/// h(S/σ)/dσ = −E h″ = −√2 c₂ by Stein's lemma, so a sill that errs as the cells' own scatter takes
/// it away.
///
/// A mean square varies by 2 m₂, m₂ the mean of ρ² over the pairs of places. Ground that is a
/// sample of the cells, or holds them, shares the smaller of both.
fn mean_square_error(parameters: &Parameters, variogram: &Variogram, area: f64) -> f64 {
    let of_cells = variogram.mean_correlation(area, 2);
    let Some(of_sill) = variogram.squared_correlation else {
        return of_cells;
    };
    match parameters.variogram_ground {
        VariogramGround::Within => (of_cells - of_sill).abs(),
        VariogramGround::Elsewhere => of_cells + of_sill,
    }
}

/// Reason that there is no error; `None` if there is one.
pub(crate) fn reason_without_error(
    parameters: &Parameters,
    tally: &Tally,
    sums: &Sums,
) -> Option<String> {
    if tally.without_scatter > 0 {
        return Some(format!(
            "nothing is known of the scatter of {} of {} differences (a minimum or maximum has no standard error)",
            tally.without_scatter, tally.cells
        ));
    }
    let RegistrationError::Covariance(pose) = &parameters.registration_error else {
        return None;
    };
    let free = [&sums.net, &sums.gain, &sums.loss]
        .into_iter()
        .find_map(|side| pose.free_in_sum(side.levers.map(Exact::height), side.tilts.height()))?;
    Some(format!(
        "the alignment does not determine the {}, which changes this volume",
        free.description
    ))
}
