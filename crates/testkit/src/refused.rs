//! A program that says why it does nothing.

use std::process::Output;

/// It failed without a panic, and said the words.
pub fn refused(output: &Output, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && output.status.code() != Some(101),
        "{words:?}: {message}"
    );
    assert!(
        words.iter().all(|word| message.contains(word)),
        "{message:?} without {words:?}"
    );
}
