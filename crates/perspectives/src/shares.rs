//! Shares of the memory: how many workers fit beside the maps.

use crate::plan::ViewPlan;
use isopach_compute::{Error, Result};

/// Workers that fit the memory beside maps, with what is left for frames that need more than
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryShares {
    pub(crate) workers: usize,
    /// Bytes that are left for the coefficients of progressive JPEG, of all workers together.
    pub(crate) spare: u64,
}

impl MemoryShares {
    /// Shares of a budget of `memory` bytes for up to `wanted` workers, whose files have up to `file`
    /// bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if no frame fits.
    pub(crate) fn new(plan: &ViewPlan, memory: u64, wanted: usize, file: u64) -> Result<Self> {
        let maps = plan.map_bytes();
        // Places are freed before there is a frame.
        let frame = plan.frame_bytes(file).max(plan.place_bytes());
        let left = memory.checked_sub(maps + frame).ok_or(Error::OutOfMemory {
            what: "one frame with the maps of its views",
            requested: maps + frame,
            budget: memory,
            advice: "give more --memory, fewer views, or a smaller --size",
        })?;
        // Room for the coefficients of one progressive JPEG, before there is a second worker.
        let progressive = 6 * plan.pixels();
        let others = left.saturating_sub(progressive) / frame;
        let workers = wanted.min(1 + others as usize).max(1);
        Ok(Self {
            workers,
            spare: left - (workers as u64 - 1) * frame,
        })
    }
}
