//! Parameters of the queries for normals and cylinders.

use crate::{AxialStatistic, Cylinder};

/// Parameters of [`crate::NeighbourIndex::estimate_normals`]: neighbourhood radii and orientation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalQuery<'a> {
    /// Radii of the neighbourhoods to try, metres. The most planar neighbourhood gives the normal;
    /// on a tie the earlier radius wins.
    pub radii: &'a [f64],
    /// Direction that normals point towards: a vector of any length above zero.
    pub towards: [f64; 3],
}

/// Parameters of [`crate::NeighbourIndex::cylinder_statistics`]: the cylinder and the statistic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CylinderQuery {
    /// Cylinder centred on each query point.
    pub cylinder: Cylinder,
    /// Location and spread to compute from the points inside.
    pub statistic: AxialStatistic,
}

/// Parameters of [`crate::NeighbourIndex::along_normals`]: normals, and cylinders along them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlongNormalsQuery<'a> {
    /// How the normals are estimated.
    pub normals: NormalQuery<'a>,
    /// Cylinder and statistic along each normal.
    pub cylinders: CylinderQuery,
}
