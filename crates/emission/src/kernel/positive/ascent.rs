//! Newton's method on the dual, a step halved until it climbs: pixels one after the other through
//! the lanes.
//!
//! One pass over the atoms gives height, slope and curvature together, so that a step that does not
//! climb costs no more than one that does: the step is halved and the pass repeated.

use super::{
    super::vectors::{MAX_LANES, Vector},
    atoms::Atoms,
    dual::{DualPoint, DualProblem, UsedAtoms, evaluate_dual, lane_value, set_lane},
    linear::solve_symmetric,
    prepared::Prepared,
};
use crate::{
    lanes::Lanes,
    method::{AS_HIGH, SHORTEST},
};

/// Newton steps and halvings, at most; pixels that need more are left to the definition.
const PASSES: u32 = 80;

/// Pixels on their way up, a lane.
struct Ascent<V, const NF: usize> {
    problem: DualProblem<V, NF>,
    /// `[atom × lanes]`.
    l: Vec<f64>,
    /// Where the dual is looked at, where it was left, and the step between them.
    z: Vector<V, NF>,
    from: Vector<V, NF>,
    direction: Vector<V, NF>,
    step: V,
    height: V,
    /// Square of the slope at `from`.
    steepness: V,
    lambda: V,
    steps: V,
    /// Number in the block, and passes made.
    pixels: [Option<usize>; MAX_LANES],
    passes: [u32; MAX_LANES],
}

/// The outcome of a pass.
struct PassOutcome<V> {
    /// 1 if the ascent is over.
    over: V,
    /// 1 if it is over at the maximum.
    settled: V,
}

/// Finds the maxima of the pixels of a block that are not settled yet.
#[inline(always)]
pub(super) fn ascend_pixels<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    prepared: &mut [Prepared<V, NF>],
    l: &[f64],
    pixels: usize,
) {
    let Some(any) = prepared.first() else { return };
    let mut climbing = Ascent::new(any.problem, atoms.columns.len() * V::COUNT);
    let mut used = UsedAtoms::new(atoms.columns.len());
    let mut next = 0;
    loop {
        for lane in 0..V::COUNT {
            while climbing.pixels[lane].is_none() && next < pixels {
                let here = &prepared[next / V::COUNT];
                if !here.found.settled[next % V::COUNT] {
                    climbing.take_pixel(lane, next, here, l);
                }
                next += 1;
            }
        }
        if climbing.pixels.iter().all(Option::is_none) {
            return;
        }
        let here = evaluate_dual(
            atoms,
            &climbing.problem,
            &climbing.l,
            &climbing.z,
            &mut used,
        );
        let passed = climbing.take_or_halve_step(&here);
        climbing.hand_over(&passed, prepared);
    }
}

impl<V: Lanes<Scalar = f64>, const NF: usize> Ascent<V, NF> {
    /// Lanes without a pixel, whose numbers are harmless.
    #[inline(always)]
    fn new(problem: DualProblem<V, NF>, numbers: usize) -> Self {
        let zero = V::constant(0.0);
        Self {
            l: vec![0.0; numbers],
            z: problem.start,
            from: problem.start,
            direction: [zero; NF],
            step: zero,
            height: zero,
            steepness: zero,
            lambda: problem.lambda,
            steps: zero,
            problem,
            pixels: [None; MAX_LANES],
            passes: [0; MAX_LANES],
        }
    }

    /// Begins a pixel of the block.
    #[inline(always)]
    fn take_pixel(&mut self, lane: usize, pixel: usize, from: &Prepared<V, NF>, l: &[f64]) {
        let other = pixel % V::COUNT;
        let numbers = self.l.len();
        let l = &l[pixel / V::COUNT * numbers..][..numbers];
        for (to, from) in self
            .l
            .chunks_exact_mut(V::COUNT)
            .zip(l.chunks_exact(V::COUNT))
        {
            to[lane] = from[other];
        }
        self.problem.take_lane(lane, &from.problem, other);
        for f in 0..NF {
            let start = lane_value(from.problem.start[f], other);
            set_lane(&mut self.z[f], lane, start);
            set_lane(&mut self.from[f], lane, start);
            set_lane(&mut self.direction[f], lane, 0.0);
        }
        set_lane(&mut self.step, lane, 1.0);
        set_lane(&mut self.height, lane, f64::NEG_INFINITY);
        set_lane(&mut self.steepness, lane, f64::INFINITY);
        set_lane(
            &mut self.lambda,
            lane,
            lane_value(from.problem.lambda, other),
        );
        set_lane(&mut self.steps, lane, 0.0);
        self.pixels[lane] = Some(pixel);
        self.passes[lane] = 0;
    }

    /// Takes the step or halves it.
    #[inline(always)]
    fn take_or_halve_step(&mut self, here: &DualPoint<V, NF>) -> PassOutcome<V> {
        let zero = V::constant(0.0);
        let one = V::constant(1.0);
        let mut squared = zero;
        for f in 0..NF {
            squared = squared + here.slope[f] * here.slope[f];
        }
        // Higher; or, where heights are equal but for round-off, much flatter.
        let as_high = (self.height - self.height.abs() * V::constant(AS_HIGH)).at_most(here.height);
        let flatter = V::both_masks(
            as_high,
            squared.less_than(V::constant(0.25) * self.steepness),
        );
        let better = V::select(
            self.height.less_than(here.height),
            one,
            V::select(flatter, one, zero),
        );
        let taken = zero.less_than(better);
        let stuck = V::both_masks(
            better.less_than(one),
            self.step.less_than(V::constant(SHORTEST)),
        );
        let halved = self.step * V::constant(0.5);
        let done = V::both_masks(
            taken,
            squared
                .square_root()
                .at_most(self.problem.enough + self.problem.round_off * here.length),
        );
        let flat = V::select(self.steepness.at_most(self.problem.nearly), one, zero);
        let settled = V::select(stuck, flat, V::select(done, one, zero));
        let over = V::select(stuck, one, V::select(done, one, zero));
        let goes_on = V::both_masks(taken, over.less_than(one));
        self.lambda = V::select(taken, here.lambda, self.lambda);
        self.steepness = V::select(taken, squared, self.steepness);
        self.height = V::select(taken, here.height, self.height);
        self.step = V::select(taken, one, halved);
        self.steps = V::select(goes_on, self.steps + one, self.steps);
        let next = solve_symmetric(&here.curvature, &here.slope);
        for f in 0..NF {
            let back = V::select(
                stuck,
                self.from[f],
                self.from[f] + halved * self.direction[f],
            );
            let stepped = self.z[f] + next[f];
            self.from[f] = V::select(goes_on, self.z[f], self.from[f]);
            self.direction[f] = V::select(goes_on, next[f], self.direction[f]);
            // Where it is done, one more step leaves round-off.
            self.z[f] = V::select(taken, stepped, back);
        }
        PassOutcome { over, settled }
    }

    /// Writes down the lanes that are over, and frees them.
    #[inline(always)]
    fn hand_over(&mut self, passed: &PassOutcome<V>, prepared: &mut [Prepared<V, NF>]) {
        let mut over = [0.0; MAX_LANES];
        passed.over.store(&mut over);
        for lane in 0..V::COUNT {
            self.passes[lane] += 1;
            let Some(pixel) = self.pixels[lane] else {
                continue;
            };
            if over[lane] == 0.0 && self.passes[lane] < PASSES {
                continue;
            }
            let found = &mut prepared[pixel / V::COUNT].found;
            let other = pixel % V::COUNT;
            for f in 0..NF {
                found.z[f][other] = lane_value(self.z[f], lane);
            }
            found.lambda[other] = lane_value(self.lambda, lane);
            found.steps[other] = lane_value(self.steps, lane);
            found.settled[other] = lane_value(passed.settled, lane) > 0.0;
            self.pixels[lane] = None;
        }
    }
}
