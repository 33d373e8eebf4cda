//! What is in a LAS, LAZ or COPC file: `isopach info`. See `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_cli::info::main("las_info", &words)
}
