//! The source at a pose.

use isopach_cloud::{Origin, Positions, REACH, Rigid, TICKS_PER_METRE, to_ticks};
use rayon::prelude::*;

/// A moved point that leaves the reach of its origin. A point that really has these coordinates is
/// taken for one, too, and left to the CPU.
const OUTSIDE: [i32; 3] = [i32::MIN; 3];

/// Moved points in ticks about an origin, and the rounding error of each: see pairs.wgsl.
#[derive(Debug)]
pub(super) struct MovedSource {
    pub(super) ticks: Vec<[i32; 3]>,
    pub(super) fractions: Vec<u32>,
}

impl MovedSource {
    /// `None` if a point leaves the reach of a cloud. Ticks are those of
    /// [`isopach_cloud::Cloud::from_points_about`].
    pub(super) fn new(source: Positions<'_>, at: &Rigid, origin: Origin) -> Option<Self> {
        let base = origin.ticks();
        let mut moved = Self {
            ticks: Vec::new(),
            fractions: Vec::new(),
        };
        (0..source.len())
            .into_par_iter()
            .with_min_len(1 << 12)
            .map(|i| to_local(at.apply(source.absolute(i)), base))
            .unzip_into_vecs(&mut moved.ticks, &mut moved.fractions);
        let is_outside = moved.ticks.par_iter().any(|&point| point == OUTSIDE);
        (!is_outside).then_some(moved)
    }
}

/// Ticks about an origin, and three fractions of ticks in 10 bits each.
fn to_local(point: [f64; 3], base: [i64; 3]) -> ([i32; 3], u32) {
    let reach = (REACH * TICKS_PER_METRE) as i64;
    let mut local = [0; 3];
    let mut packed = 0;
    let mut inside = true;
    for axis in 0..3 {
        let tick = to_ticks(point[axis]);
        let offset = tick.saturating_sub(base[axis]);
        inside &= point[axis].is_finite() && (-reach..reach).contains(&offset);
        local[axis] = offset as i32;
        let fraction = point[axis] * TICKS_PER_METRE - tick as f64;
        let steps = (fraction * 1024.0).round().clamp(-512.0, 511.0) as i32 + 512;
        packed |= steps.cast_unsigned() << (10 * axis);
    }
    (if inside { local } else { OUTSIDE }, packed)
}
