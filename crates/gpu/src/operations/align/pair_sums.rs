//! The kernel that sums pairs, and its sums as normal equations.

use crate::record::{
    kernel::{
        Access::{Read, Write},
        Kernel,
    },
    layout::uniform,
    prelude,
};
use isopach_cloud::{Positions, TICK, TICKS_PER_METRE};
use isopach_registration::{FactorKind, NormalEquations};

pub(super) const PAIRS: Kernel = Kernel::new::<PairParameters>(
    "normal equations",
    "pairs",
    &[prelude::THREADS, include_str!("pairs.wgsl")],
    &[Read, Read, Read, Read, Read, Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&PAIRS];

/// Pairs that a workgroup sums. As in pairs.wgsl.
pub(super) const BLOCK: usize = 1024;

/// The sums of a block, as in pairs.wgsl: [`RR`] … [`ENDED`] name the words.
pub(super) type PairEntry = [u32; 30];

/// Rotation by rotation, the diagonal, then xy, xz, yz; square ticks.
const RR: usize = 0;
/// Rotation by translation, row by translation; ticks.
const RT: usize = 6;
/// Translation by translation, the diagonal, then xy, xz, yz.
const TT: usize = 15;
/// The right-hand side of rotations, square ticks, and of translations, ticks.
const B_ROTATION: usize = 21;
const B_TRANSLATION: usize = 24;
/// The squared residuals, square ticks.
const ERROR: usize = 27;
/// Number of pairs.
const INLIERS: usize = 28;
/// Not 0 if the driver ended a loop.
const ENDED: usize = 29;

/// The entries of a symmetric 3 × 3 matrix, in the order of [`RR`] and [`TT`].
const SYMMETRIC: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];

uniform! {
    /// `Parameters` of pairs.wgsl.
    pub(super) struct PairParameters {
        /// Pairs of the batch.
        count: u32,
        /// 0: point to point; 1: point to plane.
        measure: u32,
        /// 2, which the kernel compiler must not know: see threads.wgsl.
        two: u32,
        unused: u32,
        /// The pivot, whole ticks from the points' origin.
        pivot: [i32; 4],
        /// The rest of the pivot, ticks.
        beside: [f32; 4],
    }
}

impl PairParameters {
    /// `None` if the pivot is too far from a point for 32 bits.
    pub(super) fn new(kind: FactorKind, pivot: [f64; 3], points: Positions<'_>) -> Option<Self> {
        let base = points.origin().ticks();
        let [low, high] = points.bounds()?;
        let mut parameters = Self {
            count: 0,
            measure: match kind {
                FactorKind::PointToPoint => 0,
                FactorKind::PointToPlane => 1,
            },
            two: 2,
            unused: 0,
            pivot: [0; 4],
            beside: [0.0; 4],
        };
        for axis in 0..3 {
            let ticks = pivot[axis] * TICKS_PER_METRE;
            let tick = ticks.round() as i64; // saturates, and is then refused
            let offset = i32::try_from(tick.checked_sub(base[axis])?).ok()?;
            low[axis].checked_sub(offset)?;
            high[axis].checked_sub(offset)?;
            parameters.pivot[axis] = offset;
            parameters.beside[axis] = (ticks - tick as f64) as f32;
        }
        Some(parameters)
    }
}

/// Whether every loop of the block ran to its end: see threads.wgsl.
pub(super) fn block_is_complete(block: &PairEntry) -> bool {
    block[ENDED] == 0
}

/// Adds the sums of a block, in metres.
pub(super) fn add_block(sums: &mut NormalEquations, block: &PairEntry) {
    let number = |word: usize| f64::from(f32::from_bits(block[word]));
    let mut own = NormalEquations {
        inliers: block[INLIERS],
        error: number(ERROR) * (TICK * TICK),
        ..NormalEquations::default()
    };
    for (i, (row, column)) in SYMMETRIC.into_iter().enumerate() {
        let rotation = number(RR + i) * (TICK * TICK);
        own.h[row][column] = rotation;
        own.h[column][row] = rotation;
        let translation = number(TT + i);
        own.h[3 + row][3 + column] = translation;
        own.h[3 + column][3 + row] = translation;
    }
    for translation in 0..3 {
        for rotation in 0..3 {
            let mixed = number(RT + 3 * translation + rotation) * TICK;
            own.h[rotation][3 + translation] = mixed;
            own.h[3 + translation][rotation] = mixed;
        }
    }
    for axis in 0..3 {
        own.b[axis] = number(B_ROTATION + axis) * (TICK * TICK);
        own.b[3 + axis] = number(B_TRANSLATION + axis) * TICK;
    }
    sums.add_equations(&own);
}
