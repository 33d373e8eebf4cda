//! The GPUs of this machine, and the choice of one.

use std::fmt;

/// A GPU, or a software Vulkan driver, that can be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Its name, as the driver gives it.
    pub name: String,
    /// Discrete, integrated, virtual, in software, or unknown.
    pub kind: AdapterKind,
    /// The graphics interface through which it is reached.
    pub interface: GraphicsInterface,
    /// The driver and its version.
    pub driver: String,
    /// Sizes that the device cannot exceed.
    pub limits: AdapterLimits,
    /// Optional features of the device.
    pub features: AdapterFeatures,
}

/// The kind of hardware behind an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdapterKind {
    /// Unknown to the driver.
    Other,
    /// A GPU that shares its memory with the CPU.
    IntegratedGpu,
    /// A GPU with its own memory.
    DiscreteGpu,
    /// A GPU of a virtual machine.
    VirtualGpu,
    /// A software driver, such as lavapipe: kernels run on the CPU.
    Cpu,
}

/// The graphics interface of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GraphicsInterface {
    /// Vulkan: Linux, Windows, Android.
    Vulkan,
    /// Metal: macOS, iOS.
    Metal,
    /// Direct3D 12: Windows.
    Dx12,
    /// OpenGL or OpenGL ES.
    Gl,
    /// Any other.
    Other,
}

/// Sizes that a device cannot exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterLimits {
    /// Bytes of one buffer.
    pub buffer_bytes: u64,
    /// Bytes of one buffer that a kernel sees.
    pub binding_bytes: u64,
    /// Workgroups in one dimension of a dispatch.
    pub workgroups_per_dimension: u32,
    /// Threads in a workgroup.
    pub threads_per_workgroup: u32,
    /// Bytes that the threads of a workgroup share.
    pub workgroup_memory_bytes: u32,
    /// Buffers that a kernel sees.
    pub storage_buffers_per_kernel: u32,
}

/// Optional features of a device. All but `compute_shaders` can be missing: see
/// [`crate::Gpu::missing_features`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterFeatures {
    /// Kernels, without which nothing works.
    pub compute_shaders: bool,
    /// `f64` in kernels.
    pub double_precision: bool,
    /// `f16` in kernels.
    pub half_precision: bool,
    /// 64-bit integers in kernels.
    pub wide_integers: bool,
    /// Sums and maxima over subgroups.
    pub subgroups: bool,
    /// A clock that can be read around kernels.
    pub timestamps: bool,
    /// Compiled kernels that can be stored.
    pub pipeline_cache: bool,
}

impl Adapter {
    pub(crate) fn describe(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let driver = format!("{} {}", info.driver, info.driver_info);
        Self {
            driver: driver.trim().to_owned(),
            name: info.name,
            kind: AdapterKind::from_wgpu(info.device_type),
            interface: GraphicsInterface::from_wgpu(info.backend),
            limits: AdapterLimits::from_wgpu(&adapter.limits()),
            features: AdapterFeatures::from_wgpu(adapter),
        }
    }

    /// Whether it is a software driver, whose kernels run on the CPU.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.kind == AdapterKind::Cpu
    }
}

impl AdapterKind {
    fn from_wgpu(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::Other => Self::Other,
            wgpu::DeviceType::IntegratedGpu => Self::IntegratedGpu,
            wgpu::DeviceType::DiscreteGpu => Self::DiscreteGpu,
            wgpu::DeviceType::VirtualGpu => Self::VirtualGpu,
            wgpu::DeviceType::Cpu => Self::Cpu,
        }
    }
}

impl GraphicsInterface {
    fn from_wgpu(backend: wgpu::Backend) -> Self {
        match backend {
            wgpu::Backend::Vulkan => Self::Vulkan,
            wgpu::Backend::Metal => Self::Metal,
            wgpu::Backend::Dx12 => Self::Dx12,
            wgpu::Backend::Gl => Self::Gl,
            wgpu::Backend::Noop | wgpu::Backend::BrowserWebGpu => Self::Other,
        }
    }
}

impl AdapterLimits {
    fn from_wgpu(limits: &wgpu::Limits) -> Self {
        Self {
            buffer_bytes: limits.max_buffer_size,
            binding_bytes: limits.max_storage_buffer_binding_size,
            workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            threads_per_workgroup: limits.max_compute_invocations_per_workgroup,
            workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
            storage_buffers_per_kernel: limits.max_storage_buffers_per_shader_stage,
        }
    }
}

impl AdapterFeatures {
    fn from_wgpu(adapter: &wgpu::Adapter) -> Self {
        let features = adapter.features();
        let flags = adapter.get_downlevel_capabilities().flags;
        Self {
            compute_shaders: flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS),
            double_precision: features.contains(wgpu::Features::SHADER_F64),
            half_precision: features.contains(wgpu::Features::SHADER_F16),
            wide_integers: features.contains(wgpu::Features::SHADER_INT64),
            subgroups: features.contains(wgpu::Features::SUBGROUP),
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            pipeline_cache: features.contains(wgpu::Features::PIPELINE_CACHE),
        }
    }
}

/// Every adapter of this machine, in the order of the drivers.
///
/// ```no_run
/// for adapter in isopach_gpu::list_adapters() {
///     println!("{} ({:?}, {:?})", adapter.name, adapter.kind, adapter.interface);
/// }
/// ```
#[must_use]
pub fn list_adapters() -> Vec<Adapter> {
    enumerate_adapters().iter().map(Adapter::describe).collect()
}

/// Which adapter to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AdapterSelector {
    /// The best GPU: discrete before integrated before virtual before unknown, else the first of
    /// the list; never a software driver.
    #[default]
    Best,
    /// The first software driver: kernels run on the CPU.
    Software,
    /// By its position in [`list_adapters`].
    Position(usize),
    /// The first whose name contains this, in upper or lower case.
    Named(String),
}

impl fmt::Display for AdapterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => write!(f, "the best GPU"),
            Self::Software => write!(f, "a software driver"),
            Self::Position(position) => write!(f, "number {position}"),
            Self::Named(name) => write!(f, "called {name}"),
        }
    }
}

/// Why no device was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No driver offers an adapter.
    #[error("no driver offers a GPU: install a Vulkan driver, or use the CPU")]
    NoAdapter,
    /// The only adapter is a software driver, which is slower than the CPU backend.
    #[error("the only adapter is {name}, a software driver: select it by name to use it")]
    OnlySoftware {
        /// Its name.
        name: String,
    },
    /// No adapter matches the selector.
    #[error("no adapter is {wanted}; there are: {there}")]
    NotAmong {
        /// The selector, in words.
        wanted: String,
        /// The names of the adapters.
        there: String,
    },
    /// The device lacks something that every kernel needs.
    #[error("{name} lacks {feature}")]
    Lacks {
        /// Its name.
        name: String,
        /// The missing feature.
        feature: &'static str,
    },
    /// The driver refused to open the device.
    #[error("{name} could not be opened: {reason}")]
    Refused {
        /// Its name.
        name: String,
        /// The driver's message.
        reason: String,
    },
}

/// wgpu's adapters. No environment variable is read.
fn enumerate_adapters() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()))
}

/// Selectors of every GPU, software drivers left out. A GPU that several drivers offer is listed
/// once, through the interface of the best one.
#[must_use]
pub fn hardware_adapters() -> Vec<AdapterSelector> {
    let known: Vec<Adapter> = list_adapters();
    let Ok(best) = choose_position(&known, &AdapterSelector::Best) else {
        return Vec::new();
    };
    let interface = known[best].interface;
    (0..known.len())
        .filter(|&position| {
            let adapter = &known[position];
            !adapter.is_software() && adapter.interface == interface
        })
        .map(AdapterSelector::Position)
        .collect()
}

/// The adapter that is selected.
pub(crate) fn select_adapter(selector: &AdapterSelector) -> Result<wgpu::Adapter, OpenError> {
    let mut all = enumerate_adapters();
    let known: Vec<Adapter> = all.iter().map(Adapter::describe).collect();
    choose_position(&known, selector).map(|position| all.swap_remove(position))
}

/// The position of the selected adapter.
fn choose_position(known: &[Adapter], selector: &AdapterSelector) -> Result<usize, OpenError> {
    use AdapterKind::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
    let Some(first) = known.first() else {
        return Err(OpenError::NoAdapter);
    };
    let found = match selector {
        AdapterSelector::Best => [DiscreteGpu, IntegratedGpu, VirtualGpu, Other]
            .into_iter()
            .find_map(|kind| known.iter().position(|adapter| adapter.kind == kind)),
        AdapterSelector::Software => known.iter().position(|adapter| adapter.kind == Cpu),
        AdapterSelector::Position(position) => {
            Some(*position).filter(|&position| position < known.len())
        }
        AdapterSelector::Named(name) => {
            let name = name.to_lowercase();
            known
                .iter()
                .position(|adapter| adapter.name.to_lowercase().contains(&name))
        }
    };
    found.ok_or_else(|| match selector {
        AdapterSelector::Best => OpenError::OnlySoftware {
            name: first.name.clone(),
        },
        AdapterSelector::Software | AdapterSelector::Position(_) | AdapterSelector::Named(_) => {
            let names: Vec<&str> = known.iter().map(|adapter| adapter.name.as_str()).collect();
            OpenError::NotAmong {
                wanted: selector.to_string(),
                there: names.join(", "),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(kinds: &[(&str, AdapterKind)]) -> Vec<Adapter> {
        let adapter = |&(name, kind): &(&str, AdapterKind)| Adapter {
            name: name.into(),
            kind,
            interface: GraphicsInterface::Vulkan,
            driver: String::new(),
            limits: AdapterLimits::default(),
            features: AdapterFeatures::default(),
        };
        kinds.iter().map(adapter).collect()
    }

    #[test]
    fn the_best_is_never_a_software_driver() {
        let all = known(&[
            ("llvmpipe", AdapterKind::Cpu),
            ("integrated", AdapterKind::IntegratedGpu),
            ("discrete", AdapterKind::DiscreteGpu),
        ]);
        assert_eq!(choose_position(&all, &AdapterSelector::Best), Ok(2));
        assert_eq!(choose_position(&all, &AdapterSelector::Software), Ok(0));
        assert_eq!(
            choose_position(&all, &AdapterSelector::Named("INTEG".into())),
            Ok(1)
        );
        assert_eq!(choose_position(&all, &AdapterSelector::Position(1)), Ok(1));
        assert_eq!(
            choose_position(&all[..1], &AdapterSelector::Best),
            Err(OpenError::OnlySoftware {
                name: "llvmpipe".into()
            })
        );
        assert_eq!(
            choose_position(&[], &AdapterSelector::Best),
            Err(OpenError::NoAdapter)
        );
        assert!(matches!(
            choose_position(&all, &AdapterSelector::Position(3)),
            Err(OpenError::NotAmong { .. })
        ));
        assert!(matches!(
            choose_position(&all[1..], &AdapterSelector::Software),
            Err(OpenError::NotAmong { .. })
        ));
    }
}
