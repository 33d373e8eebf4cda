//! The entries of a profile: keys that the program knows, and the words of their values.

use super::{Key, Kind, Profiled, nearest, source::Source, value};
use crate::ProgramError;
use clap::Command;
use isopach_compute::{Error, Result};
use std::ffi::OsString;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// A key that a profile has.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: &'static Key,
    /// Offset of the value in the text, bytes.
    pub(super) at: usize,
    /// The words of the value; none for an empty list.
    words: Vec<String>,
}

impl Entry {
    /// Whether anything is other than without it. A flag that is off is off, and a list that is
    /// empty is so without it.
    pub(super) fn says_something(&self) -> bool {
        let is_off = self.key.kind == Kind::Flag && self.words == ["false"];
        !is_off && !self.words.is_empty()
    }

    /// The equivalent words of the command line.
    pub(super) fn to_arguments(&self, command: &Command) -> Vec<OsString> {
        let option = value::option_name(command, self.key.option);
        self.words
            .iter()
            .map(|word| format!("{option}={word}").into())
            .collect()
    }
}

/// All keys of a profile in the order of its lines.
///
/// # Errors
/// Names the line of invalid TOML, of an unknown key, or of a value of the wrong type.
pub(super) fn read_entries<A: Profiled>(source: &Source, command: &Command) -> Result<Vec<Entry>> {
    let document = DeTable::parse(&source.text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        source.error_at(at, &format!("no TOML: {}", error.message()))
    })?;
    let mut entries = Vec::new();
    for (name, value) in in_order(document.get_ref()) {
        match value.get_ref() {
            DeValue::Table(table) if A::KEYS.iter().any(|key| key.table == name.get_ref()) => {
                for member in in_order(table) {
                    entries.push(read_entry::<A>(source, command, name.get_ref(), member)?);
                }
            }
            DeValue::Table(_) => return Err(unknown_table::<A>(source, name)),
            _ => return Err(unknown_key::<A>(source, "", name)),
        }
    }
    Ok(entries)
}

/// The members of a table in the order of the text.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut members: Vec<_> = table.iter().collect();
    members.sort_by_key(|(name, _)| name.span().start);
    members
}

fn read_entry<A: Profiled>(
    source: &Source,
    command: &Command,
    table: &str,
    (name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>),
) -> Result<Entry> {
    let known = A::KEYS
        .iter()
        .find(|key| key.table == table && key.name == name.get_ref());
    let Some(key) = known else {
        return Err(unknown_key::<A>(source, table, name));
    };
    let Some(arg) = value::find_option(command, key) else {
        return Err(unknown_key::<A>(source, table, name));
    };
    let at = name.span().start;
    let words = value::value_words(key, arg, value.get_ref());
    let words =
        words.map_err(|problem| source.error_at(at, &format!("{}: {problem}", key.full_name())))?;
    Ok(Entry { key, at, words })
}

fn unknown_table<A: Profiled>(source: &Source, name: &Spanned<DeString<'_>>) -> Error {
    let meant = nearest::nearest_word(A::KEYS.iter().map(|key| key.table), name.get_ref())
        .unwrap_or_default();
    let shown = nearest::shorten_name(name.get_ref());
    source.error_at(
        name.span().start,
        &format!("unknown table [{shown}]: did you mean [{meant}]?"),
    )
}

/// `table`: empty if the key is outside of tables.
fn unknown_key<A: Profiled>(source: &Source, table: &str, name: &Spanned<DeString<'_>>) -> Error {
    let place = if table.is_empty() {
        "outside of tables".to_owned()
    } else {
        format!("in [{table}]")
    };
    let meant = nearest::nearest_key(A::KEYS, table, name.get_ref());
    let meant = meant
        .map(|key| {
            if key.table == table {
                key.name.to_owned()
            } else {
                key.full_name()
            }
        })
        .unwrap_or_default();
    let shown = nearest::shorten_name(name.get_ref());
    source.error_at(
        name.span().start,
        &format!("unknown key `{shown}` {place}: did you mean `{meant}`?"),
    )
}

/// The entries without those of keys that do not count.
///
/// # Errors
/// Names a key that the program does not know.
pub(super) fn remove_unset<A: Profiled>(
    entries: Vec<Entry>,
    unset: &[String],
) -> Result<Vec<Entry>> {
    for name in unset {
        if !A::KEYS.iter().any(|key| is_named(key, name)) {
            let (table, key) = name.split_once('.').unwrap_or(("", name));
            let meant = nearest::nearest_key(A::KEYS, table, key)
                .map(Key::full_name)
                .unwrap_or_default();
            let shown = nearest::shorten_name(name);
            return Err(ProgramError::UnknownKey {
                key: shown,
                nearest: meant,
            }
            .into());
        }
    }
    Ok(entries
        .into_iter()
        .filter(|entry: &Entry| !unset.iter().any(|name| is_named(entry.key, name)))
        .collect())
}

fn is_named(key: &Key, name: &str) -> bool {
    key.name == name || key.full_name() == name
}
