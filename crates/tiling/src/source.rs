//! Where points come from.

use isopach_cloud::{Cloud, Columns, Crs, Points, Rect, Rigid};
use isopach_compute::{Error, Result};

/// Points that are read chunk by chunk: a file, several files, a cloud in memory, another source moved.
///
/// A chunk is whatever is decoded at once (50,000 points in most LAZ files). Chunks and the points in them have an order, that of the
/// files; it is the identity of a point, and no result depends on anything finer than it.
pub trait PointSource: Sync {
    /// What to call it in messages: a path.
    fn name(&self) -> String;
    /// A rectangle whose closure holds every point, absolute metres.
    fn extent(&self) -> Rect;
    /// Heights that hold every point, lowest and highest, absolute metres.
    fn height_range(&self) -> [f64; 2];
    /// Number of points before any filter.
    fn point_count(&self) -> u64;
    /// Number of chunks.
    fn chunk_count(&self) -> usize;
    /// Decodes one chunk: coordinates and the columns asked for.
    ///
    /// # Errors
    /// [`Error::Source`] with the file and what is wrong with it; [`Error::InvalidInput`] where a column is not there.
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points>;
    /// A rectangle whose closure holds every point of the chunk, where that is known without decoding it.
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        let _ = chunk;
        None
    }
    /// The coordinate reference system, where it is stated.
    fn crs(&self) -> Option<&Crs> {
        None
    }
}

/// Passes on to another source everything but the methods given.
macro_rules! as_inner {
    ($($method:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        $(fn $method(&self $(, $argument: $kind)*) -> $result { self.source.$method($($argument),*) })+
    };
}

impl<S: PointSource + ?Sized> PointSource for &S {
    fn name(&self) -> String {
        (**self).name()
    }
    fn extent(&self) -> Rect {
        (**self).extent()
    }
    fn height_range(&self) -> [f64; 2] {
        (**self).height_range()
    }
    fn point_count(&self) -> u64 {
        (**self).point_count()
    }
    fn chunk_count(&self) -> usize {
        (**self).chunk_count()
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        (**self).read_chunk(chunk, columns)
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        (**self).chunk_extent(chunk)
    }
    fn crs(&self) -> Option<&Crs> {
        (**self).crs()
    }
}

/// A source whose coordinate system is what its user says, not what its files say: `None` agrees with everything.
#[derive(Clone, Debug)]
pub struct Declared<S> {
    source: S,
    crs: Option<Crs>,
}

impl<S: PointSource> Declared<S> {
    /// `source`, taken to be in `crs`.
    #[must_use]
    pub fn new(source: S, crs: Option<Crs>) -> Self {
        Self { source, crs }
    }
}

impl<S: PointSource> PointSource for Declared<S> {
    as_inner! {
        name() -> String;
        extent() -> Rect;
        height_range() -> [f64; 2];
        point_count() -> u64;
        chunk_count() -> usize;
        read_chunk(chunk: usize, columns: Columns) -> Result<Points>;
        chunk_extent(chunk: usize) -> Option<Rect>;
    }
    fn crs(&self) -> Option<&Crs> {
        self.crs.as_ref()
    }
}

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
        Rect { min: [min[0], min[1]], max: [max[0], max[1]] }
    }
}

impl<S: PointSource> PointSource for Moved<S> {
    as_inner! {
        name() -> String;
        point_count() -> u64;
        chunk_count() -> usize;
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
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        let mut points = self.source.read_chunk(chunk, columns)?;
        points.transform(&self.by);
        Ok(points)
    }
}

/// A cloud in memory as a source.
#[derive(Clone, Debug)]
pub struct Resident {
    name: String,
    cloud: Cloud,
    chunk_points: usize,
    extent: Rect,
    heights: [f64; 2],
}

impl Resident {
    /// `cloud`, in chunks of 65,536 points.
    #[must_use]
    pub fn new(name: impl Into<String>, cloud: Cloud) -> Self {
        Self::in_chunks(name, cloud, 1 << 16)
    }

    /// `cloud`, in chunks of `chunk_points` (at least 1).
    #[must_use]
    pub fn in_chunks(name: impl Into<String>, cloud: Cloud, chunk_points: usize) -> Self {
        let positions = cloud.positions();
        let nowhere = Rect { min: [0.0; 2], max: [0.0; 2] };
        let extent = positions.extent().unwrap_or(nowhere);
        let base = positions.origin().ticks()[2];
        let heights = positions
            .bounds()
            .map_or([0.0; 2], |ends| ends.map(|point| isopach_cloud::from_ticks(base + i64::from(point[2]))));
        Self { name: name.into(), cloud, chunk_points: chunk_points.max(1), extent, heights }
    }

    /// The cloud.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }
}

impl PointSource for Resident {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn extent(&self) -> Rect {
        self.extent
    }
    fn height_range(&self) -> [f64; 2] {
        self.heights
    }
    fn point_count(&self) -> u64 {
        self.cloud.len() as u64
    }
    fn chunk_count(&self) -> usize {
        self.cloud.len().div_ceil(self.chunk_points)
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        if !self.cloud.attributes.columns().contains(columns) {
            return Err(Error::InvalidInput(format!("{} lacks a column that is asked for", self.name)));
        }
        let start = chunk * self.chunk_points;
        let end = (start + self.chunk_points).min(self.cloud.len());
        let positions = self.cloud.positions();
        let rows: Vec<u32> = (start as u32..end as u32).collect();
        let mut attributes = self.cloud.attributes.select(&rows);
        attributes.retain(columns);
        Ok(Points { xyz: (start..end).map(|i| positions.absolute(i)).collect(), attributes })
    }
}
