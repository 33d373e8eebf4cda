//! From the dual to emission, errors and statuses, a group of lanes at a time.

use super::{
    super::{
        group::LaneGroup,
        resolution::column_width,
        rows::{write_column, write_rows},
        scratch::Scratch,
        shared::Shared,
        vectors::{MAX_LANES, Matrix, Vector},
    },
    atoms::Atoms,
    dual::slope_along,
    found::Found,
    linear::{cholesky_triangle, solve_triangles},
    prepared::Prepared,
};
use crate::{Outputs, PixelStatus, lanes::Lanes, map::Slab, quirks::missing_number, status::Signs};

/// Emission, errors and statuses of the pixels.
#[inline(always)]
pub(super) fn write_solution<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    atoms: &Atoms<NF>,
    prepared: &Prepared<V, NF>,
    l: &[f64],
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let zero = V::constant(0.0);
    let Prepared { group, found, .. } = prepared;
    let s = &group.inverse_sigma;
    let bins = atoms.response.len();
    let mut seen = [zero; NF];
    for f in 0..NF {
        seen[f] = s[f] * V::load(&found.z[f]);
    }
    scratch.a.fill(zero);
    for ((column, (from, profile)), l) in atoms
        .columns
        .iter()
        .zip(&atoms.profiles)
        .zip(l.chunks_exact(V::COUNT))
    {
        let along = slope_along(column, &seen);
        let used = zero.less_than(along);
        if !V::any_lane(used) {
            continue;
        }
        let weight = V::select(used, V::load(l) * along, zero);
        for (i, &share) in profile.iter().enumerate() {
            scratch.a[from + i] = scratch.a[from + i] + weight * V::splat(share);
        }
    }
    let mut synthetic = [zero; NF];
    for t in 0..bins {
        let x = scratch.a[t];
        for f in 0..NF {
            synthetic[f] = synthetic[f] + V::splat(atoms.response[t][f]) * x;
        }
        scratch.a[t] = x * V::splat(atoms.to_report[t]);
    }
    write_rows(&scratch.a, slab.emission, slab.status.len(), first);
    let mut chi_squared = zero;
    for f in 0..NF {
        let residual = (group.counts[f] - synthetic[f]) * s[f];
        chi_squared = chi_squared + residual * residual;
    }
    chi_squared = chi_squared / group.channels;
    write_errors(shared, atoms, prepared, l, scratch, slab, first);
    write_pixels(shared, group, found, chi_squared, &synthetic, slab, first);
}

/// Linear errors at this λ, with all atoms in use.
#[inline(always)]
fn write_errors<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    atoms: &Atoms<NF>,
    prepared: &Prepared<V, NF>,
    l: &[f64],
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let outputs = shared.inversion.outputs;
    if outputs == Outputs::NONE {
        return;
    }
    let s = &prepared.group.inverse_sigma;
    let lambda = V::load(&prepared.found.lambda);
    let gram = gather_reached(atoms, s, l, &mut scratch.x);
    solve_bins(atoms, &damped_gram(gram, s, lambda), scratch);
    if outputs.uncertainty {
        write_rows(&scratch.a, slab.uncertainty, slab.status.len(), first);
    }
    if !outputs.log_t_resolution && !outputs.averaging_kernel {
        return;
    }
    for k in 0..atoms.response.len() {
        let largest = averaging_column(atoms, s, k, &scratch.x, &mut scratch.a);
        if outputs.log_t_resolution {
            scratch.b[k] = column_width(shared, k, &scratch.a, largest * V::constant(0.5));
        }
        if outputs.averaging_kernel {
            let pixels = slab.status.len();
            write_column(&scratch.a, k, slab.averaging_kernel, pixels, first);
        }
    }
    if outputs.log_t_resolution {
        write_rows(&scratch.b, slab.log_t_resolution, slab.status.len(), first);
    }
}

/// Columns of the atoms that reach each bin, weighted by how much they may be used there, into
/// `reached`; returns the lower triangle of `Σ l a cᵀ`, in units of the errors along its rows.
#[inline(always)]
fn gather_reached<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    s: &Vector<V, NF>,
    l: &[f64],
    reached: &mut [Vector<V, NF>],
) -> Matrix<V, NF> {
    let zero = V::constant(0.0);
    reached.fill([zero; NF]);
    let mut gram = [[zero; NF]; NF];
    for ((column, (from, profile)), l) in atoms
        .columns
        .iter()
        .zip(&atoms.profiles)
        .zip(l.chunks_exact(V::COUNT))
    {
        let l = V::load(l);
        let mut here = [zero; NF];
        for f in 0..NF {
            here[f] = l * V::splat(column[f]) * s[f];
            for h in 0..=f {
                gram[f][h] = gram[f][h] + here[f] * V::splat(column[h]);
            }
        }
        for (i, &share) in profile.iter().enumerate() {
            for f in 0..NF {
                reached[from + i][f] = reached[from + i][f] + here[f] * V::splat(share);
            }
        }
    }
    gram
}

/// `Σ l a aᵀ + λ`, lower triangle.
#[inline(always)]
fn damped_gram<V: Lanes<Scalar = f64>, const NF: usize>(
    mut gram: Matrix<V, NF>,
    s: &Vector<V, NF>,
    lambda: V,
) -> Matrix<V, NF> {
    for f in 0..NF {
        for h in 0..=f {
            gram[f][h] = gram[f][h] * s[h];
        }
        gram[f][f] = gram[f][f] + lambda;
    }
    gram
}

/// Solves for the columns in `scratch.x`, bin by bin; the vertical errors go to `scratch.a`.
#[inline(always)]
fn solve_bins<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    gram: &Matrix<V, NF>,
    scratch: &mut Scratch<V, NF>,
) {
    let triangle = cholesky_triangle(gram);
    for t in 0..atoms.response.len() {
        scratch.x[t] = solve_triangles(&triangle, &scratch.x[t]);
        let mut variance = V::constant(0.0);
        for f in 0..NF {
            variance = variance + scratch.x[t][f] * scratch.x[t][f];
        }
        scratch.a[t] = variance.square_root() * V::splat(atoms.to_report[t]);
    }
}

/// Column k of the averaging kernel; returns its largest value.
#[inline(always)]
fn averaging_column<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    s: &Vector<V, NF>,
    k: usize,
    inverse: &[[V; NF]],
    column: &mut [V],
) -> V {
    let mut seen = *s;
    for f in 0..NF {
        seen[f] = V::splat(atoms.response[k][f]) * s[f];
    }
    let mut largest = V::constant(f64::NEG_INFINITY);
    for (to, row) in column.iter_mut().zip(inverse) {
        let mut sum = row[0] * seen[0];
        for f in 1..NF {
            sum = sum + row[f] * seen[f];
        }
        largest = sum.max(largest);
        *to = sum;
    }
    largest
}

#[inline(always)]
fn write_pixels<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    group: &LaneGroup<V, NF>,
    found: &Found<NF>,
    chi_squared: V,
    synthetic: &Vector<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let missing = missing_number(shared.inversion);
    let mut lanes = [0.0; MAX_LANES];
    chi_squared.store(&mut lanes);
    let chi_squared = lanes;
    let mut counts = [[0.0; MAX_LANES]; NF];
    for f in 0..NF {
        synthetic[f].store(&mut counts[f]);
    }
    for lane in 0..V::COUNT.min(slab.pixel_count() - first) {
        let i = first + lane;
        match group.screened[lane].verdict {
            Err(status) => slab.reject_pixel(i, status, missing),
            Ok(_) if !chi_squared[lane].is_finite() || !found.settled[lane] => {
                slab.reject_pixel(i, PixelStatus::OutOfRange, missing);
            }
            Ok(dropped) => {
                slab.chi_squared[i] = chi_squared[lane];
                slab.lambda[i] = found.lambda[lane];
                slab.iterations[i] = found.steps[lane] as u32;
                slab.dropped[i] = dropped;
                slab.status[i] = PixelStatus::from_result(
                    shared.inversion,
                    Signs::Positive,
                    dropped,
                    chi_squared[lane],
                );
                for f in 0..shared.channels {
                    slab.synthetic[i * shared.channels + f] = counts[f][lane];
                }
            }
        }
        slab.saturated[i] = group.screened[lane].saturated;
    }
}
