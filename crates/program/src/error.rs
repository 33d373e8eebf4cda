//! Errors about options, profiles and folders of results: each names the option and the remedy.

use isopach_compute::Error;
use std::path::PathBuf;

/// Reason why a program refuses its command line; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_program::{ProgramError, memory};
/// let error = memory::parse_bytes("--memory", "much").unwrap_err();
/// assert!(matches!(error, ProgramError::InvalidOption { .. }));
/// assert_eq!(error.to_string(), "--memory is \"much\", but must be like 2GiB or 500MiB");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The value of an option is not as it must be.
    #[error("{option} is {value}, but must {must}")]
    InvalidOption {
        /// The option, with its dashes.
        option: String,
        /// Its value.
        value: String,
        /// The condition that it violates, to be read after "must".
        must: String,
    },
    /// Options exclude each other.
    #[error("{options} exclude each other")]
    Exclusive {
        /// The options.
        options: &'static str,
    },
    /// An option does not suit the others.
    #[error("{option} is for {purpose}: {remedy}")]
    Misplaced {
        /// The option, with its dashes.
        option: String,
        /// The purpose of the option.
        purpose: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
    /// An option has not one value per file.
    #[error("{option} has {values} numbers for {files} files: give one for each file")]
    OnePerFile {
        /// The option, with its dashes.
        option: String,
        /// Values that were given.
        values: usize,
        /// Files that were given.
        files: usize,
    },
    /// An option has several values without a name.
    #[error("{option} has two shares for all channels: name the channels, 94=0.5")]
    TwoForAll {
        /// The option, with its dashes.
        option: &'static str,
    },
    /// An option has no effect.
    #[error("{option} {reason}")]
    NoEffect {
        /// The option, with its dashes.
        option: String,
        /// The reason, with the option that prevents it.
        reason: String,
    },
    /// Results of other shards would be discarded.
    #[error(
        "--fresh with --shard, --claim or --merge would discard the work of other shards: give it to --plan"
    )]
    DiscardsShards,
    /// A plain number of `--memory` that earlier versions read as GiB.
    #[error("--memory is {number}, which is MiB: write {number}GiB or {number}MiB")]
    AmbiguousMemory {
        /// The number.
        number: String,
    },
    /// No device could be opened.
    #[cfg(feature = "devices")]
    #[error("no gpu: {0}")]
    NoGpu(#[from] isopach::gpu::OpenError),
    /// The profile is neither a file nor shipped.
    #[error("--profile {name}: no such file{advice}")]
    NoSuchProfile {
        /// The name that was given.
        name: String,
        /// The shipped profiles and the nearest of them, if any is shipped.
        advice: String,
    },
    /// The profile is a folder.
    #[error("--profile {name}: it is a folder, not a file")]
    ProfileIsFolder {
        /// The name that was given.
        name: String,
    },
    /// The profile is too long.
    #[error("{name}: a profile has at most {most} bytes: is it one?")]
    ProfileTooLong {
        /// The file.
        name: String,
        /// Most bytes of a profile.
        most: u64,
    },
    /// The profile is not text.
    #[error("{name}: not UTF-8 text (from byte {at} on): is it a profile?")]
    ProfileNotText {
        /// The file.
        name: String,
        /// The first byte that is not text.
        at: usize,
    },
    /// A line of a profile is wrong.
    #[error("{name}:{line}: {problem}")]
    ProfileLine {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The fault, with the key.
        problem: String,
    },
    /// A parameter is wrong.
    #[error("{problem}")]
    Parameter {
        /// The fault, with the key.
        problem: String,
    },
    /// `--unset` names a key that does not exist.
    #[error("--unset: unknown key `{key}`: did you mean `{nearest}`?")]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known key.
        nearest: String,
    },
    /// The folder of results cannot be created.
    #[error("--out {}: the folder cannot be created ({reason}): name another one", folder.display())]
    OutFolder {
        /// The folder.
        folder: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An output would overwrite an input.
    #[error(
        "{} is an input, but {} would overwrite it: name another folder (--out)",
        input.display(),
        output.display()
    )]
    OverwritesInput {
        /// The input.
        input: PathBuf,
        /// The output.
        output: PathBuf,
    },
    /// The folder has other results.
    #[error(
        "{} has {found}: name another folder (--out), or overwrite them with --force",
        folder.display()
    )]
    OtherResults {
        /// The folder.
        folder: PathBuf,
        /// The results that it has.
        found: String,
    },
}

impl ProgramError {
    /// The error of an option's value; `must` is the condition, to be read after "must".
    pub fn invalid_option(
        option: impl Into<String>,
        value: impl ToString,
        must: impl Into<String>,
    ) -> Self {
        Self::InvalidOption {
            option: option.into(),
            value: value.to_string(),
            must: must.into(),
        }
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Self {
        Self::invalid_input(error)
    }
}
