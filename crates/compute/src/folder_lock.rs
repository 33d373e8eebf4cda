//! A file that says that somebody is working in a folder.
//!
//! It is created new, names the machine and the process, is locked as long as it is held, and is removed afterwards. The lock ends with its process, however that
//! ends: on the same machine what a killed one left is taken over. Of another machine's nobody can tell, so its file is named, with the remedy.

use crate::{Error, Result, unfinished_file::is_at};
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// How often a file that others create and remove at the same time is tried.
const ATTEMPTS: usize = 1000;

/// A folder that is held; given back when dropped.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
    mode: Mode,
}

/// Who else may hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Alone,
    Shared,
}

/// What a lock file says.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    mode: String,
    process: String,
    host: String,
    machine: String,
}

impl FolderLock {
    /// Holds the folder of the file `path` alone. The folder is made if it is not there.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where others hold it, or may: who, and what to do. [`Error::Source`] where the file cannot be written.
    pub fn alone(path: impl Into<PathBuf>) -> Result<Self> {
        Self::take(path.into(), Mode::Alone, false)
    }

    /// As [`Self::alone`], after those on this machine who hold it.
    ///
    /// # Errors
    /// As [`Self::alone`].
    pub fn alone_in_turn(path: impl Into<PathBuf>) -> Result<Self> {
        Self::take(path.into(), Mode::Alone, true)
    }

    /// Holds it together with others who do not ask to be alone.
    ///
    /// # Errors
    /// As [`Self::alone`].
    pub fn shared(path: impl Into<PathBuf>) -> Result<Self> {
        Self::take(path.into(), Mode::Shared, false)
    }

    fn take(path: PathBuf, mode: Mode, waits: bool) -> Result<Self> {
        let named = |error: io::Error| Error::source(format!("{}: {error}", path.display()));
        for _ in 0..ATTEMPTS {
            let Some((mut file, is_new)) = opened(&path).map_err(named)? else { continue };
            match lock(&file, mode, waits) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(&path, &Holder::of(&mut file))),
                // A file system without locks: the file alone must do.
                Err(TryLockError::Error(_)) if is_new => {}
                Err(TryLockError::Error(_)) => return Err(left(&path, &Holder::of(&mut file))),
            }
            if !is_at(&file, &path) {
                continue; // The one before removed it.
            }
            let (before, now) = (Holder::of(&mut file), Holder::here(mode));
            let together = mode == Mode::Shared && before.mode == now.mode;
            if !is_new && !before.machine.is_empty() && before.machine != now.machine && !together {
                return Err(left(&path, &before));
            }
            if !together {
                now.write(&mut file).map_err(named)?;
            }
            return Ok(Self { path, file, mode });
        }
        Err(named(io::Error::other("others take and leave it all the time")))
    }

    /// Does `work` while nobody else holds it; `None` where others do.
    pub fn while_alone<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        if self.mode == Mode::Alone {
            return Some(work());
        }
        let done = self.file.try_lock().is_ok().then(work);
        // Asking for more gives back what was held.
        let _ = self.file.lock_shared();
        done
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The last one removes it. Where that fails, the next one takes it over.
        if self.file.try_lock().is_ok() && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file, and whether it is new; `None` where it went away in between.
fn opened(path: &Path) -> io::Result<Option<(File, bool)>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match File::options().create_new(true).read(true).write(true).open(path) {
        Ok(file) => return Ok(Some((file, true))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => {
            return Err(io::Error::other("it is no file, but should be a lock: remove it"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    match File::options().read(true).write(true).open(path) {
        Ok(file) => Ok(Some((file, false))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn lock(file: &File, mode: Mode, waits: bool) -> std::result::Result<(), TryLockError> {
    match mode {
        Mode::Alone if waits => file.lock().map_err(TryLockError::Error),
        Mode::Alone => file.try_lock(),
        Mode::Shared => file.try_lock_shared(),
    }
}

fn held(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::InvalidInput(format!(
        "{folder}: another run is at work there ({holder}; its lock is {}): wait for it, or name another folder",
        path.display()
    ))
}

fn left(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::InvalidInput(format!(
        "{folder}: a run on another machine is at work there, or was ended ({holder}): if it has ended, remove {}",
        path.display()
    ))
}

impl Holder {
    fn here(mode: Mode) -> Self {
        let file = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        Self {
            mode: format!("{mode:?}").to_lowercase(),
            process: std::process::id().to_string(),
            // Containers of one machine have names of their own, but share its locks.
            machine: file("/proc/sys/kernel/random/boot_id").unwrap_or_else(|| host.clone()),
            host,
        }
    }

    /// What the file says; empty where it says nothing yet.
    fn of(file: &mut File) -> Self {
        let mut text = String::new();
        let read = file.rewind().and_then(|()| (&mut *file).take(4096).read_to_string(&mut text));
        let word = |key: &str| {
            let line = text.lines().filter(|_| read.is_ok()).find_map(|line| line.strip_prefix(key));
            let shown = line.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).take(80);
            shown.collect::<String>()
        };
        Self { mode: word("held "), process: word("process "), host: word("host "), machine: word("machine ") }
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let Self { mode, process, host, machine } = self;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "held {mode}\nprocess {process}\nhost {host}\nmachine {machine}\n")
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.process.is_empty() {
            return f.write_str("a process that has not said which");
        }
        write!(f, "process {} on {}", self.process, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_or_several_together() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out/.lock");
        let alone = FolderLock::alone(&path).unwrap();
        for refused in [FolderLock::alone(&path), FolderLock::shared(&path)] {
            let message = refused.unwrap_err().to_string();
            assert!(
                message.contains(&format!("process {}", std::process::id())) && message.contains(".lock"),
                "{message}"
            );
        }
        drop(alone);
        assert!(!path.exists());
        let [first, second] = [FolderLock::shared(&path).unwrap(), FolderLock::shared(&path).unwrap()];
        assert!(FolderLock::alone(&path).is_err() && first.while_alone(|| ()).is_none());
        drop(first);
        assert!(path.exists() && second.while_alone(|| FolderLock::shared(&path).is_err()).unwrap());
        drop(second);
        assert!(!path.exists() && FolderLock::alone(&path).is_ok());
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over_on_its_own_machine_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let machine = Holder::here(Mode::Alone).machine;
        let left = |machine: &str| fs::write(&path, format!("held alone\nprocess 7\nhost there\nmachine {machine}\n"));
        left(&machine).unwrap();
        assert!(FolderLock::alone(&path).is_ok(), "nobody holds it");
        left("another").unwrap();
        for refused in [FolderLock::alone(&path), FolderLock::shared(&path)] {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains("process 7 on there") && message.contains("remove "), "{message}");
        }
        fs::write(&path, "").unwrap();
        assert!(FolderLock::alone(&path).is_ok(), "killed before it wrote");
        // Shards on several machines.
        fs::write(&path, "held shared\nprocess 7\nhost there\nmachine another\n").unwrap();
        assert!(FolderLock::shared(&path).is_ok());
    }

    #[test]
    fn those_who_wait_come_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..50 {
                        let _lock = FolderLock::alone_in_turn(&path).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
