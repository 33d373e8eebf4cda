//! Kernels compiled for one device, each at its first use.

use crate::{
    device::handle::Device,
    options::LoopBounds,
    record::{
        kernel::{Access, Kernel},
        trusted,
        variant::KernelVariant,
    },
};
use isopach_compute::Result;
use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A kernel compiled for one device.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) raw: wgpu::ComputePipeline,
    /// The layout of group 0.
    pub(crate) buffers: wgpu::BindGroupLayout,
}

/// The pipelines of one device.
#[derive(Debug)]
pub(crate) struct Pipelines {
    device: Arc<Device>,
    variant: KernelVariant,
    loops: LoopBounds,
    /// The layout of group 1 of every kernel.
    pub(crate) parameters: wgpu::BindGroupLayout,
    compiled: Mutex<HashMap<&'static str, Arc<Pipeline>>>,
}

impl Pipelines {
    pub(crate) fn new(device: &Arc<Device>, variant: KernelVariant, loops: LoopBounds) -> Self {
        let uniform = std::iter::once((0, buffer_binding(wgpu::BufferBindingType::Uniform)));
        Self {
            device: Arc::clone(device),
            variant,
            loops,
            parameters: create_layout(&device.raw, "parameters", uniform),
            compiled: Mutex::default(),
        }
    }

    /// The kernel's pipeline, compiled at its first use: about a tenth of a second.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] if the driver refuses it;
    /// [`isopach_compute::Error::DeviceLost`].
    pub(crate) fn get_or_compile(&self, kernel: &Kernel) -> Result<Arc<Pipeline>> {
        if let Some(compiled) = self.lock_compiled().get(kernel.name) {
            return Ok(Arc::clone(compiled));
        }
        let compiled = self.compile(kernel)?;
        let mut pipelines = self.lock_compiled();
        Ok(Arc::clone(pipelines.entry(kernel.name).or_insert(compiled)))
    }

    fn lock_compiled(&self) -> MutexGuard<'_, HashMap<&'static str, Arc<Pipeline>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<Pipeline>> {
        let device = &self.device.raw;
        self.device.with_error_scope(kernel.name, 0, || {
            let source = Cow::Owned(kernel.assemble_wgsl(self.variant));
            let descriptor = wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source: wgpu::ShaderSource::Wgsl(source),
            };
            let module = match self.loops {
                LoopBounds::Counted => device.create_shader_module(descriptor),
                LoopBounds::Plain => trusted::compile_without_counters(device, descriptor),
            };
            let types = kernel.buffers.iter().map(binding_of);
            let buffers = create_layout(device, kernel.name, (1..).zip(types));
            let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(kernel.name),
                bind_group_layouts: &[Some(&buffers), Some(&self.parameters)],
                immediate_size: 0,
            });
            let raw = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(kernel.name),
                layout: Some(&layout),
                module: &module,
                entry_point: Some(kernel.entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Kernels write workgroup memory before they read it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            });
            Arc::new(Pipeline { raw, buffers })
        })
    }
}

fn binding_of(access: &Access) -> wgpu::BindingType {
    match access {
        Access::Read => buffer_binding(wgpu::BufferBindingType::Storage { read_only: true }),
        Access::Write => buffer_binding(wgpu::BufferBindingType::Storage { read_only: false }),
        Access::Texture => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Uint,
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
    }
}

fn buffer_binding(ty: wgpu::BufferBindingType) -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn create_layout(
    device: &wgpu::Device,
    label: &'static str,
    bindings: impl Iterator<Item = (u32, wgpu::BindingType)>,
) -> wgpu::BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = bindings
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(label),
        entries: &entries,
    })
}
