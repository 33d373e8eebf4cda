//! Points on a device, in batches, and the cells that they are laid on.

use super::strips::Strips;
use crate::{plan::Plan, pool::Buffer, session::Session, work::Work};
use bytemuck::{Pod, Zeroable};
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;
use isopach_raster::Grid;
use std::{ops::Range, sync::Arc};

/// As in locate.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Parameters {
    pub(crate) count: u32,
    pub(crate) columns: u32,
    pub(crate) first_column: u32,
    pub(crate) rows: u32,
    pub(crate) southmost: u32,
    pub(crate) width: u32,
    pub(crate) first_cell: u32,
    pub(crate) cells: u32,
    pub(crate) density: f32,
    /// Words from a point to the next.
    pub(crate) stride: u32,
    pub(crate) last: [i32; 2],
    pub(crate) words: u32,
    pub(crate) extremes: u32,
    pub(crate) sum: u32,
    pub(crate) squares: u32,
}

/// Points and a grid.
#[derive(Debug)]
pub(crate) struct Located<'a> {
    pub(crate) session: Arc<Session>,
    points: Positions<'a>,
    edges: Buffer,
    parameters: Parameters,
    batch: usize,
    /// The points, where they are all one batch.
    all: Option<Buffer>,
}

impl<'a> Located<'a> {
    /// Works out where cells begin; points go up with the first work on them, and stay where all of
    /// them fit into `room` bytes.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for cells that ticks cannot tell apart;
    /// [`isopach_compute::Error::OutOfMemory`].
    pub(crate) fn new(
        session: Arc<Session>,
        points: Positions<'a>,
        grid: &Grid,
        room: u64,
    ) -> Result<Self> {
        let origin = points.origin().ticks();
        let columns = Strips::new(grid.first[0], grid.columns, grid.cell_size, origin[0])?;
        let rows = Strips::new(grid.first[1], grid.rows, grid.cell_size, origin[1])?;
        let parameters = Parameters {
            columns: columns.starts.len() as u32,
            first_column: columns.first as u32,
            rows: rows.starts.len() as u32,
            southmost: grid.rows.saturating_sub(1 + rows.first) as u32,
            width: grid.columns as u32,
            density: (TICK / grid.cell_size) as f32,
            last: [columns.last, rows.last],
            ..Parameters::zeroed()
        };
        let starts = [columns.starts, rows.starts].concat();
        let edges = session.upload("edges of cells", starts.len(), |i| starts[i])?;
        let batch = |bytes: u64| {
            Plan::new(&session)
                .within(room)
                .each("points", bytes)
                .batch(points.len())
        };
        // What others will want to see too is brought once.
        let held = session.residency.is_held(points.ticks()) && batch(16)? == points.len();
        let all = if held {
            Some(session.items(points.ticks())?.items().clone())
        } else {
            None
        };
        let (batch, stride) = if held {
            (points.len(), 4)
        } else {
            (batch(12)?, 3)
        };
        let batch = batch.max(1);
        Ok(Self {
            session,
            points,
            edges,
            parameters: Parameters {
                stride,
                ..parameters
            },
            batch,
            all,
        })
    }

    /// The parameters of work on some of the cells, given row by row from the north.
    pub(crate) fn on(&self, cells: &Range<usize>) -> Parameters {
        Parameters {
            first_cell: cells.start as u32,
            cells: cells.len() as u32,
            ..self.parameters
        }
    }

    /// Does something with each batch of points: `act` gets the number of points in it, the points,
    /// and the edges. Submits it; does not wait.
    ///
    /// # Errors
    /// Those of `act`; [`isopach_compute::Error::OutOfMemory`],
    /// [`isopach_compute::Error::DeviceLost`].
    pub(crate) fn each(
        &mut self,
        act: impl Fn(&mut Work, u32, [&Buffer; 2]) -> Result<()>,
    ) -> Result<()> {
        let ticks = self.points.ticks();
        for batch in ticks.chunks(self.batch) {
            let points = match self.all.take() {
                Some(points) => points,
                None => self.session.upload("points", batch.len(), |i| batch[i])?,
            };
            let mut work = self.session.work();
            act(&mut work, batch.len() as u32, [&points, &self.edges])?;
            drop(work.submit()?); // what is submitted later comes after it
            self.all = Some(points).filter(|_| batch.len() == ticks.len());
        }
        Ok(())
    }
}
