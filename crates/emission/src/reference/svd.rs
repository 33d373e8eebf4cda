//! Singular values and vectors of a short, wide matrix.

/// `X = U S Vᵀ`.
#[derive(Clone, Debug)]
pub(crate) struct Svd {
    /// Left singular vectors: `u[k]` is the k-th, not in order of size.
    pub(crate) u: Vec<Vec<f64>>,
    /// Squares of the singular values.
    pub(crate) squared: Vec<f64>,
    /// Right singular vectors times singular values, `S Vᵀ`: the rows of X after all rotations.
    pub(crate) scaled_v: Vec<Vec<f64>>,
}

/// One-sided Jacobi: pairs of rows are turned until all are orthogonal (Hestenes 1958). Small
/// singular values keep their relative accuracy even where rows differ by many orders of magnitude
/// (Demmel & Veselić 1992); and a turn treats each column by itself, so columns may differ as much.
pub(crate) fn decompose_svd(mut rows: Vec<Vec<f64>>) -> Svd {
    const SWEEPS: usize = 60;
    let n = rows.len();
    let mut u: Vec<Vec<f64>> = (0..n)
        .map(|k| (0..n).map(|f| f64::from(u8::from(k == f))).collect())
        .collect();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let alpha = dot_product(&rows[p], &rows[p]);
                let beta = dot_product(&rows[q], &rows[q]);
                let gamma = dot_product(&rows[p], &rows[q]);
                if gamma * gamma > (4.0 * f64::EPSILON).powi(2) * alpha * beta {
                    turned = true;
                    let zeta = (beta - alpha) / (2.0 * gamma);
                    let size = 1.0 / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                    let tangent = if zeta < 0.0 { -size } else { size };
                    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                    rotate_rows(&mut rows, p, q, cosine, cosine * tangent);
                    rotate_rows(&mut u, p, q, cosine, cosine * tangent);
                }
            }
        }
        if !turned {
            break;
        }
    }
    Svd {
        squared: rows.iter().map(|row| dot_product(row, row)).collect(),
        u,
        scaled_v: rows,
    }
}

pub(crate) fn dot_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn rotate_rows(rows: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    for i in 0..rows[p].len() {
        let a = rows[p][i];
        let b = rows[q][i];
        rows[p][i] = cosine * a - sine * b;
        rows[q][i] = sine * a + cosine * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graded_matrix_keeps_its_small_singular_value() {
        // Rows (1, 0, 0)·10⁸ and (1, 1, 0)·10⁻⁸: the product of the singular values is exactly 1.
        let svd = decompose_svd(vec![vec![1e8, 0.0, 0.0], vec![1e-8, 1e-8, 0.0]]);
        assert!(
            (svd.squared[0] * svd.squared[1] - 1.0).abs() < 1e-14,
            "{:?}",
            svd.squared
        );
    }

    #[test]
    fn vectors_diagonalise_the_gram_matrix() {
        let rows = vec![
            vec![1.0, 2.0, 3.0, 0.5],
            vec![-1.0, 0.3, 2.0, 4.0],
            vec![2.0, 2.0, -1.0, 1.0],
        ];
        let svd = decompose_svd(rows.clone());
        for (k, (u, squared)) in svd.u.iter().zip(&svd.squared).enumerate() {
            let projected: Vec<f64> = (0..4)
                .map(|t| (0..3).map(|f| u[f] * rows[f][t]).sum())
                .collect();
            assert!(
                (dot_product(&projected, &projected) - squared).abs() < 1e-12,
                "{k}"
            );
        }
    }
}
