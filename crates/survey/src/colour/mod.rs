//! A run of colours: from the files of a survey and its orthophotos to one LAZ file with colours.

mod error;
mod images;
mod level;
mod options;
mod output;
mod page;
mod program;
mod run;
mod summary;
mod times;

pub use error::ColourOptionError;
pub use options::ColourOptions;
pub use program::{command, main};
pub use run::{ColourOutcome, run};
