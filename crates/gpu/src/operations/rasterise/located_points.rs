//! Points on a device, in batches, and the cells that they fall into.

use super::cell_edges::CellEdges;
use crate::{
    memory::{batch_plan::BatchPlan, buffer::Buffer},
    record::{commands::Commands, layout::uniform, recorder::Recorder},
    session::Session,
};
use bytemuck::Zeroable;
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;
use isopach_raster::Grid;
use std::{ops::Range, sync::Arc};

uniform! {
    /// `Parameters` of locate.wgsl.
    pub(crate) struct LocateParameters {
        /// Points in the batch.
        count: u32,
        columns: u32,
        first_column: u32,
        rows: u32,
        southmost: u32,
        width: u32,
        first_cell: u32,
        cells: u32,
        density: f32,
        /// Words from a point to the next.
        stride: u32,
        last: [i32; 2],
        /// Words per cell, and where the words of each sum are: see `CellWords`.
        words: u32,
        extremes: u32,
        sum: u32,
        squares: u32,
    }
}

/// Points and the grid that they are rasterised on.
#[derive(Debug)]
pub(crate) struct LocatedPoints<'a> {
    pub(crate) recorder: Arc<Recorder>,
    points: Positions<'a>,
    edges: Buffer,
    parameters: LocateParameters,
    batch: usize,
    /// The points on the device, if all of them are one batch.
    all: Option<Buffer>,
}

impl<'a> LocatedPoints<'a> {
    /// Computes the edges of the cells. Points are uploaded with the first work on them, and stay
    /// if all of them fit into `room` bytes.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for cells that ticks cannot tell apart;
    /// [`isopach_compute::Error::OutOfMemory`].
    pub(crate) fn new(
        session: &Session,
        points: Positions<'a>,
        grid: &Grid,
        room: u64,
    ) -> Result<Self> {
        let recorder = Arc::clone(&session.recorder);
        let origin = points.origin().ticks();
        let columns = CellEdges::new(grid.first[0], grid.columns, grid.cell_size, origin[0])?;
        let rows = CellEdges::new(grid.first[1], grid.rows, grid.cell_size, origin[1])?;
        let mut parameters = LocateParameters {
            columns: columns.starts.len() as u32,
            first_column: columns.first as u32,
            rows: rows.starts.len() as u32,
            southmost: grid.rows.saturating_sub(1 + rows.first) as u32,
            width: grid.columns as u32,
            density: (TICK / grid.cell_size) as f32,
            last: [columns.last, rows.last],
            ..LocateParameters::zeroed()
        };
        let starts = [columns.starts, rows.starts].concat();
        let edges = recorder.upload("edges of cells", starts.len(), |i| starts[i])?;
        // Pinned points, which other operations need too, are uploaded once, with their numbers.
        let pinned = session.is_pinned(points.ticks())
            && max_batch(&recorder, points.len(), 16, room)? == points.len();
        let mut all = None;
        let batch = if pinned {
            let on_device = session.upload_points(points.ticks())?;
            all = Some(on_device.items_buffer().clone());
            parameters.stride = 4;
            points.len()
        } else {
            parameters.stride = 3;
            max_batch(&recorder, points.len(), 12, room)?
        };
        Ok(Self {
            recorder,
            points,
            edges,
            parameters,
            batch: batch.max(1),
            all,
        })
    }

    /// The parameters of work on some of the cells, counted row by row from the north.
    pub(crate) fn parameters_for(&self, cells: &Range<usize>) -> LocateParameters {
        LocateParameters {
            first_cell: cells.start as u32,
            cells: cells.len() as u32,
            ..self.parameters
        }
    }

    /// Records work on each batch of points and submits it; does not wait. `record` gets the number
    /// of points in the batch, the points, and the edges.
    ///
    /// # Errors
    /// Those of `record`; [`isopach_compute::Error::OutOfMemory`],
    /// [`isopach_compute::Error::DeviceLost`].
    pub(crate) fn for_each_batch(
        &mut self,
        record: impl Fn(&mut Commands, u32, [&Buffer; 2]) -> Result<()>,
    ) -> Result<()> {
        let ticks = self.points.ticks();
        for batch in ticks.chunks(self.batch) {
            let points = match self.all.take() {
                Some(points) => points,
                None => self.recorder.upload("points", batch.len(), |i| batch[i])?,
            };
            let mut commands = self.recorder.begin_commands();
            record(&mut commands, batch.len() as u32, [&points, &self.edges])?;
            drop(commands.submit()?); // later submissions run after it
            self.all = Some(points).filter(|_| batch.len() == ticks.len());
        }
        Ok(())
    }
}

/// Points of `bytes` each that fit into `room` bytes.
fn max_batch(recorder: &Recorder, points: usize, bytes: u64, room: u64) -> Result<usize> {
    BatchPlan::new(&recorder.pool)
        .limited_to(room)
        .buffer_per_item("points", bytes)
        .max_batch(points)
}
