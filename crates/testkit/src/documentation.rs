//! Commands of the documentation, run as they stand.

use crate::program::{ROOT, program};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// The text of a document, by its path in the repository.
pub fn read_document(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The first commands below a heading.
pub fn documented_commands(document: &str, heading: &str) -> String {
    let block = document
        .split(heading)
        .nth(1)
        .and_then(|rest| rest.split("```").nth(1));
    block
        .and_then(|block| block.strip_prefix("sh\n"))
        .unwrap_or_else(|| panic!("{heading}"))
        .to_owned()
}

/// Output of a shell for commands in a folder, with the programs on its path; it ends at the first
/// that fails.
pub fn run_commands(commands: &str, folder: &Path) -> Output {
    let programs = program("terrain_change").parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap()
}
