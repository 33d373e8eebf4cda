//! From two LiDAR epochs to a map of what changed: the program of `isopach-survey`. See `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_survey::main("terrain_change", &words)
}
