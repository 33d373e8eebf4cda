//! What a program said.

use std::process::Output;

/// What it wrote to stderr.
pub fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
