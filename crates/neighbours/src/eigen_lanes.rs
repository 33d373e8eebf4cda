//! [`symmetric_eigen`](crate::symmetric_eigen) of several matrices at once: the same operations in
//! the same order, with both sides of each decision computed and one of them selected.

use crate::lanes::{LANES, Lanes};

/// Eigenvalues in ascending order and the eigenvector of the smallest, of a matrix a lane.
pub(crate) struct EigenLanes<L> {
    pub(crate) values: [L; 3],
    /// Unit eigenvector of the smallest: x, y, z.
    pub(crate) axis: [L; 3],
}

/// Planarity and the eigenvector of the smallest eigenvalue, of a matrix a lane.
pub(crate) struct PlanarityLanes {
    /// (λ₁ − λ₀)/λ₂, eigenvalues ascending.
    pub(crate) planarity: [f64; LANES],
    /// Unit eigenvector of λ₀: x, y, z.
    pub(crate) axis: [[f64; LANES]; 3],
}

/// Planarity and smallest eigenvector of the matrices with the upper triangles xx, xy, xz, yy, yz,
/// zz: the bits of [`symmetric_eigen`](crate::symmetric_eigen), where entries are finite and the
/// planarity is above zero; NaN or 0 elsewhere.
#[inline(always)]
pub(crate) fn planarity_lanes<L: Lanes>(upper: [L; 6]) -> PlanarityLanes {
    let EigenLanes {
        values: [smallest, middle, largest],
        axis: [x, y, z],
    } = eigen_lanes(upper);
    PlanarityLanes {
        planarity: ((middle - smallest) / largest).to_array(),
        axis: [x.to_array(), y.to_array(), z.to_array()],
    }
}

/// Eigenvalues and smallest eigenvector of the matrices with the upper triangles xx, xy, xz, yy, yz,
/// zz: the bits of [`symmetric_eigen`](crate::symmetric_eigen), where entries are finite.
#[inline(always)]
pub(crate) fn eigen_lanes<L: Lanes>(upper: [L; 6]) -> EigenLanes<L> {
    let mut scale = L::zero();
    for entry in upper {
        scale = larger(scale, entry.abs());
    }
    let a = divide_each(upper, scale);
    let mean = (a[0] + a[3] + a[5]) / L::splat(3.0);
    let [xx, xy, xz, yy, yz, zz] = [a[0] - mean, a[1], a[2], a[3] - mean, a[4], a[5] - mean];
    let squares = xx * xx + yy * yy + zz * zz + L::splat(2.0) * (xy * xy + xz * xz + yz * yz);
    let p = (squares / L::splat(6.0)).square_root();
    let unit = divide_each([xx, xy, xz, yy, yz, zz], p);
    let [xx, xy, xz, yy, yz, zz] = unit;
    let determinant =
        xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
    let h = smaller(
        larger(L::splat(0.5) * determinant, L::splat(-1.0)),
        L::splat(1.0),
    );
    let alone = distinct_root(h.abs()).copy_sign(h);
    let axis = null_vector(unit, alone);
    let plane = eigen_in_plane_across(unit, axis);
    let low = (p * plane.low + mean) * scale;
    let high = (p * plane.high + mean) * scale;
    let alone = (p * alone + mean) * scale;
    // Whether the root that stands alone is the largest.
    let above = L::zero().at_most(h);
    let values = [
        L::select(above, low, alone),
        L::select(above, high, low),
        L::select(above, alone, high),
    ];
    let axis = select_vector(above, plane.low_axis, axis);
    replace_round(scale, p, mean, EigenLanes { values, axis })
}

/// The eigenvalues of matrices without directions, with the axes of the coordinates.
#[inline(always)]
fn replace_round<L: Lanes>(scale: L, p: L, mean: L, found: EigenLanes<L>) -> EigenLanes<L> {
    let zero = L::zero();
    let is_zero = scale.at_most(zero);
    let is_round = p.less_than(L::splat(f64::MIN_POSITIVE));
    let equal = mean * scale;
    let value = |value| L::select(is_zero, zero, L::select(is_round, equal, value));
    let east = [L::splat(1.0), zero, zero];
    let axis = select_vector(is_round, east, found.axis);
    EigenLanes {
        values: [
            value(found.values[0]),
            value(found.values[1]),
            value(found.values[2]),
        ],
        axis: select_vector(is_zero, east, axis),
    }
}

#[inline(always)]
fn divide_each<L: Lanes>([xx, xy, xz, yy, yz, zz]: [L; 6], by: L) -> [L; 6] {
    [xx / by, xy / by, xz / by, yy / by, yz / by, zz / by]
}

/// The larger, or `a` where one is NaN.
#[inline(always)]
fn larger<L: Lanes>(a: L, b: L) -> L {
    L::select(a.less_than(b), b, a)
}

/// The smaller, or `a` where one is NaN.
#[inline(always)]
fn smaller<L: Lanes>(a: L, b: L) -> L {
    L::select(b.less_than(a), b, a)
}

/// The root of x³ − 3x = 2h in [√3, 2], for h in [0, 1].
#[inline(always)]
fn distinct_root<L: Lanes>(h: L) -> L {
    let one = L::splat(1.0);
    let two = L::splat(2.0);
    let three = L::splat(3.0);
    let mut x = two;
    for _ in 0..5 {
        x = x - (x * (x * x - three) - two * h) / (three * (x * x - one));
    }
    x
}

/// The unit vector that A − λ I, a matrix of rank two, maps to zero.
#[inline(always)]
fn null_vector<L: Lanes>([xx, xy, xz, yy, yz, zz]: [L; 6], lambda: L) -> [L; 3] {
    let rows = [
        [xx - lambda, xy, xz],
        [xy, yy - lambda, yz],
        [xz, yz, zz - lambda],
    ];
    let mut longest = cross(rows[0], rows[1]);
    let mut square = dot(longest, longest);
    for candidate in [cross(rows[0], rows[2]), cross(rows[1], rows[2])] {
        let other = dot(candidate, candidate);
        let longer = square.less_than(other);
        square = L::select(longer, other, square);
        longest = select_vector(longer, candidate, longest);
    }
    let length = square.square_root();
    [
        longest[0] / length,
        longest[1] / length,
        longest[2] / length,
    ]
}

/// The eigenvalues in a plane, and the eigenvector of the lower.
struct PlaneLanes<L> {
    low: L,
    high: L,
    low_axis: [L; 3],
}

/// Eigenvalues in ascending order in the plane across `axis`, a unit eigenvector.
#[inline(always)]
fn eigen_in_plane_across<L: Lanes>(upper: [L; 6], axis: [L; 3]) -> PlaneLanes<L> {
    let zero = L::zero();
    let [x, y, z] = axis;
    let leaves_out_y = y.abs().less_than(x.abs());
    let other = L::select(leaves_out_y, x, y);
    let length = (other * other + z * z).square_root();
    let across = z / length;
    let along = other / length;
    let u = [
        L::select(leaves_out_y, across.negate(), zero),
        L::select(leaves_out_y, zero, across),
        L::select(leaves_out_y, along, along.negate()),
    ];
    let w = cross(axis, u);
    let au = multiply_symmetric(upper, u);
    let aw = multiply_symmetric(upper, w);
    let uu = dot(u, au);
    let uw = dot(u, aw);
    let ww = dot(w, aw);
    let mean = L::splat(0.5) * (uu + ww);
    let half = L::splat(0.5) * (uu - ww);
    let radius = (half * half + uw * uw).square_root();
    let is_ahead = zero.at_most(half);
    let c = L::select(is_ahead, half + radius, uw);
    let s = L::select(is_ahead, uw, radius - half);
    let length = (c * c + s * s).square_root();
    let has_length = zero.less_than(length);
    let c = L::select(has_length, c / length, L::splat(1.0));
    let s = L::select(has_length, s / length, zero);
    PlaneLanes {
        low: mean - radius,
        high: mean + radius,
        low_axis: [
            c * w[0] - s * u[0],
            c * w[1] - s * u[1],
            c * w[2] - s * u[2],
        ],
    }
}

#[inline(always)]
fn select_vector<L: Lanes>(mask: L::Mask, yes: [L; 3], no: [L; 3]) -> [L; 3] {
    [
        L::select(mask, yes[0], no[0]),
        L::select(mask, yes[1], no[1]),
        L::select(mask, yes[2], no[2]),
    ]
}

#[inline(always)]
fn dot<L: Lanes>(a: [L; 3], b: [L; 3]) -> L {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline(always)]
fn cross<L: Lanes>(a: [L; 3], b: [L; 3]) -> [L; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[inline(always)]
fn multiply_symmetric<L: Lanes>([xx, xy, xz, yy, yz, zz]: [L; 6], v: [L; 3]) -> [L; 3] {
    [
        dot([xx, xy, xz], v),
        dot([xy, yy, yz], v),
        dot([xz, yz, zz], v),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lanes::array::Array, symmetric_eigen};
    use isopach_compute::conformance::random;

    /// Matrices of discs, lines, balls and chance, of all sizes.
    fn matrix(i: u64) -> [f64; 6] {
        let at = |k: u64| random(16 * i + k) - 0.5;
        let flat = [1.0, 1e-3, 1e-9, 0.0][(i % 4) as usize];
        let second = [1.0, 1e-2, 1.0 + 1e-12, 0.0][(i / 4 % 4) as usize];
        let scale = 10_f64.powi((i / 16 % 13) as i32 - 6);
        let v: [[f64; 3]; 3] = [0, 3, 6].map(|k| [at(k), at(k + 1), at(k + 2)]);
        let weights = [1.0, second, flat];
        let entry = |a: usize, b: usize| -> f64 {
            (0..3).map(|k| weights[k] * v[k][a] * v[k][b]).sum::<f64>() * scale
        };
        match i % 31 {
            0 => [second, 0.0, 0.0, 1.0, 0.0, flat],
            1 => [scale, 0.0, 0.0, scale, 0.0, scale],
            2 => [0.0; 6],
            _ => [
                entry(0, 0),
                entry(0, 1),
                entry(0, 2),
                entry(1, 1),
                entry(1, 2),
                entry(2, 2),
            ],
        }
    }

    #[test]
    fn lanes_have_the_bits_of_one_matrix() {
        for first in (0..20_000).step_by(LANES) {
            let matrices: [[f64; 6]; LANES] = std::array::from_fn(|l| matrix(first + l as u64));
            let upper: [Array; 6] =
                std::array::from_fn(|entry| Array::from_array(matrices.map(|m| m[entry])));
            let found = planarity_lanes(upper);
            let eigen = eigen_lanes(upper);
            for (lane, matrix) in matrices.into_iter().enumerate() {
                let one = symmetric_eigen(matrix);
                let values = eigen.values.map(|value| value.to_array()[lane].to_bits());
                assert_eq!(values, one.values.map(f64::to_bits), "{matrix:?}");
                let axis = eigen.axis.map(|axis| axis.to_array()[lane].to_bits());
                assert_eq!(axis, one.vectors[0].map(f64::to_bits), "{matrix:?}");
                let defined = one.planarity();
                if defined > 0.0 {
                    let axis = found.axis.map(|axis| axis[lane].to_bits());
                    assert_eq!(found.planarity[lane].to_bits(), defined.to_bits());
                    assert_eq!(axis, one.vectors[0].map(f64::to_bits), "{matrix:?}");
                } else {
                    let is_chosen = found.planarity[lane] > 0.0;
                    assert!(!is_chosen, "{matrix:?}: {}", found.planarity[lane]);
                }
            }
        }
    }
}
