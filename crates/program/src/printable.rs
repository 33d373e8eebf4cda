//! Text of a file on its way to a terminal, which obeys control characters.

use std::fmt::Write as _;

/// Text in which control characters, and those that turn the direction of writing, are written as
/// JSON does: `\u001b`.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_control(letter) {
            let _ = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Whether a terminal does something else than show it.
fn is_control(letter: char) -> bool {
    let turns = matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns
}
