//! From two LiDAR epochs to a map of what changed. See `--help`.
//!
//! The job in order: open both epochs ([`epochs`]), align the later one ([`alignment`]), run DoD, M3C2 and C2C together over tiles into the
//! output files ([`outputs`]), compare with the truth where there is one ([`truth`]), and sum it up ([`report`], [`page`]).

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod alignment;
mod arguments;
mod conduct;
#[path = "../common/distribution.rs"]
mod distribution;
mod epochs;
#[path = "../common/machine.rs"]
mod machine;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/on.rs"]
mod on;
mod operation;
mod outputs;
mod overview;
mod page;
mod parts;
mod report;
#[path = "../common/scene.rs"]
mod scene;
#[path = "../common/scene_epochs.rs"]
mod scene_epochs;
#[path = "../common/scene_files.rs"]
mod scene_files;
#[path = "../common/scene_schema.rs"]
mod scene_schema;
mod truth;
#[path = "../common/write_file.rs"]
mod write_file;

use arguments::{Align, Arguments};
use clap::Parser;
use conduct::Conduct;
use epochs::Epoch;
use indicatif::{ProgressBar, ProgressStyle};
use isopach::{
    Backend,
    compute::{Choice, Error, Result},
    gpu::Options,
    las::Las,
    tiling::{Moved, PointSource, Progress, Run, Share, TileFailure, TileOperation, Tiling},
};
use operation::operation;
use outputs::Outputs;
use scene::Scene;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use truth::Truth;

/// Exit code where tiles failed and the others were finished.
const SOME_FAILED: i32 = 3;

fn main() {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(failures) if failures.is_empty() => {}
        Ok(failures) => {
            failures.iter().for_each(|failure| eprintln!("terrain_change: {}", conduct::failure(failure)));
            std::process::exit(SOME_FAILED);
        }
        Err(error) => {
            // One line, whatever a library may have put into its message.
            eprintln!("terrain_change: {}", error.to_string().replace('\n', " "));
            std::process::exit(1);
        }
    }
}

fn run(mut arguments: Arguments) -> Result<Vec<TileFailure>> {
    check(&arguments)?;
    let (conduct, on) = (Conduct::of(&arguments)?, arguments.on.choice(Options::default())?);
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global().map_err(Error::source)?;
    let total = measure::Measure::start();
    let made_here = !arguments.out.exists();
    fs::create_dir_all(&arguments.out).map_err(|e| Error::source(format!("{}: {e}", arguments.out.display())))?;
    if arguments.fresh {
        conduct.forget()?;
    }
    let outcome = prepared(&mut arguments).and_then(|scene| {
        if arguments.parts {
            return parts::run(&arguments, &conduct, &on).map(|()| Vec::new());
        }
        let make_s = scene.is_some().then(|| total.seconds()[0]);
        change(&arguments, &conduct, &on, scene, report::Times { make_s, read_s: 0.0, align_s: 0.0, total: &total })
    });
    conduct.tidy();
    if outcome.is_err() && made_here {
        // Only if it is empty: nothing of anybody's is removed.
        let _ = fs::remove_dir(&arguments.out);
    }
    outcome
}

/// Refuses numbers that make no sense before anything is read.
fn check(arguments: &Arguments) -> Result<()> {
    Error::positive("cell size", arguments.cell)?;
    Error::positive("core point spacing", arguments.core_spacing)?;
    Error::check("tile size", arguments.tile_size, arguments.tile_size > 0.0, "be above zero")?;
    Error::check("threads", arguments.threads.unwrap_or(1) as f64, arguments.threads != Some(0), "be at least 1")?;
    Error::not_negative("registration error", arguments.registration_error.unwrap_or(0.0))?;
    operation::m3c2(arguments, 0.0).check()
}

/// Makes the scene where no files were given.
fn prepared(arguments: &mut Arguments) -> Result<Option<Scene>> {
    if arguments.before.is_some() {
        return Ok(None);
    }
    let scene = Scene::new(arguments.scene_points, 1).misaligned();
    let paths = ["scene_before.laz", "scene_after.laz"].map(|name| arguments.out.join(name));
    let is_there = |path: &PathBuf| Las::open(path).is_ok_and(|las| las.header().point_count == scene.points as u64);
    if !paths.iter().all(is_there) {
        println!("making a scene of {} points an epoch ({:.0} m square)", scene.points, scene.side());
        scene.write(&paths[0], &paths[1]).map_err(|e| Error::source(e.to_string()))?;
    }
    [arguments.before, arguments.after] = paths.map(|path| Some(path.display().to_string()));
    if arguments.classes.is_empty() {
        arguments.classes = vec![2];
    }
    Ok(Some(scene))
}

fn change(
    arguments: &Arguments,
    conduct: &Conduct,
    on: &Choice<dyn Backend>,
    scene: Option<Scene>,
    mut times: report::Times<'_>,
) -> Result<Vec<TileFailure>> {
    let clock = measure::Measure::start();
    let (Some(before), Some(after)) = (&arguments.before, &arguments.after) else {
        return Err(Error::InvalidInput("two epochs are needed".into()));
    };
    let [before, after] = [Epoch::open(before, &arguments.classes)?, Epoch::open(after, &arguments.classes)?];
    let bar = progress_bar("reading");
    let [reference, compared] =
        [before.source(arguments, conduct.memory / 8)?, after.source(arguments, conduct.memory / 8)?];
    let tiling = conduct.tiling(reference.1 + compared.1);
    let (reference, compared) = (reference.0, compared.0);
    epochs::belong_together(&*reference, &*compared)?;
    bar.finish_and_clear();
    times.read_s = clock.seconds()[0];

    let clock = measure::Measure::start();
    let bar = progress_bar("aligning");
    let alignment = match arguments.align {
        Align::None => None,
        how => Some(alignment::find(&*reference, &*compared, how, &tiling, on)?),
    };
    bar.finish_and_clear();
    times.align_s = clock.seconds()[0];

    let registration_error = arguments
        .registration_error
        .unwrap_or_else(|| alignment.as_ref().map_or(0.0, |found| found.registration_error));
    let operation = operation(arguments, registration_error);
    let moved = alignment.as_ref().map(|found| Moved::new(&*compared, found.target_from_source));
    let compared: &dyn PointSource = moved.as_ref().map_or(&*compared, |moved| moved);
    if arguments.plan {
        return planned(arguments, &tiling, &operation, [&*reference, compared]);
    }
    let mut outputs = Outputs::create(arguments, before.catalogue.crs(), registration_error, scene.map(Truth::new))?;
    let (kept, bar) = (conduct.kept(&report::parameters(arguments)), progress_bar("comparing"));
    let failures = Mutex::new(Vec::new());
    let conducted = Run {
        progress: &|progress| show(&bar, &progress),
        failed: &|failure| failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure.clone()),
        keep: Some(kept.results()),
        share: conduct.share,
        on_failure: conduct.on_failure,
        in_flight: conduct.in_flight,
    };
    let run = tiling.stream_with(on, &operation, [&*reference, compared], &mut outputs, &conducted);
    bar.finish_and_clear();
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut run = run.map_err(|error| match failures.last() {
        Some(failure) => Error::source(conduct::failure(failure)),
        None => error,
    })?;
    run.passed_on = on.passed_on(); // those of the alignment with them
    if !matches!(conduct.share, Share::All | Share::Merge) {
        println!("{run}");
        return Ok(failures);
    }
    report::write(arguments, [&before, &after], alignment.as_ref(), outputs, &run, &times)?;
    if failures.is_empty() {
        kept.remove()?;
    }
    Ok(failures)
}

/// Says which tiles there would be.
fn planned<O: TileOperation<2, dyn isopach::Backend>>(
    arguments: &Arguments,
    tiling: &Tiling,
    operation: &O,
    sources: [&dyn PointSource; 2],
) -> Result<Vec<TileFailure>> {
    let plan = tiling.plan::<O, dyn isopach::Backend, 2>(operation, &sources)?;
    conduct::write_plan(&arguments.out, &plan, &sources)?;
    println!("{plan}\nlook at     {}", arguments.out.join("plan.svg").display());
    Ok(Vec::new())
}

fn progress_bar(stage: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(stage);
    let style = ProgressStyle::with_template("{prefix:>10} [{wide_bar}] {percent} % {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(1000);
    bar.set_position((1000.0 * progress.share()) as u64);
    let left = progress.remaining.map_or_else(|| "?".into(), |left| format!("{:.0}", left.as_secs_f64()));
    bar.set_message(format!("{:.1} M points/s, {left} s left", progress.points_per_second() / 1e6));
}

/// The name of a file without its folder, for people.
fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
