//! Units of the systems that EPSG knows by number, for files that give no more than the number.

pub(crate) use isopach_cloud::epsg::{unit_of_projected, unit_of_vertical};
