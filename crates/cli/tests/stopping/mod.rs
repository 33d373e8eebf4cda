//! Programs that are stopped in the middle of their work.

use std::{
    process::{Child, Command, Output},
    thread::sleep,
    time::Duration,
};

/// A program that has begun its work and was stopped before the end, as `is_between` says.
/// It is started again, after `clear`, where it was over before.
pub(crate) fn stop_between(
    mut start: impl FnMut() -> Command,
    mut has_begun: impl FnMut() -> bool,
    mut is_between: impl FnMut() -> bool,
    mut clear: impl FnMut(),
) -> Child {
    for _ in 0..20 {
        let mut child = start().spawn().unwrap();
        while !has_begun() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(1));
        }
        if child.try_wait().unwrap().is_none() {
            signal(&child, "-STOP");
            if is_between() {
                return child;
            }
            signal(&child, "-CONT");
        }
        child.wait().unwrap();
        clear();
    }
    panic!("it was never seen between its first and last piece of work");
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

/// What a program said of its end.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
