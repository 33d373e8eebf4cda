//! The emission measure run: one time, or a series.

use crate::{
    EmissionOptions,
    one::{Done, run_one},
    series,
};
use isopach_program::listener::Listener;
use std::{error::Error, fmt, path::PathBuf};

/// Outcome of an emission measure run that completed.
#[derive(Clone, Debug)]
pub struct EmissionOutcome {
    /// The pixels' statuses in a line; for a series, a line for each time.
    pub statement: String,
    /// `index.html`, or `summary.json` of arrays that are no image; `None` after a plan or a part
    /// of the rows.
    pub page: Option<PathBuf>,
}

/// Runs the emission measure run that the options describe, in the current thread and rayon's pool.
///
/// Threads are those of the pool: [`main`](crate::main) sets it by `--threads`. Results depend on
/// inputs and parameters alone.
///
/// # Errors
/// [`EmissionRunError`] if inputs cannot be read or do not belong together, if the output
/// folder has other results, or if results cannot be written.
pub fn run(
    options: &EmissionOptions,
    listener: &dyn Listener,
) -> Result<EmissionOutcome, EmissionRunError> {
    if options.series {
        return Ok(series::run_series(options, listener)?);
    }
    let Done { said, shown, .. } = run_one(options, listener)?;
    Ok(EmissionOutcome {
        statement: said,
        page: shown,
    })
}

/// Error of an emission measure run: names the input, option or file at fault.
#[derive(Debug)]
pub struct EmissionRunError(Box<dyn Error>);

impl EmissionRunError {
    pub(crate) fn new(error: impl Into<Box<dyn Error>>) -> Self {
        Self(error.into())
    }

    /// Whether the same options may succeed later, or on another machine: a file could not be read
    /// or written, a device was lost, another process is at work.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        isopach::compute::is_transient(&*self.0)
    }
}

impl fmt::Display for EmissionRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for EmissionRunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl From<Box<dyn Error>> for EmissionRunError {
    fn from(error: Box<dyn Error>) -> Self {
        Self(error)
    }
}
