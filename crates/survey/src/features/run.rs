//! The run of features, step by step.

use super::{
    FeatureOptionError, FeatureOptions,
    columns::OutputColumn,
    heights,
    kept::{Kept, columns_of_all},
    maps::{self, Maps},
    options::{Filter, metres_per_unit, side_in_metres},
    outliers::OutlierRun,
    output::{Counted, Output},
    overwrite,
    page::Views,
    restart,
    running::Running,
    summary, trajectory,
};
use crate::files;
use isopach::{
    Backend,
    cloud::Columns,
    compute::{Dispatcher, Result},
    features::{ClothFilter, FeatureTiles, Features, Gaps, PathTiles},
    gpu::GpuOptions,
    las::{Catalogue, CatalogueOptions, GpsTime, Schema},
    tiling::{CheckpointDir, PointSource, RunReport, TileFailure, Tiling},
};
use isopach_program::{finished::WrittenOver, listener::Listener};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Outcome of a run of features.
#[derive(Clone, Debug)]
pub struct FeatureOutcome {
    /// The file that was written.
    pub out: PathBuf,
    /// Its summary.
    pub summary: PathBuf,
    /// Its page.
    pub page: PathBuf,
    /// The folder of its maps, if they were asked for.
    pub maps: Option<PathBuf>,
    /// Number of points.
    pub points: u64,
    /// Neighbourhoods without features.
    pub gaps: Gaps,
    /// Points whose height above ground is not known, if it was asked for.
    pub without_height: Option<u64>,
    /// Outliers, if they were asked for.
    pub outliers: Option<u64>,
    /// Points whose time is outside the path of the scanner, if there is one.
    pub outside_path: Option<u64>,
    /// Tiles whose results an earlier run left, which was ended before it was complete.
    pub tiles_kept: usize,
}

/// A run, with its inputs.
pub(super) struct FeatureRun<'a> {
    pub(super) options: &'a FeatureOptions,
    pub(super) features: Features,
    pub(super) columns: Vec<OutputColumn>,
    /// Attributes of the files that stand in the output.
    pub(super) kept: Kept,
    /// The files.
    pub(super) inputs: Vec<String>,
    /// Identities of the files, and parameters.
    pub(super) made_from: Value,
    pub(super) warnings: Vec<String>,
}

/// Computes the features that the options describe, in the current thread and rayon's pool.
///
/// The file depends on inputs and parameters alone, not on tiles, memory or threads. The results of
/// tiles wait in `OUT.run` until all are there: a run that is ended goes on with the same options,
/// and ends with the same bytes.
///
/// # Errors
/// [`Error::InvalidInput`](isopach::compute::Error) and `Error::InvalidParameter` for refused inputs and parameters,
/// and for a run of other inputs or parameters in `OUT.run`; `Error::Busy` if another process works
/// on the same output; `Error::Source` if a file cannot be read or written.
pub fn run(options: &FeatureOptions, listener: &dyn Listener) -> Result<FeatureOutcome> {
    run_noting_failure(options, listener, &mut None)
}

/// As [`run`]; an error of a tile is noted in `failed` as well.
pub(super) fn run_noting_failure(
    options: &FeatureOptions,
    listener: &dyn Listener,
    failed: &mut Option<TileFailure>,
) -> Result<FeatureOutcome> {
    let (mut run, catalogue) = FeatureRun::prepare(options)?;
    let memory = options.memory_bytes()?;
    let on = options.devices.open(GpuOptions::default())?;
    if options.fresh {
        restart::forget_run(&options.out)?;
    }
    run.mention_oddities(&catalogue, listener);
    let columns = run.columns.clone();
    let mut output = run.open_output(&columns, &catalogue, memory)?;
    let results = restart::kept_results(&run);
    let tiles = Tiles {
        on: &on,
        catalogue: &catalogue,
        kept: run.kept.columns,
        memory,
        results: &results,
    };
    let ran = run.run_tiles(&tiles, &mut output, listener, failed);
    if let Err(error) = &ran {
        restart::forget_if_empty(&results, error);
    }
    let report = ran?;
    let written = output.counted.points;
    run.mention_left_out(&catalogue, &report, written, listener);
    summary::write_summary(&run, &output, &report)?;
    restart::remove_kept(&results)?;
    Ok(run.outcome(&output, &report))
}

/// The schema of an output: the coordinate system of the files, their finest scale, and their
/// offset if all have the same, so that coordinates stay the numbers that they are.
pub(crate) fn schema_of(catalogue: &Catalogue, kept: &Kept, needs_times: bool) -> Result<Schema> {
    let files = catalogue.files();
    let scales = files.iter().flat_map(|file| {
        // Coordinates that became metres are no multiples of the stated scale.
        let is_stated = file.crs() == file.header().crs.as_ref();
        let most = if is_stated {
            f64::INFINITY
        } else {
            Schema::default().scale
        };
        file.header().scale.map(|scale| scale.abs().min(most))
    });
    let finest = scales.fold(f64::INFINITY, f64::min);
    let mut gps_time = GpsTime::ADJUSTED_STANDARD;
    if kept.columns.contains(Columns::GPS_TIME) || needs_times {
        let mut times = files.iter().map(|file| file.header().gps_time);
        gps_time = times.next().unwrap_or(gps_time);
        if times.any(|time| time != gps_time) {
            return Err(FeatureOptionError::OtherGpsTimes.into());
        }
    }
    let scale = if finest.is_finite() && finest > 0.0 {
        finest
    } else {
        Schema::default().scale
    };
    Ok(Schema {
        crs: catalogue.crs().cloned(),
        scale,
        offset: offset_of(catalogue, scale),
        columns: kept.columns,
        carried: kept.extra.clone(),
        gps_time,
        ..Schema::default()
    })
}

/// The offset of all files if it is the same, else the whole metres in the middle of the survey.
fn offset_of(catalogue: &Catalogue, scale: f64) -> [f64; 3] {
    let extent = catalogue.extent();
    let [x, y] = extent.centre().map(f64::floor);
    let mut offsets = catalogue.files().iter().map(|file| {
        let is_stated = file.crs() == file.header().crs.as_ref();
        is_stated.then_some(file.header().offset)
    });
    let first = offsets.next().flatten();
    let common = first.filter(|offset| offsets.all(|other| other == Some(*offset)));
    let reach = scale * f64::from(i32::MAX);
    let is_near = |offset: &[f64; 3]| {
        let [low, high] = catalogue.height_range();
        let corners = [
            [extent.min[0], extent.min[1], low],
            [extent.max[0], extent.max[1], high],
        ];
        let mut distances = corners
            .iter()
            .flat_map(|corner| (0..3).map(|axis| (corner[axis] - offset[axis]).abs()));
        distances.all(|distance| distance < reach)
    };
    common.filter(is_near).unwrap_or([x, y, 0.0])
}

/// Refuses an output whose files are among the inputs.
pub(crate) fn refuse_inputs_written_over(catalogue: &Catalogue, out: &Path) -> Result<()> {
    let written = [
        out.to_owned(),
        summary::summary_path(out),
        summary::page_path(out),
    ];
    let written_over = WrittenOver::of(Path::new(""), written);
    let mut files = catalogue.files().iter();
    files.try_for_each(|file| written_over.refuse_input(file.path()))
}

/// Inputs of the tiles of a run, and the folder where their results wait.
struct Tiles<'a> {
    on: &'a Dispatcher<dyn Backend>,
    catalogue: &'a Catalogue,
    /// Columns beside the coordinates.
    kept: Columns,
    /// Bytes for everything.
    memory: u64,
    results: &'a CheckpointDir,
}

impl<'a> FeatureRun<'a> {
    /// Opens the files, and refuses options that do not suit them or what lies at the output.
    fn prepare(options: &'a FeatureOptions) -> Result<(Self, Catalogue)> {
        let mut features = options.parsed_features()?;
        options.check_ground()?;
        let outliers = options.outliers.parsed()?;
        let catalogue = files::open_survey(
            &options.input,
            &options.classes,
            options.keep_withheld,
            options.keep_noise,
        )?;
        features.normals = side_in_metres(features.normals, &catalogue)?;
        refuse_inputs_written_over(&catalogue, &options.out)?;
        let columns = OutputColumn::of_run(&features, options);
        if let Some(terrain) = &options.height.terrain {
            maps::refuse_input(&options.out, &columns, terrain)?;
        }
        if options.trajectory.is_some() {
            trajectory::check_times(columns_of_all(&catalogue))?;
        }
        let mut kept = Kept::parse(&options.columns, &catalogue)?;
        kept.check_new(columns.iter().map(|column| &*column.name))?;
        if options.height.ground.find_ground || outliers.is_some() {
            kept.columns |= Columns::CLASSIFICATION;
        }
        let catalogue = catalogue.carry_extra(&kept.extra)?;
        let files = catalogue.files().iter();
        let mut run = Self {
            options,
            columns,
            kept,
            inputs: files
                .map(|file| file.path().display().to_string())
                .collect(),
            made_from: Value::Null,
            warnings: Vec::new(),
            features,
        };
        let parameters = restart::result_parameters(&run)?;
        run.made_from = overwrite::describe_origin(&catalogue, parameters)?;
        let permissions = [options.force, options.fresh];
        let goes_on = overwrite::check_output(&options.out, &run.made_from, permissions)?;
        if options.maps.is_some() && !options.force && !goes_on {
            maps::refuse_foreign(&options.out, &run.columns)?;
        }
        Ok((run, catalogue))
    }

    /// The files that are to be written, of these columns.
    fn open_output<'b>(
        &self,
        columns: &'b [OutputColumn],
        catalogue: &Catalogue,
        memory: u64,
    ) -> Result<Output<'b>> {
        let options = self.options;
        let points = catalogue.point_count();
        let outliers = options.outliers.parsed()?;
        let leave_out = options.outliers.without_outliers;
        let maps_of = |cell| Maps::create(&options.out, cell, columns, catalogue.crs(), memory);
        Ok(Output {
            path: options.out.clone(),
            schema: schema_of(catalogue, &self.kept, options.trajectory.is_some())?,
            memory: memory / 16,
            file: None,
            counted: Counted::default(),
            views: Views::new(&catalogue.extent(), points, columns.len(), memory),
            columns,
            maps: options.maps.map(maps_of).transpose()?,
            outliers: outliers.map(|filter| OutlierRun::new(filter, leave_out)),
            cloth: None,
        })
    }

    fn outcome(&self, output: &Output<'_>, report: &RunReport) -> FeatureOutcome {
        let options = self.options;
        let counted = output.counted;
        let has_heights = options.height.is_wanted();
        let has_path = options.trajectory.is_some();
        FeatureOutcome {
            out: options.out.clone(),
            summary: summary::summary_path(&options.out),
            page: summary::page_path(&options.out),
            maps: output.maps.as_ref().map(|maps| maps.folder().to_owned()),
            points: counted.points,
            gaps: counted.gaps,
            without_height: has_heights.then_some(counted.without_height),
            outliers: output.outliers.map(|run| run.found),
            outside_path: has_path.then_some(counted.outside_path),
            tiles_kept: report.tiles_kept,
        }
    }

    fn run_tiles(
        &self,
        tiles: &Tiles<'_>,
        output: &mut Output<'_>,
        listener: &dyn Listener,
        failed: &mut Option<TileFailure>,
    ) -> Result<RunReport> {
        let memory = tiles.memory;
        let columns = self.columns.len();
        let of_maps = self.options.maps.map(|_| Maps::most_bytes(columns, memory));
        let rest = memory - memory / 8 - Views::most_bytes(memory);
        let tiling = Tiling {
            tile_size: self.options.tile_size,
            memory: rest.saturating_sub(of_maps.unwrap_or(0)),
            spill: restart::spill_of(&self.options.out, self.options.spill_dir.as_deref()),
        };
        let mut running = Running {
            on: tiles.on,
            source: tiles.catalogue,
            tiling,
            listener,
            rule: None,
            results: tiles.results,
            maps: self.options.maps,
            columns: self.columns.len(),
        };
        if let Some(outliers) = &mut output.outliers {
            running.prepare_rule(outliers)?;
        }
        let options = &self.options.height;
        if options.filter() == Some(Filter::Cloth) {
            let terrain = running.find_terrain(ClothFilter::default(), memory / 4)?;
            output.cloth = Some(Arc::new(terrain));
        }
        let heights = heights::open_heights(options, tiles.catalogue, output.cloth.as_ref())?;
        let features = self.features.clone();
        match &self.options.trajectory {
            None => {
                let operation = FeatureTiles::new(features, tiles.kept)?;
                running.write_all(operation, heights, output, failed)
            }
            Some(file) => {
                let factors = metres_per_unit("--trajectory", tiles.catalogue)?;
                let path = trajectory::read_trajectory(file, memory / 8, factors)?;
                let path = Arc::new(path);
                let operation = PathTiles::new(features, tiles.kept, path)?;
                running.write_all(operation, heights, output, failed)
            }
        }
    }

    fn warn(&mut self, text: String, listener: &dyn Listener) {
        listener.warn(&text);
        self.warnings.push(text);
    }

    fn mention_oddities(&mut self, catalogue: &Catalogue, listener: &dyn Listener) {
        for text in files::describe_files("the survey", catalogue, &CatalogueOptions::default()) {
            self.warn(text, listener);
        }
        for text in self.kept.describe_lost(catalogue) {
            self.warn(text, listener);
        }
    }

    fn mention_left_out(
        &mut self,
        catalogue: &Catalogue,
        report: &RunReport,
        written: u64,
        listener: &dyn Listener,
    ) {
        if report.tiles_kept > 0 {
            // Points of kept tiles were read by the run that was ended: only their number is known.
            let left_out = catalogue.point_count().saturating_sub(written);
            if left_out > 0 {
                let count = files::count_points(left_out);
                let text = format!(
                    "{count} left out by class, as withheld or as noise (--classes, --keep-withheld, --keep-noise)"
                );
                self.warn(text, listener);
            }
            return;
        }
        for text in files::describe_left_out("", catalogue.left_out()) {
            self.warn(text, listener);
        }
    }
}
