//! Lines on the terminal, which nobody needs to read: where the reader of a pipe has gone, a
//! program goes on, and does not panic.
//!
//! A program writes `use isopach_program::{println, eprintln};`: these macros stand in the place of
//! those of `std`.

use crate::printable::printable;
use std::{fmt::Display, process::ExitCode};

/// Prints a line on stdout, as that of `std`, but a closed pipe is no panic.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Prints a line on stderr, as that of `std`, but a closed pipe is no panic.
#[macro_export]
macro_rules! eprintln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// Says what was wrong in one line, whatever a library may have put into its message; what the
/// program ends with.
pub fn report_failure(program: &str, error: &impl Display) -> ExitCode {
    eprintln!(
        "{program}: {}",
        printable(&error.to_string().replace('\n', " "))
    );
    ExitCode::FAILURE
}
