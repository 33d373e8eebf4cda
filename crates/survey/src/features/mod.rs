//! A run of features: from the files of a survey to one LAZ file with features as extra bytes.

mod columns;
mod error;
mod options;
mod output;
mod page;
mod program;
mod restart;
mod run;
mod summary;

pub use error::FeatureOptionError;
pub use options::FeatureOptions;
pub use program::{command, main};
pub use run::{FeatureOutcome, run};
