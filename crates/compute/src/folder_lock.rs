//! A lock file that reserves a folder for one process, or for several that share it.
//!
//! The file names the machine and the process, is locked while the folder is held, and is removed
//! afterwards. A lock ends with its process, however that ends: on the same machine, the file of a
//! killed process is taken over. A file of another machine cannot be checked, so the error names
//! it, with the remedy.
//!
//! On a file system without locks, the existence of the file decides: one process at a time may
//! hold the folder exclusively, processes that share it are let in, and the file of a process of
//! this machine that has ended is taken over. So sharing processes never wait, and are refused only
//! if another process holds, or held, the folder exclusively.

use crate::{Error, Result, machine, unfinished_file::is_at};
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How long a sharing process waits for one that is exclusive for a moment.
const MOMENT: Duration = Duration::from_millis(200);
/// The pause between two attempts in that time.
const PAUSE: Duration = Duration::from_millis(10);
/// Attempts on a file that other processes create and remove at the same time.
const ATTEMPTS: usize = 1000;

/// A folder reserved for this process, exclusively or shared; released when dropped.
///
/// ```
/// use isopach_compute::{Error, FolderLock};
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("lock");
/// let lock = FolderLock::acquire_exclusive(&path)?;
/// assert!(matches!(FolderLock::acquire_shared(&path), Err(Error::Busy(_))));
/// drop(lock);
/// let _shared = FolderLock::acquire_shared(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
    mode: Mode,
    /// Whether the file is locked: false on a file system without locks.
    is_locked: bool,
    /// Whether this process wrote the file: false if it joined others.
    wrote: bool,
}

/// Locks a file for a mode.
type Locking = fn(&File, Mode) -> std::result::Result<(), TryLockError>;

/// Whether other processes may hold the folder too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Alone,
    Shared,
}

/// The content of a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    mode: String,
    process: String,
    host: String,
    machine: String,
    /// The namespace of the process number: a container has its own.
    processes: String,
}

impl FolderLock {
    /// Reserves the folder of the file `path` for this process. Creates the folder if it does not
    /// exist.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process holds it, or may hold it: names the holder and the
    /// remedy. [`Error::Source`] if the file cannot be written.
    pub fn acquire_exclusive(path: impl Into<PathBuf>) -> Result<Self> {
        Self::acquire(path.into(), Mode::Alone, try_lock_mode)
    }

    /// Reserves it together with other processes that share it.
    ///
    /// # Errors
    /// As [`Self::acquire_exclusive`].
    pub fn acquire_shared(path: impl Into<PathBuf>) -> Result<Self> {
        Self::acquire(path.into(), Mode::Shared, try_lock_mode)
    }

    /// Removes the lock file if this process wrote it: before a process ends without dropping its
    /// locks.
    pub fn release_own(path: &Path) {
        let holder = File::open(path).map(|mut file| Holder::read_from(&mut file));
        let is_mine = holder.is_ok_and(|holder| {
            holder
                == Holder {
                    mode: holder.mode.clone(),
                    ..Holder::of_this_process(Mode::Alone)
                }
        });
        if is_mine {
            // If that fails, the next process takes it over, or names the holder.
            let _ = fs::remove_file(path);
        }
    }

    fn acquire(path: PathBuf, mode: Mode, lock: Locking) -> Result<Self> {
        let named = |error: io::Error| Error::of_file(&path, error);
        for _ in 0..ATTEMPTS {
            let Some((mut file, is_new)) = open_lock_file(&path).map_err(named)? else {
                continue;
            };
            let is_locked = match lock(&file, mode) {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => {
                    return Err(held_error(&path, &Holder::read_from(&mut file)));
                }
                // A file system without locks: the existence of the file decides.
                Err(TryLockError::Error(_)) => false,
            };
            if !is_at(&file, &path) {
                continue; // The last holder removed it.
            }
            let before = Holder::read_from(&mut file);
            let now = Holder::of_this_process(mode);
            let together = mode == Mode::Shared && before.mode == now.mode;
            if !is_locked && !is_new && together {
                return Ok(Self {
                    path,
                    file,
                    mode,
                    is_locked,
                    wrote: false,
                });
            }
            if !is_locked && !is_new {
                if !before.is_gone(&now) {
                    return Err(not_shared_error(&path, &before));
                }
                // The process that creates the next file holds the folder.
                fs::remove_file(&path)
                    .or_else(ignore_absent)
                    .map_err(named)?;
                continue;
            }
            if !is_new && !before.machine.is_empty() && before.machine != now.machine && !together {
                return Err(left_behind_error(&path, &before));
            }
            if !together {
                now.write_to(&mut file).map_err(named)?;
            }
            return Ok(Self {
                path,
                file,
                mode,
                is_locked,
                wrote: !together,
            });
        }
        Err(named(io::Error::other(
            "other processes acquire and release it all the time: try again later",
        )))
    }

    /// Runs `work` while no other process holds the folder; returns `None` if others hold it, or
    /// may.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process took the folder meanwhile: to become exclusive, a shared
    /// lock is released for a moment.
    pub fn with_exclusive<T>(&self, work: impl FnOnce() -> T) -> Result<Option<T>> {
        if self.mode == Mode::Alone {
            return Ok(Some(work()));
        }
        if !self.is_locked {
            return Ok(None); // Without locks, others cannot be seen.
        }
        let is_alone = self.file.try_lock().is_ok();
        let done = (is_alone && is_at(&self.file, &self.path)).then(work);
        match lock_shared(&self.file) {
            Ok(()) if is_at(&self.file, &self.path) => Ok(done),
            Err(TryLockError::Error(error)) => Err(Error::of_file(&self.path, error)),
            Ok(()) | Err(TryLockError::WouldBlock) => Err(lock_lost_error(&self.path)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The last holder removes it; without locks, the process that wrote it. If that fails, the
        // next process takes it over.
        let is_last = if self.is_locked {
            self.file.try_lock().is_ok()
        } else {
            self.wrote
        };
        if is_last && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file, and whether it is new; `None` if it disappeared in between.
fn open_lock_file(path: &Path) -> io::Result<Option<(File, bool)>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match File::options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(path)
    {
        Ok(file) => return Ok(Some((file, true))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => {
            return Err(io::Error::other(
                "it should be a lock file, but is not a file: remove it",
            ));
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

fn try_lock_mode(file: &File, mode: Mode) -> std::result::Result<(), TryLockError> {
    match mode {
        Mode::Alone => file.try_lock(),
        Mode::Shared => lock_shared(file),
    }
}

/// Locks it shared; waits for a process that is exclusive for a moment.
fn lock_shared(file: &File) -> std::result::Result<(), TryLockError> {
    let end = Instant::now() + MOMENT;
    loop {
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn held_error(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run is at work there ({holder}; its lock is {}): wait for it, or name another folder",
        path.display()
    ))
}

fn left_behind_error(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: a run on another machine is at work there, or was ended ({holder}): if it has ended, remove {}",
        path.display()
    ))
}

fn not_shared_error(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run is at work there, or was ended ({holder}), and this file system has no locks, so that one at a time may: \
wait for it, or name another folder; if it has ended, remove {}",
        path.display()
    ))
}

fn lock_lost_error(path: &Path) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run took it while this one was beginning: run the same command again"
    ))
}

impl Holder {
    fn of_this_process(mode: Mode) -> Self {
        Self {
            mode: format!("{mode:?}").to_lowercase(),
            process: std::process::id().to_string(),
            // Containers of one machine have names of their own, but share its locks.
            machine: machine::machine_identity(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            processes: fs::read_link("/proc/self/ns/pid")
                .map_or_else(|_| String::new(), |name| name.display().to_string()),
        }
    }

    /// Whether its process has ended; known only of processes in the namespace of `here`.
    fn is_gone(&self, here: &Self) -> bool {
        let is_of_here = self.machine == here.machine
            && self.processes == here.processes
            && !here.processes.is_empty();
        // Where processes of other users are hidden, the first process is hidden too.
        is_of_here
            && process_exists(1)
            && self
                .process
                .parse()
                .is_ok_and(|process| !process_exists(process))
    }

    /// The content of the file; empty if nothing is written yet.
    fn read_from(file: &mut File) -> Self {
        let mut text = String::new();
        let read = file
            .rewind()
            .and_then(|()| (&mut *file).take(4096).read_to_string(&mut text));
        if read.is_err() {
            text.clear();
        }
        Self {
            mode: find_value(&text, "held "),
            process: find_value(&text, "process "),
            host: find_value(&text, "host "),
            machine: find_value(&text, "machine "),
            processes: find_value(&text, "processes "),
        }
    }

    fn write_to(&self, file: &mut File) -> io::Result<()> {
        let Self {
            mode,
            process,
            host,
            machine,
            processes,
        } = self;
        file.set_len(0)?;
        file.rewind()?;
        write!(
            file,
            "held {mode}\nprocess {process}\nhost {host}\nmachine {machine}\nprocesses {processes}\n"
        )
    }
}

/// The value after a key at the beginning of a line, at most 80 printable characters; empty if
/// there is none.
fn find_value(text: &str, key: &str) -> String {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or_default()
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect()
}

/// Whether a process of this number runs here.
fn process_exists(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
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
        let alone = FolderLock::acquire_exclusive(&path).unwrap();
        for refused in [
            FolderLock::acquire_exclusive(&path),
            FolderLock::acquire_shared(&path),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(
                message.contains(&format!("process {}", std::process::id()))
                    && message.contains(".lock"),
                "{message}"
            );
        }
        drop(alone);
        assert!(!path.exists());
        let [first, second] = [
            FolderLock::acquire_shared(&path).unwrap(),
            FolderLock::acquire_shared(&path).unwrap(),
        ];
        assert!(
            FolderLock::acquire_exclusive(&path).is_err()
                && first.with_exclusive(|| ()).unwrap().is_none()
        );
        drop(first);
        assert!(
            path.exists()
                && second
                    .with_exclusive(|| FolderLock::acquire_shared(&path).is_err())
                    .unwrap()
                    .unwrap()
        );
        drop(second);
        assert!(!path.exists() && FolderLock::acquire_exclusive(&path).is_ok());
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over_on_its_own_machine_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let machine = Holder::of_this_process(Mode::Alone).machine;
        let left = |machine: &str| {
            fs::write(
                &path,
                format!("held alone\nprocess 7\nhost there\nmachine {machine}\n"),
            )
        };
        left(&machine).unwrap();
        assert!(
            FolderLock::acquire_exclusive(&path).is_ok(),
            "nobody holds it"
        );
        left("another").unwrap();
        for refused in [
            FolderLock::acquire_exclusive(&path),
            FolderLock::acquire_shared(&path),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(
                message.contains("process 7 on there") && message.contains("remove "),
                "{message}"
            );
        }
        fs::write(&path, "").unwrap();
        assert!(
            FolderLock::acquire_exclusive(&path).is_ok(),
            "killed before it wrote"
        );
        // Shards on several machines.
        fs::write(
            &path,
            "held shared\nprocess 7\nhost there\nmachine another\n",
        )
        .unwrap();
        assert!(FolderLock::acquire_shared(&path).is_ok());
    }

    /// As on a file system without locks.
    fn no_locks(_: &File, _: Mode) -> std::result::Result<(), TryLockError> {
        Err(TryLockError::Error(ErrorKind::Unsupported.into()))
    }

    #[test]
    fn without_locks_the_file_alone_says_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let take = |mode| FolderLock::acquire(path.clone(), mode, no_locks);
        for mode in [Mode::Alone, Mode::Shared] {
            let lock = take(mode).unwrap();
            let together = (mode == Mode::Shared).then(|| take(Mode::Shared).unwrap());
            drop(together);
            assert!(
                path.exists(),
                "one that was let in leaves the file to the one who wrote it"
            );
            let others = if mode == Mode::Shared {
                vec![Mode::Alone]
            } else {
                vec![Mode::Alone, Mode::Shared]
            };
            for refused in others.into_iter().map(take) {
                let message = refused.unwrap_err().to_string();
                let process = format!("process {}", std::process::id());
                assert!(
                    message.contains(&process) && message.contains("remove "),
                    "{message}"
                );
                assert!(
                    message.contains("this file system has no locks"),
                    "{message}"
                );
            }
            assert_eq!(
                lock.with_exclusive(|| 7).unwrap(),
                (mode == Mode::Alone).then_some(7),
                "others cannot be seen"
            );
            drop(lock);
            assert!(!path.exists(), "a normal end leaves nothing");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_locks_what_a_process_that_is_gone_left_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let here = || Holder::of_this_process(Mode::Alone);
        let gone = Holder {
            process: child.id().to_string(),
            ..here()
        };
        let left = |holder: &Holder| {
            holder.write_to(&mut File::create(&path).unwrap()).unwrap();
            FolderLock::acquire(path.clone(), Mode::Alone, no_locks)
        };
        let lock = left(&gone).unwrap();
        assert_eq!(Holder::read_from(&mut File::open(&path).unwrap()), here());
        drop(lock);
        for there in [
            here(),
            Holder {
                machine: "another".into(),
                ..gone.clone()
            },
            Holder {
                processes: "pid:[1]".into(),
                ..gone.clone()
            },
            Holder {
                process: String::new(),
                ..here()
            },
            Holder {
                process: "../etc".into(),
                ..here()
            },
        ] {
            assert!(
                left(&there).unwrap_err().to_string().contains("remove "),
                "{there:?}"
            );
        }
    }

    #[test]
    fn one_who_is_alone_for_a_moment_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let first = FolderLock::acquire_shared(&path).unwrap();
        let (begun, begins) = std::sync::mpsc::channel();
        thread::scope(|threads| {
            threads.spawn(|| {
                let work = || {
                    begun.send(()).unwrap();
                    thread::sleep(MOMENT / 4);
                };
                assert!(first.with_exclusive(work).unwrap().is_some());
            });
            begins.recv().unwrap();
            drop(FolderLock::acquire_shared(&path).unwrap());
        });
        let alone = first
            .with_exclusive(|| FolderLock::acquire_shared(&path).unwrap_err().to_string())
            .unwrap()
            .unwrap();
        assert!(alone.contains("another run is at work"), "{alone}");
    }

    #[test]
    fn a_process_forgets_its_own_lock_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        std::mem::forget(FolderLock::acquire_shared(&path).unwrap());
        FolderLock::release_own(&path);
        assert!(!path.exists());
        fs::write(
            &path,
            "held alone\nprocess 7\nhost there\nmachine another\n",
        )
        .unwrap();
        FolderLock::release_own(&path);
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_another_took_meanwhile_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let first = FolderLock::acquire_shared(&path).unwrap();
        // As one that held it alone, and was done, would have.
        fs::remove_file(&path).unwrap();
        let other = FolderLock::acquire_exclusive(&path).unwrap();
        let mut worked = false;
        let message = first
            .with_exclusive(|| worked = true)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("another run took it") && !worked,
            "{message}"
        );
        drop(first);
        assert!(path.exists(), "the other's stays");
        drop(other);
        assert!(!path.exists());
    }
}
