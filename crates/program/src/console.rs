//! Output on the terminal that survives a closed pipe: the program continues, and does not panic.
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

/// Prints an error in one line, with control characters of its message escaped; returns the exit
/// code.
pub fn report_failure(program: &str, error: &impl Display) -> ExitCode {
    eprintln!(
        "{program}: {}",
        printable(&error.to_string().replace('\n', " "))
    );
    ExitCode::FAILURE
}
