//! What changed between two epochs, by how much, and is it significant?
//!
//! | operation | answers | source |
//! |---|---|---|
//! | [`M3c2`] | distance along the local normal, with a level of detection a point | Lague, Brodu & Leroux 2013 |
//! | [`Dod`] | difference of heights a cell; [`Volumes`] of gain and loss | Wheaton et al. 2010 |
//! | [`C2c`] | distance to the nearest point of the other epoch, unsigned | Girardeau-Montaut et al. 2005 |
//!
//! Each is a plain struct of parameters with a `run` on whatever backend has the capability that it
//! needs, and a [`isopach_tiling::TileOperation`], so that the same code runs a cloud in memory and
//! a country. Distances are compared minus reference.
//!
//! What makes a difference a change is [`Detection`], the same for M3C2 and DoD; what it has to
//! know of the whole survey, [`SurveyStatistics`]; how far the alignment may be off,
//! [`RegistrationError`]. A missing number is NaN beside a [`ChangeStatus`].
//!
//! ```
//! use isopach_change::{Dod, Status};
//! use isopach_cloud::{Cloud, Rect};
//! use isopach_compute::Cpu;
//! // A metre of ground with 400 points, then the same half a metre higher.
//! let ground = |z: f64| {
//!     let point = |i: u32| [f64::from(i % 20) * 0.05, f64::from(i / 20) * 0.05, z + 0.001 * f64::from(i * i % 11)];
//!     Cloud::from_points(&(0..400).map(point).collect::<Vec<_>>())
//! };
//! let dod = Dod { registration_error: 0.02.into(), ..Dod::default() };
//! let found = dod.run(&Cpu, &ground(10.0)?, &ground(10.5)?, Rect { min: [0.0; 2], max: [1.0; 2] })?;
//! assert!((found.difference.values[[0, 0]] - 0.5).abs() < 1e-5);
//! assert!(found.level_of_detection.values[[0, 0]] < 0.05);
//! assert_eq!(found.status.values[[0, 0]] as u8, Status::Valid as u8);
//! # Ok::<(), isopach_compute::Error>(())
//! ```

mod c2c;
mod core_selection;
mod detection;
mod differences;
mod distributions;
mod dod;
mod dod_rasters;
mod false_discoveries;
mod grid_core_points;
mod halves;
mod m3c2;
mod normals;
mod point_errors;
mod position_hash;
mod registration_error;
mod resolution;
mod scale;
mod slope;
mod suggest;
mod survey_statistics;
mod variogram;
mod volumes;

pub use c2c::{C2c, C2cTile, CloudDistances};
pub use core_selection::CoreSelection;
pub use detection::{Detection, ErrorModel, exceedance_factor, level_of_detection};
pub use differences::{ChangeStatus, Differences};
pub use distributions::NORMAL_975;
pub use dod::Dod;
pub use dod_rasters::DodRasters;
pub use false_discoveries::FalseDiscoveries;
pub use grid_core_points::{GridCorePoints, M3c2Tile};
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
pub use volumes::{
    Balance, ErrorParts, PlainBalance, PlainVolume, Volume, VolumeAreas, VolumeParts, VolumeReport,
    Volumes, ZonedReport, ZonedVolumes,
};
