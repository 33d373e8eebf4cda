//! Errors about queries.

use isopach_compute::Error;

/// Reason why a query is refused; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighbourError {
    /// An axis is not finite.
    #[error("axis {index} is {axis:?}, but must be finite")]
    AxisNotFinite {
        /// Position in the axes.
        index: usize,
        /// The axis.
        axis: [f64; 3],
    },
    /// A query has a neighbour that is too far away for exact moments.
    #[error(
        "a query has a neighbour more than 8 km away: limit the radius to 8192 m, or cut the clouds into tiles"
    )]
    NeighbourTooFar,
}

impl From<NeighbourError> for Error {
    fn from(error: NeighbourError) -> Self {
        Self::invalid_input(error)
    }
}
