//! The program `isopach`: see `isopach --help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_cli::main(&words)
}
