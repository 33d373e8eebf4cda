use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a piece of a codec that is not ours. A panic of it is the file's fault and becomes an error
/// like others: a file must not take a program down.
///
/// # Errors
/// What `work` returns, or that it panicked.
pub fn unpanicked<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the decoder panicked on it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(unpanicked(|| Ok(3)), Ok(3));
        let nothing: Option<u8> = None;
        let error =
            unpanicked(|| nothing.map_or_else(|| panic!("as a codec does"), Ok::<u8, String>));
        assert!(error.unwrap_err().contains("panicked"));
    }
}
