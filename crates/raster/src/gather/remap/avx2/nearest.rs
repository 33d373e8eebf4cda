//! The pixels that hold places.

use super::{Groups, places::Group};
use core::arch::x86_64::*;

impl<const TAPS: usize> Groups<'_, TAPS> {
    /// Four bytes from each of eight pixels on, none of which is apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn nearest(&self, places: &Group) -> __m256i {
        self.four_bytes(places.offsets, 0, 0)
    }
}
