//! Errors of a store: whose fault it is, and whether a retry may succeed.

use isopach_compute::Error;
use std::{error::Error as StdError, io};

/// The words of `object_store` where a server ignores the range that was asked for.
const NOT_PARTIAL: &str = "non-partial response";
/// Its words before the status of a failed request.
const STATUS: &str = "non-2xx status code: 4";

/// The remedy for missing credentials.
const CREDENTIALS: &str = "give credentials that may read it (AWS_ACCESS_KEY_ID, GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_KEY, …), \
                           or AWS_SKIP_SIGNATURE=true where everybody may";
/// Where a machine of a cloud is asked for credentials when none are given.
const OWN_MACHINE: &str = "169.254.169.254";

/// An object that is another one than was opened.
pub(crate) fn changed_object() -> io::Error {
    io::Error::other("the object was changed while it was read: open it again")
}

/// A transient error ([`isopach_compute::is_transient`]).
pub(crate) fn transient_error(text: impl Into<String>) -> io::Error {
    io::Error::other(Error::Busy(text.into()))
}

/// The error of a failed request.
pub(crate) fn from_store(error: object_store::Error) -> io::Error {
    use object_store::Error as Store;
    let refused = |text: String| io::Error::other(text);
    match &error {
        Store::NotFound { .. } => {
            io::Error::new(io::ErrorKind::NotFound, "there is no such object")
        }
        Store::Precondition { .. } => changed_object(),
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
            let kind = io::ErrorKind::PermissionDenied;
            io::Error::new(kind, format!("the store refuses access: {CREDENTIALS}"))
        }
        Store::Generic { source, .. } => {
            let text = in_full(&**source);
            if text.contains(NOT_PARTIAL) {
                return refused(
                    "the server sends whole files only, no ranges: copy the file to a disk first"
                        .into(),
                );
            }
            let hint = if text.contains(OWN_MACHINE) {
                format!(" (no credentials were given: {CREDENTIALS})")
            } else {
                String::new()
            };
            if text.contains(STATUS) {
                return refused(format!("the store refuses the request{hint}: {text}"));
            }
            transient_error(format!(
                "the store does not answer as it should{hint}: {text}"
            ))
        }
        _ => refused(in_full(&error)),
    }
}

/// An error with its sources, in one line, each part once.
fn in_full(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text.replace(['\n', '\r'], " ")
}
