//! Setting the filters of a file, and selecting the chunks that pass them.

use crate::{
    Las,
    error::{LasError, LasProblem},
    filters::{LeftOut, LeftOutOfChunk},
};
use isopach_cloud::{Crs, Rect, TICK};
use std::sync::Mutex;

impl Las {
    /// Restricts reading to points of these ASPRS classes; an empty list means all classes.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let mut kept = Box::new([false; 256]);
        classes
            .iter()
            .for_each(|&class| kept[usize::from(class)] = true);
        self.filters.classes = (!classes.is_empty()).then_some(kept);
        self.select_chunks();
        self
    }

    /// Restricts reading to points inside `rect` (half open, absolute metres).
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        self.filters.within = Some(rect);
        self.select_chunks();
        self
    }

    /// Leaves out points that are flagged as withheld: LAS says that they should not be included in
    /// processing. [`Self::left_out`] counts them.
    #[must_use]
    pub fn without_withheld(mut self) -> Self {
        self.filters.withheld = false;
        self.measured = Mutex::default();
        self
    }

    /// Leaves out points of the noise classes ([`NOISE`]). [`Self::left_out`] counts them.
    #[must_use]
    pub fn without_noise(mut self) -> Self {
        self.filters.noise = false;
        self.measured = Mutex::default();
        self
    }

    /// Counts of points that [`Self::without_withheld`] and [`Self::without_noise`] have left out
    /// of the chunks decoded since.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.left_out.iter().map(LeftOutOfChunk::get).sum()
    }

    /// Limits reading to the COPC levels whose point spacing is at least `resolution`, in the unit
    /// of the coordinates.
    ///
    /// # Errors
    /// [`LasProblem::Unsupported`] if the file is not COPC and has no levels.
    pub fn at_resolution(mut self, resolution: f64) -> Result<Self, LasError> {
        let Some(copc) = self.copc_info() else {
            return Err(
                LasProblem::Unsupported("a resolution of a file that is not COPC".into())
                    .at_path(&self.path),
            );
        };
        if resolution.is_nan() || resolution <= 0.0 {
            return Err(
                LasProblem::inconsistent("the resolution", resolution, "be above zero")
                    .at_path(&self.path),
            );
        }
        self.filters.deepest = copc.level_for(self.frame.to_file(resolution));
        self.select_chunks();
        Ok(self)
    }

    /// Assumes that the file is in `crs`, overriding the system it states. Call it before
    /// [`Self::in_metres`]. [`Self::rewrite`] copies the stated system, and refuses another.
    #[must_use]
    pub fn with_crs(mut self, crs: Option<Crs>) -> Self {
        self.frame.crs = crs;
        self
    }

    /// Converts coordinates and heights from feet to metres on reading; the rectangle of
    /// [`Self::within`] is then in metres too. A file that states no unit is taken to be in metres.
    ///
    /// # Errors
    /// [`LasProblem::NotMetres`] if they are in degrees or in an unknown unit.
    pub fn in_metres(mut self) -> Result<Self, LasError> {
        let before = self.frame.clone();
        self.frame = self
            .frame
            .in_metres()
            .map_err(|problem| problem.at_path(&self.path))?;
        let ratio = [0, 1].map(|axis| self.frame.scale[axis] / before.scale[axis]);
        self.filters.within = self.filters.within.map(|rect| {
            let [min, max] =
                [rect.min, rect.max].map(|corner| [0, 1].map(|axis| corner[axis] * ratio[axis]));
            Rect { min, max }
        });
        self.select_chunks();
        Ok(self)
    }

    /// Recomputes which chunks the filters select.
    pub(crate) fn select_chunks(&mut self) {
        self.selected = (0..self.chunks.len())
            .filter(|&chunk| self.may_pass(chunk))
            .collect();
        self.measured = Mutex::default();
    }

    /// Whether a chunk may have points that pass the filters.
    fn may_pass(&self, chunk: usize) -> bool {
        let is_near = match (&self.filters.within, self.extent_of(chunk)) {
            (Some(within), Some(extent)) => within.intersection(&extent).is_some(),
            _ => true,
        };
        let has_class = match (&self.filters.classes, self.contents.get(chunk)) {
            (Some(classes), Some(contents)) => contents.has_any(classes),
            _ => true,
        };
        let node = self.nodes.get(chunk);
        is_near && has_class && node.is_none_or(|node| node.level <= self.filters.deepest)
    }

    /// A rectangle that contains all points of a chunk, if known. It is larger by one step, and two
    /// ticks at least, to allow for rounding.
    pub(crate) fn extent_of(&self, chunk: usize) -> Option<Rect> {
        let step = self.frame.finest_step().max(2.0 * TICK);
        if let Some(node) = self.nodes.get(chunk) {
            return Some(self.frame.stated_rect(&node.rect).expanded_by(step));
        }
        let contents = self.contents.get(chunk)?;
        let [a, b] = [contents.low, contents.high]
            .map(|stored| [0, 1].map(|axis| self.frame.to_metres(stored[axis], axis)));
        let rect = Rect {
            min: [a[0].min(b[0]), a[1].min(b[1])],
            max: [a[0].max(b[0]), a[1].max(b[1])],
        };
        Some(rect.expanded_by(step))
    }
}
