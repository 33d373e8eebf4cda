//! Errors that a computation can end with: each says who is at fault.

use std::{
    error::Error as StdError,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

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
    /// The caller gave inputs that do not belong together (lengths, coordinate systems, an empty
    /// intersection).
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
    BelowMinimum {
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
    /// The device is there, but failed at something that it should have done: a driver's or a
    /// kernel's mistake, not the caller's.
    #[error("the device {device} failed: {what}")]
    DeviceFault {
        /// Its name.
        device: String,
        /// What it said.
        what: String,
    },
    /// Another process is at work there, or has changed what this one had read: the same command
    /// may succeed later.
    #[error("{0}")]
    Busy(String),
    /// A file or another source of data failed; the source says which and why.
    #[error("{0}")]
    Source(Box<dyn StdError + Send + Sync>),
}

/// What went wrong with a file or folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
struct FileError {
    path: PathBuf,
    source: Box<dyn StdError + Send + Sync>,
}

impl Error {
    /// Whether another backend may succeed. A caller's mistake, or a broken file, is the same
    /// everywhere.
    ///
    /// ```
    /// # use isopach_compute::Error;
    /// assert!(Error::Unsupported { operation: "take the median" }.is_recoverable());
    /// assert!(!Error::InvalidParameter { name: "radius", value: -1.0, must: "be positive" }.is_recoverable());
    /// ```
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        use Error::{BelowMinimum, DeviceFault, DeviceLost, OutOfMemory, Unsupported};
        matches!(
            self,
            Unsupported { .. }
                | BelowMinimum { .. }
                | OutOfMemory { .. }
                | DeviceLost { .. }
                | DeviceFault { .. }
        )
    }

    /// Whether the same work may succeed later, or on another machine: the system failed to read or
    /// write (not for lack of the file), a device was lost, another process was at work. A caller's
    /// mistake, or a broken file, is the same everywhere.
    ///
    /// ```
    /// # use isopach_compute::Error;
    /// let stale = std::io::Error::from_raw_os_error(116); // ESTALE: a server of files was started again
    /// assert!(Error::of_file("a.laz", stale).is_transient());
    /// assert!(!Error::of_file("a.laz", std::fs::read("no such file").unwrap_err()).is_transient());
    /// ```
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy(_) | Self::DeviceLost { .. } | Self::DeviceFault { .. } => true,
            Self::Source(error) => is_transient(&**error),
            Self::InvalidParameter { .. }
            | Self::InvalidInput(_)
            | Self::InvalidPoint { .. }
            | Self::Unsupported { .. }
            | Self::BelowMinimum { .. }
            | Self::OutOfMemory { .. } => false,
        }
    }

    /// One word for the kind of failure, for counters and reports.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::InvalidParameter { .. } => "invalid parameter",
            Self::InvalidInput(_) => "invalid input",
            Self::InvalidPoint { .. } => "invalid point",
            Self::Unsupported { .. } => "unsupported",
            Self::BelowMinimum { .. } => "too little work",
            Self::OutOfMemory { .. } => "out of memory",
            Self::DeviceLost { .. } => "device lost",
            Self::DeviceFault { .. } => "device fault",
            Self::Busy(_) => "busy",
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
    pub fn of_file(
        path: impl AsRef<Path>,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::source(FileError {
            path: path.as_ref().to_owned(),
            source: error.into(),
        })
    }

    /// `value` if it is finite and above zero.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] otherwise.
    pub fn positive(name: &'static str, value: f64) -> Result<f64> {
        Self::check(
            name,
            value,
            value.is_finite() && value > 0.0,
            "be a finite number above zero",
        )
    }

    /// `value` if it is finite and not below zero.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] otherwise.
    pub fn not_negative(name: &'static str, value: f64) -> Result<f64> {
        Self::check(
            name,
            value,
            value.is_finite() && value >= 0.0,
            "be a finite number, zero or above",
        )
    }

    /// `value` if `holds`, else the complaint that it `must` have been something else.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] if it does not hold.
    pub fn check(name: &'static str, value: f64, holds: bool, must: &'static str) -> Result<f64> {
        if holds {
            Ok(value)
        } else {
            Err(Self::InvalidParameter { name, value, must })
        }
    }
}

/// Whether what failed may succeed later or elsewhere ([`Error::is_transient`]), for an error of
/// any type: what it comes from decides.
///
/// ```
/// # use isopach_compute::{Error, is_transient};
/// let busy: Box<dyn std::error::Error> = Error::Busy("another run is at work".into()).into();
/// assert!(is_transient(&*busy));
/// assert!(!is_transient(&std::io::Error::other("the file was changed")));
/// ```
#[must_use]
pub fn is_transient(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.is_transient();
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match (error.raw_os_error(), error.get_ref()) {
            (Some(_), _) => !is_of_caller(error.kind()),
            (None, Some(inner)) => is_transient(inner),
            (None, None) => false,
        };
    }
    error.source().is_some_and(is_transient)
}

/// Kinds of failure that say that a wrong path was given.
fn is_of_caller(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidInput
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        // EIO, EACCES, ENOSPC, ESTALE; ENOENT, EISDIR.
        for (code, expected) in [
            (5, true),
            (13, true),
            (28, true),
            (116, true),
            (2, false),
            (21, false),
        ] {
            let system = || io::Error::from_raw_os_error(code);
            let nested = Error::source(io::Error::other(Error::of_file("inner", system())));
            assert_eq!(
                Error::of_file("a", system()).is_transient(),
                expected,
                "{code}"
            );
            assert_eq!(
                Error::of_file("a", nested).is_transient(),
                expected,
                "{code}, nested"
            );
        }
        assert!(!Error::of_file("a", "is no LAS file").is_transient());
        assert!(!Error::source(io::Error::other("the file was changed")).is_transient());
        assert!(Error::Busy("another run is at work".into()).is_transient());
        assert!(!Error::InvalidInput("other parameters".into()).is_transient());
    }

    #[test]
    fn parameters_that_no_backend_can_use_are_named() {
        for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let message = Error::positive("cylinder radius", bad)
                .unwrap_err()
                .to_string();
            assert!(message.starts_with("cylinder radius is "), "{message}");
        }
        assert_eq!(Error::positive("x", 2.0).unwrap(), 2.0);
        assert_eq!(Error::not_negative("x", 0.0).unwrap(), 0.0);
        assert!(Error::not_negative("x", -0.1).is_err());
    }
}
