//! Floor 7: the capabilities of [`crate::Gpu`], one folder each, and the measured ceilings of a
//! device.

pub(crate) mod align;
pub(crate) mod ceilings;
pub(crate) mod gather;
pub(crate) mod invert;
pub(crate) mod rasterise;
pub(crate) mod search;
