//! LAS, LAZ and COPC files in object stores: S3, Google Cloud Storage, Azure, HTTP.
//!
//! [`Remote::open_las`] opens a file by its address. It is an [`isopach_las::Las`] like one on a
//! disk: filters, boxes, tiles, identity. Only what is needed is fetched: the header, where the
//! chunks are, and the chunks that are read, near ones together.
//!
//! ```no_run
//! use isopach_cloud::{Columns, Rect};
//! use isopach_remote::{Options, Remote};
//!
//! // Credentials and endpoints are settings by name; a program may give its environment.
//! let settings = vec![("aws_region".into(), "eu-central-1".into()), ("aws_skip_signature".into(), "true".into())];
//! let remote = Remote::new(Options { settings, ..Options::default() })?;
//! let survey = remote.open_las("s3://bucket/survey.copc.laz")?;
//! let points = survey.within(Rect { min: [500.0, 0.0], max: [600.0, 100.0] }).read_points(Columns::XYZ)?;
//! assert!(remote.traffic().bytes > 0, "{}: {} points", remote.traffic(), points.len());
//! # Ok::<(), isopach_compute::Error>(())
//! ```
//!
//! What holds:
//!
//! * An object that becomes another while it is read is an error, never a mixture: each request
//!   asks for the tag (ETag) and compares the size of what was opened.
//! * Answers of 500 to 599 and 429, broken connections and slow ones are tried again
//!   ([`RemoteOptions::retries`], [`RemoteOptions::patience`]); then they are an error that may
//!   pass ([`isopach_compute::Error::is_transient`]). 403 and 404 are refused at once.
//! * Fewer bytes than were asked for are an error.
//! * Memory: [`RemoteOptions::memory`] for what is fetched ahead, and a chunk a thread.
//!
//! [`ResultStore`] keeps results by conditional create: the first writer of a name wins, a second
//! one with the same bytes is done, one with others is refused.
//!
//! This crate has threads of its own, and reads no environment. Nothing depends on it but programs.

mod address;
mod ahead;
mod fault;
mod object;
mod options;
mod place;
mod remote;
mod results;
mod shared;
mod spans;
mod traffic;

pub use options::RemoteOptions;
pub use remote::Remote;
pub use results::{CreateOutcome, ResultStore};
pub use traffic::RequestCounts;
