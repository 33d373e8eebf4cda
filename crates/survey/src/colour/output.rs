//! The LAZ file of a run, and its counts.

use crate::{
    features::{
        page::Views,
        summary::{page_path, summary_path},
    },
    files::remove_about,
};
use isopach::{
    cloud::Rect,
    colour::{ColourCounts, ColourTile},
    compute::Result,
    las::{ExtraBytes, ExtraKind, Schema, SortedLazWriter},
    tiling::TileSink,
};
use std::path::PathBuf;

/// Side of the cells that order the points of the file, metres.
const ORDER: f64 = 1.0;
/// Name of the column of the vegetation index.
pub(super) const NDVI: &str = "ndvi";
/// Columns of the pictures: red, green, blue, vegetation index.
pub(super) const PICTURED: usize = 4;

/// The file that is being written.
pub(super) struct Output {
    pub(super) path: PathBuf,
    /// Without extra bytes.
    pub(super) schema: Schema,
    /// Whether the vegetation index is written.
    pub(super) ndvi: bool,
    /// Bytes in which points are brought into order.
    pub(super) memory: u64,
    /// Created when the extent is known; taken when finished.
    pub(super) file: Option<SortedLazWriter>,
    pub(super) counts: ColourCounts,
    /// Points coloured from each image.
    pub(super) of_images: Vec<u64>,
    /// Maps and sections of the colours and the index, and its distribution.
    pub(super) views: Views,
}

impl Output {
    /// All points written so far.
    pub(super) fn points(&self) -> u64 {
        let ColourCounts {
            coloured,
            outside,
            masked,
            not_first_returns,
            without_ndvi: _,
        } = self.counts;
        coloured + outside + masked + not_first_returns
    }

    fn write_tile(&mut self, tile: ColourTile) -> Result<()> {
        let ColourTile {
            points,
            ndvi,
            counts,
            of_images,
        } = tile;
        self.counts = self.counts.plus(counts);
        for (sum, points) in self.of_images.iter_mut().zip(of_images) {
            *sum += points;
        }
        let colours = points.attributes.rgb.as_deref().unwrap_or_default();
        // Black stands for no colour, and darkens no picture.
        let shown = |rgb: &[u16; 3], band: usize| {
            if *rgb == [0; 3] {
                f32::NAN
            } else {
                rgb[band].into()
            }
        };
        let mut pictured: Vec<Vec<f32>> = (0..3)
            .map(|band| colours.iter().map(|rgb| shown(rgb, band)).collect())
            .collect();
        let count = points.len();
        pictured.push(ndvi.clone().unwrap_or_else(|| vec![f32::NAN; count]));
        self.views.add(points.positions(), &pictured);
        let index: Option<Vec<f64>> = ndvi.map(|ndvi| ndvi.into_iter().map(f64::from).collect());
        let extra: Vec<&[f64]> = index.iter().map(Vec::as_slice).collect();
        if let Some(file) = &mut self.file {
            file.write(&points, &extra)?;
        }
        Ok(())
    }

    /// Gives the file its name. Summary and page of an earlier file of this name are removed before.
    fn finish_file(&mut self) -> Result<()> {
        remove_about([summary_path(&self.path), page_path(&self.path)])?;
        if let Some(file) = self.file.take() {
            file.finish()?;
        }
        Ok(())
    }
}

impl TileSink<ColourTile> for Output {
    fn begin(&mut self, _: Rect) -> Result<()> {
        let about = "normalised difference vegetation";
        let index = self
            .ndvi
            .then(|| ExtraBytes::new(NDVI, about, ExtraKind::F32));
        let schema = Schema {
            extra_bytes: index.into_iter().collect(),
            ..self.schema.clone()
        };
        let file = SortedLazWriter::create(&self.path, &schema, ORDER, self.memory)?;
        self.file = Some(file);
        Ok(())
    }

    fn accept(&mut self, _: Rect, tile: ColourTile) -> Result<()> {
        self.write_tile(tile)
    }

    fn finish(&mut self) -> Result<()> {
        self.finish_file()
    }
}
