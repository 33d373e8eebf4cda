//! Combines the command line and a profile to the arguments of a run.
//!
//! The command line overrides the profile. A key of the profile that a word of the command line
//! excludes or leaves without effect is dropped; two such keys of a profile are an error, and so
//! are two such words of the command line.

use super::{
    Dead, Given, Profiled, Resolved,
    entry::{self, Entry},
    print,
    source::Source,
    value,
};
use crate::{ProgramError, command_words::CommandLine, exit};
use clap::{
    ArgMatches, Command,
    error::{ContextKind, ErrorKind},
    parser::ValueSource,
};
use isopach_compute::Error;
use std::{
    error::Error as _,
    ffi::OsString,
    fmt,
    io::{ErrorKind as ErrorKindOfFile, Write as _},
    process::ExitCode,
};

/// Why there are no arguments to run with.
#[derive(Debug)]
pub enum Stop {
    /// Help, or a command line that `clap` refuses.
    Usage(clap::Error),
    /// A profile or a value that is refused.
    Refused(Error),
    /// The profile of the run, which was to be printed.
    Print(String),
}

impl Stop {
    /// Prints the error or the requested text; returns the exit code.
    pub fn end_program(self, program: &str) -> ExitCode {
        match self {
            Self::Usage(error) => {
                let _ = error.print();
                u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
            }
            Self::Refused(error) => exit::report_error(program, &error),
            Self::Print(text) => match std::io::stdout().write_all(text.as_bytes()) {
                Err(error) if error.kind() != ErrorKindOfFile::BrokenPipe => {
                    exit::report_error(program, &error)
                }
                _ => ExitCode::SUCCESS,
            },
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Print(_) => {
                f.write_str("--print-profile prints the parameters only: leave it out to run")
            }
        }
    }
}

impl std::error::Error for Stop {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Usage(error) => Some(error),
            Self::Refused(error) => Some(error),
            Self::Print(_) => None,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// The words of the command line and of the profile.
struct Words<'a> {
    command: &'a Command,
    /// The command line.
    said: &'a [OsString],
    /// `clap`'s matches of the command line alone.
    alone: &'a ArgMatches,
    source: Option<Source>,
    entries: Vec<Entry>,
}

/// Parses and checks the arguments of a run of `program`; the first of the words is how it was
/// called.
///
/// # Errors
/// [`Stop`].
pub fn parse_arguments<A: Profiled>(program: &str, said: &[OsString]) -> Result<A, Stop> {
    let mut command = A::command_named(program);
    command.build();
    // Errors of the command line are found when everything is known: an option may need one that
    // the profile has.
    let alone = command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(said)
        .map_err(Stop::Usage)?;
    let source = match alone.get_one::<std::path::PathBuf>("profile") {
        Some(given) => Some(Source::open(given, A::SHIPPED)?),
        None => None,
    };
    let mut words = Words {
        command: &command,
        said,
        alone: &alone,
        source,
        entries: Vec::new(),
    };
    words.read_entries::<A>()?;
    words.check_conflicts()?;
    let (mut arguments, matches) = words.parse_words::<A>()?;
    let given = words.source.as_ref().map(|s| Given {
        name: s.name.clone(),
        is_shipped: s.is_shipped,
    });
    let of_run = |key: &super::Key| {
        Some((
            *key,
            value::of_run(key, value::find_option(&command, key)?, &matches),
        ))
    };
    let values: Vec<_> = A::KEYS.iter().filter_map(of_run).collect();
    let is_printed = arguments.profile_args().print_profile;
    if is_printed {
        let text = print::print_profile(&arguments, &command, &matches, &values);
        return Err(Stop::Print(text));
    }
    let profile_args = arguments.profile_args();
    profile_args.resolved = Resolved { given, values };
    profile_args.command = CommandLine::new(program, said);
    Ok(arguments)
}

impl Words<'_> {
    fn is_said(&self, option: &str) -> bool {
        self.alone.value_source(option) == Some(ValueSource::CommandLine)
    }

    /// Whether the command line sets the option, and does not switch it off.
    fn is_on(&self, option: &str) -> bool {
        is_given(self.alone, option)
    }

    fn entry(&self, option: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.option == option)
    }

    /// An error about an entry.
    fn refuse_entry(&self, entry: &Entry, problem: &str) -> Error {
        let problem = format!("{}: {problem}", entry.key.full_name());
        match &self.source {
            Some(source) => source.error_at(entry.at, &problem),
            None => ProgramError::Parameter { problem }.into(),
        }
    }

    /// Reads the entries of the profile that the command line does not override.
    fn read_entries<A: Profiled>(&mut self) -> Result<(), Error> {
        let Some(source) = &self.source else {
            return Ok(());
        };
        let unset = self
            .alone
            .get_many::<String>("unset")
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>();
        let entries =
            entry::remove_unset::<A>(entry::read_entries::<A>(source, self.command)?, &unset)?;
        let implied = A::implied_options(self.alone);
        // An empty list is an override only if the option would not be empty without it.
        let is_implied = |entry: &Entry| {
            implied
                .iter()
                .any(|(option, _)| *option == entry.key.option)
        };
        let counting: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.says_something() || is_implied(entry))
            .collect();
        self.entries = counting
            .into_iter()
            .filter(|entry: &Entry| !self.is_said(entry.key.option))
            .collect();
        Ok(())
    }

    /// Refuses keys of the profile that exclude each other, and leaves out those that the command
    /// line excludes.
    fn check_conflicts(&mut self) -> Result<(), Error> {
        let is_excluded = |entry: &Entry| {
            conflicting_options(self.command, entry.key.option)
                .iter()
                .any(|other| self.is_on(other))
        };
        self.entries = self
            .entries
            .iter()
            .filter(|entry| !is_excluded(entry))
            .cloned()
            .collect();
        for entry in &self.entries {
            let others = conflicting_options(self.command, entry.key.option);
            if let Some(other) = others.iter().find_map(|other| self.entry(other)) {
                return Err(self.refuse_entry(
                    entry,
                    &format!("has no effect with {}", other.key.full_name()),
                ));
            }
        }
        Ok(())
    }

    /// The arguments, checked, without entries that the command line leaves without effect.
    fn parse_words<A: Profiled>(&mut self) -> Result<(A, ArgMatches), Stop> {
        loop {
            let matches = self.match_words::<A>(self.entries.iter())?;
            let arguments = A::from_arg_matches(&matches).map_err(Stop::Usage)?;
            self.check_values(&arguments)?;
            let dead = A::DEAD
                .iter()
                .filter(|dead: &&Dead<A>| {
                    self.is_said(dead.option) || self.entry(dead.option).is_some()
                })
                .find(|dead| (dead.holds)(&arguments));
            let Some(dead) = dead else {
                return Ok((arguments, matches));
            };
            match self.entry(dead.option) {
                // An option that is not a key (an input or a share of the work) overrides no
                // parameter.
                Some(_) if is_key::<A>(dead.by) && self.is_said(dead.by) => {
                    self.entries.retain(|entry| entry.key.option != dead.option)
                }
                Some(entry) => return Err(self.refuse_entry(entry, &self.no_effect(dead)).into()),
                None => {
                    let option = value::option_name(self.command, dead.option);
                    let reason = self.no_effect(dead);
                    return Err(Error::from(ProgramError::NoEffect { option, reason }).into());
                }
            }
        }
    }

    /// The reason that an option has no effect, with the place of the other one.
    fn no_effect<A>(&self, dead: &Dead<A>) -> String {
        let by = self.entry(dead.by).map(|entry| entry.key.full_name());
        let by = by.unwrap_or_else(|| value::option_name(self.command, dead.by));
        print::no_effect(dead.is_missing, &by)
    }

    /// `clap`'s matches of these entries and the command line.
    fn match_words<'e, A: Profiled>(
        &self,
        entries: impl Iterator<Item = &'e Entry> + Clone,
    ) -> Result<ArgMatches, Stop> {
        let of_file = entries
            .clone()
            .flat_map(|entry| entry.to_arguments(self.command));
        let is_given = |option: &str| {
            self.is_said(option) || entries.clone().any(|entry| entry.key.option == option)
        };
        let implied = A::implied_options(self.alone)
            .into_iter()
            .filter(|(option, _)| !is_given(option));
        let implied = implied.map(|(option, word)| {
            format!("{}={word}", value::option_name(self.command, option)).into()
        });
        let words = self
            .said
            .iter()
            .take(1)
            .cloned()
            .chain(implied)
            .chain(of_file);
        let words = words.chain(self.said.iter().skip(1).cloned());
        self.command
            .clone()
            .try_get_matches_from(words)
            .map_err(|error| self.explain_error(error))
    }

    /// Rewords an error of `clap` to name the entry that it is about, if any.
    fn explain_error(&self, error: clap::Error) -> Stop {
        let about = error
            .get(ContextKind::InvalidArg)
            .map(ToString::to_string)
            .unwrap_or_default();
        // An invalid value of the command line is its own fault, even if the profile has the same
        // option.
        if let Err(alone) = self.command.clone().try_get_matches_from(self.said)
            && alone
                .get(ContextKind::InvalidArg)
                .is_some_and(|arg| arg.to_string() == about)
        {
            return Stop::Usage(alone);
        }
        let name = about.split([' ', '=', '[']).next().unwrap_or_default();
        let Some(entry) = self
            .entries
            .iter()
            .find(|entry: &&Entry| value::option_name(self.command, entry.key.option) == name)
        else {
            return self.explain_missing(error);
        };
        let context = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
        let value = context(ContextKind::InvalidValue);
        let problem = match error.kind() {
            ErrorKind::InvalidValue => {
                let meant = context(ContextKind::SuggestedValue);
                let meant = if meant.is_empty() {
                    meant
                } else {
                    format!(": did you mean {meant:?}?")
                };
                format!(
                    "{value:?} is not one of {}{meant}",
                    context(ContextKind::ValidValue)
                )
            }
            _ => match error.source() {
                Some(cause) => format!("{value}: {cause}"),
                None => error.kind().to_string(),
            },
        };
        self.refuse_entry(entry, &problem).into()
    }

    /// Rewords an error of `clap` about a missing option to name the entry that needs it.
    fn explain_missing(&self, error: clap::Error) -> Stop {
        let fails = |entries: &[&Entry]| {
            let words = entries
                .iter()
                .flat_map(|entry| entry.to_arguments(self.command));
            let words = self.said.iter().cloned().chain(words);
            let refused = self.command.clone().try_get_matches_from(words).err();
            refused.is_some_and(|refused| refused.kind() == error.kind())
        };
        if error.kind() != ErrorKind::MissingRequiredArgument || fails(&[]) {
            return Stop::Usage(error);
        }
        let Some(entry) = self.entries.iter().find(|entry| fails(&[entry])) else {
            return Stop::Usage(error);
        };
        let needed = error
            .get(ContextKind::InvalidArg)
            .map(ToString::to_string)
            .unwrap_or_default();
        self.refuse_entry(entry, &print::no_effect(true, &needed))
            .into()
    }

    /// Refuses invalid values, and names the entry at fault: the profile's entry if the command
    /// line alone is valid.
    fn check_values<A: Profiled>(&self, arguments: &A) -> Result<(), Error> {
        let Err(error) = arguments.check() else {
            return Ok(());
        };
        let problem = error.to_string();
        if self.has_problem::<A>(std::iter::empty(), &problem) {
            return Err(error);
        }
        let alone = self
            .entries
            .iter()
            .find(|entry| self.has_problem::<A>(std::iter::once(*entry), &problem));
        // Of several that do not fit together, the one that the problem begins with.
        let begins = |entry: &&Entry| {
            problem.starts_with(&format!(
                "{} ",
                value::option_name(self.command, entry.key.option)
            ))
        };
        let at_fault = alone.or_else(|| self.entries.iter().find(begins));
        Err(at_fault.map_or(error, |entry| self.refuse_entry(entry, &problem)))
    }

    /// Whether the command line has this problem with these entries.
    fn has_problem<'e, A: Profiled>(
        &self,
        entries: impl Iterator<Item = &'e Entry> + Clone,
        problem: &str,
    ) -> bool {
        let matches = self.match_words::<A>(entries);
        let arguments = matches
            .ok()
            .and_then(|matches| A::from_arg_matches(&matches).ok());
        arguments.is_some_and(|arguments| {
            arguments
                .check()
                .is_err_and(|error| error.to_string() == problem)
        })
    }
}

/// Whether an option was given, and not as a flag that is off.
pub(super) fn is_given(matches: &ArgMatches, option: &str) -> bool {
    let is_off = || {
        matches
            .get_raw(option)
            .is_some_and(|mut words| words.all(|word| word == "false"))
    };
    matches.value_source(option) == Some(ValueSource::CommandLine) && !is_off()
}

fn is_key<A: Profiled>(option: &str) -> bool {
    A::KEYS.iter().any(|key| key.option == option)
}

/// The options that exclude this one, in either's definition.
pub(super) fn conflicting_options(command: &Command, option: &str) -> Vec<String> {
    let excludes = |a: &clap::Arg, b: &str| {
        command
            .get_arg_conflicts_with(a)
            .iter()
            .any(|arg| arg.get_id() == b)
    };
    let this = command.get_arguments().find(|arg| arg.get_id() == option);
    command
        .get_arguments()
        .filter(|arg: &&clap::Arg| {
            excludes(arg, option) || this.is_some_and(|this| excludes(this, arg.get_id().as_str()))
        })
        .map(|arg| arg.get_id().to_string())
        .collect()
}
