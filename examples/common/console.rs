//! Lines on the terminal that nobody needs to read: where the reader of a pipe has gone, a program goes on, and does not panic.
//!
//! `println!` and `eprintln!` of a program that begins with this module (`#[macro_use]`) are these.

/// As that of `std`, but a closed pipe is no panic.
#[allow(unused_macros)]
macro_rules! println {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// As that of `std`, but a closed pipe is no panic.
#[allow(unused_macros)]
macro_rules! eprintln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// How a program ends: with nothing more to say, or with one line that says what was wrong.
#[allow(dead_code)]
pub(crate) fn ended(program: &str, outcome: Result<(), impl std::fmt::Display>) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let line: String = error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            eprintln!("{program}: {line}");
            std::process::ExitCode::FAILURE
        }
    }
}
