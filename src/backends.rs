//! Selection of the available backends.

use crate::Backend;
use isopach_compute::{Cpu, Dispatcher};
#[cfg(feature = "gpu")]
use isopach_gpu::{AdapterSelector, Gpu, GpuOptions, OpenError};
use std::sync::Arc;

/// Picks the best hardware GPU, with the CPU as fallback for anything that the GPU declines,
/// including work below [`gpu::MinimumWork`](isopach_gpu::MinimumWork). Never a software device
/// ([`gpu::AdapterSelector::Best`](isopach_gpu::AdapterSelector::Best)).
///
/// If no GPU can be opened, [`Dispatcher::missing`] has the reason, and so has every report.
///
/// Opening a device takes some hundredths of a second: call this once and keep the result.
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

/// The CPU alone.
#[must_use]
pub fn cpu() -> Dispatcher<dyn Backend> {
    Dispatcher::new(vec![Arc::new(Cpu) as Arc<dyn Backend>])
}

/// Like [`auto`], with the GPU opened with `options`.
#[cfg(feature = "gpu")]
#[must_use]
pub fn auto_with(options: &GpuOptions) -> Dispatcher<dyn Backend> {
    on_gpus(&[AdapterSelector::Best], options)
        .unwrap_or_else(|absent| cpu().with_missing(format!("gpu: {absent}")))
}

/// Shares work among the selected GPUs, with the CPU as fallback for anything they decline.
///
/// # Errors
/// [`OpenError`] if one of them cannot be opened, or if `wanted` is empty.
#[cfg(feature = "gpu")]
pub fn on_gpus(
    wanted: &[AdapterSelector],
    options: &GpuOptions,
) -> Result<Dispatcher<dyn Backend>, OpenError> {
    if wanted.is_empty() {
        return Err(OpenError::NoAdapter);
    }
    let gpus = wanted
        .iter()
        .map(|wanted: &AdapterSelector| {
            Ok(Arc::new(Gpu::open(wanted.clone(), options.clone())?) as Arc<dyn Backend>)
        })
        .collect::<Result<_, OpenError>>()?;
    Ok(Dispatcher::from_ranks(vec![gpus, vec![Arc::new(Cpu)]]))
}
