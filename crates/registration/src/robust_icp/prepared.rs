//! Everything about the clouds that does not depend on the pose.

use super::{
    RobustIcp, SurveyBlock,
    observe::{Direction, PatchPoint},
    pyramid::point_spacing,
    sample::{hash_position, quantile, split_into_patches},
    surface::Surface,
};
use crate::AlignError;
use isopach_compute::Result;
use isopach_neighbours::{NeighbourIndex, NeighbourSearch};

/// Points of the sample that make a patch, at least, and patches at most.
const PER_PATCH: usize = 64;
const MOST_PATCHES: usize = 64;
/// How many times the few the many points are.
const MANY: usize = 8;
/// The share of the planes that are as smooth as any, the least precision of the others, and the
/// roughness that is rounding of coordinates, metres.
const SMOOTHEST: f64 = 0.25;
const LEAST_PRECISION: f64 = 0.1;
const ROUNDING: f64 = 1e-3;
/// Points that a spacing is measured at.
const SPACED: u64 = 2000;

/// Both sides of a block.
struct PreparedBlock {
    source: Surface,
    target: Surface,
    /// The patch of each source point.
    patches: Vec<u32>,
}

/// Clouds made ready.
pub(super) struct PreparedClouds {
    sides: Vec<PreparedBlock>,
    /// Median of the target's coordinates, whole metres.
    pub(super) pivot: [f64; 3],
    /// Median distance of the target's points from it, metres.
    pub(super) arm: f64,
    /// Spacing of the sparser cloud, metres.
    pub(super) spacing: f64,
    /// Planes rougher than this do not take part, metres.
    pub(super) roughest: f64,
    /// Median standard deviation of a normal's direction, radians.
    pub(super) normal_noise: f64,
    /// Points of both clouds.
    pub(super) points: usize,
}

/// Indexes of both sides of each block.
pub(super) struct BlockIndexes<'a> {
    source: Box<dyn NeighbourIndex + 'a>,
    target: Box<dyn NeighbourIndex + 'a>,
}

/// Both directions of pairs, with more and more points.
pub(super) struct DirectionSamples<'a> {
    /// Starts are tried with these.
    pub(super) few: Vec<Direction<'a>>,
    /// So many that a patch knows its offset well enough to tell a change from a tilt.
    pub(super) many: Vec<Direction<'a>>,
    pub(super) all: Vec<Direction<'a>>,
}

impl<'a> DirectionSamples<'a> {
    /// `few`: points of each cloud.
    pub(super) fn new(
        prepared: &'a PreparedClouds,
        indexes: &'a [BlockIndexes<'a>],
        few: usize,
    ) -> Self {
        Self {
            few: prepared.sampled_directions(indexes, Some(few)),
            many: prepared.sampled_directions(indexes, Some(MANY * few)),
            all: prepared.sampled_directions(indexes, None),
        }
    }
}

impl PreparedClouds {
    pub(super) fn new(
        icp: &RobustIcp,
        on: &(impl NeighbourSearch + ?Sized),
        blocks: &[SurveyBlock<'_>],
    ) -> Result<Self> {
        let mut sides = Vec::new();
        for SurveyBlock { pair, stable } in blocks {
            sides.push(PreparedBlock {
                source: Surface::new(on, pair.source, *stable, icp.normal_neighbours)?,
                target: Surface::new(on, pair.target, None, icp.normal_neighbours)?,
                patches: Vec::new(),
            });
        }
        let mut roughness: Vec<f64> = Vec::new();
        let mut tilts: Vec<f64> = Vec::new();
        for surface in surfaces_of(&sides) {
            for plane in surface.planes.iter().flatten() {
                roughness.push(plane.roughness);
                tilts.push(plane.tilt[0].sqrt());
            }
        }
        let sources = count_points(&sides, |s| &s.source);
        let targets = count_points(&sides, |s| &s.target);
        check_enough("source", sources, icp.normal_neighbours)?;
        check_enough("target", targets, icp.normal_neighbours)?;
        if roughness.is_empty() {
            return Err(AlignError::NoSurface.into());
        }
        set_precisions(&mut sides, quantile(&mut roughness, SMOOTHEST));
        let (pivot, arm) = median_centre(&sides);
        assign_patches(&mut sides, patch_count(icp.sample.min(sources)));
        Ok(Self {
            pivot,
            arm,
            spacing: widest_spacing(on, &sides)?.max(1e-3),
            roughest: quantile(&mut roughness, icp.smoothest_share.min(1.0 - 1e-9)),
            normal_noise: quantile(&mut tilts, 0.5),
            points: sources + targets,
            sides,
        })
    }

    pub(super) fn build_indexes<'a>(
        &'a self,
        on: &(impl NeighbourSearch + ?Sized),
    ) -> Result<Vec<BlockIndexes<'a>>> {
        let index = |sides: &'a PreparedBlock| {
            let source = sides.source.cloud.positions();
            let target = sides.target.cloud.positions();
            Ok(BlockIndexes {
                source: on.index(source)?,
                target: on.index(target)?,
            })
        };
        self.sides.iter().map(index).collect()
    }

    /// Both directions, with about `wanted` points of each cloud, or with all.
    fn sampled_directions<'a>(
        &'a self,
        indexes: &'a [BlockIndexes<'a>],
        wanted: Option<usize>,
    ) -> Vec<Direction<'a>> {
        let one_in = |count: usize| wanted.map_or(1, |wanted| (count / wanted).max(1) as u64);
        let one_in = [
            one_in(count_points(&self.sides, |s| &s.source)),
            one_in(count_points(&self.sides, |s| &s.target)),
        ];
        let both = |(sides, indexes): (&'a PreparedBlock, &'a BlockIndexes<'a>)| {
            let forward = Direction {
                queries: sample_queries(&sides.source, one_in[0], Some(&sides.patches)),
                surface: &sides.target,
                index: &*indexes.target,
                source_patches: None,
                roughest: self.roughest,
            };
            let back = Direction {
                queries: sample_queries(&sides.target, one_in[1], None),
                surface: &sides.source,
                index: &*indexes.source,
                source_patches: Some(&sides.patches),
                roughest: self.roughest,
            };
            [forward, back]
        };
        self.sides.iter().zip(indexes).flat_map(both).collect()
    }

    /// The points of source and target, block by block.
    pub(super) fn block_points(&self) -> Vec<[Vec<[f64; 3]>; 2]> {
        self.sides
            .iter()
            .map(|sides| {
                [
                    sides.source.absolute_points(),
                    sides.target.absolute_points(),
                ]
            })
            .collect()
    }
}

/// Sources and targets, block by block.
fn surfaces_of(sides: &[PreparedBlock]) -> impl Iterator<Item = &Surface> {
    sides
        .iter()
        .flat_map(|block| [&block.source, &block.target])
}

/// Residuals along a plane scatter as its points do: those along rough planes count less (weighted
/// least squares: Aitken 1936).
fn set_precisions(sides: &mut [PreparedBlock], smooth: f64) {
    let smooth = smooth.max(ROUNDING);
    for PreparedBlock { source, target, .. } in sides {
        for plane in [source, target]
            .into_iter()
            .flat_map(|surface| surface.planes.iter_mut().flatten())
        {
            plane.precision = (smooth / plane.roughness.max(smooth)).max(LEAST_PRECISION);
        }
    }
}

fn check_enough(cloud: &'static str, points: usize, neighbours: usize) -> Result<()> {
    if points > neighbours {
        return Ok(());
    }
    Err(AlignError::TooFewPoints {
        cloud,
        points,
        neighbours,
    }
    .into())
}

/// Cuts the sources into patches of about equal size.
fn assign_patches(sides: &mut [PreparedBlock], leaves: usize) {
    let points: Vec<[f64; 3]> = sides
        .iter()
        .flat_map(|block| block.source.absolute_points())
        .collect();
    let mut all = split_into_patches(&points, leaves);
    for block in sides.iter_mut().rev() {
        block.patches = all.split_off(all.len() - block.source.cloud.len());
    }
}

/// Spacing of the sparsest cloud, metres; 0 if all are tiny.
fn widest_spacing(on: &(impl NeighbourSearch + ?Sized), sides: &[PreparedBlock]) -> Result<f64> {
    let mut widest = 0.0_f64;
    for surface in surfaces_of(sides) {
        let one_in = (surface.cloud.len() as u64 / SPACED).max(1);
        let some = sample_one_in(surface, one_in);
        if surface.cloud.len() > 5 && !some.is_empty() {
            widest = widest.max(point_spacing(on, surface, &some)?);
        }
    }
    Ok(widest)
}

fn count_points(sides: &[PreparedBlock], of: impl Fn(&PreparedBlock) -> &Surface) -> usize {
    sides.iter().map(|sides| of(sides).cloud.len()).sum()
}

/// A power of two, so that the patches of a sample have enough points.
fn patch_count(sample: usize) -> usize {
    let mut leaves = MOST_PATCHES;
    while leaves > 8 && sample / leaves < PER_PATCH {
        leaves /= 2;
    }
    leaves
}

/// One point in `one_in`, by the hash of its place.
fn sample_one_in(surface: &Surface, one_in: u64) -> Vec<u32> {
    let positions = surface.cloud.positions();
    (0..positions.len() as u32)
        .filter(|&i| one_in == 1 || hash_position(positions, i as usize).is_multiple_of(one_in))
        .collect()
}

fn sample_queries(surface: &Surface, one_in: u64, patches: Option<&[u32]>) -> Vec<PatchPoint> {
    let positions = surface.cloud.positions();
    let patch = |i: usize| patches.map_or(0, |patches| patches[i]);
    sample_one_in(surface, one_in)
        .into_iter()
        .map(|i: u32| PatchPoint {
            point: positions.absolute(i as usize),
            patch: patch(i as usize),
        })
        .collect()
}

/// Medians of the target's coordinates and of the distance from them: one point far away moves
/// neither.
fn median_centre(sides: &[PreparedBlock]) -> ([f64; 3], f64) {
    let points: Vec<[f64; 3]> = sides
        .iter()
        .flat_map(|sides| sides.target.absolute_points())
        .collect();
    let pivot = std::array::from_fn(|axis| {
        let mut places: Vec<f64> = points.iter().map(|point| point[axis]).collect();
        quantile(&mut places, 0.5).round()
    });
    let distance = |p: &[f64; 3]| {
        (0..3)
            .map(|axis| (p[axis] - pivot[axis]).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let mut distances: Vec<f64> = points.iter().map(distance).collect();
    (pivot, quantile(&mut distances, 0.5).max(1e-3))
}
