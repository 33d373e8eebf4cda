//! Errors of a computation: each says who is at fault, the value, and the remedy.

use std::{
    error::Error as StdError,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Result of a computation.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of a computation.
///
/// ```
/// use isopach_compute::Error;
/// let error = Error::positive("cylinder radius", -0.5).unwrap_err();
/// assert_eq!(error.to_string(), "cylinder radius is -0.5, but must be a finite number above zero");
/// assert!(matches!(error, Error::InvalidParameter { name: "cylinder radius", .. }));
/// assert!(!error.is_recoverable());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller gave a parameter that no backend can work with.
    #[error("{name} is {value}, but must {must}")]
    InvalidParameter {
        /// The parameter, as the public interface calls it.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The condition that it violates, to be read after "must".
        must: &'static str,
    },
    /// The caller gave two lists that must be equally long.
    #[error("{given} {what} for {expected} {of}: there must be one each")]
    LengthMismatch {
        /// The list that was given.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The list that it belongs to.
        of: &'static str,
        /// The length of that list.
        expected: usize,
    },
    /// The caller gave inputs or options that cannot be used, or that do not belong together. The
    /// wrapped error is an enum of the crate that refused them: match on it with
    /// [`Error::find_cause`].
    #[error(transparent)]
    InvalidInput(Box<dyn StdError + Send + Sync>),
    /// A coordinate that is not a finite number, or is out of reach of its origin.
    #[error("point {index} has the coordinate {value}, but must {must}")]
    InvalidPoint {
        /// Position of the point in the input.
        index: usize,
        /// The offending coordinate, metres.
        value: f64,
        /// The condition that it violates, to be read after "must".
        must: &'static str,
    },
    /// This backend has no such operation.
    #[error("this backend cannot {operation}")]
    Unsupported {
        /// The operation, to be read after "cannot".
        operation: &'static str,
    },
    /// The work is smaller than the minimum of this backend: another one does it sooner.
    #[error("{given} {what} are below this device's minimum of {minimum}")]
    BelowMinimum {
        /// The unit of the work: points, pixels.
        what: &'static str,
        /// How many were given.
        given: usize,
        /// The backend's minimum.
        minimum: usize,
    },
    /// The work does not fit the memory budget.
    #[error("{what} needs {requested} bytes, but the budget is {budget}: {advice}")]
    OutOfMemory {
        /// The content of the memory.
        what: &'static str,
        /// Bytes that it needs.
        requested: u64,
        /// Bytes of the budget.
        budget: u64,
        /// The remedy.
        advice: &'static str,
    },
    /// The device was lost: unplugged, or its driver restarted.
    #[error("the device {device} was lost")]
    DeviceLost {
        /// Its name.
        device: String,
    },
    /// The device failed: a driver's or a kernel's mistake, not the caller's.
    #[error("the device {device} failed: {what}")]
    DeviceFault {
        /// Its name.
        device: String,
        /// The driver's message.
        what: String,
    },
    /// Another process is at work on the same files, or changed them: the same command may succeed
    /// later.
    #[error("{0}")]
    Busy(String),
    /// A file or another source of data failed; the wrapped error says which and why, and its
    /// causes are the causes of this one.
    #[error(transparent)]
    Source(Box<dyn StdError + Send + Sync>),
}

/// The error of a file or folder, with its path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
struct FileError {
    path: PathBuf,
    source: Box<dyn StdError + Send + Sync>,
}

impl Error {
    /// Whether another backend may succeed. A caller's mistake or a broken file fails on every
    /// backend.
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

    /// Whether the same work may succeed later or on another machine: the system failed to read or
    /// write an existing file, a device was lost, or another process was at work. A caller's
    /// mistake or a broken file fails everywhere.
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
            | Self::LengthMismatch { .. }
            | Self::InvalidInput(_)
            | Self::InvalidPoint { .. }
            | Self::Unsupported { .. }
            | Self::BelowMinimum { .. }
            | Self::OutOfMemory { .. } => false,
        }
    }

    /// The kind of failure in a word or two, for counters and reports. Stable.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::InvalidParameter { .. } => "invalid parameter",
            Self::LengthMismatch { .. } | Self::InvalidInput(_) => "invalid input",
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

    /// Wraps a crate's error about inputs or options of the caller.
    ///
    /// ```
    /// use isopach_compute::Error;
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("{name} has no points")]
    /// struct EmptyEpoch { name: &'static str }
    /// let error = Error::invalid_input(EmptyEpoch { name: "before.laz" });
    /// assert_eq!(error.to_string(), "before.laz has no points");
    /// assert_eq!(error.cause(), "invalid input");
    /// ```
    pub fn invalid_input(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::InvalidInput(Box::new(error))
    }

    /// The error of type `E` that this one wraps, at any depth of its causes.
    ///
    /// ```
    /// use isopach_compute::Error;
    /// use std::io;
    /// let error = Error::of_file("a.laz", io::Error::from(io::ErrorKind::PermissionDenied));
    /// let cause = error.find_cause::<io::Error>().unwrap();
    /// assert_eq!(cause.kind(), io::ErrorKind::PermissionDenied);
    /// assert!(error.find_cause::<std::fmt::Error>().is_none());
    /// ```
    #[must_use]
    pub fn find_cause<E: StdError + 'static>(&self) -> Option<&E> {
        let (Self::InvalidInput(wrapped) | Self::Source(wrapped)) = self else {
            return None;
        };
        let mut cause: &(dyn StdError + 'static) = &**wrapped;
        loop {
            if let Some(found) = cause.downcast_ref() {
                return Some(found);
            }
            if let Some(found) = cause.downcast_ref::<Self>().and_then(Self::find_cause) {
                return Some(found);
            }
            cause = cause.source()?;
        }
    }

    /// Wraps the error of a file or another source of data.
    ///
    /// ```
    /// use isopach_compute::Error;
    /// use std::error::Error as _;
    /// let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    /// let error = Error::of_file("a.laz", denied);
    /// let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    /// assert_eq!(cause.unwrap().kind(), std::io::ErrorKind::PermissionDenied);
    /// ```
    pub fn source(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Source(error.into())
    }

    /// The error of a file or folder, with its path.
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

    /// Returns `value` if it is finite and above zero.
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

    /// Returns `value` if it is finite and not below zero.
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

    /// Refuses a list that has not one element for each of another list.
    ///
    /// ```
    /// use isopach_compute::Error;
    /// let error = Error::check_length("normals", 3, "core points", 4).unwrap_err();
    /// assert_eq!(error.to_string(), "3 normals for 4 core points: there must be one each");
    /// ```
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] if the lengths differ.
    pub fn check_length(
        what: &'static str,
        given: usize,
        of: &'static str,
        expected: usize,
    ) -> Result<()> {
        if given == expected {
            return Ok(());
        }
        Err(Self::LengthMismatch {
            what,
            given,
            of,
            expected,
        })
    }

    /// Returns `value` if `holds`; `must` is the condition in words, to be read after "must".
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

/// Whether the failed work may succeed later or elsewhere ([`Error::is_transient`]), for an error
/// of any type: its chain of causes decides.
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

/// Whether the caller gave a wrong path.
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
    fn transient_failures_are_told_from_lasting_ones() {
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
        assert!(!Error::invalid_input(std::fmt::Error).is_transient());
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
