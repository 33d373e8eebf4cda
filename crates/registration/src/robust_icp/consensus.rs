//! How well patches agree on a pose: the likelihood of their offsets.
//!
//! Ground that agrees is off by its own noise, changed ground by a common offset or by anything. A wide kernel takes a tilt, which spreads a change
//! thinly over all patches, for agreement; a likelihood with the patches' own standard errors does not (mixtures: Dempster, Laird & Rubin 1977;
//! MLESAC: Torr & Zisserman 2000).

use super::sample::{quantile, robust_scale};

/// Steps of expectation and maximisation.
const STEPS: usize = 12;
/// An offset that fits neither group is as likely anywhere within so many standard errors to both sides.
const ANYWHERE: f64 = 10.0;
/// The changed group has at most so much of the share of the group that agrees: change is the smaller part.
const SMALLER: f64 = 0.5;
/// A patch belongs to the same group as the one before, if nothing else is known.
const SAME: f64 = 0.7;
/// The least share of offsets that fit neither group.
const NEITHER: f64 = 0.02;
/// Offsets beyond so many standard errors are where a second group is looked for.
const BEYOND: f64 = 2.5;

/// What the offsets of patches say about a pose.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// −log likelihood above that of perfect agreement, nats.
    pub(super) cost: f64,
    /// Share of the patches that agree.
    pub(super) share: f64,
    /// How surely each patch agrees, 0 to 1.
    pub(super) agreeing: Vec<f64>,
}

/// Shares of the groups, and where the second lies, metres.
#[derive(Clone, Copy)]
struct Groups {
    agree: f64,
    second: f64,
    neither: f64,
    shift: f64,
}

/// The likeliest mixture of ground that agrees, ground with a common offset, and ground with any. `errors` are standard errors, metres.
pub(super) fn evidence(offsets: &[f64], errors: &[f64]) -> Evidence {
    let beyond = offsets.iter().zip(errors).filter(|(offset, error)| offset.abs() > BEYOND * **error);
    let mut beyond: Vec<f64> = beyond.map(|(offset, _)| *offset).collect();
    let mut best = maximised(offsets, errors, Groups { agree: 0.9, second: 0.0, neither: 0.1, shift: 0.0 });
    if beyond.len() > 1 {
        for share in [0.2, 0.5, 0.8] {
            let shift = quantile(&mut beyond, share);
            let start = Groups { agree: 0.65, second: 0.25, neither: 0.1, shift };
            let found = maximised(offsets, errors, start);
            if found.cost < best.cost {
                best = found;
            }
        }
    }
    best
}

fn maximised(offsets: &[f64], errors: &[f64], mut groups: Groups) -> Evidence {
    let count = offsets.len().max(1) as f64;
    let mut agreeing = vec![0.0; offsets.len()];
    let mut cost = f64::INFINITY;
    for _ in 0..STEPS {
        let densities: Vec<[f64; 3]> = offsets.iter().zip(errors).map(|(o, e)| groups.densities(*o, *e)).collect();
        let shares = groups.shares();
        let (nats, members) = memberships(&densities, shares);
        cost = nats;
        let (mut sums, mut shifts, mut weights) = ([0.0; 3], 0.0, 0.0);
        for (i, member) in members.iter().enumerate() {
            (0..3).for_each(|group| sums[group] += member[group]);
            agreeing[i] = member[0];
            let information = member[1] / (errors[i] * errors[i]);
            shifts += information * offsets[i];
            weights += information;
        }
        groups = Groups::of(sums, count, if weights > 0.0 { shifts / weights } else { 0.0 });
    }
    Evidence { cost, share: agreeing.iter().sum::<f64>() / count, agreeing }
}

/// −log likelihood of a chain of patches, and how surely each belongs to each group (forward and backward: Rabiner 1989). A patch belongs to the group
/// of the one before with probability [`SAME`], and is drawn from the shares otherwise: change is one piece of ground.
fn memberships(densities: &[[f64; 3]], shares: [f64; 3]) -> (f64, Vec<[f64; 3]>) {
    let mut cost = 0.0;
    let mut members: Vec<[f64; 3]> = Vec::with_capacity(densities.len());
    let mut before = shares;
    for density in densities {
        let expected: [f64; 3] = std::array::from_fn(|g| SAME * before[g] + (1.0 - SAME) * shares[g]);
        let joint: [f64; 3] = std::array::from_fn(|g| expected[g] * density[g]);
        let whole = joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        cost -= whole.ln();
        before = joint.map(|part| part / whole);
        members.push(before);
    }
    let mut behind = [1.0; 3];
    for (member, density) in members.iter_mut().zip(densities).rev() {
        let joint: [f64; 3] = std::array::from_fn(|g| member[g] * behind[g]);
        let whole = joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        *member = joint.map(|part| part / whole);
        let drawn: f64 = (0..3).map(|g| shares[g] * density[g] * behind[g]).sum();
        let next: [f64; 3] = std::array::from_fn(|g| SAME * density[g] * behind[g] + (1.0 - SAME) * drawn);
        let largest = next.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        behind = next.map(|part| part / largest);
    }
    (cost, members)
}

impl Groups {
    /// Densities of the three groups, over the density of a group at its middle.
    fn densities(self, offset: f64, error: f64) -> [f64; 3] {
        let bell = |off: f64| (-0.5 * (off / error).powi(2)).exp();
        let anywhere = (2.0 * std::f64::consts::PI).sqrt() / (2.0 * ANYWHERE);
        [bell(offset), bell(offset - self.shift), anywhere]
    }

    fn shares(self) -> [f64; 3] {
        [self.agree, self.second, self.neither]
    }

    fn of([agree, second, neither]: [f64; 3], count: f64, shift: f64) -> Self {
        let neither = (neither / count).max(NEITHER);
        let known = (agree + second).max(f64::MIN_POSITIVE);
        let second = (second / known).min(SMALLER / (1.0 + SMALLER)) * (1.0 - neither);
        Self { agree: 1.0 - neither - second, second, neither, shift }
    }
}

/// Variance of offsets beyond their standard errors, m²: from the differences of neighbours, which neither a tilt nor a change of one piece of ground
/// affects much. Patches 2k and 2k + 1 are neighbours.
pub(super) fn scatter(ids: &[u32], offsets: &[f64], errors: &[f64]) -> f64 {
    let neighbours: Vec<usize> = (1..ids.len()).filter(|&i| ids[i] == ids[i - 1] + 1 && ids[i] % 2 == 1).collect();
    if neighbours.is_empty() {
        return 0.0;
    }
    let mut expected: Vec<f64> = neighbours.iter().map(|&i| errors[i].powi(2) + errors[i - 1].powi(2)).collect();
    let shown = robust_scale(neighbours.iter().map(|&i| offsets[i] - offsets[i - 1])).powi(2);
    (0.5 * (shown - quantile(&mut expected, 0.5))).max(0.0)
}
