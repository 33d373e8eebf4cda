//! Pairs at a pose, from both sides.
//!
//! Pairs from source to target alone are lopsided: a twig of the source pairs with the ground below
//! it, but nobody asks the target's twigs. That moved forest 6 mm down with a standard error of 0.7
//! mm. So each cloud is asked from the other.

use super::{
    surface::{Plane, Surface},
    system::System,
};
use crate::{RobustKernel, kernel::Tukey};
use isopach_cloud::{Cloud, Origin, REACH, Rigid};
use isopach_compute::Result;
use isopach_neighbours::{Neighbour, NeighbourIndex};
use rayon::prelude::*;
use std::ops::Range;

/// A point that looks for its partner.
#[derive(Clone, Copy, Debug)]
pub(super) struct PatchPoint {
    pub(super) point: [f64; 3],
    /// Of the source: the patch that it belongs to. Queries of the target take their partner's.
    pub(super) patch: u32,
}

/// One side's queries and the other side's planes.
pub(super) struct Direction<'a> {
    pub(super) queries: Vec<PatchPoint>,
    pub(super) surface: &'a Surface,
    pub(super) index: &'a dyn NeighbourIndex,
    /// Where the surface is the source: the patch of each of its points.
    pub(super) source_patches: Option<&'a [u32]>,
    /// Planes rougher than this do not take part, metres.
    pub(super) roughest: f64,
}

/// A pair: how far the source's side is above the target's along the normal, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    /// Metres.
    pub(super) residual: f64,
    /// From the pivot, metres.
    pub(super) lever: [f64; 3],
    /// At the pose.
    pub(super) plane: Plane,
    pub(super) patch: u32,
}

impl Observation {
    /// The residual in units of that of the smoothest planes, metres.
    pub(super) fn whitened_residual(&self) -> f64 {
        self.residual * self.plane.precision
    }

    /// Weight of the squared residual about an offset (metres): the kernel's, times the square of
    /// the precision.
    pub(super) fn weight(&self, kernel: &impl RobustKernel, offset: f64) -> f64 {
        let precision = self.plane.precision;
        kernel.weight((self.residual - offset) * precision) * precision * precision
    }
}

/// All pairs within `distance` metres at a pose.
pub(super) fn observe_pairs(
    directions: &[Direction<'_>],
    at: &Rigid,
    distance: f64,
) -> Result<Vec<Observation>> {
    Ok(Pairing::new(directions, at, distance)?.observations_where(|_| true))
}

/// Who pairs with whom at a pose. Sums over pairs need no list of them, which is many times larger
/// than the clouds.
pub(super) struct Pairing<'a> {
    at: &'a Rigid,
    parts: Vec<Part<'a>>,
}

/// Sums over pairs.
#[derive(Default)]
pub(super) struct PairSums {
    pub(super) system: System,
    /// Σ ρ of the kernel, m².
    pub(super) loss: f64,
    pub(super) pairs: usize,
}

impl PairSums {
    fn add_pair(&mut self, pair: &Observation, kernel: &Tukey, arm: f64) {
        self.system
            .add_observation(pair, pair.weight(kernel, 0.0), arm);
        self.loss += kernel.loss(pair.whitened_residual());
        self.pairs += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.system.merge(&other.system, 1.0);
        self.loss += other.loss;
        self.pairs += other.pairs;
    }

    /// Mean of ρ; infinite without pairs.
    pub(super) fn mean_loss(&self) -> f64 {
        if self.pairs == 0 {
            return f64::INFINITY;
        }
        self.loss / self.pairs as f64
    }
}

/// The pairs of one direction.
struct Part<'a> {
    direction: &'a Direction<'a>,
    /// Where the queries are at the pose.
    moved: Vec<[f64; 3]>,
    /// The number of each query's partner; [`NOBODY`] where it has none.
    partners: Vec<u32>,
}

/// No point has this number: clouds are smaller.
const NOBODY: u32 = u32::MAX;
/// Queries whose pairs are worked on one after the other: bits do not depend on threads.
const CHUNK: usize = 4096;

impl<'a> Pairing<'a> {
    /// Pairs within `distance` metres.
    pub(super) fn new(
        directions: &'a [Direction<'a>],
        at: &'a Rigid,
        distance: f64,
    ) -> Result<Self> {
        let parts = directions
            .iter()
            .map(|direction| direction.find_partners(at, distance))
            .collect::<Result<_>>()?;
        Ok(Self { at, parts })
    }

    /// The pairs of the patches that are `wanted`, in the order of directions and queries.
    pub(super) fn observations_where(
        &self,
        wanted: impl Fn(u32) -> bool + Sync,
    ) -> Vec<Observation> {
        let listed = |(part, chunk)| {
            self.pairs_of_chunk(part, chunk)
                .filter(|pair| wanted(pair.patch))
                .collect()
        };
        let lists: Vec<Vec<Observation>> =
            self.query_chunks().into_par_iter().map(listed).collect();
        lists.concat()
    }

    /// Their sums.
    pub(super) fn sum_pairs(
        &self,
        kernel: &Tukey,
        arm: f64,
        wanted: impl Fn(u32) -> bool + Sync,
    ) -> PairSums {
        let summed = |(part, chunk)| {
            let mut sums = PairSums::default();
            self.pairs_of_chunk(part, chunk)
                .filter(|pair| wanted(pair.patch))
                .for_each(|pair| sums.add_pair(&pair, kernel, arm));
            sums
        };
        let sums: Vec<PairSums> = self.query_chunks().into_par_iter().map(summed).collect();
        let mut all = PairSums::default();
        sums.iter().for_each(|sums| all.merge(sums));
        all
    }

    /// Ranges of the queries of each direction.
    fn query_chunks(&self) -> Vec<(&Part<'a>, Range<usize>)> {
        let of = self.parts.iter().flat_map(|part| {
            let queries = part.partners.len();
            (0..queries)
                .step_by(CHUNK)
                .map(move |first| (part, first..(first + CHUNK).min(queries)))
        });
        of.collect()
    }

    fn pairs_of_chunk<'p>(
        &'p self,
        part: &'p Part<'a>,
        chunk: Range<usize>,
    ) -> impl Iterator<Item = Observation> + 'p {
        let pair = |query: usize| {
            part.direction.observe_pair(
                query,
                part.moved[query],
                part.partners[query] as usize,
                self.at,
            )
        };
        chunk
            .filter(|query: &usize| part.partners[*query] != NOBODY)
            .filter_map(pair)
    }
}

impl<'a> Direction<'a> {
    fn find_partners(&'a self, at: &Rigid, distance: f64) -> Result<Part<'a>> {
        let back = at.inverse();
        let motion = if self.source_patches.is_some() {
            &back
        } else {
            at
        };
        let origin = self.surface.cloud.positions().origin();
        let moved: Vec<[f64; 3]> = self
            .queries
            .par_iter()
            .map(|query| motion.apply(query.point))
            .collect();
        let within: Vec<bool> = moved
            .iter()
            .map(|&point| is_within_reach(point, origin))
            .collect();
        // A point out of reach has no partner; it is asked about at the origin and passed over.
        let places: Vec<[f64; 3]> = moved
            .iter()
            .zip(&within)
            .map(|(&p, &within)| if within { p } else { origin.metres() })
            .collect();
        let places = Cloud::from_points_about(&places, origin)?;
        let nearest = self.index.nearest(places.positions(), distance)?;
        let partners = nearest
            .par_iter()
            .zip(&within)
            .map(|(found, within): (&Option<Neighbour>, &bool)| match found {
                Some(found) if *within => found.index,
                _ => NOBODY,
            })
            .collect();
        Ok(Part {
            direction: self,
            moved,
            partners,
        })
    }

    fn observe_pair(
        &self,
        query: usize,
        moved: [f64; 3],
        partner: usize,
        at: &Rigid,
    ) -> Option<Observation> {
        let plane =
            self.surface.planes[partner].filter(|plane| plane.roughness <= self.roughest)?;
        let other = self.surface.cloud.positions().absolute(partner);
        let PatchPoint { point, patch } = self.queries[query];
        Some(match self.source_patches {
            None => observation_along(moved, other, moved, plane, patch, at),
            Some(patches) => {
                // The source's plane moves; it meets the target at the target's point.
                let turned = Plane {
                    normal: at.rotate(plane.normal),
                    along: plane.along.map(|along| at.rotate(along)),
                    ..plane
                };
                observation_along(at.apply(other), point, point, turned, patches[partner], at)
            }
        })
    }
}

fn observation_along(
    source: [f64; 3],
    target: [f64; 3],
    place: [f64; 3],
    plane: Plane,
    patch: u32,
    at: &Rigid,
) -> Observation {
    let residual = (0..3)
        .map(|axis| (source[axis] - target[axis]) * plane.normal[axis])
        .sum();
    let lever = std::array::from_fn(|axis| place[axis] - at.pivot[axis]);
    Observation {
        residual,
        lever,
        plane,
        patch,
    }
}

fn is_within_reach(point: [f64; 3], origin: Origin) -> bool {
    let base = origin.metres();
    // One metre short of the reach, to be safe from rounding.
    (0..3).all(|axis| (point[axis] - base[axis]).abs() < REACH - 1.0)
}
