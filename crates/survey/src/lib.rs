//! From two LiDAR epochs to a map of what changed. See `--help`.
//!
//! The job in order: open both epochs ([`epochs`]), align the later one ([`alignment`]), read a
//! sample and find from it what the user did not say ([`sample`], [`settings`]), run DoD, M3C2 and
//! C2C together over tiles into the output files ([`outputs`]), compare with the truth where there
//! is one ([`truth`]), and sum it up ([`report`], [`page`]).

mod alignment;
mod arguments;
mod command;
mod distribution;
mod epochs;
mod found;
mod guard;
pub mod inputs;
mod listed;
mod masks;
mod operation;
mod outputs;
mod overview;
mod page;
mod parameters;
mod profile_parts;
mod rasters;
mod report;
mod run_options;
mod sample;
pub mod scene;
mod settings;
mod styles;
mod truth;
mod warnings;

use arguments::Arguments;
use found::{Found, find::find, find::registration_error};
use indicatif::{ProgressBar, ProgressStyle};
use isopach::{
    Backend,
    change::{Volumes, ZonedVolumes},
    compute::{Dispatcher, Error, Result},
    gpu::GpuOptions,
    las::Las,
    tiling::{
        CheckpointDir, Encode, PointSource, Progress, RunOptions, RunScope, TileFailure,
        TileOperation, Tiling, Transformed,
    },
};
use isopach_program::{codec_panics, exit, finished, headless, measure, println, profile};
use masks::Masks;
use operation::operation;
use outputs::Outputs;
use run_options::Conduct;
use sample::Sample;
use scene::Scene;
use settings::Settings;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, PoisonError},
};
use truth::Truth;
use warnings::Warnings;

/// The program `terrain_change`.
pub fn main() -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence();
    let words: Vec<OsString> = std::env::args_os().collect();
    let arguments = match profile::arguments(&words) {
        Ok(arguments) => arguments,
        Err(stop) => return stop.end("terrain_change"),
    };
    match run(arguments) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => run_options::tiles_failed(&failures),
        Err(error) => exit::failed("terrain_change", &error),
    }
}

fn run(mut arguments: Arguments) -> Result<Vec<TileFailure>> {
    let conduct = Conduct::of(&arguments)?;
    conduct.say_how_to_go_on(&arguments.out);
    let on = arguments.on.choice(GpuOptions::default())?;
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global().map_err(Error::source)?;
    let total = measure::Measure::start();
    let made_here = !arguments.out.exists();
    finished::make_folder(&arguments.out)?;
    let outcome = held(&mut arguments, &conduct, &on, &total);
    if outcome.is_err() && made_here {
        // Only if it is empty: nothing of anybody's is removed.
        let _ = fs::remove_dir(&arguments.out);
    }
    outcome
}

/// The run, while no other works in the folder of its results.
fn held(
    arguments: &mut Arguments,
    conduct: &Conduct,
    on: &Dispatcher<dyn Backend>,
    total: &measure::Measure,
) -> Result<Vec<TileFailure>> {
    let _lock = conduct.hold(arguments)?;
    let outcome = prepared(arguments, conduct.is_begun()).and_then(|scene| {
        if arguments.parts {
            return profile_parts::run(arguments, conduct, on).map(|()| Vec::new());
        }
        let make_s = scene.is_some().then(|| total.seconds()[0]);
        let times = report::Times {
            make_s,
            read_s: 0.0,
            align_s: 0.0,
            sample_s: 0.0,
            total,
        };
        change(arguments, conduct, on, scene, times)
    });
    conduct.tidy();
    outcome
}

/// Makes the scene where no files were given.
fn prepared(arguments: &mut Arguments, is_begun: bool) -> Result<Option<Scene>> {
    if arguments.before.is_some() {
        return Ok(None);
    }
    let scene = Scene::new(arguments.scene_points, 1).misaligned();
    guard::finished(
        arguments,
        &guard::made_from(arguments, scene_identity(&scene))?,
        is_begun,
    )?;
    let paths = ["scene_before.laz", "scene_after.laz"].map(|name| arguments.out.join(name));
    let is_there = |path: &PathBuf| {
        Las::open(path).is_ok_and(|las| las.header().point_count == scene.points as u64)
    };
    if !paths.iter().all(is_there) {
        println!(
            "making a scene of {} points an epoch ({:.0} m square)",
            scene.points,
            scene.side()
        );
        scene
            .write(&paths[0], &paths[1])
            .map_err(|e| Error::source(e.to_string()))?;
    }
    [arguments.before, arguments.after] = paths.map(|path| Some(path.display().to_string()));
    Ok(Some(scene))
}

/// What tells a made scene from others.
fn scene_identity(scene: &Scene) -> serde_json::Value {
    serde_json::json!(format!("a made scene of {} points an epoch", scene.points))
}

fn change(
    arguments: &Arguments,
    conduct: &Conduct,
    on: &Dispatcher<dyn Backend>,
    scene: Option<Scene>,
    mut times: report::Times<'_>,
) -> Result<Vec<TileFailure>> {
    let clock = measure::Measure::start();
    let mut warnings = Warnings::default();
    let epochs = epochs::open(arguments, &conduct.indexes(), &mut warnings)?;
    let [before, after] = &epochs;
    guard::inputs(arguments, [before, after])?;
    run_options::check_cell(
        arguments,
        [&before.catalogue, &after.catalogue],
        conduct.memory,
    )?;
    let inputs = match &scene {
        Some(scene) => scene_identity(scene),
        None => guard::identities([before, after])?,
    };
    let made_from = guard::made_from(arguments, inputs.clone())?;
    let mut before_this = guard::Finished::Nothing;
    if !arguments.plan && !matches!(conduct.share, RunScope::Tile(_)) {
        before_this = guard::finished(arguments, &made_from, conduct.is_begun())?;
        if before_this == guard::Finished::Same && conduct.is_among_others() {
            return already_merged(arguments, conduct);
        }
    }
    if arguments.fresh {
        conduct.forget()?;
    }
    let bar = progress_bar("reading");
    // One of several processes reads the chunks that its tiles need, no others.
    let held = if conduct.is_among_others() {
        0
    } else {
        conduct.memory / 8
    };
    let [reference, compared] = [
        before.source(arguments, held)?,
        after.source(arguments, held)?,
    ];
    let tiling = conduct.tiling(reference.1 + compared.1);
    let (reference, compared) = (reference.0, compared.0);
    epochs::belong_together(&*reference, &*compared)?;
    let masks = Masks::open(arguments, &*reference, &mut warnings)?;
    bar.finish_and_clear();
    times.read_s = clock.seconds()[0];

    let parameters = settings::kept(arguments, &masks);
    let kept = conduct.kept(&parameters);
    let (in_manifest, found) = match found::begun(&kept, conduct, &inputs)? {
        Some(found) => {
            println!(
                "found       alignment and parameters as in {}",
                conduct.folder().join("manifest.json").display()
            );
            found
        }
        None => {
            let sources: [&dyn PointSource; 2] = [&*reference, &*compared];
            let found = find(arguments, conduct, on, &epochs, sources, &masks, &mut times)?;
            (found.to_json(&inputs), found)
        }
    };
    found
        .warnings
        .iter()
        .for_each(|warning| warnings.add(warning));
    let Found {
        aligned,
        from_data,
        sample,
        left_out,
        ..
    } = &found;
    let kept = kept.with_found(in_manifest);
    let moved = aligned
        .as_ref()
        .map(|aligned| Transformed::new(&*compared, aligned.applied()));
    let compared: &dyn PointSource = moved.as_ref().map_or(&*compared, |moved| moved);
    let settings = Settings::new(
        arguments,
        from_data,
        registration_error(arguments, aligned.as_ref()),
    )?;
    let kept_columns = arguments.kept_columns();
    let operation = operation(
        &settings,
        sample,
        settings::correlated(arguments, sample),
        kept_columns,
    );

    if arguments.plan {
        return planned(
            arguments,
            &tiling,
            on,
            &operation,
            [&*reference, compared],
            &kept,
        );
    }
    let mut outputs = Outputs::create(outputs::Plan {
        folder: arguments.out.clone(),
        before_this,
        columns: arguments.columns.clone(),
        rasters: arguments.rasters.clone(),
        settings: &settings,
        crs: before.catalogue.crs().cloned(),
        kept: kept_columns,
        gps_time: after.gps_time(kept_columns)?,
        volumes: volumes(&settings, sample, &masks),
        areas: masks.areas.clone(),
        memory: conduct.memory / 32,
        truth: scene.map(Truth::new),
        made_from: made_from.clone(),
        among_others: conduct.is_among_others(),
    })?;
    let bar = progress_bar("comparing");
    let failures = Mutex::new(Vec::new());
    let mut run = |share: RunScope| {
        let conducted = RunOptions {
            progress: &|progress| show(&bar, &progress),
            failed: &|failure| {
                failures
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(failure.clone())
            },
            keep: Some(kept.results()),
            share,
            on_failure: conduct.on_failure,
            in_flight: conduct.in_flight,
        };
        tiling.stream_with(
            on,
            &operation,
            [&*reference, compared],
            &mut outputs,
            &conducted,
        )
    };
    let run = match &conduct.claims {
        Some(claims) => {
            let is_done = |share| run(share).map(|report| report.failures.is_empty());
            claims
                .work(|| guard::is_merged(arguments, &made_from), is_done)
                .map(|()| None)
        }
        None => run(conduct.share).map(Some),
    };
    bar.finish_and_clear();
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if conduct.is_among_others() && guard::is_merged(arguments, &made_from) {
        // Another process put all results together meanwhile: nothing of this one is needed any
        // more.
        return already_merged(arguments, conduct);
    }
    let mut run = match (run, failures.last()) {
        (Ok(Some(run)), _) => run,
        (Ok(None), _) => return Ok(failures),
        // What there is to say of the run is why this tile failed.
        (Err(_), Some(failure)) => return Ok(vec![failure.clone()]),
        (Err(error), None) => return Err(error),
    };
    run.passed_on = on.fallbacks(); // those of the alignment with them
    if !matches!(conduct.share, RunScope::All | RunScope::Merge) {
        println!("{run}");
        return Ok(failures);
    }
    let told = report::Summary {
        arguments,
        epochs: [before, after],
        aligned: aligned.as_ref(),
        settings: &settings,
        sample,
        run: &run,
        times: &times,
        warnings,
        left_out: *left_out,
        made_from,
    };
    report::write(told, outputs)?;
    if failures.is_empty() {
        conduct.remove(&kept)?;
    }
    Ok(failures)
}

/// Says that all results are there, and removes what was kept for them.
fn already_merged(arguments: &Arguments, conduct: &Conduct) -> Result<Vec<TileFailure>> {
    println!(
        "merged already: {}",
        arguments.out.join("index.html").display()
    );
    conduct.remove(&conduct.kept(&serde_json::Value::Null))?;
    Ok(Vec::new())
}

/// Empty volumes of the survey and of each area. Only a variogram of ground that the user calls
/// stable corrects gain and loss.
pub(crate) fn volumes(settings: &Settings, sample: &Sample, masks: &Masks) -> ZonedVolumes {
    let empty = Volumes::new(settings.cell, settings.registration_error.clone());
    let empty = match &sample.variogram {
        Some(variogram) if masks.stable.is_some() => empty.with_variogram(variogram.clone()),
        Some(variogram) => empty.with_variogram_in_errors(variogram.clone()),
        None => empty,
    };
    ZonedVolumes::new(
        empty,
        masks.areas.as_ref().map_or(0, |areas| areas.zones().len()),
    )
}

/// Says which tiles there will be, and what was found, to those who will run them.
fn planned<O: TileOperation<2, dyn Backend, Output: Encode>>(
    arguments: &Arguments,
    tiling: &Tiling,
    on: &Dispatcher<dyn Backend>,
    operation: &O,
    sources: [&dyn PointSource; 2],
    kept: &CheckpointDir,
) -> Result<Vec<TileFailure>> {
    let plan = tiling.begin(on, operation, &sources, kept.results())?;
    run_options::write_plan(&arguments.out, &plan, &sources)?;
    println!(
        "{plan}\nlook at     {}",
        arguments.out.join("plan.svg").display()
    );
    Ok(Vec::new())
}

pub(crate) fn progress_bar(stage: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(stage);
    let style = ProgressStyle::with_template("{prefix:>10} [{wide_bar}] {percent} % {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(1000);
    bar.set_position((1000.0 * progress.share()) as u64);
    let left = progress
        .remaining
        .map_or_else(|| "?".into(), |left| format!("{:.0}", left.as_secs_f64()));
    bar.set_message(format!(
        "{:.1} M points/s, {left} s left",
        progress.points_per_second() / 1e6
    ));
}

/// The name of a file without its folder, for people.
fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}
