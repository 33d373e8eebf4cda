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
    to_report: Vec<f64>,
}

impl<const NF: usize> Table<NF> {
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let bins = dictionary.response.len();
        let at =
            |t: usize, f: usize| dictionary.response.get(t).and_then(|row| row.get(f)).copied().unwrap_or_default();
        let row =
            |f: usize| (0..bins.div_ceil(WIDE)).map(|block| std::array::from_fn(|i| at(WIDE * block + i, f))).collect();
        Self { bins, rows: std::array::from_fn(row), to_report: dictionary.to_report.clone() }
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
    /// `r[j][i]`: share of direction i in column j.
    r: [[f64; NF]; NF],
    /// Counts along the directions.
    c: [f64; NF],
}

impl<const NF: usize> Passive<NF> {
    #[inline(always)]
    fn new() -> Self {
        Self { count: 0, bins: [0; NF], x: [0.0; NF], q: [[0.0; NF]; NF], r: [[0.0; NF]; NF], c: [0.0; NF] }
    }

    /// Takes a column in; false, and nothing done, where it is a sum of the others. Gram & Schmidt, twice (Giraud et al. 2005: twice is enough).
    #[inline(always)]
    fn push(&mut self, bin: usize, column: &[f64; NF], g: &[f64; NF]) -> bool {
        let j = self.count;
        if j == NF {
            return false;
        }
        let mut rest = *column;
        let mut shares = [0.0; NF];
        for _ in 0..2 {
            for i in 0..j {
                let share = dot(&self.q[i], &rest);
                shares[i] += share;
                for f in 0..NF {
                    rest[f] -= share * self.q[i][f];
                }
            }
        }
        let length = dot(&rest, &rest).sqrt();
        if length <= DEPENDENT * dot(column, column).sqrt() {
            return false;
        }
        for f in 0..NF {
            rest[f] /= length;
        }
        shares[j] = length;
        self.bins[j] = bin;
        self.x[j] = 0.0;
        self.q[j] = rest;
        self.r[j] = shares;
        self.c[j] = dot(&rest, g);
        self.count += 1;
        true
    }

    /// Least squares in the columns.
    #[inline(always)]
    fn solved(&self) -> [f64; NF] {
        let mut x = self.c;
        for j in (0..self.count).rev() {
            x[j] /= self.r[j][j];
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
                rows[j][f] /= self.r[j][j];
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
    let mut slopes = vec![[0.0; WIDE]; table.bins.div_ceil(WIDE)];
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
        match solve(table, &pixel, &mut slopes) {
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

/// The active set, and the columns taken on the way; None where it does not end.
#[inline(always)]
fn solve<const NF: usize>(
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    slopes: &mut [[f64; WIDE]],
) -> Option<(Passive<NF>, u32)> {
    let mut passive = Passive::<NF>::new();
    let mut refused: [usize; NF] = [usize::MAX; NF];
    let mut refusals = 0;
    let mut least = None;
    let most = 3 * table.bins as u32 + 3;
    for steps in 0..most {
        let mut left = pixel.g;
        for i in 0..passive.count {
            for f in 0..NF {
                left[f] -= passive.c[i] * passive.q[i][f];
            }
        }
        slopes_of(table, pixel, &left, slopes);
        for i in 0..passive.count {
            let t = passive.bins[i];
            slopes[t / WIDE][t % WIDE] = f64::NEG_INFINITY;
        }
        for &t in &refused[..refusals] {
            slopes[t / WIDE][t % WIDE] = f64::NEG_INFINITY;
        }
        let (next, slope) = steepest(slopes);
        let least = *least.get_or_insert(SLOPE * slope.abs());
        if slope.is_nan() || slope <= least || next >= table.bins || refusals == NF {
            return Some((passive, steps));
        }
        let column = pixel.column(table, next);
        let entered = passive.push(next, &column, &pixel.g);
        let mut solved = passive.solved();
        if !entered || solved[passive.count - 1] <= 0.0 {
            // Round-off: it would not come in.
            passive.count -= usize::from(entered);
            refused[refusals] = next;
            refusals += 1;
            continue;
        }
        refusals = 0;
        while (0..passive.count).any(|j| solved[j] <= 0.0) {
            passive = without_negative(table, pixel, &passive, &solved);
            solved = passive.solved();
        }
        passive.x = solved;
    }
    None
}

/// As far towards `solved` as no bin becomes negative; without those that are zero then.
#[inline(always)]
fn without_negative<const NF: usize>(
    table: &Table<NF>,
    pixel: &Pixel<NF>,
    passive: &Passive<NF>,
    solved: &[f64; NF],
) -> Passive<NF> {
    let mut ratios = [f64::INFINITY; NF];
    let mut step = f64::INFINITY;
    for j in 0..passive.count {
        if solved[j] <= 0.0 {
            ratios[j] = passive.x[j] / (passive.x[j] - solved[j]);
            step = step.min(ratios[j]);
        }
    }
    let mut fewer = Passive::new();
    for j in 0..passive.count {
        if ratios[j] > step {
            let t = passive.bins[j];
            if fewer.push(t, &pixel.column(table, t), &pixel.g) {
                fewer.x[fewer.count - 1] = passive.x[j] + step * (solved[j] - passive.x[j]);
            }
        }
    }
    fewer
}

/// `Aᵀ r` of all bins.
#[inline(always)]
fn slopes_of<const NF: usize>(table: &Table<NF>, pixel: &Pixel<NF>, left: &[f64; NF], slopes: &mut [[f64; WIDE]]) {
    let mut factors = *left;
    for f in 0..NF {
        factors[f] *= pixel.inverse_sigma[f];
    }
    for (block, to) in slopes.iter_mut().enumerate() {
        let mut sums = [0.0; WIDE];
        for f in 0..NF {
            let row = &table.rows[f][block];
            for i in 0..WIDE {
                sums[i] += row[i] * factors[f];
            }
        }
        *to = sums;
    }
}

/// The largest slope, and where it is first.
#[inline(always)]
fn steepest(slopes: &[[f64; WIDE]]) -> (usize, f64) {
    let mut largest = [f64::NEG_INFINITY; WIDE];
    for block in slopes {
        for i in 0..WIDE {
            largest[i] = if block[i] > largest[i] { block[i] } else { largest[i] };
        }
    }
    let mut most = largest[0];
    for &x in &largest[1..] {
        most = if x > most { x } else { most };
    }
    for (block, row) in slopes.iter().enumerate() {
        for (i, &x) in row.iter().enumerate() {
            if x == most {
                return (WIDE * block + i, most);
            }
        }
    }
    (usize::MAX, most)
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
