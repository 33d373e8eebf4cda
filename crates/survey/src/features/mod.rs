//! A run of features: from the files of a survey to one LAZ file with features as extra bytes.

mod columns;
mod error;
mod heights;
mod kept;
mod maps;
mod options;
mod outliers;
mod output;
pub(crate) mod overwrite;
pub(crate) mod page;
pub(crate) mod program;
pub(crate) mod restart;
pub(crate) mod run;
mod running;
pub(crate) mod summary;
mod sums;
mod trajectory;
mod written;

pub use error::FeatureOptionError;
pub(crate) use heights::{ground_of, surface_of};
pub(crate) use kept::{Kept, column_names, columns_of_all, kept_columns};
pub use options::FeatureOptions;
pub(crate) use options::{GroundArgs, NeighbourhoodArgs, normal_side, side_in_metres};
pub use program::{command, main};
pub use run::{FeatureOutcome, run};
pub(crate) use summary::{neighbourhood_of, normals_of};
