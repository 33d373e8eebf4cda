//! Values of a profile as words of the command line, as TOML and as JSON.

use super::{Key, Kind};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use toml::de::DeValue;

/// The option of a key. A test holds that each key has one.
pub(super) fn find_option<'a>(command: &'a Command, key: &Key) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_id() == key.option)
}

/// An option as people write it: `--cell`; `<BEFORE>` for a positional argument.
pub(super) fn option_name(command: &Command, id: &str) -> String {
    let long = command
        .get_arguments()
        .find(|arg| arg.get_id() == id)
        .and_then(Arg::get_long);
    long.map_or_else(
        || format!("<{}>", id.to_uppercase()),
        |long| format!("--{long}"),
    )
}

/// Whether an option has several values.
fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// The words of a value of a file; an error describes an invalid value.
pub(super) fn value_words(
    key: &Key,
    arg: &Arg,
    value: &DeValue<'_>,
) -> Result<Vec<String>, String> {
    if !is_list(arg) {
        return Ok(vec![value_word(key.kind, value)?]);
    }
    let DeValue::Array(array) = value else {
        return Err(format!(
            "must be an array of {}, in brackets, not {}",
            name_many(key.kind),
            name_value(value)
        ));
    };
    if array.is_empty() && !arg.get_default_values().is_empty() {
        return Err("must not be empty: leave the key out for the default".into());
    }
    let words = array
        .iter()
        .map(|value| value_word(key.kind, value.get_ref()));
    let words = words.collect::<Result<Vec<_>, _>>()?;
    // A list that is written with commas on the command line cannot have them in a value.
    let divided = arg
        .get_value_delimiter()
        .and_then(|comma| words.iter().find(|word| word.contains(comma)));
    divided.map_or(Ok(words.clone()), |word| {
        Err(format!(
            "{word:?} is more than one value: write one after the other"
        ))
    })
}

/// One value as a word of the command line.
fn value_word(kind: Kind, value: &DeValue<'_>) -> Result<String, String> {
    let wrong = || {
        Err(format!(
            "must be {}, not {}",
            name_one(kind),
            name_value(value)
        ))
    };
    match (kind, value) {
        (Kind::Number | Kind::Whole, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| wrong(), |number| Ok(number.to_string()))
        }
        (Kind::Number, DeValue::Float(number)) => number
            .as_str()
            .parse::<f64>()
            .map_or_else(|_| wrong(), |number| Ok(number.to_string())),
        (Kind::Flag, DeValue::Boolean(is_on)) => Ok(is_on.to_string()),
        (Kind::Text, DeValue::String(text)) => Ok(text.to_string()),
        _ => wrong(),
    }
}

fn name_one(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a number",
        Kind::Whole => "a whole number",
        Kind::Text => "text in quotes",
        Kind::Flag => "true or false",
    }
}

fn name_many(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "numbers",
        Kind::Whole => "whole numbers",
        Kind::Text => "texts in quotes",
        Kind::Flag => "true or false",
    }
}

/// The type of a value, for people.
fn name_value(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// The value in this run; `None` if there is none, or none that TOML can represent.
pub(super) fn of_run(key: &Key, arg: &Arg, matches: &ArgMatches) -> Option<toml::Value> {
    let raw = matches.get_raw(key.option);
    let mut values = raw
        .into_iter()
        .flatten()
        .map(|word| of_word(key.kind, word.to_str()?));
    if !is_list(arg) {
        return values.next()?;
    }
    values
        .collect::<Option<Vec<_>>>()
        .filter(|values| !values.is_empty())
        .map(toml::Value::Array)
}

fn of_word(kind: Kind, word: &str) -> Option<toml::Value> {
    match kind {
        Kind::Number => word.parse().ok().map(toml::Value::Float),
        // TOML has no whole number above that of `i64`; nothing that is counted here goes so far.
        Kind::Whole => word
            .parse::<u64>()
            .ok()
            .map(|n| toml::Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))),
        Kind::Text => Some(toml::Value::String(word.to_owned())),
        Kind::Flag => word.parse().ok().map(toml::Value::Boolean),
    }
}

/// A value as JSON; null if not finite, which JSON lacks.
pub(super) fn to_json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Float(number) if !number.is_finite() => json!(number.to_string()),
        toml::Value::Array(values) => values.iter().map(to_json).collect(),
        value => json!(value),
    }
}
