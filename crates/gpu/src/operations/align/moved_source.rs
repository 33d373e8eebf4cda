//! The source at a pose.

use isopach_cloud::{Origin, Positions, REACH, Rigid, TICKS_PER_METRE, to_ticks};
use rayon::prelude::*;

/// Moved points in ticks about an origin, and what rounding took from each: see pairs.wgsl.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) ticks: Vec<[i32; 3]>,
    pub(super) fractions: Vec<u32>,
}

impl Moved {
    /// `None` where a point ends where its cloud cannot hold it. Ticks are those of
    /// [`isopach_cloud::Cloud::from_points_about`].
    pub(super) fn new(source: Positions<'_>, at: &Rigid, origin: Origin) -> Option<Self> {
        let base = origin.ticks();
        let reach = (REACH * TICKS_PER_METRE) as i64;
        let (mut ticks, mut fractions) = (Vec::new(), Vec::new());
        let moved = (0..source.len())
            .into_par_iter()
            .with_min_len(1 << 12)
            .map(|i| {
                let point = at.apply(source.absolute(i));
                let (mut local, mut packed, mut inside) = ([0; 3], 0, true);
                for axis in 0..3 {
                    let tick = to_ticks(point[axis]);
                    let offset = tick.saturating_sub(base[axis]);
                    inside &= point[axis].is_finite() && (-reach..reach).contains(&offset);
                    local[axis] = offset as i32;
                    let fraction = point[axis] * TICKS_PER_METRE - tick as f64;
                    packed |= ((fraction * 1024.0).round().clamp(-512.0, 511.0) as i32 + 512)
                        .cast_unsigned()
                        << (10 * axis);
                }
                (if inside { local } else { OUTSIDE }, packed)
            });
        moved.unzip_into_vecs(&mut ticks, &mut fractions);
        (!ticks.par_iter().any(|&point| point == OUTSIDE)).then_some(Self { ticks, fractions })
    }
}

/// Stands for a point that is out of reach. A point that is really there is taken for one, too, and
/// left to the processor.
const OUTSIDE: [i32; 3] = [i32::MIN; 3];
