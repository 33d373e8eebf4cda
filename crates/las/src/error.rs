//! What can be wrong with a file, and whose fault it is.

use std::path::{Path, PathBuf};

/// A file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LasError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: LasProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LasProblem {
    /// The system could not open, read or write it.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is no LAS or LAZ file.
    #[error("not a LAS or LAZ file: it begins with {0:?} instead of \"LASF\"")]
    NotLas(String),
    /// The header cannot be read.
    #[error("broken header: {0}")]
    Header(#[from] las::Error),
    /// The header, a record or the chunk table says something that the file cannot hold.
    #[error("{what} is {value}, but must {must}")]
    Lying {
        /// What is stated.
        what: &'static str,
        /// What it says.
        value: String,
        /// What it should have been, to be read after "must".
        must: String,
    },
    /// The file ends before what it announces.
    #[error("truncated: {what} should reach to byte {end}, but the file ends at {size}")]
    Truncated {
        /// What is cut off.
        what: &'static str,
        /// Where it should end.
        end: u64,
        /// Where the file ends.
        size: u64,
    },
    /// The file ends before its points do.
    #[error(
        "truncated: {stated} points should reach to byte {end}, but the file ends at {size}, after {points} points"
    )]
    CutOff {
        /// Whole points that are there.
        points: u64,
        /// Points that the header states.
        stated: u64,
        /// Where they should end.
        end: u64,
        /// Where the file ends.
        size: u64,
    },
    /// A point record format or compressor that is not supported.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// Coordinates are needed in metres, and are in something else.
    #[error("the coordinates are in {units}: {advice}")]
    NotMetres {
        /// What they are in.
        units: String,
        /// What can be done.
        advice: &'static str,
    },
    /// A point is so far above or below the others that no run can hold them together.
    #[error(
        "{point} is {distance:.0} m from the middle height of the file, {middle:.1} m: if it is noise, give it class 7 or 18 \
         or the withheld flag, read other classes, or copy the rest with las_extract"
    )]
    Outlier {
        /// Its number among the points that are read, its place and class.
        point: String,
        /// How far it is.
        distance: f64,
        /// Middle of the heights.
        middle: f64,
    },
    /// The compressed points cannot be decoded.
    #[error("chunk {chunk} cannot be decoded: {reason}")]
    Codec {
        /// Its number.
        chunk: usize,
        /// What the codec said.
        reason: String,
    },
    /// A column that the point record format does not have.
    #[error("PDRF {format} has no {column}")]
    MissingColumn {
        /// The point record format.
        format: u8,
        /// The column.
        column: String,
    },
    /// What is to be written does not fit the format or the schema.
    #[error("cannot be written: {0}")]
    Unwritable(String),
}

impl LasProblem {
    /// This problem, of that file.
    pub(crate) fn of(self, path: &Path) -> LasError {
        LasError {
            path: path.to_owned(),
            problem: self,
        }
    }

    pub(crate) fn lying(what: &'static str, value: impl ToString, must: impl Into<String>) -> Self {
        Self::Lying {
            what,
            value: value.to_string(),
            must: must.into(),
        }
    }
}

impl From<LasError> for isopach_compute::Error {
    fn from(error: LasError) -> Self {
        Self::source(error)
    }
}

/// Result within this crate, before the file is named.
pub(crate) type Checked<T> = Result<T, LasProblem>;
