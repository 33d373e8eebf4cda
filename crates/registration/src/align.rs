//! The capability: source and target resident together, linearised at a pose, again and again.

use crate::{Candidate, Factor, NormalEquations, PairShapes, Rejector};
use isopach_cloud::{Cloud, Positions, Rigid};
use isopach_compute::{Cpu, Error, Result};
use isopach_neighbours::{
    Neighbour, NeighbourIndex, NeighbourSearch, reference::BruteForce, symmetric_eigen,
};
use rayon::prelude::*;

/// Pairs whose sums are added up one after the other; blocks are added in order. So the bits of a
/// sum depend on the order of the source, never on threads.
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
    /// Refuses a distance below zero, a share that is not above 0 and at most 1, and what is no
    /// number.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names it.
    pub fn check(&self) -> Result<()> {
        let Self {
            max_distance,
            kept_share,
        } = *self;
        Error::check(
            "maximum correspondence distance",
            max_distance,
            max_distance >= 0.0,
            "be zero or above",
        )?;
        let some = kept_share > 0.0 && kept_share <= 1.0;
        Error::check("kept share", kept_share, some, "be above 0 and at most 1").map(drop)
    }
}

/// The target, and its normals where the factor needs them.
#[derive(Clone, Copy, Debug)]
pub struct AlignTarget<'a> {
    /// Its points.
    pub positions: Positions<'a>,
    /// One unit normal a point, zero where there is none; empty where they are not needed.
    pub normals: &'a [[f64; 3]],
}

/// A cloud with the shape of its surface, where factors and rejectors ask for it.
#[derive(Clone, Copy, Debug)]
pub struct AlignSurface<'a> {
    /// Its points.
    pub positions: Positions<'a>,
    /// One unit normal a point, zero where there is none; empty where they are not needed.
    pub normals: &'a [[f64; 3]],
    /// Covariance of each point's neighbourhood, xx, xy, xz, yy, yz, zz in m²; empty where they are
    /// not needed.
    pub covariances: &'a [[f64; 6]],
}

/// Capability: clouds that are held together to be aligned. Provided for whatever can search
/// neighbours.
pub trait Align: NeighbourSearch {
    /// Puts both where they can be paired.
    ///
    /// # Errors
    /// Whatever the backend declines with.
    fn prepare_points<'a>(
        &self,
        source: Positions<'a>,
        target: AlignTarget<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        Ok(Box::new(HostCorrespondences::new(
            source,
            target,
            self.index(target.positions)?,
        )))
    }

    /// As [`Self::pairing`], with the shape of both surfaces: for factors that need covariances and
    /// rejectors that need both normals. The definition, with this backend's neighbours, unless a
    /// backend can do better.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where normals or covariances are neither empty nor one a point;
    /// whatever the backend declines with.
    fn prepare_surfaces<'a>(
        &self,
        source: AlignSurface<'a>,
        target: AlignSurface<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        for (name, surface) in [("source", source), ("target", target)] {
            let n = surface.positions.len();
            let fits = |length: usize| length == 0 || length == n;
            if !fits(surface.normals.len()) || !fits(surface.covariances.len()) {
                return Err(Error::InvalidInput(format!(
                    "the {name} has {n} points, {} normals and {} covariances: give one of each a point, or none",
                    surface.normals.len(),
                    surface.covariances.len()
                )));
            }
        }
        Ok(Box::new(HostCorrespondences::of_surfaces(
            source,
            target,
            self.index(target.positions)?,
        )))
    }
}

impl Align for Cpu {}

/// The definition, whoever searches.
impl Align for BruteForce {}

/// Two clouds, ready to be paired at any pose.
pub trait Correspondences {
    /// The normal equations over all pairs at the pose `at`: each source point with its nearest
    /// target point. Pairs are the same everywhere; sums may differ by 10⁻⁵ of the root of the
    /// product of the two diagonal entries that belong to them (for `b`: of √(H error)), and
    /// coordinates of the moved source, so residuals and lever arms, by 2·10⁻⁹ m, which is what
    /// `f64` leaves of coordinates ten thousand kilometres out. [`crate::conformance`] holds a
    /// backend to that.
    ///
    /// # Errors
    /// Those of [`Rejection::check`]; [`Error::InvalidPoint`] where the pose takes a point out of
    /// the target's reach; whatever the backend declines with.
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations>;

    /// As [`Self::linearize`], with any rejector. A backend that cannot ask it declines, and the
    /// next one does the work.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the backend asks no rejector; [`Error::InvalidInput`] where a
    /// factor or rejector needs normals or covariances that the pairing was not given; as
    /// [`Self::linearize`].
    fn linearize_pairs_with(
        &self,
        _factor: &dyn Factor,
        _rejector: &dyn Rejector,
        _at: &Rigid,
    ) -> Result<NormalEquations> {
        Err(Error::Unsupported {
            operation: "ask a rejector",
        })
    }
}

/// Several pairings under one pose: the sums of all. For surveys wider than the ±8 km that one
/// cloud reaches.
///
/// A share of the closest pairs is one of *all* pairs, which no part knows: such a rejection is
/// declined as unsupported.
pub struct BlockCorrespondences<'a> {
    /// The parts; each source point in one of them.
    pub parts: Vec<Box<dyn Correspondences + 'a>>,
}

impl std::fmt::Debug for BlockCorrespondences<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks")
            .field("parts", &self.parts.len())
            .finish()
    }
}

impl Correspondences for BlockCorrespondences<'_> {
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        rejection.check()?;
        self.sum_parts(rejection.kept_share, |part| {
            part.linearize_pairs(factor, rejection, at)
        })
    }

    fn linearize_pairs_with(
        &self,
        factor: &dyn Factor,
        rejector: &dyn Rejector,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        self.sum_parts(rejector.kept_share(), |part| {
            part.linearize_pairs_with(factor, rejector, at)
        })
    }
}

impl BlockCorrespondences<'_> {
    fn sum_parts(
        &self,
        kept_share: f64,
        of: impl Fn(&(dyn Correspondences + '_)) -> Result<NormalEquations>,
    ) -> Result<NormalEquations> {
        if kept_share < 1.0 && self.parts.len() > 1 {
            return Err(Error::Unsupported {
                operation: "trim pairs over several blocks",
            });
        }
        let mut sums = NormalEquations::default();
        for part in &self.parts {
            sums.add_equations(&of(&**part)?);
        }
        Ok(sums)
    }
}

/// The definition: nearest neighbours by the backend's index, sums here, in blocks. A backend that
/// sums some factors up itself leaves the others to this.
pub struct HostCorrespondences<'a> {
    source: AlignSurface<'a>,
    target: AlignSurface<'a>,
    index: Box<dyn NeighbourIndex + 'a>,
}

impl std::fmt::Debug for HostCorrespondences<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searched")
            .field("source", &self.source.positions.len())
            .field("target", &self.target.positions.len())
            .finish()
    }
}

impl<'a> HostCorrespondences<'a> {
    /// With an index of the target's points.
    #[must_use]
    pub fn new(
        source: Positions<'a>,
        target: AlignTarget<'a>,
        index: Box<dyn NeighbourIndex + 'a>,
    ) -> Self {
        let bare = AlignSurface {
            positions: source,
            normals: &[],
            covariances: &[],
        };
        let target = AlignSurface {
            positions: target.positions,
            normals: target.normals,
            covariances: &[],
        };
        Self::of_surfaces(bare, target, index)
    }

    /// With the shape of both surfaces, and an index of the target's points.
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
    /// A shape that is asked for and was never given is the caller's mistake, not a pair to pass
    /// over.
    fn check_shapes(&self, factor: &dyn Factor, rejector: &dyn Rejector) -> Result<()> {
        let lacks = |surface: &AlignSurface<'_>| {
            !surface.positions.is_empty() && surface.covariances.is_empty()
        };
        if factor.needs_covariances() && (lacks(&self.source) || lacks(&self.target)) {
            return Err(Error::InvalidInput(
                "the factor needs covariances of both clouds: make the pairing with `pairing_of`"
                    .into(),
            ));
        }
        if rejector.needs_source_normals()
            && !self.source.positions.is_empty()
            && self.source.normals.is_empty()
        {
            return Err(Error::InvalidInput(
                "the rejector needs normals of the source: make the pairing with `pairing_of`"
                    .into(),
            ));
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
        let target = self.target.positions.absolute(j);
        let local = |point: [f64; 3]| std::array::from_fn(|axis| point[axis] - at.pivot[axis]);
        let source_normal = self
            .source
            .normals
            .get(i)
            .map(|&normal| at.rotate(normal))
            .unwrap_or_default();
        let (source, target) = (local(source), local(target));
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

fn square_matrix([xx, xy, xz, yy, yz, zz]: [f64; 6]) -> [[f64; 3]; 3] {
    [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
}

/// R C Rᵀ.
fn rotate_covariance(covariance: [[f64; 3]; 3], by: &Rigid) -> [[f64; 3]; 3] {
    let half = covariance.map(|row| by.rotate(row)); // C Rᵀ, since C is symmetric
    let transposed: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| half[j][i]));
    transposed.map(|row| by.rotate(row))
}

/// The largest squared distance that is kept.
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

/// Unit normals from the `neighbours` nearest points of each point: the eigenvector of the smallest
/// eigenvalue; zero where the points lie on a line, in one place, or are fewer than three.
///
/// # Errors
/// [`Error::InvalidParameter`] for fewer than 3 neighbours; whatever the backend declines with.
pub fn estimate_normals(
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
    neighbours: usize,
) -> Result<Vec<[f64; 3]>> {
    Error::check(
        "neighbours for a normal",
        neighbours as f64,
        neighbours >= 3,
        "be at least 3",
    )?;
    let covariances = on
        .index(points)?
        .covariances_of_nearest(points, neighbours)?;
    let normal = |covariance: isopach_neighbours::Covariance| {
        if covariance.count < 3 {
            return [0.0; 3];
        }
        let found = symmetric_eigen(covariance.upper);
        let flat = found.values[1] > 1e-9 * found.values[2] && found.values[2] > 0.0;
        if flat { found.vectors[0] } else { [0.0; 3] }
    };
    Ok(covariances.into_par_iter().map(normal).collect())
}

/// Covariances of the `neighbours` nearest points of each point, xx, xy, xz, yy, yz, zz in m²: what
/// [`crate::GeneralizedIcp`] needs. NaN where there are fewer than two points.
///
/// # Errors
/// [`Error::InvalidParameter`] for fewer than 3 neighbours; whatever the backend declines with.
pub fn estimate_covariances(
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
    neighbours: usize,
) -> Result<Vec<[f64; 6]>> {
    Error::check(
        "neighbours for a covariance",
        neighbours as f64,
        neighbours >= 3,
        "be at least 3",
    )?;
    let covariances = on
        .index(points)?
        .covariances_of_nearest(points, neighbours)?;
    Ok(covariances
        .into_iter()
        .map(|covariance| covariance.upper)
        .collect())
}
