//! Errors about a shared run: each names the folder and the remedy.

use isopach::compute::Error;
use std::path::PathBuf;

/// Reason why a shared run cannot go on; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SunError {
    /// An input is not the one that the run was begun with.
    #[error(
        "an input has changed since {} was begun: finish that run with the inputs that it was begun with, or remove {} to begin a new one",
        folder.display(),
        folder.display()
    )]
    InputChanged {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The run was planned for another image.
    #[error(
        "the manifest has the blocks {plan}, which are not of an image of {rows} rows: remove it to begin a new run"
    )]
    OtherBlocks {
        /// The blocks of the manifest, JSON.
        plan: String,
        /// Rows of the image.
        rows: usize,
    },
}

impl From<SunError> for Error {
    fn from(error: SunError) -> Self {
        Self::invalid_input(error)
    }
}
