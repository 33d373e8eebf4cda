//! From a start that is metres off to within the distance of neighbours: coarse to fine, on means of cubes.

use super::{
    observe::{Direction, Query, observe},
    sample::quantile,
    surface::Surface,
    system::System,
};
use crate::kernel::Tukey;
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;
use nalgebra::Vector6;
use rayon::prelude::*;

/// Neighbours that make a plane of cube means: few, since cubes are large.
const NEIGHBOURS: usize = 10;
/// Fewer cubes than this say nothing.
const LEAST: usize = 50;
/// Steps at each width of the kernel.
const STEPS: usize = 4;
/// Each width is this share of the last, down to one eighth of the distance.
const NARROWER: f64 = 0.6;

/// What the levels are made of.
pub(super) struct Coarse<'a> {
    /// Points of source and target, block by block.
    pub(super) blocks: &'a [[Vec<[f64; 3]>; 2]],
    /// Spacing of the points, metres.
    pub(super) spacing: f64,
    /// How far a pair may be apart at first, metres.
    pub(super) reach: f64,
    /// Metres a radian.
    pub(super) arm: f64,
    /// As [`super::RobustIcp::determined_ratio`].
    pub(super) ratio: f64,
}

impl Coarse<'_> {
    /// The pose that all levels lead to.
    pub(super) fn descend(&self, on: &(impl NeighbourSearch + ?Sized), mut pose: Rigid) -> Result<Rigid> {
        let mut cells = vec![2.0 * self.spacing];
        while cells.last().is_some_and(|&cell| cell < self.reach / 2.0) {
            cells.extend(cells.last().map(|cell| 2.0 * cell));
        }
        for &cell in cells.iter().rev() {
            pose = self.level(on, pose, cell)?;
        }
        Ok(pose)
    }

    fn level(&self, on: &(impl NeighbourSearch + ?Sized), mut pose: Rigid, cell: f64) -> Result<Rigid> {
        let mut surfaces = Vec::new();
        for [source, target] in self.blocks {
            let (queries, means) = (cube_means(source, cell), cube_means(target, cell));
            let Ok(means) = Cloud::from_points(&means) else { continue };
            surfaces.push((queries, Surface::new(on, means.positions(), None, NEIGHBOURS)?));
        }
        let indexes =
            surfaces.iter().map(|(_, surface)| on.index(surface.cloud.positions())).collect::<Result<Vec<_>>>()?;
        let mut directions = Vec::new();
        for ((queries, surface), index) in surfaces.iter().zip(&indexes) {
            let queries = queries.iter().map(|&point| Query { point, patch: 0 }).collect();
            let (index, roughest) = (&**index, f64::INFINITY);
            directions.push(Direction { queries, surface, index, source_patches: None, roughest });
        }
        if directions.iter().map(|direction| direction.queries.len()).sum::<usize>() < LEAST {
            return Ok(pose);
        }
        let distance = 2.5 * cell;
        let mut width = distance;
        while width > distance / 8.0 {
            for _ in 0..STEPS {
                let system = System::of(&observe(&directions, &pose, distance)?, &Tukey { width }, self.arm);
                let step = system.step(&system.directions(self.ratio));
                pose = stepped(&pose, &step, self.arm);
                if step.norm() < 0.01 * width {
                    break;
                }
            }
            width *= NARROWER;
        }
        Ok(pose)
    }
}

/// A step of scaled unknowns applied on the left.
pub(super) fn stepped(pose: &Rigid, step: &Vector6<f64>, arm: f64) -> Rigid {
    let turn = [step[0] / arm, step[1] / arm, step[2] / arm];
    let small = Rigid::from_vectors(turn, [step[3], step[4], step[5]], pose.pivot);
    pose.then(&small).about(pose.pivot)
}

/// Means of the points in each cube of the absolute grid, in the order of the cubes.
fn cube_means(points: &[[f64; 3]], cell: f64) -> Vec<[f64; 3]> {
    let cube = |point: &[f64; 3]| point.map(|x| (x / cell).floor() as i64);
    let mut keyed: Vec<([i64; 3], u32)> = points.par_iter().map(cube).zip(0..points.len() as u32).collect();
    keyed.par_sort_unstable();
    let mean = |cube: &[([i64; 3], u32)]| {
        let sums = cube.iter().fold([0.0; 3], |sums: [f64; 3], (_, i)| {
            let point = points[*i as usize];
            std::array::from_fn(|axis| sums[axis] + point[axis])
        });
        sums.map(|sum| sum / cube.len() as f64)
    };
    keyed.chunk_by(|a, b| a.0 == b.0).map(mean).collect()
}

/// Spacing of the points: as if the fourth neighbour were at the edge of a disc of four points; the median of a sample, metres.
pub(super) fn spacing(on: &(impl NeighbourSearch + ?Sized), surface: &Surface, sample: &[u32]) -> Result<f64> {
    let some = surface.cloud.select(sample);
    let lists = on.index(surface.cloud.positions())?.k_nearest(some.positions(), 5, f64::INFINITY)?;
    let farthest = |i: usize| lists.squared_distances[lists.offsets[i]..lists.offsets[i + 1]].last();
    let mut distances: Vec<f64> =
        (0..lists.len()).filter_map(farthest).map(|&squared| f64::from(squared).sqrt()).collect();
    Ok(quantile(&mut distances, 0.5) * (std::f64::consts::PI / 4.0).sqrt())
}
