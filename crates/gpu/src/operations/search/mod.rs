//! Neighbour search: [`NeighbourSearch`] on the device.
//!
//! Decisions are the CPU's to the last bit. Where it decides in whole numbers, so does the device,
//! after a first look in f32; where it decides in f64 (cylinders), queries with a point too near to
//! a border for f32 are given back to it and counted ([`Gpu::near_ties`]).

mod again;
pub(crate) mod along_normals;
pub(crate) mod build;
pub(crate) mod cylinder;
pub(crate) mod grid;
pub(crate) mod k_nearest;
pub(crate) mod moments;
pub(crate) mod nearest;
pub(crate) mod normals;
pub(crate) mod queries;
pub(crate) mod within;

use crate::{Gpu, pool::Buffer};
use build::Resident;
use cylinder::Sides;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    AlongNormals, AlongNormalsQuery, AxialStatistic, AxialStatistics, Covariance, Cylinder,
    Neighbour, NeighbourIndex, NeighbourLists, NeighbourSearch, Normal, NormalQuery, arguments,
    reference,
};
use normals::Scales;
use queries::Queries;
use std::{
    any::Any,
    ops::Range,
    sync::{Arc, atomic::Ordering},
};

/// The WGSL of a search kernel: what all share, then its own files.
macro_rules! sources {
    ($(concat $($piece:literal),+;)? $($file:literal),+) => {
        &[
            crate::prelude::THREADS,
            crate::prelude::PAIRS_OF_WORDS,
            crate::prelude::WHOLE,
            include_str!("grid.wgsl"),
            include_str!("resident.wgsl"),
            crate::prelude::POINTS,
            $(concat!($($piece),+),)?
            $(include_str!($file)),+
        ]
    };
}
pub(crate) use sources;

/// What a kernel writes where a driver ended its loops: see threads.wgsl. Where only the first word
/// is written, no count is so large.
pub(crate) const ENDED: [u32; 2] = [u32::MAX, 1];

/// Of a kernel that needs nothing but points, starts and queries.
fn nothing_more(_: &Range<usize>) -> Result<Vec<Buffer>> {
    Ok(Vec::new())
}

/// Points that can be searched, on a device; nothing there where there are none.
#[derive(Debug)]
struct Index<'a> {
    positions: Positions<'a>,
    resident: Option<Arc<Resident>>,
}

impl NeighbourSearch for Gpu {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        self.options().least.points(points.len())?;
        let session = self.session()?;
        if u32::try_from(points.len()).is_err() {
            let (requested, budget) = (16 * points.len() as u64, self.options().budget_bytes);
            let advice = "an index holds at most 2^32 - 1 points: use tiles";
            return Err(Error::OutOfMemory {
                what: "an index",
                requested,
                budget,
                advice,
            });
        }
        let resident = if points.is_empty() {
            None
        } else {
            Some(session.resident(points)?)
        };
        Ok(Box::new(Index {
            positions: points,
            resident,
        }))
    }
}

/// An index of points that are on the device already.
pub(crate) fn index_of<'a>(
    positions: Positions<'a>,
    resident: Arc<Resident>,
) -> Box<dyn NeighbourIndex + 'a> {
    Box::new(Index {
        positions,
        resident: Some(resident),
    })
}

impl<'a> Index<'a> {
    /// The points and the queries on the device; `None` where one of them is empty.
    fn ready<'q>(&'q self, queries: Positions<'q>) -> Result<Option<(&'q Resident, Queries<'q>)>> {
        let Some(resident) = self.resident.as_deref() else {
            return Ok(None);
        };
        resident.session.faults.check(&resident.session.device)?;
        if queries.is_empty() {
            return Ok(None);
        }
        Ok(Some((
            resident,
            Queries::new(resident, self.positions, queries)?,
        )))
    }

    /// Other clouds, where they are on the same device and about the same origin.
    fn beside<'c>(&self, clouds: [&'c dyn NeighbourIndex; 2]) -> Option<[&'c Resident; 2]> {
        let beside = |cloud: &'c dyn NeighbourIndex| {
            let resident = cloud.residency()?.downcast_ref::<Resident>()?;
            let session = &self.resident.as_ref()?.session;
            let same_origin = cloud.positions().origin() == self.positions.origin();
            (same_origin && Arc::ptr_eq(session, &resident.session)).then_some(resident)
        };
        let [before, after] = clouds.map(beside);
        Some([before?, after?])
    }
}

/// Largest squared distances of balls, square ticks.
fn limits(radii: &[f64]) -> Result<Vec<u128>> {
    radii
        .iter()
        .map(|&radius| arguments::moments(radius))
        .collect()
}

impl NeighbourIndex for Index<'_> {
    fn positions(&self) -> Positions<'_> {
        self.positions
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        let limit = arguments::nearest(k, max_distance)?;
        let wanted = k.min(self.positions.len());
        k_nearest::supported(wanted)?;
        match self.ready(queries)? {
            Some((resident, queries)) => k_nearest::lists(resident, queries, wanted, limit),
            None => Ok(NeighbourLists {
                offsets: vec![0; queries.len() + 1],
                ..NeighbourLists::default()
            }),
        }
    }

    fn within(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        let limit = arguments::ball(radius)?;
        match self.ready(queries)? {
            Some((resident, queries)) => within::within(resident, queries, limit),
            None => Ok(NeighbourLists {
                offsets: vec![0; queries.len() + 1],
                ..NeighbourLists::default()
            }),
        }
    }

    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let limit = arguments::nearest(1, max_distance)?;
        match self.ready(queries)? {
            Some((resident, queries)) => nearest::nearest(resident, queries, limit),
            None => Ok(vec![None; queries.len()]),
        }
    }

    fn covariances(&self, queries: Positions<'_>, radius: f64) -> Result<Vec<Covariance>> {
        let limit = arguments::moments(radius)?;
        match self.ready(queries)? {
            Some((resident, queries)) => moments::within(resident, queries, limit),
            None => Ok(vec![Covariance::default(); queries.len()]),
        }
    }

    fn covariances_of_nearest(&self, queries: Positions<'_>, k: usize) -> Result<Vec<Covariance>> {
        arguments::nearest(k, f64::INFINITY)?;
        let wanted = k.min(self.positions.len());
        k_nearest::supported(wanted)?;
        match self.ready(queries)? {
            Some((resident, queries)) => k_nearest::covariances(resident, queries, wanted),
            None => Ok(vec![Covariance::default(); queries.len()]),
        }
    }

    fn normals(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
        towards: [f64; 3],
    ) -> Result<Vec<Normal>> {
        let (surface, limits) = (NormalQuery { radii, towards }, limits(radii)?);
        let Some((resident, located)) = self.ready(queries)? else {
            return Ok(vec![Normal::default(); queries.len()]);
        };
        let mut facing = normals::facing(
            resident,
            located,
            Scales {
                surface,
                limits: &limits,
            },
        )?;
        resident
            .session
            .near_ties
            .fetch_add(facing.undecided.len() as u64, Ordering::Relaxed);
        again::normals(self, queries, surface, &mut facing)?;
        Ok(facing.normals)
    }

    fn cylinders(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        cylinder: Cylinder,
        statistic: AxialStatistic,
    ) -> Result<Vec<AxialStatistics>> {
        let enclosing = arguments::cylinders(queries, axes, cylinder)?;
        let Some((resident, located)) = self.ready(queries)? else {
            return Ok(vec![AxialStatistics::default(); queries.len()]);
        };
        let sides = Sides {
            cylinder,
            enclosing,
            statistic,
        };
        let mut axial = cylinder::along_axes(resident, located, axes, sides)?;
        resident
            .session
            .near_ties
            .fetch_add(axial.undecided.len() as u64, Ordering::Relaxed);
        again::cylinders(self, queries, axes, sides, &mut axial)?;
        Ok(axial.statistics)
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
            surface,
            cylinder,
            statistic,
        } = sight;
        let enclosing = arguments::cylinder(cylinder)?;
        let limits = limits(surface.radii)?;
        let Some(((resident, located), residents)) = self.ready(queries)?.zip(self.beside(clouds))
        else {
            return reference::along_normals(self, queries, clouds, sight);
        };
        residents
            .iter()
            .try_for_each(|cloud| located.reach(cloud))?;
        let scales = Scales {
            surface,
            limits: &limits,
        };
        let sides = Sides {
            cylinder,
            enclosing,
            statistic,
        };
        let along_normals::Along {
            mut facing,
            mut axial,
        } = along_normals::along_normals(resident, located, scales, residents, sides)?;
        again::normals(self, queries, surface, &mut facing)?;
        let axes: Vec<[f64; 3]> = facing.normals.iter().map(|normal| normal.axis).collect();
        let mut near_ties = facing.undecided.len();
        for (cloud, axial) in clouds.into_iter().zip(&mut axial) {
            again::along(cloud, queries, &axes, sides, &facing.undecided, axial)?;
            near_ties += axial.undecided.len();
            again::cylinders(cloud, queries, &axes, sides, axial)?;
        }
        resident
            .session
            .near_ties
            .fetch_add(near_ties as u64, Ordering::Relaxed);
        Ok(AlongNormals {
            normals: facing.normals,
            statistics: axial.map(|axial| axial.statistics),
        })
    }
}
