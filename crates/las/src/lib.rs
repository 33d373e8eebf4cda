//! LAS, LAZ and COPC point clouds: read by column and by chunk on all threads, written with extra
//! bytes.
//!
//! ```
//! use isopach_las::{Cloud, Columns, Las, LazWriter, Schema};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("tile.laz");
//! let cloud = Cloud::from_points(&[[500_000.25, 5_000_000.5, 101.5], [500_020.0, 5_000_010.0, 102.0]])?;
//! let mut writer = LazWriter::create(&path, &Schema::default())?;
//! writer.write(&cloud, &[])?;
//! writer.finish()?; // the file appears under its name
//!
//! let las = Las::open(&path)?;
//! assert_eq!(las.header().point_count, 2);
//! let read = las.read_all(Columns::ALL)?; // the columns that the file has
//! assert_eq!(read.positions().absolute(0), [500_000.25, 5_000_000.5, 101.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reading
//!
//! [`Las`] is one file, [`Catalogue`] several files, folders or patterns as one. Both read whole
//! ([`Las::read_all`], [`Las::read_points`]) or chunk by chunk: they implement [`PointSource`], so
//! the tile loop of `isopach-tiling` decodes each chunk exactly once. Of PDRF 6 to 10, only the
//! columns that are asked for are decompressed.
//!
//! ```
//! use isopach_las::{Catalogue, Columns, PointSource};
//! # use isopach_las::{Cloud, LazWriter, Schema};
//! # let folder = tempfile::tempdir()?;
//! # for (name, x) in [("a.laz", 0.0), ("b.laz", 100.0)] {
//! #     let mut writer = LazWriter::create(folder.path().join(name), &Schema::default())?;
//! #     writer.write(&Cloud::from_points(&[[x, 0.0, 1.0], [x + 9.0, 5.0, 2.0]])?, &[])?;
//! #     writer.finish()?;
//! # }
//! let survey = Catalogue::open(&[folder.path()])?; // a folder: all its LAS and LAZ files
//! let mut points = 0;
//! for chunk in 0..survey.chunk_count() {
//!     points += survey.read_chunk(chunk, Columns::XYZ)?.len();
//! }
//! assert_eq!((survey.files().len(), points), (2, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Boxes, classes and resolutions
//!
//! Filters select chunks before anything is decoded. In a COPC file, the chunks are the nodes of an
//! octree; for a plain LAZ file, [`Las::indexed`] writes an index of its chunks once. Combine
//! columns with `|`.
//!
//! ```
//! use isopach_las::{Columns, Las, Rect};
//! # use isopach_las::{Cloud, LazWriter, Schema};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("tile.laz");
//! # let mut cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [1.0, 5.0, 2.0], [50.0, 5.0, 2.0]])?;
//! # cloud.attributes.classification = Some(vec![2, 6, 2]);
//! # let columns = Columns::CLASSIFICATION;
//! # let mut writer = LazWriter::create(&path, &Schema { columns, ..Schema::default() })?;
//! # writer.write(&cloud, &[])?;
//! # writer.finish()?;
//! let box_ = Rect { min: [0.0, 0.0], max: [10.0, 10.0] }; // half open, metres
//! let ground = Las::open(&path)?.indexed(None)?.within(box_).keep_classes(&[2]);
//! let cloud = ground.read_all(Columns::CLASSIFICATION | Columns::RETURNS)?;
//! assert_eq!(cloud.attributes.classification, Some(vec![2]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Extra bytes
//!
//! Named columns of any of the ten number types, with scale, offset and no-data value, are listed
//! in [`LasHeader::extra_bytes`], read by [`Las::read_extra`], and written by naming them in the
//! [`Schema`].
//!
//! ```
//! use isopach_las::{Cloud, ExtraBytes, ExtraKind, Las, LazWriter, Schema};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("change.laz");
//! let distance = ExtraBytes::new("distance", "M3C2 distance, metres", ExtraKind::I16).with_scale(0.001, 0.0);
//! let schema = Schema { extra_bytes: vec![distance], ..Schema::default() };
//! let mut writer = LazWriter::create(&path, &schema)?;
//! writer.write(&Cloud::from_points(&[[1.0, 2.0, 3.0], [2.0, 2.0, 3.0]])?, &[&[0.125, -0.5]])?;
//! writer.finish()?;
//! assert_eq!(Las::open(&path)?.read_extra("distance")?, [0.125, -0.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Catalogue::carry_extra`] reads columns as the bytes that are stored, beside the other attributes, and
//! [`Schema::carried`] writes them: no bit is lost on the way from files to a file.
//!
//! # Writing
//!
//! [`LazWriter`] writes LAS 1.4 in the order of the points, compressed on all threads.
//! [`SortedLazWriter`] writes a canonical order that does not depend on the order of writing.
//! [`Las::rewrite`] copies the points that pass the filters to a file of the same version and
//! format, with all records. COPC is read, not written.
//!
//! # Untrusted files
//!
//! Every length in a file is checked against the size of the file, and against [`LasLimits`],
//! before memory is allocated. A damaged file is a [`LasError`] with its path and a [`LasProblem`]
//! to match on; it never panics.

mod arithmetic;
mod bounds;
mod carried;
mod catalogue;
mod chunk;
mod chunk_queue;
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
mod layered_file;
mod layout;
mod limits;
mod local_file;
mod open;
mod point_source;
mod pointwise;
mod read;
mod reader;
mod record_fields;
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
pub use carried::{CommonExtra, width_of_extra};
pub use catalogue::{Catalogue, CatalogueOptions, Overlap};
pub use copc::Copc;
pub use duplicates::Duplicate;
pub use error::{LasError, LasProblem};
pub use extra::{ExtraBytes, ExtraKind};
pub use file::Las;
pub use filters::{LeftOut, NOISE};
pub use header::{GpsTime, LasHeader};
pub use isopach_cloud::{Attributes, Cloud, Columns, Crs, Points, Rect};
pub use isopach_compute::{ByteSource, Error, Result};
pub use isopach_crs::{CrsNameError, counts_downwards, named_crs, well_known_text};
pub use isopach_tiling::PointSource;
pub use limits::LasLimits;
pub use records::VariableRecord;
pub use schema::Schema;
pub use sorted::SortedLazWriter;
pub use writer::LazWriter;

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
