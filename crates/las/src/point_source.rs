//! Files as sources of points.

use crate::{
    Las,
    error::LasProblem,
    identity::Identity,
    open::{Stated, read_stated},
    slots::{Slots, close_gaps, reserve_points},
};
use isopach_cloud::{Columns, Crs, Points, Rect, TICK};
use isopach_compute as compute;
use isopach_tiling::PointSource;

impl PointSource for Las {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The stated extent, enlarged on every side by one step (writers round it) and two ticks at
    /// least, so that it contains the points on its edges. If the header's box is wrong
    /// ([`Las::box_fault`]), or the filters may remove outliers, the extent of the points that are
    /// read.
    fn extent(&self) -> Rect {
        let [min, max] = self.point_bounds();
        let step = self.frame.scale.map(|scale| scale.abs().max(2.0 * TICK));
        Rect {
            min: [0, 1].map(|axis| min[axis] - step[axis]),
            max: [0, 1].map(|axis| max[axis] + step[axis]),
        }
    }

    /// As [`Self::extent`].
    fn height_range(&self) -> [f64; 2] {
        self.point_bounds().map(|corner| corner[2])
    }

    fn point_count(&self) -> u64 {
        self.header().point_count
    }

    fn chunk_count(&self) -> usize {
        self.selected.len()
    }

    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.extent_of(self.selected[chunk])
    }

    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.chunks[self.selected[chunk]].points
    }

    fn input_identities(&self) -> compute::Result<Vec<String>> {
        let identity = || -> Result<Identity, LasProblem> {
            // Identity at the time of the call: the file may have been replaced since it was
            // opened.
            let now = self.source.reopen()?;
            let Stated { parsed, chunks, .. } = read_stated(&*now, self.limits)?;
            Identity::of_source(&*now, parsed.points_at, &chunks, parsed.laz.is_some())
        };
        Ok(vec![
            identity()
                .map_err(|problem| problem.at_path(&self.path))?
                .to_string(),
        ])
    }

    fn input_names(&self) -> Vec<String> {
        vec![self.name()]
    }

    fn expect_chunks(&self, chunks: &[usize]) {
        self.expect_numbered(chunks.iter().map(|&chunk| self.selected[chunk]));
    }

    fn read_chunk(&self, chunk: usize, columns: Columns) -> compute::Result<Points> {
        let columns = self.resolve(columns);
        let mut points =
            reserve_points(self.chunk_points(chunk), columns, self.limits.memory_bytes)?;
        let kept = self.fill_chunk(chunk, columns, &mut Slots::from_points(&mut points))?;
        close_gaps(&mut points, std::slice::from_ref(&(0..kept)));
        Ok(points)
    }

    fn crs(&self) -> Option<&Crs> {
        self.frame.crs.as_ref()
    }
}

impl Las {
    /// Tells the source that these of [`Self::total_chunks`] chunks will be read.
    pub(crate) fn expect_numbered(&self, chunks: impl Iterator<Item = usize>) {
        self.source.expect_ranges(
            &chunks
                .map(|chunk: usize| {
                    self.chunks[chunk].at..self.chunks[chunk].at + self.chunks[chunk].bytes
                })
                .collect::<Vec<_>>(),
        );
    }
}

/// Says that all chunks will be read, from the first to the last.
pub(crate) fn expect_all(source: &(impl PointSource + ?Sized)) {
    source.expect_chunks(&(0..source.chunk_count()).collect::<Vec<_>>());
}

/// A source whose chunks can be decoded into buffers of the caller.
pub(crate) trait Chunks: PointSource {
    /// Points of a chunk before any filter.
    fn chunk_points(&self, chunk: usize) -> usize;

    /// Bytes that points in memory may take.
    fn largest_memory(&self) -> u64;

    /// Decodes a chunk and tells how many points passed the filters.
    fn fill_chunk(
        &self,
        chunk: usize,
        columns: Columns,
        slots: &mut Slots<'_>,
    ) -> compute::Result<usize>;
}

impl Chunks for Las {
    fn chunk_points(&self, chunk: usize) -> usize {
        self.chunks[self.selected[chunk]].points as usize
    }

    fn largest_memory(&self) -> u64 {
        self.limits.memory_bytes
    }

    fn fill_chunk(
        &self,
        chunk: usize,
        columns: Columns,
        slots: &mut Slots<'_>,
    ) -> compute::Result<usize> {
        Ok(self
            .fill_columns(self.selected[chunk], columns, slots)
            .map_err(|problem| problem.at_path(&self.path))?)
    }
}
