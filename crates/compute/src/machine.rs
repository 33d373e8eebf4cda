//! What tells this machine from others that share its files.

use crate::fnv1a;
use std::{fs, sync::OnceLock};

/// What the system calls itself since it was started; containers of one machine, which share its
/// locks, have it in common. Else the name of the host.
pub(crate) fn identity() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .map(|text| text.trim().to_owned());
    boot.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned())
}

/// The same as eight digits, for names of files.
pub(crate) fn machine() -> &'static str {
    static DIGITS: OnceLock<String> = OnceLock::new();
    DIGITS.get_or_init(|| format!("{:08x}", fnv1a(identity().into_bytes()) as u32))
}
