//! The run of features, step by step.

use super::{
    FeatureOptionError, FeatureOptions, heights,
    options::Filter,
    outliers::OutlierRun,
    output::{self, Counted, Output},
    running::Running,
    summary, trajectory,
};
use crate::{epochs, inputs::Inputs, listed::list_paths};
use isopach::{
    Backend,
    cloud::Columns,
    compute::{Dispatcher, Result},
    features::{ClothFilter, Feature, FeatureTiles, Features, Gaps, PathTiles},
    gpu::GpuOptions,
    las::{self, Catalogue, CatalogueOptions, GpsTime, Schema},
    tiling::{Spill, Tiling},
};
use isopach_program::listener::Listener;
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
}

/// A run, with its inputs.
pub(super) struct FeatureRun<'a> {
    pub(super) options: &'a FeatureOptions,
    pub(super) features: Features,
    /// Names and features of the columns.
    pub(super) columns: Vec<(String, Feature)>,
    /// The files.
    pub(super) inputs: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Computes the features that the options describe, in the current thread and rayon's pool.
///
/// The file depends on inputs and parameters alone, not on tiles, memory or threads.
///
/// # Errors
/// [`Error::InvalidInput`](isopach::compute::Error) and `Error::InvalidParameter` for refused inputs and parameters,
/// `Error::Source` if a file cannot be read or written.
pub fn run(options: &FeatureOptions, listener: &dyn Listener) -> Result<FeatureOutcome> {
    let features = options.parsed_features()?;
    options.check_ground()?;
    let memory = options.memory_bytes()?;
    let on = options.devices.open(GpuOptions::default())?;
    let catalogue = open_survey(options)?;
    let of_files = columns_of_all(&catalogue);
    let mut kept = options.kept_columns(of_files)?;
    let outliers = options.outliers.parsed()?;
    if options.trajectory.is_some() {
        trajectory::check_times(of_files)?;
    }
    if options.height.ground.find_ground || outliers.is_some() {
        kept |= Columns::CLASSIFICATION;
    }
    let table = output::empty_table(&features);
    let named = table.columns.iter();
    let mut run = FeatureRun {
        options,
        columns: named
            .map(|column| (column.name.clone(), column.feature))
            .collect(),
        inputs: catalogue
            .files()
            .iter()
            .map(|file| file.path().display().to_string())
            .collect(),
        warnings: Vec::new(),
        features,
    };
    run.mention_oddities(&catalogue, listener);
    let mut output = Output {
        path: options.out.clone(),
        has_heights: options.height.is_wanted(),
        schema: schema_of(&catalogue, kept, options.trajectory.is_some())?,
        memory: memory / 16,
        table,
        convention: run.features.convention.name,
        file: None,
        counted: Counted::default(),
        cloth: None,
        outliers: outliers.map(|filter| OutlierRun::new(filter, options.outliers.without_outliers)),
    };
    let report = run.run_tiles(&on, &catalogue, kept, memory, &mut output, listener)?;
    run.mention_left_out(&catalogue, listener);
    summary::write_summary(&run, &output, &report)?;
    Ok(FeatureOutcome {
        out: options.out.clone(),
        summary: summary::summary_path(&options.out),
        points: output.counted.points,
        gaps: output.counted.gaps,
        without_height: output.has_heights.then_some(output.counted.without_height),
        outliers: output.outliers.map(|run| run.found),
        outside_path: options
            .trajectory
            .as_ref()
            .map(|_| output.counted.outside_path),
    })
}

/// The files in metres, without the points that are left out.
fn open_survey(options: &FeatureOptions) -> Result<Catalogue> {
    let paths = list_paths(&options.input);
    let catalogue =
        epochs::open_catalogue(&Inputs::default(), &paths, &CatalogueOptions::default())?;
    epochs::choose_points(
        catalogue,
        &options.classes,
        options.keep_withheld,
        options.keep_noise,
    )
}

/// The columns that every file has.
pub(crate) fn columns_of_all(catalogue: &Catalogue) -> Columns {
    let files = catalogue.files().iter();
    files.fold(Columns::ALL, |common, file| {
        let missing = common.without(file.columns());
        common.without(missing)
    })
}

/// The schema of the output: the finest scale and the coordinate system of the files.
fn schema_of(catalogue: &Catalogue, kept: Columns, needs_times: bool) -> Result<Schema> {
    let files = catalogue.files();
    let scales = files.iter().flat_map(|file| file.header().scale);
    let finest = scales.fold(f64::INFINITY, f64::min);
    let mut gps_time = GpsTime::ADJUSTED_STANDARD;
    if kept.contains(Columns::GPS_TIME) || needs_times {
        let mut times = files.iter().map(|file| file.header().gps_time);
        gps_time = times.next().unwrap_or(gps_time);
        if times.any(|time| time != gps_time) {
            return Err(FeatureOptionError::OtherGpsTimes.into());
        }
    }
    Ok(Schema {
        crs: catalogue.crs().cloned(),
        scale: if finest.is_finite() {
            finest
        } else {
            Schema::default().scale
        },
        columns: kept,
        gps_time,
        ..Schema::default()
    })
}

impl FeatureRun<'_> {
    fn run_tiles(
        &self,
        on: &Dispatcher<dyn Backend>,
        catalogue: &Catalogue,
        kept: Columns,
        memory: u64,
        output: &mut Output,
        listener: &dyn Listener,
    ) -> Result<isopach::tiling::RunReport> {
        let beside = self.options.out.parent().filter(|folder| folder.is_dir());
        let spill = self.options.spill_dir.as_deref();
        let tiling = Tiling {
            tile_size: self.options.tile_size,
            memory: memory - memory / 8,
            spill: Spill::in_folder(spill.or(beside).unwrap_or(Path::new("."))),
        };
        let mut running = Running {
            on,
            source: catalogue,
            tiling,
            listener,
            rule: None,
        };
        if let Some(outliers) = &mut output.outliers {
            running.prepare_rule(outliers)?;
        }
        let options = &self.options.height;
        if options.filter() == Some(Filter::Cloth) {
            let terrain = running.find_terrain(ClothFilter::default(), memory / 4)?;
            output.cloth = Some(Arc::new(terrain));
        }
        let heights = heights::open_heights(options, catalogue, output.cloth.as_ref())?;
        let features = self.features.clone();
        match &self.options.trajectory {
            None => running.write_all(FeatureTiles::new(features, kept)?, heights, output),
            Some(file) => {
                let path = Arc::new(trajectory::read_trajectory(file, memory / 8)?);
                running.write_all(PathTiles::new(features, kept, path)?, heights, output)
            }
        }
    }

    fn warn(&mut self, text: String, listener: &dyn Listener) {
        listener.warn(&text);
        self.warnings.push(text);
    }

    fn mention_oddities(&mut self, catalogue: &Catalogue, listener: &dyn Listener) {
        for duplicate in catalogue.duplicates() {
            let left_out = duplicate.left_out.display();
            let kept = duplicate.kept.display();
            let text = format!("{left_out} has the same points as {kept}: it is left out");
            self.warn(text, listener);
        }
        for file in catalogue.files() {
            let extra = &file.header().extra_bytes;
            if !extra.is_empty() {
                let names: Vec<&str> = extra.iter().map(|column| column.name.as_str()).collect();
                let path = file.path().display();
                let text = format!(
                    "{path}: its extra bytes are not kept ({})",
                    names.join(", ")
                );
                self.warn(text, listener);
            }
        }
    }

    fn mention_left_out(&mut self, catalogue: &Catalogue, listener: &dyn Listener) {
        let las::LeftOut { withheld, noise } = catalogue.left_out();
        if withheld > 0 {
            let count = epochs::count_points(withheld);
            self.warn(
                format!("{count} left out as withheld (--keep-withheld reads them)"),
                listener,
            );
        }
        if noise > 0 {
            let count = epochs::count_points(noise);
            let text =
                format!("{count} left out as noise, classes 7 and 18 (--keep-noise reads them)");
            self.warn(text, listener);
        }
    }
}
