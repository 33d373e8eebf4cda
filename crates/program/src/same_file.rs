//! Whether two paths are one file or folder.

use std::path::Path;

/// Identity of a file or folder: its device and inode number.
#[cfg(unix)]
pub type Identity = (u64, u64);
/// Identity of a file or folder: its full path without links.
#[cfg(not(unix))]
pub type Identity = std::path::PathBuf;

/// Identity of a file under any name; `None` if it does not exist.
#[cfg(unix)]
pub fn file_identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path)
        .ok()
        .map(|about| (about.dev(), about.ino()))
}

/// Identity of a file under any name; `None` if it does not exist.
#[cfg(not(unix))]
pub fn file_identity(path: &Path) -> Option<Identity> {
    std::fs::canonicalize(path).ok()
}
