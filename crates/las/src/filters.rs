//! Filters on points: classes, a rectangle, flags, a resolution; and counts of the points left out.

use isopach_cloud::Rect;
use std::{
    iter::Sum,
    ops::AddAssign,
    sync::atomic::{AtomicU32, Ordering},
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
    pub(crate) withheld: bool,
    /// Whether points of the classes of noise are read.
    pub(crate) noise: bool,
    /// The last level of an octree.
    pub(crate) deepest: u8,
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    pub(crate) fn get(&self) -> LeftOut {
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
    pub(crate) fn keeps_point(
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
            && self.within.is_none_or(|rect| rect.contains(at()));
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
            filters.keeps_point(class, flags, || [0.0; 2], &mut left_out)
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
                && filters.keeps_point(
                    7,
                    255,
                    || unreachable!("coordinates are not looked at"),
                    &mut left_out
                )
        );
        assert_eq!(left_out, LeftOut::default());
    }
}
