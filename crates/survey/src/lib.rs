//! A change run: from the files of two LiDAR epochs to maps, point clouds, a report and a page.
//!
//! [`run`] opens both epochs, removes a misalignment, finds from a sample the parameters that the
//! user did not give, compares the epochs in three ways (DoD, M3C2, C2C) tile by tile, and writes
//!
//! | file | contents |
//! |---|---|
//! | `dod.tif`, `dod_lod.tif` | height differences and their level of detection (GeoTIFF) |
//! | `m3c2.laz` | distances along the normal at core points, with level of detection |
//! | `c2c.laz` | the later points with the distance to the nearest earlier one |
//! | `summary.json` | parameters, statistics, volumes with errors, warnings |
//! | `index.html` | the same as a page with maps |
//!
//! A survey of any size fits into the given memory, an interrupted run can continue, and many
//! machines may share one run: the options control it.
//!
//! # Example
//!
//! Options are those of the command line; a value of [`ChangeOptions`] has been checked.
//!
//! ```
//! use isopach_survey::{ChangeOptions, Silent, run};
//!
//! # let folder = std::env::temp_dir().join(format!("isopach-survey-doc-{}", std::process::id()));
//! # let out = folder.to_str().unwrap();
//! // Without files the run makes a synthetic scene whose change is known.
//! let options = ChangeOptions::from_words(["--scene-points", "20000", "--backend", "cpu", "--out", out])?;
//! let outcome = run(options, &Silent)?;
//! assert!(outcome.failed_tiles.is_empty());
//! assert!(outcome.page.is_some_and(|page| page.exists()));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two files of your own: `["before.laz", "after.laz", "--classes", "2", "--out", "result"]`. To
//! hear progress and warnings, hand a [`Terminal`] or a [`Listener`] of your own to [`run`].
//!
//! A run of [`features`] is the other job of this crate: from the files of a survey to one LAZ file
//! with features of its points and their height above ground. A run of [`patches`] cuts a survey
//! into samples for machine learning. A run of [`colour`] colours the points of a survey from
//! orthophotos.
//!
//! The change run in order, module by module: `epochs` opens the files, `alignment` aligns them, `sample`
//! and `settings` find parameters, `operation` compares a tile, `outputs` writes files, `truth`
//! compares with the known change of a synthetic scene, `report` and `page` sum up. `execution`
//! controls the use of memory, folder and processes.

mod alignment;
pub mod colour;
mod core_points;
mod distribution;
mod epochs;
mod error;
mod execution;
pub mod features;
mod files;
mod found;
mod geometry;
mod guard;
pub mod inputs;
mod listed;
mod masks;
mod operation;
mod options;
mod outputs;
mod overview;
mod page;
mod parameters;
pub mod patches;
mod profile_parts;
mod program;
mod rasters;
mod report;
mod run;
mod sample;
pub mod scene;
mod settings;
mod styles;
mod sums;
mod truth;
mod units;
mod warnings;

pub use error::SurveyError;
pub use isopach::{
    compute::{Error, Result},
    tiling::TileFailure,
};
pub use isopach_program::{
    listener::{Listener, Silent, StageProgress, Terminal},
    profile::Stop,
};
pub use options::ChangeOptions;
pub use program::main;
pub use run::{ChangeOutcome, run};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
