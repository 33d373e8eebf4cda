//! The program `isopach`: all programs as subcommands of one command.
//!
//! ```text
//! isopach change before.laz after.laz --classes 2 --out result
//! isopach emission aia_*.fits --out result
//! isopach features survey/ out.laz --radius 0.5,1,2 --height tin
//! isopach perspectives walk/ views --views colmap
//! isopach info survey.copc.laz
//! isopach extract survey.copc.laz part.laz --within 512000,5401000,512100,5401100
//! isopach devices --check
//! isopach plan old/ new/ --out result      then, on many machines: isopach change … --shard 1/24
//! isopach merge old/ new/ --out result
//! isopach completions bash > /etc/bash_completion.d/isopach
//! ```
//!
//! `cargo install --path crates/cli` installs it. Each subcommand is a library as well: change runs
//! are [`isopach_survey`], emission measure runs [`isopach_sun`], runs over 360° frames
//! [`isopach_perspectives`]; [`info`], [`extract`] and
//! [`devices`] are here. [`main`] takes a command line and returns an exit code:
//!
//! ```
//! use std::process::ExitCode;
//!
//! let words = ["isopach", "completions", "fish"].map(Into::into);
//! assert_eq!(isopach_cli::main(&words), ExitCode::SUCCESS);
//! ```

pub mod devices;
pub mod extract;
pub mod info;
mod subcommands;

pub use subcommands::{command, main};

/// The program.
pub(crate) const PROGRAM: &str = "isopach";
