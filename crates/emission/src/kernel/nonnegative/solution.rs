//! From an active set to emission, errors and a status, a pixel at a time.

use super::{
    super::{
        resolution::column_width,
        shared::Shared,
        vectors::{MAX_LANES, Vector},
    },
    lane::Lane,
    table::ResponseTable,
    triangle::{Numbers, Triangle},
};
use crate::{
    Outputs, PixelStatus,
    lanes::{Lanes, array::Array},
    map::Slab,
    quirks::missing_number,
    status::Signs,
};

/// Numbers of the pixel of a lane.
#[inline(always)]
pub(super) fn write_pixel<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    table: &ResponseTable<NF>,
    triangle: &Triangle<V, NF>,
    found: &Lane<NF>,
    lane: usize,
    [x, g, inverse_sigma]: [&Numbers<NF>; 3],
    slab: &mut Slab<'_, f64>,
) {
    let n = shared.channels;
    let bins = table.response.len();
    let i = found.pixel;
    let x = of_lane(x, lane);
    let counts = of_lane(g, lane);
    let scales = of_lane(inverse_sigma, lane);
    let emission = &mut slab.emission[i * bins..][..bins];
    emission.fill(0.0);
    for j in 0..found.count {
        emission[found.bins[j]] = x[j] * table.to_report[found.bins[j]];
    }
    let mut synthetic = [0.0; NF];
    for j in 0..found.count {
        for f in 0..NF {
            synthetic[f] += table.response[found.bins[j]][f] * x[j];
        }
    }
    let mut chi_squared = 0.0;
    for f in 0..n {
        let residual = counts[f] - synthetic[f] * scales[f];
        chi_squared += residual * residual;
    }
    chi_squared /= n as f64 - f64::from(found.dropped.count_ones());
    if !chi_squared.is_finite() {
        return slab.reject_pixel(i, PixelStatus::OutOfRange, missing_number(shared.inversion));
    }
    slab.synthetic[i * n..][..n].copy_from_slice(&synthetic[..n]);
    slab.chi_squared[i] = chi_squared;
    slab.lambda[i] = 0.0;
    slab.iterations[i] = found.steps;
    slab.dropped[i] = found.dropped;
    slab.status[i] = PixelStatus::from_result(
        shared.inversion,
        Signs::Positive,
        found.dropped,
        chi_squared,
    );
    if shared.inversion.outputs != Outputs::NONE {
        write_errors(
            shared,
            table,
            &pseudo_inverse(triangle, found.count, lane),
            found,
            &scales,
            slab,
        );
    }
}

/// Errors of least squares in the bins that are above zero.
#[inline(always)]
fn write_errors<const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    table: &ResponseTable<NF>,
    inverse: &[[f64; NF]; NF],
    found: &Lane<NF>,
    scales: &[f64; NF],
    slab: &mut Slab<'_, f64>,
) {
    let bins = table.response.len();
    let i = found.pixel;
    let outputs = shared.inversion.outputs;
    if outputs.uncertainty {
        let row = &mut slab.uncertainty[i * bins..][..bins];
        row.fill(0.0);
        for j in 0..found.count {
            row[found.bins[j]] =
                dot_channels(&inverse[j], &inverse[j]).sqrt() * table.to_report[found.bins[j]];
        }
    }
    if !outputs.log_t_resolution && !outputs.averaging_kernel {
        return;
    }
    let mut column = vec![0.0; bins];
    for k in 0..bins {
        let mut seen = *scales;
        for f in 0..NF {
            seen[f] *= table.response[k][f];
        }
        for j in 0..found.count {
            column[found.bins[j]] = dot_channels(&inverse[j], &seen);
        }
        if outputs.log_t_resolution {
            slab.log_t_resolution[i * bins + k] = column_resolution(shared, k, &column);
        }
        if outputs.averaging_kernel {
            for (t, &value) in column.iter().enumerate() {
                slab.averaging_kernel[(i * bins + t) * bins + k] = value;
            }
        }
    }
}

/// `A⁺` of the columns of a lane: a row a column.
#[inline(always)]
fn pseudo_inverse<V: Lanes<Scalar = f64>, const NF: usize>(
    triangle: &Triangle<V, NF>,
    count: usize,
    lane: usize,
) -> [[f64; NF]; NF] {
    let mut rows = [[0.0; NF]; NF];
    for j in 0..count {
        rows[j] = of_lane(&store_lanes(&triangle.q[j]), lane);
    }
    for j in (0..count).rev() {
        let shares = of_lane(&store_lanes(&triangle.r[j]), lane);
        for f in 0..NF {
            rows[j][f] *= shares[j];
        }
        for i in 0..j {
            for f in 0..NF {
                rows[i][f] -= shares[i] * rows[j][f];
            }
        }
    }
    rows
}

/// Width of a column of the averaging kernel, as [`super::super::resolution`] has it.
#[inline(always)]
fn column_resolution<const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    k: usize,
    column: &[f64],
) -> f64 {
    let column: Vec<Array<f64, 1>> = column.iter().map(|&x| Array::one(x)).collect();
    let largest = column.iter().fold(f64::NEG_INFINITY, |most, x| {
        if x.only() > most { x.only() } else { most }
    });
    column_width(shared, k, &column, Array::one(largest * 0.5)).only()
}

/// The numbers of a lane.
#[inline(always)]
fn of_lane<const NF: usize>(from: &Numbers<NF>, lane: usize) -> [f64; NF] {
    let mut numbers = [0.0; NF];
    for f in 0..NF {
        numbers[f] = from[f][lane % MAX_LANES];
    }
    numbers
}

/// The numbers of all lanes.
#[inline(always)]
fn store_lanes<V: Lanes<Scalar = f64>, const NF: usize>(from: &Vector<V, NF>) -> Numbers<NF> {
    let mut numbers = [[0.0; MAX_LANES]; NF];
    for f in 0..NF {
        from[f].store(&mut numbers[f]);
    }
    numbers
}

#[inline(always)]
fn dot_channels<const NF: usize>(a: &[f64; NF], b: &[f64; NF]) -> f64 {
    let mut sum = 0.0;
    for f in 0..NF {
        sum += a[f] * b[f];
    }
    sum
}
