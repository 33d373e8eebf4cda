//! Change detection between two epochs of a LiDAR survey: distances, significance, volumes.
//!
//! ```
//! use isopach_change::{Cloud, Cpu, Epochs, M3c2};
//!
//! let ground = |z: f64| -> Vec<[f64; 3]> {
//!     (0..3600).map(|i| [f64::from(i % 60) * 0.2, f64::from(i / 60) * 0.2, z + 0.01 * f64::from(i * i % 7)]).collect()
//! };
//! let [before, after] = [Cloud::from_points(&ground(10.0))?, Cloud::from_points(&ground(10.3))?];
//! let core_points = before.subsample_grid(2.0)?;
//! let change = M3c2::default().run(&Cpu, Epochs {
//!     reference: before.positions(),
//!     compared: after.positions(),
//!     core_points: core_points.positions(),
//! })?;
//! assert!((change.distance[0] - 0.3).abs() < 0.01 && change.significant[0]);
//! # Ok::<(), isopach_change::Error>(())
//! ```
//!
//! # Methods
//!
//! | method | result | source |
//! |---|---|---|
//! | [`M3c2`] | distance along the local normal, with a level of detection per core point | Lague, Brodu & Leroux 2013 |
//! | `Dod` | height difference per cell, with a level of detection; `Volumes` of gain and loss | Wheaton et al. 2010 |
//! | [`C2c`] | unsigned distance to the nearest point of the other epoch | Girardeau-Montaut et al. 2005 |
//!
//! Each is a plain struct of parameters with a `run` on any backend that has the capability.
//! Distances are compared minus reference, in metres. A missing number is NaN, beside a
//! [`ChangeStatus`] that says why.
//!
//! # Significance
//!
//! [`Detection`] computes the 95 % level of detection, the same for M3C2 and DoD. It needs the
//! scatter of the survey ([`SurveyStatistics`]), which an in-memory run estimates itself, and the
//! uncertainty of the alignment ([`RegistrationError`]). Over many places, 5 % of unchanged ground
//! exceeds its level of detection; [`FalseDiscoveries`] bounds that share.
//!
//! # Volumes
//!
//! ```
//! # #[cfg(feature = "dod")] {
//! use isopach_change::{Cloud, Cpu, Dod, Rect, Volumes};
//!
//! # let ground = |z: f64| -> Vec<[f64; 3]> {
//! #     (0..3600).map(|i| [f64::from(i % 60) * 0.2, f64::from(i / 60) * 0.2, z + 0.01 * f64::from(i * i % 7)]).collect()
//! # };
//! # let [before, after] = [Cloud::from_points(&ground(10.0))?, Cloud::from_points(&ground(10.3))?];
//! let extent = Rect { min: [0.0, 0.0], max: [12.0, 12.0] };
//! let rasters = Dod::default().run(&Cpu, &before, &after, extent)?;
//! let mut volumes = Volumes::new(1.0, 0.005);
//! volumes.add_tile(&rasters)?;
//! let report = volumes.report();
//! assert!((report.gain.volume - 144.0 * 0.3).abs() < report.gain.error);
//! # }
//! # Ok::<(), isopach_change::Error>(())
//! ```
//!
//! # Surveys of any size
//!
//! With feature `tiling` (on by default), M3C2, DoD and C2C are operations of the tile loop of
//! `isopach-tiling`: the same parameters run a cloud in memory and a country tile by tile. Tiles
//! cannot know the survey, so sample it first ([`M3c2::sample_survey`]).
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `dod` | yes | `Dod`, `Volumes`; includes `tiling` |
//! | `tiling` | yes | tile operations, `GridCorePoints` |
//! | `serde` | no | `Serialize` and `Deserialize` for parameters and results |

mod c2c;
mod core_selection;
mod detection;
mod differences;
mod distributions;
#[cfg(feature = "dod")]
mod dod;
mod error;
mod false_discoveries;
#[cfg(feature = "tiling")]
mod grid_core_points;
mod halves;
mod m3c2;
mod normals;
mod point_errors;
mod position_hash;
mod registration_error;
mod resolution;
mod scale;
mod suggest;
mod survey_statistics;
mod variogram;
#[cfg(feature = "dod")]
mod volumes;

#[cfg(feature = "tiling")]
pub use c2c::C2cTile;
pub use c2c::{C2c, CloudDistances};
pub use core_selection::CoreSelection;
pub use detection::{Detection, ErrorModel, exceedance_factor, level_of_detection};
pub use differences::{ChangeStatus, Differences};
pub use distributions::NORMAL_975;
#[cfg(feature = "dod")]
pub use dod::{Dod, DodRasters};
pub use error::ChangeError;
pub use false_discoveries::FalseDiscoveries;
#[cfg(feature = "tiling")]
pub use grid_core_points::{GridCorePoints, M3c2Tile};
pub use isopach_cloud::{Cloud, Origin, PoseCovariance, Positions, Rect};
pub use isopach_compute::{Compute, Cpu, Error, Result};
pub use isopach_neighbours::{AxialStatistic, NeighbourIndex, NeighbourSearch};
#[cfg(feature = "dod")]
pub use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
#[cfg(feature = "tiling")]
pub use isopach_tiling::{Tile, TileOperation};
pub use m3c2::{Epochs, M3c2};
pub use normals::{Normals, Orientation};
pub use point_errors::PointErrors;
pub use registration_error::RegistrationError;
pub use resolution::resolution_of_heights;
pub use suggest::{Suggested, Suggestions};
pub use survey_statistics::{GAUSSIAN_MEDIAN_FACTOR, SurveySample, SurveyStatistics};
pub use variogram::{
    LagBin, StableSample, Variogram, VariogramEstimator, VariogramModel, VariogramOptions,
    VariogramStructure,
};
#[cfg(feature = "dod")]
pub use volumes::{
    Balance, ErrorParts, PlainBalance, PlainVolume, Volume, VolumeAreas, VolumeParts, VolumeReport,
    Volumes, ZonedReport, ZonedVolumes,
};

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
