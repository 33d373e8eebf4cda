//! Patches as they are written: in the order of the grid, each with its copies, columns on their
//! scales.

use super::{
    stage::{Place, Stage},
    storage::{ColumnStorage, LargestErrors},
};
use isopach::{
    compute::Result,
    patches::{Change, ColourBits, Column, Patch, PatchTiles, Statistics},
};
use std::ops::Range;

/// The patches of a run, with the parameters of their files.
#[derive(Debug)]
pub(super) struct Assembly<'a> {
    pub(super) stage: &'a Stage,
    pub(super) operation: &'a PatchTiles,
    pub(super) columns: Vec<Column>,
    /// How each column stands in files.
    pub(super) storages: Vec<ColumnStorage>,
    /// Largest errors of the storage.
    pub(super) errors: LargestErrors,
    /// Statistics that columns are normalised by.
    pub(super) normalised_by: Option<Statistics>,
    pub(super) colours: ColourBits,
}

/// A patch or a copy of one, ready for files.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) patch: Patch,
    /// 0 of a patch, else the number of the copy.
    pub(super) copy: u32,
    pub(super) change: Option<Change>,
}

/// Statistics of all patches, on the scale of the colours.
pub(super) fn collect_statistics(
    stage: &Stage,
    columns: &[Column],
    colours: ColourBits,
) -> Result<Statistics> {
    let mut statistics = Statistics::of_columns(columns);
    for place in &stage.places {
        statistics.add_moments(&stage.read_moments(place)?);
    }
    colours.scale_statistics(&mut statistics, columns);
    Ok(statistics)
}

impl Assembly<'_> {
    fn copies(&self) -> usize {
        let augmentation = self.operation.patches().augmentation;
        augmentation.map_or(0, |augmentation| augmentation.copies as usize)
    }

    /// Number of patches and copies.
    pub(super) fn count(&self) -> usize {
        self.stage.places.len() * (1 + self.copies())
    }

    fn place(&self, item: usize) -> &Place {
        &self.stage.places[item / (1 + self.copies())]
    }

    /// Rows of some patches and copies, if none is dropped.
    pub(super) fn most_rows(&self, items: Range<usize>) -> usize {
        let numbers: usize = self.columns.iter().map(|column| column.width).sum();
        let row = 12 + 4 * numbers as u64;
        let bytes: u64 = items.map(|item| self.place(item).rows_bytes).sum();
        (bytes / row) as usize
    }

    /// Some patches and copies, by their numbers in the order of the files.
    pub(super) fn finish_all(
        &self,
        items: Range<usize>,
        mut take: impl FnMut(Finished) -> Result<()>,
    ) -> Result<()> {
        let variants = 1 + self.copies();
        let mut raw: Option<(usize, Patch)> = None;
        for item in items {
            let [number, copy] = [item / variants, item % variants];
            let is_last = copy + 1 == variants;
            let of_item = match raw.take() {
                Some((of, patch)) if of == number => patch,
                // Copies of one patch may be in two shards, which are written at a time.
                _ => self.stage.read_patch(self.place(item), variants == 1)?,
            };
            if is_last {
                take(self.finish(of_item, copy as u32)?)?;
            } else {
                take(self.finish(of_item.clone(), copy as u32)?)?;
                raw = Some((number, of_item));
            }
        }
        Ok(())
    }

    fn finish(&self, raw: Patch, copy: u32) -> Result<Finished> {
        let parameters = self.operation.patches();
        let changed = parameters.augmentation.filter(|_| copy > 0);
        let is_fixed = parameters.sample.count().is_some();
        let (mut patch, change) = match changed {
            Some(augmentation) => {
                let (patch, change) =
                    augmentation.copy(&raw, &self.columns, parameters.seed, copy, is_fixed);
                (patch, Some(change))
            }
            None => (raw, None),
        };
        self.colours.scale_patch(&mut patch, &self.columns);
        if let Some(statistics) = &self.normalised_by {
            statistics.normalise(&mut patch, &self.columns)?;
        }
        Ok(Finished {
            patch,
            copy,
            change,
        })
    }

    /// Patches and copies in runs of at most so many bytes of rows; a larger one is alone.
    pub(super) fn shards(&self, most: u64) -> Vec<Range<usize>> {
        let mut shards = Vec::new();
        let mut start = 0;
        let mut bytes = 0;
        for item in 0..self.count() {
            let more = self.place(item).rows_bytes;
            if item > start && bytes + more > most {
                shards.push(start..item);
                start = item;
                bytes = 0;
            }
            bytes += more;
        }
        if start < self.count() {
            shards.push(start..self.count());
        }
        shards
    }
}
