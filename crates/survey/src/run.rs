//! The change run, step by step.

use crate::{
    ChangeOptions,
    epochs::{self, Epoch},
    execution::{self, Execution},
    found::{
        self, Found,
        find::{applied_motion, find_parameters, registration_error},
    },
    geometry::Geometry,
    guard::{self, Finished},
    masks::Masks,
    operation::tile_operation,
    outputs::{self, Outputs},
    profile_parts, report,
    sample::Sample,
    scene::Scene,
    settings::{self, Settings},
    truth::Truth,
    warnings::Warnings,
};
use isopach::{
    Backend,
    change::{Volumes, ZonedVolumes},
    compute::{Dispatcher, Error, Result},
    gpu::GpuOptions,
    las::Las,
    tiling::{
        CheckpointDir, Encode, PointSource, Progress, RunOptions, RunReport, RunScope, TileFailure,
        TileOperation, TileSink, Tiling, Transformed,
    },
};
use isopach_program::{
    finished::{self, PAGE},
    listener::{Listener, StageProgress},
    measure::Measure,
};
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// Outcome of a change run that completed.
#[derive(Clone, Debug, Default)]
pub struct ChangeOutcome {
    /// Tiles that failed, if the options let the run finish the others.
    pub failed_tiles: Vec<TileFailure>,
    /// `index.html`, if this process wrote or found the results of the whole survey; `None` after a
    /// plan or a part of the tiles.
    pub page: Option<PathBuf>,
}

impl ChangeOutcome {
    /// The outcome of a process that ran a part of the tiles.
    fn of_part(failed_tiles: Vec<TileFailure>) -> Self {
        Self {
            failed_tiles,
            page: None,
        }
    }
}

/// Runs the change run that the options describe, in the current thread and rayon's pool.
///
/// Threads are those of the pool: [`main`](crate::main) sets it by `--threads`. Results depend on
/// inputs and parameters alone.
///
/// # Errors
/// [`Error::InvalidInput`] for inputs that do not belong together, invalid parameters, and
/// an output folder with other results; [`Error::Busy`] if another process works there;
/// [`Error::Source`] if a file cannot be read or written. [`Error::is_transient`] tells whether the
/// same options may succeed later.
pub fn run(mut options: ChangeOptions, listener: &dyn Listener) -> Result<ChangeOutcome> {
    let execution = Execution::of(&options)?;
    let on = options.devices.open(GpuOptions::default())?;
    let total = Measure::start();
    let is_new_folder = !options.out.exists();
    finished::make_folder(&options.out)?;
    let outcome = run_in_folder(&mut options, &execution, &on, listener, &total);
    if outcome.is_err() && is_new_folder {
        // Only if it is empty: other contents stay.
        let _ = fs::remove_dir(&options.out);
    }
    outcome
}

/// Runs while no other run works in the output folder.
fn run_in_folder(
    options: &mut ChangeOptions,
    execution: &Execution,
    on: &Dispatcher<dyn Backend>,
    listener: &dyn Listener,
    total: &Measure,
) -> Result<ChangeOutcome> {
    let _lock = execution.folder.lock()?;
    let outcome = make_scene(options, execution, listener).and_then(|scene| {
        let run = ChangeRun {
            options,
            execution,
            on,
            listener,
        };
        if options.parts {
            return profile_parts::run(&run).map(|()| ChangeOutcome::default());
        }
        let make_s = scene.is_some().then(|| total.seconds()[0]);
        let times = report::Times {
            make_s,
            read_s: 0.0,
            align_s: 0.0,
            sample_s: 0.0,
            total,
        };
        run.change(scene, times)
    });
    execution.folder.remove_if_empty();
    outcome
}

/// Makes the synthetic scene if no files were given, and enters its files in the options.
fn make_scene(
    options: &mut ChangeOptions,
    execution: &Execution,
    listener: &dyn Listener,
) -> Result<Option<Scene>> {
    if options.before.is_some() {
        return Ok(None);
    }
    let scene = Scene::new(options.scene_points, 1).misaligned();
    guard::check_finished(
        options,
        &guard::made_from(options, scene_identity(&scene))?,
        execution.folder.is_begun(),
    )?;
    let paths = ["scene_before.laz", "scene_after.laz"].map(|name| options.out.join(name));
    if !paths.iter().all(|path: &PathBuf| {
        Las::open(path).is_ok_and(|las| las.header().point_count == scene.points as u64)
    }) {
        listener.say(&format!(
            "making a synthetic scene of {} points an epoch ({:.0} m square)",
            scene.points,
            scene.side()
        ));
        scene
            .write(&paths[0], &paths[1])
            .map_err(|e| Error::source(e.to_string()))?;
    }
    [options.before, options.after] = paths.map(|path| Some(path.display().to_string()));
    Ok(Some(scene))
}

/// The text that identifies a synthetic scene when inputs are compared.
fn scene_identity(scene: &Scene) -> Value {
    serde_json::json!(format!("a made scene of {} points an epoch", scene.points))
}

/// A change run in its folder: options, execution, backends, listener.
pub(crate) struct ChangeRun<'a> {
    pub(crate) options: &'a ChangeOptions,
    pub(crate) execution: &'a Execution,
    pub(crate) on: &'a Dispatcher<dyn Backend>,
    pub(crate) listener: &'a dyn Listener,
}

/// Inputs and parameters that results are made from, and the state of the output folder.
struct Identity {
    /// Identity of the inputs.
    inputs: Value,
    /// Identity of the results.
    made_from: Value,
    before_this: Finished,
}

/// Both epochs as sources of points, and the tiles over them.
struct Sources<'a> {
    reference: Box<dyn PointSource + 'a>,
    compared: Box<dyn PointSource + 'a>,
    tiling: Tiling,
    masks: Masks,
}

impl ChangeRun<'_> {
    /// Compares the epochs.
    fn change(&self, scene: Option<Scene>, mut times: report::Times<'_>) -> Result<ChangeOutcome> {
        let Self {
            options, execution, ..
        } = *self;
        let clock = Measure::start();
        let mut warnings = Warnings::default();
        let epochs = epochs::open_epochs(options, &execution.index_use(), &mut warnings)?;
        let geometry = Geometry::of(
            options,
            [&epochs[0].catalogue, &epochs[1].catalogue],
            &mut warnings,
        )?;
        let identity = self.identify_results(&epochs, scene.as_ref())?;
        if identity.before_this == Finished::Same && execution.folder.is_shared() {
            return self.already_merged();
        }
        if options.fresh {
            execution.forget_run()?;
        }
        let sources = self.open_sources(&epochs, &mut warnings)?;
        times.read_s = clock.seconds()[0];
        let (kept, found) =
            self.find_parameters(&epochs, &geometry, &sources, &identity, &mut times)?;
        for warning in &found.warnings {
            warnings.add(warning);
        }
        let aligned = found.aligned.as_ref();
        let compared = &*sources.compared;
        let moved = aligned.map(|aligned| Transformed::new(compared, aligned.applied()));
        let compared: &dyn PointSource = moved.as_ref().map_or(compared, |moved| moved);
        let settings = Settings::new(
            options,
            &geometry,
            &found.from_data,
            registration_error(options, aligned),
            &applied_motion(aligned),
        )?;
        let operation = tile_operation(
            &settings,
            &found.sample,
            settings::correlated_sigma(options, &found.sample),
            options.kept_columns(),
        );
        let epoch_sources = [&*sources.reference, compared];
        if options.plan {
            return self.write_plan(&sources.tiling, &operation, epoch_sources, &kept);
        }
        let masks = &sources.masks;
        let mut outputs =
            self.create_outputs(&epochs, &found.sample, &settings, masks, scene, &identity)?;
        let ran = self.run_tiles(
            &sources.tiling,
            &operation,
            epoch_sources,
            &kept,
            &mut outputs,
            &identity,
        )?;
        let (mut run, failed_tiles) = match ran {
            TilesRun::Merged => return self.already_merged(),
            TilesRun::Part(failed_tiles) => return Ok(ChangeOutcome::of_part(failed_tiles)),
            TilesRun::Ended(report, failed_tiles) => (report, failed_tiles),
        };
        run.fallbacks = self.on.fallbacks(); // those of the alignment with them
        if !matches!(execution.folder.scope, RunScope::All | RunScope::Merge) {
            self.listener.say(&run.to_string());
            return Ok(ChangeOutcome::of_part(failed_tiles));
        }
        let summary = report::Summary {
            options,
            epochs: [&epochs[0], &epochs[1]],
            aligned,
            settings: &settings,
            sample: &found.sample,
            run: &run,
            times: &times,
            warnings,
            left_out: found.left_out,
            made_from: identity.made_from,
        };
        report::write_report(summary, outputs, self.listener)?;
        if failed_tiles.is_empty() {
            execution.remove_checkpoints(&kept)?;
        }
        Ok(ChangeOutcome {
            failed_tiles,
            page: Some(options.out.join(PAGE)),
        })
    }

    /// Refuses inputs and an output folder that do not match; returns the state of the folder.
    fn identify_results(&self, epochs: &[Epoch; 2], scene: Option<&Scene>) -> Result<Identity> {
        let Self {
            options, execution, ..
        } = *self;
        let [before, after] = epochs;
        guard::check_inputs(options, [before, after])?;
        execution::check_cell(
            options,
            [&before.catalogue, &after.catalogue],
            execution.memory,
        )?;
        let inputs = match scene {
            Some(scene) => scene_identity(scene),
            None => guard::input_identities([before, after])?,
        };
        let made_from = guard::made_from(options, inputs.clone())?;
        let writes_results = !options.plan && !matches!(execution.folder.scope, RunScope::Tile(_));
        let before_this = if writes_results {
            guard::check_finished(options, &made_from, execution.folder.is_begun())?
        } else {
            Finished::Nothing
        };
        Ok(Identity {
            inputs,
            made_from,
            before_this,
        })
    }

    /// Opens the points of both epochs, and the polygons.
    fn open_sources<'a>(
        &self,
        epochs: &'a [Epoch; 2],
        warnings: &mut Warnings,
    ) -> Result<Sources<'a>> {
        let _stage = self.listener.begin_stage("reading");
        // One of several processes reads the chunks that its tiles need, no others.
        let held = if self.execution.folder.is_shared() {
            0
        } else {
            self.execution.memory / 8
        };
        let [before, after] = epochs;
        let (reference, reference_bytes) = before.source(self.options, held)?;
        let (compared, compared_bytes) = after.source(self.options, held)?;
        let tiling = self.execution.plan_tiling(reference_bytes + compared_bytes);
        epochs::belong_together(&*reference, &*compared)?;
        let masks = Masks::open(self.options, &*reference, warnings)?;
        Ok(Sources {
            reference,
            compared,
            tiling,
            masks,
        })
    }

    /// Derives alignment and parameters from the data, or takes those of the run that was begun
    /// here; returns the folder of checkpoints.
    fn find_parameters(
        &self,
        epochs: &[Epoch; 2],
        geometry: &Geometry,
        sources: &Sources<'_>,
        identity: &Identity,
        times: &mut report::Times<'_>,
    ) -> Result<(CheckpointDir, Found)> {
        let parameters = settings::result_parameters(self.options, &sources.masks);
        let kept = self.execution.checkpoint_dir(&parameters);
        if let Some((manifest, found)) = found::read_begun(&kept, self.execution, &identity.inputs)?
        {
            let manifest_path = self.execution.folder.state().join("manifest.json");
            self.listener.say(&format!(
                "found       alignment and parameters as in {}",
                manifest_path.display()
            ));
            return Ok((kept.with_derived_values(manifest), found));
        }
        let found = find_parameters(
            self,
            epochs,
            geometry,
            [&*sources.reference, &*sources.compared],
            &sources.masks,
            times,
        )?;
        Ok((
            kept.with_derived_values(found.to_json(&identity.inputs)),
            found,
        ))
    }

    fn create_outputs(
        &self,
        epochs: &[Epoch; 2],
        sample: &Sample,
        settings: &Settings,
        masks: &Masks,
        scene: Option<Scene>,
        identity: &Identity,
    ) -> Result<Outputs> {
        let [before, after] = epochs;
        let kept_columns = self.options.kept_columns();
        Outputs::create(outputs::Plan {
            folder: self.options.out.clone(),
            before_this: identity.before_this.clone(),
            columns: self.options.columns.clone(),
            rasters: self.options.rasters.clone(),
            settings,
            crs: before.catalogue.crs().cloned(),
            kept: kept_columns,
            gps_time: after.gps_time(kept_columns)?,
            volumes: empty_volumes(settings, sample, masks),
            areas: masks.areas.clone(),
            memory: self.execution.memory / 32,
            truth: scene.map(Truth::new),
            made_from: identity.made_from.clone(),
            among_others: self.execution.folder.is_shared(),
        })
    }

    /// Runs the tiles of this process.
    fn run_tiles<O>(
        &self,
        tiling: &Tiling,
        operation: &O,
        sources: [&dyn PointSource; 2],
        kept: &CheckpointDir,
        outputs: &mut Outputs,
        identity: &Identity,
    ) -> Result<TilesRun>
    where
        O: TileOperation<2, dyn Backend, Output: Encode>,
        Outputs: TileSink<O::Output>,
    {
        let execution = self.execution;
        let stage = self.listener.begin_stage("comparing");
        let failures = Mutex::new(Vec::new());
        let mut run = |share: RunScope| {
            let options = RunOptions {
                progress: &|progress| show_progress(&*stage, &progress),
                tile_failed: &|failure| {
                    failures
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(failure.clone())
                },
                checkpoint: Some(kept.for_results()),
                scope: share,
                on_failure: execution.on_failure,
                in_flight: execution.in_flight,
            };
            tiling.stream_with(self.on, operation, sources, outputs, &options)
        };
        let is_merged = || guard::is_merged(self.options, &identity.made_from);
        let run = match &execution.claims {
            Some(claims) => {
                let is_done = |share| run(share).map(|report| report.failures.is_empty());
                claims.run_all(is_merged, is_done).map(|()| None)
            }
            None => run(execution.folder.scope).map(Some),
        };
        drop(stage);
        let failures = failures
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if execution.folder.is_shared() && is_merged() {
            // Another process put all results together meanwhile: nothing of this one is needed
            // any more.
            return Ok(TilesRun::Merged);
        }
        match (run, failures.last()) {
            (Ok(Some(report)), _) => Ok(TilesRun::Ended(Box::new(report), failures)),
            (Ok(None), _) => Ok(TilesRun::Part(failures)),
            // The error to report is the failure of this tile.
            (Err(_), Some(failure)) => Ok(TilesRun::Part(vec![failure.clone()])),
            (Err(error), None) => Err(error),
        }
    }

    /// Reports that all results exist, and removes the run's checkpoints.
    fn already_merged(&self) -> Result<ChangeOutcome> {
        let page = self.options.out.join(PAGE);
        self.listener
            .say(&format!("merged already: {}", page.display()));
        self.execution
            .remove_checkpoints(&self.execution.checkpoint_dir(&Value::Null))?;
        Ok(ChangeOutcome {
            failed_tiles: Vec::new(),
            page: Some(page),
        })
    }

    /// Writes the tiles and the findings, for the processes that will run them.
    fn write_plan<O: TileOperation<2, dyn Backend, Output: Encode>>(
        &self,
        tiling: &Tiling,
        operation: &O,
        sources: [&dyn PointSource; 2],
        kept: &CheckpointDir,
    ) -> Result<ChangeOutcome> {
        let plan = tiling.prepare_checkpoint(self.on, operation, &sources, kept.for_results())?;
        execution::write_plan(&self.options.out, &plan, &sources)?;
        self.listener.say(&format!(
            "{plan}\nlook at     {}",
            self.options.out.join("plan.svg").display()
        ));
        Ok(ChangeOutcome::default())
    }
}

/// The end of this process's tiles.
enum TilesRun {
    /// Another process has put all results together.
    Merged,
    /// A part of the tiles is done: those that failed.
    Part(Vec<TileFailure>),
    /// All tiles of this process are done, but those that failed.
    Ended(Box<RunReport>, Vec<TileFailure>),
}

/// Empty volumes of the survey and of each area. Only a variogram of ground that the user calls
/// stable corrects gain and loss.
pub(crate) fn empty_volumes(settings: &Settings, sample: &Sample, masks: &Masks) -> ZonedVolumes {
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

pub(crate) fn show_progress(stage: &dyn StageProgress, progress: &Progress) {
    let left = progress
        .remaining
        .map_or_else(|| "?".into(), |left| format!("{:.0}", left.as_secs_f64()));
    let note = format!(
        "{:.1} M points/s, {left} s left",
        progress.points_per_second() / 1e6
    );
    stage.show(progress.done_fraction(), &note);
}
