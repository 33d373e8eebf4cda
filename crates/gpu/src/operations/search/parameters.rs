//! The parameters that all search kernels share.

use crate::{points::cell_grid::CellGrid, record::layout::uniform};
use isopach_cloud::TICK;

uniform! {
    /// `Parameters` of resident.wgsl.
    pub(crate) struct SearchParameters {
        grid: CellGrid,
        /// Queries.
        count: u32,
        /// The root of `limit`, rounded down, at most 2³¹ − 1.
        reach: i32,
        /// Largest squared distance, square ticks: low and high word.
        limit: [u32; 2],
        /// `limit` as the nearest `f32`.
        roughly: f32,
        /// How many nearest points are wanted.
        wanted: u32,
        /// Half length of the cylinder, ticks.
        half_length: f32,
        /// Radius of the cylinder, ticks.
        radius: f32,
    }
}

impl SearchParameters {
    /// For points within `limit` square ticks.
    pub(crate) fn for_limit(grid: CellGrid, limit: u128) -> Self {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        Self {
            grid,
            count: 0,
            reach: i32::try_from(limit.isqrt()).unwrap_or(i32::MAX),
            limit: [limit as u32, (limit >> 32) as u32],
            roughly: limit as f32,
            wanted: 0,
            half_length: 0.0,
            radius: 0.0,
        }
    }
}

/// Square metres of square ticks that the device rounded.
pub(crate) fn to_square_metres(bits: u32) -> f32 {
    (f64::from(f32::from_bits(bits)) * (TICK * TICK)) as f32
}
