//! Messages of programs.

use std::process::Output;

/// Its standard error.
pub fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
