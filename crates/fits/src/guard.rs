//! The codec behind a wall.
//!
//! A panic of it is the file's fault and becomes an error like others: a file must not take a program down.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a piece of the codec.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the decoder failed on it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(guarded(|| Ok(3)), Ok(3));
        std::panic::set_hook(Box::new(|_| ()));
        let nothing: Option<u8> = None;
        let error = guarded(|| nothing.map_or_else(|| panic!("as a codec does"), Ok::<u8, String>));
        let _ = std::panic::take_hook();
        assert!(error.unwrap_err().contains("failed"));
    }
}
