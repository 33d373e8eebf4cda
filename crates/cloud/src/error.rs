//! Errors about clouds.

use isopach_compute::Error;

/// Reason why a cloud cannot answer a request; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_cloud::{Cloud, CloudError};
/// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0]])?;
/// let error = cloud.filter_classes(&[2]).unwrap_err();
/// let cause = error.find_cause::<CloudError>();
/// assert!(matches!(cause, Some(CloudError::NoClassification { .. })));
/// # Ok::<(), isopach_cloud::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// Classes were asked for, and the points have none.
    #[error(
        "classes {classes:?} were asked for, but the points carry no classification: read that column"
    )]
    NoClassification {
        /// The classes that were asked for.
        classes: Vec<u8>,
    },
}

impl From<CloudError> for Error {
    fn from(error: CloudError) -> Self {
        Self::invalid_input(error)
    }
}
