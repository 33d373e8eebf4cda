//! Errors that a computation can end with: each says who is at fault.

use std::{error::Error as StdError, fmt::Display, path::Path};

/// Result of a computation.
pub type Result<T> = std::result::Result<T, Error>;

/// What ended a computation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller gave a parameter that no backend can work with.
    #[error("{name} is {value}, but must {must}")]
    InvalidParameter {
        /// The parameter, in the words of the public interface.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What it should have been, to be read after "must".
        must: &'static str,
    },
    /// The caller gave inputs that do not belong together (lengths, coordinate systems, an empty intersection).
    #[error("{0}")]
    InvalidInput(String),
    /// A coordinate that is not a finite number, or is out of reach of its origin.
    #[error("point {index} has the coordinate {value}, but must {must}")]
    InvalidPoint {
        /// Position of the point in what was given.
        index: usize,
        /// The offending coordinate, metres.
        value: f64,
        /// What it should have been, to be read after "must".
        must: &'static str,
    },
    /// This backend has no such operation.
    #[error("this backend cannot {operation}")]
    Unsupported {
        /// The operation, to be read after "cannot".
        operation: &'static str,
    },
    /// Another backend does so little work sooner than this one could begin.
    #[error("{given} {what} are too little to begin with: here work begins at {least}")]
    TooLittle {
        /// What there is of it: points, pixels.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many it takes.
        least: usize,
    },
    /// The work does not fit the memory it was given.
    #[error("{what} needs {requested} bytes, but the budget is {budget}: {advice}")]
    OutOfMemory {
        /// What was to be held.
        what: &'static str,
        /// Bytes that it would have taken.
        requested: u64,
        /// Bytes that were allowed.
        budget: u64,
        /// Which number to change.
        advice: &'static str,
    },
    /// The device went away.
    #[error("the device {device} was lost")]
    DeviceLost {
        /// Its name.
        device: String,
    },
    /// The device is there, but failed at something that it should have done: a driver's or a kernel's mistake, not the caller's.
    #[error("the device {device} failed: {what}")]
    DeviceFault {
        /// Its name.
        device: String,
        /// What it said.
        what: String,
    },
    /// A file or another source of data failed; the source says which and why.
    #[error("{0}")]
    Source(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// Whether another backend may succeed. A caller's mistake, or a broken file, is the same everywhere.
    ///
    /// ```
    /// # use isopach_compute::Error;
    /// assert!(Error::Unsupported { operation: "take the median" }.is_recoverable());
    /// assert!(!Error::InvalidParameter { name: "radius", value: -1.0, must: "be positive" }.is_recoverable());
    /// ```
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        use Error::{DeviceFault, DeviceLost, OutOfMemory, TooLittle, Unsupported};
        matches!(
            self,
            Unsupported { .. } | TooLittle { .. } | OutOfMemory { .. } | DeviceLost { .. } | DeviceFault { .. }
        )
    }

    /// One word for the kind of failure, for counters and reports.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::InvalidParameter { .. } => "invalid parameter",
            Self::InvalidInput(_) => "invalid input",
            Self::InvalidPoint { .. } => "invalid point",
            Self::Unsupported { .. } => "unsupported",
            Self::TooLittle { .. } => "too little work",
            Self::OutOfMemory { .. } => "out of memory",
            Self::DeviceLost { .. } => "device lost",
            Self::DeviceFault { .. } => "device fault",
            Self::Source(_) => "source",
        }
    }

    /// Wraps the error of a file or another source.
    pub fn source(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Source(error.into())
    }

    /// The error of a file or folder, by its name.
    ///
    /// ```
    /// # use isopach_compute::Error;
    /// let error = std::fs::read("no such file").unwrap_err();
    /// assert!(Error::of_file("no such file", error).to_string().starts_with("no such file: "));
    /// ```
    pub fn of_file(path: impl AsRef<Path>, error: impl Display) -> Self {
        Self::source(format!("{}: {error}", path.as_ref().display()))
    }

    /// `value` if it is finite and above zero.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] otherwise.
    pub fn positive(name: &'static str, value: f64) -> Result<f64> {
        Self::check(name, value, value.is_finite() && value > 0.0, "be a finite number above zero")
    }

    /// `value` if it is finite and not below zero.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] otherwise.
    pub fn not_negative(name: &'static str, value: f64) -> Result<f64> {
        Self::check(name, value, value.is_finite() && value >= 0.0, "be a finite number, zero or above")
    }

    /// `value` if `holds`, else the complaint that it `must` have been something else.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] if it does not hold.
    pub fn check(name: &'static str, value: f64, holds: bool, must: &'static str) -> Result<f64> {
        if holds { Ok(value) } else { Err(Self::InvalidParameter { name, value, must }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_no_backend_can_use_are_named() {
        for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let message = Error::positive("cylinder radius", bad).unwrap_err().to_string();
            assert!(message.starts_with("cylinder radius is "), "{message}");
        }
        assert_eq!(Error::positive("x", 2.0).unwrap(), 2.0);
        assert_eq!(Error::not_negative("x", 0.0).unwrap(), 0.0);
        assert!(Error::not_negative("x", -0.1).is_err());
    }
}
