//! The run of patches, step by step.

use super::{
    PatchOptions,
    assemble::{self, Assembly},
    folder::UnfinishedFolder,
    manifest::{self, About, PatchRecord, Records, Shard},
    npy_folders,
    options::Format,
    shards,
    stage::{Stage, StageWriter},
    storage::{ColumnStorage, LargestErrors},
};
use crate::{
    features::{
        column_names, columns_of_all, ground_of, neighbourhood_of, normals_of, restart,
        side_in_metres, surface_of,
    },
    files,
};
use isopach::{
    Backend,
    cloud::Crs,
    compute::{Dispatcher, Result},
    features::Features,
    gpu::GpuOptions,
    las::{Catalogue, CatalogueOptions},
    patches::{ColourBits, Normalisation, PatchCounts, PatchTiles, Patches},
    tiling::{CheckpointDir, PointSource as _, RunOptions, TileFailure, Tiling},
};
use isopach_program::listener::{Listener, StageProgress};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Outcome of a run of patches.
#[derive(Clone, Debug)]
pub struct PatchOutcome {
    /// The folder that was written.
    pub out: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// Counts of patches and points.
    pub counts: PatchCounts,
    /// Patches and copies that were written.
    pub written: u64,
    /// Their rows.
    pub rows: u64,
    /// Tiles whose results an earlier run left, which was ended before it was complete.
    pub tiles_kept: usize,
}

/// A run, with its inputs.
#[derive(Debug)]
pub(super) struct PatchRun<'a> {
    pub(super) options: &'a PatchOptions,
    pub(super) features: Option<Features>,
    /// The files.
    pub(super) inputs: Vec<String>,
    pub(super) crs: Option<Crs>,
    pub(super) warnings: Vec<String>,
}

/// Patches that folders are written for at a time.
const FOLDERS: usize = 256;

/// Cuts the patches that the options describe, in the current thread and rayon's pool.
///
/// The files depend on inputs and parameters alone, not on tiles, memory or threads. The results of
/// tiles wait in `OUT.run` until the folder is complete: a run that is ended goes on with the same
/// options, and ends with the same bytes.
///
/// # Errors
/// [`Error::InvalidInput`](isopach::compute::Error) and `Error::InvalidParameter` for refused inputs and parameters,
/// and for a run of other inputs or parameters in `OUT.run`; `Error::Busy` if another process works
/// on the same output; `Error::Source` if a file cannot be read or written.
pub fn run(options: &PatchOptions, listener: &dyn Listener) -> Result<PatchOutcome> {
    run_noting_failure(options, listener, &mut None)
}

/// As [`run`]; an error of a tile is noted in `failed` as well.
pub(super) fn run_noting_failure(
    options: &PatchOptions,
    listener: &dyn Listener,
    failed: &mut Option<TileFailure>,
) -> Result<PatchOutcome> {
    let memory = options.memory_bytes()?;
    options.shard_bytes()?;
    let (patches, given_colours) = options.parsed_patches()?;
    let (mut run, catalogue) = PatchRun::prepare(options)?;
    let operation = make_operation(options, patches, run.features.as_ref(), &catalogue)?;
    let on = options.devices.open(GpuOptions::default())?;
    run.mention_oddities(&catalogue, listener);
    let folder = UnfinishedFolder::create(&options.out)?;
    if options.fresh {
        restart::forget_run(&options.out)?;
    }
    let results = run.kept_results(&operation, &catalogue)?;
    let tiles = Tiles {
        on: &on,
        catalogue: &catalogue,
        operation: &operation,
        memory,
        results: &results,
    };
    let cut = run.cut(&tiles, folder.path(), listener, failed);
    if let Err(error) = &cut {
        restart::forget_if_empty(&results, error);
    }
    let (stage, tiles_kept) = cut?;
    run.mention_left_out(&catalogue, stage.counts, tiles_kept, listener);
    let [written, rows] =
        run.write_files(&stage, &operation, given_colours, folder.path(), listener)?;
    let counts = stage.counts;
    stage.remove()?;
    folder.complete()?;
    restart::remove_kept(&results)?;
    Ok(PatchOutcome {
        out: options.out.clone(),
        manifest: options.out.join(manifest::MANIFEST),
        counts,
        written,
        rows,
        tiles_kept,
    })
}

/// Inputs of the tiles of a run, and the folder where their results wait.
struct Tiles<'a> {
    on: &'a Dispatcher<dyn Backend>,
    catalogue: &'a Catalogue,
    operation: &'a PatchTiles,
    /// Bytes for everything.
    memory: u64,
    results: &'a CheckpointDir,
}

/// The operation that cuts patches with all that the options ask for.
fn make_operation(
    options: &PatchOptions,
    patches: Patches,
    features: Option<&Features>,
    catalogue: &Catalogue,
) -> Result<PatchTiles> {
    let kept = options.kept_columns(columns_of_all(catalogue))?;
    let mut operation = PatchTiles::new(patches, kept)?;
    if let Some(features) = features {
        operation = operation.with_features(features.clone())?;
    }
    if let Some(above) = options.height.above() {
        operation = operation.with_heights(above, options.height.source())?;
    }
    operation.check_statistics()?;
    Ok(operation)
}

/// Sizes of shards.
#[derive(Clone, Copy)]
struct ShardLayout {
    /// Bytes of a shard, about.
    bytes: u64,
    /// Shards that are written at the same time.
    together: usize,
}

/// Writes the shards, some at a time.
fn write_shards(
    assembly: &Assembly<'_>,
    folder: &Path,
    layout: ShardLayout,
    records: &mut Records,
    progress: &dyn StageProgress,
) -> Result<Vec<Shard>> {
    let together = layout.together;
    let parts = assembly.shards(layout.bytes);
    let mut shards = Vec::new();
    for (batch, some) in parts.chunks(together).enumerate() {
        let written: Vec<_> = some
            .par_iter()
            .enumerate()
            .map(|(i, items)| {
                shards::write_shard(assembly, folder, batch * together + i, items.clone())
            })
            .collect::<Result<_>>()?;
        for (shard, of_shard) in written {
            records.write(&of_shard)?;
            shards.push(shard);
        }
        let share = shards.len() as f64 / parts.len() as f64;
        progress.show(share, &format!("{} shards", shards.len()));
    }
    Ok(shards)
}

/// Writes a folder a patch, some at a time.
fn write_folders(
    assembly: &Assembly<'_>,
    folder: &Path,
    records: &mut Records,
    progress: &dyn StageProgress,
) -> Result<()> {
    let count = assembly.count();
    for start in (0..count).step_by(FOLDERS) {
        let end = (start + FOLDERS).min(count);
        let written: Vec<Vec<PatchRecord>> = (start..end)
            .into_par_iter()
            .map(|item| npy_folders::write_folders(assembly, folder, item..item + 1))
            .collect::<Result<_>>()?;
        written
            .iter()
            .try_for_each(|of_item| records.write(of_item))?;
        progress.show(end as f64 / count as f64, &format!("{end} patches"));
    }
    Ok(())
}

impl<'a> PatchRun<'a> {
    /// Opens the files.
    fn prepare(options: &'a PatchOptions) -> Result<(Self, Catalogue)> {
        let mut features = options.parsed_features()?;
        let catalogue = files::open_survey(
            &options.input,
            &options.classes,
            options.keep_withheld,
            options.keep_noise,
        )?;
        if let Some(features) = &mut features {
            features.normals = side_in_metres(features.normals, &catalogue)?;
        }
        let files = catalogue.files().iter();
        let run = Self {
            options,
            features,
            inputs: files
                .map(|file| file.path().display().to_string())
                .collect(),
            crs: catalogue.crs().cloned(),
            warnings: Vec::new(),
        };
        Ok((run, catalogue))
    }

    /// Writes patches and manifest; the number of patches with copies, and of their rows.
    fn write_files(
        &self,
        stage: &Stage,
        operation: &PatchTiles,
        given_colours: Option<ColourBits>,
        folder: &Path,
        listener: &dyn Listener,
    ) -> Result<[u64; 2]> {
        let columns = operation.columns();
        let found_colours = ColourBits::of_largest(stage.counts.largest_colour);
        let colours = given_colours.unwrap_or(found_colours);
        let statistics = assemble::collect_statistics(stage, &columns, colours)?;
        let normalised_by = match &operation.patches().normalisation {
            Normalisation::Own => Some(statistics.clone()),
            Normalisation::Given(given) => Some(given.clone()),
            _ => None,
        };
        let storages = ColumnStorage::of_columns(
            &columns,
            stage,
            operation.patches().augmentation.as_ref(),
            normalised_by.as_ref(),
            self.options.halves,
        );
        let assembly = Assembly {
            stage,
            operation,
            columns,
            storages,
            errors: LargestErrors::default(),
            normalised_by,
            colours,
        };
        let mut records = Records::create(folder)?;
        let progress = listener.begin_stage("writing");
        let shards = self.write_patches(&assembly, folder, &mut records, &*progress)?;
        drop(progress);
        let written = [records.count, records.rows];
        let about = About {
            run: self,
            assembly: &assembly,
            statistics: &statistics,
            counts: stage.counts,
            shards: &shards,
        };
        manifest::write_manifest(folder, &about, records)?;
        Ok(written)
    }

    /// Writes the rows; the shards, if there are any.
    fn write_patches(
        &self,
        assembly: &Assembly<'_>,
        folder: &Path,
        records: &mut Records,
        progress: &dyn StageProgress,
    ) -> Result<Vec<Shard>> {
        match self.options.format {
            Format::Safetensors => {
                let bytes = self.options.shard_bytes()?;
                let memory = self.options.memory_bytes()?;
                let layout = ShardLayout {
                    bytes,
                    together: (memory / bytes / 4).max(1) as usize,
                };
                write_shards(assembly, folder, layout, records, progress)
            }
            Format::Npy => {
                write_folders(assembly, folder, records, progress)?;
                Ok(Vec::new())
            }
        }
    }

    /// Cuts the survey into patches, which wait in memory and on disk; with the number of tiles whose
    /// results an earlier run left.
    fn cut(
        &self,
        tiles: &Tiles<'_>,
        folder: &Path,
        listener: &dyn Listener,
        failed: &mut Option<TileFailure>,
    ) -> Result<(Stage, usize)> {
        let memory = tiles.memory;
        // Only halves need the largest numbers of columns.
        let columns = if self.options.halves {
            tiles.operation.columns().len()
        } else {
            0
        };
        let mut writer = StageWriter::create(&folder.join("stage"), columns, memory / 8)?;
        let tiling = Tiling {
            tile_size: self.options.tile_size,
            memory: memory - memory / 8,
            spill: restart::spill_of(&self.options.out, self.options.spill_dir.as_deref()),
        };
        let progress = listener.begin_stage("patches");
        let failure = Mutex::new(None);
        let note = |found: &TileFailure| {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| found.clone());
        };
        let options = RunOptions {
            progress: &|of_run| crate::run::show_progress(&*progress, &of_run),
            tile_failed: &note,
            checkpoint: Some(tiles.results.for_results()),
            ..RunOptions::default()
        };
        let ran = tiling.stream_with(
            tiles.on,
            tiles.operation,
            [tiles.catalogue],
            &mut writer,
            &options,
        );
        *failed = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        let report = ran?;
        Ok((writer.into_stage()?, report.tiles_kept))
    }

    /// The results of a run's tiles, and everything that they depend on beside the files: other
    /// parameters are refused. Copies, normalisation and files are made of the results, and may
    /// change.
    fn kept_results(&self, operation: &PatchTiles, catalogue: &Catalogue) -> Result<CheckpointDir> {
        let options = self.options;
        let raw = Patches {
            normalisation: Normalisation::None,
            augmentation: None,
            ..operation.patches().clone()
        };
        // Debug formats have every field: also one that is added later.
        let parameters = json!({
            "patches": format!("{raw:?}"),
            "features": format!("{:?}", self.features),
            "height": options.height.above().map(|above| {
                [format!("{above:?}"), format!("{:?}", options.height.source())]
            }),
            "columns": column_names(options.kept_columns(columns_of_all(catalogue))?),
            "classes": options.classes,
            "keep_withheld": options.keep_withheld,
            "keep_noise": options.keep_noise,
        });
        let folder = restart::state_folder(&options.out);
        Ok(CheckpointDir::new(folder, parameters.to_string()))
    }

    /// Formulas, neighbourhood and heights, for the manifest.
    pub(super) fn feature_parameters(&self) -> Value {
        let features = self.features.as_ref().map(|features| {
            json!({
                "convention": features.convention.name,
                "neighbourhood": neighbourhood_of(&features.neighbourhood),
                "normals": normals_of(features.normals),
            })
        });
        let height = self.options.height.above().map(|above| {
            json!({
                "surface": surface_of(above.surface),
                "ground": ground_of(&self.options.height),
                "max_distance_m": above.max_distance,
            })
        });
        json!({ "shape": features, "height_above_ground": height })
    }

    fn warn(&mut self, text: String, listener: &dyn Listener) {
        listener.warn(&text);
        self.warnings.push(text);
    }

    fn mention_oddities(&mut self, catalogue: &Catalogue, listener: &dyn Listener) {
        for text in files::describe_files("the survey", catalogue, &CatalogueOptions::default()) {
            self.warn(text, listener);
        }
    }

    /// Mentions points that were left out. The manifest has only their number: a run that went on has
    /// not read those of kept tiles, and ends with the same bytes.
    fn mention_left_out(
        &mut self,
        catalogue: &Catalogue,
        counts: PatchCounts,
        tiles_kept: usize,
        listener: &dyn Listener,
    ) {
        let left_out = catalogue.point_count().saturating_sub(counts.points);
        if left_out == 0 {
            return;
        }
        let count = files::count_points(left_out);
        let text = format!(
            "{count} left out by class, as withheld or as noise (--classes, --keep-withheld, --keep-noise)"
        );
        if tiles_kept > 0 {
            listener.warn(&text);
        } else {
            for text in files::describe_left_out("", catalogue.left_out()) {
                listener.warn(&text);
            }
        }
        self.warnings.push(text);
    }
}
