//! What the conformance suites of all capabilities share: how they report, and made numbers.

use crate::Result;
use std::fmt;

/// Something that a backend did differently from the definition, or did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The operation.
    pub operation: &'static str,
    /// What it was run on.
    pub case: String,
    /// What was wrong.
    pub what: String,
}

impl Finding {
    /// What comes of a comparison: what differs, if anything does, or the error that it ended with.
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

    /// What comes of a caller's mistake: nothing, where it is refused as one, which no other
    /// backend could mend.
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

/// A number in [0, 1) from its position in a sequence.
#[must_use]
pub fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
