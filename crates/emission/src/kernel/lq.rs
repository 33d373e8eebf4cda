//! The lower triangle L of `X = L Q`.

use super::vectors::{Matrix, Vector};
use crate::lanes::Lanes;

/// Modified Gram–Schmidt on the rows of X, given by bins (`x[t][f]`), which it destroys.
/// O(channels² × bins).
///
/// One walk over the bins a channel: it takes the last direction out of the rows that are left, and
/// adds up the products with the next. L is as accurate as from reflections, whatever the
/// orthogonality of the Q that it does not keep (Björck 1967); a row of zeros gives a row of zeros.
#[inline(always)]
pub(crate) fn lower_triangle<V: Lanes, const NF: usize>(x: &mut [[V; NF]]) -> Matrix<V, NF> {
    let zero = V::constant(0.0);
    let mut l = [[zero; NF]; NF];
    let mut shares = [zero; NF];
    for i in 0..NF {
        let products = orthogonalise_row(x, &shares, i);
        let there = zero.less_than(products[i]);
        let length = products[i].square_root();
        for j in i + 1..NF {
            shares[j] = V::select(there, products[j] / products[i], zero);
            l[j][i] = V::select(there, products[j] / length, zero);
        }
        l[i][i] = V::select(there, length, zero);
    }
    l
}

/// [`walk_from`] for a number that is known when this is compiled: the compiler drops half of the
/// work, and the rest stays in registers.
#[inline(always)]
fn orthogonalise_row<V: Lanes, const NF: usize>(
    x: &mut [[V; NF]],
    shares: &Vector<V, NF>,
    i: usize,
) -> Vector<V, NF> {
    match i {
        0 => orthogonalise_from::<V, NF, 0>(x, shares),
        1 => orthogonalise_from::<V, NF, 1>(x, shares),
        2 => orthogonalise_from::<V, NF, 2>(x, shares),
        3 => orthogonalise_from::<V, NF, 3>(x, shares),
        4 => orthogonalise_from::<V, NF, 4>(x, shares),
        5 => orthogonalise_from::<V, NF, 5>(x, shares),
        6 => orthogonalise_from::<V, NF, 6>(x, shares),
        7 => orthogonalise_from::<V, NF, 7>(x, shares),
        8 => orthogonalise_from::<V, NF, 8>(x, shares),
        9 => orthogonalise_from::<V, NF, 9>(x, shares),
        10 => orthogonalise_from::<V, NF, 10>(x, shares),
        11 => orthogonalise_from::<V, NF, 11>(x, shares),
        12 => orthogonalise_from::<V, NF, 12>(x, shares),
        13 => orthogonalise_from::<V, NF, 13>(x, shares),
        14 => orthogonalise_from::<V, NF, 14>(x, shares),
        _ => orthogonalise_from::<V, NF, 15>(x, shares),
    }
}

/// Takes the shares of direction I − 1 out of the rows from I on; products of row I with them.
#[inline(always)]
fn orthogonalise_from<V: Lanes, const NF: usize, const I: usize>(
    x: &mut [[V; NF]],
    shares: &Vector<V, NF>,
) -> Vector<V, NF> {
    let mut products = [V::constant(0.0); NF];
    if I >= NF {
        return products;
    }
    for row in x {
        if I > 0 {
            let direction = row[I - 1];
            for j in I..NF {
                row[j] = row[j] - shares[j] * direction;
            }
        }
        let next = row[I];
        for j in I..NF {
            products[j] = products[j] + next * row[j];
        }
    }
    products
}
