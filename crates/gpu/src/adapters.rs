//! What this machine has, and which of it is taken.

use std::fmt;

/// A device that could be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Its name, as the driver tells it.
    pub name: String,
    /// Discrete, integrated, virtual, in software, or unknown.
    pub kind: wgpu::DeviceType,
    /// Vulkan, Metal or DX12.
    pub backend: wgpu::Backend,
    /// The driver and its version.
    pub driver: String,
    /// What the device can hold and dispatch.
    pub limits: wgpu::Limits,
    /// What the device can do.
    pub features: wgpu::Features,
}

impl Adapter {
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        Self {
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            name: info.name,
            kind: info.device_type,
            backend: info.backend,
            limits: adapter.limits(),
            features: adapter.features(),
        }
    }

    /// Whether it is a program that runs on the processor.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.kind == wgpu::DeviceType::Cpu
    }
}

/// Every device of this machine, in a fixed order: as the drivers list them.
#[must_use]
pub fn adapters() -> Vec<Adapter> {
    list().iter().map(Adapter::of).collect()
}

/// Which device is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AdapterSelector {
    /// The best real one: discrete before integrated before virtual before unknown, else the first
    /// in the list; never one in software.
    #[default]
    Best,
    /// The first one in software: the kernels run, on the processor.
    Software,
    /// By its position in [`adapters`].
    Position(usize),
    /// The first whose name contains this, in any case of letters.
    Named(String),
}

impl fmt::Display for AdapterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => write!(f, "the best"),
            Self::Software => write!(f, "one in software"),
            Self::Position(position) => write!(f, "number {position}"),
            Self::Named(name) => write!(f, "one called {name}"),
        }
    }
}

/// Why there is no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No driver offers any.
    #[error("no driver offers a graphics processor")]
    NoAdapter,
    /// Only a program that does the same on the processor, more slowly than the processor's own
    /// way.
    #[error("there is only {name}, which runs in software; it has to be asked for by name")]
    OnlySoftware {
        /// Its name.
        name: String,
    },
    /// None is what was wanted.
    #[error("no device is {wanted}; there are: {there}")]
    NotAmong {
        /// What was wanted.
        wanted: String,
        /// The names of those that are there.
        there: String,
    },
    /// The device lacks something that every kernel needs.
    #[error("{name} lacks {feature}")]
    Lacks {
        /// Its name.
        name: String,
        /// What it lacks.
        feature: &'static str,
    },
    /// The driver refused to open it.
    #[error("{name} could not be opened: {reason}")]
    Refused {
        /// Its name.
        name: String,
        /// What the driver said.
        reason: String,
    },
}

/// The adapters themselves. No environment variable is looked at.
fn list() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()))
}

/// Every graphics processor that is none in software, each once: of the interface of the best one,
/// where several drivers offer the same device.
#[must_use]
pub fn all_in_hardware() -> Vec<AdapterSelector> {
    let known: Vec<Adapter> = adapters();
    let Ok(best) = choose(&known, &AdapterSelector::Best) else {
        return Vec::new();
    };
    let alike = |adapter: &Adapter| {
        adapter.kind != wgpu::DeviceType::Cpu && adapter.backend == known[best].backend
    };
    (0..known.len())
        .filter(|&position| alike(&known[position]))
        .map(AdapterSelector::Position)
        .collect()
}

/// Picks one, and says which it was so that it can be found again.
pub(crate) fn pick(wanted: &AdapterSelector) -> Result<wgpu::Adapter, OpenError> {
    let mut list = list();
    let known: Vec<Adapter> = list.iter().map(Adapter::of).collect();
    choose(&known, wanted).map(|position| list.swap_remove(position))
}

/// Position of what is wanted.
fn choose(known: &[Adapter], wanted: &AdapterSelector) -> Result<usize, OpenError> {
    use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
    let Some(first) = known.first() else {
        return Err(OpenError::NoAdapter);
    };
    let found = match wanted {
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
    found.ok_or_else(|| match wanted {
        AdapterSelector::Best => OpenError::OnlySoftware {
            name: first.name.clone(),
        },
        other => OpenError::NotAmong {
            wanted: other.to_string(),
            there: known
                .iter()
                .map(|adapter| adapter.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::DeviceType;

    fn known(kinds: &[(&str, DeviceType)]) -> Vec<Adapter> {
        let adapter = |&(name, kind): &(&str, DeviceType)| Adapter {
            name: name.into(),
            kind,
            backend: wgpu::Backend::Vulkan,
            driver: String::new(),
            limits: wgpu::Limits::default(),
            features: wgpu::Features::empty(),
        };
        kinds.iter().map(adapter).collect()
    }

    #[test]
    fn the_best_is_never_in_software() {
        let all = known(&[
            ("llvmpipe", DeviceType::Cpu),
            ("integrated", DeviceType::IntegratedGpu),
            ("discrete", DeviceType::DiscreteGpu),
        ]);
        assert_eq!(choose(&all, &AdapterSelector::Best), Ok(2));
        assert_eq!(choose(&all, &AdapterSelector::Software), Ok(0));
        assert_eq!(choose(&all, &AdapterSelector::Named("INTEG".into())), Ok(1));
        assert_eq!(choose(&all, &AdapterSelector::Position(1)), Ok(1));
        assert_eq!(
            choose(&all[..1], &AdapterSelector::Best),
            Err(OpenError::OnlySoftware {
                name: "llvmpipe".into()
            })
        );
        assert_eq!(
            choose(&[], &AdapterSelector::Best),
            Err(OpenError::NoAdapter)
        );
        assert!(matches!(
            choose(&all, &AdapterSelector::Position(3)),
            Err(OpenError::NotAmong { .. })
        ));
        assert!(matches!(
            choose(&all[1..], &AdapterSelector::Software),
            Err(OpenError::NotAmong { .. })
        ));
    }
}
