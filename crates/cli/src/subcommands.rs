//! Subcommands: which there are, and how each runs.

use crate::{PROGRAM, devices, extract, info};
use clap::{Arg, Command, value_parser};
use clap_complete::{Shell, generate};
use isopach_program::profile::{Profiled as _, Stop};
use isopach_sun::EmissionOptions;
use isopach_survey::{ChangeOptions, colour, features, patches};
use std::{ffi::OsString, io::Write as _, process::ExitCode};

/// A program under its own name.
struct Subcommand {
    name: &'static str,
    about: &'static str,
    /// The subcommand that runs it; itself, but for `plan` and `merge`.
    runs: &'static str,
    /// An option that is added to its words.
    adds: Option<&'static str>,
    command: fn(&str) -> Command,
    main: fn(&str, &[OsString]) -> ExitCode,
}

/// All but `completions`.
const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "change",
        about: "Compare two LiDAR epochs: maps, point clouds, volumes, a report and a page",
        runs: "change",
        adds: None,
        command: ChangeOptions::command_named,
        main: isopach_survey::main,
    },
    Subcommand {
        name: "plan",
        about: "Prepare a change run for many machines: change --plan",
        runs: "change",
        adds: Some("--plan"),
        command: ChangeOptions::command_named,
        main: isopach_survey::main,
    },
    Subcommand {
        name: "merge",
        about: "Merge the shards of a change run: change --merge",
        runs: "change",
        adds: Some("--merge"),
        command: ChangeOptions::command_named,
        main: isopach_survey::main,
    },
    Subcommand {
        name: "emission",
        about: "Differential emission measure of images of the Sun",
        runs: "emission",
        adds: None,
        command: EmissionOptions::command_named,
        main: isopach_sun::main,
    },
    Subcommand {
        name: "features",
        about: "Features of points: linearity, planarity, normals, roughness, at any scale",
        runs: "features",
        adds: None,
        command: |_| features::command(),
        main: features::main,
    },
    Subcommand {
        name: "colour",
        about: "Colours of points from orthophotos, with near infrared and vegetation index",
        runs: "colour",
        adds: None,
        command: |_| colour::command(),
        main: colour::main,
    },
    Subcommand {
        name: "patches",
        about: "Square patches for machine learning: samples with attributes and features",
        runs: "patches",
        adds: None,
        command: |_| patches::command(),
        main: patches::main,
    },
    Subcommand {
        name: "perspectives",
        about: "Cut 360° frames or a video into perspective views, with a rig and masks for COLMAP",
        runs: "perspectives",
        adds: None,
        command: |_| isopach_perspectives::command(),
        main: isopach_perspectives::main,
    },
    Subcommand {
        name: "info",
        about: "Show the header, coordinate system, extent and classes of LAS, LAZ and COPC files",
        runs: "info",
        adds: None,
        command: |_| info::command(),
        main: info::main,
    },
    Subcommand {
        name: "extract",
        about: "Copy a rectangle or some classes of a LAS, LAZ or COPC file",
        runs: "extract",
        adds: None,
        command: |_| extract::command(),
        main: extract::main,
    },
    Subcommand {
        name: "devices",
        about: "List, check and time the GPUs of this machine",
        runs: "devices",
        adds: None,
        command: |_| devices::command(),
        main: devices::main,
    },
];

impl Subcommand {
    fn command(&self) -> Command {
        let command = (self.command)(&full_name(self.name));
        command
            .name(self.name)
            .about(self.about)
            .long_about(None::<&str>)
    }

    /// Runs it with the words behind its name.
    fn run(&self, arguments: &[OsString]) -> ExitCode {
        let name = full_name(self.runs);
        let mut words = vec![OsString::from(&name)];
        words.extend_from_slice(arguments);
        if let Some(option) = self.adds
            && !arguments.iter().any(|word| word == option)
        {
            words.push(option.into());
        }
        (self.main)(&name, &words)
    }
}

fn full_name(subcommand: &str) -> String {
    format!("{PROGRAM} {subcommand}")
}

/// The whole command of `clap`, with all subcommands and their options.
#[must_use]
pub fn command() -> Command {
    let shell = Arg::new("shell")
        .required(true)
        .value_parser(value_parser!(Shell));
    let completions = Command::new("completions")
        .about("Print a script that completes commands in a shell")
        .arg(shell);
    Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Change between LiDAR epochs, and the emission measure of the Sun")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(SUBCOMMANDS.iter().map(Subcommand::command))
        .subcommand(completions)
}

/// Runs the program: takes `words` (the program's own name first), prints, and returns the exit
/// code.
#[must_use]
pub fn main(words: &[OsString]) -> ExitCode {
    let named = words.get(1).and_then(|word| word.to_str());
    if let Some(subcommand) = SUBCOMMANDS.iter().find(|known| Some(known.name) == named) {
        return subcommand.run(&words[2..]);
    }
    match command().try_get_matches_from(words) {
        Err(error) => Stop::Usage(error).end_program(PROGRAM),
        Ok(matches) => {
            let shell = matches
                .subcommand_matches("completions")
                .and_then(|of| of.get_one::<Shell>("shell"));
            match shell {
                Some(shell) => print_completions(*shell),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// Prints the completions of a shell.
fn print_completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    generate(shell, &mut command(), PROGRAM, &mut script);
    // The reader of a pipe may have gone.
    let _ = std::io::stdout().write_all(&script);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound_and_has_every_subcommand() {
        let mut command = command();
        command.build();
        command.clone().debug_assert();
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        for expected in SUBCOMMANDS.iter().map(|known| known.name) {
            assert!(names.contains(&expected), "{expected} in {names:?}");
        }
        assert!(names.contains(&"completions"));
    }

    #[test]
    fn examples_in_help_name_the_subcommand() {
        let change = SUBCOMMANDS[0].command();
        let help = change.get_after_help().unwrap().to_string();
        assert!(help.contains("isopach change 2015.laz"), "{help}");
        assert!(!help.contains("terrain_change"), "{help}");
    }
}
