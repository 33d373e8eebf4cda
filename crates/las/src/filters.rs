//! Filters on reading: classes, a rectangle, a resolution; and the chunks that they select.

use crate::{
    Las,
    decode::selection,
    error::{Checked, LasError, LasProblem},
    identity::Identity,
    layered::Wanted,
    layout::i32_at,
    sidecar::{self, About, Contents, Found},
};
use isopach_cloud::{Columns, Crs, Rect, TICK};
use rayon::prelude::*;
use std::{
    iter::Sum,
    ops::AddAssign,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

/// Classes of noise: low points, and high ones (LAS 1.4 R15, table 17).
pub const NOISE: [u8; 2] = [7, 18];
/// Flag of points that "should not be included in processing", in the order of PDRF 6 to 10.
pub(crate) const WITHHELD: u8 = 1 << 2;

/// The filters in effect.
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    pub(crate) classes: Option<Box<[bool; 256]>>,
    pub(crate) within: Option<Rect>,
    /// Whether withheld points are read.
    withheld: bool,
    /// Whether points of the classes of noise are read.
    noise: bool,
    /// The last level of an octree.
    deepest: u8,
}

impl Default for Filters {
    /// Everything.
    fn default() -> Self {
        Self {
            classes: None,
            within: None,
            withheld: true,
            noise: true,
            deepest: u8::MAX,
        }
    }
}

/// Counts of points that were left out although their class and place are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Points flagged as withheld.
    pub withheld: u64,
    /// Points of a noise class ([`NOISE`]) that are not withheld.
    pub noise: u64,
}

impl AddAssign for LeftOut {
    fn add_assign(&mut self, other: Self) {
        let Self { withheld, noise } = other;
        self.withheld += withheld;
        self.noise += noise;
    }
}

impl Sum for LeftOut {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        let mut sum = Self::default();
        parts.for_each(|part| sum += part);
        sum
    }
}

/// Points of one chunk that were left out; the last time that it was decoded.
#[derive(Debug, Default)]
pub(crate) struct LeftOutOfChunk([AtomicU32; 2]);

impl Clone for LeftOutOfChunk {
    fn clone(&self) -> Self {
        let of_chunk = Self::default();
        of_chunk.set(self.get());
        of_chunk
    }
}

impl LeftOutOfChunk {
    pub(crate) fn set(&self, left_out: LeftOut) {
        // A chunk has less than 2³² points.
        self.0[0].store(left_out.withheld as u32, Ordering::Relaxed);
        self.0[1].store(left_out.noise as u32, Ordering::Relaxed);
    }

    fn get(&self) -> LeftOut {
        let [withheld, noise] = self
            .0
            .each_ref()
            .map(|count| u64::from(count.load(Ordering::Relaxed)));
        LeftOut { withheld, noise }
    }
}

impl Filters {
    /// Whether points are looked at one by one.
    pub(crate) fn are_any(&self) -> bool {
        self.classes.is_some() || self.within.is_some() || !self.withheld || !self.noise
    }

    /// Whether the class of a point is looked at.
    pub(crate) fn need_class(&self) -> bool {
        self.classes.is_some() || !self.noise
    }

    /// Whether the flags of a point are looked at.
    pub(crate) fn need_flags(&self) -> bool {
        !self.withheld
    }

    /// Whether a point of this class and these flags at this place is wanted; one that is not,
    /// though its class and place are, is counted.
    #[inline(always)]
    pub(crate) fn keep(
        &self,
        class: u8,
        flags: u8,
        at: impl FnOnce() -> [f64; 2],
        left_out: &mut LeftOut,
    ) -> bool {
        let is_wanted = self
            .classes
            .as_ref()
            .is_none_or(|classes| classes[usize::from(class)])
            && self.within.is_none_or(|rect| rect.owns(at()));
        if is_wanted && !self.withheld && flags & WITHHELD != 0 {
            left_out.withheld += 1;
            return false;
        }
        if is_wanted && !self.noise && NOISE.contains(&class) {
            left_out.noise += 1;
            return false;
        }
        is_wanted
    }
}

impl Las {
    /// Adds an index of the contents of each chunk, so that queries by box and class skip chunks
    /// without decoding them. The index is read from beside the file, or from `folder`. If it is
    /// missing, damaged or belongs to another file ([`Self::index_fault`]), the file is decoded
    /// once and the index is written. A COPC file has a built-in index and is left alone.
    ///
    /// # Errors
    /// The fault of a damaged file, or of an index that cannot be written.
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, LasError> {
        if self.nodes.is_empty() {
            self.index_at = sidecar::place(&self.path, folder);
            if folder.is_none() && self.source.writable_sibling(sidecar::SUFFIX).is_none() {
                return self.with_index_beside();
            }
            self.contents = Arc::default(); // those of another place say nothing of this one
            self.contents = self
                .index(&self.index_at)
                .map_err(|problem| problem.of(&self.index_at))?
                .into();
            self.index_fault = None;
            self.select();
        }
        Ok(self)
    }

    /// [`Self::indexed`] for a source beside which nothing can be written: keeps an index that is
    /// in use already, and fails otherwise.
    fn with_index_beside(self) -> Result<Self, LasError> {
        if !self.contents.is_empty() || self.chunks.is_empty() {
            return Ok(self);
        }
        let text = "an index cannot be written there: index a copy of the file on a disk, and put both there";
        Err(LasProblem::Unwritable(text.into()).of(&self.index_at))
    }

    /// The reason why the index beside the file is not used, if one exists and [`Self::indexed`]
    /// has not replaced it.
    #[must_use]
    pub fn index_fault(&self) -> Option<String> {
        self.index_fault
            .map(|fault| format!("its index {} is not used: {fault}", self.index_at.display()))
    }

    /// A contradiction in the stated coordinate system: GeoTIFF keys that disagree with the
    /// well-known text.
    #[must_use]
    pub fn crs_fault(&self) -> Option<&str> {
        self.parsed.crs_fault.as_deref()
    }

    /// Adds an index like [`Self::indexed`], in a folder shared by files of any path. The index is
    /// named after the content of the file, so that copies of the file find it. An index that is in
    /// use already (beside the file) is copied there.
    ///
    /// # Errors
    /// Errors of [`Self::indexed`].
    pub fn indexed_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        if self.nodes.is_empty() {
            let place = self.place_by_content(folder)?;
            let contents = if self.contents.is_empty() {
                self.index(&place)
            } else {
                self.about()
                    .and_then(|about| sidecar::write(&place, about, &self.contents))
                    .map(|()| self.contents.to_vec())
            };
            self.contents = contents.map_err(|problem| problem.of(&place))?.into();
            (self.index_at, self.index_fault) = (place, None);
            self.select();
        }
        Ok(self)
    }

    /// Uses the index that [`Self::indexed_by_content`] made, if it exists and none is used yet.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_index_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        if self.nodes.is_empty() && self.contents.is_empty() {
            let about = self.about().map_err(|problem| problem.of(&self.path))?;
            let place = self.place_by_content(folder)?;
            if let Found::Whole(contents) = sidecar::read(&place, about) {
                self.contents = contents.into();
                (self.index_at, self.index_fault) = (place, None);
                self.select();
            }
        }
        Ok(self)
    }

    fn place_by_content(&self, folder: &Path) -> Result<PathBuf, LasError> {
        let about = self.about().map_err(|problem| problem.of(&self.path))?;
        Ok(sidecar::place_by_content(folder, about.identity))
    }

    /// Identity that an index of this file must state.
    fn about(&self) -> Checked<About> {
        let identity = Identity::of(
            &*self.source,
            self.parsed.points_at,
            &self.chunks,
            self.parsed.laz.is_some(),
        )?;
        Ok(About {
            identity,
            points: self.header().point_count,
            chunks: self.chunks.len(),
        })
    }

    fn index(&self, place: &Path) -> Checked<Vec<Contents>> {
        let about = self.about()?;
        if let Found::Whole(contents) = sidecar::read(place, about) {
            return Ok(contents);
        }
        self.expect_numbered(0..self.chunks.len());
        let chunks = (0..self.chunks.len()).into_par_iter();
        let contents: Vec<Contents> = chunks
            .map(|chunk| self.contents_of(chunk))
            .collect::<Checked<_>>()?;
        sidecar::write(place, about, &contents)?;
        Ok(contents)
    }

    /// Refuses a chunk whose bytes differ from the indexed ones. It cannot be known which are
    /// right, so nothing is removed.
    pub(crate) fn check_sum(&self, chunk: usize, bytes: &[u8]) -> Checked<()> {
        let Some(stated) = self.contents.get(chunk) else {
            return Ok(());
        };
        let found = crc32fast::hash(bytes);
        if found == stated.sum {
            return Ok(());
        }
        let must = format!(
            "be {:08x}, as when its index {} was made: copy the file anew; if it was changed on purpose, remove the index",
            stated.sum,
            self.index_at.display()
        );
        Err(LasProblem::lying(
            "the checksum of a chunk",
            format!("{found:08x} in chunk {chunk}"),
            must,
        ))
    }

    /// Refuses a chunk that contradicts its index entry, because other chunks may be skipped
    /// wrongly. The index is removed, so that the next run rebuilds it.
    pub(crate) fn check_contents(
        &self,
        chunk: usize,
        seen: &Contents,
        classes: bool,
    ) -> Checked<()> {
        let Some(stated) = self.contents.get(chunk) else {
            return Ok(());
        };
        if stated.agrees_with(seen, classes) {
            return Ok(());
        }
        let outcome = match std::fs::remove_file(&self.index_at) {
            Ok(()) => "was removed: run again".into(),
            // Another thread may have found a chunk that differs, too.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "is there no more: run again".into()
            }
            Err(error) => format!("cannot be removed ({error}): remove it, and run again"),
        };
        let must = format!(
            "be what the points have; {} {outcome}",
            self.index_at.display()
        );
        Err(LasProblem::lying(
            "what the index says of a chunk",
            format!("wrong in chunk {chunk}"),
            must,
        ))
    }

    /// Decodes a chunk to summarise its contents.
    fn contents_of(&self, chunk: usize) -> Checked<Contents> {
        let bytes = self.bytes(chunk)?;
        let sum = crc32fast::hash(&bytes);
        let mut contents = Contents {
            sum,
            ..Contents::NOTHING
        };
        let wanted = Wanted {
            z: true,
            classification: true,
            flags: false,
        };
        let from_layers = self.layers.and_then(|layers| {
            let points = self.chunks[chunk].points as usize;
            layers.decode(&bytes, points, wanted, |point| {
                contents.add(point.xyz, point.classification)
            })
        });
        if from_layers.is_some() {
            return Ok(contents);
        }
        contents = Contents {
            sum,
            ..Contents::NOTHING
        };
        let records = self.decoded(chunk, bytes, selection(Columns::CLASSIFICATION))?;
        for record in records.chunks_exact(self.record_length()) {
            let stored = [0, 4, 8].map(|at| i32_at(record, at));
            contents.add(stored, self.parsed.layout.classification_of(record));
        }
        Ok(contents)
    }

    /// Recomputes which chunks the filters select.
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
            near && classed
                && self
                    .nodes
                    .get(chunk)
                    .is_none_or(|node| node.level <= self.filters.deepest)
        };
        self.selected = (0..self.chunks.len())
            .filter(|&chunk| meets(chunk))
            .collect();
        self.measured = Mutex::default();
    }

    /// A rectangle that contains all points of a chunk, if known. It is larger by one step, and two
    /// ticks at least, to allow for rounding.
    pub(crate) fn extent_of(&self, chunk: usize) -> Option<Rect> {
        let step = self.frame.step().max(2.0 * TICK);
        if let Some(node) = self.nodes.get(chunk) {
            return Some(self.frame.stated_rect(&node.rect).grown(step));
        }
        let contents = self.contents.get(chunk)?;
        let corner =
            |stored: [i32; 3]| [0, 1].map(|axis| self.frame.coordinate(stored[axis], axis));
        let (a, b) = (corner(contents.low), corner(contents.high));
        let rect = Rect {
            min: [a[0].min(b[0]), a[1].min(b[1])],
            max: [a[0].max(b[0]), a[1].max(b[1])],
        };
        Some(rect.grown(step))
    }

    /// Restricts reading to points of these ASPRS classes; an empty list means all classes.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let mut kept = Box::new([false; 256]);
        classes
            .iter()
            .for_each(|&class| kept[usize::from(class)] = true);
        self.filters.classes = (!classes.is_empty()).then_some(kept);
        self.select();
        self
    }

    /// Restricts reading to points inside `rect` (half open, absolute metres).
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        self.filters.within = Some(rect);
        self.select();
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
        let Some(copc) = self.copc() else {
            return Err(
                LasProblem::Unsupported("a resolution of a file that is not COPC".into())
                    .of(&self.path),
            );
        };
        if resolution.is_nan() || resolution <= 0.0 {
            return Err(
                LasProblem::lying("the resolution", resolution, "be above zero").of(&self.path),
            );
        }
        self.filters.deepest = copc.level_for(self.frame.to_file(resolution));
        self.select();
        Ok(self)
    }

    /// Assumes that the file is in `crs`, overriding the system it states. Call it before
    /// [`Self::in_metres`]. [`Self::rewrite`] copies the stated system, and refuses another.
    #[must_use]
    pub fn declared(mut self, crs: Option<Crs>) -> Self {
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
            .map_err(|problem| problem.of(&self.path))?;
        let ratio = [0, 1].map(|axis| self.frame.scale[axis] / before.scale[axis]);
        let corner = |corner: [f64; 2]| [0, 1].map(|axis| corner[axis] * ratio[axis]);
        self.filters.within = self.filters.within.map(|rect| Rect {
            min: corner(rect.min),
            max: corner(rect.max),
        });
        self.select();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withheld_points_and_noise_are_counted_once_and_only_where_they_are_wanted() {
        let mut filters = Filters {
            withheld: false,
            noise: false,
            ..Filters::default()
        };
        let mut left_out = LeftOut::default();
        let mut keep = |filters: &Filters, class: u8, flags: u8| {
            filters.keep(class, flags, || [0.0; 2], &mut left_out)
        };
        assert!(keep(&filters, 2, 0) && keep(&filters, 2, !WITHHELD));
        assert!(!keep(&filters, 2, WITHHELD) && !keep(&filters, 7, WITHHELD));
        assert!(!keep(&filters, 7, 0) && !keep(&filters, 18, 0));
        filters.classes = Some(Box::new(std::array::from_fn(|class| class == 2)));
        assert!(!keep(&filters, 7, 0) && !keep(&filters, 6, WITHHELD));
        assert_eq!(
            left_out,
            LeftOut {
                withheld: 2,
                noise: 2
            }
        );
    }

    #[test]
    fn no_filter_keeps_everything() {
        let filters = Filters::default();
        assert!(
            filters.classes.is_none() && filters.within.is_none() && filters.deepest == u8::MAX
        );
        let mut left_out = LeftOut::default();
        assert!(
            !filters.are_any()
                && filters.keep(
                    7,
                    255,
                    || unreachable!("coordinates are not looked at"),
                    &mut left_out
                )
        );
        assert_eq!(left_out, LeftOut::default());
    }
}
