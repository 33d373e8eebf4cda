//! Reasons why a panorama or a set of views is refused.

use isopach_compute::Error;

/// Reason why a panorama or a set of views is refused; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PanoramaError {
    /// A picture is no whole panorama.
    #[error(
        "a picture of {columns} × {rows} pixels is no panorama of 360° × 180°: it must be twice as wide as it is high"
    )]
    NotTwoToOne {
        /// Columns of the picture.
        columns: usize,
        /// Rows of the picture.
        rows: usize,
    },
    /// A set has no views, or too many.
    #[error("a set of {views} views: there must be from 1 to {most}")]
    NumberOfViews {
        /// Views of the set.
        views: usize,
        /// Most views of a set.
        most: usize,
    },
    /// The reference camera of a rig is none of its cameras.
    #[error("camera {reference} as the reference of a rig of {cameras} cameras, numbered from 0")]
    NoSuchReference {
        /// The camera that was named.
        reference: usize,
        /// Cameras of the rig.
        cameras: usize,
    },
}

impl From<PanoramaError> for Error {
    fn from(error: PanoramaError) -> Self {
        Self::invalid_input(error)
    }
}
