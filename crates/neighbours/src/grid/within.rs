//! Everything within a radius.

use super::{Grid, queries::LocalQuery, sums::ExactSums, walk::Query};
use crate::{Moments, distance};

impl Grid<'_> {
    /// Calls `visit` with id, squared distance (square ticks) and offset (ticks) of every point
    /// within `limit` square ticks.
    #[inline]
    pub(super) fn visit_within(
        &self,
        query: LocalQuery,
        limit: u128,
        mut visit: impl FnMut(u32, u128, [i32; 3]),
    ) {
        match query {
            LocalQuery::Near(query) => {
                self.visit_within_near(query, u64::try_from(limit).unwrap_or(u64::MAX), visit)
            }
            LocalQuery::Far(query) => {
                for id in 0..self.points.len() as u32 {
                    let point = self.points.ticks()[id as usize].map(i64::from);
                    let squared = distance::squared_distance(point, query);
                    if squared <= limit {
                        // The callers that look at offsets have radii below 8 km, so that these
                        // fit.
                        visit(
                            id,
                            squared,
                            std::array::from_fn(|axis| (point[axis] - query[axis]) as i32),
                        );
                    }
                }
            }
        }
    }

    /// Exact moments of the points within `limit` square ticks.
    #[inline(always)]
    pub(super) fn moments_within_here(&self, query: LocalQuery, limit: u128) -> Moments {
        let sums = ExactSums::new((limit as f64).sqrt() + 1.0);
        let (LocalQuery::Near(near), Ok(limit), Some(mut sums)) =
            (query, u64::try_from(limit), sums)
        else {
            let mut moments = Moments::default();
            self.visit_within(query, limit, |_, _, d| moments.add_offset(d));
            return moments;
        };
        // Whole numbers, exact as far as the limit.
        let largest = limit as f64;
        let keep = |[x, y, z]: [f64; 3]| x * x + y * y + z * z <= largest;
        let block = self.block_around(near, limit.isqrt() as i64);
        if self.crowded {
            self.visit_block(&block, near, &mut |span| {
                sums.add_span(self, span, near, keep);
                Some(limit)
            });
        } else {
            // Without a closure in between, which would not be compiled for the wider registers.
            for row in block.rows[0]..block.rows[1] {
                sums.add_span(self, self.span_of_cells(row, block.columns), near, keep);
            }
        }
        sums.into_moments()
    }

    #[inline]
    fn visit_within_near(
        &self,
        query: Query,
        limit: u64,
        mut visit: impl FnMut(u32, u128, [i32; 3]),
    ) {
        let reach = limit.isqrt() as i64;
        let block = self.block_around(query, reach);
        // Three roundings of 2⁻²⁴ in each square and two in their sum stay below a millionth.
        let roughly = limit as f32 * (1.0 + 1e-6);
        self.visit_block(&block, query, &mut |span| {
            let rough = |[x, y, z]: [f32; 3]| x * x + y * y + z * z <= roughly;
            self.visit_likely(span, query, rough, |i| {
                let d = self.offset_from(i, query);
                let squared = (d[0] * d[0]) as u64 + (d[1] * d[1]) as u64 + (d[2] * d[2]) as u64;
                if squared <= limit {
                    visit(self.id[i], u128::from(squared), d.map(|tick| tick as i32));
                }
            });
            Some(limit)
        });
    }
}
