//! The search for the active set: pixels one after the other through the lanes.

use super::{
    super::{
        shared::{Rows, Shared},
        vectors::{MAX_LANES, Vector},
    },
    lane::{Lane, LaneState},
    solution::write_pixel,
    table::ResponseTable,
    triangle::{Columns, Numbers, Triangle},
};
use crate::{
    PixelStatus, lanes::Lanes, map::Slab, method::SLOPE, quirks::missing_number,
    screen::screen_pixel,
};
use std::marker::PhantomData;

/// How far lanes have gone towards a solution.
struct Approach<const NF: usize> {
    /// Step at which a slot is zero, `[slot][lane]`: infinite if it never is, −∞ if there is no
    /// column or it did not come in.
    ratios: Numbers<NF>,
    /// The least of these that is a step; infinite if the solution is not negative.
    step: [f64; MAX_LANES],
    /// Columns that came in.
    there: [f64; MAX_LANES],
}

impl<const NF: usize> Approach<NF> {
    /// Whether a column that was zero did not come in, or would be negative: round-off, as its
    /// slope was above zero.
    #[inline(always)]
    fn is_refused(&self, lane: usize, slot: usize) -> bool {
        let ratio = self.ratios[slot][lane];
        ratio.is_nan() || ratio <= 0.0
    }

    /// Whether some of the columns are to be left out.
    #[inline(always)]
    fn is_short(&self, lane: usize, count: usize) -> bool {
        self.step[lane] < f64::INFINITY || (self.there[lane] as usize) < count
    }
}

/// The lanes.
struct ActiveSetSearch<'a, V, const NF: usize> {
    table: &'a ResponseTable<NF>,
    /// Counts over their errors and one over these, `[channel][lane]`; zero if a channel is not
    /// there.
    g: Numbers<NF>,
    inverse_sigma: Numbers<NF>,
    columns: Columns<NF>,
    /// The solution, `[slot][lane]`.
    x: Numbers<NF>,
    /// Added to the slopes, `[bin × lanes]`: nothing, or −∞ if a bin is not to be taken.
    barred: Vec<f64>,
    lanes: [Lane<NF>; MAX_LANES],
    /// How many lanes there are, and of which kind.
    kind: PhantomData<V>,
}

/// Inverts the pixels of a slab.
#[inline(always)]
pub(crate) fn invert_slab<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    table: &ResponseTable<NF>,
    rows: Rows<'_, f64>,
    mut slab: Slab<'_, f64>,
) {
    let mut searching = ActiveSetSearch::<V, NF>::new(table);
    let mut triangle = Triangle::new();
    let mut next = 0;
    loop {
        for lane in 0..V::COUNT {
            while searching.lanes[lane].waits == LaneState::Pixel && next < slab.pixel_count() {
                searching.begin_pixel(shared, rows, &mut slab, lane, next);
                next += 1;
            }
        }
        if searching
            .lanes
            .iter()
            .all(|lane| lane.waits == LaneState::Pixel)
        {
            return;
        }
        triangle.decompose_columns(&searching.columns, &searching.g);
        searching.settle_lanes(&triangle);
        let (bins, slopes) = searching.steepest_bins(&triangle.left);
        for lane in 0..V::COUNT {
            if searching.lanes[lane].waits == LaneState::Slopes {
                searching.choose_bin(shared, &mut slab, &triangle, lane, bins[lane], slopes[lane]);
            }
        }
    }
}

impl<'a, V: Lanes<Scalar = f64>, const NF: usize> ActiveSetSearch<'a, V, NF> {
    /// Lanes without a pixel, whose numbers are harmless.
    #[inline(always)]
    fn new(table: &'a ResponseTable<NF>) -> Self {
        let idle = Lane {
            waits: LaneState::Pixel,
            pixel: 0,
            dropped: 0,
            count: 0,
            bins: [0; NF],
            refused: [0; NF],
            refusals: 0,
            least: None,
            steps: 0,
        };
        Self {
            table,
            g: [[0.0; MAX_LANES]; NF],
            inverse_sigma: [[0.0; MAX_LANES]; NF],
            columns: [[[0.0; MAX_LANES]; NF]; NF],
            x: [[0.0; MAX_LANES]; NF],
            barred: vec![0.0; table.response.len() * V::COUNT],
            lanes: [idle; MAX_LANES],
            kind: PhantomData,
        }
    }

    /// Begins a pixel, unless it has no result.
    #[inline(always)]
    fn begin_pixel(
        &mut self,
        shared: &Shared<'_, f64, NF>,
        rows: Rows<'_, f64>,
        slab: &mut Slab<'_, f64>,
        lane: usize,
        pixel: usize,
    ) {
        let n = shared.channels;
        let counts = &rows.counts[pixel * n..][..n];
        let sigma = &rows.sigma[pixel * n..][..n];
        let screened = screen_pixel(shared.inversion, counts, sigma);
        slab.saturated[pixel] = screened.saturated;
        let dropped = match screened.verdict {
            Ok(dropped) => dropped,
            Err(status) => {
                return slab.reject_pixel(pixel, status, missing_number(shared.inversion));
            }
        };
        for f in 0..n {
            let there = dropped & (1 << f) == 0;
            self.g[f][lane] = if there { counts[f] / sigma[f] } else { 0.0 };
            self.inverse_sigma[f][lane] = if there { 1.0 / sigma[f] } else { 0.0 };
        }
        for j in 0..NF {
            self.empty_slot(lane, j);
        }
        self.barred
            .iter_mut()
            .skip(lane)
            .step_by(V::COUNT)
            .for_each(|barred| *barred = 0.0);
        let fresh = Lane {
            waits: LaneState::Slopes,
            pixel,
            dropped,
            count: 0,
            refusals: 0,
            least: None,
            steps: 0,
            ..self.lanes[lane]
        };
        self.lanes[lane] = fresh;
    }

    /// Takes the step of each lane after its columns were solved. Lanes take the solution; if it is
    /// negative, they go as far towards it as no bin becomes negative, and leave out those that are
    /// zero then.
    #[inline(always)]
    fn settle_lanes(&mut self, triangle: &Triangle<V, NF>) {
        let approached = self.approach_solution(triangle);
        for lane in 0..V::COUNT {
            let here = &mut self.lanes[lane];
            match here.waits {
                LaneState::Pixel | LaneState::Slopes => continue,
                LaneState::Column if approached.is_refused(lane, here.count - 1) => {
                    self.refuse_last(lane);
                    continue;
                }
                LaneState::Column => {
                    let again = std::mem::take(&mut here.refusals);
                    for i in 0..again {
                        self.bar_bin(lane, self.lanes[lane].refused[i], false);
                    }
                }
                LaneState::Fewer => {}
            }
            self.lanes[lane].waits = LaneState::Slopes;
            if approached.is_short(lane, self.lanes[lane].count) {
                self.lanes[lane].waits = LaneState::Fewer;
                self.keep_columns(lane, &approached);
            }
        }
    }

    /// Goes towards the solution, in all lanes.
    #[inline(always)]
    fn approach_solution(&mut self, triangle: &Triangle<V, NF>) -> Approach<NF> {
        let zero = V::constant(0.0);
        let one = V::constant(1.0);
        let infinity = V::constant(f64::INFINITY);
        let solved = triangle.solve_columns();
        let mut approached = Approach::<NF> {
            ratios: [[0.0; MAX_LANES]; NF],
            step: [0.0; MAX_LANES],
            there: [0.0; MAX_LANES],
        };
        let mut step = infinity;
        let mut there = zero;
        for j in 0..NF {
            let x = V::load(&self.x[j]);
            let occupied = zero.less_than(triangle.r[j][j]);
            let negative = V::both_masks(occupied, solved[j].at_most(zero));
            let ratio = V::select(negative, x / (x - solved[j]), infinity);
            step = V::select(ratio.less_than(step), ratio, step);
            there = there + V::select(occupied, one, zero);
            V::select(occupied, ratio, zero - infinity).store(&mut approached.ratios[j]);
        }
        let whole = infinity.at_most(step);
        for j in 0..NF {
            let x = V::load(&self.x[j]);
            V::select(whole, solved[j], x + step * (solved[j] - x)).store(&mut self.x[j]);
        }
        step.store(&mut approached.step);
        there.store(&mut approached.there);
        approached
    }

    /// The last column does not come in. That leaves the solution as it was.
    #[inline(always)]
    fn refuse_last(&mut self, lane: usize) {
        let here = &mut self.lanes[lane];
        here.count -= 1;
        here.refused[here.refusals] = here.bins[here.count];
        here.refusals += 1;
        here.waits = LaneState::Fewer;
        let slot = here.count;
        self.empty_slot(lane, slot);
    }

    /// Keeps the columns that are farther from zero than the step has led.
    #[inline(always)]
    fn keep_columns(&mut self, lane: usize, approached: &Approach<NF>) {
        let count = self.lanes[lane].count;
        let step = approached.step[lane].min(f64::MAX);
        let mut kept = 0;
        for j in 0..count {
            let bin = self.lanes[lane].bins[j];
            if approached.ratios[j][lane] > step {
                self.lanes[lane].bins[kept] = bin;
                self.x[kept][lane] = self.x[j][lane];
                for f in 0..NF {
                    self.columns[kept][f][lane] = self.columns[j][f][lane];
                }
                kept += 1;
            } else {
                self.bar_bin(lane, bin, false);
            }
        }
        for j in kept..count {
            self.empty_slot(lane, j);
        }
        self.lanes[lane].count = kept;
    }

    /// Empties a slot.
    #[inline(always)]
    fn empty_slot(&mut self, lane: usize, slot: usize) {
        for f in 0..NF {
            self.columns[slot][f][lane] = 0.0;
        }
    }

    /// Whether a bin is not to be taken.
    #[inline(always)]
    fn bar_bin(&mut self, lane: usize, bin: usize, barred: bool) {
        self.barred[bin * V::COUNT + lane] = if barred { f64::NEG_INFINITY } else { 0.0 };
    }

    /// The largest of `Aᵀ r`, scaled, among the bins that are not barred, and where it is first, a
    /// lane.
    #[inline(always)]
    fn steepest_bins(&self, left: &Vector<V, NF>) -> ([usize; MAX_LANES], [f64; MAX_LANES]) {
        let one = V::constant(1.0);
        let mut here = V::constant(0.0);
        let mut most = V::constant(f64::NEG_INFINITY);
        let mut at = here;
        let mut factors = *left;
        for f in 0..NF {
            factors[f] = factors[f] * V::load(&self.inverse_sigma[f]);
        }
        let bins = self.table.response.iter().zip(&self.table.scales);
        for ((row, &scale), barred) in bins.zip(self.barred.chunks_exact(V::COUNT)) {
            let mut sum = V::load(barred);
            for f in 0..NF {
                sum = sum + V::splat(row[f]) * factors[f];
            }
            sum = sum * V::splat(scale);
            let better = most.less_than(sum);
            most = V::select(better, sum, most);
            at = V::select(better, here, at);
            here = here + one;
        }
        let mut bins = [0.0; MAX_LANES];
        let mut slopes = [0.0; MAX_LANES];
        at.store(&mut bins);
        most.store(&mut slopes);
        (bins.map(|bin| bin as usize), slopes)
    }

    /// Tries the steepest bin, or ends the search.
    #[inline(always)]
    fn choose_bin(
        &mut self,
        shared: &Shared<'_, f64, NF>,
        slab: &mut Slab<'_, f64>,
        triangle: &Triangle<V, NF>,
        lane: usize,
        bin: usize,
        slope: f64,
    ) {
        let here = &mut self.lanes[lane];
        if here.steps == 3 * self.table.response.len() as u32 + 3 {
            here.waits = LaneState::Pixel;
            return slab.reject_pixel(
                here.pixel,
                PixelStatus::OutOfRange,
                missing_number(shared.inversion),
            );
        }
        let least = *here.least.get_or_insert(SLOPE * slope.abs());
        let channels = shared.channels - here.dropped.count_ones() as usize;
        if slope.is_nan() || slope <= least || here.count == channels || here.refusals == NF {
            here.waits = LaneState::Pixel;
            let here = *here;
            let numbers = [&self.x, &self.g, &self.inverse_sigma];
            return write_pixel(shared, self.table, triangle, &here, lane, numbers, slab);
        }
        here.steps += 1;
        let slot = here.count;
        here.bins[slot] = bin;
        self.x[slot][lane] = 0.0;
        here.count += 1;
        here.waits = LaneState::Column;
        for f in 0..NF {
            self.columns[slot][f][lane] = self.table.response[bin][f] * self.inverse_sigma[f][lane];
        }
        self.bar_bin(lane, bin, true);
    }
}
