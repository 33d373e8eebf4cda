//! The dual: height, slope and curvature at a point.

use super::{
    super::{
        group::LaneGroup,
        vectors::{MAX_LANES, Matrix, Vector},
    },
    atoms::Atoms,
    found::Found,
};
use crate::{
    Inversion,
    lanes::Lanes,
    method::{AIM, LEAST_LAMBDA, NEARLY, ROUND_OFF, SETTLED},
};

/// A pixel's dual, a lane.
#[derive(Clone, Copy)]
pub(super) struct DualProblem<V, const NF: usize> {
    /// Counts over their errors.
    pub(super) g: Vector<V, NF>,
    pub(super) inverse_sigma: Vector<V, NF>,
    /// Length of the residual that is aimed at.
    radius: V,
    /// λ₀.
    floor: V,
    /// Slope at which the maximum is found, without round-off.
    pub(super) enough: V,
    /// Round-off of the slope, for a dual of length 1.
    pub(super) round_off: V,
    /// Square of the slope that is flat as far as round-off allows.
    pub(super) nearly: V,
    /// Where the ascent begins.
    pub(super) start: Vector<V, NF>,
    /// λ before the first step.
    pub(super) lambda: V,
    /// 1 where counts are explained by no emission at all.
    nothing: V,
}

/// Preferences of the atoms over the lengths of their columns into `l`, `[atom × lanes]`; returns
/// the trace of `Σ l a aᵀ`.
#[inline(always)]
pub(super) fn fill_preferences<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    group: &LaneGroup<V, NF>,
    l: &mut [f64],
) -> V {
    let mut trace = V::constant(0.0);
    for ((l, column), &preference) in l
        .chunks_exact_mut(V::COUNT)
        .zip(&atoms.columns)
        .zip(&atoms.preferences)
    {
        let mut squared = V::constant(0.0);
        for f in 0..NF {
            let a = V::splat(column[f]) * group.inverse_sigma[f];
            squared = squared + a * a;
        }
        let length = squared.square_root();
        let preference = V::splat(preference);
        (preference / length).store(l);
        trace = trace + preference * length;
    }
    trace
}

impl<V: Lanes<Scalar = f64>, const NF: usize> DualProblem<V, NF> {
    /// Begins on the line along the counts, where a parabola has its maximum.
    #[inline(always)]
    pub(super) fn new(
        inversion: &Inversion,
        atoms: &Atoms<NF>,
        group: &LaneGroup<V, NF>,
        trace: V,
        l: &[f64],
    ) -> Self {
        let zero = V::constant(0.0);
        let one = V::constant(1.0);
        let g = &group.g;
        let mut energy = zero;
        let mut seen = [zero; NF];
        for f in 0..NF {
            energy = energy + g[f] * g[f];
            seen[f] = group.inverse_sigma[f] * g[f];
        }
        let mut curved = zero;
        for (column, l) in atoms.columns.iter().zip(l.chunks_exact(V::COUNT)) {
            let up = slope_along(column, &seen).max(zero);
            curved = curved + V::load(l) * up * up;
        }
        let mean = trace / group.channels;
        let floor = mean * V::constant(LEAST_LAMBDA);
        let aim = group.channels * V::constant(AIM * inversion.chi_squared_target);
        let radius = aim.square_root();
        let along = (energy - radius * energy.square_root()) / (curved + floor * energy);
        let mut start = *g;
        for f in 0..NF {
            start[f] = along * g[f];
        }
        Self {
            g: *g,
            inverse_sigma: group.inverse_sigma,
            radius,
            floor,
            enough: energy.square_root() * V::constant(SETTLED),
            round_off: trace * V::constant(ROUND_OFF),
            nearly: energy * V::constant(NEARLY * NEARLY),
            start,
            lambda: mean,
            nothing: V::select(energy.at_most(aim), one, zero),
        }
    }

    /// The state before the ascent: pixels whose counts are explained by no emission are settled.
    #[inline(always)]
    pub(super) fn without_emission(&self, group: &LaneGroup<V, NF>) -> Found<NF> {
        let mut lambda = [0.0; MAX_LANES];
        self.lambda.store(&mut lambda);
        let mut nothing = [0.0; MAX_LANES];
        self.nothing.store(&mut nothing);
        let mut settled = [false; MAX_LANES];
        for lane in 0..V::COUNT {
            settled[lane] = nothing[lane] > 0.0 || group.screened[lane].verdict.is_err();
        }
        Found {
            z: [[0.0; MAX_LANES]; NF],
            lambda,
            steps: [0.0; MAX_LANES],
            settled,
        }
    }

    /// Takes a lane of another group.
    #[inline(always)]
    pub(super) fn take_lane(&mut self, lane: usize, from: &Self, other: usize) {
        for f in 0..NF {
            set_lane(&mut self.g[f], lane, lane_value(from.g[f], other));
            set_lane(
                &mut self.inverse_sigma[f],
                lane,
                lane_value(from.inverse_sigma[f], other),
            );
        }
        set_lane(&mut self.radius, lane, lane_value(from.radius, other));
        set_lane(&mut self.floor, lane, lane_value(from.floor, other));
        set_lane(&mut self.enough, lane, lane_value(from.enough, other));
        set_lane(&mut self.round_off, lane, lane_value(from.round_off, other));
        set_lane(&mut self.nearly, lane, lane_value(from.nearly, other));
    }
}

/// A lane's number.
#[inline(always)]
pub(super) fn lane_value<V: Lanes<Scalar = f64>>(from: V, lane: usize) -> f64 {
    let mut lanes = [0.0; MAX_LANES];
    from.store(&mut lanes);
    lanes[lane % MAX_LANES]
}

/// Sets a lane's number.
#[inline(always)]
pub(super) fn set_lane<V: Lanes<Scalar = f64>>(to: &mut V, lane: usize, value: f64) {
    let mut lanes = [0.0; MAX_LANES];
    to.store(&mut lanes);
    lanes[lane % MAX_LANES] = value;
    *to = V::load(&lanes);
}

/// An atom's column times the dual, whose entries are over the errors.
#[inline(always)]
pub(super) fn slope_along<V: Lanes<Scalar = f64>, const NF: usize>(
    column: &[f64; NF],
    seen: &Vector<V, NF>,
) -> V {
    let mut along = V::splat(column[0]) * seen[0];
    for f in 1..NF {
        along = along + V::splat(column[f]) * seen[f];
    }
    along
}

/// Height, slope and curvature of the dual at a point.
pub(super) struct DualPoint<V, const NF: usize> {
    pub(super) height: V,
    pub(super) slope: Vector<V, NF>,
    /// Lower triangle.
    pub(super) curvature: Matrix<V, NF>,
    pub(super) lambda: V,
    /// Of z.
    pub(super) length: V,
}

/// The atoms that are used in some lane.
pub(super) struct UsedAtoms<V, const NF: usize> {
    columns: Vec<[f64; NF]>,
    /// l if a lane uses it, else 0.
    weights: Vec<V>,
    count: usize,
}

impl<V: Lanes<Scalar = f64>, const NF: usize> UsedAtoms<V, NF> {
    /// Room for so many.
    #[inline(always)]
    pub(super) fn new(atoms: usize) -> Self {
        Self {
            columns: vec![[0.0; NF]; atoms],
            weights: vec![V::constant(0.0); atoms],
            count: 0,
        }
    }

    /// Those whose column looks the same way as the dual.
    #[inline(always)]
    fn find_used(&mut self, atoms: &Atoms<NF>, l: &[f64], seen: &Vector<V, NF>) {
        let zero = V::constant(0.0);
        let mut count = 0;
        for (column, l) in atoms.columns.iter().zip(l.chunks_exact(V::COUNT)) {
            let used = zero.less_than(slope_along(column, seen));
            self.columns[count] = *column;
            self.weights[count] = V::select(used, V::load(l), zero);
            count += usize::from(V::any_lane(used));
        }
        self.count = count;
    }

    /// `Σ l c cᵀ`, lower triangle: a few rows at a time, as many as registers hold.
    #[inline(always)]
    fn sum_curvature(&self) -> Matrix<V, NF> {
        let mut sums = [[V::constant(0.0); NF]; NF];
        self.add_rows::<0, 4>(&mut sums);
        self.add_rows::<4, 6>(&mut sums);
        self.add_rows::<6, 7>(&mut sums);
        self.add_rows::<7, 8>(&mut sums);
        for from in 8..NF {
            for (column, &weight) in self.columns[..self.count].iter().zip(&self.weights) {
                let here = weight * V::splat(column[from]);
                for h in 0..=from {
                    sums[from][h] = sums[from][h] + here * V::splat(column[h]);
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn add_rows<const FROM: usize, const TO: usize>(&self, sums: &mut Matrix<V, NF>) {
        if TO > NF {
            return;
        }
        let mut rows = [[V::constant(0.0); NF]; NF];
        for (column, &weight) in self.columns[..self.count].iter().zip(&self.weights) {
            for f in FROM..TO {
                let here = weight * V::splat(column[f]);
                for h in 0..=f {
                    rows[f][h] = rows[f][h] + here * V::splat(column[h]);
                }
            }
        }
        sums[FROM..TO].copy_from_slice(&rows[FROM..TO]);
    }
}

/// One pass over the atoms. The counts of the solution are the curvature times the dual.
#[inline(always)]
pub(super) fn evaluate_dual<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    problem: &DualProblem<V, NF>,
    l: &[f64],
    z: &Vector<V, NF>,
    used: &mut UsedAtoms<V, NF>,
) -> DualPoint<V, NF> {
    let zero = V::constant(0.0);
    let g = &problem.g;
    let s = &problem.inverse_sigma;
    let mut seen = [zero; NF];
    let mut squared = zero;
    for f in 0..NF {
        seen[f] = s[f] * z[f];
        squared = squared + z[f] * z[f];
    }
    used.find_used(atoms, l, &seen);
    let mut curvature = used.sum_curvature();
    let length = squared.square_root();
    let there = zero.less_than(length);
    let pull = V::select(there, problem.radius / length, zero);
    let lambda = pull + problem.floor;
    let bend = V::select(there, pull / squared, zero);
    let mut linear = zero;
    let mut curved = zero;
    let mut slope = [zero; NF];
    for f in 0..NF {
        let mut counts = zero;
        for h in 0..NF {
            counts = counts
                + if h <= f {
                    curvature[f][h]
                } else {
                    curvature[h][f]
                } * seen[h];
        }
        linear = linear + g[f] * z[f];
        curved = curved + counts * seen[f];
        slope[f] = g[f] - counts * s[f] - lambda * z[f];
    }
    for f in 0..NF {
        for h in 0..=f {
            curvature[f][h] = curvature[f][h] * s[f] * s[h] - bend * z[f] * z[h];
        }
        curvature[f][f] = curvature[f][f] + lambda;
    }
    let half = V::constant(0.5);
    let height = linear - half * curved - problem.radius * length - half * problem.floor * squared;
    DualPoint {
        height,
        slope,
        curvature,
        lambda,
        length,
    }
}
