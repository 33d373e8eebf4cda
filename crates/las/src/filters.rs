//! What is read of a file: classes, a rectangle, a resolution; and which chunks have any of it.

use crate::{
    Las,
    decode::selection,
    error::{Checked, Error, Problem},
    identity::Identity,
    layered::Wanted,
    layout::i32_at,
    sidecar::{self, Contents},
};
use isopach_cloud::{Columns, Rect, TICK};
use rayon::prelude::*;
use std::path::Path;

/// What is wanted of a file.
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    pub(crate) classes: Option<Box<[bool; 256]>>,
    pub(crate) within: Option<Rect>,
    /// The last level of an octree.
    deepest: u8,
}

impl Default for Filters {
    /// Everything.
    fn default() -> Self {
        Self { classes: None, within: None, deepest: u8::MAX }
    }
}

impl Filters {
    /// Whether points are looked at one by one.
    pub(crate) fn are_any(&self) -> bool {
        self.classes.is_some() || self.within.is_some()
    }

    /// Whether a point of this class at this place is wanted.
    #[inline(always)]
    pub(crate) fn keep(&self, class: u8, at: impl FnOnce() -> [f64; 2]) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes[usize::from(class)])
            && self.within.is_none_or(|rect| rect.owns(at()))
    }
}

impl Las {
    /// With an index of what is in each chunk, so that boxes and classes are read without decoding chunks that have nothing of them. It is read
    /// from beside the file, or from `folder` if one is given; where there is none, or one that does not belong to the file as it is now, the file
    /// is decoded once and the index written. A COPC file has one built in: nothing is done.
    ///
    /// # Errors
    /// Of the file, and where the index cannot be written.
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, Error> {
        if self.nodes.is_empty() {
            let place = sidecar::place(&self.path, folder);
            self.contents = self.index(&place).map_err(|problem| problem.of(&place))?;
            self.select();
        }
        Ok(self)
    }

    fn index(&self, place: &Path) -> Checked<Vec<Contents>> {
        let identity = Identity::of(&self.file, self.parsed.points_at)?;
        if let Some(contents) = sidecar::read(place, identity, self.chunks.len()) {
            return Ok(contents);
        }
        let chunks = (0..self.chunks.len()).into_par_iter();
        let contents: Vec<Contents> = chunks.map(|chunk| self.contents_of(chunk)).collect::<Checked<_>>()?;
        sidecar::write(place, identity, &contents)?;
        Ok(contents)
    }

    /// Decodes a chunk to see what is in it.
    fn contents_of(&self, chunk: usize) -> Checked<Contents> {
        let bytes = self.bytes(chunk)?;
        let mut contents = Contents::NOTHING;
        let wanted = Wanted { z: true, classification: true };
        let from_layers = self.layers.and_then(|layers| {
            let points = self.chunks[chunk].points as usize;
            layers.decode(&bytes, points, wanted, |point| contents.add(point.xyz, point.classification))
        });
        if from_layers.is_some() {
            return Ok(contents);
        }
        contents = Contents::NOTHING;
        let records = self.decoded(chunk, bytes, selection(Columns::CLASSIFICATION))?;
        for record in records.chunks_exact(self.record_length()) {
            let stored = [0, 4, 8].map(|at| i32_at(record, at));
            contents.add(stored, self.parsed.layout.classification_of(record));
        }
        Ok(contents)
    }

    /// Decides anew which chunks the filters leave.
    fn select(&mut self) {
        let meets = |chunk: usize| {
            let near = match (&self.filters.within, self.extent_of(chunk)) {
                (Some(within), Some(extent)) => within.intersection(&extent).is_some(),
                _ => true,
            };
            let classed = match (&self.filters.classes, self.contents.get(chunk)) {
                (Some(classes), Some(contents)) => contents.has_any(classes),
                _ => true,
            };
            near && classed && self.nodes.get(chunk).is_none_or(|node| node.level <= self.filters.deepest)
        };
        self.selected = (0..self.chunks.len()).filter(|&chunk| meets(chunk)).collect();
    }

    /// A rectangle that owns all points of a chunk, where that is known: a step larger, two ticks at least, for what rounding does.
    pub(crate) fn extent_of(&self, chunk: usize) -> Option<Rect> {
        let step = self.frame.step().max(2.0 * TICK);
        if let Some(node) = self.nodes.get(chunk) {
            return Some(self.frame.stated_rect(&node.rect).grown(step));
        }
        let contents = self.contents.get(chunk)?;
        let corner = |stored: [i32; 3]| [0, 1].map(|axis| self.frame.coordinate(stored[axis], axis));
        let (a, b) = (corner(contents.low), corner(contents.high));
        let rect = Rect { min: [a[0].min(b[0]), a[1].min(b[1])], max: [a[0].max(b[0]), a[1].max(b[1])] };
        Some(rect.grown(step))
    }

    /// Reads only points of these ASPRS classes from now on; of all classes where none are given.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let mut kept = Box::new([false; 256]);
        classes.iter().for_each(|&class| kept[usize::from(class)] = true);
        self.filters.classes = (!classes.is_empty()).then_some(kept);
        self.select();
        self
    }

    /// Reads only points that `rect` owns (half open) from now on.
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        self.filters.within = Some(rect);
        self.select();
        self
    }

    /// Reads only so many points from now on that they are about `resolution` apart: the upper levels of a COPC file.
    ///
    /// # Errors
    /// [`Problem::Unsupported`] where the file has no levels.
    pub fn at_resolution(mut self, resolution: f64) -> Result<Self, Error> {
        let Some(copc) = self.copc() else {
            return Err(Problem::Unsupported("a resolution of a file that is not COPC".into()).of(&self.path));
        };
        if resolution.is_nan() || resolution <= 0.0 {
            return Err(Problem::lying("the resolution", resolution, "be above zero").of(&self.path));
        }
        self.filters.deepest = copc.level_for(self.frame.to_file(resolution));
        self.select();
        Ok(self)
    }

    /// Reads coordinates and heights in metres from now on, if they are in feet, also in the rectangle of [`Self::within`]; where no unit is
    /// stated, they are taken to be in metres.
    ///
    /// # Errors
    /// [`Problem::NotMetres`] where they are in degrees, or in a unit that is not known here.
    pub fn in_metres(mut self) -> Result<Self, Error> {
        let before = self.frame.clone();
        self.frame = self.frame.in_metres().map_err(|problem| problem.of(&self.path))?;
        let ratio = [0, 1].map(|axis| self.frame.scale[axis] / before.scale[axis]);
        let corner = |corner: [f64; 2]| [0, 1].map(|axis| corner[axis] * ratio[axis]);
        self.filters.within = self.filters.within.map(|rect| Rect { min: corner(rect.min), max: corner(rect.max) });
        self.select();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_keeps_everything() {
        let filters = Filters::default();
        assert!(filters.classes.is_none() && filters.within.is_none() && filters.deepest == u8::MAX);
        assert!(filters.keep(255, || unreachable!("coordinates are not looked at")));
    }
}
