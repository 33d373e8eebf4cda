//! Errors and results of a group, written to the map.

use super::{
    group::LaneGroup,
    regularise::RegularisedSystem,
    resolution::{averaging_column, fill_resolution},
    rows::{write_column, write_rows},
    scratch::Scratch,
    shared::Shared,
    solve::GroupSolution,
    vectors::{MAX_LANES, dot_response},
};
use crate::{
    Outputs, PixelStatus, Real, lanes::Lanes, map::Slab, quirks::missing_number, status::Signs,
};

/// Vertical and horizontal errors, those that were asked for.
#[inline(always)]
pub(super) fn write_errors<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    system: &RegularisedSystem<V, NF>,
    lambda: V,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) {
    let outputs = shared.inversion.outputs;
    if outputs == Outputs::NONE {
        return;
    }
    let e = system.error_coefficients(&system.damping_factors(lambda));
    if outputs.uncertainty {
        let bins = shared
            .response
            .iter()
            .zip(&shared.to_report)
            .zip(&scratch.l);
        for (to, ((row, &factor), &l)) in scratch.a.iter_mut().zip(bins) {
            let mut variance = V::constant(0.0);
            for k in 0..NF {
                let part = dot_response(row, &e[k]);
                variance = variance + part * part;
            }
            *to = variance.square_root() * l * V::splat(factor);
        }
        write_rows(&scratch.a, slab.uncertainty, slab.status.len(), first);
    }
    if outputs.log_t_resolution {
        let n = system.averaging_coefficients(&e);
        fill_resolution(shared, &scratch.l, &n, &mut scratch.a, &mut scratch.b);
        write_rows(&scratch.b, slab.log_t_resolution, slab.status.len(), first);
    }
    if outputs.averaging_kernel {
        let n = system.averaging_coefficients(&e);
        for k in 0..shared.response.len() {
            averaging_column(shared, &scratch.l, &n, k, &mut scratch.a);
            write_column(
                &scratch.a,
                k,
                slab.averaging_kernel,
                slab.status.len(),
                first,
            );
        }
    }
}

/// Numbers and status of each pixel.
#[inline(always)]
pub(super) fn write_pixels<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    found: &GroupSolution<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) {
    let missing = missing_number(shared.inversion);
    let mut lanes = [[V::Scalar::default(); MAX_LANES]; 6];
    found.lambda.store(&mut lanes[0]);
    found.iterations.store(&mut lanes[1]);
    found.negative.store(&mut lanes[2]);
    found.chi_squared.store(&mut lanes[3]);
    found.doubtful.store(&mut lanes[4]);
    found.within.store(&mut lanes[5]);
    let mut synthetic = [[V::Scalar::default(); MAX_LANES]; NF];
    for f in 0..NF {
        found.synthetic[f].store(&mut synthetic[f]);
    }
    let [lambda, iterations, negative, chi_squared, doubtful, within] = lanes;
    for lane in 0..V::COUNT.min(slab.pixel_count() - first) {
        let i = first + lane;
        match group.screened[lane].verdict {
            Err(status) => slab.reject_pixel(i, status, missing),
            Ok(_) if !chi_squared[lane].to_f64().is_finite() || doubtful[lane].to_f64() > 0.0 => {
                slab.reject_pixel(i, PixelStatus::OutOfRange, missing)
            }
            Ok(dropped) => {
                slab.chi_squared[i] = chi_squared[lane];
                slab.lambda[i] = lambda[lane].to_f64() / (shared.scale * shared.scale);
                slab.iterations[i] = iterations[lane].to_f64() as u32;
                slab.dropped[i] = dropped;
                let signs = match (negative[lane].to_f64() > 0.0, within[lane].to_f64() > 0.0) {
                    (true, _) => Signs::Negative,
                    (false, true) => Signs::WithinError,
                    (false, false) => Signs::Positive,
                };
                slab.status[i] = PixelStatus::from_result(
                    shared.inversion,
                    signs,
                    dropped,
                    chi_squared[lane].to_f64(),
                );
                for f in 0..shared.channels {
                    slab.synthetic[i * shared.channels + f] = synthetic[f][lane];
                }
            }
        }
        slab.saturated[i] = group.screened[lane].saturated;
    }
}
