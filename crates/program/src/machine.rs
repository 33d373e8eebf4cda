//! The machine that a number was measured on.

use std::{fs, process::Command};

/// The operating system, CPU and threads of this machine, as the system reports them.
pub fn describe_machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(": ")
            .map(|(_, name)| name)
    });
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "{}, {cores} cores, {} {}",
        model.unwrap_or("?"),
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}

/// The commit of the build, with a plus for uncommitted changes; "unknown" outside a checkout.
///
/// The commit of the sources; a program for another machine gets it at build time
/// (`ISOPACH_COMMIT`, by scripts/pack_for_device.sh).
pub fn built_commit() -> String {
    if let Some(built) = option_env!("ISOPACH_COMMIT") {
        return built.into();
    }
    let Some(commit) = run_git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".into();
    };
    let changed = run_git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|changes| !changes.is_empty());
    if changed { commit + "+" } else { commit }
}

/// The output of git; `None` where it fails.
fn run_git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
