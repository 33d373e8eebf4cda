//! Errors about patches: each names the contradiction and the remedy.

use isopach_compute::Error;

/// Reason why patches cannot be made; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// A column changes under rotation in a way that it does not tell.
    #[error(
        "the column {column} depends on the directions of the coordinates, so it cannot be turned: leave out the column, or rotation and mirroring"
    )]
    CannotTurn {
        /// Name of the column.
        column: String,
    },
    /// A column changes under scaling by no power of the scale.
    #[error(
        "the column {column} changes by no power of the scale: leave out the column or the scaling"
    )]
    CannotScale {
        /// Name of the column.
        column: String,
    },
    /// Statistics are of other columns.
    #[error("the statistics have no column {column} of {width} numbers: they are of other columns")]
    OtherStatistics {
        /// Name of the column.
        column: String,
        /// Numbers of a row of it.
        width: usize,
    },
    /// An attribute cannot be a column.
    #[error("{attribute} cannot be a column of patches: leave it out")]
    NoColumn {
        /// Name of the attribute.
        attribute: &'static str,
    },
    /// Two columns have one name.
    #[error("two columns are called {name}")]
    SameName {
        /// Their name.
        name: String,
    },
}

impl From<PatchError> for Error {
    fn from(error: PatchError) -> Self {
        Self::invalid_input(error)
    }
}
