//! Machines without a desktop: without XDG_RUNTIME_DIR, some Vulkan loaders write a line to stderr
//! although nothing is displayed.

/// Restarts the program with a folder for the loader if the environment has none. The line is
/// written by a library, which reads only the environment, and a process cannot safely change its
/// own.
#[cfg(target_os = "linux")]
pub fn quiet_loader() {
    use std::{env, os::unix::process::CommandExt, process::Command};
    const NAME: &str = "XDG_RUNTIME_DIR";
    if env::var_os(NAME).is_some() {
        return;
    }
    if let Ok(program) = env::current_exe() {
        let mut words = env::args_os();
        let mut command = Command::new(program);
        if let Some(name) = words.next() {
            command.arg0(name);
        }
        // It returns only on failure: then the line is written.
        let _ = command.args(words).env(NAME, env::temp_dir()).exec();
    }
}

/// Does nothing: only Linux has such loaders.
#[cfg(not(target_os = "linux"))]
pub fn quiet_loader() {}
