//! The run of colours, step by step.

use super::{
    ColourOptions,
    images::{OpenedImages, open_images},
    level::choose_level,
    output::{NDVI, Output, PICTURED},
    summary,
};
use crate::{
    features::{
        Kept, column_names, overwrite,
        page::Views,
        restart,
        run::{refuse_inputs_written_over, schema_of},
        summary::{page_path, summary_path},
    },
    files,
};
use isopach::{
    Backend,
    cloud::Crs,
    colour::{Colour, ColourCounts, ColourTiles, LevelChoice, Precedence},
    compute::{Dispatcher, Result},
    gpu::GpuOptions,
    las::{Catalogue, CatalogueOptions},
    tiling::{CheckpointDir, PointSource as _, RunOptions, RunReport, TileFailure, Tiling},
};
use isopach_program::{finished::WrittenOver, listener::Listener};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Outcome of a run of colours.
#[derive(Clone, Debug)]
pub struct ColourOutcome {
    /// The file that was written.
    pub out: PathBuf,
    /// Its summary.
    pub summary: PathBuf,
    /// Its page.
    pub page: PathBuf,
    /// Number of points.
    pub points: u64,
    /// Points by what became of them.
    pub counts: ColourCounts,
    /// Requests to object stores for images, and bytes that were fetched.
    pub requests: [u64; 2],
    /// Tiles whose results an earlier run left, which was ended before it was complete.
    pub tiles_kept: usize,
}

/// A run, with its inputs.
pub(super) struct ColourRun<'a> {
    pub(super) options: &'a ColourOptions,
    pub(super) colour: Colour,
    pub(super) images: OpenedImages,
    /// Attributes of the points that stand in the output.
    pub(super) kept: Kept,
    /// The files of the points.
    pub(super) inputs: Vec<String>,
    /// Program, files and parameters that the output depends on.
    pub(super) made_from: Value,
    pub(super) warnings: Vec<String>,
}

/// Colours the points that the options describe, in the current thread and rayon's pool.
///
/// The file depends on inputs and parameters alone, not on tiles, memory or threads. The results of
/// tiles wait in `OUT.run` until all are there: a run that is ended goes on with the same options,
/// and ends with the same bytes.
///
/// # Errors
/// [`Error::InvalidInput`](isopach::compute::Error) and `Error::InvalidParameter` for refused inputs
/// and parameters, for a run of other inputs or parameters in `OUT.run`, and for an output of
/// others; `Error::Busy` if another process works on the same output; `Error::Source` if a file
/// cannot be read or written.
pub fn run(options: &ColourOptions, listener: &dyn Listener) -> Result<ColourOutcome> {
    run_noting_failure(options, listener, &mut None)
}

/// As [`run`]; an error of a tile is noted in `failed` as well.
pub(super) fn run_noting_failure(
    options: &ColourOptions,
    listener: &dyn Listener,
    failed: &mut Option<TileFailure>,
) -> Result<ColourOutcome> {
    let [memory, cache] = options.memory_bytes()?;
    let on = options.devices.open(GpuOptions::default())?;
    let points = files::open_survey(&options.input, &options.classes, true, true)?;
    let images = open_images(options, &points, cache, listener)?;
    refuse_inputs_written_over(&points, &options.out)?;
    refuse_images_written_over(&images.paths, &options.out)?;
    let mut kept = Kept::parse(&options.columns, &points)?;
    kept.check_new(options.ndvi.then_some(NDVI))?;
    let points = points.carry_extra(&kept.extra)?;
    let mut run = ColourRun::prepare(options, &points, images, kept.clone(), memory / 4, listener)?;
    let catalogue = run.images.catalogue.clone();
    let operation = ColourTiles::new(run.colour.clone(), catalogue.clone(), kept.columns)?;
    run.made_from = overwrite::describe_origin(&points, run.result_parameters(&kept))?;
    overwrite::check_output(&options.out, &run.made_from, [options.force, options.fresh])?;
    if options.fresh {
        restart::forget_run(&options.out)?;
    }
    kept.columns = operation.written();
    let mut output = Output {
        path: options.out.clone(),
        schema: schema_of(&points, &kept, false)?,
        ndvi: options.ndvi,
        memory: memory / 16,
        file: None,
        counts: ColourCounts::default(),
        of_images: vec![0; catalogue.images().len()],
        views: Views::new(&points.extent(), points.point_count(), PICTURED, memory),
    };
    let result_parameters = run.made_from[overwrite::PARAMETERS].to_string();
    let results = CheckpointDir::new(restart::state_folder(&options.out), result_parameters);
    let tiles = Tiles {
        on: &on,
        points: &points,
        operation: &operation,
        memory: [memory, cache],
        results: &results,
    };
    let ran = run.run_tiles(&tiles, &mut output, listener, failed);
    if let Err(error) = &ran {
        restart::forget_if_empty(&results, error);
    }
    let report = ran?;
    summary::write_summary(&run, &output, &report)?;
    restart::remove_kept(&results)?;
    Ok(ColourOutcome {
        out: options.out.clone(),
        summary: summary_path(&options.out),
        page: page_path(&options.out),
        points: output.points(),
        counts: output.counts,
        requests: run.images.inputs.request_counts(),
        tiles_kept: report.tiles_kept,
    })
}

fn names_of(points: &Catalogue) -> Vec<String> {
    let files = points.files().iter();
    files
        .map(|file| file.path().display().to_string())
        .collect()
}

/// Refuses an output whose files are among the images.
fn refuse_images_written_over(images: &[PathBuf], out: &Path) -> Result<()> {
    let written = [out.to_owned(), summary_path(out), page_path(out)];
    let written_over = WrittenOver::of(Path::new(""), written);
    images
        .iter()
        .try_for_each(|image| written_over.refuse_input(image))
}

/// Inputs of the tiles of a run, and the folder where their results wait.
struct Tiles<'a> {
    on: &'a Dispatcher<dyn Backend>,
    points: &'a Catalogue,
    operation: &'a ColourTiles,
    /// Bytes for everything, and of them for blocks of images.
    memory: [u64; 2],
    results: &'a CheckpointDir,
}

impl<'a> ColourRun<'a> {
    /// Checks images against points and options, and chooses the level of the images.
    fn prepare(
        options: &'a ColourOptions,
        points: &Catalogue,
        images: OpenedImages,
        kept: Kept,
        memory: u64,
        listener: &dyn Listener,
    ) -> Result<Self> {
        if let Some(crs) = points.crs() {
            images.catalogue.check_system(crs)?;
        }
        let level = options.look_up.level()?;
        let mut run = Self {
            options,
            colour: Colour {
                gathering: options.look_up.gathering(),
                level: LevelChoice::Number(0),
                range: options.look_up.range()?,
                only_first_returns: options.first_returns,
                ndvi: options.ndvi,
            },
            images,
            kept,
            inputs: names_of(points),
            made_from: Value::Null,
            warnings: Vec::new(),
        };
        run.colour.check(&run.images.catalogue)?;
        run.mention_points(points, listener);
        run.mention_images(points, listener);
        run.colour.level = choose_level(level, points, &run.images.catalogue, memory, listener)?;
        Ok(run)
    }

    fn run_tiles(
        &self,
        tiles: &Tiles<'_>,
        output: &mut Output,
        listener: &dyn Listener,
        failed: &mut Option<TileFailure>,
    ) -> Result<RunReport> {
        let [memory, cache] = tiles.memory;
        let tiling = Tiling {
            tile_size: self.options.tile_size,
            memory: memory - memory / 8 - Views::most_bytes(memory) - cache,
            spill: restart::spill_of(&self.options.out, self.options.spill_dir.as_deref()),
        };
        let stage = listener.begin_stage("colour");
        let failure = Mutex::new(None);
        let note = |found: &TileFailure| {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| found.clone());
        };
        let options = RunOptions {
            progress: &|progress| crate::run::show_progress(&*stage, &progress),
            tile_failed: &note,
            checkpoint: Some(tiles.results.for_results()),
            ..RunOptions::default()
        };
        let report =
            tiling.stream_with(tiles.on, tiles.operation, [tiles.points], output, &options);
        *failed = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        report
    }

    /// Everything that the results of tiles depend on beside the points.
    fn result_parameters(&self, kept: &Kept) -> Value {
        // Debug formats have every field: also one that is added later.
        json!({
            "colour": format!("{:?}", self.colour),
            "images": self.images.identities,
            "bands": self.options.images.bands,
            "precedence": format!("{:?}", self.images.catalogue.precedence()),
            "dates": self.options.images.image_dates,
            "columns": column_names(kept.columns),
            "extra": format!("{:?}", kept.extra),
            "classes": self.options.classes,
        })
    }

    fn warn(&mut self, text: String, listener: &dyn Listener) {
        listener.warn(&text);
        self.warnings.push(text);
    }

    /// Warns of oddities of the files, and of extra bytes that are not kept.
    fn mention_points(&mut self, points: &Catalogue, listener: &dyn Listener) {
        for text in files::describe_files("the survey", points, &CatalogueOptions::default()) {
            self.warn(text, listener);
        }
        for text in self.kept.describe_lost(points) {
            self.warn(text, listener);
        }
    }

    /// Warns of infrared that only some images have, and of dates and coordinate systems that are not
    /// stated.
    fn mention_images(&mut self, points: &Catalogue, listener: &dyn Listener) {
        let catalogue = self.images.catalogue.clone();
        let abouts = || catalogue.images().iter().map(|image| image.description());
        let is_stated = |crs: &Crs| crs.horizontal.is_some() || crs.definition.is_some();
        let images = catalogue.images().iter();
        let without = images.filter(|image| image.bands().infrared.is_none());
        let without = without.count();
        if without > 0 && without < catalogue.images().len() {
            let text = "images have no near infrared: it is not written (--bands names it)";
            self.warn(format!("{without} {text}"), listener);
        }
        let undated = abouts().filter(|about| about.date.is_none()).count();
        if catalogue.precedence() != Precedence::First && undated > 0 {
            let text = "images have no date: they come last (--image-dates gives dates)";
            self.warn(format!("{undated} {text}"), listener);
        }
        let unstated = abouts().filter(|about| !is_stated(&about.crs)).count();
        if unstated > 0 {
            let text = "images state no coordinate system: taken to be in that of the points";
            self.warn(format!("{unstated} {text}"), listener);
        } else if points.crs().is_none_or(|crs| !is_stated(crs)) {
            let text = "the points state no coordinate system: taken to be in that of the images";
            self.warn(text.to_owned(), listener);
        }
    }
}
