//! Copies a part of a LAS, LAZ or COPC file: `isopach extract`. See `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_cli::extract::main("las_extract", &words)
}
