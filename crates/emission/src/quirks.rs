//! Quirks of the reference that [`Compatibility::Reference`] reproduces.

use crate::{Compatibility, Inversion, Weights};

/// Whether some row of given weights is one that the reference takes for "not given"
/// ([`Compatibility::Reference`]): a kernel that treats all pixels alike has no way to do that.
#[must_use]
pub fn ignores_given_weights(inversion: &Inversion) -> bool {
    match &inversion.weights {
        Weights::Given(given) if inversion.compat == Compatibility::Reference => given
            .outer_iter()
            .any(|row| !inversion.uses_given_row(&row.to_vec())),
        _ => false,
    }
}

/// The value of a pixel without a result: NaN, or 0 as in the reference.
#[must_use]
pub fn missing_number(inversion: &Inversion) -> f64 {
    if inversion.compat == Compatibility::Reference {
        0.0
    } else {
        f64::NAN
    }
}

impl Inversion {
    /// Whether a row of given weights is to be used; the reference takes two kinds of rows for "not
    /// given".
    pub(crate) fn uses_given_row(&self, row: &[f64]) -> bool {
        self.compat != Compatibility::Reference
            || !(row[0] == 0.0 || row.iter().product::<f64>() == 1.0)
    }
}
