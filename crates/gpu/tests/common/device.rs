//! The device of a test process. Whoever includes this has `Gpu`, `Options` and `AdapterSelector`
//! in scope.

use super::{AdapterSelector, Gpu, GpuOptions};
use std::sync::OnceLock;

/// A real device, else one in software; one a process. `None`, loudly, where there is none; a
/// failure where the variable `ISOPACH_REQUIRE_GPU` is set.
///
/// Tests run side by side on it, so its counters hold what all of them did. A test that reads
/// counters opens a device of its own.
pub(crate) fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| open(GpuOptions::default())).as_ref()
}

/// Another one, with other options.
#[allow(clippy::print_stderr)]
pub(crate) fn open(options: GpuOptions) -> Option<Gpu> {
    match Gpu::open(AdapterSelector::Best, options.clone())
        .or_else(|_| Gpu::open(AdapterSelector::Software, options))
    {
        Ok(gpu) => Some(gpu),
        Err(absent) => {
            assert!(
                std::env::var_os("ISOPACH_REQUIRE_GPU").is_none(),
                "a device is required, but {absent}"
            );
            eprintln!("NOT TESTED: {absent}");
            None
        }
    }
}
