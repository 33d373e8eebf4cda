//! A pixel on its way through a lane.

/// The event that a lane waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LaneState {
    /// A pixel.
    Pixel,
    /// The steepest bin.
    Slopes,
    /// Whether the last column comes in, and the solution with it.
    Column,
    /// The solution without some columns.
    Fewer,
}

/// A pixel on its way.
#[derive(Clone, Copy)]
pub(super) struct Lane<const NF: usize> {
    pub(super) waits: LaneState,
    /// Position in the slab, and channels left out.
    pub(super) pixel: usize,
    pub(super) dropped: u32,
    /// Columns in use, and their bins in the order in which they were taken.
    pub(super) count: usize,
    pub(super) bins: [usize; NF],
    /// Bins whose columns would not come in since the last that did.
    pub(super) refused: [usize; NF],
    pub(super) refusals: usize,
    /// Slope up to which there is none; known after the first.
    pub(super) least: Option<f64>,
    /// Bins tried.
    pub(super) steps: u32,
}
