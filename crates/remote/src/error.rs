//! Errors about addresses and results: each names the address and the remedy.

use isopach_compute::Error;

/// Reason why an address or a result is refused; [`Error::find_cause`] returns it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The text has no scheme of a store.
    #[error("{address}: no address: one begins with {schemes} or the like")]
    NoAddress {
        /// The text.
        address: String,
        /// Beginnings of addresses.
        schemes: String,
    },
    /// The address is malformed.
    #[error("{address}: {source}")]
    MalformedUrl {
        /// The address.
        address: String,
        /// The fault.
        source: url::ParseError,
    },
    /// The address is signed, or has a query.
    #[error(
        "{address}: addresses that are signed, or have a ? or #, cannot be read: give credentials in the environment, or copy the file to a disk first"
    )]
    SignedAddress {
        /// The address.
        address: String,
    },
    /// The store's client refuses the address or its settings.
    #[error("{address}: {source}")]
    Client {
        /// The address.
        address: String,
        /// The fault.
        source: object_store::Error,
    },
    /// Another result has the name.
    #[error("{address}/{name}: another result is there: give a folder of its own to each run")]
    OtherResult {
        /// Address of the results.
        address: String,
        /// Name of the result.
        name: String,
    },
    /// The name cannot be one of a result.
    #[error("{name:?} is no name of a result: it has a /, or begins with a dot")]
    InvalidName {
        /// The name.
        name: String,
    },
}

impl From<RemoteError> for Error {
    fn from(error: RemoteError) -> Self {
        Self::invalid_input(error)
    }
}
