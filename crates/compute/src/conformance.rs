//! The parts that the conformance suites of all capabilities share: findings, and pseudo-random
//! numbers.

use crate::Result;
use std::fmt;

/// A difference between a backend and the reference of a capability.
///
/// ```
/// use isopach_compute::conformance::Finding;
/// let finding = Finding::of("nearest", "100 points", Ok(Some("query 3: 7, not 8".into())));
/// assert_eq!(finding.unwrap().to_string(), "nearest on 100 points: query 3: 7, not 8");
/// assert_eq!(Finding::of("nearest", "100 points", Ok(None)), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The operation.
    pub operation: &'static str,
    /// The input.
    pub case: String,
    /// The difference, or the error.
    pub what: String,
}

impl Finding {
    /// The finding of a comparison: its difference, if there is one, or the error that it ended
    /// with.
    #[must_use]
    pub fn of(
        operation: &'static str,
        case: &str,
        compared: Result<Option<String>>,
    ) -> Option<Self> {
        let what = compared.unwrap_or_else(|error| Some(error.to_string()))?;
        Some(Self {
            operation,
            case: case.to_owned(),
            what,
        })
    }

    /// The finding of a caller's mistake: none if the backend refuses it with an error that is not
    /// recoverable.
    #[must_use]
    pub fn unless_refused<T>(
        operation: &'static str,
        case: &str,
        outcome: Result<T>,
    ) -> Option<Self> {
        let what = match outcome {
            Err(error) if !error.is_recoverable() => return None,
            Err(error) => format!("declined, not refused: {error}"),
            Ok(_) => "accepted".to_owned(),
        };
        Some(Self {
            operation,
            case: case.to_owned(),
            what,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.operation, self.case, self.what)
    }
}

/// A pseudo-random number in [0, 1) from its position in a sequence.
#[must_use]
pub fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
