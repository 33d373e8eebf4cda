//! Every kernel there is.

use crate::{Medians, PointLayout, align, floor, invert, kernel::Kernel, rasterise, scan, search, session::Session};

/// Every kernel there is, operation by operation: validated without a device by the test below, compiled beforehand by
/// [`crate::Gpu::warm_up`].
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

/// Those that take the place of others where [`crate::Options`] say so.
pub(crate) const INSTEAD: &[&Kernel] = &[&search::build::GATHER_APART, &search::cylinder::FEW, &search::cylinder::MANY];

/// Those that a device can run: [`ALL`], with those of double precision if it has it, and with others in their place if these were chosen.
pub(crate) fn of(session: &Session) -> impl Iterator<Item = &'static Kernel> {
    let in_double = session.has_double_precision();
    let in_two = session.options.medians == Medians::TwoKernels;
    let is_apart = session.texts.points == PointLayout::NumbersApart;
    let all = ALL.iter().flat_map(|operation| operation.iter().copied());
    let all = all.filter(move |kernel| !in_two || kernel.name != search::cylinder::MEDIAN.name);
    let instead = INSTEAD.iter().copied();
    let instead =
        instead.filter(move |kernel| if kernel.name == search::build::GATHER_APART.name { is_apart } else { in_two });
    all.chain(IN_DOUBLE.iter().copied().filter(move |_| in_double)).chain(instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Integers, Reductions, kernel::Access, texts::Texts};
    use naga::{AddressSpace, StorageAccess, valid::Capabilities};

    /// Parses and validates one on a device with these capabilities, and checks that it binds what its description says.
    fn validate(kernel: &Kernel, texts: Texts, capabilities: Capabilities) {
        let (name, source) = (kernel.name, kernel.wgsl(texts));
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
        let flags = naga::valid::ValidationFlags::all();
        let mut validator = naga::valid::Validator::new(flags, capabilities);
        validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE);
        validator.subgroup_operations(naga::valid::SubgroupOperationSet::all());
        let outcome = validator.validate(&module);
        let information = outcome.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        // What the validator accepts, the writer may still trip over.
        let written = naga::back::spv::write_vec(&module, &information, &naga::back::spv::Options::default(), None);
        assert!(written.is_ok(), "{name}: {written:?}");
        assert!(module.entry_points.iter().any(|entry| entry.name == kernel.entry), "{name} has no such function");
        assert!((64..=256).contains(&kernel.workgroup), "{name}: workgroup size");
        assert!(kernel.buffers.len() <= 8, "{name}: at most eight storage buffers, for Metal and DX12");
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else { continue };
            let access = |binding: u32| kernel.buffers.get(binding as usize - 1);
            let right = match (binding.binding, variable.space) {
                (0, AddressSpace::Uniform) => binding.group == 1,
                (n @ 1.., AddressSpace::Storage { access: found }) if binding.group == 0 => {
                    access(n).is_some_and(|stated| (*stated == Access::Write) == found.contains(StorageAccess::STORE))
                }
                _ => false,
            };
            assert!(right, "{name}: binding {} is not as described", binding.binding);
        }
    }

    #[test]
    fn every_kernel_is_valid_and_binds_what_it_says() {
        let mut names = std::collections::BTreeSet::new();
        let all = ALL.iter().flat_map(|operation| operation.iter().copied()).chain(INSTEAD.iter().copied());
        let double = IN_DOUBLE.iter().map(|&kernel| (kernel, Capabilities::FLOAT64));
        for (kernel, capabilities) in all.map(|kernel| (kernel, Capabilities::empty())).chain(double) {
            validate(kernel, Texts::default(), capabilities);
            let other = Texts {
                integers: Integers::Native,
                reductions: Reductions::Subgroups,
                points: PointLayout::NumbersApart,
            };
            validate(kernel, other, capabilities | Capabilities::SHADER_INT64 | Capabilities::SUBGROUP);
            assert!(names.insert(kernel.name), "{} is there twice", kernel.name);
        }
    }
}
