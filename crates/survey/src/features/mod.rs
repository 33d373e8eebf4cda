//! A run of features: from the files of a survey to one LAZ file with features as extra bytes.

mod error;
mod heights;
mod options;
mod outliers;
mod output;
mod program;
mod run;
mod running;
mod summary;
mod trajectory;
mod written;

pub use error::FeatureOptionError;
pub use options::FeatureOptions;
pub use program::{command, main};
pub use run::{FeatureOutcome, run};
