//! Whether two paths are one file or folder.

use std::path::Path;

/// What tells a file or folder from all others: its device and number there.
#[cfg(unix)]
pub type Identity = (u64, u64);
/// What tells a file or folder from all others: its full path without links.
#[cfg(not(unix))]
pub type Identity = std::path::PathBuf;

/// By whatever name; `None` where it is not there.
#[cfg(unix)]
pub fn file_identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path)
        .ok()
        .map(|about| (about.dev(), about.ino()))
}

/// By whatever name; `None` where it is not there.
#[cfg(not(unix))]
pub fn file_identity(path: &Path) -> Option<Identity> {
    std::fs::canonicalize(path).ok()
}
