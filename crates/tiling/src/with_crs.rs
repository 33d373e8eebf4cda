//! A source with another coordinate system than its files state.

use crate::{PointSource, source::as_inner};
use isopach_cloud::{Columns, Crs, Points, Rect};
use isopach_compute::Result;

/// A source whose coordinate system is set by its user and not by its files. `None` agrees with
/// every other system.
#[derive(Clone, Debug)]
pub struct WithCrs<S> {
    source: S,
    crs: Option<Crs>,
}

impl<S: PointSource> WithCrs<S> {
    /// `source`, taken to be in `crs`.
    #[must_use]
    pub fn new(source: S, crs: Option<Crs>) -> Self {
        Self { source, crs }
    }
}

impl<S: PointSource> PointSource for WithCrs<S> {
    as_inner! {
        name() -> String;
        extent() -> Rect;
        height_range() -> [f64; 2];
        point_count() -> u64;
        chunk_count() -> usize;
        read_chunk(chunk: usize, columns: Columns) -> Result<Points>;
        expect_chunks(chunks: &[usize]) -> ();
        chunk_extent(chunk: usize) -> Option<Rect>;
        points_in_chunk(chunk: usize) -> u64;
        input_identities() -> Result<Vec<String>>;
        input_names() -> Vec<String>;
    }
    fn crs(&self) -> Option<&Crs> {
        self.crs.as_ref()
    }
}
