//! Signals: the last line before the program ends states how to continue.

use std::path::PathBuf;

/// Makes SIGINT and SIGTERM print a line before they end the program: SIGINT as it would have,
/// SIGTERM with the exit code for "try again", since a cluster sends it to programs whose machine
/// it reclaims. `locks`: files that mark this process as working; `kept`: the progress, and how to
/// continue.
#[cfg(unix)]
pub fn say_how_to_go_on(
    program: &str,
    locks: Vec<PathBuf>,
    kept: impl Fn() -> String + Send + 'static,
) {
    use crate::{eprintln, exit};
    use isopach_compute::FolderLock;
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        iterator::Signals,
        low_level::{self, emulate_default_handler},
    };
    let program = program.to_owned();
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            // A half-written file does not have the name of a result yet. The next process may be
            // on another machine, which would take this lock for that of a working process.
            locks.iter().for_each(|lock| FolderLock::release_own(lock));
            eprintln!("\n{program}: ended by a signal; {}", kept());
            if signal == SIGTERM {
                low_level::exit(exit::TRY_AGAIN.into());
            }
            let _ = emulate_default_handler(signal);
        }
    });
}

/// Other systems end a program without asking.
#[cfg(not(unix))]
pub fn say_how_to_go_on(_: &str, _: Vec<PathBuf>, _: impl Fn() -> String + Send + 'static) {}

/// The progress in the folder of a run, and how to continue. `piece`: the unit of one result.
pub fn describe_progress(folder: &std::path::Path, piece: &str) -> String {
    let done = match count_results(folder) {
        0 => format!("no {piece} was done yet: the same command starts again"),
        1 => format!("1 {piece} is done and kept: the same command continues from there"),
        many => format!("{many} {piece}s are done and kept: the same command continues from there"),
    };
    format!("{done} (in {})", folder.display())
}

/// Number of results that the folder of a run keeps.
#[must_use]
pub fn count_results(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder.join("tiles")).map_or(0, |tiles| {
        tiles
            .flatten()
            .filter(|tile| tile.path().extension().is_some_and(|end| end == "tile"))
            .count()
    })
}
