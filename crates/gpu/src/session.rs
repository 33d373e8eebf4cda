//! One opening of a device, until it is lost: everything of the lower floors, put together.

use crate::{
    device::handle::Device,
    memory::evict::Evict,
    options::{DoublePrecision, GpuOptions, KernelTiming},
    points::{
        residency::{PointsOnDevice, Residency, ResidencyPin},
        resident_points::ResidentPoints,
    },
    record::{recorder::Recorder, variant::KernelVariant},
};
use isopach_cloud::Positions;
use isopach_compute::Result;
use std::sync::Arc;

/// An open device: the recorder of its commands, and the points that stay on it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) recorder: Arc<Recorder>,
    residency: Arc<Residency>,
}

impl Session {
    /// Opens the device. No kernel is compiled yet.
    pub(crate) fn open(
        adapter: &wgpu::Adapter,
        options: &GpuOptions,
    ) -> std::result::Result<Self, wgpu::RequestDeviceError> {
        let features = adapter.features() & wanted_features(options);
        let device = Arc::new(Device::open(adapter, features, options)?);
        let residency = Arc::new(Residency::default());
        let evictable = Arc::clone(&residency) as Arc<dyn Evict>;
        Ok(Self {
            recorder: Recorder::new(device, evictable, options),
            residency,
        })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.recorder.device
    }

    /// Pins coordinates, so that points brought to the device stay there until the pin is dropped.
    pub(crate) fn pin_points(&self, coordinates: &[&[[i32; 3]]]) -> ResidencyPin {
        ResidencyPin::new(Arc::clone(&self.residency), coordinates)
    }

    /// Whether these coordinates are pinned.
    pub(crate) fn is_pinned(&self, ticks: &[[i32; 3]]) -> bool {
        self.residency.is_pinned(ticks)
    }

    /// Points in any order, brought to the device unless they are there.
    ///
    /// # Errors
    /// As [`Recorder::upload`].
    pub(crate) fn upload_points(&self, ticks: &[[i32; 3]]) -> Result<PointsOnDevice> {
        self.residency.upload_points(&self.recorder, ticks)
    }

    /// Points sorted by cell, unless they are there.
    ///
    /// # Errors
    /// As [`ResidentPoints::sort`].
    pub(crate) fn resident_points(&self, positions: Positions<'_>) -> Result<Arc<ResidentPoints>> {
        self.residency.resident_points(&self.recorder, positions)
    }
}

/// Device features that the options ask for; a device that lacks one does without.
fn wanted_features(options: &GpuOptions) -> wgpu::Features {
    let mut features = KernelVariant::required_features(options);
    match options.timing {
        KernelTiming::Off => {}
        KernelTiming::EveryKernel => features |= wgpu::Features::TIMESTAMP_QUERY,
    }
    match options.double_precision {
        DoublePrecision::Cpu => {}
        DoublePrecision::Device => features |= wgpu::Features::SHADER_F64,
    }
    features
}
