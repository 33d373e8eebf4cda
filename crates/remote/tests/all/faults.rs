//! Faults of a store that do not pass.

use isopach_compute::Result;
use isopach_testkit::object_server::Fault;
use std::fmt::Debug;

/// Checks that reading with each fault ends with an error which names the address and says whether
/// to try again, or is final and says why.
pub(crate) fn check_lasting_faults<T: Debug>(address: &str, read: impl Fn(Fault) -> Result<T>) {
    for fault in [Fault::Status(500), Fault::Short, Fault::Lying] {
        let error = read(fault).unwrap_err();
        assert!(error.is_transient(), "{fault:?}: {error}");
        assert!(error.to_string().contains(address), "{error}");
    }
    for (fault, text) in [
        (Fault::Status(403), "credentials"),
        (Fault::Whole, "no ranges"),
        (Fault::Status(404), "no such object"),
    ] {
        let error = read(fault).unwrap_err();
        assert!(!error.is_transient(), "{fault:?}: {error}");
        assert!(error.to_string().contains(text), "{fault:?}: {error}");
    }
}
