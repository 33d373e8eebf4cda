//! Floor 3: kernels, and commands that run them: recorded, submitted, waited for,
//! timed. Takes the device and its memory; knows nothing of points.

pub(crate) mod commands;
pub(crate) mod kernel;
pub(crate) mod layout;
pub(crate) mod pipelines;
pub(crate) mod prelude;
pub(crate) mod profile;
pub(crate) mod read_back;
pub(crate) mod recorder;
pub(crate) mod timing;
pub(crate) mod trusted;
pub(crate) mod variant;
