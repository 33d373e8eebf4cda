//! A file that says that somebody is working in a folder.
//!
//! It is created new, names the machine and the process, is locked as long as it is held, and is
//! removed afterwards. The lock ends with its process, however that ends: on the same machine what
//! a killed one left is taken over. Of another machine's nobody can tell, so its file is named,
//! with the remedy.
//!
//! Where a file system has no locks, the file alone says it: one at a time may hold the folder
//! alone, those who hold it together are let in, and what is left of a process of this machine that
//! is gone is taken over. So those who hold it together never wait, and are refused only where
//! another is, or was, alone.

use crate::{Error, Result, machine, unfinished_file::is_at};
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How long one who comes to others waits for somebody who is alone for a moment.
const MOMENT: Duration = Duration::from_millis(200);
/// How often it is tried in that time.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a file that others create and remove at the same time is tried.
const ATTEMPTS: usize = 1000;

/// A folder that is held; given back when dropped.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
    mode: Mode,
    /// Whether the file is locked: not on a file system without locks.
    is_locked: bool,
    /// Whether this one wrote the file: not where it was let in by others.
    wrote: bool,
}

/// Locks a file for a mode.
type Locking = fn(&File, Mode) -> std::result::Result<(), TryLockError>;

/// Who else may hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Alone,
    Shared,
}

/// What a lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    mode: String,
    process: String,
    host: String,
    machine: String,
    /// Among which processes it has its number: those of a container have their own.
    processes: String,
}

impl FolderLock {
    /// Holds the folder of the file `path` alone. The folder is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Busy`] where others hold it, or may: who, and what to do. [`Error::Source`] where
    /// the file cannot be written.
    pub fn alone(path: impl Into<PathBuf>) -> Result<Self> {
        Self::take(path.into(), Mode::Alone, lock)
    }

    /// Holds it together with others who do not ask to be alone.
    ///
    /// # Errors
    /// As [`Self::alone`].
    pub fn shared(path: impl Into<PathBuf>) -> Result<Self> {
        Self::take(path.into(), Mode::Shared, lock)
    }

    /// Removes the file where this process wrote it: before a process ends that cannot drop what it
    /// holds.
    pub fn forget(path: &Path) {
        let holder = File::open(path).map(|mut file| Holder::of(&mut file));
        let is_mine = holder.is_ok_and(|holder| {
            holder
                == Holder {
                    mode: holder.mode.clone(),
                    ..Holder::here(Mode::Alone)
                }
        });
        if is_mine {
            // Where that fails, the next one takes it over, or says who has it.
            let _ = fs::remove_file(path);
        }
    }

    fn take(path: PathBuf, mode: Mode, lock: Locking) -> Result<Self> {
        let named = |error: io::Error| Error::of_file(&path, error);
        for _ in 0..ATTEMPTS {
            let Some((mut file, is_new)) = opened(&path).map_err(named)? else {
                continue;
            };
            let is_locked = match lock(&file, mode) {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => return Err(held(&path, &Holder::of(&mut file))),
                // A file system without locks: the file alone must do.
                Err(TryLockError::Error(_)) => false,
            };
            if !is_at(&file, &path) {
                continue; // The one before removed it.
            }
            let (before, now) = (Holder::of(&mut file), Holder::here(mode));
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
                    return Err(not_shared(&path, &before));
                }
                // Who creates the next one has it.
                fs::remove_file(&path)
                    .or_else(unless_absent)
                    .map_err(named)?;
                continue;
            }
            if !is_new && !before.machine.is_empty() && before.machine != now.machine && !together {
                return Err(left(&path, &before));
            }
            if !together {
                now.write(&mut file).map_err(named)?;
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
            "others take and leave it all the time",
        )))
    }

    /// Does `work` while nobody else holds it; `None` where others do, or may.
    ///
    /// # Errors
    /// [`Error::Busy`] where another took the folder meanwhile: asking to be alone gives back what
    /// was held with others, for a moment.
    pub fn while_alone<T>(&self, work: impl FnOnce() -> T) -> Result<Option<T>> {
        if self.mode == Mode::Alone {
            return Ok(Some(work()));
        }
        if !self.is_locked {
            return Ok(None); // Nobody can tell.
        }
        let is_alone = self.file.try_lock().is_ok();
        let done = (is_alone && is_at(&self.file, &self.path)).then(work);
        match lock_shared(&self.file) {
            Ok(()) if is_at(&self.file, &self.path) => Ok(done),
            Err(TryLockError::Error(error)) => Err(Error::of_file(&self.path, error)),
            Ok(()) | Err(TryLockError::WouldBlock) => Err(lost(&self.path)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The last one removes it; without locks the one who wrote it. Where that fails, the next
        // one takes it over.
        let is_last = match self.is_locked {
            true => self.file.try_lock().is_ok(),
            false => self.wrote,
        };
        if is_last && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file, and whether it is new; `None` where it went away in between.
fn opened(path: &Path) -> io::Result<Option<(File, bool)>> {
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
                "it is no file, but should be a lock: remove it",
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

fn lock(file: &File, mode: Mode) -> std::result::Result<(), TryLockError> {
    match mode {
        Mode::Alone => file.try_lock(),
        Mode::Shared => lock_shared(file),
    }
}

/// Locks it with others, after one who is alone for a moment.
fn lock_shared(file: &File) -> std::result::Result<(), TryLockError> {
    let end = Instant::now() + MOMENT;
    loop {
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn unless_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn held(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run is at work there ({holder}; its lock is {}): wait for it, or name another folder",
        path.display()
    ))
}

fn left(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: a run on another machine is at work there, or was ended ({holder}): if it has ended, remove {}",
        path.display()
    ))
}

fn not_shared(path: &Path, holder: &Holder) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run is at work there, or was ended ({holder}), and this file system has no locks, so that one at a time may: \
wait for it, or name another folder; if it has ended, remove {}",
        path.display()
    ))
}

fn lost(path: &Path) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::Busy(format!(
        "{folder}: another run took it while this one was beginning: run the same command again"
    ))
}

impl Holder {
    fn here(mode: Mode) -> Self {
        Self {
            mode: format!("{mode:?}").to_lowercase(),
            process: std::process::id().to_string(),
            // Containers of one machine have names of their own, but share its locks.
            machine: machine::identity(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            processes: fs::read_link("/proc/self/ns/pid")
                .map_or_else(|_| String::new(), |name| name.display().to_string()),
        }
    }

    /// Whether its process has ended: known of those that have their numbers where `here` has its
    /// own.
    fn is_gone(&self, here: &Self) -> bool {
        let is_of_here = self.machine == here.machine
            && self.processes == here.processes
            && !here.processes.is_empty();
        let is_there = |process: u32| Path::new(&format!("/proc/{process}")).exists();
        // The first process is not shown to those to whom processes of others are not.
        is_of_here && is_there(1) && self.process.parse().is_ok_and(|process| !is_there(process))
    }

    /// What the file says; empty where it says nothing yet.
    fn of(file: &mut File) -> Self {
        let mut text = String::new();
        let read = file
            .rewind()
            .and_then(|()| (&mut *file).take(4096).read_to_string(&mut text));
        let word = |key: &str| {
            let line = text
                .lines()
                .filter(|_| read.is_ok())
                .find_map(|line| line.strip_prefix(key));
            let shown = line
                .unwrap_or_default()
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(80);
            shown.collect::<String>()
        };
        Self {
            mode: word("held "),
            process: word("process "),
            host: word("host "),
            machine: word("machine "),
            processes: word("processes "),
        }
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
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
                message.contains(&format!("process {}", std::process::id()))
                    && message.contains(".lock"),
                "{message}"
            );
        }
        drop(alone);
        assert!(!path.exists());
        let [first, second] = [
            FolderLock::shared(&path).unwrap(),
            FolderLock::shared(&path).unwrap(),
        ];
        assert!(FolderLock::alone(&path).is_err() && first.while_alone(|| ()).unwrap().is_none());
        drop(first);
        assert!(
            path.exists()
                && second
                    .while_alone(|| FolderLock::shared(&path).is_err())
                    .unwrap()
                    .unwrap()
        );
        drop(second);
        assert!(!path.exists() && FolderLock::alone(&path).is_ok());
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over_on_its_own_machine_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let machine = Holder::here(Mode::Alone).machine;
        let left = |machine: &str| {
            fs::write(
                &path,
                format!("held alone\nprocess 7\nhost there\nmachine {machine}\n"),
            )
        };
        left(&machine).unwrap();
        assert!(FolderLock::alone(&path).is_ok(), "nobody holds it");
        left("another").unwrap();
        for refused in [FolderLock::alone(&path), FolderLock::shared(&path)] {
            let message = refused.unwrap_err().to_string();
            assert!(
                message.contains("process 7 on there") && message.contains("remove "),
                "{message}"
            );
        }
        fs::write(&path, "").unwrap();
        assert!(FolderLock::alone(&path).is_ok(), "killed before it wrote");
        // Shards on several machines.
        fs::write(
            &path,
            "held shared\nprocess 7\nhost there\nmachine another\n",
        )
        .unwrap();
        assert!(FolderLock::shared(&path).is_ok());
    }

    /// As on a file system without locks.
    fn no_locks(_: &File, _: Mode) -> std::result::Result<(), TryLockError> {
        Err(TryLockError::Error(ErrorKind::Unsupported.into()))
    }

    #[test]
    fn without_locks_the_file_alone_says_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let take = |mode| FolderLock::take(path.clone(), mode, no_locks);
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
                lock.while_alone(|| 7).unwrap(),
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
        let here = || Holder::here(Mode::Alone);
        let gone = Holder {
            process: child.id().to_string(),
            ..here()
        };
        let left = |holder: &Holder| {
            holder.write(&mut File::create(&path).unwrap()).unwrap();
            FolderLock::take(path.clone(), Mode::Alone, no_locks)
        };
        let lock = left(&gone).unwrap();
        assert_eq!(Holder::of(&mut File::open(&path).unwrap()), here());
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
        let first = FolderLock::shared(&path).unwrap();
        let (begun, begins) = std::sync::mpsc::channel();
        thread::scope(|threads| {
            threads.spawn(|| {
                let work = || {
                    begun.send(()).unwrap();
                    thread::sleep(MOMENT / 4);
                };
                assert!(first.while_alone(work).unwrap().is_some());
            });
            begins.recv().unwrap();
            drop(FolderLock::shared(&path).unwrap());
        });
        let alone = first
            .while_alone(|| FolderLock::shared(&path).unwrap_err().to_string())
            .unwrap()
            .unwrap();
        assert!(alone.contains("another run is at work"), "{alone}");
    }

    #[test]
    fn a_process_forgets_its_own_lock_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        std::mem::forget(FolderLock::shared(&path).unwrap());
        FolderLock::forget(&path);
        assert!(!path.exists());
        fs::write(
            &path,
            "held alone\nprocess 7\nhost there\nmachine another\n",
        )
        .unwrap();
        FolderLock::forget(&path);
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_another_took_meanwhile_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let first = FolderLock::shared(&path).unwrap();
        // As one that held it alone, and was done, would have.
        fs::remove_file(&path).unwrap();
        let other = FolderLock::alone(&path).unwrap();
        let mut worked = false;
        let message = first.while_alone(|| worked = true).unwrap_err().to_string();
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
