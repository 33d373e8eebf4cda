//! Exit codes, which tell a supervisor whether to start the program again. `docs/fleet.md` has the
//! table.

use crate::console;
use isopach_compute::is_transient;
use std::{error::Error, process::ExitCode};

/// Permanent failure: wrong arguments, a refused input, results of other parameters or another
/// version. `clap` ends with the same code.
const REFUSED: u8 = 2;
/// The same command may succeed later, or on another machine. `EX_TEMPFAIL` of sysexits.h.
pub const TRY_AGAIN: u8 = 75;

/// Prints an error; returns the exit code.
pub fn report_error(program: &str, error: &(dyn Error + 'static)) -> ExitCode {
    let _ = console::report_failure(program, &error);
    if is_transient(error) {
        TRY_AGAIN
    } else {
        REFUSED
    }
    .into()
}
