//! Several files in one argument.

use std::path::{Path, PathBuf};

/// The files and folders of a list separated by commas. A name that contains commas is taken whole
/// if it exists.
pub(crate) fn list_paths(argument: &str) -> Vec<PathBuf> {
    let pieces: Vec<&str> = argument.split(',').collect();
    let mut paths = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let whole = (at + 1..=pieces.len())
            .rev()
            .find(|end| Path::new(&pieces[at..*end].join(",")).exists());
        let end = whole.unwrap_or(at + 1);
        paths.push(PathBuf::from(pieces[at..end].join(",")));
        at = end;
    }
    paths
}
