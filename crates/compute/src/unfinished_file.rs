//! Files that get their name only when they are complete.
//!
//! Each writer writes a file of its own, `.name.MACHINE-RANDOM.part`, whose name cannot be
//! foreseen: two writers never share one, on any machine or in any container, and a link planted
//! there is not followed. The file is locked while it is written, so that the rest of a killed
//! process is told from a file that another process writes. Locks of other machines may be
//! invisible, so only files of this machine are removed.

use crate::machine::machine_digits;
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

/// A file being written beside its later place; removed if it is dropped before it is complete.
///
/// ```
/// use isopach_compute::UnfinishedFile;
/// use std::io::Write;
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("result.txt");
/// let (part, mut file) = UnfinishedFile::create(&path)?;
/// file.write_all(b"42")?;
/// assert!(!path.exists());
/// part.complete(&file)?;
/// assert_eq!(std::fs::read(&path)?, b"42");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnfinishedFile {
    to: PathBuf,
    part: Option<PathBuf>,
    /// Holds the lock.
    _lock: File,
}

impl UnfinishedFile {
    /// Creates a new file beside `to`, and removes such files of killed processes of this machine.
    ///
    /// # Errors
    /// If it cannot be created, or `to` has no file name.
    pub fn create(to: &Path) -> io::Result<(Self, File)> {
        Self::remove_left_over(to);
        Self::create_among_others(to)
    }

    /// As [`Self::create`], for a folder of very many files: files of killed processes stay until
    /// [`remove_if_left`].
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_among_others(to: &Path) -> io::Result<(Self, File)> {
        for _ in 0..ATTEMPTS {
            let part = Self::beside(
                to,
                &format!(
                    "{}-{:016x}.{ENDING}",
                    machine_digits(),
                    unforeseeable_number()
                ),
            )?;
            // Readable too: the writer may read its part again before the file is complete.
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
            // On a file system without locks, no file is removed either.
            if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) || !is_at(&file, &part) {
                continue; // Another process removed it as left over, before it was locked.
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
            "no free name for a file beside it",
        ))
    }

    /// Removes unfinished files of killed processes of this machine beside `to`; files that are
    /// being written stay. A file that cannot be removed stays for the next call.
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

    /// The place of the file while it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.part.as_deref().unwrap_or(&self.to)
    }

    /// A hidden file beside `to`: `.name.ending`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if `to` has no file name.
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

    /// Flushes the file to the disk and gives it its name.
    ///
    /// # Errors
    /// If it cannot be written or renamed; it is then removed.
    pub fn complete(self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        self.complete_unflushed()
    }

    /// Gives the file its name without a wait for the disk: it is whole for all processes, but after
    /// a power failure it may be there without its contents. For files that a checksum is kept of.
    ///
    /// # Errors
    /// If it cannot be renamed; it is then removed.
    pub fn complete_unflushed(mut self) -> io::Result<()> {
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
            // A file that cannot be removed is left.
            let _ = fs::remove_file(part);
        }
    }
}

/// Removes an unfinished file of a killed process of this machine: one with such a name and without
/// a lock. Returns whether it did.
pub fn remove_if_left(path: &Path) -> bool {
    if !is_of_this_machine(path) {
        return false;
    }
    let is_file = fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
    // Opened for writing: some file systems lock nothing else.
    let Some(file) = is_file
        .then(|| File::options().read(true).write(true).open(path).ok())
        .flatten()
    else {
        return false;
    };
    file.try_lock().is_ok() && is_at(&file, path) && fs::remove_file(path).is_ok()
}

/// Whether a process of this machine writes files of this name: `.name.MACHINE-RANDOM.part`.
fn is_of_this_machine(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|name| name.starts_with('.'));
    let mut pieces = name.unwrap_or_default().rsplit('.');
    let ending = pieces.next();
    let writer = pieces.next().and_then(|writer| writer.split_once('-'));
    ending == Some(ENDING)
        && writer.is_some_and(|(of, random)| of == machine_digits() && is_random_part(random))
}

fn is_random_part(digits: &str) -> bool {
    digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether the open file is the one with this name now.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let [here, there] = [file.metadata(), fs::symlink_metadata(path)];
    here.ok()
        .zip(there.ok())
        .is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Whether the open file is the one with this name now: on other systems, an open file keeps its
/// name.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// A number that cannot be foreseen.
pub(crate) fn unforeseeable_number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Writes a file whole or not at all. If several processes write the same file at the same time,
/// the last one's stays.
///
/// # Errors
/// If it cannot be written or renamed.
pub fn write_whole(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let (part, file) = UnfinishedFile::create(to)?;
    write_pieces(part, file, pieces)
}

/// As [`write_whole`], for a folder of very many files: see
/// [`UnfinishedFile::create_among_others`].
///
/// # Errors
/// As [`write_whole`].
pub fn write_whole_among_others(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let (part, file) = UnfinishedFile::create_among_others(to)?;
    write_pieces(part, file, pieces)
}

/// Writes a file whole, unless it exists; returns whether it did.
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

fn write_pieces(part: UnfinishedFile, mut file: File, pieces: &[&[u8]]) -> io::Result<()> {
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
        let left = [named(format!(
            ".a.tif.{}-0123456789abcdef.part",
            machine_digits()
        ))];
        let others = [
            named(format!(".b.tif.{}-0123456789abcdef.part", machine_digits())),
            named(format!(".a.tif.{}-mine.part", machine_digits())),
            named(format!("a.tif.{}-0123456789abcdef.part", machine_digits())),
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
        let part = format!(".a.tif.{}-0123456789abcdef.part", machine_digits());
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
