//! Floor 4: points on a device, sorted by cell, and those that stay there from one operation to
//! the next.

pub(crate) mod cell_grid;
pub(crate) mod residency;
pub(crate) mod resident_points;
pub(crate) mod scan;
pub(crate) mod sort;
