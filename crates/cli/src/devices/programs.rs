//! Benchmarks of the programs `terrain_change` and `emission`, from the same folder, from end to
//! end on the CPU and on a device.

use super::{DevicesArgs, agree::Verdict, teller::Teller};
use isopach::gpu::{Gpu, list_adapters};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

/// The backends of each comparison.
const BOTH: [&str; 2] = ["cpu", "gpu"];

/// A program, its arguments except backend and output, and the comparison of its summaries.
struct Run {
    program: &'static str,
    items: usize,
    words: Vec<String>,
    same: fn(&Value, &Value) -> Verdict,
}

/// Runs each program, prints a line for each, and returns the number of failures.
pub(crate) fn run(gpu: &Gpu, arguments: &DevicesArgs) -> Result<usize, Box<dyn Error>> {
    let teller = Teller::new(Some(gpu), arguments.json);
    let number = list_adapters()
        .iter()
        .position(|adapter| adapter == gpu.adapter())
        .ok_or("the device is gone")?;
    let place = arguments
        .folder
        .clone()
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("devices_{}", std::process::id()));
    let outcome = run_both(&teller, number, &place, arguments);
    fs::remove_dir_all(&place).or_else(|error| if place.exists() { Err(error) } else { Ok(()) })?;
    outcome?;
    Ok(teller.failure_count())
}

fn run_both(
    teller: &Teller,
    number: usize,
    place: &Path,
    arguments: &DevicesArgs,
) -> Result<(), Box<dyn Error>> {
    let scene = place.join("scene");
    let words = [
        "--scene-points",
        &arguments.points.to_string(),
        "--plan",
        "--backend",
        "cpu",
        "--out",
        &path_text(&scene),
    ];
    run_program("terrain_change", &words.map(str::to_owned))?;
    let files = ["scene_before.laz", "scene_after.laz"].map(|name| path_text(&scene.join(name)));
    let terrain = Run {
        program: "terrain_change",
        items: arguments.points,
        words: [&files[..], &["--classes".into(), "2".into()]].concat(),
        same: same_change,
    };
    let size = (arguments.pixels as f64).sqrt().round() as usize;
    let words = vec!["--size".into(), size.to_string()];
    let emission = Run {
        program: "emission",
        items: size * size,
        words,
        same: same_emission,
    };
    for run in [terrain, emission] {
        print_run(teller, number, place, &run, arguments.repeat.max(1))?;
    }
    Ok(())
}

/// Runs the program on both backends alternately, and prints the best times.
fn print_run(
    teller: &Teller,
    number: usize,
    place: &Path,
    run: &Run,
    repeat: usize,
) -> Result<(), Box<dyn Error>> {
    let mut best = [f64::INFINITY; 2];
    let mut summaries = [Value::Null, Value::Null];
    for _ in 0..repeat {
        for ((on, best), summary) in BOTH.into_iter().zip(&mut best).zip(&mut summaries) {
            let out = place.join(format!("{}_{on}", run.program));
            let number = number.to_string();
            let on = if on == "cpu" {
                ["--backend", "cpu"]
            } else {
                ["--gpus", &number]
            };
            let mut words = run.words.clone();
            words.extend(on.map(str::to_owned));
            words.extend(["--out".into(), path_text(&out)]);
            let start = Instant::now();
            run_program(run.program, &words)?;
            *best = best.min(start.elapsed().as_secs_f64());
            *summary = serde_json::from_slice(&fs::read(out.join("summary.json"))?)?;
            fs::remove_dir_all(out)?;
        }
    }
    let [cpu, gpu] = &summaries;
    let passed_on = [&gpu["passed_on"], &gpu["run"]["tiling"]["passed_on"]]
        .into_iter()
        .find(|passed| !passed.is_null());
    let passed_on = passed_on.cloned().unwrap_or_default();
    let verdict = match passed_on.as_array() {
        None => Err("its summary does not state the fallbacks".into()),
        Some(passed) if !passed.is_empty() => {
            Err(format!("work fell back to the CPU: {passed_on}"))
        }
        Some(_) => (run.same)(cpu, gpu),
    };
    if verdict.is_err() {
        teller.print_failure();
    }
    let [cpu_s, gpu_s] = best;
    let line = json!({
        "what": "program", "name": run.program, "items": run.items, "cpu_s": cpu_s, "gpu_s": gpu_s, "cpu_over_gpu": cpu_s / gpu_s,
        "passed_on": passed_on, "agrees": verdict.as_ref().err().map_or_else(|| json!(true), |what| json!(what)),
    });
    teller.print_line(line, || match &verdict {
        Ok(()) => format!(
            "{}: {cpu_s:.2} s on the CPU, {gpu_s:.2} s on the device",
            run.program
        ),
        Err(what) => format!("{}: {what}", run.program),
    });
    Ok(())
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}

/// Runs a program from this program's folder, to its end.
fn run_program(program: &str, words: &[String]) -> Result<(), Box<dyn Error>> {
    let mut command = command_of(program)?;
    let called = command.get_program().to_owned();
    let output = command.args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        format!(
            "{}: {error}: build it, and put it in the folder of this program",
            called.display()
        )
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )
    .into())
}

/// The command for a program: this program's subcommand if it has one, else the file in the same
/// folder.
fn command_of(program: &str) -> Result<Command, Box<dyn Error>> {
    let this = std::env::current_exe()?;
    let is_cli = this.file_stem().is_some_and(|name| name == crate::PROGRAM);
    if !is_cli {
        return Ok(Command::new(this.with_file_name(program)));
    }
    let subcommand = if program == "terrain_change" {
        "change"
    } else {
        program
    };
    let mut command = Command::new(this);
    command.arg(subcommand);
    Ok(command)
}

/// Counts exactly, distances to a tenth of a millimetre.
fn same_change(cpu: &Value, gpu: &Value) -> Verdict {
    compare_exactly(cpu, gpu, &["/m3c2/core_points", "/dod/cells"])?;
    let distances =
        ["mean", "standard_deviation"].map(|number| format!("/m3c2/distance_m/{number}"));
    let others = ["mean", "median"].map(|number| format!("/c2c/distance_m/{number}"));
    distances
        .iter()
        .chain(&others)
        .try_for_each(|path| compare_nearly(cpu, gpu, path, 1e-4))
}

/// Compares how pixels ended (all but one of ten thousand), and χ² to a thousandth.
fn same_emission(cpu: &Value, gpu: &Value) -> Verdict {
    let statuses = |summary: &Value| summary["status"].as_object().cloned().unwrap_or_default();
    let cpu_ways = statuses(cpu);
    let gpu_ways = statuses(gpu);
    let count = |ways: &serde_json::Map<String, Value>, way: &str| {
        ways.get(way).and_then(Value::as_u64).unwrap_or(0)
    };
    let all: u64 = cpu_ways.keys().map(|way| count(&cpu_ways, way)).sum();
    let other: u64 = cpu_ways
        .keys()
        .map(|way| count(&cpu_ways, way).abs_diff(count(&gpu_ways, way)))
        .sum();
    if all == 0 || other > (all / 10_000).max(1) {
        return Err(format!("{other} of {all} pixels have another status"));
    }
    compare_nearly(cpu, gpu, "/median_chi_squared", 1e-3)
}

fn compare_exactly(cpu: &Value, gpu: &Value, paths: &[&str]) -> Verdict {
    paths
        .iter()
        .try_for_each(|path| match (cpu.pointer(path), gpu.pointer(path)) {
            (Some(a), Some(b)) if a == b => Ok(()),
            (a, b) => Err(format!("{path} is {b:?}, not {a:?}")),
        })
}

fn compare_nearly(cpu: &Value, gpu: &Value, path: &str, tolerance: f64) -> Verdict {
    let [a, b] = [cpu, gpu].map(|summary| summary.pointer(path).and_then(Value::as_f64));
    match (a, b) {
        (Some(a), Some(b)) if (a - b).abs() <= tolerance => Ok(()),
        _ => Err(format!("{path} is {b:?}, not {a:?}")),
    }
}
