//! Robust regression over patches.
//!
//! Change is one piece of ground, noise is not: a patch of a hundred pairs knows its offset ten
//! times better than a pair does. So change is decided patch by patch. A pose is made of
//! some patches only, spread over half of the survey or about three places, and is improved on
//! those that agree with it (least median of squares: Rousseeuw 1984). The likeliest pose wins: the
//! standard error of a patch's weighted median is known before the pose is.

use super::{
    consensus::{Evidence, Mixture, neighbour_scatter},
    observe::Observation,
    sample::{quantile, robust_scale},
    system::{System, scaled_jacobian},
};
use crate::{RobustKernel, kernel::Tukey};
use isopach_cloud::TICKS_PER_METRE;
use isopach_compute::{splitmix64, weighted_median};
use nalgebra::{Matrix3, SymmetricEigen, Vector3, Vector6};
use rayon::prelude::*;

/// Pairs that make a patch.
const LEAST: usize = 6;
/// Width of Tukey's kernel for pairs, in standard deviations of their patch.
const PAIR_WIDTH: f64 = 4.0;
/// Width of Tukey's kernel for patches, in standard deviations of the patches that agree best.
const PATCH_WIDTH: f64 = 4.0;
/// Times that a pose is improved on the patches that agree with it.
const ROUNDS: usize = 6;
/// Poses that are improved by their likelihood, and how often.
const REFINED: usize = 12;
const REFINEMENTS: usize = 6;
/// The share of poses that are close enough for neighbours to show their scatter.
const CLOSE: f64 = 0.1;
/// Shares of the scatter that neighbours show which may be all there is, and by how many nats one
/// must be likelier than all of it. Where much of the ground is beside the edge of a change, most
/// neighbours differ by the change.
const LESS_SCATTER: [f64; 2] = [0.0, 0.125];
const DECISIVE: f64 = 20.0;
/// Poses that shares of the scatter are judged by: those that agree best where ground agrees.
const JUDGES: usize = 24;
/// Coordinates are rounded, so no offset is known better, metres. No scatter is less than a tick.
const LEAST_ERROR: f64 = 2e-5;
/// The share of patches that surely agree, and the quantile of |x| of Gaussian values with that
/// share.
const SURE: (f64, f64) = (0.35, 0.4538);

/// The pairs of a patch, all normals on one side.
pub(super) struct Patch {
    pub(super) id: u32,
    pub(super) middle: [f64; 3],
    /// Σ precision² of its pairs: their number, if all planes are as smooth as the smoothest.
    count: f64,
    /// Median of their residuals, weighted by their precision, metres.
    offset: f64,
    /// By how much it changes with the unknowns.
    slope: Vector6<f64>,
    system: System,
    /// Standard deviation within it along the smoothest planes, metres.
    pub(super) scale: f64,
}

/// A pose that some patches agree on.
#[derive(Clone, Debug)]
pub(super) struct Hypothesis {
    pub(super) step: Vector6<f64>,
    /// The offset of each patch, metres.
    pub(super) offsets: Vec<f64>,
    pub(super) evidence: Evidence,
}

/// The poses that patches agree on, the likeliest first.
pub(super) struct Regression {
    pub(super) hypotheses: Vec<Hypothesis>,
    /// Standard error of each patch's offset, with the scatter between neighbours that is likely,
    /// metres.
    pub(super) errors: Vec<f64>,
    /// The same with all the scatter that neighbours show, metres.
    pub(super) largest_errors: Vec<f64>,
    /// The same from the patch's own pairs alone, metres.
    pub(super) own_errors: Vec<f64>,
    /// Where each patch is, from the pivot, metres.
    pub(super) middles: Vec<[f64; 3]>,
}

/// Gathers pairs by patch.
pub(super) fn gather_patches<'a>(
    observations: impl Iterator<Item = &'a Observation> + Clone,
    arm: f64,
) -> Vec<Patch> {
    let mut counts: Vec<usize> = Vec::new();
    for observation in observations.clone() {
        let patch = observation.patch as usize;
        counts.resize(counts.len().max(patch + 1), 0);
        counts[patch] += 1;
    }
    let mut members: Vec<Vec<Observation>> = counts.into_iter().map(Vec::with_capacity).collect();
    observations.for_each(|o| members[o.patch as usize].push(*o));
    let filled = members
        .into_par_iter()
        .enumerate()
        .filter(|(_, members)| members.len() >= LEAST);
    filled
        .map(|(id, members)| Patch::new(id as u32, members, arm))
        .collect()
}

impl Patch {
    fn new(id: u32, mut members: Vec<Observation>, arm: f64) -> Self {
        let up = main_normal(&members);
        for member in &mut members {
            if up.dot(&Vector3::from(member.plane.normal)) < 0.0 {
                member.residual = -member.residual;
                member.plane.normal = member.plane.normal.map(|x| -x);
            }
        }
        let precisions = members
            .iter()
            .map(|member| (member.residual, member.plane.precision));
        let offset = weighted_median(precisions.collect()).unwrap_or(f64::INFINITY);
        let whitened = |member: &Observation| (member.residual - offset) * member.plane.precision;
        let scale = robust_scale(members.iter().map(whitened)).max(1.0 / TICKS_PER_METRE);
        let kernel = Tukey {
            width: PAIR_WIDTH * scale,
        };
        let mut system = System::default();
        let mut slope = Vector6::zeros();
        for member in &members {
            let weight = member.weight(&kernel, offset);
            system.add_observation(member, weight, arm);
            slope += scaled_jacobian(member.lever, member.plane.normal, arm) * weight;
        }
        slope /= system.weight.max(f64::MIN_POSITIVE);
        let n = members.len() as f64;
        let middle = std::array::from_fn(|axis| {
            members.iter().map(|member| member.lever[axis]).sum::<f64>() / n
        });
        Self {
            id,
            middle,
            count: members
                .iter()
                .map(|member| member.plane.precision.powi(2))
                .sum(),
            offset,
            slope,
            system,
            scale,
        }
    }

    /// Standard error of the weighted median of its residuals, metres: √(π/2) σ/√Σ precision².
    fn standard_error(&self) -> f64 {
        (1.2533 * self.scale / self.count.sqrt()).max(LEAST_ERROR)
    }

    /// The median of its residuals after a step, metres: linear in the step.
    pub(super) fn offset_after(&self, step: &Vector6<f64>) -> f64 {
        self.offset + self.slope.dot(step)
    }
}

fn main_normal(members: &[Observation]) -> Vector3<f64> {
    let mut sums = Matrix3::zeros();
    for member in members {
        let normal = Vector3::from(member.plane.normal);
        sums += normal * normal.transpose();
    }
    let found = SymmetricEigen::new(sums);
    let normal = found
        .eigenvectors
        .column(found.eigenvalues.imax())
        .into_owned();
    // Upwards, so that ground that is raised has offsets of one sign.
    if normal.z < 0.0 { -normal } else { normal }
}

/// Poses are made of `tries` sets of three places, eight halves and the whole, and improved on the
/// patches that agree; the pose that patches were gathered at is one of them.
pub(super) fn find_hypotheses(patches: &[Patch], ratio: f64, tries: u64) -> Regression {
    let mut poses: Vec<CandidatePose> = starting_weights(patches, tries)
        .into_par_iter()
        .flat_map_iter(|weights| improve_pose(patches, weights, ratio))
        .collect();
    poses.push(CandidatePose::unmoved(patches));
    let own_errors: Vec<f64> = patches.iter().map(Patch::standard_error).collect();
    let middles: Vec<[f64; 3]> = patches.iter().map(|patch| patch.middle).collect();
    let ids: Vec<u32> = patches.iter().map(|patch| patch.id).collect();
    let mut scatters: Vec<f64> = poses
        .iter()
        .map(|pose| neighbour_scatter(&ids, &pose.offsets, &own_errors))
        .collect();
    let scatter = if scatters.is_empty() {
        0.0
    } else {
        quantile(&mut scatters, CLOSE)
    };
    let largest_errors = add_scatter(&own_errors, scatter);
    let scatter = likely_scatter(&poses, [&own_errors, &largest_errors], &middles, scatter);
    let errors = add_scatter(&own_errors, scatter);
    let mixture = Mixture::new(&errors, &middles);
    let judged = |CandidatePose { step, offsets, .. }: CandidatePose| {
        let evidence = mixture.fit(&offsets);
        Hypothesis {
            step,
            offsets,
            evidence,
        }
    };
    let (first, later): (Vec<CandidatePose>, Vec<CandidatePose>) =
        poses.into_iter().partition(|pose| pose.is_first);
    let mut hypotheses = Vec::new();
    for poses in [first, later] {
        let mut some: Vec<Hypothesis> = poses.into_par_iter().map(judged).collect();
        sort_by_cost(&mut some);
        let refined = some
            .par_iter()
            .take(REFINED)
            .map(|first| refine_hypothesis(patches, first, &mixture, ratio));
        hypotheses.extend(refined.collect::<Vec<Hypothesis>>());
        hypotheses.append(&mut some);
    }
    sort_by_cost(&mut hypotheses);
    Regression {
        hypotheses,
        errors,
        largest_errors,
        own_errors,
        middles,
    }
}

/// Standard errors with a variance of scatter (m²) beside their own, metres.
fn add_scatter(own_errors: &[f64], scatter: f64) -> Vec<f64> {
    own_errors
        .iter()
        .map(|error| (error * error + scatter).sqrt())
        .collect()
}

/// The variance of the scatter that neighbours show, or the share of it with which a pose is
/// likelier by far, m². Errors of patches are their own, and those with all the scatter.
fn likely_scatter(
    poses: &[CandidatePose],
    [own_errors, reference]: [&[f64]; 2],
    middles: &[[f64; 3]],
    scatter: f64,
) -> f64 {
    let norm = |errors: &[f64]| -> f64 {
        let ratios = errors.iter().zip(reference);
        ratios.map(|(error, all)| (error / all).ln()).sum()
    };
    if norm(own_errors) > -DECISIVE {
        return scatter;
    }
    let mut judges: Vec<(f64, &CandidatePose)> = poses
        .iter()
        .map(|pose| (central_size(&pose.offsets), pose))
        .collect();
    judges.sort_by(|a, b| a.0.total_cmp(&b.0));
    judges.truncate(JUDGES);
    let cost = |share: f64| {
        let errors = add_scatter(own_errors, share * scatter);
        let mixture = Mixture {
            errors: &errors,
            reference,
            middles,
        };
        let least = judges
            .par_iter()
            .map(|(_, pose)| mixture.fit(&pose.offsets).cost)
            .reduce(|| f64::INFINITY, f64::min);
        least + norm(&errors)
    };
    let all = cost(1.0);
    LESS_SCATTER
        .into_iter()
        .map(|share| (cost(share), share * scatter))
        .filter(|(cost, _)| cost + DECISIVE < all)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(scatter, |(_, less)| less)
}

/// Size of the offsets of the patches that surely agree, metres.
fn central_size(offsets: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = offsets.iter().map(|offset| offset.abs()).collect();
    quantile(&mut sizes, SURE.0)
}

fn sort_by_cost(hypotheses: &mut [Hypothesis]) {
    hypotheses.sort_by(|a, b| a.evidence.cost.total_cmp(&b.evidence.cost));
}

/// The likeliest of some poses with other standard errors, improved by their likelihood.
pub(super) fn refine_with_errors(
    patches: &[Patch],
    poses: &[Hypothesis],
    mixture: &Mixture<'_>,
    ratio: f64,
) -> Vec<Hypothesis> {
    let judged = |pose: &Hypothesis| Hypothesis {
        step: pose.step,
        offsets: pose.offsets.clone(),
        evidence: mixture.fit(&pose.offsets),
    };
    let mut some: Vec<Hypothesis> = poses.par_iter().map(judged).collect();
    sort_by_cost(&mut some);
    let refined = some
        .par_iter()
        .take(2 * REFINED)
        .map(|first| refine_hypothesis(patches, first, mixture, ratio));
    refined.collect()
}

/// The likeliest pose near one: expectation and maximisation with the patches that agree.
fn refine_hypothesis(
    patches: &[Patch],
    first: &Hypothesis,
    mixture: &Mixture<'_>,
    ratio: f64,
) -> Hypothesis {
    let mut best = first.clone();
    for _ in 0..REFINEMENTS {
        let step = fit_step(patches, &best.evidence.agreeing, ratio);
        let offsets: Vec<f64> = patches
            .iter()
            .map(|patch| patch.offset_after(&step))
            .collect();
        let evidence = mixture.fit(&offsets);
        if evidence.cost >= best.evidence.cost {
            break;
        }
        best = Hypothesis {
            step,
            offsets,
            evidence,
        };
    }
    best
}

/// Weights of the patches: all, eight halves of the plan, and the surroundings of three places
/// each.
fn starting_weights(patches: &[Patch], tries: u64) -> Vec<Vec<f64>> {
    let mut all = vec![vec![1.0; patches.len()]];
    all.extend(
        (0..8).map(|eighth| half_of_plan(patches, f64::from(eighth) * std::f64::consts::FRAC_PI_4)),
    );
    if !patches.is_empty() {
        all.extend((0..tries).map(|attempt| around_three(patches, attempt)));
    }
    all
}

fn half_of_plan(patches: &[Patch], direction: f64) -> Vec<f64> {
    let (sine, cosine) = direction.sin_cos();
    let places: Vec<f64> = patches
        .iter()
        .map(|patch| patch.middle[0] * cosine + patch.middle[1] * sine)
        .collect();
    let middle = quantile(&mut places.clone(), 0.5);
    places
        .iter()
        .map(|&place| if place <= middle { 1.0 } else { 0.0 })
        .collect()
}

fn around_three(patches: &[Patch], attempt: u64) -> Vec<f64> {
    let mut weights = vec![0.0; patches.len()];
    let each = (patches.len() / 16).max(3);
    for place in 0..3 {
        let centre =
            patches[(splitmix64(3 * attempt + place) % patches.len() as u64) as usize].middle;
        let squared = |patch: &Patch| {
            (0..3)
                .map(|axis| (patch.middle[axis] - centre[axis]).powi(2))
                .sum::<f64>()
        };
        let mut near: Vec<(f64, usize)> = patches.iter().map(squared).zip(0..).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.iter().take(each).for_each(|&(_, i)| weights[i] = 1.0);
    }
    weights
}

struct CandidatePose {
    step: Vector6<f64>,
    offsets: Vec<f64>,
    /// Made of the subset alone, not improved.
    is_first: bool,
}

impl CandidatePose {
    /// The pose that patches were gathered at: what an earlier round led to.
    fn unmoved(patches: &[Patch]) -> Self {
        let step = Vector6::zeros();
        Self {
            step,
            offsets: patches
                .iter()
                .map(|patch| patch.offset_after(&step))
                .collect(),
            is_first: true,
        }
    }
}

/// Pose of the subset, and its improvement with the least median of offsets,
/// which a wide kernel may have led to a tilt.
fn improve_pose(patches: &[Patch], mut weights: Vec<f64>, ratio: f64) -> Vec<CandidatePose> {
    let mut poses: Vec<CandidatePose> = Vec::new();
    let mut least = f64::INFINITY;
    for round in 0..ROUNDS {
        let step = fit_step(patches, &weights, ratio);
        let offsets: Vec<f64> = patches
            .iter()
            .map(|patch| patch.offset_after(&step))
            .collect();
        let scale = robust_scale(offsets.iter().copied());
        let sure = central_size(&offsets) / SURE.1;
        let kernel = Tukey {
            width: PATCH_WIDTH * sure.max(1e-5),
        };
        weights = offsets
            .iter()
            .map(|&offset| kernel.weight(offset))
            .collect();
        if round == 0 || scale < least {
            least = scale;
            poses.truncate(1);
            poses.push(CandidatePose {
                step,
                offsets,
                is_first: round == 0,
            });
        }
    }
    poses
}

fn fit_step(patches: &[Patch], weights: &[f64], ratio: f64) -> Vector6<f64> {
    let mut sums = System::default();
    patches
        .iter()
        .zip(weights)
        .for_each(|(patch, &weight)| sums.merge(&patch.system, weight));
    sums.solve_step(&sums.split_directions(ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(offsets: &[f64]) -> CandidatePose {
        CandidatePose {
            step: Vector6::zeros(),
            offsets: offsets.to_vec(),
            is_first: true,
        }
    }

    #[test]
    fn neighbours_across_an_edge_are_no_scatter() {
        let noise = |i: usize, size: f64| size * [1.0, -0.4, 0.2, -1.2, 0.7, -0.6][i % 6];
        let own = [0.002; 16];
        let middles: Vec<[f64; 3]> = (0..16).map(|i| [f64::from(i), 0.0, 0.0]).collect();
        let scatter = 0.15_f64.powi(2);
        let all = add_scatter(&own, scatter);
        let errors: [&[f64]; 2] = [&own, &all];
        // Most of the ground is known to 2 mm, and a third of it is raised.
        let edge: Vec<f64> = (0..16)
            .map(|i| noise(i, 0.002) + if i > 10 { 0.3 } else { 0.0 })
            .collect();
        let tilt: Vec<f64> = (0..16).map(|i| noise(i, 0.1)).collect();
        let poses = [pose(&tilt), pose(&edge)];
        assert!(likely_scatter(&poses, errors, &middles, scatter) <= 0.125 * scatter);
        // All of it scatters by as much as neighbours say.
        let rough: Vec<f64> = (0..16).map(|i| noise(i, 0.15)).collect();
        let poses = [pose(&rough), pose(&tilt)];
        assert_eq!(likely_scatter(&poses, errors, &middles, scatter), scatter);
    }
}
