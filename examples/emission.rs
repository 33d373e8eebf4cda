//! From images of the Sun to its emission measure: the program of `isopach-sun`. See `--help`.

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    isopach_sun::main("emission", &words)
}
