//! The parameters of a run in one TOML file: `--profile`, `--print-profile`, `--unset`.
//!
//! The options of the command line are the definition: a key of a profile stands for an option, and
//! its value in a file goes through the same parser as words of the command line. So types, ranges,
//! defaults and conflicts are decided in one place, and [`Key`] only maps an option to its place in
//! a file.

mod entry;
mod nearest;
mod print;
mod resolve;
mod source;
mod value;

use crate::command_words::CommandLine;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};
use isopach_compute::Result;
use serde_json::{Map, Value, json};

pub use resolve::{Stop, parse_arguments};

/// The place of an option in a profile.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table, without brackets.
    pub table: &'static str,
    /// The key, with the unit of its value.
    pub name: &'static str,
    /// The option, by its id in `clap`.
    pub option: &'static str,
    /// Type of the value; for an option with several values, of each.
    pub kind: Kind,
    /// Text for people: the value that applies if none is given; empty if the option has a default.
    pub absent: &'static str,
    /// Whether results depend on it.
    pub is_of_results: bool,
}

/// Type of a value in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, with or without a fraction.
    Number,
    /// A whole number.
    Whole,
    /// Text in quotes.
    Text,
    /// `true` or `false`.
    Flag,
}

impl Key {
    /// A key that results depend on.
    pub const fn of_results(
        table: &'static str,
        name: &'static str,
        option: &'static str,
        kind: Kind,
        absent: &'static str,
    ) -> Self {
        Self {
            table,
            name,
            option,
            kind,
            absent,
            is_of_results: true,
        }
    }

    /// A key that no result depends on.
    pub const fn of_conduct(
        table: &'static str,
        name: &'static str,
        option: &'static str,
        kind: Kind,
        absent: &'static str,
    ) -> Self {
        Self {
            is_of_results: false,
            ..Self::of_results(table, name, option, kind, absent)
        }
    }

    /// Table and key, as people name it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }
}

/// An option that has no effect if another is given. Options that exclude each other whatever their
/// values are conflicts of `clap`, and not listed here.
#[derive(Clone, Copy, Debug)]
pub struct Dead<A> {
    /// The option without effect.
    pub option: &'static str,
    /// The option that makes it so.
    pub by: &'static str,
    /// Whether that is so because the other is not given.
    pub is_missing: bool,
    /// Whether it is so.
    pub holds: fn(&A) -> bool,
}

/// Arguments of a program that can be given in a profile.
pub trait Profiled: CommandFactory + FromArgMatches + 'static {
    /// The program.
    const PROGRAM: &'static str;
    /// All keys, table by table.
    const KEYS: &'static [Key];
    /// Options without effect.
    const DEAD: &'static [Dead<Self>];
    /// The shipped profiles: name and text.
    const SHIPPED: &'static [(&'static str, &'static str)];

    /// The command of `clap` for a program of another name: `isopach change`.
    #[must_use]
    fn command_named(program: &str) -> Command {
        let command = Self::command();
        let help = command.get_after_help().map(ToString::to_string);
        match help {
            Some(help) if program != Self::PROGRAM => {
                command.after_help(help.replace(Self::PROGRAM, program))
            }
            _ => command,
        }
    }

    /// Options whose value follows from others if neither command line nor profile has them, and
    /// the words of their values.
    fn implied_options(_given: &ArgMatches) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Refuses values that make no sense, before anything is read.
    ///
    /// # Errors
    /// Names the invalid value and its valid range.
    fn check(&self) -> Result<()>;

    /// The options that name a profile.
    fn profile_args(&mut self) -> &mut ProfileArgs;
}

/// Options of the command line about profiles.
#[derive(Args, Clone, Debug, Default)]
pub struct ProfileArgs {
    /// Parameters from a TOML file, or from a shipped profile by its name (docs/profiles.md). The
    /// command line overrides the profile, which overrides the defaults. A file that has the name
    /// of a shipped profile is given as a path: ./drone. A flag that a profile has on is switched
    /// off with =false, as --keep-noise=false
    #[arg(long, value_name = "FILE|NAME")]
    pub profile: Option<std::path::PathBuf>,
    /// Print all parameters that a run with these arguments has, as a profile, and end: nothing is
    /// read or written
    #[arg(long)]
    pub print_profile: bool,
    /// Keys of the profile that do not count, separated by commas: as if the file did not have them
    #[arg(long, value_name = "KEY", value_delimiter = ',', requires = "profile")]
    pub unset: Vec<String>,
    /// The parameters that the run has.
    #[arg(skip)]
    pub resolved: Resolved,
    /// The command that was given.
    #[arg(skip)]
    pub command: CommandLine,
}

/// The resolved parameters of a run, whatever their origin.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The given profile; `None` without one.
    given: Option<Given>,
    /// All keys with their values; `None` if the data decide, or if no value applies.
    values: Vec<(Key, Option<toml::Value>)>,
}

/// A profile, as summary.json names it.
#[derive(Clone, Debug)]
struct Given {
    name: String,
    is_shipped: bool,
}

impl Resolved {
    /// The profile and all parameters, as summary.json has them: null without a profile.
    pub fn to_json(&self) -> Value {
        match &self.given {
            Some(given) => {
                json!({ "name": given.name, "shipped": given.is_shipped, "values": self.to_tables(|_| true) })
            }
            None => Value::Null,
        }
    }

    /// The parameters that results depend on, by table and key; null if the data decide.
    pub fn of_results(&self) -> Value {
        self.to_tables(|key| key.is_of_results)
    }

    fn to_tables(&self, has: impl Fn(&Key) -> bool) -> Value {
        let mut tables = Map::new();
        for (key, value) in self.values.iter().filter(|(key, _)| has(key)) {
            let table = tables.entry(key.table).or_insert_with(|| json!({}));
            table[key.name] = value.as_ref().map_or(Value::Null, value::to_json);
        }
        Value::Object(tables)
    }
}
