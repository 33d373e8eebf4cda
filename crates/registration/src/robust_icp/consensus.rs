//! How well patches agree on a pose: the likelihood of their offsets.
//!
//! Ground that agrees is off by its own noise, changed ground by a common offset or by anything. A
//! wide kernel takes a tilt, which spreads a change thinly over all patches, for agreement; a
//! likelihood with the patches' own standard errors does not (mixtures: Dempster, Laird & Rubin
//! 1977; MLESAC: Torr & Zisserman 2000).

use super::sample::{quantile, robust_scale};

/// Steps of expectation and maximisation at most, and a change of the groups after which another
/// one would change the likelihood by next to nothing: of shares, and of the second group's place
/// in units of its standard error.
const STEPS: usize = 12;
const SETTLED: f64 = 1e-3;
/// An offset that fits neither group is equally likely within this many standard errors to both
/// sides.
const ANYWHERE: f64 = 10.0;
/// The changed group has at most so much of the share of the group that agrees: change is the
/// smaller part.
const SMALLER: f64 = 0.5;
/// A patch belongs to the same group as the one before, if nothing else is known.
const SAME: f64 = 0.7;
/// The least share of offsets that fit neither group.
const NEITHER: f64 = 0.02;
/// Cost of the chain that leads across an edge, nats: one of two kinds of chain, and one of about
/// eight directions.
const ACROSS: f64 = 2.77;
/// Offsets beyond this many standard errors suggest a second group.
const BEYOND: f64 = 2.5;

/// Likelihood of a pose from the offsets of its patches.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// −log likelihood above that of perfect agreement, nats.
    pub(super) cost: f64,
    /// Share of the patches that agree.
    pub(super) share: f64,
    /// How surely each patch agrees, 0 to 1.
    pub(super) agreeing: Vec<f64>,
    groups: Groups,
}

/// Shares of the groups, and where the second lies, metres.
#[derive(Clone, Copy, Debug)]
struct Groups {
    agree: f64,
    second: f64,
    neither: f64,
    shift: f64,
    /// 1/variance of the shift.
    information: f64,
}

/// What is known of the patches before their offsets are: one entry per patch.
#[derive(Clone, Copy)]
pub(super) struct Mixture<'a> {
    /// Standard errors, metres.
    pub(super) errors: &'a [f64],
    /// Offsets that fit neither group spread over [`ANYWHERE`] times these, metres: likelihoods with
    /// different `errors` are of the same alternative.
    pub(super) reference: &'a [f64],
    /// Where the patches are, metres.
    pub(super) middles: &'a [[f64; 3]],
}

impl<'a> Mixture<'a> {
    pub(super) fn new(errors: &'a [f64], middles: &'a [[f64; 3]]) -> Self {
        Self {
            errors,
            reference: errors,
            middles,
        }
    }

    /// The likeliest mixture of ground that agrees, ground with a common offset, and ground with
    /// any, of patches with `offsets` (metres).
    ///
    /// The chain of patches follows the median cuts that made them, or leads from the ground that
    /// agrees to the ground that does not: whichever is likelier. Cuts lead back and forth over the
    /// straight edge of a change, as if it were many changes.
    pub(super) fn fit(&self, offsets: &[f64]) -> Evidence {
        let by_cuts = fit_from_starts([offsets, self.errors, self.reference]);
        let Some(order) = order_across_edge(self.middles, &by_cuts.agreeing) else {
            return by_cuts;
        };
        let [offsets, errors, reference] = [offsets, self.errors, self.reference]
            .map(|values| order.iter().map(|&i| values[i]).collect::<Vec<f64>>());
        let across = maximise_likelihood([&offsets, &errors, &reference], by_cuts.groups);
        let cost = across.cost + ACROSS;
        if cost >= by_cuts.cost {
            return by_cuts;
        }
        let mut agreeing = vec![0.0; order.len()];
        order
            .iter()
            .zip(&across.agreeing)
            .for_each(|(&i, surely)| agreeing[i] = *surely);
        Evidence {
            cost,
            agreeing,
            ..across
        }
    }
}

/// Patches in their order along the line from the middle of the ground that agrees to that of the
/// ground that does not; `None` if either is less than a patch.
fn order_across_edge(middles: &[[f64; 3]], agreeing: &[f64]) -> Option<Vec<usize>> {
    let mut sums = [[0.0; 3]; 2];
    let mut weights = [0.0; 2];
    for (middle, surely) in middles.iter().zip(agreeing) {
        for (side, weight) in [*surely, 1.0 - surely].into_iter().enumerate() {
            weights[side] += weight;
            (0..3).for_each(|axis| sums[side][axis] += weight * middle[axis]);
        }
    }
    if weights.iter().any(|weight| *weight < 1.0) {
        return None;
    }
    let along: [f64; 3] =
        std::array::from_fn(|axis| sums[1][axis] / weights[1] - sums[0][axis] / weights[0]);
    let place = |middle: &[f64; 3]| (0..3).map(|axis| middle[axis] * along[axis]).sum::<f64>();
    let places: Vec<f64> = middles.iter().map(place).collect();
    let mut order: Vec<usize> = (0..middles.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]).then(a.cmp(&b)));
    Some(order)
}

/// The likeliest mixture of those that several starts lead to, along the chain as it is.
fn fit_from_starts([offsets, errors, reference]: [&[f64]; 3]) -> Evidence {
    let beyond = offsets
        .iter()
        .zip(errors)
        .filter(|(offset, error)| offset.abs() > BEYOND * **error);
    let mut beyond: Vec<f64> = beyond.map(|(offset, _)| *offset).collect();
    let mut best = maximise_likelihood(
        [offsets, errors, reference],
        Groups {
            agree: 0.9,
            second: 0.0,
            neither: 0.1,
            shift: 0.0,
            information: 0.0,
        },
    );
    if beyond.len() > 1 {
        for share in [0.2, 0.5, 0.8] {
            let shift = quantile(&mut beyond, share);
            let start = Groups {
                agree: 0.65,
                second: 0.25,
                neither: 0.1,
                shift,
                information: 0.0,
            };
            let found = maximise_likelihood([offsets, errors, reference], start);
            if found.cost < best.cost {
                best = found;
            }
        }
    }
    best
}

/// Expectation and maximisation from `groups`. A patch belongs to the group of the one before with
/// probability [`SAME`], and is drawn from the shares otherwise: change is one piece of ground. How
/// surely each patch belongs to each group: forward and backward (Rabiner 1989).
fn maximise_likelihood([offsets, errors, reference]: [&[f64]; 3], mut groups: Groups) -> Evidence {
    let mut chain: Vec<Link> = offsets
        .iter()
        .zip(errors)
        .zip(reference)
        .map(|((offset, error), reference)| Link::new(*offset, *error, *reference))
        .collect();
    for _ in 0..STEPS {
        let before = groups;
        groups = improve_groups(&mut chain, groups);
        if groups.is_near(&before) {
            break;
        }
    }
    let cost = -chain.iter().map(|link| link.whole.ln()).sum::<f64>();
    let agreeing: Vec<f64> = chain.iter().map(|link| link.members[0]).collect();
    Evidence {
        cost,
        share: agreeing.iter().sum::<f64>() / agreeing.len().max(1) as f64,
        agreeing,
        groups,
    }
}

/// Memberships with these groups, and the groups that are likeliest with those.
fn improve_groups(chain: &mut [Link], groups: Groups) -> Groups {
    chain
        .iter_mut()
        .for_each(|link| link.second_group_at(groups.shift));
    forward_pass(chain, groups.shares());
    backward_pass(chain, groups.shares())
}

/// A patch in the chain.
struct Link {
    offset: f64,
    /// 1/variance.
    information: f64,
    error: f64,
    densities: [f64; 3],
    /// Its likelihood, given those before.
    whole: f64,
    /// How surely it belongs to each group: given those before, then given all.
    members: [f64; 3],
}

impl Link {
    fn new(offset: f64, error: f64, reference: f64) -> Self {
        let anywhere = (2.0 * std::f64::consts::PI).sqrt() * error / (2.0 * ANYWHERE * reference);
        let densities = [relative_density(offset, error), 0.0, anywhere];
        Self {
            offset,
            information: 1.0 / (error * error),
            error,
            densities,
            whole: 1.0,
            members: [0.0; 3],
        }
    }

    fn second_group_at(&mut self, shift: f64) {
        self.densities[1] = relative_density(self.offset - shift, self.error);
    }
}

/// The density of a group over that at its middle.
fn relative_density(off: f64, error: f64) -> f64 {
    (-0.5 * (off / error).powi(2)).exp()
}

fn forward_pass(chain: &mut [Link], shares: [f64; 3]) {
    let mut before = shares;
    for link in chain {
        let joint: [f64; 3] = std::array::from_fn(|g| {
            (SAME * before[g] + (1.0 - SAME) * shares[g]) * link.densities[g]
        });
        link.whole = joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let scale = 1.0 / link.whole;
        before = joint.map(|part| part * scale);
        link.members = before;
    }
}

/// The likeliest groups with the memberships that it completes.
fn backward_pass(chain: &mut [Link], shares: [f64; 3]) -> Groups {
    let count = chain.len().max(1) as f64;
    let mut behind = [1.0; 3];
    let mut sums = [0.0; 3];
    let mut shifts = 0.0;
    let mut weights = 0.0;
    for Link {
        offset,
        information,
        densities,
        members,
        ..
    } in chain.iter_mut().rev()
    {
        let joint: [f64; 3] = std::array::from_fn(|g| members[g] * behind[g]);
        let scale = 1.0 / joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        *members = joint.map(|part| part * scale);
        (0..3).for_each(|group| sums[group] += members[group]);
        shifts += members[1] * *information * *offset;
        weights += members[1] * *information;
        let drawn: f64 = (0..3).map(|g| shares[g] * densities[g] * behind[g]).sum();
        let next: [f64; 3] =
            std::array::from_fn(|g| SAME * densities[g] * behind[g] + (1.0 - SAME) * drawn);
        let largest = next.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let scale = 1.0 / largest;
        behind = next.map(|part| part * scale);
    }
    Groups::from_sums(
        sums,
        count,
        if weights > 0.0 {
            [shifts / weights, weights]
        } else {
            [0.0; 2]
        },
    )
}

impl Groups {
    fn shares(self) -> [f64; 3] {
        [self.agree, self.second, self.neither]
    }

    /// Whether a step that led from `before` to here was next to nothing.
    fn is_near(&self, before: &Self) -> bool {
        let [a, b] = [self.shares(), before.shares()];
        (0..3).all(|group| (a[group] - b[group]).abs() < SETTLED)
            && (self.shift - before.shift).abs() * self.information.sqrt() < SETTLED.sqrt()
    }

    fn from_sums(
        [agree, second, neither]: [f64; 3],
        count: f64,
        [shift, information]: [f64; 2],
    ) -> Self {
        let neither = (neither / count).max(NEITHER);
        let known = (agree + second).max(f64::MIN_POSITIVE);
        let second = (second / known).min(SMALLER / (1.0 + SMALLER)) * (1.0 - neither);
        Self {
            agree: 1.0 - neither - second,
            second,
            neither,
            shift,
            information,
        }
    }
}

/// Variance of offsets beyond their standard errors, m²: from the differences of neighbours, which
/// neither a tilt nor a change of one piece of ground affects much. Patches 2k and 2k + 1 are
/// neighbours.
pub(super) fn neighbour_scatter(ids: &[u32], offsets: &[f64], errors: &[f64]) -> f64 {
    let neighbours: Vec<usize> = (1..ids.len())
        .filter(|&i| ids[i] == ids[i - 1] + 1 && ids[i] % 2 == 1)
        .collect();
    if neighbours.is_empty() {
        return 0.0;
    }
    let mut expected: Vec<f64> = neighbours
        .iter()
        .map(|&i| errors[i].powi(2) + errors[i - 1].powi(2))
        .collect();
    let shown = robust_scale(neighbours.iter().map(|&i| offsets[i] - offsets[i - 1])).powi(2);
    (0.5 * (shown - quantile(&mut expected, 0.5))).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patches of a square in the order of median cuts: each cut across the other side.
    fn patches_by_cuts(cuts: usize) -> Vec<[f64; 3]> {
        (0..1_usize << cuts)
            .map(|i| {
                let mut place = [0.0, 0.0, 0.0];
                for cut in 0..cuts {
                    let beyond = f64::from((i >> (cuts - 1 - cut)) as u32 & 1);
                    place[cut % 2] += beyond * 0.5_f64.powi(cut as i32 / 2 + 1);
                }
                place
            })
            .collect()
    }

    #[test]
    fn a_straight_edge_is_one_change() {
        let middles = patches_by_cuts(6);
        let errors = vec![0.03; middles.len()];
        let noise = |i: usize| 0.03 * [1.0, -0.4, 0.2, -1.2, 0.7, -0.6][i % 6];
        let is_changed = |middle: &[f64; 3]| middle[0] + 0.6 * middle[1] > 0.9;
        let offsets: Vec<f64> = middles
            .iter()
            .enumerate()
            .map(|(i, middle)| noise(i) + if is_changed(middle) { 0.3 } else { 0.0 })
            .collect();
        let by_cuts = fit_from_starts([&offsets, &errors, &errors]);
        let fitted = Mixture::new(&errors, &middles).fit(&offsets);
        assert!(
            fitted.cost < by_cuts.cost - 3.0,
            "{} {}",
            fitted.cost,
            by_cuts.cost
        );
        for (middle, surely) in middles.iter().zip(&fitted.agreeing) {
            assert_eq!(*surely < 0.5, is_changed(middle), "{middle:?} {surely}");
        }
    }

    #[test]
    fn ground_that_agrees_everywhere_has_no_edge() {
        let middles = patches_by_cuts(4);
        assert!(order_across_edge(&middles, &[1.0; 16]).is_none());
        assert!(order_across_edge(&middles, &[0.0; 16]).is_none());
        let mut agreeing = [1.0; 16];
        agreeing[..2].fill(0.0);
        let order = order_across_edge(&middles, &agreeing).unwrap();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..16).collect::<Vec<usize>>());
        assert_eq!(order[15], 0);
    }
}
