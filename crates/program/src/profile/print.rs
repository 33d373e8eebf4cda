//! The parameters of a run as a profile that gives them back.

use super::{Key, Profiled, resolve, value};
use clap::{ArgMatches, Command};
use std::fmt::Write as _;

/// Formats the profile of a run: every key with its value, its option and its meaning. Keys without
/// a value, or without effect, are comments.
pub(super) fn print_profile<A: Profiled>(
    arguments: &A,
    command: &Command,
    matches: &ArgMatches,
    values: &[(Key, Option<toml::Value>)],
) -> String {
    let mut text = format!(
        "# The parameters of a run of {} {}, for --profile. Keys in comments have no value;\n# the comment states the reason.\n",
        A::PROGRAM,
        env!("CARGO_PKG_VERSION")
    );
    let implied = A::implied_options(matches);
    // Without a value something else would hold.
    let is_implied = |key: &Key| implied.iter().any(|(option, _)| *option == key.option);
    let mut table = "";
    for (key, value) in values {
        if key.table != table {
            let _ = write!(text, "\n[{}]\n", key.table);
            table = key.table;
        }
        let option = value::option_name(command, key.option);
        let _ = writeln!(text, "# {} ({option})", describe_key(command, key));
        // A flag that is off excludes nothing, and nothing excludes it.
        let is_off = *value == Some(toml::Value::Boolean(false));
        let why = if is_off {
            None
        } else {
            why_dead(arguments, command, key, matches)
        };
        let line = match (why, value) {
            (Some(why), _) => format!("# {} {why}", key.name),
            (None, Some(value)) => format!("{} = {value}", key.name),
            (None, None) if is_implied(key) => format!("{} = []", key.name),
            (None, None) => format!("# {} is {}", key.name, key.absent),
        };
        text += &line;
        text.push('\n');
    }
    text
}

/// The help text of an option, on one line.
fn describe_key(command: &Command, key: &Key) -> String {
    let help = value::find_option(command, key)
        .and_then(clap::Arg::get_help)
        .map(ToString::to_string);
    help.unwrap_or_default().replace('\n', " ")
}

/// The reason that a key has no effect in this run; `None` if it has an effect.
fn why_dead<A: Profiled>(
    arguments: &A,
    command: &Command,
    key: &Key,
    matches: &ArgMatches,
) -> Option<String> {
    let name = |option: &str| {
        let key = A::KEYS.iter().find(|key| key.option == option);
        key.map_or_else(|| value::option_name(command, option), Key::full_name)
    };
    if let Some(dead) = A::DEAD
        .iter()
        .find(|dead| dead.option == key.option && (dead.holds)(arguments))
    {
        return Some(no_effect(dead.is_missing, &name(dead.by)));
    }
    let by = resolve::conflicting_options(command, key.option)
        .into_iter()
        .find(|option| resolve::is_given(matches, option))?;
    Some(no_effect(false, &name(&by)))
}

/// Has no effect: why.
pub(super) fn no_effect(is_missing: bool, by: &str) -> String {
    format!(
        "has no effect {} {by}",
        if is_missing { "without" } else { "with" }
    )
}
