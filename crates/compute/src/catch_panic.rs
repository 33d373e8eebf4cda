//! Panics of foreign decoders as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a foreign decoder and turns its panic into an error: a broken file must not end the
/// program.
///
/// ```
/// use isopach_compute::catch_panic;
/// assert_eq!(catch_panic(|| Ok(3)), Ok(3));
/// ```
///
/// # Errors
/// The error of `work`, or that the decoder panicked.
pub fn catch_panic<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the decoder panicked on it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(catch_panic(|| Ok(3)), Ok(3));
        let nothing: Option<u8> = None;
        let error =
            catch_panic(|| nothing.map_or_else(|| panic!("as a codec does"), Ok::<u8, String>));
        assert!(error.unwrap_err().contains("panicked"));
    }
}
