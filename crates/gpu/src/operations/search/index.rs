//! An index of points on the device.

use super::{
    along_normals::{AlongNormalsBatch, AlongNormalsSearch, search_along_normals},
    cpu_fallback::{
        reevaluate_cylinders, reevaluate_far_covariances, reevaluate_normals, reevaluate_shapes,
        search_new_axes,
    },
    cylinder::{CylinderSearch, search_cylinders},
    k_nearest,
    moments::covariances_within,
    nearest::find_nearest,
    normals::{NormalSearch, find_normals},
    queries::Queries,
    shapes::find_shapes,
    within::find_within,
};
use crate::points::resident_points::ResidentPoints;
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::{
    AlongNormals, AlongNormalsQuery, AxialStatistics, Covariance, CylinderQuery, EigenShape,
    Neighbour, NeighbourIndex, NeighbourLists, Normal, NormalQuery, along_normals_in_two_steps,
    arguments,
};
use std::{any::Any, sync::Arc};

/// Points that can be searched, sorted by cell on a device; nothing there if there are none.
#[derive(Debug)]
pub(crate) struct GpuIndex<'a> {
    positions: Positions<'a>,
    resident: Option<Arc<ResidentPoints>>,
}

impl<'a> GpuIndex<'a> {
    /// An index of points that are on the device.
    pub(crate) fn new(positions: Positions<'a>, resident: Arc<ResidentPoints>) -> Self {
        Self {
            positions,
            resident: Some(resident),
        }
    }

    /// An index without points.
    pub(crate) fn empty(positions: Positions<'a>) -> Self {
        Self {
            positions,
            resident: None,
        }
    }

    /// The points and the queries about their origin; `None` if one of them is empty.
    fn locate_queries<'q>(&'q self, queries: Positions<'q>) -> Result<Option<Located<'q>>> {
        let Some(resident) = self.resident.as_deref() else {
            return Ok(None);
        };
        resident.recorder.device.check_health()?;
        if queries.is_empty() {
            return Ok(None);
        }
        let queries = Queries::new(resident, self.positions, queries)?;
        Ok(Some(Located { resident, queries }))
    }

    /// Other clouds, if they are on the same device and about the same origin.
    fn clouds_beside<'c>(
        &self,
        clouds: [&'c dyn NeighbourIndex; 2],
    ) -> Option<[&'c ResidentPoints; 2]> {
        let own = self.resident.as_deref()?;
        let [before, after] = clouds.map(|cloud| {
            let resident = cloud.residency()?.downcast_ref::<ResidentPoints>()?;
            let same_origin = cloud.positions().origin() == self.positions.origin();
            let same_device = Arc::ptr_eq(&own.recorder, &resident.recorder);
            (same_origin && same_device).then_some(resident)
        });
        Some([before?, after?])
    }

    /// One empty list per query.
    fn empty_lists(queries: Positions<'_>) -> NeighbourLists {
        NeighbourLists {
            offsets: vec![0; queries.len() + 1],
            ..NeighbourLists::default()
        }
    }
}

/// Points on the device and queries about their origin.
struct Located<'q> {
    resident: &'q ResidentPoints,
    queries: Queries<'q>,
}

/// Largest squared distances of balls, square ticks.
fn squared_limits(radii: &[f64]) -> Result<Vec<u128>> {
    radii
        .iter()
        .map(|&radius| arguments::check_moment_radius(radius))
        .collect()
}

impl NeighbourIndex for GpuIndex<'_> {
    fn positions(&self) -> Positions<'_> {
        self.positions
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        let limit = arguments::check_nearest(k, max_distance)?;
        let wanted = k.min(self.positions.len());
        k_nearest::check_supported(wanted)?;
        match self.locate_queries(queries)? {
            Some(Located { resident, queries }) => {
                k_nearest::find_lists(resident, queries, wanted, limit)
            }
            None => Ok(Self::empty_lists(queries)),
        }
    }

    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        let limit = arguments::check_radius(radius)?;
        match self.locate_queries(queries)? {
            Some(Located { resident, queries }) => find_within(resident, queries, limit),
            None => Ok(Self::empty_lists(queries)),
        }
    }

    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let limit = arguments::check_nearest(1, max_distance)?;
        match self.locate_queries(queries)? {
            Some(Located { resident, queries }) => find_nearest(resident, queries, limit),
            None => Ok(vec![None; queries.len()]),
        }
    }

    fn covariances_within(&self, queries: Positions<'_>, radius: f64) -> Result<Vec<Covariance>> {
        let limit = arguments::check_moment_radius(radius)?;
        match self.locate_queries(queries)? {
            Some(Located { resident, queries }) => covariances_within(resident, queries, limit),
            None => Ok(vec![Covariance::default(); queries.len()]),
        }
    }

    fn covariances_of_nearest(&self, queries: Positions<'_>, k: usize) -> Result<Vec<Covariance>> {
        arguments::check_nearest(k, f64::INFINITY)?;
        let wanted = k.min(self.positions.len());
        k_nearest::check_supported(wanted)?;
        match self.locate_queries(queries)? {
            Some(located) => {
                let mut found =
                    k_nearest::find_covariances(located.resident, located.queries, wanted)?;
                let far = reevaluate_far_covariances(self, queries, wanted, &mut found)?;
                located.resident.recorder.count_reevaluated(far as u64);
                Ok(found)
            }
            None => Ok(vec![Covariance::default(); queries.len()]),
        }
    }

    fn shapes_within_radii(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<EigenShape>> {
        let limits = squared_limits(radii)?;
        let located = self.locate_queries(queries)?;
        let Some(located) = located.filter(|_| !radii.is_empty()) else {
            return Ok(vec![EigenShape::default(); queries.len() * radii.len()]);
        };
        let mut found = find_shapes(located.resident, located.queries, &limits)?;
        let recorder = &located.resident.recorder;
        recorder.count_reevaluated(found.undecided.len() as u64);
        reevaluate_shapes(self, queries, radii, &mut found)?;
        Ok(found.shapes)
    }

    fn estimate_normals(
        &self,
        queries: Positions<'_>,
        surface: NormalQuery<'_>,
    ) -> Result<Vec<Normal>> {
        let limits = squared_limits(surface.radii)?;
        let Some(located) = self.locate_queries(queries)? else {
            return Ok(vec![Normal::default(); queries.len()]);
        };
        let search = NormalSearch {
            surface,
            limits: &limits,
        };
        let mut found = find_normals(located.resident, located.queries, search)?;
        let recorder = &located.resident.recorder;
        recorder.count_reevaluated(found.undecided.len() as u64);
        reevaluate_normals(self, queries, surface, &mut found)?;
        Ok(found.normals)
    }

    fn cylinder_statistics(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        query: CylinderQuery,
    ) -> Result<Vec<AxialStatistics>> {
        let CylinderQuery {
            cylinder,
            statistic,
        } = query;
        let enclosing = arguments::check_cylinders(queries, axes, cylinder)?;
        let Some(located) = self.locate_queries(queries)? else {
            return Ok(vec![AxialStatistics::default(); queries.len()]);
        };
        let search = CylinderSearch {
            cylinder,
            enclosing,
            statistic,
        };
        let mut found = search_cylinders(located.resident, located.queries, axes, search)?;
        let recorder = &located.resident.recorder;
        recorder.count_reevaluated(found.undecided.len() as u64);
        reevaluate_cylinders(self, queries, axes, search, &mut found)?;
        Ok(found.statistics)
    }

    fn residency(&self) -> Option<&dyn Any> {
        self.resident
            .as_deref()
            .map(|resident| resident as &dyn Any)
    }

    fn along_normals(
        &self,
        queries: Positions<'_>,
        clouds: [&dyn NeighbourIndex; 2],
        sight: AlongNormalsQuery<'_>,
    ) -> Result<AlongNormals> {
        let AlongNormalsQuery {
            normals: surface,
            cylinders:
                CylinderQuery {
                    cylinder,
                    statistic,
                },
        } = sight;
        let cylinders = CylinderSearch {
            cylinder,
            enclosing: arguments::check_cylinder(cylinder)?,
            statistic,
        };
        let limits = squared_limits(surface.radii)?;
        let located = self.locate_queries(queries)?;
        let Some((located, residents)) = located.zip(self.clouds_beside(clouds)) else {
            return along_normals_in_two_steps(self, queries, clouds, sight);
        };
        residents
            .iter()
            .try_for_each(|cloud| located.queries.check_reach(cloud))?;
        let search = AlongNormalsSearch {
            normals: NormalSearch {
                surface,
                limits: &limits,
            },
            clouds: residents,
            cylinders,
        };
        let AlongNormalsBatch {
            mut normals,
            cylinders: mut found,
        } = search_along_normals(located.resident, located.queries, search)?;
        reevaluate_normals(self, queries, surface, &mut normals)?;
        let axes: Vec<[f64; 3]> = normals.normals.iter().map(|normal| normal.axis).collect();
        let mut reevaluated = normals.undecided.len();
        for (cloud, batch) in clouds.into_iter().zip(&mut found) {
            search_new_axes(cloud, queries, &axes, cylinders, &normals.undecided, batch)?;
            reevaluated += batch.undecided.len();
            reevaluate_cylinders(cloud, queries, &axes, cylinders, batch)?;
        }
        let recorder = &located.resident.recorder;
        recorder.count_reevaluated(reevaluated as u64);
        Ok(AlongNormals {
            normals: normals.normals,
            statistics: found.map(|batch| batch.statistics),
        })
    }
}
