//! The manifest: contents of the files. It is written last.

use super::{
    assemble::{Assembly, Finished},
    options::Format,
    run::PatchRun,
    statistics_file::describe_statistics,
};
use isopach::{
    compute::{Error, Result, UnfinishedFile},
    las::well_known_text,
    patches::{
        Augmentation, Column, ColumnKind, ColumnSource, Normalisation, PatchCounts, Sample,
        Statistics, ZeroHeight,
    },
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The file.
pub(super) const MANIFEST: &str = "manifest.json";

/// Version of the manifest.
const VERSION: u32 = 1;
/// That of one with columns in halves, which readers of the first version would take for numbers.
const VERSION_WITH_HALVES: u32 = 2;

/// A shard that was written.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) file: String,
    pub(super) rows: u64,
    pub(super) patches: usize,
}

/// The line of a patch in the manifest.
#[derive(Clone, Debug)]
pub(super) struct PatchRecord {
    line: String,
    rows: u64,
}

impl PatchRecord {
    /// The line of a patch; `place` says where its rows are, as JSON.
    pub(super) fn new(finished: &Finished, place: String) -> Self {
        let patch = &finished.patch;
        let about = json!({
            "cell": patch.index,
            "centre": patch.centre,
            "zero_height": patch.zero_height,
            "zero_is_lowest": patch.lacks_ground,
            "points": patch.points,
            "rows": patch.len(),
        });
        let mut line = about.to_string();
        line.pop();
        line.push_str(", ");
        line.push_str(&place);
        if let Some(change) = finished.change {
            let change = json!({
                "number": finished.copy,
                "mirrored": change.mirrored,
                "turn": change.turn,
                "scale": change.scale,
                "dropped": change.dropped,
            });
            line.push_str(&format!(", \"copy\": {change}"));
        }
        line.push('}');
        Self {
            line,
            rows: patch.len() as u64,
        }
    }
}

/// Lines of patches, in a file until the manifest is written.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: BufWriter<File>,
    pub(super) count: u64,
    pub(super) rows: u64,
}

impl Records {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let path = folder.join("records");
        let file = File::create_new(&path).map_err(|error| Error::of_file(&path, error))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
            count: 0,
            rows: 0,
        })
    }

    pub(super) fn write(&mut self, records: &[PatchRecord]) -> Result<()> {
        for PatchRecord { line, rows } in records {
            let comma = if self.count == 0 { "" } else { ",\n" };
            let written = write!(self.file, "{comma}    {line}");
            written.map_err(|error| Error::of_file(&self.path, error))?;
            self.count += 1;
            self.rows += rows;
        }
        Ok(())
    }
}

/// Parts of the manifest beside patches and shards.
#[derive(Debug)]
pub(super) struct About<'a> {
    pub(super) run: &'a PatchRun<'a>,
    pub(super) assembly: &'a Assembly<'a>,
    /// Statistics of these patches.
    pub(super) statistics: &'a Statistics,
    pub(super) counts: PatchCounts,
    pub(super) shards: &'a [Shard],
}

/// Writes the manifest, and removes the file of the records.
pub(super) fn write_manifest(folder: &Path, about: &About<'_>, records: Records) -> Result<()> {
    let path = folder.join(MANIFEST);
    let mut head =
        serde_json::to_string_pretty(&describe(about, &records)).map_err(Error::source)?;
    // The list of patches comes last, before the brace.
    head.truncate(head.trim_end_matches(['}', '\n']).len());
    let Records {
        path: lines, file, ..
    } = records;
    let written = (|| -> io::Result<()> {
        drop(file.into_inner().map_err(io::IntoInnerError::into_error)?);
        let (part, file) = UnfinishedFile::create(&path)?;
        let mut to = BufWriter::new(file);
        to.write_all(head.as_bytes())?;
        to.write_all(b",\n  \"patches\": [\n")?;
        io::copy(&mut File::open(&lines)?, &mut to)?;
        to.write_all(b"\n  ]\n}\n")?;
        let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        part.complete(&file)?;
        fs::remove_file(&lines)
    })();
    written.map_err(|error| Error::of_file(&path, error))
}

fn describe(about: &About<'_>, records: &Records) -> Value {
    let operation = about.assembly.operation;
    let patches = operation.patches();
    let used = about.assembly.normalised_by.as_ref();
    let counts = about.counts;
    json!({
        "format": match about.run.options.format {
            Format::Safetensors => "isopach patches, safetensors",
            Format::Npy => "isopach patches, npy",
        },
        "version": if about.assembly.has_halves() { VERSION_WITH_HALVES } else { VERSION },
        "program": format!("isopach patches {}", env!("CARGO_PKG_VERSION")),
        "inputs": about.run.inputs,
        "crs": about.run.crs.as_ref().and_then(well_known_text),
        "side_m": patches.side,
        "overlap_m": patches.overlap,
        "stride_m": operation.stride(),
        "sample": describe_sample(patches.sample),
        "seed": patches.seed,
        "at_least": patches.at_least,
        "zero_height": match &patches.zero_height {
            ZeroHeight::Ground(classes) => json!({ "median_of_classes": classes }),
            ZeroHeight::Fixed(height) => json!({ "fixed_m": height }),
            _ => json!("lowest point"),
        },
        "augmentation": patches.augmentation.as_ref().map(describe_augmentation),
        "normalised_by": match patches.normalisation {
            Normalisation::Own => json!("these patches"),
            Normalisation::Given(_) => json!("given statistics"),
            _ => Value::Null,
        },
        "color_bits": about.assembly.colours.count(),
        "features": about.run.feature_parameters(),
        "columns": about.columns(),
        "statistics": describe_statistics(used.unwrap_or(about.statistics)),
        "statistics_of_these": used
            .filter(|used| *used != about.statistics)
            .map(|_| describe_statistics(about.statistics)),
        "counts": {
            "points_of_survey": counts.points,
            "patches": counts.patches,
            "written": records.count,
            "rows": records.rows,
            "patches_left_out": counts.left_out,
            "points_left_out": counts.points_left_out,
            "patches_with_repeated_points": counts.repeated,
            "patches_without_ground": counts.without_ground,
        },
        "warnings": about.run.warnings,
        "shards": about
            .shards
            .iter()
            .map(|shard| json!({
                "file": shard.file, "rows": shard.rows, "patches": shard.patches,
            }))
            .collect::<Value>(),
    })
}

fn describe_sample(sample: Sample) -> Value {
    match sample {
        Sample::All => json!({ "kind": "all" }),
        Sample::Random(n) => json!({ "kind": "random", "points": n }),
        Sample::VoxelStratified { n, voxel } => {
            json!({ "kind": "stratified", "points": n, "voxel_m": voxel })
        }
        Sample::OnePerVoxel(voxel) => json!({ "kind": "voxel", "voxel_m": voxel }),
        Sample::Farthest(n) => json!({ "kind": "farthest", "points": n }),
        other => json!(format!("{other:?}")),
    }
}

fn describe_augmentation(augmentation: &Augmentation) -> Value {
    let Augmentation {
        copies,
        flip,
        rotation,
        scale,
        jitter,
        dropout,
    } = augmentation;
    json!({
        "copies": copies,
        "flip": flip,
        "rotation": rotation,
        "scale": scale,
        "jitter_m": jitter,
        "dropout": dropout,
    })
}

impl About<'_> {
    fn columns(&self) -> Vec<Value> {
        let is_normalised = self.assembly.normalised_by.is_some();
        let coordinates = json!({
            "name": "coord",
            "width": 3,
            "dtype": "f32",
            "unit": "m",
            "kind": "coordinates",
            "source": "east, north and up from centre and zero height",
            "normalised": false,
        });
        let assembly = self.assembly;
        let about = assembly.columns.iter().zip(&assembly.storages);
        let others = about.enumerate().map(|(number, (column, storage))| {
            let storage_of = storage.describe(assembly.errors.of_column(number));
            json!({
                "name": column.name,
                "width": storage.width(column),
                "dtype": storage.type_name(),
                "storage": storage_of,
                "unit": column.unit,
                "kind": describe_kind(column),
                "source": describe_source(column),
                "normalised": is_normalised && column.is_normalised(),
            })
        });
        std::iter::once(coordinates).chain(others).collect()
    }
}

fn describe_kind(column: &Column) -> Value {
    match column.kind {
        ColumnKind::Label => json!("label"),
        ColumnKind::ScalesAs(power) => json!({ "scales_as": power }),
        ColumnKind::Vector => json!("vector"),
        ColumnKind::Axis => json!("axis"),
        _ => json!("scalar"),
    }
}

fn describe_source(column: &Column) -> String {
    match column.source {
        ColumnSource::Attribute(attribute) => format!("attribute {attribute:?}"),
        ColumnSource::Feature(_) if column.width == 3 => "feature normal".into(),
        ColumnSource::Feature(feature) => format!("feature {}", feature.name()),
        _ => "height above ground".into(),
    }
}
