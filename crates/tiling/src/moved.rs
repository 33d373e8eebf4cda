//! Moved points.

use crate::{PointSource, source::as_inner};
use isopach_cloud::{Columns, Crs, Points, Rect, Rigid};
use isopach_compute::Result;

/// A source moved by a rigid transform, in `f64`, before anything is asked about where its points are.
#[derive(Clone, Debug)]
pub struct Moved<S> {
    source: S,
    by: Rigid,
}

impl<S: PointSource> Moved<S> {
    /// `source`, every point of it moved.
    #[must_use]
    pub fn new(source: S, by: Rigid) -> Self {
        Self { source, by }
    }

    /// Bounds of the moved corners of a box; a box is convex, so they hold every moved point of it. A micrometre for rounding.
    fn bounds(&self, rect: &Rect) -> [[f64; 3]; 2] {
        let [low, high] = self.source.height_range();
        let mut bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for x in [rect.min[0], rect.max[0]] {
            for y in [rect.min[1], rect.max[1]] {
                for z in [low, high] {
                    let corner = self.by.apply([x, y, z]);
                    for axis in 0..3 {
                        bounds[0][axis] = bounds[0][axis].min(corner[axis] - 1e-6);
                        bounds[1][axis] = bounds[1][axis].max(corner[axis] + 1e-6);
                    }
                }
            }
        }
        bounds
    }

    fn moved_rect(&self, rect: &Rect) -> Rect {
        let [min, max] = self.bounds(rect);
        Rect::around([min[0], min[1]], [max[0], max[1]])
    }
}

impl<S: PointSource> PointSource for Moved<S> {
    as_inner! {
        name() -> String;
        point_count() -> u64;
        chunk_count() -> usize;
        points_in_chunk(chunk: usize) -> u64;
        crs() -> Option<&Crs>;
    }
    fn extent(&self) -> Rect {
        self.moved_rect(&self.source.extent())
    }
    fn height_range(&self) -> [f64; 2] {
        self.bounds(&self.source.extent()).map(|corner| corner[2])
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.source.chunk_extent(chunk).map(|rect| self.moved_rect(&rect))
    }
    fn identity(&self) -> Result<Vec<String>> {
        let Rigid { rotation, translation, pivot } = &self.by;
        let mut identity = self.source.identity()?;
        identity.push(format!("moved by {rotation:?} {translation:?} about {pivot:?}"));
        Ok(identity)
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        let mut points = self.source.read_chunk(chunk, columns)?;
        points.transform(&self.by);
        Ok(points)
    }
}
