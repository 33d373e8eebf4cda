//! The command that was given, as one can give it again.

/// The whole command as a shell takes it. Everything that is found from the data is found again
/// from the same data.
pub(crate) fn complete() -> String {
    let arguments = std::env::args().skip(1).map(|argument| quoted(&argument));
    std::iter::once("terrain_change".to_owned())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word that a shell leaves as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./,:=+@%-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
