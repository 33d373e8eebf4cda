//! A run of patches: from the files of a survey to samples for machine learning, safetensors shards
//! or folders of `.npy` files, with a manifest.

mod assemble;
mod error;
mod folder;
mod manifest;
mod npy_folders;
mod options;
mod program;
mod run;
mod shards;
mod stage;
mod statistics_file;
mod storage;

pub use error::PatchOptionError;
pub use options::PatchOptions;
pub use program::{command, main};
pub use run::{PatchOutcome, run};
