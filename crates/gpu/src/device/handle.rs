//! The handles of an open device.

use crate::{device::faults::Faults, options::GpuOptions};
use std::{sync::Arc, time::Duration};

/// An open device: wgpu's handles, its limits and its faults.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) raw: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) faults: Arc<Faults>,
    /// How long a submission may run: [`GpuOptions::timeout`].
    pub(crate) timeout: Duration,
    /// Workgroups in one dimension of a dispatch, at most.
    pub(crate) max_workgroups: u32,
}

impl Device {
    /// Opens the adapter with `features`, all of which it must have, and with its own limits,
    /// lowered where the options say so.
    pub(crate) fn open(
        adapter: &wgpu::Adapter,
        features: wgpu::Features,
        options: &GpuOptions,
    ) -> Result<Self, wgpu::RequestDeviceError> {
        let mut limits = adapter.limits();
        if let Some(bytes) = options.max_binding_bytes {
            let binding = &mut limits.max_storage_buffer_binding_size;
            *binding = bytes.min(*binding);
        }
        if let Some(workgroups) = options.max_workgroups {
            let dimension = &mut limits.max_compute_workgroups_per_dimension;
            *dimension = workgroups.min(*dimension);
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("isopach"),
            required_features: features,
            required_limits: limits,
            ..Default::default()
        };
        let (raw, queue) = pollster::block_on(adapter.request_device(&descriptor))?;
        let faults = Arc::new(Faults::new(adapter.get_info().name));
        let uncaught = Arc::clone(&faults);
        raw.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            uncaught.record_uncaught(error.to_string());
        }));
        let loss = Arc::clone(&faults);
        raw.set_device_lost_callback(move |_, _| loss.mark_lost());
        Ok(Self {
            max_workgroups: raw.limits().max_compute_workgroups_per_dimension,
            timeout: options.timeout,
            raw,
            queue,
            faults,
        })
    }

    /// Whether the device was opened with this feature.
    pub(crate) fn has_feature(&self, feature: wgpu::Features) -> bool {
        self.raw.features().contains(feature)
    }

    /// Whether kernels may compute in double precision: the options ask for it and the device has
    /// it.
    pub(crate) fn has_double_precision(&self) -> bool {
        self.has_feature(wgpu::Features::SHADER_F64)
    }

    /// Destroys the device as a driver does: only the callback installed by [`Self::open`] marks
    /// it as lost, at the next poll.
    pub(crate) fn destroy(&self) {
        self.raw.destroy();
    }
}
