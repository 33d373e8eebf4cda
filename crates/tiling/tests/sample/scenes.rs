//! Sources to sample.

use isopach_cloud::{Cloud, Columns, Points, Rect};
use isopach_compute::{Error, Result};
use isopach_tiling::PointSource;
use std::sync::Mutex;

/// Points in chunks of any size, absolute: a survey may be wider than a cloud reaches.
pub(crate) struct Survey {
    pub(crate) chunks: Vec<Vec<[f64; 3]>>,
    /// Whether chunks say where they are.
    pub(crate) is_indexed: bool,
    pub(crate) broken: Vec<usize>,
    pub(crate) lacks_columns: bool,
    /// Chunks in the order in which they were read.
    pub(crate) reads: Mutex<Vec<usize>>,
}

impl Survey {
    pub(crate) fn new(points: &[[f64; 3]], chunk: usize) -> Self {
        let chunks = points.chunks(chunk.max(1)).map(<[_]>::to_vec).collect();
        Self {
            chunks,
            is_indexed: false,
            broken: vec![],
            lacks_columns: false,
            reads: Mutex::new(vec![]),
        }
    }

    pub(crate) fn indexed(points: &[[f64; 3]], chunk: usize) -> Self {
        Self {
            is_indexed: true,
            ..Self::new(points, chunk)
        }
    }
}

fn bounds(points: &[[f64; 3]]) -> Rect {
    let at = |[x, y, _]: &[f64; 3]| Rect {
        min: [*x, *y],
        max: [*x, *y],
    };
    points
        .iter()
        .map(at)
        .reduce(|a, b| a.union(&b))
        .unwrap_or(Rect {
            min: [0.0; 2],
            max: [0.0; 2],
        })
}

impl PointSource for Survey {
    fn name(&self) -> String {
        "survey".into()
    }
    fn extent(&self) -> Rect {
        bounds(&self.chunks.concat())
    }
    fn height_range(&self) -> [f64; 2] {
        let heights = self.chunks.iter().flatten().map(|point| point[2]);
        heights.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], z| {
            [low.min(z), high.max(z)]
        })
    }
    fn point_count(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }
    fn chunk_count(&self) -> usize {
        self.chunks.len()
    }
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.chunks[chunk].len() as u64
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.is_indexed.then(|| bounds(&self.chunks[chunk]))
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        self.reads.lock().unwrap().push(chunk);
        if self.broken.contains(&chunk) {
            return Err(Error::source(format!("chunk {chunk} is broken")));
        }
        let xyz = self.chunks[chunk].clone();
        let mut attributes = isopach_cloud::Attributes::zeroed(columns, xyz.len());
        if columns.contains(Columns::INTENSITY) {
            // A name of the place, so that a column in the wrong row is noticed.
            attributes.intensity = Some(xyz.iter().map(name_of).collect());
        }
        if self.lacks_columns {
            attributes = isopach_cloud::Attributes::empty(columns);
        }
        Ok(Points { xyz, attributes })
    }
}

/// A number that depends on the place alone.
pub(crate) fn name_of([x, y, z]: &[f64; 3]) -> u16 {
    (x * 97.0 + y * 31.0 + z * 7.0)
        .to_bits()
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .to_le_bytes()[6]
        .into()
}

/// A number in 0..1 that depends on `i` alone.
pub(crate) fn scattered(i: u64) -> f64 {
    let mut x = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// `count` points over a rectangle of ground that is nearly level.
pub(crate) fn ground(count: u64, corner: [f64; 2], size: [f64; 2], seed: u64) -> Vec<[f64; 3]> {
    let at = |i: u64, axis: u64| scattered(seed * 1_000_003 + i * 3 + axis);
    (0..count)
        .map(|i| {
            [
                corner[0] + size[0] * at(i, 0),
                corner[1] + size[1] * at(i, 1),
                100.0 + 0.1 * at(i, 2),
            ]
        })
        .collect()
}

/// The same points in another order.
pub(crate) fn shuffled(points: &[[f64; 3]], seed: u64) -> Vec<[f64; 3]> {
    let mut keyed: Vec<(u64, [f64; 3])> = points
        .iter()
        .enumerate()
        .map(|(i, point)| (scattered(seed + i as u64).to_bits(), *point))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, point)| point).collect()
}

pub(crate) fn in_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
        .install(work)
}

/// Absolute ticks of a cloud's points.
pub(crate) fn ticks_of(cloud: &Cloud) -> Vec<[i64; 3]> {
    (0..cloud.len())
        .map(|i| cloud.positions().absolute_ticks(i))
        .collect()
}
