//! Files as sources of points, and all points of a source.

use crate::{
    Las,
    error::Checked,
    file::{Stated, stated},
    identity::Identity,
    slots::{Slots, close_gaps, room},
};
use isopach_cloud::{Attributes, Cloud, Columns, Crs, Points, Rect, TICK};
use isopach_compute as compute;
use isopach_tiling::PointSource;
use rayon::prelude::*;

impl PointSource for Las {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The stated extent, a step larger on every side (writers round it) and two ticks at least, so
    /// that it owns the points on its edges. Where the header's is wrong ([`Las::box_fault`]), or
    /// points that the filters leave out may lie far away: that of the points that are read.
    fn extent(&self) -> Rect {
        let [min, max] = self.bounds();
        let step = self.frame.scale.map(|scale| scale.abs().max(2.0 * TICK));
        Rect {
            min: [0, 1].map(|axis| min[axis] - step[axis]),
            max: [0, 1].map(|axis| max[axis] + step[axis]),
        }
    }

    /// As [`Self::extent`].
    fn height_range(&self) -> [f64; 2] {
        self.bounds().map(|corner| corner[2])
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
        let identity = || -> Checked<Identity> {
            // As it is now: it may have been replaced since it was opened.
            let now = self.source.reopen()?;
            let Stated { parsed, chunks, .. } = stated(&*now, self.limits)?;
            Identity::of(&*now, parsed.points_at, &chunks, parsed.laz.is_some())
        };
        Ok(vec![
            identity()
                .map_err(|problem| problem.of(&self.path))?
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
        let mut points = room(self.chunk_points(chunk), columns, self.limits.memory_bytes)?;
        let kept = self.fill_chunk(chunk, columns, &mut Slots::of(&mut points))?;
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
        let range =
            |chunk: usize| self.chunks[chunk].at..self.chunks[chunk].at + self.chunks[chunk].bytes;
        self.source.expect(&chunks.map(range).collect::<Vec<_>>());
    }
}

/// Says that all chunks will be read, from the first to the last.
pub(crate) fn expect_all(source: &(impl PointSource + ?Sized)) {
    source.expect_chunks(&(0..source.chunk_count()).collect::<Vec<_>>());
}

/// Chunks that can be decoded into room that somebody else made.
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
            .fill(self.selected[chunk], columns, slots)
            .map_err(|problem| problem.of(&self.path))?)
    }
}

/// All chunks of a source, decoded in parallel, in order, each where its points will stay.
pub(crate) fn points(source: &impl Chunks, columns: Columns) -> compute::Result<Points> {
    let counts: Vec<usize> = (0..source.chunk_count())
        .map(|chunk| source.chunk_points(chunk))
        .collect();
    let mut points = room(counts.iter().sum(), columns, source.largest_memory())?;
    expect_all(source);
    let mut rest = Slots::of(&mut points);
    let mut parts: Vec<Slots<'_>> = counts.iter().map(|&count| rest.take(count)).collect();
    let kept: Vec<usize> = parts
        .par_iter_mut()
        .enumerate()
        .map(|(chunk, slots)| source.fill_chunk(chunk, columns, slots))
        .collect::<compute::Result<_>>()?;
    let mut start = 0;
    let ranges = counts.iter().zip(kept).map(|(&count, kept)| {
        start += count;
        start - count..start - count + kept
    });
    let ranges: Vec<_> = ranges.collect();
    close_gaps(&mut points, &ranges);
    Ok(points)
}

/// A point that is far from where its header says that all are.
fn misplaced(
    source: &(impl PointSource + ?Sized),
    chunk: usize,
    error: &compute::Error,
) -> compute::Error {
    let name = source.name();
    compute::Error::InvalidInput(format!(
        "{name}: chunk {chunk}: {error}: the scale factors, the offsets or the box in its header are wrong, or the point is"
    ))
}

/// All chunks of a source as one cloud.
pub(crate) fn all(
    source: &(impl PointSource + ?Sized),
    columns: Columns,
) -> compute::Result<Cloud> {
    let extent = source.extent();
    let [low, high] = source.height_range();
    let [x, y] = extent.centre();
    let middle = [x, y, 0.5 * (low + high)];
    let origin =
        isopach_cloud::Origin::near(middle).map_err(|error| misplaced(source, 0, &error))?;
    expect_all(source);
    let parts: Vec<Cloud> = (0..source.chunk_count())
        .into_par_iter()
        .map(|chunk| {
            source
                .read_chunk(chunk, columns)?
                .about(origin)
                .map_err(|error| misplaced(source, chunk, &error))
        })
        .collect::<compute::Result<_>>()?;
    let total = parts.iter().map(Cloud::len).sum();
    let mut ticks = Vec::with_capacity(total);
    let mut attributes = Attributes::empty(columns);
    for mut part in parts {
        ticks.extend_from_slice(part.positions().ticks());
        attributes.append(&mut part.attributes);
    }
    let mut cloud = Cloud::new(origin, ticks);
    cloud.attributes = attributes;
    Ok(cloud)
}
