//! What the program ends with, for whoever starts it again or not. `docs/fleet.md` has the table.

use crate::{conduct, console};
use isopach::{compute::Error, tiling::TileFailure};
use std::process::ExitCode;

/// Never again: wrong arguments, an input that is refused, results of other parameters or another version. `clap` ends with it, too.
const REFUSED: u8 = 2;
/// Tiles failed, for a reason that is the same everywhere.
const TILES_FAILED: u8 = 3;
/// The same command may succeed later, or on another machine. `EX_TEMPFAIL` of sysexits.h.
pub(crate) const TRY_AGAIN: u8 = 75;

/// Says what went wrong; what the program ends with.
pub(crate) fn failed(error: &Error) -> ExitCode {
    let _ = console::failed("terrain_change", error);
    if error.is_transient() { TRY_AGAIN } else { REFUSED }.into()
}

/// Says which tiles failed; what the program ends with.
pub(crate) fn tiles_failed(failures: &[TileFailure]) -> ExitCode {
    for failure in failures {
        let _ = console::failed("terrain_change", &conduct::failure(failure));
    }
    if failures.iter().any(|failure| failure.transient) { TRY_AGAIN } else { TILES_FAILED }.into()
}
