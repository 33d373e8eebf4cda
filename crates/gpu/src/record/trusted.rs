//! Kernels compiled without loop counters: see [`crate::options::LoopBounds`].
#![allow(unsafe_code)]

/// Compiles a kernel of this crate without a counter in its loops. All other checks stay.
pub(crate) fn compile_without_counters(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks {
        force_loop_bounding: false,
        ..wgpu::ShaderRuntimeChecks::checked()
    };
    // SAFETY: with this check off, wgpu asks one thing of us: that no loop runs for ever. Only this
    // crate's kernels come here, and each of their loops ends, for any content of the buffers
    // unless stated:
    // - `for` loops count, by one, by a stride or by doubling, up to (crowd.wgsl also down to) a
    //   bound that does not change in them (subgroups.wgsl: the number of its subgroup;
    //   digits.wgsl: constants);
    // - binary searches (walk.wgsl, locate.wgsl, invert/grid.wgsl) halve what is between two marks,
    //   and insertions (few, settle, closest, kept) and pieces of a crowded cell (walk.wgsl) move a
    //   mark by one or more towards its end in every round;
    // - the iterations of solve.wgsl are at most as many as its parameters say;
    // - walk_row goes to the end of the cell of the point where it stands, which is behind that
    //   point in what the kernels of points/sort.rs have sorted; and locate.wgsl goes down towards
    //   a first edge that it has found not to be above the coordinate.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}
