//! Runs of neighbouring pieces of work (tiles, blocks) that workers claim one after the other
//! (`--claim`): the number of workers may change, and others overtake a straggler.
//!
//! A claim is a file that is created new in `.run/claims`, so that one worker has it. It holds for
//! a lease, measured by the clock of the file system; after that any other worker may take the same
//! run. No result depends on that: two workers on one piece write the same bytes. A lease only
//! saves work.
//!
//! A worker with a name writes it into its claims. One of the same name takes them over at once,
//! since it replaces one that ended. So it does not wait for others either: the supervisor can use
//! its place for one of the others.

use crate::ProgramError;
use isopach_compute::{Error, Result, UnfinishedFile, write_whole};
use isopach_tiling::RunScope;
use std::{
    collections::BTreeSet,
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// Interval at which a worker polls for runs that others have finished.
const PAUSE: Duration = Duration::from_millis(500);

/// Bytes that the name of a worker may have.
const LONGEST_NAME: usize = 255;

/// Runs that are claimed one by one: more would be looked through for longer than they take.
const MOST: usize = 100_000;

/// The folder of claims, in that of a run.
pub const FOLDER: &str = "claims";

/// The claims on the runs of one folder.
#[derive(Debug)]
pub struct Claims {
    folder: PathBuf,
    /// Number of runs, of about equal work.
    of: usize,
    lease: Duration,
    /// The name of this worker; empty if it has none.
    worker: String,
}

/// The next step of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// This run, which is claimed now.
    Run(usize),
    /// Others have all that is left, and their leases hold.
    Nothing,
    /// All runs are done, but those that failed here.
    Done,
}

impl Claims {
    /// Claims on `of` runs in the folder of a run's results. Another worker may take a claim over
    /// after `lease` seconds, or at once if it is a `worker` of the same name; an empty name means
    /// none.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a number of runs that makes no sense, and for a name that is too
    /// long.
    pub fn new(run: &Path, of: usize, lease: u64, worker: &str) -> Result<Self> {
        if !(1..=MOST).contains(&of) {
            return Err(ProgramError::invalid_option(
                "--claim",
                of,
                format!("be from 1 to {MOST}"),
            )
            .into());
        }
        if worker.len() > LONGEST_NAME {
            return Err(ProgramError::invalid_option(
                "--worker",
                format!("a name of {} bytes", worker.len()),
                format!("have {LONGEST_NAME} at most"),
            )
            .into());
        }
        Ok(Self {
            folder: run.join(FOLDER),
            of,
            lease: Duration::from_secs(lease),
            worker: worker.to_owned(),
        })
    }

    /// Claims and runs one run after the other until all are done by any worker, except those that
    /// `run` reports as failed; or until another worker has merged the results. A named worker ends
    /// when others hold all remaining claims.
    pub fn run_all(
        &self,
        is_merged: impl Fn() -> bool,
        mut run: impl FnMut(RunScope) -> Result<bool>,
    ) -> Result<()> {
        let mut over = BTreeSet::new();
        while !is_merged() {
            match self.claim_next(&mut over)? {
                Next::Run(number) => {
                    self.run_claimed(number, &mut run)?;
                    over.insert(number);
                }
                Next::Nothing if self.worker.is_empty() => thread::sleep(PAUSE),
                Next::Nothing => break,
                Next::Done => break,
            }
        }
        Ok(())
    }

    /// Runs a claimed run. It counts as done unless `run` reports otherwise.
    fn run_claimed(
        &self,
        number: usize,
        run: &mut impl FnMut(RunScope) -> Result<bool>,
    ) -> Result<()> {
        match run(RunScope::Shard {
            number,
            of: self.of,
        }) {
            Ok(true) => {
                let done = self.state_path(number, "done");
                write_whole(&done, &[]).map_err(|error| self.named_error(&done, error))
            }
            outcome => {
                // Another worker may have more luck.
                let _ = fs::remove_file(self.state_path(number, "claim"));
                outcome.map(drop)
            }
        }
    }

    /// Claims the next run that is free, whose lease has expired, or that a worker of the same name
    /// held. Skips the runs in `over`: done by any worker, or failed here.
    fn claim_next(&self, over: &mut BTreeSet<usize>) -> Result<Next> {
        let named = |error| self.named_error(&self.folder, error);
        fs::create_dir_all(&self.folder).map_err(named)?;
        let now = self.filesystem_now().map_err(named)?;
        let mut all_done = true;
        for number in 1..=self.of {
            if over.contains(&number) || self.state_path(number, "done").exists() {
                over.insert(number);
                continue;
            }
            all_done = false;
            let claim = self.state_path(number, "claim");
            if self
                .is_taken(&claim, now)
                .map_err(|error| self.named_error(&claim, error))?
            {
                return Ok(Next::Run(number));
            }
        }
        Ok(if all_done { Next::Done } else { Next::Nothing })
    }

    /// Whether the claim is this worker's now.
    fn is_taken(&self, claim: &Path, now: SystemTime) -> io::Result<bool> {
        match File::options().write(true).create_new(true).open(claim) {
            Ok(mut file) => return file.write_all(self.worker.as_bytes()).map(|()| true),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        let about = match fs::metadata(claim) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            about => about?,
        };
        let is_over = now
            .duration_since(about.modified()?)
            .is_ok_and(|age| age > self.lease);
        let is_own = self.is_own(claim, &about);
        if is_over || is_own {
            // Start our own lease. Two workers may do so at once, and both run it: harmless.
            write_whole(claim, &[self.worker.as_bytes()])?;
        }
        Ok(is_over || is_own)
    }

    /// Whether a claim has the name of this worker.
    fn is_own(&self, claim: &Path, about: &Metadata) -> bool {
        let may_be =
            !self.worker.is_empty() && about.is_file() && about.len() == self.worker.len() as u64;
        may_be && fs::read(claim).is_ok_and(|name| name == self.worker.as_bytes())
    }

    /// The time by the clock of the file system, which all workers share.
    fn filesystem_now(&self) -> io::Result<SystemTime> {
        let (_removed_when_dropped, file) = UnfinishedFile::create(&self.folder.join("now"))?;
        file.metadata()?.modified()
    }

    fn state_path(&self, number: usize, ending: &str) -> PathBuf {
        self.folder
            .join(format!("{number}-of-{}.{ending}", self.of))
    }

    fn named_error(&self, path: &Path, error: io::Error) -> Error {
        if error.kind() != ErrorKind::NotFound {
            return Error::of_file(path, error);
        }
        Error::Busy(format!(
            "{} is gone: another process merged the results: run the same command again",
            path.display()
        ))
    }
}

/// Removes the claims of a run that no process needs any more. Claims that cannot be removed do no
/// harm.
pub fn remove_claims(run: &Path) {
    let entries = fs::read_dir(run.join(FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    for entry in entries.filter(|entry| {
        entry
            .file_name()
            .to_str()
            .is_some_and(|name: &str| name.contains("-of-") || name.starts_with(".now."))
    }) {
        let _ = fs::remove_file(entry.path());
    }
}
