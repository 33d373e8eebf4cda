//! Lines on the terminal, which nobody needs to read: where the reader of a pipe has gone, a
//! program goes on, and does not panic.
//!
//! `println!` and `eprintln!` of a program that begins with this module (`#[macro_use]`) are these.

#[path = "printable.rs"]
pub(crate) mod printable;

use printable::printable;
use std::{fmt::Display, process::ExitCode};

/// As that of `std`, but a closed pipe is no panic. A program may have nothing to say but errors.
#[allow(unused_macros)]
macro_rules! println {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// As that of `std`, but a closed pipe is no panic.
macro_rules! eprintln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// Says what was wrong in one line, whatever a library may have put into its message; what the
/// program ends with.
pub(crate) fn failed(program: &str, error: &impl Display) -> ExitCode {
    eprintln!(
        "{program}: {}",
        printable(&error.to_string().replace('\n', " "))
    );
    ExitCode::FAILURE
}
