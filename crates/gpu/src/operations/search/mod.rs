//! [`NeighbourSearch`] on the device.
//!
//! Decisions are the CPU's to the last bit. Where the CPU decides in integers, so does the device,
//! after a first look in `f32`. Where the CPU decides in `f64` (cylinders, normals), queries with a
//! point too near to a border for `f32` go back to the CPU and are counted
//! ([`Gpu::reevaluated_on_cpu`]).

pub(crate) mod along_normals;
mod cpu_fallback;
pub(crate) mod cylinder;
pub(crate) mod index;
pub(crate) mod k_nearest;
pub(crate) mod kernel_source;
pub(crate) mod moments;
pub(crate) mod nearest;
pub(crate) mod normals;
pub(crate) mod parameters;
pub(crate) mod queries;
pub(crate) mod shapes;
pub(crate) mod within;

use crate::gpu::Gpu;
use index::GpuIndex;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{NeighbourIndex, NeighbourSearch};

impl NeighbourSearch for Gpu {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        self.options().minimum_work.check_points(points.len())?;
        let session = self.session()?;
        if u32::try_from(points.len()).is_err() {
            return Err(Error::OutOfMemory {
                what: "an index",
                requested: 16 * points.len() as u64,
                budget: self.options().budget_bytes,
                advice: "an index holds at most 2^32 - 1 points: use smaller tiles",
            });
        }
        if points.is_empty() {
            return Ok(Box::new(GpuIndex::empty(points)));
        }
        let resident = session.resident_points(points)?;
        Ok(Box::new(GpuIndex::new(points, resident)))
    }
}
