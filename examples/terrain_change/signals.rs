//! Ended from outside: the last line says how to go on.

/// From now on SIGINT and SIGTERM write a line before they end the program, as they would have.
#[cfg(unix)]
pub(crate) fn say_how_to_go_on(folder: std::path::PathBuf) {
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        iterator::Signals,
        low_level::emulate_default_handler,
    };
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let done = std::fs::read_dir(folder.join("tiles")).map_or(0, |tiles| {
                tiles.flatten().filter(|tile| tile.path().extension().is_some_and(|end| end == "tile")).count()
            });
            let kept = match done {
                0 => "no tile was done yet: the same command begins anew".to_owned(),
                1 => "1 tile is done and kept: the same command goes on from there".to_owned(),
                tiles => format!("{tiles} tiles are done and kept: the same command goes on from there"),
            };
            eprintln!("\nterrain_change: ended by a signal; {kept} (in {})", folder.display());
            let _ = emulate_default_handler(signal);
        }
    });
}

/// Other systems end a program without asking.
#[cfg(not(unix))]
pub(crate) fn say_how_to_go_on(_: std::path::PathBuf) {}
