//! Programs that are run to their end, and the commands for it.

use crate::message::message;
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Output},
};

/// It ended with this code, and said the words in one line.
pub fn ends_within(output: &Output, code: i32, words: &[&str]) {
    let message = message(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    words
        .iter()
        .for_each(|word| assert!(message.contains(word), "{message:?} does not say {word:?}"));
    assert!(message.lines().count() <= 1, "{message}");
}

/// Its standard output; it must have ended well.
pub fn ended_well(output: &Output) -> String {
    ends_within(output, 0, &[]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// In the place of a file one that nobody can read, whoever asks: as where a server of files lost
/// it. What was there.
pub fn made_unreadable(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    symlink(path.file_name().unwrap(), path).unwrap();
    assert!(fs::read(path).is_err());
    bytes
}

/// The file is as it was.
pub fn made_whole(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Sends a signal.
pub fn send_signal(child: &Child, name: &str) {
    assert!(
        Command::new("kill")
            .args([name, &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}
