//! The words of a command line.

/// A command without some options: those that have a value, as a word of its own or behind `=`, and
/// those that have none.
pub fn without(
    command: impl Iterator<Item = String>,
    with_value: &[&str],
    without_value: &[&str],
) -> Vec<String> {
    let mut kept = Vec::new();
    let mut is_value = false;
    for word in command {
        if std::mem::take(&mut is_value) {
            continue;
        }
        let (name, value) = word
            .split_once('=')
            .map_or((&word[..], None), |(name, value)| (name, Some(value)));
        if with_value.contains(&name) {
            is_value = value.is_none();
        } else if !without_value.contains(&name) {
            kept.push(word);
        }
    }
    kept
}
