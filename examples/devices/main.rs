//! The graphics processors of this machine, what they can do, and how fast.
//!
//!     cargo run --release --example devices                       what there is
//!     cargo run --release --example devices -- --check            every capability against its definition
//!     cargo run --release --example devices -- --bench            every kernel beside the processor, with the floor measured there
//!
//! Needs nothing but itself: the scene is made, so the built program can be carried to another machine. A device in software is checked and timed only
//! if there is no other, or if it is named (`--gpus llvmpipe`).

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

#[macro_use]
#[path = "../common/console.rs"]
mod console;
#[path = "../common/headless.rs"]
mod headless;

mod agree;
mod bench;
mod check;
mod list;
#[path = "../common/machine.rs"]
mod machine;
mod pipeline;
#[path = "../common/scene.rs"]
mod scene;
#[path = "../common/scene_epochs.rs"]
mod scene_epochs;
mod sweep;

use clap::Parser;
use isopach::gpu::{Adapter, DeviceType, Double, Gpu, Options, Timing, Wanted, adapters, all_in_hardware};
use std::error::Error;

#[derive(Parser)]
#[command(about = "The graphics processors of this machine, what they can do, and how fast.")]
struct Arguments {
    /// Hold every capability against its definition; exit code 1 where one differs.
    #[arg(long)]
    check: bool,
    /// Time every kernel and the whole pipeline, each result held against the processor's before its time is printed.
    #[arg(long)]
    bench: bool,
    /// With --bench: also from how many points and pixels on the device is worth starting.
    #[arg(long)]
    sweep: bool,
    /// JSON lines instead of tables.
    #[arg(long)]
    json: bool,
    /// Numbers or names of devices; all that are not in software if not given, else that in software.
    #[arg(long, value_delimiter = ',')]
    gpus: Vec<String>,
    /// Points an epoch of the scene that is timed.
    #[arg(long, default_value_t = 200_000)]
    points: usize,
    /// Pixels whose emission measure is timed.
    #[arg(long, default_value_t = 20_000)]
    pixels: usize,
    /// Runs of each, the best of which counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Memory of each device that may be taken, MiB.
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    gpu_memory: u64,
}

fn main() -> std::process::ExitCode {
    headless::quiet_loader();
    run(&Arguments::parse())
        .map_or_else(|error| console::failed("devices", &error), |()| std::process::ExitCode::SUCCESS)
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let known = adapters();
    list::print(&known, arguments.json);
    if !arguments.check && !arguments.bench {
        return Ok(());
    }
    let mut differences = 0;
    for wanted in chosen(arguments, &known) {
        let timing = if arguments.bench { Timing::EveryKernel } else { Timing::Off };
        let (budget_bytes, double_precision) = (arguments.gpu_memory << 20, Double::Device);
        let gpu = Gpu::open(wanted, Options { budget_bytes, timing, double_precision, ..Options::default() })?;
        if arguments.check {
            differences += check::run(&gpu, arguments.json)?;
        }
        if arguments.bench {
            bench::run(&gpu, arguments)?;
        }
    }
    if differences > 0 {
        eprintln!("devices: {differences} differences");
        std::process::exit(1);
    }
    Ok(())
}

/// The devices that were named; else all in hardware; else that in software.
fn chosen(arguments: &Arguments, known: &[Adapter]) -> Vec<Wanted> {
    if !arguments.gpus.is_empty() {
        let word = |word: &String| word.parse().map_or_else(|_| Wanted::Named(word.clone()), Wanted::Position);
        return arguments.gpus.iter().map(word).collect();
    }
    let hardware = all_in_hardware();
    if hardware.is_empty() && known.iter().any(|adapter| adapter.kind == DeviceType::Cpu) {
        return vec![Wanted::Software];
    }
    hardware
}
