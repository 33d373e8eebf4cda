//! Files that have their name only when they are complete.
//!
//! Each writer has a file of its own, `.name.MACHINE-RANDOM.part`, which nobody can foresee: two of
//! them never write into one, whatever machine or container they are on, and a link that lies in
//! wait is not followed. While it is written it is locked, so that what a killed process left can
//! be told from what another is writing. Locks of other machines may not be seen here, so only
//! files of this machine are ever removed.

use crate::machine::machine;
use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The end of the name of a file that is being written.
const ENDING: &str = "part";
/// Names that are tried.
const ATTEMPTS: usize = 100;

/// A file being written beside the place where it will be; removed when dropped before it is
/// complete.
#[derive(Debug)]
pub struct UnfinishedFile {
    to: PathBuf,
    part: Option<PathBuf>,
    /// Holds the lock.
    _lock: File,
}

impl UnfinishedFile {
    /// Creates a new file beside `to`, and removes what killed processes of this machine have left
    /// of such files.
    ///
    /// # Errors
    /// Where it cannot be created, or `to` has no file name.
    pub fn create(to: &Path) -> io::Result<(Self, File)> {
        Self::remove_left_over(to);
        Self::create_among_others(to)
    }

    /// As [`Self::create`], in a folder of very many files: what killed processes have left stays
    /// there until [`remove_if_left`].
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_among_others(to: &Path) -> io::Result<(Self, File)> {
        for _ in 0..ATTEMPTS {
            let part = Self::beside(to, &format!("{}-{:016x}.{ENDING}", machine(), random()))?;
            // Read as well: what is written may be looked at again before it is complete.
            let file = match File::options()
                .create_new(true)
                .read(true)
                .write(true)
                .open(&part)
            {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let lock = file.try_clone()?;
            // Where a file system has no locks, nothing that was left is removed either.
            if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) || !is_at(&file, &part) {
                continue; // It was taken for one that was left, in the moment before it was locked.
            }
            return Ok((
                Self {
                    to: to.to_owned(),
                    part: Some(part),
                    _lock: lock,
                },
                file,
            ));
        }
        Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "no name for a file beside it is free",
        ))
    }

    /// Removes what killed processes of this machine have left beside `to`; what others are writing
    /// stays. What cannot be removed is left for the next one.
    pub fn remove_left_over(to: &Path) {
        let Some(name) = to
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
        else {
            return;
        };
        let folder = to
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let start = format!(".{name}.");
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(&start))
            {
                remove_if_left(&entry.path());
            }
        }
    }

    /// Where it is while it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.part.as_deref().unwrap_or(&self.to)
    }

    /// A hidden file beside `to`: `.name.ending`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] where `to` has no file name.
    pub fn beside(to: &Path, ending: &str) -> io::Result<PathBuf> {
        let name = to
            .file_name()
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the path has no file name"))?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".");
        hidden.push(ending);
        Ok(to.with_file_name(hidden))
    }

    /// Gives the file its name, once all of it is on the disk.
    ///
    /// # Errors
    /// Where it cannot be written or renamed; it is removed then.
    pub fn complete(mut self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.to)?;
        }
        self.part = None;
        Ok(())
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(part);
        }
    }
}

/// Removes a file that a killed process of this machine was writing: one with such a name that
/// nobody holds a lock on. Whether it did.
pub fn remove_if_left(path: &Path) -> bool {
    if !is_of_here(path) {
        return false;
    }
    let is_file = fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
    // Opened for writing, as locks of some file systems ask for.
    let Some(file) = is_file
        .then(|| File::options().read(true).write(true).open(path).ok())
        .flatten()
    else {
        return false;
    };
    file.try_lock().is_ok() && is_at(&file, path) && fs::remove_file(path).is_ok()
}

/// Whether the name is that of a file which a process of this machine writes:
/// `.name.MACHINE-RANDOM.part`.
fn is_of_here(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|name| name.starts_with('.'));
    let mut pieces = name.unwrap_or_default().rsplit('.');
    let (ending, writer) = (
        pieces.next(),
        pieces.next().and_then(|writer| writer.split_once('-')),
    );
    let is_random =
        |digits: &str| digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    ending == Some(ENDING)
        && writer.is_some_and(|(of, random)| of == machine() && is_random(random))
}

/// Whether the open file is the one that has this name now.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let [here, there] = [file.metadata(), fs::symlink_metadata(path)];
    here.ok()
        .zip(there.ok())
        .is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Whether the open file is the one that has this name now: an open file keeps its name on other
/// systems.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// A number that nobody can foresee.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Writes a file whole or not at all. Where others write the same file at the same time, each
/// writes one of its own, and the last one's stays.
///
/// # Errors
/// Where it cannot be written or renamed.
pub fn write_whole(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    write(UnfinishedFile::create(to)?, pieces)
}

/// As [`write_whole`], into a folder of very many files: see
/// [`UnfinishedFile::create_among_others`].
///
/// # Errors
/// As [`write_whole`].
pub fn write_whole_among_others(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    write(UnfinishedFile::create_among_others(to)?, pieces)
}

/// Writes a file whole, unless there is one: whether it did.
///
/// # Errors
/// As [`write_whole`].
pub fn write_new(to: &Path, bytes: &[u8]) -> io::Result<bool> {
    let (part, mut file) = UnfinishedFile::create(to)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let Some(path) = &part.part else {
        return Ok(false);
    };
    match fs::hard_link(path, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // A file system without links.
        Err(_) if to.exists() => Ok(false),
        Err(_) => part.complete(&file).map(|()| true),
    }
}

fn write((part, mut file): (UnfinishedFile, File), pieces: &[&[u8]]) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    part.complete(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_when_complete_and_gone_when_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.laz");
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let (part, mut file) = UnfinishedFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(part);
        assert_eq!(files(), 0);
        let (part, mut file) = UnfinishedFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        part.complete(&file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        write_whole(&path, &[b"an", b"other"]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"another");
        assert!(
            !write_new(&path, b"third").unwrap()
                && write_new(&folder.path().join("b"), b"new").unwrap()
        );
        assert_eq!(fs::read(&path).unwrap(), b"another");
        fs::remove_file(folder.path().join("b")).unwrap();
        assert_eq!(files(), 1);
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(write_whole(&folder.path().join("folder"), &[b"x"]).is_err());
        assert_eq!(files(), 2, "nothing is left of what could not be renamed");
        assert_eq!(
            write_whole(Path::new("/"), &[b"x"]).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }

    #[test]
    fn two_writers_of_one_file_each_have_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tif");
        let (first, mut first_file) = UnfinishedFile::create(&path).unwrap();
        first_file.write_all(b"first").unwrap();
        let (second, mut second_file) = UnfinishedFile::create(&path).unwrap();
        second_file.write_all(b"the second").unwrap();
        first.complete(&first_file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        second.complete(&second_file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_killed_processes_left_goes_and_what_others_write_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tif");
        let named = |name: String| folder.path().join(name);
        let left = [named(format!(".a.tif.{}-0123456789abcdef.part", machine()))];
        let others = [
            named(format!(".b.tif.{}-0123456789abcdef.part", machine())),
            named(format!(".a.tif.{}-mine.part", machine())),
            named(format!("a.tif.{}-0123456789abcdef.part", machine())),
            // Of another machine, whose locks are not seen here.
            named(".a.tif.00000000-0123456789abcdef.part".into()),
            named(".nfs0123456789abcdef".into()),
        ];
        left.iter()
            .chain(&others)
            .for_each(|path| fs::write(path, b"x").unwrap());
        let (_written, _file) = UnfinishedFile::create(&path).unwrap();
        let (_also, _file) = UnfinishedFile::create(&path).unwrap();
        assert!(left.iter().all(|path| !path.exists()) && others.iter().all(|path| path.exists()));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2 + others.len()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_lies_in_wait_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("a.tif"), folder.path().join("victim"));
        fs::write(&victim, b"precious").unwrap();
        let part = format!(".a.tif.{}-0123456789abcdef.part", machine());
        for name in [&part, "a.tif"] {
            std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
        }
        write_whole(&path, &[b"new"]).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(
            fs::symlink_metadata(&path).unwrap().is_file(),
            "the link itself is replaced"
        );
    }
}
