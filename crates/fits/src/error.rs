//! Errors about FITS files: each names the keyword or tile, the value and the remedy.

use crate::Precision;
use isopach_compute::Error;
use std::io;

/// Reason why a file cannot be read, or a cube not be written; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_fits::{FitsError, ImageFile};
/// use std::io::Cursor;
/// let error = ImageFile::new(Cursor::new(b"PK".to_vec())).err().unwrap();
/// assert!(matches!(error.find_cause::<FitsError>(), Some(FitsError::NotFits { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitsError {
    /// The path is a folder or a device.
    #[error("not a file")]
    NotAFile,
    /// The file has another format.
    #[error("not a FITS file: it begins with {begins:?} instead of \"SIMPLE  =\"")]
    NotFits {
        /// Its first bytes.
        begins: String,
    },
    /// No array of the file is an image with two axes.
    #[error("no image with two axes; there is {found}")]
    NoImage {
        /// The arrays that the file has, in words.
        found: String,
    },
    /// A keyword that must be stated is missing, or is no number.
    #[error("{keyword} is missing or not a number")]
    NoNumber {
        /// The keyword.
        keyword: String,
    },
    /// A keyword that must be stated is missing.
    #[error("{keyword} is missing")]
    MissingKeyword {
        /// The keyword.
        keyword: String,
    },
    /// The number of axes or columns is missing, or out of range.
    #[error("{keyword} must be stated, from 0 to {most}")]
    CountOutOfRange {
        /// The keyword.
        keyword: String,
        /// Largest number that is read.
        most: i64,
    },
    /// The type of the numbers is missing or unknown.
    #[error("{keyword} must be 8, 16, 32, 64, -32 or -64")]
    UnknownNumbers {
        /// The keyword, BITPIX or ZBITPIX.
        keyword: &'static str,
    },
    /// A value is not as it must be.
    #[error("{keyword} is {value}, but must {must}")]
    InvalidValue {
        /// The keyword, or the parameter of a compression.
        keyword: String,
        /// The value.
        value: String,
        /// The condition that it violates, to be read after "must".
        must: String,
    },
    /// A record of the header cannot be read.
    #[error("the keyword {keyword}: {reason}")]
    MalformedKeyword {
        /// The keyword.
        keyword: String,
        /// The message of `fitskit`.
        reason: String,
    },
    /// The header does not end.
    #[error("the file ends within its header (no END)")]
    HeaderTruncated,
    /// The header is longer than the limit.
    #[error("a header has no END within {limit} bytes: allow more with FitsLimits::header_bytes")]
    HeaderTooLong {
        /// The limit, bytes.
        limit: u64,
    },
    /// An array exceeds any file.
    #[error("an array of {axes:?} numbers exceeds any file size")]
    ArrayTooLarge {
        /// Its axes.
        axes: Vec<u64>,
    },
    /// An image has more pixels than the limit.
    #[error(
        "an image of {columns} × {rows} pixels exceeds {limit} pixels: allow more with FitsLimits::pixels"
    )]
    ImageTooLarge {
        /// Columns of the image.
        columns: u64,
        /// Rows of the image.
        rows: u64,
        /// The limit, pixels.
        limit: u64,
    },
    /// An image has more pixels than this machine can address.
    #[error("the image is too large for the address space")]
    AddressSpace,
    /// The file ends within its image.
    #[error("the file ends within its image: {present} of {stated} bytes are there")]
    ImageTruncated {
        /// Bytes that the file has.
        present: u64,
        /// Bytes that the header states.
        stated: u64,
    },
    /// The data are shorter than the axes say.
    #[error("the data are too short for an image of {columns} × {rows} pixels")]
    DataTooShort {
        /// Columns of the image.
        columns: usize,
        /// Rows of the image.
        rows: usize,
    },
    /// The gzip file is damaged.
    #[error("the gzip file cannot be decompressed: {0}")]
    Gunzip(#[source] io::Error),
    /// The gzip file decompresses to more than the limit.
    #[error(
        "the gzip file decompresses to more than {limit} bytes: allow more with FitsLimits::unpacked_bytes"
    )]
    UnpackedTooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// The file ends within its table.
    #[error("the file ends within its table of {rows} rows")]
    TableTruncated {
        /// Rows of the table.
        rows: u64,
    },
    /// A table has no such row.
    #[error("the table has no row {row}")]
    NoRow {
        /// The row, from 0.
        row: usize,
    },
    /// A table has no such column.
    #[error("the table has no column {name}")]
    NoColumn {
        /// Name of the column.
        name: &'static str,
    },
    /// A table has arrays of an unknown type.
    #[error("a table has arrays of the unknown type {element:?}")]
    UnknownArray {
        /// Letter of the type.
        element: char,
    },
    /// A row points beyond the end of its table.
    #[error("row {row} of a table points to {numbers} numbers beyond the end of the file")]
    ArrayBeyondEnd {
        /// The row, from 0.
        row: usize,
        /// Numbers of the array.
        numbers: u64,
    },
    /// Decoding a row of tiles would take more than the limit.
    #[error(
        "a decoded row of tiles has {bytes} bytes, but the limit is {limit}: allow more with FitsLimits::tile_bytes"
    )]
    TilesTooLarge {
        /// Bytes of the decoded row.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// A compressed image lacks tiles.
    #[error("the compressed image needs {needed} tiles, but its table has {present}")]
    MissingTiles {
        /// Tiles that the image needs.
        needed: u64,
        /// Rows of its table.
        present: usize,
    },
    /// A tile has no data.
    #[error("tile {tile} of a compressed image is empty")]
    EmptyTile {
        /// Number of the tile, from 0.
        tile: usize,
    },
    /// A tile decodes to another number of pixels.
    #[error("a tile of {pixels} pixels has {decoded}")]
    TilePixels {
        /// Pixels of the tile.
        pixels: usize,
        /// Numbers that it decodes to.
        decoded: usize,
    },
    /// The bytes of a tile do not fit its pixels.
    #[error("a tile of {pixels} pixels has {bytes} bytes")]
    TileBytes {
        /// Pixels of the tile.
        pixels: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// A PLIO tile has more bytes than are possible.
    #[error("a PLIO tile of {pixels} pixels has {bytes} bytes, but at most {most} are possible")]
    PlioBytes {
        /// Pixels of the tile.
        pixels: usize,
        /// Its bytes.
        bytes: usize,
        /// Most bytes of such a tile.
        most: usize,
    },
    /// An HCOMPRESS tile is cut off.
    #[error("an HCOMPRESS tile is cut off")]
    HcompressTruncated,
    /// An HCOMPRESS tile states another size than the header.
    #[error("an HCOMPRESS tile of {columns} × {rows} pixels states the size {stated:?}")]
    HcompressSize {
        /// Columns of the tile.
        columns: usize,
        /// Rows of the tile.
        rows: usize,
        /// The size that it states.
        stated: [i32; 2],
    },
    /// An HCOMPRESS tile states more bit planes than its numbers have.
    #[error("an HCOMPRESS tile states {planes} bit planes, but at most {most} are possible")]
    HcompressPlanes {
        /// Bit planes that it states.
        planes: u8,
        /// Most bit planes of its numbers.
        most: u8,
    },
    /// The decoder refuses a tile.
    #[error("a compressed tile cannot be decoded: {reason}")]
    TileDecoder {
        /// The message of `fitskit`.
        reason: String,
    },
    /// A gzip tile is damaged.
    #[error("a gzip tile cannot be decompressed: {0}")]
    TileGunzip(#[source] io::Error),
    /// A tile has integers where the image has floating-point numbers, or the reverse.
    #[error("a tile holds integers in a floating-point image, or the reverse")]
    TileNumbers,
    /// Rows that the image does not have.
    #[error("rows {first} to {end} were asked for, but the image has {rows}")]
    NoSuchRows {
        /// First row.
        first: usize,
        /// The row after the last.
        end: usize,
        /// Rows of the image.
        rows: usize,
    },
    /// A plain cube among compressed ones.
    #[error("cube {name} has Packing::Plain: use CubeFile::create, or another packing")]
    PlainPacking {
        /// Name of the cube.
        name: String,
    },
    /// Rows that a cube does not have, or of another precision.
    #[error(
        "cube {cube} has no room for {planes} × {rows} × {columns} {precision:?} numbers at row {first}"
    )]
    NoRoom {
        /// Number of the cube, from 0.
        cube: usize,
        /// Planes of the values.
        planes: usize,
        /// Rows of the values.
        rows: usize,
        /// Columns of the values.
        columns: usize,
        /// First row in the cube.
        first: usize,
        /// Precision of the values.
        precision: Precision,
    },
}

impl From<FitsError> for Error {
    /// Rows and cubes that do not exist are the caller's fault, all else is the file's.
    fn from(error: FitsError) -> Self {
        match error {
            FitsError::NoSuchRows { .. }
            | FitsError::PlainPacking { .. }
            | FitsError::NoRoom { .. } => Self::invalid_input(error),
            other => Self::source(other),
        }
    }
}
