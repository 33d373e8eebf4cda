//! Thinned clouds cut into blocks that 32-bit coordinates reach, under one pose.

use isopach::{
    cloud::{Cloud, Origin, REACH, Rigid},
    compute::Result,
    registration::{Pair, RobustIcp, SurveyBlock},
    tiling::Thinned,
};
use std::collections::BTreeMap;

/// Side of a block, metres: with the margin of its target on both sides, less than [`REACH`], the
/// farthest that a point may be from its neighbours.
const SIDE: f64 = 4000.0;
/// Largest margin of a target around its block, metres.
const MOST_MARGIN: f64 = 2000.0;

/// Pairs of clouds: a source is in one block, its target extends by the largest motion.
pub(super) struct Cut {
    pairs: Vec<[Cloud; 2]>,
}

impl Cut {
    /// Cuts both clouds if they are wider than one cloud may be. Points kilometres above or below
    /// the others, which cannot have neighbours, are left out.
    pub(super) fn new(
        target: &Thinned,
        source: &Thinned,
        start: &Rigid,
        robust: &RobustIcp,
    ) -> Result<Self> {
        let middle = middle(&target.points);
        let fits = |points: &[[f64; 3]]| {
            points
                .iter()
                .all(|p| (0..2).all(|a| (p[a] - middle[a]).abs() < SIDE))
        };
        let moved: Vec<[f64; 3]> = source
            .points
            .iter()
            .map(|point| start.apply(*point))
            .collect();
        if fits(&target.points) && fits(&moved) && fits(&source.points) {
            return Ok(Self {
                pairs: vec![[
                    around(&target.points, middle)?,
                    around(&source.points, middle)?,
                ]],
            });
        }
        let cell = |point: &[f64; 3]| [0, 1].map(|axis| (point[axis] / SIDE).floor() as i64);
        let radius = radius(&moved);
        let spacing = target.side.max(source.side);
        let margin = (robust.start_translation + robust.start_rotation * radius + 10.0 * spacing)
            .min(MOST_MARGIN);
        let mut sources: BTreeMap<[i64; 2], Vec<[f64; 3]>> = BTreeMap::new();
        for (point, moved) in source.points.iter().zip(&moved) {
            sources.entry(cell(moved)).or_default().push(*point);
        }
        let mut pairs = Vec::new();
        for (block, points) in sources {
            let near = |point: &&[f64; 3]| {
                (0..2).all(|axis| {
                    let low = block[axis] as f64 * SIDE;
                    (low - margin..low + SIDE + margin).contains(&point[axis])
                })
            };
            let targets: Vec<[f64; 3]> = target.points.iter().filter(near).copied().collect();
            let centre = [0, 1].map(|axis| (block[axis] as f64 + 0.5) * SIDE);
            let centre = [centre[0], centre[1], middle[2]];
            let pair = [around(&targets, centre)?, around(&points, centre)?];
            if pair.iter().all(|cloud| !cloud.is_empty()) {
                pairs.push(pair);
            }
        }
        Ok(Self { pairs })
    }

    /// The blocks, in the type that an alignment takes.
    pub(super) fn blocks(&self) -> Vec<SurveyBlock<'_>> {
        self.pairs
            .iter()
            .map(|clouds| SurveyBlock::from(pair(clouds)))
            .collect()
    }
}

/// Target and source as a pair.
pub(super) fn pair(clouds: &[Cloud; 2]) -> Pair<'_> {
    Pair {
        source: clouds[1].positions(),
        target: clouds[0].positions(),
    }
}

/// The points that a cloud around `centre` reaches.
pub(super) fn around(points: &[[f64; 3]], centre: [f64; 3]) -> Result<Cloud> {
    let origin = Origin::near(centre)?;
    let base = origin.metres();
    let kept: Vec<[f64; 3]> = points
        .iter()
        .filter(|point: &&[f64; 3]| {
            (0..3).all(|axis| (point[axis] - base[axis]).abs() < REACH - 1.0)
        })
        .copied()
        .collect();
    Cloud::from_points_about(&kept, origin)
}

/// The median of each coordinate: noise kilometres away does not move it.
pub(super) fn middle(points: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|axis| quantile(points.iter().map(|point| point[axis]).collect(), 0.5))
}

/// Distance from the middle in plan that contains all points but the farthest in a hundred, metres.
pub(super) fn radius(points: &[[f64; 3]]) -> f64 {
    let middle = middle(points);
    quantile(
        points
            .iter()
            .map(|point| (point[0] - middle[0]).hypot(point[1] - middle[1]))
            .collect(),
        0.99,
    )
}

/// An order statistic; 0 for no value.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
    if values.is_empty() {
        0.0
    } else {
        *values.select_nth_unstable_by(at, f64::total_cmp).1
    }
}
