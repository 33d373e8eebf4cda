//! The known name that is most like one that is not known.

use super::Key;

/// Letters of a name that are looked at: no key has as many, and a file may be hostile.
const LETTERS: usize = 64;

/// The known key nearest to `name` in `table`, by the key's own name or that of its option. Of two
/// equally near, one of the same table.
pub(super) fn nearest_key<'a>(keys: &'a [Key], table: &str, name: &str) -> Option<&'a Key> {
    let table = shorten_name(table);
    let name = shorten_name(name);
    let score = |key: &Key| {
        let of_name = likeness(key.name, &name).max(likeness(key.option, &name.replace('-', "_")));
        of_name + 0.1 * likeness(key.table, &table)
    };
    keys.iter().max_by(|a, b| score(a).total_cmp(&score(b)))
}

/// The one of `known` that is most like `name`.
pub(super) fn nearest_word<'a>(
    known: impl IntoIterator<Item = &'a str>,
    name: &str,
) -> Option<&'a str> {
    let name = shorten_name(name);
    known
        .into_iter()
        .max_by(|a, b| likeness(a, &name).total_cmp(&likeness(b, &name)))
}

/// Similarity of two names, as `clap` compares options: 1 if equal, 0 if they have nothing in
/// common.
fn likeness(known: &str, name: &str) -> f64 {
    strsim::jaro_winkler(known, name)
}

/// Shortens a name for an error message.
pub(super) fn shorten_name(name: &str) -> String {
    name.chars().take(LETTERS).collect()
}
