//! The LAZ file of a run, and its counts.

use super::{
    columns::OutputColumn,
    maps::{self, Maps},
    outliers::OutlierRun,
    page::Views,
    summary::{page_path, summary_path},
    written::WrittenTile,
};
use crate::files::remove_about;
use isopach::{
    cloud::{Cloud, Rect},
    compute::Result,
    features::{ClothTerrain, FeatureTile, Gaps, class_after_filter},
    las::{Schema, SortedLazWriter},
    tiling::TileSink,
};
use std::{path::PathBuf, sync::Arc};

/// Side of the cells that order the points of the file, metres.
const ORDER: f64 = 1.0;

/// The file that is being written.
pub(super) struct Output<'a> {
    pub(super) path: PathBuf,
    /// Without extra bytes.
    pub(super) schema: Schema,
    /// Bytes in which points are brought into order.
    pub(super) memory: u64,
    pub(super) columns: &'a [OutputColumn],
    /// Created when the extent is known; taken when finished.
    pub(super) file: Option<SortedLazWriter>,
    pub(super) counted: Counted,
    /// Maps, sections and distributions of the columns.
    pub(super) views: Views,
    /// Maps of the columns, if they are wanted.
    pub(super) maps: Option<Maps>,
    /// The outlier filter, if there is one.
    pub(super) outliers: Option<OutlierRun>,
    /// The terrain that a cloth found, if it was asked for.
    pub(super) cloth: Option<Arc<ClothTerrain>>,
}

/// Counts over all tiles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) points: u64,
    pub(super) gaps: Gaps,
    /// Points whose height above ground is not known.
    pub(super) without_height: u64,
    /// Points whose time is outside the path of the scanner.
    pub(super) outside_path: u64,
}

impl Output<'_> {
    fn create_file(&mut self) -> Result<()> {
        let schema = Schema {
            extra_bytes: self.columns.iter().map(OutputColumn::extra_bytes).collect(),
            ..self.schema.clone()
        };
        self.file = Some(SortedLazWriter::create(
            &self.path,
            &schema,
            ORDER,
            self.memory,
        )?);
        Ok(())
    }

    fn write_tile(&mut self, core: Rect, tile: WrittenTile) -> Result<()> {
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
        self.views.add(points.positions(), &columns);
        if let Some(maps) = &mut self.maps {
            maps.add_tile(core, points.positions(), &columns)?;
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

    /// Gives the file and the maps their names. Maps, summary and page of an earlier file of this name
    /// are removed before.
    fn finish_file(&mut self) -> Result<()> {
        maps::remove_earlier(&self.path)?;
        remove_about([summary_path(&self.path), page_path(&self.path)])?;
        if let Some(file) = self.file.take() {
            file.finish()?;
        }
        self.maps.as_mut().map_or(Ok(()), Maps::finish)
    }
}

impl<T: Into<WrittenTile>> TileSink<T> for Output<'_> {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.create_file()?;
        match &mut self.maps {
            Some(maps) => maps.begin(whole),
            None => Ok(()),
        }
    }

    fn accept(&mut self, core: Rect, tile: T) -> Result<()> {
        self.write_tile(core, tile.into())
    }

    fn finish(&mut self) -> Result<()> {
        self.finish_file()
    }
}

/// Gives points the class of ground, or takes it from them, where a filter found which are ground.
fn mark_ground(points: &mut Cloud, is_ground: &[bool]) {
    let Some(classes) = &mut points.attributes.classification else {
        return;
    };
    for (class, is_ground) in classes.iter_mut().zip(is_ground) {
        *class = class_after_filter(*class, *is_ground);
    }
}
