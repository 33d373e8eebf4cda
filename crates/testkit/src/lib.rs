//! Scenes, cases and helpers that tests and measurements of several crates share; never published.
//!
//! | feature | modules |
//! |---|---|
//! | none | [`hostile`]: damaged inputs by the thousand, watched for time and memory; [`object_server`]: a store on the own machine, with faults |
//! | `emission` | `emission_case`: golden cases of the emission measure |
//! | `features` | `feature_case`, `ground_case`, `height_case`: golden cases of features of points, ground filters, heights above ground |
//! | `colour` | `colour_case`: golden cases of colours of places |
//! | `calibration` | `calibration`: scenes whose truth is known, for rates of error |
//! | `views` | `view_case`: golden cases of perspective views of panoramas |
//! | `programs` | runs of the programs beside the tests, their folders, messages and results; `fingerprint`: a hash of results |

#[cfg(feature = "calibration")]
pub mod calibration;
#[cfg(feature = "colour")]
pub mod colour_case;
#[cfg(feature = "programs")]
pub mod difference;
#[cfg(feature = "programs")]
pub mod documentation;
#[cfg(feature = "emission")]
pub mod emission_case;
#[cfg(feature = "programs")]
pub mod emission_folder;
#[cfg(feature = "programs")]
pub mod ended;
#[cfg(feature = "features")]
pub mod feature_case;
#[cfg(feature = "programs")]
pub mod fingerprint;
#[cfg(feature = "features")]
pub mod ground_case;
#[cfg(feature = "features")]
pub mod height_case;
pub mod hostile;
#[cfg(feature = "programs")]
pub mod message;
pub mod object_server;
#[cfg(feature = "programs")]
pub mod place;
#[cfg(feature = "programs")]
pub mod program;
#[cfg(feature = "programs")]
pub mod python;
#[cfg(feature = "programs")]
pub mod refused;
#[cfg(feature = "programs")]
pub mod run;
#[cfg(feature = "programs")]
pub mod sun_folder;
#[cfg(feature = "views")]
pub mod view_case;
