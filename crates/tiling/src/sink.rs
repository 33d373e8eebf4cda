//! Sinks of results.

use isopach_cloud::Rect;
use isopach_compute::Result;

/// Takes the results of tiles, in the order of the plan.
///
/// A run calls [`begin`](Self::begin), then [`accept`](Self::accept) for each tile that has a point
/// of any epoch in core or halo, then [`finish`](Self::finish). Cells of the whole that lie in no
/// accepted core have no data. A run that fails does not call `finish`: a sink that is dropped
/// unfinished leaves nothing behind. It is called by one thread at a time, while others decode and
/// compute.
pub trait TileSink<T>: Send {
    /// Called once before the first result, with the rectangle that all cores together cover.
    ///
    /// # Errors
    /// An error of the sink; the run ends.
    fn begin(&mut self, whole: Rect) -> Result<()> {
        let _ = whole;
        Ok(())
    }
    /// One tile's result.
    ///
    /// # Errors
    /// An error of the sink; the run ends.
    fn accept(&mut self, core: Rect, output: T) -> Result<()>;
    /// Called once after the last result: the complete output becomes visible now.
    ///
    /// # Errors
    /// An error of the sink.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<T, F: FnMut(Rect, T) -> Result<()> + Send> TileSink<T> for F {
    fn accept(&mut self, core: Rect, output: T) -> Result<()> {
        self(core, output)
    }
}
