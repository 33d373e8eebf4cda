//! Coarse-to-fine alignment on means of cubes: brings a start that is metres off to within the
//! distance of neighbours.

use super::{
    observe::{Direction, PairSums, Pairing, PatchPoint},
    sample::quantile,
    surface::Surface,
};
use crate::kernel::Tukey;
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;
use nalgebra::Vector6;
use rayon::prelude::*;

/// Neighbours that make a plane of cube means: few, since cubes are large.
const NEIGHBOURS: usize = 10;
/// Least number of cubes of a level.
const LEAST: usize = 50;
/// Steps at each width of the kernel.
const STEPS: usize = 4;
/// Each width is this share of the last, down to one eighth of the distance.
const NARROWER: f64 = 0.6;

/// Inputs of all levels.
pub(super) struct CoarseToFine<'a> {
    /// Points of source and target, block by block.
    pub(super) blocks: &'a [[Vec<[f64; 3]>; 2]],
    /// Spacing of the points, metres.
    pub(super) spacing: f64,
    /// Largest distance of a pair at first, metres.
    pub(super) reach: f64,
    /// Metres a radian.
    pub(super) arm: f64,
    /// As [`super::RobustIcp::determined_ratio`].
    pub(super) ratio: f64,
}

impl CoarseToFine<'_> {
    /// The pose that all levels lead to.
    pub(super) fn descend_levels(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        mut pose: Rigid,
    ) -> Result<Rigid> {
        let mut cell = 2.0 * self.spacing;
        let mut levels: Vec<Vec<[Vec<Cube>; 2]>> = vec![
            self.blocks
                .iter()
                .map(|block| {
                    block
                        .each_ref()
                        .map(|points: &Vec<[f64; 3]>| bin_into_cubes(points, cell))
                })
                .collect(),
        ];
        while cell < self.reach / 2.0 {
            cell *= 2.0;
            let level = levels[levels.len() - 1]
                .iter()
                .map(|block: &[Vec<Cube>; 2]| block.each_ref().map(|cubes| double_cubes(cubes)))
                .collect();
            levels.push(level);
        }
        for level in levels.iter().rev() {
            pose = self.align_level(on, pose, cell, level)?;
            cell *= 0.5;
        }
        Ok(pose)
    }

    fn align_level(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        mut pose: Rigid,
        cell: f64,
        blocks: &[[Vec<Cube>; 2]],
    ) -> Result<Rigid> {
        let surfaces = surfaces_of_cubes(on, blocks)?;
        let indexes = surfaces
            .iter()
            .map(|(_, surface)| on.index(surface.cloud.positions()))
            .collect::<Result<Vec<_>>>()?;
        let directions: Vec<Direction<'_>> = surfaces
            .iter()
            .zip(&indexes)
            .map(|((queries, surface), index)| Direction {
                queries: queries
                    .iter()
                    .map(|&point| PatchPoint { point, patch: 0 })
                    .collect(),
                surface,
                index: &**index,
                source_patches: None,
                roughest: f64::INFINITY,
            })
            .collect();
        let queries: usize = directions.iter().map(|d| d.queries.len()).sum();
        if queries < LEAST {
            return Ok(pose);
        }
        let distance = 2.5 * cell;
        let mut width = distance;
        while width > distance / 8.0 {
            for _ in 0..STEPS {
                let pairing = Pairing::new(&directions, &pose, distance)?;
                let PairSums { system, .. } =
                    pairing.sum_pairs(&Tukey { width }, self.arm, |_| true);
                let step = system.solve_step(&system.split_directions(self.ratio));
                pose = apply_step(&pose, &step, self.arm);
                if step.norm() < 0.01 * width {
                    break;
                }
            }
            width *= NARROWER;
        }
        Ok(pose)
    }
}

/// Cube means of each source, and the surface of the target's cube means, block by block.
fn surfaces_of_cubes(
    on: &(impl NeighbourSearch + ?Sized),
    blocks: &[[Vec<Cube>; 2]],
) -> Result<Vec<(Vec<[f64; 3]>, Surface)>> {
    let mut surfaces = Vec::new();
    for [source, target] in blocks {
        let queries: Vec<[f64; 3]> = source.iter().map(Cube::mean).collect();
        let means: Vec<[f64; 3]> = target.iter().map(Cube::mean).collect();
        if let Ok(means) = Cloud::from_points(&means) {
            let surface = Surface::new(on, means.positions(), None, NEIGHBOURS)?;
            surfaces.push((queries, surface));
        }
    }
    Ok(surfaces)
}

/// A step of scaled unknowns applied on the left.
pub(super) fn apply_step(pose: &Rigid, step: &Vector6<f64>, arm: f64) -> Rigid {
    let turn = [step[0] / arm, step[1] / arm, step[2] / arm];
    let small = Rigid::from_vectors(turn, [step[3], step[4], step[5]], pose.pivot);
    pose.then(&small).about(pose.pivot)
}

/// The scaled unknowns (arm · ω, τ) of a motion.
pub(super) fn scale_motion(motion: &Rigid, arm: f64) -> Vector6<f64> {
    let [x, y, z] = motion.rotation_vector();
    let [u, v, w] = motion.translation;
    Vector6::new(x * arm, y * arm, z * arm, u, v, w)
}

/// The points in a cube of the absolute grid.
struct Cube {
    place: [i64; 3],
    sums: [f64; 3],
    points: f64,
}

impl Cube {
    fn mean(&self) -> [f64; 3] {
        self.sums.map(|sum| sum / self.points)
    }
}

/// The cubes of a side that hold points, in the order of their places.
fn bin_into_cubes(points: &[[f64; 3]], side: f64) -> Vec<Cube> {
    let mut keyed: Vec<([i64; 3], u32)> = points
        .par_iter()
        .map(|point: &[f64; 3]| point.map(|x| (x / side).floor() as i64))
        .zip(0..points.len() as u32)
        .collect();
    keyed.par_sort_unstable();
    let cube = |members: &[([i64; 3], u32)]| {
        let sums = members.iter().fold([0.0; 3], |sums: [f64; 3], (_, i)| {
            let point = points[*i as usize];
            std::array::from_fn(|axis| sums[axis] + point[axis])
        });
        Cube {
            place: members[0].0,
            sums,
            points: members.len() as f64,
        }
    };
    keyed.chunk_by(|a, b| a.0 == b.0).map(cube).collect()
}

/// The cubes of twice the side.
fn double_cubes(cubes: &[Cube]) -> Vec<Cube> {
    let mut keyed: Vec<([i64; 3], u32)> = cubes
        .iter()
        .map(|cube: &Cube| cube.place.map(|place| place.div_euclid(2)))
        .zip(0..)
        .collect();
    keyed.sort_unstable();
    let merged = |members: &[([i64; 3], u32)]| {
        let empty = Cube {
            place: members[0].0,
            sums: [0.0; 3],
            points: 0.0,
        };
        members.iter().fold(empty, |whole, (_, i)| {
            let part = &cubes[*i as usize];
            let sums = std::array::from_fn(|axis| whole.sums[axis] + part.sums[axis]);
            Cube {
                sums,
                points: whole.points + part.points,
                ..whole
            }
        })
    };
    keyed.chunk_by(|a, b| a.0 == b.0).map(merged).collect()
}

/// Spacing of the points: as if the fourth neighbour were at the edge of a disc of four points; the
/// median of a sample, metres.
pub(super) fn point_spacing(
    on: &(impl NeighbourSearch + ?Sized),
    surface: &Surface,
    sample: &[u32],
) -> Result<f64> {
    let some = surface.cloud.select(sample);
    let lists =
        on.index(surface.cloud.positions())?
            .k_nearest(some.positions(), 5, f64::INFINITY)?;
    let mut distances: Vec<f64> = (0..lists.len())
        .filter_map(|i: usize| {
            lists.squared_distances[lists.offsets[i]..lists.offsets[i + 1]].last()
        })
        .map(|&squared| f64::from(squared).sqrt())
        .collect();
    Ok(quantile(&mut distances, 0.5) * (std::f64::consts::PI / 4.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_of_twice_the_side_are_those_of_the_points() {
        let points: Vec<[f64; 3]> = (0..3000)
            .map(|i: u32| {
                [0, 1, 2]
                    .map(|axis: u32| 40.0 * (f64::from(i * 7 + axis * 1009) * 0.618).fract() - 20.0)
            })
            .collect();
        for side in [0.3, 1.7] {
            let (found, defined) = (
                double_cubes(&bin_into_cubes(&points, side)),
                bin_into_cubes(&points, 2.0 * side),
            );
            assert_eq!(found.len(), defined.len());
            for (found, defined) in found.iter().zip(&defined) {
                assert_eq!((found.place, found.points), (defined.place, defined.points));
                assert!(
                    (0..3).all(|axis| (found.mean()[axis] - defined.mean()[axis]).abs() < 1e-12)
                );
            }
        }
    }
}
