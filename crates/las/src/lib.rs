//! LAS and LAZ: read by columns and chunks, on all threads; written with extra bytes.
//!
//! [`Las`] is one file, [`Catalogue`] several as one; both are [`isopach_tiling::PointSource`]s
//! whose chunks are those of the file, so the tile loop decodes each exactly once. Only the fields
//! that are asked for are decompressed (PDRF 6–10), classes and rectangles are filtered while the
//! chunk is still warm, and coordinates go from the file's integers to `f64` without a detour.
//! [`LazWriter`] writes LAS 1.4 with named extra bytes, [`SortedLazWriter`] in an order that does
//! not depend on the order of writing; [`Las::rewrite`] copies what the filters leave of a file of
//! any version and format, with all its records.
//!
//! Boxes, classes and resolutions are pushed down to the chunks: those of a COPC file are nodes of
//! an octree, and [`Las::indexed`] writes down what is in the chunks of a plain LAZ file, so that
//! only those are decoded that have something of what is asked for.
//!
//! COPC is read and not written: of the crates that write it, `copc-rs` calls that part unfinished,
//! and `copc-writer` is some months old.
//!
//! Files are not trusted: every length is checked against the size of the file, and against
//! [`LasLimits`], before anything is allocated.

mod arithmetic;
mod bounds;
mod byte_source;
mod catalogue;
mod chunk;
mod codec;
mod coordinate_transform;
mod copc;
mod crs;
mod decode;
mod duplicates;
mod encoder;
mod error;
mod extra;
mod file;
mod filtering;
mod filters;
mod header;
mod header_parser;
mod identity;
mod index;
mod layered;
mod layout;
mod limits;
mod local_file;
mod open;
mod point_source;
mod pointwise;
mod read;
mod reader;
mod records;
mod rewrite;
mod schema;
mod selection;
mod sidecar;
mod slots;
mod sorted;
mod summary;
mod text;
mod writer;

pub use bounds::BoxFault;
pub use byte_source::ByteSource;
pub use catalogue::{Catalogue, CatalogueOptions, Overlap};
pub use copc::Copc;
pub use duplicates::Duplicate;
pub use error::{LasError, LasProblem};
pub use extra::{ExtraBytes, ExtraKind};
pub use file::Las;
pub use filters::{LeftOut, NOISE};
pub use header::{GpsTime, LasHeader};
pub use isopach_crs::{counts_downwards, named_crs, well_known_text};
pub use limits::LasLimits;
pub use records::VariableRecord;
pub use schema::Schema;
pub use sorted::SortedLazWriter;
pub use writer::LazWriter;
