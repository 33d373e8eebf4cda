//! The program of `isopach perspectives` alone, which needs no other crate of the workspace to
//! build: see `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_perspectives::main("perspectives", &words)
}
