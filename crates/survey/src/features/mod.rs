//! A run of features: from the files of a survey to one LAZ file with features as extra bytes.

mod error;
mod options;
mod output;
mod program;
mod run;
mod summary;

pub use error::FeatureOptionError;
pub use options::FeatureOptions;
pub(crate) use options::{HeightArgs, NeighbourhoodArgs, kept_columns, normal_side};
pub use program::{command, main};
pub(crate) use run::columns_of_all;
pub use run::{FeatureOutcome, run};
pub(crate) use summary::{neighbourhood_of, surface_of};
