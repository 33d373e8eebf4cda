//! Neighbour search: [`NeighbourSearch`] on the device.
//!
//! Decisions are the CPU's to the last bit. Where it decides in whole numbers, so does the device, after a first look in f32; where it decides in
//! f64 (cylinders), queries with a point too near to a border for f32 are given back to it and counted ([`Gpu::near_ties`]).

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
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    AxialStatistic, AxialStatistics, Covariance, Cylinder, Moments, Neighbour, NeighbourIndex, NeighbourSearch,
    Neighbours, Normal, arguments, plain,
};
use queries::Queries;
use rayon::prelude::*;
use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering},
};

/// The WGSL of a search kernel: what all share, then its own files.
macro_rules! sources {
    ($(concat $($piece:literal),+;)? $($file:literal),+) => {
        &[
            crate::prelude::THREADS,
            crate::prelude::WHOLE,
            include_str!("grid.wgsl"),
            include_str!("resident.wgsl"),
            $(concat!($($piece),+),)?
            $(include_str!($file)),+
        ]
    };
}
pub(crate) use sources;

/// What a kernel writes where a driver ended its loops: see threads.wgsl. Where only the first word is written, no count is so large.
pub(crate) const ENDED: [u32; 2] = [u32::MAX, 1];

/// Of a kernel that needs nothing but points, starts and queries.
fn nothing_more(_: &Range<usize>) -> Result<Vec<Buffer>> {
    Ok(Vec::new())
}

/// Queries whose lists the processor looks at together.
const REDONE_AT_ONCE: usize = 1 << 12;

/// Points that can be searched, on a device; nothing there where there are none.
#[derive(Debug)]
struct Index<'a> {
    positions: Positions<'a>,
    resident: Option<Arc<Resident>>,
}

impl NeighbourSearch for Gpu {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        let session = self.session()?;
        if u32::try_from(points.len()).is_err() {
            let (requested, budget) = (16 * points.len() as u64, self.options().budget_bytes);
            let advice = "an index holds at most 2^32 - 1 points: use tiles";
            return Err(Error::OutOfMemory { what: "an index", requested, budget, advice });
        }
        let resident = if points.is_empty() { None } else { Some(Arc::new(Resident::new(session, points)?)) };
        Ok(Box::new(Index { positions: points, resident }))
    }
}

/// An index of points that are on the device already.
pub(crate) fn index_of<'a>(positions: Positions<'a>, resident: Arc<Resident>) -> Box<dyn NeighbourIndex + 'a> {
    Box::new(Index { positions, resident: Some(resident) })
}

impl<'a> Index<'a> {
    /// The points and the queries on the device; `None` where one of them is empty.
    fn ready<'q>(&'q self, queries: Positions<'q>) -> Result<Option<(&'q Resident, Queries<'q>)>> {
        let Some(resident) = self.resident.as_deref() else { return Ok(None) };
        resident.session.faults.check()?;
        if queries.is_empty() {
            return Ok(None);
        }
        Ok(Some((resident, Queries::new(resident, self.positions, queries)?)))
    }

    /// Has the definition look at those queries that f32 could not decide.
    fn redo(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        cylinder: Cylinder,
        statistic: AxialStatistic,
        axial: &mut cylinder::Axial,
    ) -> Result<()> {
        for some in axial.undecided.chunks(REDONE_AT_ONCE) {
            let ticks: Vec<[i32; 3]> = some.iter().map(|&i| queries.ticks()[i]).collect();
            let axes: Vec<[f64; 3]> = some.iter().map(|&i| axes[i]).collect();
            let again = Positions::new(queries.origin(), &ticks);
            let lists = self.within(again, cylinder.enclosing_radius()?)?;
            let redone = plain::cylinders(self.positions, again, &axes, cylinder, statistic, &lists)?;
            for (&i, statistics) in some.iter().zip(redone) {
                axial.statistics[i] = statistics;
            }
        }
        Ok(())
    }

    /// Has the definition look at those queries whose normal f32 could not decide.
    fn face_again(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
        towards: [f64; 3],
        facing: &mut normals::Facing,
    ) -> Result<()> {
        for some in facing.undecided.chunks(REDONE_AT_ONCE) {
            let ticks: Vec<[i32; 3]> = some.iter().map(|&i| queries.ticks()[i]).collect();
            let again = Positions::new(queries.origin(), &ticks);
            let mut normals = vec![Normal::default(); some.len()];
            for &radius in radii {
                let lists = self.within(again, radius)?;
                normals.par_iter_mut().enumerate().for_each(|(i, normal)| {
                    normal.improve(&self.covariance(again, i, lists.of(i)), radius, towards);
                });
            }
            some.iter().zip(normals).for_each(|(&i, normal)| facing.normals[i] = normal);
        }
        Ok(())
    }

    /// The definition's covariance of some points, all within 8 km of query `i`.
    fn covariance(&self, queries: Positions<'_>, i: usize, neighbours: &[u32]) -> Covariance {
        let query = queries.absolute_ticks(i);
        let mut moments = Moments::default();
        for &j in neighbours {
            let point = self.positions.absolute_ticks(j as usize);
            moments.add(std::array::from_fn(|axis| (point[axis] - query[axis]) as i32));
        }
        moments.covariance()
    }
}

impl NeighbourIndex for Index<'_> {
    fn positions(&self) -> Positions<'_> {
        self.positions
    }

    fn k_nearest(&self, queries: Positions<'_>, k: usize, max_distance: f64) -> Result<Neighbours> {
        let limit = arguments::nearest(k, max_distance)?;
        let wanted = k.min(self.positions.len());
        k_nearest::supported(wanted)?;
        match self.ready(queries)? {
            Some((resident, queries)) => k_nearest::lists(resident, queries, wanted, limit),
            None => Ok(Neighbours { offsets: vec![0; queries.len() + 1], ..Neighbours::default() }),
        }
    }

    fn within(&self, queries: Positions<'_>, radius: f64) -> Result<Neighbours> {
        let limit = arguments::ball(radius)?;
        match self.ready(queries)? {
            Some((resident, queries)) => within::within(resident, queries, limit),
            None => Ok(Neighbours { offsets: vec![0; queries.len() + 1], ..Neighbours::default() }),
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

    fn normals(&self, queries: Positions<'_>, radii: &[f64], towards: [f64; 3]) -> Result<Vec<Normal>> {
        let limits = radii.iter().map(|&radius| arguments::moments(radius)).collect::<Result<Vec<u128>>>()?;
        let Some((resident, located)) = self.ready(queries)? else {
            return Ok(vec![Normal::default(); queries.len()]);
        };
        let mut facing = normals::facing(resident, located, radii, &limits, towards)?;
        resident.session.near_ties.fetch_add(facing.undecided.len() as u64, Ordering::Relaxed);
        self.face_again(queries, radii, towards, &mut facing)?;
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
        let mut axial = cylinder::along_axes(resident, located, axes, cylinder, enclosing, statistic)?;
        resident.session.near_ties.fetch_add(axial.undecided.len() as u64, Ordering::Relaxed);
        self.redo(queries, axes, cylinder, statistic, &mut axial)?;
        Ok(axial.statistics)
    }
}
