//! LAS, LAZ and COPC files, and images, in object stores: S3, Google Cloud Storage, Azure and HTTP.
//!
//! [`Remote::open_las`] opens a file by its address. The [`Las`] that it returns is like one on a
//! local disk: filters, boxes, tiles, identity. Only needed ranges are fetched: the header, the
//! table of chunks, and the chunks that are read, neighbouring ones in one request.
//!
//! ```no_run
//! use isopach_cloud::{Columns, Rect};
//! use isopach_remote::{Remote, RemoteOptions};
//!
//! // Credentials and endpoints are settings by name; a program may pass its environment.
//! let settings = vec![("aws_region".into(), "eu-central-1".into()), ("aws_skip_signature".into(), "true".into())];
//! let remote = Remote::new(RemoteOptions { settings, ..RemoteOptions::default() })?;
//! let survey = remote.open_las("s3://bucket/survey.copc.laz")?;
//! let points = survey.within(Rect { min: [500.0, 0.0], max: [600.0, 100.0] }).read_points(Columns::XYZ)?;
//! println!("{} points: {}", points.len(), remote.request_counts());
//! # Ok::<(), isopach_remote::Error>(())
//! ```
//!
//! [`Remote::open_object`] gives any object as a source of bytes, such as a cloud-optimised GeoTIFF, of
//! which blocks are fetched:
//!
//! ```no_run
//! use isopach_raster::{GeoTiffBlocks, ImageSource};
//! use isopach_remote::{Remote, RemoteOptions};
//!
//! let remote = Remote::new(RemoteOptions::default())?;
//! let ortho = GeoTiffBlocks::from_source(remote.open_object("https://example.org/ortho.tif")?)?;
//! let blocks = ortho.read_blocks(0, &[[0, 0], [1, 0]])?; // side by side: one request
//! # Ok::<(), isopach_remote::Error>(())
//! ```
//!
//! [`ResultStore`] keeps results in a store, for machines that share one run:
//!
//! ```no_run
//! use isopach_remote::{CreateOutcome, Remote, RemoteOptions};
//!
//! let remote = Remote::new(RemoteOptions::default())?;
//! let results = remote.open_results("s3://bucket/run")?;
//! assert_eq!(results.create_result("tile-7", b"result")?, CreateOutcome::Created);
//! assert_eq!(results.create_result("tile-7", b"result")?, CreateOutcome::WasThere);
//! assert_eq!(results.get_result("tile-7")?.as_deref(), Some(&b"result"[..]));
//! assert_eq!(results.list_names()?, ["tile-7"]);
//! # Ok::<(), isopach_remote::Error>(())
//! ```
//!
//! # Guarantees
//!
//! * An object that changes while it is read is an error, never a mixture of two versions: each
//!   request asks for the tag (ETag) and compares the size of the object that was opened.
//! * Answers of 500 to 599 and 429, broken connections and timeouts are retried
//!   ([`RemoteOptions::retries`], [`RemoteOptions::retry_timeout`]). After that they are a
//!   transient error ([`Error::is_transient`]). 403 and 404 are errors at once.
//! * An answer with fewer bytes than requested is an error.
//! * Memory is bounded: [`RemoteOptions::memory`] for prefetched ranges, and one chunk per thread.
//! * The first writer of a result wins. A second writer with the same bytes is done; one with other
//!   bytes is refused.
//!
//! This crate has threads of its own and reads no environment variables.

mod address;
mod ahead;
mod error;
mod fault;
mod object;
mod options;
mod place;
mod remote;
mod results;
mod shared;
mod spans;
mod traffic;

pub use error::RemoteError;
pub use options::RemoteOptions;
pub use remote::Remote;
pub use results::{CreateOutcome, ResultStore};
pub use traffic::RequestCounts;

// Types of other crates in signatures of this one.
pub use isopach_compute::{Error, Result};
pub use isopach_las::{ByteSource, Las};
