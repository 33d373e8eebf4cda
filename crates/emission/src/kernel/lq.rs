//! The lower triangle L of `X = L Q`.

use super::Matrix;
use crate::lanes::Lanes;

/// Modified Gram–Schmidt on the rows of X, given by bins (`x[t][f]`), which it destroys. O(channels² × bins).
///
/// One walk over the bins a channel: it takes the last direction out of the rows that are left, and adds up the products with the next. L is as
/// accurate as from reflections, whatever the orthogonality of the Q that it does not keep (Björck 1967); a row of zeros gives a row of zeros.
#[inline(always)]
pub(crate) fn lower_triangle<V: Lanes, const NF: usize>(x: &mut [[V; NF]]) -> Matrix<V, NF> {
    let zero = V::constant(0.0);
    let mut l = [[zero; NF]; NF];
    let mut shares = [zero; NF];
    for i in 0..NF {
        let mut products = [zero; NF];
        for row in x.iter_mut() {
            let mut here = *row;
            if i > 0 {
                let direction = here[i - 1];
                for j in 0..NF {
                    here[j] = here[j] - shares[j] * direction;
                }
                *row = here;
            }
            let next = here[i];
            for j in 0..NF {
                products[j] = products[j] + next * here[j];
            }
        }
        let there = zero.less(products[i]);
        let length = products[i].root();
        for j in 0..NF {
            let left = j > i;
            shares[j] = if left { V::select(there, products[j] / products[i], zero) } else { zero };
            if left {
                l[j][i] = V::select(there, products[j] / length, zero);
            }
        }
        l[i][i] = V::select(there, length, zero);
    }
    l
}
