//! The GPUs of this machine, what they can do, and how fast: `isopach devices`. See `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_cli::devices::main("devices", &words)
}
