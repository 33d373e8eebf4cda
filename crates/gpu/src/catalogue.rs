//! Every kernel there is.

use crate::{
    Medians, PointLayout, align, floor, invert,
    kernel::Kernel,
    rasterise, scan,
    search::{
        self,
        build::GATHER_APART,
        cylinder::{FEW, MANY, MEDIAN},
    },
    session::Session,
};

/// Every kernel there is, operation by operation: validated without a device by the test below,
/// compiled beforehand by [`crate::Gpu::warm_up`].
pub(crate) const ALL: &[&[&Kernel]] = &[
    floor::KERNELS,
    invert::KERNELS,
    scan::KERNELS,
    search::build::KERNELS,
    search::nearest::KERNELS,
    search::k_nearest::KERNELS,
    search::within::KERNELS,
    search::moments::KERNELS,
    search::normals::KERNELS,
    search::along_normals::KERNELS,
    search::cylinder::KERNELS,
    rasterise::KERNELS,
    align::KERNELS,
];

/// Those beside [`ALL`] that need double precision.
pub(crate) const IN_DOUBLE: &[&Kernel] = invert::KERNELS_IN_DOUBLE;

/// Those that a device can run: of [`ALL`] those that were chosen, and those of double precision if
/// it has it.
pub(crate) fn of(session: &Session) -> impl Iterator<Item = &'static Kernel> {
    let (medians, points) = (session.options.medians, session.texts.points);
    let is_chosen = move |kernel: &&'static Kernel| match kernel.name {
        name if name == MEDIAN.name => medians == Medians::OneKernel,
        name if name == FEW.name || name == MANY.name => medians == Medians::TwoKernels,
        name if name == GATHER_APART.name => points == PointLayout::NumbersApart,
        _ => true,
    };
    let in_double = if session.has_double_precision() {
        IN_DOUBLE
    } else {
        &[]
    };
    ALL.iter()
        .flat_map(|operation| operation.iter().copied())
        .filter(is_chosen)
        .chain(in_double.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reductions, WideIntegers, kernel::Access, texts::Texts};
    use naga::{AddressSpace, StorageAccess, valid::Capabilities};

    /// Parses and validates one on a device with these capabilities, and checks that it binds what
    /// its description says.
    fn validate(kernel: &Kernel, texts: Texts, capabilities: Capabilities) {
        let (name, source) = (kernel.name, kernel.wgsl(texts));
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
        let flags = naga::valid::ValidationFlags::all();
        let mut validator = naga::valid::Validator::new(flags, capabilities);
        validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE);
        validator.subgroup_operations(naga::valid::SubgroupOperationSet::all());
        let outcome = validator.validate(&module);
        let information =
            outcome.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        // What the validator accepts, the writer may still trip over.
        let written = naga::back::spv::write_vec(
            &module,
            &information,
            &naga::back::spv::Options::default(),
            None,
        );
        assert!(written.is_ok(), "{name}: {written:?}");
        assert!(
            module
                .entry_points
                .iter()
                .any(|entry| entry.name == kernel.entry),
            "{name} has no such function"
        );
        assert!(
            (64..=256).contains(&kernel.workgroup),
            "{name}: workgroup size"
        );
        assert!(
            kernel.buffers.len() <= 8,
            "{name}: at most eight storage buffers, for Metal and DX12"
        );
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else {
                continue;
            };
            let access = |binding: u32| kernel.buffers.get(binding as usize - 1);
            let right = match (binding.binding, variable.space) {
                (0, AddressSpace::Uniform) => binding.group == 1,
                (n @ 1.., AddressSpace::Storage { access: found }) if binding.group == 0 => {
                    access(n).is_some_and(|stated| {
                        (*stated == Access::Write) == found.contains(StorageAccess::STORE)
                    })
                }
                _ => false,
            };
            assert!(
                right,
                "{name}: binding {} is not as described",
                binding.binding
            );
        }
    }

    #[test]
    fn every_kernel_is_valid_and_binds_what_it_says() {
        let mut names = std::collections::BTreeSet::new();
        let all = ALL.iter().flat_map(|operation| operation.iter().copied());
        let double = IN_DOUBLE
            .iter()
            .map(|&kernel| (kernel, Capabilities::FLOAT64));
        for (kernel, capabilities) in all
            .map(|kernel| (kernel, Capabilities::empty()))
            .chain(double)
        {
            validate(kernel, Texts::default(), capabilities);
            let other = Texts {
                integers: WideIntegers::Native,
                reductions: Reductions::Subgroups,
                points: PointLayout::NumbersApart,
            };
            validate(
                kernel,
                other,
                capabilities | Capabilities::SHADER_INT64 | Capabilities::SUBGROUP,
            );
            assert!(names.insert(kernel.name), "{} is there twice", kernel.name);
        }
    }
}
