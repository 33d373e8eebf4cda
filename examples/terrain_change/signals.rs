//! Ended from outside: the last line says how to go on.

/// From now on SIGINT and SIGTERM write a line before they end the program: SIGINT as it would have, SIGTERM as one that is to be tried again, since a cluster
/// sends it to programs whose machine it wants back.
#[cfg(unix)]
pub(crate) fn say_how_to_go_on(out: std::path::PathBuf) {
    use crate::{conduct, exit};
    use isopach::compute::FolderLock;
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        iterator::Signals,
        low_level::{self, emulate_default_handler},
    };
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            // What is half written has no name of a result yet; who comes next may be on another machine, where this lock would say that somebody is at work.
            conduct::locks(&out).iter().for_each(|lock| FolderLock::forget(lock));
            eprintln!("\nterrain_change: ended by a signal; {}", kept(&out));
            if signal == SIGTERM {
                low_level::exit(exit::TRY_AGAIN.into());
            }
            let _ = emulate_default_handler(signal);
        }
    });
}

/// What is done, and how to go on.
#[cfg(unix)]
fn kept(out: &std::path::Path) -> String {
    let folder = out.join(crate::conduct::RUN);
    let done = std::fs::read_dir(folder.join("tiles")).map_or(0, |tiles| {
        tiles.flatten().filter(|tile| tile.path().extension().is_some_and(|end| end == "tile")).count()
    });
    let kept = match done {
        0 => "no tile was done yet: the same command begins anew".to_owned(),
        1 => "1 tile is done and kept: the same command goes on from there".to_owned(),
        tiles => format!("{tiles} tiles are done and kept: the same command goes on from there"),
    };
    format!("{kept} (in {})", folder.display())
}

/// Other systems end a program without asking.
#[cfg(not(unix))]
pub(crate) fn say_how_to_go_on(_: std::path::PathBuf) {}
