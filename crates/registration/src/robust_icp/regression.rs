//! Robust regression over patches.
//!
//! Change is one piece of ground, noise is not: a patch of a hundred pairs knows its offset ten times better than a pair does. So what is changed is
//! decided patch by patch. A pose is made of some patches only, spread over half of the survey or about three places, and is improved on those
//! that agree with it (least median of squares: Rousseeuw 1984). The pose wins that most patches agree with, as far as their own noise lets them: the
//! noise of a patch's median is known before the pose is.

use super::{
    observe::Observation,
    sample::{mixed, quantile, robust_scale},
    system::{System, jacobian},
};
use crate::{Kernel, kernel::Tukey};
use nalgebra::{Matrix3, SymmetricEigen, Vector3, Vector6};
use rayon::prelude::*;

/// Pairs that make a patch.
const LEAST: usize = 6;
/// A pair is weighed by Tukey's kernel of so many standard deviations of its patch.
const PAIR_WIDTH: f64 = 4.0;
/// So is a patch, by the standard deviation of the patches that agree best.
const PATCH_WIDTH: f64 = 4.0;
/// Times that a pose is improved on the patches that agree with it.
const ROUNDS: usize = 6;
/// The share of patches that surely agree, and the quantile of |x| of Gaussian values with that share.
const SURE: (f64, f64) = (0.35, 0.4538);

/// The pairs of a patch, all normals on one side.
pub(super) struct Patch {
    pub(super) id: u32,
    pub(super) middle: [f64; 3],
    residuals: Vec<f64>,
    jacobians: Vec<Vector6<f64>>,
    system: System,
    /// Standard deviation within it, metres.
    pub(super) scale: f64,
}

/// A pose that some patches agree on.
#[derive(Clone, Debug)]
pub(super) struct Hypothesis {
    pub(super) step: Vector6<f64>,
    /// Robust standard deviation of the patches' offsets, metres.
    pub(super) scale: f64,
    /// The offset of each patch, metres.
    pub(super) offsets: Vec<f64>,
    /// Standard deviation of the patches that agree best, metres.
    sure: f64,
}

/// Gathers pairs by patch.
pub(super) fn gather(observations: &[Observation], arm: f64) -> Vec<Patch> {
    let count = observations.iter().map(|o| o.patch as usize + 1).max().unwrap_or(0);
    let mut members: Vec<Vec<Observation>> = vec![Vec::new(); count];
    observations.iter().for_each(|o| members[o.patch as usize].push(*o));
    let filled = members.into_par_iter().enumerate().filter(|(_, members)| members.len() >= LEAST);
    filled.map(|(id, members)| Patch::new(id as u32, members, arm)).collect()
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
        let residuals: Vec<f64> = members.iter().map(|member| member.residual).collect();
        let jacobians = members.iter().map(|member| jacobian(member.lever, member.plane.normal, arm)).collect();
        let offset = quantile(&mut residuals.clone(), 0.5);
        let scale = robust_scale(residuals.iter().map(|r| r - offset)).max(1e-6);
        let kernel = Tukey { width: PAIR_WIDTH * scale };
        let mut system = System::default();
        members.iter().for_each(|member| system.add(member, kernel.weight(member.residual - offset), arm));
        let n = members.len() as f64;
        let middle = std::array::from_fn(|axis| members.iter().map(|member| member.lever[axis]).sum::<f64>() / n);
        Self { id, middle, residuals, jacobians, system, scale }
    }

    /// Standard error of the median of its residuals, metres.
    fn standard_error(&self) -> f64 {
        1.2533 * self.scale / (self.residuals.len() as f64).sqrt()
    }

    /// The median of its residuals after a step, metres.
    fn offset(&self, step: &Vector6<f64>) -> f64 {
        let pairs = self.residuals.iter().zip(&self.jacobians);
        let mut after: Vec<f64> = pairs.map(|(r, j)| r + j.dot(step)).collect();
        quantile(&mut after, 0.5)
    }
}

fn main_normal(members: &[Observation]) -> Vector3<f64> {
    let mut sums = Matrix3::zeros();
    for member in members {
        let normal = Vector3::from(member.plane.normal);
        sums += normal * normal.transpose();
    }
    let found = SymmetricEigen::new(sums);
    found.eigenvectors.column(found.eigenvalues.imax()).into_owned()
}

/// The poses that patches agree on, the best first. `tries` sets of three places are tried beside eight halves and the whole.
pub(super) fn regress(patches: &[Patch], ratio: f64, tries: u64) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> =
        subsets(patches, tries).into_par_iter().map(|weights| improved(patches, weights, ratio)).collect();
    let width = width(patches, &found);
    found.sort_by(|a, b| disagreement(&a.offsets, width).total_cmp(&disagreement(&b.offsets, width)));
    found
}

/// The noise of patches, metres: that of their medians, or what the patches that agree best show.
pub(super) fn width(patches: &[Patch], found: &[Hypothesis]) -> f64 {
    let mut errors: Vec<f64> = patches.iter().map(Patch::standard_error).collect();
    let least = found.iter().map(|hypothesis| hypothesis.sure).fold(f64::INFINITY, f64::min);
    quantile(&mut errors, 0.5).max(least).max(1e-6)
}

/// Mean of 1 − exp(−½ (m / 1.5 width)²) over patches (Dennis & Welsch 1978): 0 where all agree, near 1 for each that does not.
pub(super) fn disagreement(offsets: &[f64], width: f64) -> f64 {
    let each = |offset: &f64| 1.0 - (-0.5 * (offset / (1.5 * width)).powi(2)).exp();
    offsets.iter().map(each).sum::<f64>() / offsets.len().max(1) as f64
}

/// Weights of the patches: all, eight halves of the plan, and the surroundings of three places each.
fn subsets(patches: &[Patch], tries: u64) -> Vec<Vec<f64>> {
    let mut all = vec![vec![1.0; patches.len()]];
    all.extend((0..8).map(|eighth| half(patches, f64::from(eighth) * std::f64::consts::FRAC_PI_4)));
    all.extend((0..tries).map(|attempt| around_three(patches, attempt)));
    all
}

fn half(patches: &[Patch], direction: f64) -> Vec<f64> {
    let (sine, cosine) = direction.sin_cos();
    let places: Vec<f64> = patches.iter().map(|patch| patch.middle[0] * cosine + patch.middle[1] * sine).collect();
    let middle = quantile(&mut places.clone(), 0.5);
    places.iter().map(|&place| if place <= middle { 1.0 } else { 0.0 }).collect()
}

fn around_three(patches: &[Patch], attempt: u64) -> Vec<f64> {
    let mut weights = vec![0.0; patches.len()];
    let each = (patches.len() / 16).max(3);
    for place in 0..3 {
        let centre = patches[(mixed(3 * attempt + place) % patches.len() as u64) as usize].middle;
        let squared = |patch: &Patch| (0..3).map(|axis| (patch.middle[axis] - centre[axis]).powi(2)).sum::<f64>();
        let mut near: Vec<(f64, usize)> = patches.iter().map(squared).zip(0..).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.iter().take(each).for_each(|&(_, i)| weights[i] = 1.0);
    }
    weights
}

fn improved(patches: &[Patch], mut weights: Vec<f64>, ratio: f64) -> Hypothesis {
    let mut best: Option<Hypothesis> = None;
    for _ in 0..ROUNDS {
        let step = fitted(patches, &weights, ratio);
        let offsets: Vec<f64> = patches.iter().map(|patch| patch.offset(&step)).collect();
        let scale = robust_scale(offsets.iter().copied());
        let mut sizes: Vec<f64> = offsets.iter().map(|offset| offset.abs()).collect();
        let sure = quantile(&mut sizes, SURE.0) / SURE.1;
        let kernel = Tukey { width: PATCH_WIDTH * sure.max(1e-5) };
        weights = offsets.iter().map(|&offset| kernel.weight(offset)).collect();
        if best.as_ref().is_none_or(|best| scale < best.scale) {
            best = Some(Hypothesis { step, scale, offsets, sure });
        }
    }
    let nothing = Hypothesis { step: Vector6::zeros(), scale: f64::INFINITY, offsets: Vec::new(), sure: f64::INFINITY };
    best.unwrap_or(nothing)
}

fn fitted(patches: &[Patch], weights: &[f64], ratio: f64) -> Vector6<f64> {
    let mut sums = System::default();
    patches.iter().zip(weights).for_each(|(patch, &weight)| sums.merge(&patch.system, weight));
    sums.step(&sums.directions(ratio))
}
