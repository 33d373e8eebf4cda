//! [`Align`] on the device: correspondences and their sums.
//!
//! Source and target stay on the device for all poses. The CPU moves the source, in `f64`, as the
//! reference does, so that every pair is the reference's. The device finds the pairs and, for the
//! factors it knows ([`FactorKind`]), linearises and sums them: 120 bytes come back for a thousand
//! pairs. Other factors, and trimmed pairs, whose limit is known only when all are found, are
//! summed by the reference from the pairs that the device found. Any other rejector is declined.

mod correspondences;
mod moved_source;
mod pair_sums;

use crate::{gpu::Gpu, operations::search::index::GpuIndex};
use correspondences::DeviceCorrespondences;
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;
use isopach_registration::{Align, AlignTarget, Correspondences, HostCorrespondences};
use std::sync::Arc;

pub(crate) use pair_sums::KERNELS;

/// Pairs are the CPU's; sums are within 10⁻⁵ of its own, as [`Correspondences::linearize_pairs`] says,
/// the same bits in every run.
impl Align for Gpu {
    fn prepare_points<'a>(
        &self,
        source: Positions<'a>,
        target: AlignTarget<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        let points = source.len().max(target.positions.len());
        self.options().minimum_work.check_points(points)?;
        if source.is_empty()
            || target.positions.is_empty()
            || u32::try_from(target.positions.len()).is_err()
        {
            return Ok(Box::new(HostCorrespondences::new(
                source,
                target,
                self.index(target.positions)?,
            )));
        }
        let session = self.session()?;
        let recorder = &session.recorder;
        let resident = session.resident_points(target.positions)?;
        let ticks = target.positions.ticks().as_flattened();
        let ticks = recorder.upload("target points", ticks.len(), |i| ticks[i])?;
        let normals = target.normals.as_flattened();
        let normals = recorder.upload("target normals", normals.len(), |i| normals[i] as f32)?;
        let index = Box::new(GpuIndex::new(target.positions, Arc::clone(&resident)));
        Ok(Box::new(DeviceCorrespondences {
            source,
            target,
            resident,
            ticks,
            normals,
            host: HostCorrespondences::new(source, target, index),
        }))
    }
}
