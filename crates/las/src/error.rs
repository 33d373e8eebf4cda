//! Errors of reading and writing LAS and LAZ files.

use std::path::{Path, PathBuf};

/// A fault of a LAS or LAZ file, with the path of the file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LasError {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    #[source]
    pub problem: LasProblem,
}

/// A fault of a LAS or LAZ file; [`LasError`] adds the path.
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
    Inconsistent {
        /// The field at fault.
        what: &'static str,
        /// The stated value.
        value: String,
        /// The requirement on it, to be read after "must".
        must: String,
    },
    /// A point is far from the place that the header states for all of them.
    #[error(
        "chunk {chunk}: {source}: the scale factors, offsets or box in its header are wrong, or the point is"
    )]
    Misplaced {
        /// Number of the chunk.
        chunk: usize,
        /// The error of the point.
        source: isopach_compute::Error,
    },
    /// The file ends before a part that it announces.
    #[error("truncated: {what} should reach to byte {end}, but the file ends at {size}")]
    Truncated {
        /// The part that is cut off.
        what: &'static str,
        /// Byte at which the part should end.
        end: u64,
        /// Length of the file in bytes.
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
        /// Byte at which the points should end.
        end: u64,
        /// Length of the file in bytes.
        size: u64,
    },
    /// A point record format or compressor that is not supported.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// Coordinates are needed in metres, and are in something else.
    #[error("the coordinates are in {units}: {advice}")]
    NotMetres {
        /// Unit of the coordinates.
        units: String,
        /// The remedy.
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
        /// Its distance from the middle height, metres.
        distance: f64,
        /// Middle of the heights.
        middle: f64,
    },
    /// The compressed points cannot be decoded.
    #[error("chunk {chunk} cannot be decoded: {reason}")]
    Codec {
        /// Its number.
        chunk: usize,
        /// The reason that the codec gives.
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
    /// The values to be written do not fit the format or the schema.
    #[error("cannot be written: {0}")]
    Unwritable(String),
}

impl LasProblem {
    /// This problem, of that file.
    pub(crate) fn at_path(self, path: &Path) -> LasError {
        LasError {
            path: path.to_owned(),
            problem: self,
        }
    }

    /// A stated value that cannot be true.
    pub(crate) fn inconsistent(
        what: &'static str,
        value: impl ToString,
        must: impl Into<String>,
    ) -> Self {
        Self::Inconsistent {
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
