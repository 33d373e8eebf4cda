//! The capability: source and target resident together, linearised at a pose, again and again.

use crate::{Factor, NormalEquations};
use isopach_cloud::{Cloud, Positions, Rigid};
use isopach_compute::{Cpu, Error, Result};
use isopach_neighbours::{Neighbour, NeighbourIndex, NeighbourSearch, eigen, plain::EveryPoint};
use rayon::prelude::*;

/// Pairs whose sums are added up one after the other; blocks are added in order. So the bits of a sum depend on the order of the source, never on
/// threads.
const BLOCK: usize = 4096;

/// Which pairs take part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rejection {
    /// Pairs farther apart than this, metres, do not.
    pub max_distance: f64,
    /// Of the others, this share of the closest does: 1 for all (Chetverikov et al. 2005).
    pub kept_share: f64,
}

impl Rejection {
    /// Refuses a distance below zero, a share that is not above 0 and at most 1, and what is no number.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names it.
    pub fn check(&self) -> Result<()> {
        let Self { max_distance, kept_share } = *self;
        Error::check("maximum correspondence distance", max_distance, max_distance >= 0.0, "be zero or above")?;
        let some = kept_share > 0.0 && kept_share <= 1.0;
        Error::check("kept share", kept_share, some, "be above 0 and at most 1").map(drop)
    }
}

/// The target, and its normals where the factor needs them.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its points.
    pub positions: Positions<'a>,
    /// One unit normal a point, zero where there is none; empty where they are not needed.
    pub normals: &'a [[f64; 3]],
}

/// Capability: clouds that are held together to be aligned. Provided for whatever can search neighbours.
pub trait Align: NeighbourSearch {
    /// Puts both where they can be paired.
    ///
    /// # Errors
    /// Whatever the backend declines with.
    fn pairing<'a>(&self, source: Positions<'a>, target: Target<'a>) -> Result<Box<dyn Pairing + 'a>> {
        Ok(Box::new(Searched::new(source, target, self.index(target.positions)?)))
    }
}

impl Align for Cpu {}

/// The definition, whoever searches.
impl Align for EveryPoint {}

/// Two clouds, ready to be paired at any pose.
pub trait Pairing {
    /// The normal equations over all pairs at the pose `at`: each source point with its nearest target point. Pairs are the same everywhere; sums may differ
    /// by 10⁻⁵ of the root of the product of the two diagonal entries that belong to them (for `b`: of √(H error)), and coordinates of
    /// the moved source, so residuals and lever arms, by 2·10⁻⁹ m, which is what `f64` leaves of coordinates ten thousand kilometres out. [`crate::conformance`]
    /// holds a backend to that.
    ///
    /// # Errors
    /// Those of [`Rejection::check`]; [`Error::InvalidPoint`] where the pose takes a point out of the target's reach; whatever the backend declines
    /// with.
    fn linearize(&self, factor: &dyn Factor, rejection: Rejection, at: &Rigid) -> Result<NormalEquations>;
}

/// The definition: nearest neighbours by the backend's index, sums here, in blocks. A backend that sums some factors up itself
/// leaves the others to this.
pub struct Searched<'a> {
    source: Positions<'a>,
    target: Target<'a>,
    index: Box<dyn NeighbourIndex + 'a>,
}

impl std::fmt::Debug for Searched<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searched")
            .field("source", &self.source.len())
            .field("target", &self.target.positions.len())
            .finish()
    }
}

impl<'a> Searched<'a> {
    /// With an index of the target's points.
    #[must_use]
    pub fn new(source: Positions<'a>, target: Target<'a>, index: Box<dyn NeighbourIndex + 'a>) -> Self {
        Self { source, target, index }
    }
}

impl Pairing for Searched<'_> {
    fn linearize(&self, factor: &dyn Factor, rejection: Rejection, at: &Rigid) -> Result<NormalEquations> {
        rejection.check()?;
        let n = self.source.len();
        let moved: Vec<[f64; 3]> = (0..n).into_par_iter().map(|i| at.apply(self.source.absolute(i))).collect();
        let queries = Cloud::from_points_about(&moved, self.target.positions.origin())?;
        let nearest = self.index.nearest(queries.positions(), rejection.max_distance)?;
        let limit = trim(&nearest, rejection.kept_share);
        let blocks: Vec<NormalEquations> = (0..n.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut sums = NormalEquations::default();
                for i in block * BLOCK..((block + 1) * BLOCK).min(n) {
                    if let Some(pair) = nearest[i].filter(|pair| pair.squared_distance <= limit) {
                        self.add_pair(factor, moved[i], pair, at.pivot, &mut sums);
                    }
                }
                sums
            })
            .collect();
        let mut sums = NormalEquations::default();
        blocks.iter().for_each(|block| sums.add(block));
        Ok(sums)
    }
}

impl Searched<'_> {
    #[inline]
    fn add_pair(
        &self,
        factor: &dyn Factor,
        source: [f64; 3],
        pair: Neighbour,
        pivot: [f64; 3],
        sums: &mut NormalEquations,
    ) {
        let normal = self.target.normals.get(pair.index as usize).copied().unwrap_or_default();
        if factor.needs_normals() && normal == [0.0; 3] {
            return;
        }
        let target = self.target.positions.absolute(pair.index as usize);
        let local = |point: [f64; 3]| std::array::from_fn(|axis| point[axis] - pivot[axis]);
        sums.add(&factor.linearize(local(source), local(target), normal));
    }
}

/// The largest squared distance that is kept.
fn trim(nearest: &[Option<Neighbour>], kept_share: f64) -> f32 {
    if kept_share >= 1.0 {
        return f32::INFINITY;
    }
    let mut squared: Vec<f32> = nearest.iter().flatten().map(|pair| pair.squared_distance).collect();
    let kept = ((squared.len() as f64 * kept_share).ceil() as usize).max(1);
    if kept >= squared.len() {
        return f32::INFINITY;
    }
    *squared.select_nth_unstable_by(kept - 1, f32::total_cmp).1
}

/// Unit normals from the `neighbours` nearest points of each point: the eigenvector of the smallest eigenvalue; zero where the points lie on a
/// line, in one place, or are fewer than three.
///
/// # Errors
/// [`Error::InvalidParameter`] for fewer than 3 neighbours; whatever the backend declines with.
pub fn target_normals(
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
    neighbours: usize,
) -> Result<Vec<[f64; 3]>> {
    Error::check("neighbours for a normal", neighbours as f64, neighbours >= 3, "be at least 3")?;
    let covariances = on.index(points)?.covariances_of_nearest(points, neighbours)?;
    let normal = |covariance: isopach_neighbours::Covariance| {
        if covariance.count < 3 {
            return [0.0; 3];
        }
        let found = eigen(covariance.upper);
        let flat = found.values[1] > 1e-9 * found.values[2] && found.values[2] > 0.0;
        if flat { found.vectors[0] } else { [0.0; 3] }
    };
    Ok(covariances.into_par_iter().map(normal).collect())
}
