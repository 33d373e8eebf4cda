//! Shapes of nested neighbourhoods, of a few queries at once.

use super::{
    Grid, groups,
    nested_balls::{BallScratch, NestedBalls, NestedLimits},
    normals::{counts_of_group, covariance_lanes},
    queries::LocalQuery,
};
use crate::{
    EigenShape,
    eigen::COLLINEAR,
    eigen_lanes::{EigenLanes, eigen_lanes},
    lanes::{LANES, Lanes},
};
use isopach_cloud::Positions;
use isopach_compute::Result;

impl Grid<'_> {
    /// Shapes within several radii, those of one query next to each other.
    pub(super) fn shapes_at(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<EigenShape>> {
        let limits = NestedLimits::new(radii)?;
        let blocks = self.blocks_for(&limits, queries.len());
        let balls = NestedBalls {
            limits: &limits,
            blocks: blocks.as_ref(),
        };
        let answer = |scratch: &mut BallScratch, queries: &[LocalQuery], to: &mut [EigenShape]| {
            self.shapes_of_group(queries, balls, scratch, to);
        };
        Ok(groups::answer_groups(self, queries, limits.len(), answer))
    }

    /// Sets the shapes of at most [`LANES`] queries, query by query.
    #[inline(always)]
    pub(super) fn shapes_of_group_in_lanes<L: Lanes>(
        &self,
        queries: &[LocalQuery],
        balls: NestedBalls<'_>,
        scratch: &mut BallScratch,
        shapes: &mut [EigenShape],
    ) {
        self.sum_group_in_lanes::<L>(queries, balls, scratch);
        let width = balls.limits.len();
        for at in 0..width {
            let counts = counts_of_group(&scratch.sums, width, at);
            let eigen = eigen_lanes(covariance_lanes::<L>(&scratch.sums, width, at));
            let found = ShapeLanes::new(eigen);
            for (lane, shapes) in shapes.chunks_mut(width).take(LANES).enumerate() {
                shapes[at] = found.shape(lane, counts[lane]);
            }
        }
    }
}

/// Eigenvalues and normals, a query a lane.
struct ShapeLanes {
    values: [[f64; LANES]; 3],
    normal: [[f64; LANES]; 3],
}

impl ShapeLanes {
    #[inline(always)]
    fn new<L: Lanes>(eigen: EigenLanes<L>) -> Self {
        let EigenLanes {
            values: [low, middle, high],
            axis: [x, y, z],
        } = eigen;
        // As `Eigen::normal` decides.
        let is_plane = L::both_masks(
            (L::splat(COLLINEAR) * high).less_than(middle),
            L::zero().less_than(high),
        );
        let none = L::splat(f64::NAN);
        Self {
            values: [low.to_array(), middle.to_array(), high.to_array()],
            normal: [
                L::select(is_plane, x, none).to_array(),
                L::select(is_plane, y, none).to_array(),
                L::select(is_plane, z, none).to_array(),
            ],
        }
    }

    #[inline(always)]
    fn shape(&self, lane: usize, count: u32) -> EigenShape {
        if count == 0 {
            return EigenShape::default();
        }
        EigenShape {
            count,
            values: [
                self.values[0][lane],
                self.values[1][lane],
                self.values[2][lane],
            ],
            normal: [
                self.normal[0][lane],
                self.normal[1][lane],
                self.normal[2][lane],
            ],
        }
    }
}
