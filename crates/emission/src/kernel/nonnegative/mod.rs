//! [`crate::Method::NonNegative`], one pixel at a time: the active set of Lawson & Hanson with a triangle that grows and shrinks with it.
//!
//! Pixels take different numbers of steps through different bins, so lanes would wait for each other and gather columns one by one. What takes the time,
//! the slopes of all bins, is a product that runs along the bins instead.

use super::{Rows, Shared};
use crate::{
    Status,
    backend::{Signs, missing_number},
    dictionary::Dictionary,
    map::Slab,
    method::SLOPE,
    screen::screen,
};

/// Bins side by side.
const WIDE: usize = 8;

/// A column this much shorter after what others see is taken away is one of them.
const DEPENDENT: f64 = 1e-10;

/// Response by channels: bins next to each other, filled up with zeros.
#[derive(Debug)]
pub(crate) struct Table<const NF: usize> {
    bins: usize,
    rows: [Vec<[f64; WIDE]>; NF],
    /// By what slopes are compared: one over the length of a bin's column, channels in units of their largest response. Steep bins that are seen well by
    /// everything would be taken first, only to be given up again.
    scales: Vec<[f64; WIDE]>,
    to_report: Vec<f64>,
}

impl<const NF: usize> Table<NF> {
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let bins = dictionary.response.len();
        let at =
            |t: usize, f: usize| dictionary.response.get(t).and_then(|row| row.get(f)).copied().unwrap_or_default();
        let row =
            |f: usize| (0..bins.div_ceil(WIDE)).map(|block| std::array::from_fn(|i| at(WIDE * block + i, f))).collect();
        let largest: [f64; NF] = std::array::from_fn(|f| (0..bins).map(|t| at(t, f)).fold(f64::MIN_POSITIVE, f64::max));
        let squared = |t: usize| largest.iter().enumerate().map(|(f, most)| (at(t, f) / most).powi(2)).sum::<f64>();
        let scale = |t: usize| if t < bins { 1.0 / squared(t).sqrt() } else { 1.0 };
        let scales = (0..bins.div_ceil(WIDE)).map(|block| std::array::from_fn(|i| scale(WIDE * block + i))).collect();
        Self { bins, rows: std::array::from_fn(row), scales, to_report: dictionary.to_report.clone() }
    }

    #[inline(always)]
    fn at(&self, t: usize, f: usize) -> f64 {
        self.rows[f][t / WIDE][t % WIDE]
    }
}

/// The bins that are not zero: an orthogonal basis of their columns, and the triangle that makes the columns of it.
struct Passive<const NF: usize> {
    count: usize,
    bins: [usize; NF],
    x: [f64; NF],
    q: [[f64; NF]; NF],
    /// `r[j][i]`: share of direction i in column j; the inverse of the diagonal.
    r: [[f64; NF]; NF],
    /// Counts along the directions.
    c: [f64; NF],
    /// Counts that are left.
    left: [f64; NF],
}

impl<const NF: usize> Passive<NF> {
    #[inline(always)]
    fn new(g: [f64; NF]) -> Self {
        Self { count: 0, bins: [0; NF], x: [0.0; NF], q: [[0.0; NF]; NF], r: [[0.0; NF]; NF], c: [0.0; NF], left: g }
    }

    /// Takes a column in; false, and nothing done, where it is a sum of the others or would be negative. Gram & Schmidt, twice (Giraud et al. 2005: twice
    /// is enough); the shares of a pass do not wait for each other.
    #[inline(always)]
    fn push(&mut self, bin: usize, column: &[f64; NF]) -> bool {
        let j = self.count;
        if j == NF {
            return false;
        }
        let mut rest = *column;
        let mut shares = [0.0; NF];
        for _ in 0..2 {
            let before = rest;
            for i in 0..j {
                let share = dot(&self.q[i], &before);
                shares[i] += share;
                for f in 0..NF {
                    rest[f] -= share * self.q[i][f];
                }
            }
        }
        let squared = dot(&rest, &rest);
        let along = dot(&rest, &self.left);
        if squared <= DEPENDENT * DEPENDENT * dot(column, column) || along <= 0.0 {
            return false;
        }
        let inverse = 1.0 / squared.sqrt();
        let c = along * inverse;
        for f in 0..NF {
            rest[f] *= inverse;
            self.left[f] -= c * rest[f];
        }
        shares[j] = inverse;
        self.bins[j] = bin;
        self.x[j] = 0.0;
        self.q[j] = rest;
        self.r[j] = shares;
        self.c[j] = c;
        self.count += 1;
        true
    }

    /// Only the first `count` columns.
    #[inline(always)]
    fn truncate(&mut self, count: usize, g: &[f64; NF]) {
        self.count = count;
        self.left = *g;
        for i in 0..count {
            for f in 0..NF {
                self.left[f] -= self.c[i] * self.q[i][f];
            }
        }
    }

    /// Least squares in the columns.
    #[inline(always)]
    fn solved(&self) -> [f64; NF] {
        let mut x = self.c;
        for j in (0..self.count).rev() {
            x[j] *= self.r[j][j];
            for i in 0..j {
                x[i] -= self.r[j][i] * x[j];
            }
        }
        x
    }

    /// `A⁺`: a row a column.
    #[inline(always)]
    fn pseudo_inverse(&self) -> [[f64; NF]; NF] {
        let mut rows = self.q;
        for j in (0..self.count).rev() {
            for f in 0..NF {
                rows[j][f] *= self.r[j][j];
            }
            for i in 0..j {
                for f in 0..NF {
                    rows[i][f] -= self.r[j][i] * rows[j][f];
                }
            }
        }
        rows
    }
}

/// A pixel in units of its errors.
struct Pixel<const NF: usize> {
    g: [f64; NF],
    inverse_sigma: [f64; NF],
}

impl<const NF: usize> Pixel<NF> {
    #[inline(always)]
    fn column(&self, table: &Table<NF>, t: usize) -> [f64; NF] {
        let mut column = self.inverse_sigma;
        for f in 0..NF {
            column[f] *= table.at(t, f);
        }
        column
    }
}

/// Inverts the pixels of a slab.
#[inline(always)]
pub(crate) fn invert_slab<const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    table: &Table<NF>,
    rows: Rows<'_, f64>,
    mut slab: Slab<'_, f64>,
) {
    let n = shared.channels;
    let missing = missing_number(shared.inversion);
    let mut barred = barred(table.bins);
    for i in 0..slab.pixels() {
        let (counts, sigma) = (&rows.counts[i * n..][..n], &rows.sigma[i * n..][..n]);
        let screened = screen(shared.inversion, counts, sigma);
        slab.saturated[i] = screened.saturated;
        let dropped = match screened.verdict {
            Ok(dropped) => dropped,
            Err(status) => {
                slab.reject(i, status, missing);
                continue;
            }
        };
        let mut pixel = Pixel { g: [0.0; NF], inverse_sigma: [0.0; NF] };
        for f in 0..n {
            if dropped & (1 << f) == 0 {
                pixel.inverse_sigma[f] = 1.0 / sigma[f];
                pixel.g[f] = counts[f] / sigma[f];
            }
        }
        match solve(table, &pixel, &mut barred) {
            Some((passive, steps)) => {
                let used = n as f64 - f64::from(dropped.count_ones());
                write(shared, table, &pixel, &passive, &mut slab, i, used);
                slab.iterations[i] = steps;
                slab.dropped[i] = dropped;
                let chi_squared = slab.chi_squared[i];
                slab.status[i] = Status::of_result(shared.inversion, Signs::Positive, dropped, chi_squared);
                if !chi_squared.is_finite() {
                    slab.reject(i, Status::OutOfRange, missing);
                }
            }
            None => slab.reject(i, Status::OutOfRange, missing),
        }
    }
}

/// What is added to the slopes: nothing, or −∞ where a bin is not to be taken, as those beyond the last.
fn barred(bins: usize) -> Vec<[f64; WIDE]> {
    let at = |t: usize| if t < bins { 0.0 } else { f64::NEG_INFINITY };
    (0..bins.div_ceil(WIDE)).map(|block| std::array::from_fn(|i| at(WIDE * block + i))).collect()
}

/// The active set, and the columns taken on the way; None where it does not end. `barred` is left as it was.
#[inline(always)]
fn solve<const NF: usize>(
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    barred: &mut [[f64; WIDE]],
) -> Option<(Passive<NF>, u32)> {
    let mut passive = Passive::<NF>::new(pixel.g);
    let mut refused: [usize; NF] = [0; NF];
    let mut refusals = 0;
    let mut least = None;
    let mut found = None;
    for steps in 0..3 * table.bins as u32 + 3 {
        let (next, slope) = steepest(table, pixel, &passive.left, barred);
        let least = *least.get_or_insert(SLOPE * slope.abs());
        if slope.is_nan() || slope <= least || refusals == NF {
            found = Some(steps);
            break;
        }
        barred[next / WIDE][next % WIDE] = f64::NEG_INFINITY;
        if !passive.push(next, &pixel.column(table, next)) {
            // Round-off: it would not come in.
            refused[refusals] = next;
            refusals += 1;
            continue;
        }
        for &t in &refused[..refusals] {
            barred[t / WIDE][t % WIDE] = 0.0;
        }
        refusals = 0;
        let mut solved = passive.solved();
        while (0..passive.count).any(|j| solved[j] <= 0.0) {
            without_negative(table, pixel, &mut passive, &solved, barred);
            solved = passive.solved();
        }
        passive.x = solved;
    }
    for &t in passive.bins[..passive.count].iter().chain(&refused[..refusals]) {
        barred[t / WIDE][t % WIDE] = 0.0;
    }
    found.map(|steps| (passive, steps))
}

/// As far towards `solved` as no bin becomes negative; without those that are zero then.
#[inline(always)]
fn without_negative<const NF: usize>(
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    passive: &mut Passive<NF>,
    solved: &[f64; NF],
    barred: &mut [[f64; WIDE]],
) {
    let mut ratios = [f64::INFINITY; NF];
    let mut step = f64::INFINITY;
    for j in 0..passive.count {
        if solved[j] <= 0.0 {
            ratios[j] = passive.x[j] / (passive.x[j] - solved[j]);
            step = if ratios[j] < step { ratios[j] } else { step };
        }
    }
    let (bins, x, count) = (passive.bins, passive.x, passive.count);
    let mut kept = 0;
    while kept < count && ratios[kept] > step {
        passive.x[kept] = x[kept] + step * (solved[kept] - x[kept]);
        kept += 1;
    }
    passive.truncate(kept, &pixel.g);
    for j in kept..count {
        let t = bins[j];
        if ratios[j] > step && passive.push(t, &pixel.column(table, t)) {
            passive.x[passive.count - 1] = x[j] + step * (solved[j] - x[j]);
        } else {
            barred[t / WIDE][t % WIDE] = 0.0;
        }
    }
}

/// The largest of `Aᵀ r`, scaled, among the bins that are not barred, and where it is first.
#[inline(always)]
fn steepest<const NF: usize>(
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    left: &[f64; NF],
    barred: &[[f64; WIDE]],
) -> (usize, f64) {
    let mut factors = *left;
    for f in 0..NF {
        factors[f] *= pixel.inverse_sigma[f];
    }
    let (mut most, mut at, mut here) = ([f64::NEG_INFINITY; WIDE], [0.0; WIDE], 0.0);
    for (block, (barred, scales)) in barred.iter().zip(&table.scales).enumerate() {
        let mut sums = *barred;
        for f in 0..NF {
            let row = &table.rows[f][block];
            for i in 0..WIDE {
                sums[i] += row[i] * factors[f];
            }
        }
        for i in 0..WIDE {
            sums[i] *= scales[i];
            let better = sums[i] > most[i];
            most[i] = if better { sums[i] } else { most[i] };
            at[i] = if better { here } else { at[i] };
        }
        here += 1.0;
    }
    let (mut best, mut slope) = (WIDE * at[0] as usize, most[0]);
    for i in 1..WIDE {
        let t = WIDE * at[i] as usize + i;
        if most[i] > slope || (most[i] == slope && t < best) {
            (best, slope) = (t, most[i]);
        }
    }
    (best, slope)
}

/// Numbers of a pixel.
#[inline(always)]
fn write<const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    passive: &Passive<NF>,
    slab: &mut Slab<'_, f64>,
    i: usize,
    used: f64,
) {
    let (n, bins, outputs) = (shared.channels, table.bins, shared.inversion.outputs);
    let emission = &mut slab.emission[i * bins..][..bins];
    emission.fill(0.0);
    for j in 0..passive.count {
        emission[passive.bins[j]] = passive.x[j] * table.to_report[passive.bins[j]];
    }
    let mut chi_squared = 0.0;
    for f in 0..n {
        let mut synthetic = 0.0;
        for j in 0..passive.count {
            synthetic += table.at(passive.bins[j], f) * passive.x[j];
        }
        slab.synthetic[i * n + f] = synthetic;
        let residual = pixel.g[f] - synthetic * pixel.inverse_sigma[f];
        chi_squared += residual * residual;
    }
    slab.chi_squared[i] = chi_squared / used;
    slab.lambda[i] = 0.0;
    if outputs == crate::Outputs::NONE {
        return;
    }
    let inverse = passive.pseudo_inverse();
    if outputs.uncertainty {
        let row = &mut slab.uncertainty[i * bins..][..bins];
        row.fill(0.0);
        for j in 0..passive.count {
            row[passive.bins[j]] = dot(&inverse[j], &inverse[j]).sqrt() * table.to_report[passive.bins[j]];
        }
    }
    if outputs.log_t_resolution || outputs.averaging_kernel {
        let mut column = vec![0.0; bins];
        for k in 0..bins {
            let seen = pixel.column(table, k);
            for j in 0..passive.count {
                column[passive.bins[j]] = dot(&inverse[j], &seen);
            }
            if outputs.log_t_resolution {
                slab.log_t_resolution[i * bins + k] = resolution(shared, k, &column);
            }
            if outputs.averaging_kernel {
                for (t, &value) in column.iter().enumerate() {
                    slab.averaging_kernel[(i * bins + t) * bins + k] = value;
                }
            }
        }
    }
}

/// Width of a column of the averaging kernel, as [`super::resolution`] has it.
#[inline(always)]
fn resolution<const NF: usize>(shared: &Shared<'_, f64, NF>, k: usize, column: &[f64]) -> f64 {
    use crate::lanes::array::Array;
    let column: Vec<Array<f64, 1>> = column.iter().map(|&x| Array::one(x)).collect();
    let largest = column.iter().fold(f64::NEG_INFINITY, |most, x| if x.only() > most { x.only() } else { most });
    super::resolution::width(shared, k, &column, Array::one(largest * 0.5)).only()
}

#[inline(always)]
fn dot<const NF: usize>(a: &[f64; NF], b: &[f64; NF]) -> f64 {
    let mut sum = 0.0;
    for f in 0..NF {
        sum += a[f] * b[f];
    }
    sum
}
