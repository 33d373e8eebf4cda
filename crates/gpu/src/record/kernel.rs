//! Kernels: their parts, and how one is written.
//!
//! # The pattern
//!
//! One operation, two files of the same name, and one line of conformance:
//!
//! 1. `double.wgsl` opens with the essay of its idea. It binds its buffers from 1 on in group 0
//!    and its parameters in group 1. [`Kernel::assemble_wgsl`] puts the constant `WORKGROUP` and
//!    the pieces of [`crate::record::prelude`] that [`Kernel::source`] names before it.
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
//! 2. `double.rs` describes it and runs it:
//!
//!    ```text
//!    uniform! { struct DoubleParameters { count: u32, unused: [u32; 3] } }
//!    const DOUBLE: Kernel = Kernel::new::<DoubleParameters>(
//!        "double", "double", &[prelude::THREADS, include_str!("double.wgsl")], &[Access::Read, Access::Write],
//!    );
//!    let values = recorder.upload("values", n, |i| values[i])?;
//!    let doubled = recorder.allocate_storage("doubled", 4 * n as u64)?;
//!    let mut commands = recorder.begin_commands();
//!    commands.dispatch(&DOUBLE, n, &DoubleParameters { count: n as u32, .. }, &[&values, &doubled])?;
//!    let result = commands.read_back::<f32>(&doubled, 0..n)?;
//!    let completed = commands.submit()?.wait()?;
//!    let result: Vec<f32> = completed.copy_out(result)?;
//!    ```
//! 3. Its name goes into `catalogue.rs`, so that it is validated without a device, and the
//!    capability's conformance suite, run on the device by `tests/conformance.rs`, compares it with
//!    the reference.
//!
//! A kernel with loops as long as its input ends with `is_complete` (threads.wgsl) and marks its
//! result where that is false: llvmpipe ends all loops of eight threads after 65,535 rounds
//! together, without an error. The host turns the mark into an error
//! ([`crate::device::handle::Device::check_complete`]) or has the CPU do that item.
//!
//! No kernel passes a pointer to a part of a variable to a function: the SPIR-V writer of naga 30
//! fails on it.
//!
//! Parameters are defined with [`crate::record::layout::uniform!`], a multiple of 16 bytes long.
//! The buffers that a piece of work needs are stated beforehand in a
//! [`crate::memory::batch_plan::BatchPlan`], which splits it into batches that fit.

use crate::record::{
    layout::{Layout, Uniform},
    variant::KernelVariant,
};

/// Use of a buffer by a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    Write,
    /// `texture_2d<u32>`: the first binding, see
    /// [`crate::record::commands::Commands::dispatch_on_texture`].
    Texture,
}

/// The description of a kernel. See the pattern at the top of this module.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Unique; the name in profiles and errors.
    pub(crate) name: &'static str,
    /// The WGSL function.
    pub(crate) entry: &'static str,
    /// Pieces of WGSL, joined in order.
    pub(crate) source: &'static [&'static str],
    /// The buffers at bindings 1, 2, … of group 0, at most eight, perhaps after a texture. Group 1 is the uniform block of
    /// parameters.
    pub(crate) buffers: &'static [Access],
    /// The layout of the parameters.
    pub(crate) parameters: Layout,
    /// Threads in a workgroup, 64 to 256.
    pub(crate) workgroup: u32,
}

impl Kernel {
    /// A kernel with parameters `P`, of 64 threads per workgroup.
    pub(crate) const fn new<P: Uniform>(
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
            parameters: P::LAYOUT,
            workgroup: 64,
        }
    }

    /// The same kernel with another number of threads per workgroup.
    pub(crate) const fn with_threads(self, workgroup: u32) -> Self {
        Self { workgroup, ..self }
    }

    /// The whole WGSL of one variant.
    pub(crate) fn assemble_wgsl(&self, variant: KernelVariant) -> String {
        let pieces: Vec<&str> = self
            .source
            .iter()
            .map(|piece| variant.select_piece(piece))
            .collect();
        format!(
            "const WORKGROUP: u32 = {}u;\n{}",
            self.workgroup,
            pieces.join("\n")
        )
    }

    /// Workgroups in two dimensions that hold `threads`, `max` in one dimension; `None` if they are
    /// too many for the device.
    pub(crate) fn workgroups_for(&self, threads: usize, max: u32) -> Option<[u32; 2]> {
        let threads = u64::try_from(threads).ok()?;
        fold_groups(threads.div_ceil(u64::from(self.workgroup)), max)
    }
}

/// `groups` in rows of at most `max`; `None` if there are more rows than that, or more threads than
/// 32 bits can number.
fn fold_groups(groups: u64, max: u32) -> Option<[u32; 2]> {
    let across = groups.clamp(1, u64::from(max));
    let down = groups.div_ceil(across).max(1);
    let counted = across * down <= u64::from(u32::MAX) / 256;
    (down <= u64::from(max) && counted).then_some([across as u32, down as u32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folding_reaches_every_group(groups in 0_u64..1 << 24, most in 1_u32..70_000) {
            if let Some([across, down]) = fold_groups(groups, most) {
                prop_assert!(across <= most && down <= most);
                prop_assert!(u64::from(across) * u64::from(down) >= groups);
                prop_assert!(u64::from(across) * u64::from(down) < groups + u64::from(across).max(1) + 1);
            } else {
                prop_assert!(u64::from(most).pow(2) < groups + u64::from(most) || groups + u64::from(most) > (1 << 24));
            }
        }
    }
}
