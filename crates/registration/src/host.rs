//! Host correspondences: nearest neighbours by a backend's index, sums on the CPU.

use crate::{
    AlignError, AlignSurface, AlignTarget, Candidate, Correspondences, Factor, NormalEquations,
    PairShapes, Rejection, Rejector,
};
use isopach_cloud::{Cloud, Positions, Rigid};
use isopach_compute::Result;
use isopach_neighbours::{Neighbour, NeighbourIndex};
use rayon::prelude::*;

/// Pairs whose sums are added one after the other. Blocks are added in order, so the bits of a sum
/// depend on the order of the source, never on threads.
const BLOCK: usize = 4096;

/// Correspondences summed on the host, with nearest neighbours from any backend's index.
///
/// The reference implementation: it takes any factor and any rejector. A backend that sums some
/// factors on its device hands the others to this.
pub struct HostCorrespondences<'a> {
    source: AlignSurface<'a>,
    target: AlignSurface<'a>,
    index: Box<dyn NeighbourIndex + 'a>,
}

impl std::fmt::Debug for HostCorrespondences<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostCorrespondences")
            .field("source", &self.source.positions.len())
            .field("target", &self.target.positions.len())
            .finish()
    }
}

impl<'a> HostCorrespondences<'a> {
    /// Makes correspondences from a source, a target, and an index of the target's points.
    #[must_use]
    pub fn new(
        source: Positions<'a>,
        target: AlignTarget<'a>,
        index: Box<dyn NeighbourIndex + 'a>,
    ) -> Self {
        Self::of_surfaces(source.into(), target.into(), index)
    }

    /// Makes correspondences from two surfaces with their shapes, and an index of the target's
    /// points.
    #[must_use]
    pub fn of_surfaces(
        source: AlignSurface<'a>,
        target: AlignSurface<'a>,
        index: Box<dyn NeighbourIndex + 'a>,
    ) -> Self {
        Self {
            source,
            target,
            index,
        }
    }
}

impl Correspondences for HostCorrespondences<'_> {
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        self.linearize_pairs_with(factor, &rejection, at)
    }

    fn linearize_pairs_with(
        &self,
        factor: &dyn Factor,
        rejector: &dyn Rejector,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        let rejection = Rejection {
            max_distance: rejector.max_distance(),
            kept_share: rejector.kept_share(),
        };
        rejection.check()?;
        self.check_shapes(factor, rejector)?;
        let source = self.source.positions;
        let n = source.len();
        let moved: Vec<[f64; 3]> = (0..n)
            .into_par_iter()
            .map(|i| at.apply(source.absolute(i)))
            .collect();
        let queries = Cloud::from_points_about(&moved, self.target.positions.origin())?;
        let nearest = self
            .index
            .nearest(queries.positions(), rejection.max_distance)?;
        let limit = trimming_limit(&nearest, rejection.kept_share);
        let blocks: Vec<NormalEquations> = (0..n.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut sums = NormalEquations::default();
                for i in block * BLOCK..((block + 1) * BLOCK).min(n) {
                    if let Some(pair) = nearest[i].filter(|pair| pair.squared_distance <= limit) {
                        self.add_pair(factor, rejector, (i, moved[i], pair), at, &mut sums);
                    }
                }
                sums
            })
            .collect();
        let mut sums = NormalEquations::default();
        blocks.iter().for_each(|block| sums.add_equations(block));
        Ok(sums)
    }
}

impl HostCorrespondences<'_> {
    /// Refuses a factor or rejector that needs a shape which was not prepared: the caller's
    /// mistake, not a pair to pass over.
    fn check_shapes(&self, factor: &dyn Factor, rejector: &dyn Rejector) -> Result<()> {
        let [source, target] = [&self.source, &self.target];
        let lacks_covariances = [source, target]
            .iter()
            .any(|s| !s.positions.is_empty() && s.covariances.is_empty());
        if factor.needs_covariances() && lacks_covariances {
            return Err(AlignError::NoCovariances.into());
        }
        let lacks_normals = !source.positions.is_empty() && source.normals.is_empty();
        if rejector.needs_source_normals() && lacks_normals {
            return Err(AlignError::NoSourceNormals.into());
        }
        Ok(())
    }

    #[inline]
    fn add_pair(
        &self,
        factor: &dyn Factor,
        rejector: &dyn Rejector,
        (i, source, pair): (usize, [f64; 3], Neighbour),
        at: &Rigid,
        sums: &mut NormalEquations,
    ) {
        let j = pair.index as usize;
        let target_normal = self.target.normals.get(j).copied().unwrap_or_default();
        if factor.needs_normals() && target_normal == [0.0; 3] {
            return;
        }
        let source_normal = self
            .source
            .normals
            .get(i)
            .map(|&normal| at.rotate(normal))
            .unwrap_or_default();
        let source = from_pivot(source, at);
        let target = from_pivot(self.target.positions.absolute(j), at);
        if !rejector.accepts(&Candidate {
            source,
            target,
            source_normal,
            target_normal,
        }) {
            return;
        }
        if factor.needs_covariances() {
            let turned = rotate_covariance(square_matrix(self.source.covariances[i]), at);
            let shapes = PairShapes {
                target_normal,
                source: turned,
                target: square_matrix(self.target.covariances[j]),
            };
            sums.add_equations(&factor.linearize_pair_with_shapes(source, target, &shapes));
        } else {
            sums.add_equations(&factor.linearize_pair(source, target, target_normal));
        }
    }
}

/// Coordinates from the pivot, metres.
#[inline]
fn from_pivot(point: [f64; 3], at: &Rigid) -> [f64; 3] {
    std::array::from_fn(|axis| point[axis] - at.pivot[axis])
}

/// Symmetric 3 × 3 matrix from its upper triangle.
fn square_matrix([xx, xy, xz, yy, yz, zz]: [f64; 6]) -> [[f64; 3]; 3] {
    [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
}

/// R C Rᵀ.
fn rotate_covariance(covariance: [[f64; 3]; 3], by: &Rigid) -> [[f64; 3]; 3] {
    let half = covariance.map(|row| by.rotate(row)); // C Rᵀ, since C is symmetric
    let transposed: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| half[j][i]));
    transposed.map(|row| by.rotate(row))
}

/// Largest squared distance (m²) among the closest share of the pairs.
fn trimming_limit(nearest: &[Option<Neighbour>], kept_share: f64) -> f32 {
    if kept_share >= 1.0 {
        return f32::INFINITY;
    }
    let mut squared: Vec<f32> = nearest
        .iter()
        .flatten()
        .map(|pair| pair.squared_distance)
        .collect();
    let kept = ((squared.len() as f64 * kept_share).ceil() as usize).max(1);
    if kept >= squared.len() {
        return f32::INFINITY;
    }
    *squared.select_nth_unstable_by(kept - 1, f32::total_cmp).1
}
