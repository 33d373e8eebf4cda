//! What a kernel is, and how one is written.
//!
//! # The pattern
//!
//! One operation, two files that carry its name, and one line of conformance:
//!
//! 1. `double.wgsl` opens with the essay of its idea and binds its buffers from 1 on in group 0,
//!    its parameters in group 1. It need not say its workgroup size: `WORKGROUP` is put before it,
//!    and [`crate::prelude`]'s functions as far as [`Kernel::source`] names them.
//!
//!    ```wgsl
//!    struct Parameters { count: u32 }
//!    @group(1) @binding(0) var<uniform> parameters: Parameters;
//!    @group(0) @binding(1) var<storage, read> values: array<f32>;
//!    @group(0) @binding(2) var<storage, read_write> doubled: array<f32>;
//!
//!    @compute @workgroup_size(WORKGROUP)
//!    fn double(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
//!        let i = thread_of(id, groups);
//!        if i >= parameters.count { return; }
//!        doubled[i] = 2.0 * values[i];
//!    }
//!    ```
//! 2. `double.rs` describes it and binds it:
//!
//!    ```text
//!    const DOUBLE: Kernel = Kernel::new(
//!        "double", "double", &[prelude::THREADS, include_str!("double.wgsl")], &[Access::Read, Access::Write],
//!    );
//!    let session = gpu.session()?;
//!    let values = session.upload("values", n, |i| values[i])?;
//!    let doubled = session.storage("doubled", 4 * n as u64)?;
//!    let mut work = session.work();
//!    work.run(&DOUBLE, n, &Parameters { count: n as u32, .. }, &[&values, &doubled])?;
//!    let result = work.read::<f32>(&doubled, 0..n)?;
//!    let done = work.submit()?.wait()?;
//!    let result: Vec<f32> = done.take(result)?;
//!    ```
//! 3. Its name goes into [`crate::kernels::ALL`] (so that it is validated without a device), and
//!    the capability's conformance suite, run on the device by `tests/conformance.rs`, holds it to
//!    the plain definition.
//!
//! A kernel with loops that are as long as its input ends with `is_complete` (threads.wgsl) and
//! marks its result where that is false: llvmpipe ends all loops of eight threads after 65,535
//! rounds together, without a word. The host turns the mark into an error
//! ([`crate::faults::Faults::complete`]) or gives that item to the processor.
//!
//! No kernel passes a pointer to a part of a variable to a function: the SPIR-V writer of naga 30
//! does not get over it.
//!
//! Parameters are a `#[repr(C)]` `Pod` struct, a multiple of 16 bytes long, laid out as the WGSL
//! one. Everything that a piece of work needs is stated beforehand to a [`crate::plan::Plan`],
//! which splits it into batches that fit.

use crate::{LoopBounds, session::Session, texts::Texts, trusted};
use isopach_compute::Result;
use std::{borrow::Cow, sync::Arc};

/// What a kernel does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    Write,
}

/// A kernel, described. See the pattern at the top of this module.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Unique; what a profile and an error call it.
    pub(crate) name: &'static str,
    /// The function.
    pub(crate) entry: &'static str,
    /// Pieces of WGSL, put one after another.
    pub(crate) source: &'static [&'static str],
    /// The buffers at bindings 1, 2, … of group 0: at most eight. Group 1 is the uniform block of
    /// parameters.
    pub(crate) buffers: &'static [Access],
    /// Threads in a workgroup, 64 to 256.
    pub(crate) workgroup: u32,
}

impl Kernel {
    /// Of 64 threads a workgroup.
    pub(crate) const fn new(
        name: &'static str,
        entry: &'static str,
        source: &'static [&'static str],
        buffers: &'static [Access],
    ) -> Self {
        Self {
            name,
            entry,
            source,
            buffers,
            workgroup: 64,
        }
    }

    /// Of so many threads a workgroup.
    pub(crate) const fn of_threads(self, workgroup: u32) -> Self {
        Self { workgroup, ..self }
    }

    /// The whole WGSL.
    pub(crate) fn wgsl(&self, texts: Texts) -> String {
        let pieces: Vec<&str> = self.source.iter().map(|piece| texts.piece(piece)).collect();
        format!(
            "const WORKGROUP: u32 = {}u;\n{}",
            self.workgroup,
            pieces.join("\n")
        )
    }

    /// Groups in two dimensions that make up `threads`; `None` where they are too many for the
    /// device.
    pub(crate) fn groups(&self, threads: usize, most: u32) -> Option<[u32; 2]> {
        fold(
            u64::try_from(threads)
                .ok()?
                .div_ceil(u64::from(self.workgroup)),
            most,
        )
    }
}

/// `groups` in rows of at most `most`; `None` where the rows are more than that, or threads could
/// not be told apart by 32 bits.
fn fold(groups: u64, most: u32) -> Option<[u32; 2]> {
    let across = groups.clamp(1, u64::from(most));
    let down = groups.div_ceil(across).max(1);
    let counted = across * down <= u64::from(u32::MAX) / 256;
    (down <= u64::from(most) && counted).then_some([across as u32, down as u32])
}

/// A kernel as one device runs it.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

impl Compiled {
    /// Compiles it. Takes a tenth of a second or so, once a device.
    pub(crate) fn new(session: &Session, kernel: &Kernel) -> Result<Arc<Self>> {
        let device = &session.device;
        session.faults.scoped(device, kernel.name, 0, || {
            let source = wgpu::ShaderSource::Wgsl(Cow::Owned(kernel.wgsl(session.texts)));
            let descriptor = wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source,
            };
            let module = match session.options.loops {
                LoopBounds::Counted => device.create_shader_module(descriptor),
                LoopBounds::Plain => trusted::without_counters(device, descriptor),
            };
            let storage = |access: &Access| wgpu::BufferBindingType::Storage {
                read_only: *access == Access::Read,
            };
            let layout = layout(
                device,
                kernel.name,
                (1..).zip(kernel.buffers.iter().map(storage)),
            );
            let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(kernel.name),
                bind_group_layouts: &[Some(&layout), Some(&session.parameters)],
                immediate_size: 0,
            });
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(kernel.name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(kernel.entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Kernels write workgroup memory before they read it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            });
            Arc::new(Self { pipeline, layout })
        })
    }
}

/// What the parameters of every kernel are bound as.
pub(crate) fn parameters(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    layout(
        device,
        "parameters",
        std::iter::once((0, wgpu::BufferBindingType::Uniform)),
    )
}

fn layout(
    device: &wgpu::Device,
    label: &'static str,
    buffers: impl Iterator<Item = (u32, wgpu::BufferBindingType)>,
) -> wgpu::BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = buffers
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(label),
        entries: &entries,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folding_reaches_every_group(groups in 0_u64..1 << 24, most in 1_u32..70_000) {
            if let Some([across, down]) = fold(groups, most) {
                prop_assert!(across <= most && down <= most);
                prop_assert!(u64::from(across) * u64::from(down) >= groups);
                prop_assert!(u64::from(across) * u64::from(down) < groups + u64::from(across).max(1) + 1);
            } else {
                prop_assert!(u64::from(most).pow(2) < groups + u64::from(most) || groups + u64::from(most) > (1 << 24));
            }
        }
    }
}
