//! Everything about the clouds that does not depend on the pose.

use super::{
    RobustIcp, SurveyBlock,
    observe::{Direction, Query},
    pyramid::spacing,
    sample::{hash, patches, quantile},
    surface::Surface,
};
use isopach_compute::{Error, Result};
use isopach_neighbours::{NeighbourIndex, NeighbourSearch};

/// Points of the sample that make a patch, at least, and patches at most.
const PER_PATCH: usize = 64;
const MOST_PATCHES: usize = 64;
/// How many times the few the many points are.
const MANY: usize = 8;
/// Points that a spacing is measured at.
const SPACED: u64 = 2000;

/// Both sides of a block.
struct Sides {
    source: Surface,
    target: Surface,
    /// The patch of each source point.
    patches: Vec<u32>,
}

/// Clouds made ready.
pub(super) struct Prepared {
    sides: Vec<Sides>,
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
pub(super) struct Indexes<'a> {
    source: Box<dyn NeighbourIndex + 'a>,
    target: Box<dyn NeighbourIndex + 'a>,
}

/// Both directions of pairs, with more and more points.
pub(super) struct Samples<'a> {
    /// Starts are tried with these.
    pub(super) few: Vec<Direction<'a>>,
    /// So many that a patch knows its offset well enough to tell a change from a tilt.
    pub(super) many: Vec<Direction<'a>>,
    pub(super) all: Vec<Direction<'a>>,
}

impl<'a> Samples<'a> {
    /// `few`: points of each cloud.
    pub(super) fn new(prepared: &'a Prepared, indexes: &'a [Indexes<'a>], few: usize) -> Self {
        Self {
            few: prepared.directions(indexes, Some(few)),
            many: prepared.directions(indexes, Some(MANY * few)),
            all: prepared.directions(indexes, None),
        }
    }
}

impl Prepared {
    pub(super) fn new(
        icp: &RobustIcp,
        on: &(impl NeighbourSearch + ?Sized),
        blocks: &[SurveyBlock<'_>],
    ) -> Result<Self> {
        let mut sides = Vec::new();
        for SurveyBlock { pair, stable } in blocks {
            let source = Surface::new(on, pair.source, *stable, icp.normal_neighbours)?;
            let target = Surface::new(on, pair.target, None, icp.normal_neighbours)?;
            sides.push(Sides {
                source,
                target,
                patches: Vec::new(),
            });
        }
        let mut planes: Vec<f64> = Vec::new();
        let mut tilts: Vec<f64> = Vec::new();
        for plane in sides
            .iter()
            .flat_map(|s| s.source.planes.iter().chain(&s.target.planes))
            .flatten()
        {
            planes.push(plane.roughness);
            tilts.push(plane.tilt[0].sqrt());
        }
        let counts = [count(&sides, |s| &s.source), count(&sides, |s| &s.target)];
        for (name, count) in [("source", counts[0]), ("target", counts[1])] {
            if count <= icp.normal_neighbours {
                return Err(Error::InvalidInput(format!(
                    "the {name} of an alignment has {count} points, but planes are made of {} neighbours",
                    icp.normal_neighbours
                )));
            }
        }
        if planes.is_empty() {
            return Err(Error::InvalidInput(
                "no neighbourhood of either cloud is a surface: all points lie on lines or in one place".into(),
            ));
        }
        let (pivot, arm) = centre(&sides);
        let source_points = sides
            .iter()
            .flat_map(|s| s.source.points())
            .collect::<Vec<_>>();
        let leaves = patch_count(icp.sample.min(counts[0]));
        let mut all = patches(&source_points, leaves);
        for sides in sides.iter_mut().rev() {
            sides.patches = all.split_off(all.len() - sides.source.cloud.len());
        }
        let mut widest = 0.0_f64;
        for surface in sides.iter().flat_map(|s| [&s.source, &s.target]) {
            let one_in = (surface.cloud.len() as u64 / SPACED).max(1);
            let some = sampled(surface, one_in);
            if surface.cloud.len() > 5 && !some.is_empty() {
                widest = widest.max(spacing(on, surface, &some)?);
            }
        }
        Ok(Self {
            pivot,
            arm,
            spacing: widest.max(1e-3),
            roughest: quantile(&mut planes, icp.smoothest_share.min(1.0 - 1e-9)),
            normal_noise: quantile(&mut tilts, 0.5),
            points: counts[0] + counts[1],
            sides,
        })
    }

    pub(super) fn indexes<'a>(
        &'a self,
        on: &(impl NeighbourSearch + ?Sized),
    ) -> Result<Vec<Indexes<'a>>> {
        let index = |sides: &'a Sides| {
            let (source, target) = (
                sides.source.cloud.positions(),
                sides.target.cloud.positions(),
            );
            Ok(Indexes {
                source: on.index(source)?,
                target: on.index(target)?,
            })
        };
        self.sides.iter().map(index).collect()
    }

    /// Both directions, with one point in so many of each cloud (about `wanted`), or with all.
    fn directions<'a>(
        &'a self,
        indexes: &'a [Indexes<'a>],
        wanted: Option<usize>,
    ) -> Vec<Direction<'a>> {
        let one_in = |count: usize| wanted.map_or(1, |wanted| (count / wanted).max(1) as u64);
        let one_in = [
            one_in(count(&self.sides, |s| &s.source)),
            one_in(count(&self.sides, |s| &s.target)),
        ];
        let both = |(sides, indexes): (&'a Sides, &'a Indexes<'a>)| {
            let forward = Direction {
                queries: queries(&sides.source, one_in[0], Some(&sides.patches)),
                surface: &sides.target,
                index: &*indexes.target,
                source_patches: None,
                roughest: self.roughest,
            };
            let back = Direction {
                queries: queries(&sides.target, one_in[1], None),
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
    pub(super) fn points(&self) -> Vec<[Vec<[f64; 3]>; 2]> {
        self.sides
            .iter()
            .map(|sides| [sides.source.points(), sides.target.points()])
            .collect()
    }
}

fn count(sides: &[Sides], of: impl Fn(&Sides) -> &Surface) -> usize {
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
fn sampled(surface: &Surface, one_in: u64) -> Vec<u32> {
    let positions = surface.cloud.positions();
    (0..positions.len() as u32)
        .filter(|&i| one_in == 1 || hash(positions, i as usize).is_multiple_of(one_in))
        .collect()
}

fn queries(surface: &Surface, one_in: u64, patches: Option<&[u32]>) -> Vec<Query> {
    let positions = surface.cloud.positions();
    let patch = |i: usize| patches.map_or(0, |patches| patches[i]);
    let query = |i: u32| Query {
        point: positions.absolute(i as usize),
        patch: patch(i as usize),
    };
    sampled(surface, one_in).into_iter().map(query).collect()
}

/// Medians of the target's coordinates and of the distance from them: one point far away moves
/// neither.
fn centre(sides: &[Sides]) -> ([f64; 3], f64) {
    let points: Vec<[f64; 3]> = sides
        .iter()
        .flat_map(|sides| sides.target.points())
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
