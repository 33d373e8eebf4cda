//! Commands: recorded, submitted together, waited for.

use crate::{
    memory::{bind_groups::BindGroupKey, buffer::Buffer, role::Role, texture::Texture},
    record::{
        kernel::Kernel,
        layout::Uniform,
        pipelines::Pipeline,
        read_back::{Completed, PendingRead},
        recorder::Recorder,
        timing::{Clock, PendingTimes},
    },
};
use bytemuck::Pod;
use isopach_compute::Result;
use std::{
    ops::Range,
    sync::{Arc, PoisonError},
};

/// Commands being recorded. They hold every buffer they name until they are submitted.
#[derive(Debug)]
pub(crate) struct Commands {
    recorder: Arc<Recorder>,
    encoder: wgpu::CommandEncoder,
    held: Vec<Buffer>,
    clock: Option<Clock>,
}

impl Recorder {
    /// Begins a list of commands that are submitted together.
    pub(crate) fn begin_commands(self: &Arc<Self>) -> Commands {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        Commands {
            encoder: self.device.raw.create_command_encoder(&descriptor),
            clock: Clock::new(&self.device, self.options.timing),
            recorder: Arc::clone(self),
            held: Vec::new(),
        }
    }

    /// The bind group of `buffers` at bindings `first`, `first + 1`, …
    fn bind_buffers(
        &self,
        name: &'static str,
        layout: &wgpu::BindGroupLayout,
        first: u32,
        buffers: &[&Buffer],
    ) -> Result<wgpu::BindGroup> {
        let spans = buffers.iter().map(|buffer| buffer.span()).collect();
        let key: BindGroupKey = (name, spans);
        self.bind_groups.get_or_create(key, || {
            let resources = buffers.iter().map(|buffer| buffer.binding());
            self.create_bind_group(name, layout, first, resources)
        })
    }

    /// The bind group of a texture at binding 1 and of `buffers` after it. It is not kept: it would
    /// keep the memory of the texture.
    fn bind_texture(
        &self,
        name: &'static str,
        layout: &wgpu::BindGroupLayout,
        texture: &Texture,
        buffers: &[&Buffer],
    ) -> Result<wgpu::BindGroup> {
        let buffers = buffers.iter().map(|buffer| buffer.binding());
        let resources = std::iter::once(texture.binding()).chain(buffers);
        self.create_bind_group(name, layout, 1, resources)
    }

    fn create_bind_group<'a>(
        &self,
        name: &'static str,
        layout: &wgpu::BindGroupLayout,
        first: u32,
        resources: impl Iterator<Item = wgpu::BindingResource<'a>>,
    ) -> Result<wgpu::BindGroup> {
        let entries: Vec<wgpu::BindGroupEntry<'_>> = (first..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some(name),
            layout,
            entries: &entries,
        };
        self.device
            .with_error_scope(name, 0, || self.device.raw.create_bind_group(&descriptor))
    }
}

impl Commands {
    /// Runs `threads` threads of a kernel (rounded up to whole workgroups) with `buffers` at its
    /// bindings from 1 on. No threads, no command.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] if it does not compile or the buffers do not fit its
    /// bindings; [`isopach_compute::Error::OutOfMemory`] if not even its parameters fit.
    pub(crate) fn dispatch<P: Uniform>(
        &mut self,
        kernel: &Kernel,
        threads: usize,
        parameters: &P,
        buffers: &[&Buffer],
    ) -> Result<()> {
        self.dispatch_bound(kernel, threads, parameters, None, buffers)
    }

    /// [`Self::dispatch`] of a kernel with a texture at binding 1 and `buffers` at those after it.
    ///
    /// # Errors
    /// Those of [`Self::dispatch`].
    pub(crate) fn dispatch_on_texture<P: Uniform>(
        &mut self,
        kernel: &Kernel,
        threads: usize,
        parameters: &P,
        texture: &Texture,
        buffers: &[&Buffer],
    ) -> Result<()> {
        self.dispatch_bound(kernel, threads, parameters, Some(texture), buffers)
    }

    /// [`Self::dispatch`], with a texture before the buffers if the kernel has one.
    fn dispatch_bound<P: Uniform>(
        &mut self,
        kernel: &Kernel,
        threads: usize,
        parameters: &P,
        texture: Option<&Texture>,
        buffers: &[&Buffer],
    ) -> Result<()> {
        if threads == 0 {
            return Ok(());
        }
        let recorder = &self.recorder;
        let pipeline = recorder.pipeline(kernel)?;
        let layout = &pipeline.buffers;
        let group = match texture {
            Some(texture) => recorder.bind_texture(kernel.name, layout, texture, buffers)?,
            None => recorder.bind_buffers(kernel.name, layout, 1, buffers)?,
        };
        self.held
            .extend(buffers.iter().map(|&buffer| buffer.clone()));
        self.dispatch_group(kernel, threads, parameters, &pipeline, &group)
    }

    fn dispatch_group<P: Uniform>(
        &mut self,
        kernel: &Kernel,
        threads: usize,
        parameters: &P,
        pipeline: &Pipeline,
        storage_group: &wgpu::BindGroup,
    ) -> Result<()> {
        debug_assert_eq!(kernel.parameters, P::LAYOUT, "{}", kernel.name);
        let recorder = &self.recorder;
        let [across, down] = recorder.workgroups_for(kernel, threads)?;
        let uniform = self.write_parameters(kernel.name, parameters.as_bytes())?;
        let layout = &recorder.pipelines.parameters;
        let uniform_group = recorder.bind_buffers("parameters", layout, 0, &[&uniform])?;
        let timestamp_writes = self
            .clock
            .as_mut()
            .and_then(|clock| clock.time_pass(kernel.name));
        let descriptor = wgpu::ComputePassDescriptor {
            label: Some(kernel.name),
            timestamp_writes,
        };
        let mut pass = self.encoder.begin_compute_pass(&descriptor);
        pass.set_pipeline(&pipeline.raw);
        pass.set_bind_group(0, storage_group, &[]);
        pass.set_bind_group(1, &uniform_group, &[]);
        pass.dispatch_workgroups(across, down, 1);
        drop(pass);
        recorder
            .profile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add_call(kernel.name);
        self.held.push(uniform);
        Ok(())
    }

    /// A uniform buffer that holds the parameters of one dispatch.
    fn write_parameters(&self, name: &'static str, bytes: &[u8]) -> Result<Buffer> {
        let device = &self.recorder.device;
        self.recorder.transfers.add_to_device(bytes.len() as u64);
        let pool = &self.recorder.pool;
        let uniform = pool.allocate("parameters", Role::Uniform, bytes.len() as u64)?;
        device.with_error_scope(name, 0, || {
            device.queue.write_buffer(uniform.raw(), 0, bytes);
        })?;
        Ok(uniform)
    }

    /// Fills a buffer with zeroes.
    pub(crate) fn clear_buffer(&mut self, buffer: &Buffer) {
        self.encoder.clear_buffer(buffer.raw(), 0, None);
        self.held.push(buffer.clone());
    }

    /// Copies elements of a buffer back to the CPU, to be read from [`Completed`].
    ///
    /// # Errors
    /// As [`Recorder::allocate_storage`].
    pub(crate) fn read_back<T: Pod>(
        &mut self,
        buffer: &Buffer,
        elements: Range<usize>,
    ) -> Result<PendingRead<T>> {
        let size = size_of::<T>() as u64;
        let bytes = elements.len() as u64 * size;
        self.recorder.transfers.add_from_device(bytes);
        let pool = &self.recorder.pool;
        let to = pool.allocate("results on their way back", Role::ReadBack, bytes)?;
        let source = (buffer.raw(), elements.start as u64 * size);
        let pending = PendingRead::record(&mut self.encoder, source, to, elements.len());
        self.held.push(buffer.clone());
        Ok(pending)
    }

    /// Submits the commands; does not wait.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::DeviceFault`].
    pub(crate) fn submit(self) -> Result<Submitted> {
        let Self {
            recorder,
            mut encoder,
            held,
            clock,
        } = self;
        let device = &recorder.device;
        let times = clock
            .map(|clock| clock.resolve(device, &recorder.pool, &mut encoder))
            .transpose()?
            .flatten();
        device.check_health()?;
        let index =
            device.with_error_scope("submission", 0, || device.queue.submit([encoder.finish()]))?;
        drop(held);
        Ok(Submitted {
            recorder,
            index,
            times,
        })
    }
}

/// Commands that the device runs.
#[derive(Debug)]
#[must_use = "results can be read only after waiting"]
pub(crate) struct Submitted {
    recorder: Arc<Recorder>,
    index: wgpu::SubmissionIndex,
    times: Option<PendingTimes>,
}

impl Submitted {
    /// Waits until the device is done.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], also after the timeout;
    /// [`isopach_compute::Error::DeviceFault`].
    pub(crate) fn wait(mut self) -> Result<Completed> {
        let device = &self.recorder.device;
        device.wait_submission(&self.index)?;
        let completed = Completed {
            device: Arc::clone(device),
        };
        if let Some(times) = self.times.take() {
            times.add_to(&self.recorder.profile, &completed)?;
        }
        Ok(completed)
    }
}

impl Drop for Submitted {
    /// Keeps the times of a submission that is not waited for, to be read with the profile.
    fn drop(&mut self) {
        if let Some(times) = self.times.take() {
            self.recorder
                .unread_times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(times);
        }
    }
}
