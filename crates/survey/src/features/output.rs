//! The LAZ file of a run, and its counts.

use super::{options::GroundArgs, outliers::OutlierRun, written::WrittenTile};
use isopach::{
    cloud::{Cloud, Rect},
    compute::Result,
    features::{ClothTerrain, FeatureTile, Features, Gaps, PointFeatures},
    las::{ExtraBytes, ExtraKind, Schema, SortedLazWriter},
    tiling::TileSink,
};
use std::{path::PathBuf, sync::Arc};

/// Side of the cells that order the points of the file, metres.
const ORDER: f64 = 1.0;

/// Bytes of the description of an extra column.
const DESCRIPTION: usize = 32;

/// The file that is being written.
pub(super) struct Output {
    pub(super) path: PathBuf,
    /// Whether heights above ground are a column, the last one.
    pub(super) has_heights: bool,
    /// Without extra bytes and offset.
    pub(super) schema: Schema,
    /// Bytes in which points are brought into order.
    pub(super) memory: u64,
    /// The columns, empty.
    pub(super) table: PointFeatures,
    pub(super) convention: &'static str,
    /// Created when the extent is known; taken when finished.
    pub(super) file: Option<SortedLazWriter>,
    pub(super) counted: Counted,
    /// The outlier filter, if there is one.
    pub(super) outliers: Option<OutlierRun>,
    /// The terrain that a cloth found, if it was asked for.
    pub(super) cloth: Option<Arc<ClothTerrain>>,
}

/// Counts over all tiles.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub(super) points: u64,
    pub(super) gaps: Gaps,
    /// Points whose height above ground is not known.
    pub(super) without_height: u64,
    /// Points whose time is outside the path of the scanner.
    pub(super) outside_path: u64,
    /// Of each column: values that are numbers, their sum, least and largest.
    pub(super) columns: Vec<ColumnSums>,
}

/// Sums of a column's values.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnSums {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) least: f32,
    pub(super) largest: f32,
}

impl Default for ColumnSums {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            least: f32::INFINITY,
            largest: f32::NEG_INFINITY,
        }
    }
}

impl ColumnSums {
    fn add_values(&mut self, values: &[f32]) {
        for value in values.iter().filter(|value| !value.is_nan()) {
            self.count += 1;
            self.sum += f64::from(*value);
            self.least = self.least.min(*value);
            self.largest = self.largest.max(*value);
        }
    }
}

impl Output {
    /// The extra bytes of the columns: name, unit and convention.
    fn extra_bytes(&self) -> Vec<ExtraBytes> {
        let columns = self.table.columns.iter();
        let mut extra: Vec<ExtraBytes> = columns
            .map(|column| {
                let unit = match column.feature.unit() {
                    "" => String::new(),
                    unit => format!("{unit}, "),
                };
                let mut about = format!("{unit}{} convention", self.convention);
                about.truncate(DESCRIPTION);
                ExtraBytes::new(&column.name, &about, ExtraKind::F32)
            })
            .collect();
        if self.has_heights {
            let height = ExtraBytes::new(GroundArgs::COLUMN, "m", ExtraKind::F32);
            extra.push(height);
        }
        extra
    }
}

impl Output {
    fn create_file(&mut self, whole: Rect) -> Result<()> {
        let [x, y] = whole.centre().map(f64::floor);
        let schema = Schema {
            offset: [x, y, 0.0],
            extra_bytes: self.extra_bytes(),
            ..self.schema.clone()
        };
        self.counted.columns = vec![ColumnSums::default(); schema.extra_bytes.len()];
        self.file = Some(SortedLazWriter::create(
            &self.path,
            &schema,
            ORDER,
            self.memory,
        )?);
        Ok(())
    }

    fn write_tile(&mut self, tile: WrittenTile) -> Result<()> {
        let WrittenTile {
            tile: FeatureTile {
                mut points,
                features,
            },
            heights,
            outliers,
            outside_path,
        } = tile;
        self.counted.outside_path += outside_path;
        self.counted.points += points.len() as u64;
        self.counted.gaps = self.counted.gaps.plus(features.gaps);
        let columns = features.columns.into_iter().map(|column| column.values);
        let mut columns: Vec<Vec<f32>> = columns.collect();
        if let Some(heights) = heights {
            self.counted.without_height += heights.heights.unknown;
            mark_ground(&mut points, &heights.is_ground);
            let rounded = heights.heights.height.iter().map(|height| *height as f32);
            columns.push(rounded.collect());
        }
        if let (Some(run), Some(tile)) = (&mut self.outliers, outliers) {
            run.take_tile(&tile, &mut points);
        }
        for (sums, values) in self.counted.columns.iter_mut().zip(&columns) {
            sums.add_values(values);
        }
        let values: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| column.iter().copied().map(f64::from).collect())
            .collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        if let Some(file) = &mut self.file {
            file.write(&points, &values)?;
        }
        Ok(())
    }

    fn finish_file(&mut self) -> Result<()> {
        if let Some(file) = self.file.take() {
            file.finish()?;
        }
        Ok(())
    }
}

impl<T: Into<WrittenTile>> TileSink<T> for Output {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.create_file(whole)
    }

    fn accept(&mut self, _: Rect, tile: T) -> Result<()> {
        self.write_tile(tile.into())
    }

    fn finish(&mut self) -> Result<()> {
        self.finish_file()
    }
}

/// Classes of ground, and of other points without a class.
const CLASSES: [u8; 2] = [2, 1];

/// Gives points the class of ground, or takes it from them, where a filter found which are ground.
fn mark_ground(points: &mut Cloud, is_ground: &[bool]) {
    let Some(classes) = &mut points.attributes.classification else {
        return;
    };
    let [ground, other] = CLASSES;
    for (class, is_ground) in classes.iter_mut().zip(is_ground) {
        *class = match (*is_ground, *class) {
            (true, _) => ground,
            (false, 2) => other,
            (false, class) => class,
        };
    }
}

/// The columns of features, empty: their names.
pub(super) fn empty_table(features: &Features) -> PointFeatures {
    features.empty_table(0)
}
