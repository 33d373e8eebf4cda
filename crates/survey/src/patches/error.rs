//! Errors about the options and inputs of a run of patches: each names the option, the value and
//! the remedy.

use isopach::compute::Error;
use std::path::PathBuf;

/// Reason why patches cannot be written; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchOptionError {
    /// The output exists.
    #[error("{}: it exists and is not an empty folder: remove it, or give another", folder.display())]
    OutExists {
        /// The folder.
        folder: PathBuf,
    },
    /// The output has no name.
    #[error("{}: the output must be a folder with a name", folder.display())]
    OutWithoutName {
        /// The folder.
        folder: PathBuf,
    },
    /// The zero height is neither a rule nor a number.
    #[error("--zero-height is `{given}`, but must be lowest, ground, or a height in metres")]
    UnknownZeroHeight {
        /// The value that was given.
        given: String,
    },
    /// A sample needs cubes.
    #[error("--sample {sample} needs the side of a cube: --voxel METRES")]
    NoVoxel {
        /// The sample.
        sample: &'static str,
    },
    /// An option has no effect on the sample.
    #[error("--sample {sample} does not use {option}: leave it out")]
    UnusedBySample {
        /// The sample.
        sample: &'static str,
        /// The option.
        option: &'static str,
    },
    /// Copies would be equal to their patches.
    #[error(
        "--copies {copies} would be equal to the patches: add --rotate, --flip, --scale, --jitter or --dropout"
    )]
    EqualCopies {
        /// Copies of each patch.
        copies: u32,
    },
    /// A scale has not two numbers.
    #[error("--scale has {given} numbers, but must have 2: the least and the largest")]
    ScaleOfOtherLength {
        /// How many it has.
        given: usize,
    },
    /// An option is for features.
    #[error("{option} is for features: name them with --features")]
    WithoutFeatures {
        /// The option.
        option: &'static str,
    },
    /// The classes that are read leave out those of the ground.
    #[error(
        "--zero-height ground counts from class 2, but --classes {classes:?} leaves it out: add it"
    )]
    GroundLeftOut {
        /// The classes that are read.
        classes: Vec<u8>,
    },
    /// A shard does not fit the memory.
    #[error("--shard-size is {shard} bytes, but must be at most {most}, an eighth of --memory")]
    ShardTooLarge {
        /// Bytes of a shard.
        shard: u64,
        /// The limit.
        most: u64,
    },
    /// The file of statistics has none.
    #[error("{}: no statistics of patches ({reason}): give the manifest.json of a run of patches", file.display())]
    NoStatistics {
        /// The file.
        file: PathBuf,
        /// The part that is missing.
        reason: String,
    },
}

impl From<PatchOptionError> for Error {
    fn from(error: PatchOptionError) -> Self {
        Self::invalid_input(error)
    }
}
