//! Every kernel of this crate.

use crate::{
    gpu::Gpu,
    operations::{
        align, ceilings, gather, invert, rasterise,
        search::{
            along_normals,
            cylinder::{self, MEDIAN, MEDIAN_OF_FEW, MEDIAN_OF_MANY},
            k_nearest, moments, nearest, normals, shapes, within,
        },
    },
    options::{ImageStorage, Medians, PointLayout},
    points::{
        scan,
        sort::{self, GATHER_APART},
    },
    record::{kernel::Kernel, recorder::Recorder},
};
use isopach_compute::Result;
use std::sync::Arc;

/// Every kernel, module by module: validated without a device by the tests below, compiled by
/// [`Gpu::warm_up`].
const ALL: &[&[&Kernel]] = &[
    ceilings::KERNELS,
    invert::KERNELS,
    scan::KERNELS,
    sort::KERNELS,
    nearest::KERNELS,
    k_nearest::KERNELS,
    within::KERNELS,
    moments::KERNELS,
    normals::KERNELS,
    shapes::KERNELS,
    along_normals::KERNELS,
    cylinder::KERNELS,
    rasterise::SUM_KERNELS,
    rasterise::QUANTILE_KERNELS,
    align::KERNELS,
    gather::KERNELS,
];

/// The kernels beside [`ALL`] that need double precision.
const IN_DOUBLE: &[&Kernel] = invert::KERNELS_IN_DOUBLE;

impl Gpu {
    /// The names of every kernel that this device can run, whether it ran or not: for comparison
    /// with [`Gpu::kernel_times`].
    #[must_use]
    pub fn kernel_names(&self) -> Vec<&'static str> {
        available_kernels(&self.current_session().recorder)
            .map(|kernel| kernel.name)
            .collect()
    }

    /// Compiles every kernel, each of which is otherwise compiled at its first use: about a tenth
    /// of a second each.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] if the driver refuses a kernel;
    /// [`isopach_compute::Error::DeviceLost`].
    pub fn warm_up(&self) -> Result<()> {
        let recorder = Arc::clone(&self.session()?.recorder);
        available_kernels(&recorder).try_for_each(|kernel| recorder.pipeline(kernel).map(drop))
    }
}

/// The kernels of the variants that the options choose, with those of double precision if the
/// device has it.
fn available_kernels(recorder: &Recorder) -> impl Iterator<Item = &'static Kernel> + use<> {
    let medians = recorder.options.medians;
    let points = recorder.variant.points;
    let images = recorder.options.images;
    let in_double = if recorder.device.has_double_precision() {
        IN_DOUBLE
    } else {
        &[]
    };
    ALL.iter()
        .flat_map(|module| module.iter().copied())
        .filter(move |kernel| is_chosen(kernel, medians, points, images))
        .chain(in_double.iter().copied())
}

fn is_chosen(kernel: &Kernel, medians: Medians, points: PointLayout, images: ImageStorage) -> bool {
    let name = kernel.name;
    if name == MEDIAN.name {
        medians == Medians::OneKernel
    } else if name == MEDIAN_OF_FEW.name || name == MEDIAN_OF_MANY.name {
        medians == Medians::TwoKernels
    } else if name == GATHER_APART.name {
        points == PointLayout::NumbersApart
    } else if gather::is_of_texture(kernel) {
        images == ImageStorage::Textures
    } else {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        options::{Reductions, WideIntegers},
        points::cell_grid::CellGrid,
        record::{
            kernel::Access,
            layout::{Layout, Member, Uniform},
            variant::KernelVariant,
        },
    };
    use naga::{
        AddressSpace, GlobalVariable, Handle, Module, StorageAccess, Type, TypeInner,
        valid::Capabilities,
    };
    use std::collections::BTreeSet;

    const OTHER_VARIANT: KernelVariant = KernelVariant {
        integers: WideIntegers::Native,
        reductions: Reductions::Subgroups,
        points: PointLayout::NumbersApart,
    };

    /// Every kernel, and whether it needs double precision.
    fn all_kernels() -> impl Iterator<Item = (&'static Kernel, bool)> {
        let single = ALL.iter().flat_map(|module| module.iter().copied());
        let double = IN_DOUBLE.iter().copied();
        single
            .map(|kernel| (kernel, false))
            .chain(double.map(|kernel| (kernel, true)))
    }

    fn parse(kernel: &Kernel, variant: KernelVariant) -> Module {
        let source = kernel.assemble_wgsl(variant);
        naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{}: {}", kernel.name, error.emit_to_string(&source)))
    }

    /// Validates a kernel for a device with these capabilities, and has it written as SPIR-V.
    fn check_validity(kernel: &Kernel, variant: KernelVariant, capabilities: Capabilities) {
        let name = kernel.name;
        let source = kernel.assemble_wgsl(variant);
        let module = parse(kernel, variant);
        let flags = naga::valid::ValidationFlags::all();
        let mut validator = naga::valid::Validator::new(flags, capabilities);
        validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE);
        validator.subgroup_operations(naga::valid::SubgroupOperationSet::all());
        let information = validator
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        // The writer may fail on what the validator accepts.
        let options = naga::back::spv::Options::default();
        let written = naga::back::spv::write_vec(&module, &information, &options, None);
        assert!(written.is_ok(), "{name}: {written:?}");
        let mut entries = module.entry_points.iter();
        assert!(
            entries.any(|entry| entry.name == kernel.entry),
            "{name} has no function {}",
            kernel.entry
        );
    }

    /// Checks that a kernel binds the buffers of its description.
    fn check_bindings(kernel: &Kernel) {
        let name = kernel.name;
        assert!(
            (64..=256).contains(&kernel.workgroup),
            "{name}: workgroup size"
        );
        assert!(
            kernel.buffers.len() <= 8,
            "{name}: at most eight storage buffers, for Metal and DX12"
        );
        let module = parse(kernel, KernelVariant::default());
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else {
                continue;
            };
            let right = match (binding.binding, variable.space) {
                (0, AddressSpace::Uniform) => binding.group == 1,
                (n @ 1.., AddressSpace::Storage { access }) if binding.group == 0 => {
                    let written = access.contains(StorageAccess::STORE);
                    let stated = if written { Access::Write } else { Access::Read };
                    kernel.buffers.get(n as usize - 1) == Some(&stated)
                }
                (n @ 1.., AddressSpace::Handle) if binding.group == 0 => {
                    kernel.buffers.get(n as usize - 1) == Some(&Access::Texture)
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
    fn every_kernel_is_valid_and_binds_what_it_describes() {
        let mut names = BTreeSet::new();
        for (kernel, in_double) in all_kernels() {
            let capabilities = if in_double {
                Capabilities::FLOAT64
            } else {
                Capabilities::empty()
            };
            let more = Capabilities::SHADER_INT64 | Capabilities::SUBGROUP;
            check_validity(kernel, KernelVariant::default(), capabilities);
            check_validity(kernel, OTHER_VARIANT, capabilities | more);
            check_bindings(kernel);
            assert!(names.insert(kernel.name), "{} exists twice", kernel.name);
        }
    }

    /// The members of a WGSL struct; padding left out.
    fn wgsl_members(module: &Module, ty: Handle<Type>) -> Vec<WgslMember> {
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let TypeInner::Struct { members, .. } = &module.types[ty].inner else {
            panic!("parameters are a struct");
        };
        members
            .iter()
            .map(|member| WgslMember {
                name: member.name.clone().unwrap_or_default(),
                offset: member.offset as usize,
                size: layouter[member.ty].size as usize,
                ty: member.ty,
            })
            .filter(|member| !is_padding(&member.name))
            .collect()
    }

    struct WgslMember {
        name: String,
        offset: usize,
        size: usize,
        ty: Handle<Type>,
    }

    fn is_padding(name: &str) -> bool {
        name.starts_with("unused") || name.starts_with('_')
    }

    fn assert_same_members(name: &str, rust: &[Member], wgsl: &[WgslMember], offset: usize) {
        let rust: Vec<(&str, usize, usize)> = rust
            .iter()
            .filter(|member| !is_padding(member.name))
            .map(|member| (member.name, offset + member.offset, member.size))
            .collect();
        let wgsl: Vec<(&str, usize, usize)> = wgsl
            .iter()
            .map(|member| (member.name.as_str(), member.offset, member.size))
            .collect();
        assert_eq!(rust, wgsl, "{name}: name, offset and size of the members");
    }

    fn uniform_variable(module: &Module) -> &GlobalVariable {
        let mut variables = module.global_variables.iter();
        let found = variables.find(|(_, variable)| variable.space == AddressSpace::Uniform);
        found.map(|(_, variable)| variable).unwrap()
    }

    /// Every Rust struct that a kernel's parameters are written from has naga's layout of the WGSL:
    /// the same members at the same offsets, of the same size.
    #[test]
    fn parameters_have_the_layout_of_wgsl() {
        let mut grids = 0;
        for (kernel, in_double) in all_kernels() {
            let module = parse(kernel, KernelVariant::default());
            let Layout {
                leading_numbers,
                members,
            } = kernel.parameters;
            let mut wgsl = wgsl_members(&module, uniform_variable(&module).ty);
            let number = if in_double { 8 } else { 4 };
            let offset = leading_numbers * number;
            // The numbers before the members fill the struct up to them.
            let leading = wgsl
                .iter()
                .position(|member| member.offset >= offset)
                .unwrap();
            let rest = wgsl.split_off(leading);
            let bytes: usize = wgsl.iter().map(|member| member.size).sum();
            assert_eq!(bytes, offset, "{}: leading numbers", kernel.name);
            assert_same_members(kernel.name, members, &rest, offset);
            for member in rest.iter().filter(|member| member.name == "grid") {
                let inner = wgsl_members(&module, member.ty);
                assert_same_members("Grid", CellGrid::LAYOUT.members, &inner, 0);
                grids += 1;
            }
        }
        assert!(grids > 10, "the grid of cells was compared");
    }

    /// The test above notices a member that is elsewhere.
    #[test]
    #[should_panic(expected = "name, offset and size of the members")]
    fn a_member_elsewhere_is_noticed() {
        let kernel = ALL[0][0];
        let module = parse(kernel, KernelVariant::default());
        let wgsl = wgsl_members(&module, uniform_variable(&module).ty);
        assert_same_members(kernel.name, kernel.parameters.members, &wgsl, 4);
    }
}
