//! The identity of this machine among others that share its files.

use crate::fnv1a;
use std::{fs, sync::OnceLock};

/// The boot identifier of the system, which containers of one machine share, as they share its
/// locks; the name of the host if there is none.
pub(crate) fn machine_identity() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .map(|text| text.trim().to_owned());
    boot.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned())
}

/// The identity as eight hexadecimal digits, for names of files.
pub(crate) fn machine_digits() -> &'static str {
    static DIGITS: OnceLock<String> = OnceLock::new();
    DIGITS.get_or_init(|| format!("{:08x}", fnv1a(machine_identity().into_bytes()) as u32))
}
