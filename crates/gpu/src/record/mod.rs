//! Floor 3: what a kernel is, and commands that run kernels: recorded, submitted, waited for,
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
