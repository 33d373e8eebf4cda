//! The program `devices`: the GPUs of this machine, their capabilities, and their speed.
//!
//! ```text
//! isopach devices                    list the adapters
//! isopach devices --check            compare every capability with its definition
//! isopach devices --bench            time every kernel on the GPU and the CPU, and the floor
//! isopach devices --sweep            find the amount of work from which the device is faster
//! isopach devices --programs         time terrain_change and emission, on the GPU and the CPU
//! isopach devices --workers          share one device among workers; lose and reopen it
//! isopach devices --threads 1,2,4    time the CPU alone, by number of threads
//! ```
//!
//! Self-contained except for `--programs`, which runs the programs in the same folder: scenes are
//! synthetic, so the built program can be carried to another machine, as
//! `scripts/pack_for_device.sh` does. A software device is checked and timed only if it is the only
//! one, or if `--gpus llvmpipe` names it. Without any device, or if one declines, does no work or
//! differs, the exit code is 1.

mod agree;
mod bench;
mod check;
mod cpu_threads;
mod list;
mod own_kernel;
mod pipeline;
mod programs;
mod sweep;
mod teller;
mod workers;

use clap::{Command, CommandFactory as _, Parser};
use isopach::gpu::{
    Adapter, AdapterKind, AdapterSelector, DoublePrecision, Gpu, GpuOptions, KernelTiming,
    OpenError, hardware_adapters, list_adapters,
};
use isopach_program::{console, headless, profile::Stop};
use std::{error::Error, ffi::OsString, process::ExitCode};

/// Options of the program `devices`.
#[derive(Debug, Parser)]
#[command(
    name = "devices",
    about = "Lists, checks and times the GPUs of this machine."
)]
struct DevicesArgs {
    /// Compare every capability with its definition; exit code 1 on a difference.
    #[arg(long)]
    check: bool,
    /// Time every kernel and the whole pipeline, after comparing each result with the CPU's.
    #[arg(long)]
    bench: bool,
    /// Search the numbers of points and pixels from which the device is worth starting.
    #[arg(long)]
    sweep: bool,
    /// Run terrain_change and emission, from the folder of this program, on the CPU and on the
    /// device; --points and --pixels are their sizes.
    #[arg(long)]
    programs: bool,
    /// Several workers on one device at once, and a device that is lost during a job.
    #[arg(long)]
    workers: bool,
    /// Benchmark the CPU alone with each of these numbers of threads: 1,2,4. No device is needed.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Vec<u16>,
    /// Folder for the results of --programs, which are removed; the system's folder of temporary
    /// files if not given.
    #[arg(long)]
    folder: Option<std::path::PathBuf>,
    /// JSON lines instead of tables.
    #[arg(long)]
    json: bool,
    /// Numbers or names of devices; all hardware devices if not given, else the software device.
    #[arg(long, value_delimiter = ',')]
    gpus: Vec<String>,
    /// Points an epoch of the timed scene.
    #[arg(long, default_value_t = 200_000)]
    points: usize,
    /// Pixels of the timed emission measure.
    #[arg(long, default_value_t = 20_000)]
    pixels: usize,
    /// Runs of each benchmark; the best one counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Memory to use of each device, MiB.
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    gpu_memory: u64,
}

/// The command of `clap`, for help and completions.
#[must_use]
pub fn command() -> Command {
    DevicesArgs::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    let arguments = match DevicesArgs::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    match run_requested(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failures) => console::report_failure(
            name,
            &format!("{failures} checks failed: see the lines with disagreements"),
        ),
        Err(error) => console::report_failure(name, &error),
    }
}

/// Runs the requested parts; returns the number of failures.
fn run_requested(arguments: &DevicesArgs) -> Result<usize, Box<dyn Error>> {
    if !arguments.threads.is_empty() {
        cpu_threads::run(arguments)?;
    }
    let DevicesArgs {
        check,
        bench,
        sweep,
        programs,
        workers,
        ..
    } = *arguments;
    let asked = check || bench || sweep || programs || workers;
    if !asked && !arguments.threads.is_empty() {
        return Ok(0);
    }
    let known = list_adapters();
    if !asked || !arguments.json {
        list::print_adapters(&known, arguments.json);
    }
    if known.is_empty() {
        return Err(OpenError::NoAdapter.into());
    }
    let mut failures = 0;
    for wanted in if asked {
        chosen_devices(arguments, &known)
    } else {
        Vec::new()
    } {
        let timing = if bench || sweep {
            KernelTiming::EveryKernel
        } else {
            KernelTiming::Off
        };
        let (budget_bytes, double_precision) =
            (arguments.gpu_memory << 20, DoublePrecision::Device);
        let options = GpuOptions {
            budget_bytes,
            timing,
            double_precision,
            ..GpuOptions::default()
        };
        if check {
            failures += check::run(&wanted, &options, arguments.json)?;
        }
        let gpu = Gpu::open(wanted.clone(), options.clone())?;
        if bench || sweep {
            failures += bench::run(&gpu, arguments)?;
        }
        if programs {
            failures += programs::run(&gpu, arguments)?;
        }
        if workers {
            failures += workers::run(&wanted, &options, arguments)?;
        }
    }
    Ok(failures)
}

/// The named devices; else all hardware devices; else the software device.
fn chosen_devices(arguments: &DevicesArgs, known: &[Adapter]) -> Vec<AdapterSelector> {
    if !arguments.gpus.is_empty() {
        let word = |word: &String| {
            word.parse().map_or_else(
                |_| AdapterSelector::Named(word.clone()),
                AdapterSelector::Position,
            )
        };
        return arguments.gpus.iter().map(word).collect();
    }
    let hardware = hardware_adapters();
    if hardware.is_empty() && known.iter().any(|adapter| adapter.kind == AdapterKind::Cpu) {
        return vec![AdapterSelector::Software];
    }
    hardware
}
