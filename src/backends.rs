//! Which backends there are to choose from.

use crate::Backend;
use isopach_compute::{Choice, Cpu};
#[cfg(feature = "gpu")]
use isopach_gpu::{Absent, Gpu, Options, Wanted};
use std::sync::Arc;

/// The best backend there is, then the CPU: a graphics processor that is there
/// ([`gpu::Wanted::Best`](isopach_gpu::Wanted::Best), never one in software), for what it declines,
/// too little work among it ([`gpu::Least`](isopach_gpu::Least)), the CPU. Why there is none, where
/// there is none, is told by [`Choice::absent`] and in every report.
///
/// Opening a device takes some hundredths of a second: call it once and keep it.
#[must_use]
pub fn auto() -> Choice<dyn Backend> {
    #[cfg(feature = "gpu")]
    return auto_with(&Options {
        least: isopach_gpu::Least::ESTIMATE,
        ..Options::default()
    });
    #[cfg(not(feature = "gpu"))]
    cpu().without("gpu: this build has none (feature `gpu`)")
}

/// The CPU and nothing else.
#[must_use]
pub fn cpu() -> Choice<dyn Backend> {
    Choice::new(vec![Arc::new(Cpu) as Arc<dyn Backend>])
}

/// As [`auto`], the device opened with `options`.
#[cfg(feature = "gpu")]
#[must_use]
pub fn auto_with(options: &Options) -> Choice<dyn Backend> {
    on_gpus(&[Wanted::Best], options)
        .unwrap_or_else(|absent| cpu().without(format!("gpu: {absent}")))
}

/// These graphics processors, which share the work, then the CPU for what they decline.
///
/// # Errors
/// [`Absent`] where one of them is not there, or none was named.
#[cfg(feature = "gpu")]
pub fn on_gpus(wanted: &[Wanted], options: &Options) -> Result<Choice<dyn Backend>, Absent> {
    if wanted.is_empty() {
        return Err(Absent::NoAdapter);
    }
    let open = |wanted: &Wanted| {
        Ok(Arc::new(Gpu::open(wanted.clone(), options.clone())?) as Arc<dyn Backend>)
    };
    let gpus = wanted.iter().map(open).collect::<Result<_, Absent>>()?;
    Ok(Choice::of_ranks(vec![gpus, vec![Arc::new(Cpu)]]))
}
