//! Shared parts of isopach's programs: exit codes, console output, signals, profiles, claims,
//! options that choose devices.
//!
//! A run is a library ([`isopach-survey`], [`isopach-sun`]); a program around it reads a command
//! line, prints, and ends with a code that tells whether to start it again. This crate holds that
//! outer layer once, so that all programs behave alike.
//!
//! | module | contents |
//! |---|---|
//! | [`claims`] | workers that take pieces of a run one by one, with leases |
//! | [`codec_panics`] | keeps panics that become errors off the terminal |
//! | [`command_words`] | the command that was given, for reports and to run it again |
//! | [`console`] | lines on the terminal that survive a closed pipe |
//! | `device_args` | `--backend`, `--gpus`, `--gpu-memory` (feature `devices`) |
//! | [`escape`] | text in HTML and XML |
//! | [`exit`] | exit codes: refused, or try again |
//! | [`finished`] | results of an earlier run in the output folder |
//! | [`headless`] | quiet Vulkan loaders on machines without a desktop |
//! | [`listener`] | receives the messages of a run: a terminal, silence, your own type |
//! | [`machine`] | the machine and the commit that a number was measured on |
//! | [`measure`] | wall time, CPU time, peak memory |
//! | [`memory`] | amounts of memory: `2GiB` |
//! | [`printable`] | text of files made safe for a terminal |
//! | [`profile`] | parameters from a TOML file |
//! | [`run_folder`] | the output folder that processes of one run share |
//! | [`same_file`] | whether two paths are one file |
//! | [`shard`] | `--shard 2/5` |
//! | [`signals`] | a last line when a signal ends the program |
//! | [`write_file`] | small files, whole or not at all |
//!
//! ```
//! use isopach_program::{memory, printable::printable};
//!
//! assert_eq!(memory::parse_bytes("--memory", "2GiB"), Ok(2 << 30));
//! assert_eq!(printable("red \u{1b}[31m"), r"red \u001b[31m");
//! ```
//!
//! [`isopach-survey`]: https://docs.rs/isopach-survey
//! [`isopach-sun`]: https://docs.rs/isopach-sun

pub mod claims;
pub mod codec_panics;
pub mod command_words;
pub mod console;
#[cfg(feature = "devices")]
pub mod device_args;
mod error;
pub mod escape;
pub mod exit;
pub mod finished;
pub mod headless;
pub mod listener;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod printable;
pub mod profile;
pub mod run_folder;
pub mod same_file;
pub mod shard;
pub mod signals;
pub mod write_file;

pub use error::ProgramError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
