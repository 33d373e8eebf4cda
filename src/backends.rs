//! Which backends there are to choose from.

use crate::Backend;
use isopach_compute::{Cpu, Dispatcher};
#[cfg(feature = "gpu")]
use isopach_gpu::{AdapterSelector, Gpu, GpuOptions, OpenError};
use std::sync::Arc;

/// The best backend there is, then the CPU: a graphics processor that is there
/// ([`gpu::AdapterSelector::Best`](isopach_gpu::AdapterSelector::Best), never one in software), for
/// what it declines, too little work among it ([`gpu::MinimumWork`](isopach_gpu::MinimumWork)), the
/// CPU. Why there is none, where there is none, is told by [`Dispatcher::missing`] and in every
/// report.
///
/// Opening a device takes some hundredths of a second: call it once and keep it.
#[must_use]
pub fn auto() -> Dispatcher<dyn Backend> {
    #[cfg(feature = "gpu")]
    return auto_with(&GpuOptions {
        minimum_work: isopach_gpu::MinimumWork::ESTIMATE,
        ..GpuOptions::default()
    });
    #[cfg(not(feature = "gpu"))]
    cpu().with_missing("gpu: this build has none (feature `gpu`)")
}

/// The CPU and nothing else.
#[must_use]
pub fn cpu() -> Dispatcher<dyn Backend> {
    Dispatcher::new(vec![Arc::new(Cpu) as Arc<dyn Backend>])
}

/// As [`auto`], the device opened with `options`.
#[cfg(feature = "gpu")]
#[must_use]
pub fn auto_with(options: &GpuOptions) -> Dispatcher<dyn Backend> {
    on_gpus(&[AdapterSelector::Best], options)
        .unwrap_or_else(|absent| cpu().with_missing(format!("gpu: {absent}")))
}

/// These graphics processors, which share the work, then the CPU for what they decline.
///
/// # Errors
/// [`OpenError`] where one of them is not there, or none was named.
#[cfg(feature = "gpu")]
pub fn on_gpus(
    wanted: &[AdapterSelector],
    options: &GpuOptions,
) -> Result<Dispatcher<dyn Backend>, OpenError> {
    if wanted.is_empty() {
        return Err(OpenError::NoAdapter);
    }
    let open = |wanted: &AdapterSelector| {
        Ok(Arc::new(Gpu::open(wanted.clone(), options.clone())?) as Arc<dyn Backend>)
    };
    let gpus = wanted.iter().map(open).collect::<Result<_, OpenError>>()?;
    Ok(Dispatcher::from_ranks(vec![gpus, vec![Arc::new(Cpu)]]))
}
