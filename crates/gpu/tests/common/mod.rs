//! The device of a test process.
#![allow(dead_code, unreachable_pub, clippy::print_stderr)]

use isopach_gpu::{Gpu, Options, Wanted};
use std::sync::OnceLock;

/// A real device, else one in software; one a process. `None`, loudly, where there is none; a failure where the variable `ISOPACH_REQUIRE_GPU` is set.
pub fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| open(Options::default())).as_ref()
}

/// Another one, with other options.
pub fn open(options: Options) -> Option<Gpu> {
    match Gpu::open(Wanted::Best, options.clone()).or_else(|_| Gpu::open(Wanted::Software, options)) {
        Ok(gpu) => Some(gpu),
        Err(absent) => {
            assert!(std::env::var_os("ISOPACH_REQUIRE_GPU").is_none(), "a device is required, but {absent}");
            eprintln!("NOT TESTED: {absent}");
            None
        }
    }
}

/// A number in [0, 1) from its position in a sequence.
pub fn random(i: usize) -> f64 {
    let mut z = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x0123_4567);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
