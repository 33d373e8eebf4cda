//! Points to run on.

use isopach_cloud::{Cloud, Columns, Crs, Points, Rect};
use isopach_compute::{Error, Result};
use isopach_tiling::{InMemory, PointSource};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number in 0..1 that depends on `i` alone.
fn scattered(i: u64) -> f64 {
    let mut x = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// `n` points over `size` metres from `corner`, with an intensity that names each.
pub(crate) fn scatter(n: u64, corner: [f64; 2], size: f64, seed: u64) -> Cloud {
    let at = |i: u64, axis: u64| scattered(seed * 1_000_003 + i * 3 + axis);
    let xyz: Vec<[f64; 3]> = (0..n)
        .map(|i| {
            [
                corner[0] + size * at(i, 0),
                corner[1] + size * at(i, 1),
                100.0 * at(i, 2),
            ]
        })
        .collect();
    named(&xyz)
}

/// Points with an intensity that names each.
pub(crate) fn named(xyz: &[[f64; 3]]) -> Cloud {
    let mut cloud = Cloud::from_points(xyz).unwrap();
    cloud.attributes.intensity = Some((0..xyz.len()).map(|i| i as u16).collect());
    cloud
}

/// A lattice of `side` × `side` points one metre apart, from the origin.
pub(crate) fn lattice(side: i32) -> InMemory {
    let xyz: Vec<[f64; 3]> = (0..side * side)
        .map(|i| [f64::from(i % side), f64::from(i / side), 0.0])
        .collect();
    InMemory::with_chunk_size("lattice", named(&xyz), 1000)
}

/// A source that can be told to misbehave, and counts how often it is read.
pub(crate) struct Odd {
    pub(crate) inner: InMemory,
    pub(crate) name: &'static str,
    pub(crate) extent: Option<Rect>,
    pub(crate) chunk_extents: Vec<Rect>,
    pub(crate) heights: Option<[f64; 2]>,
    pub(crate) crs: Option<Crs>,
    pub(crate) broken_chunk: Option<usize>,
    pub(crate) change: fn(&mut Points),
    pub(crate) reads: AtomicUsize,
}

impl Odd {
    pub(crate) fn new(name: &'static str, inner: InMemory) -> Self {
        Self {
            inner,
            name,
            extent: None,
            chunk_extents: vec![],
            heights: None,
            crs: None,
            broken_chunk: None,
            change: |_| (),
            reads: AtomicUsize::new(0),
        }
    }
}

impl PointSource for Odd {
    fn name(&self) -> String {
        self.name.into()
    }
    fn extent(&self) -> Rect {
        self.extent.unwrap_or_else(|| self.inner.extent())
    }
    fn height_range(&self) -> [f64; 2] {
        self.heights.unwrap_or_else(|| self.inner.height_range())
    }
    fn point_count(&self) -> u64 {
        self.inner.point_count()
    }
    fn chunk_count(&self) -> usize {
        self.inner.chunk_count()
    }
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.inner.points_in_chunk(chunk)
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.chunk_extents.get(chunk).copied()
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.broken_chunk == Some(chunk) {
            return Err(Error::source(format!(
                "{}: chunk {chunk} is broken",
                self.name
            )));
        }
        let mut points = self.inner.read_chunk(chunk, columns)?;
        (self.change)(&mut points);
        Ok(points)
    }
    fn crs(&self) -> Option<&Crs> {
        self.crs.as_ref()
    }
}
