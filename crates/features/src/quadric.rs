//! Curvatures of a quadric fitted to a neighbourhood.

use nalgebra::{SMatrix, SVector};

/// Mean and Gaussian curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curvatures {
    /// 1/m, positive where the surface bends towards the normal.
    pub(crate) mean: f64,
    /// 1/m².
    pub(crate) gaussian: f64,
}

/// Coefficients of a quadric.
const COEFFICIENTS: usize = 6;

impl Curvatures {
    /// No curvature: too few points, or points on a line.
    pub(crate) const UNKNOWN: Self = Self {
        mean: f64::NAN,
        gaussian: f64::NAN,
    };

    /// Without their signs.
    pub(crate) fn abs(self) -> Self {
        Self {
            mean: self.mean.abs(),
            gaussian: self.gaussian.abs(),
        }
    }

    /// Curvatures, at the query, of the quadric w = a + b u + c v + d u² + e u v + f v² that fits
    /// the points best (least squares along the normal).
    ///
    /// `offsets` are the points about the query in metres, in any order: they are sorted, so that
    /// sums do not depend on it. `frame` has two unit vectors across the normal, and the normal.
    pub(crate) fn of_points(offsets: &mut [[f64; 3]], frame: [[f64; 3]; 3]) -> Self {
        if offsets.len() < COEFFICIENTS {
            return Self::UNKNOWN;
        }
        offsets.sort_unstable_by(|a, b| {
            let order = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
            order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let squared: f64 = offsets.iter().flatten().map(|x| x * x).sum();
        let scale = (squared / offsets.len() as f64).sqrt();
        let mut normal_matrix = SMatrix::<f64, COEFFICIENTS, COEFFICIENTS>::zeros();
        let mut right = SVector::<f64, COEFFICIENTS>::zeros();
        for offset in offsets.iter() {
            let [u, v, w] =
                frame.map(|axis| (0..3).map(|i| axis[i] * offset[i]).sum::<f64>() / scale);
            let row = SVector::from([1.0, u, v, u * u, u * v, v * v]);
            normal_matrix.ger(1.0, &row, &row, 1.0);
            right.axpy(w, &row, 1.0);
        }
        // Points that determine no quadric have a singular matrix: relative pivots below 10⁻¹².
        let Some(factor) = normal_matrix.cholesky() else {
            return Self::UNKNOWN;
        };
        let pivots = factor.l_dirty().diagonal();
        if pivots.min() < 1e-6 * pivots.max() {
            return Self::UNKNOWN;
        }
        let fitted = factor.solve(&right);
        let [_, wu, wv, uu, uv, vv] = fitted.data.0[0];
        let [wuu, wuv, wvv] = [2.0 * uu, uv, 2.0 * vv];
        let steepness = 1.0 + wu * wu + wv * wv;
        let mean = ((1.0 + wu * wu) * wvv - 2.0 * wu * wv * wuv + (1.0 + wv * wv) * wuu)
            / (2.0 * steepness.powf(1.5));
        let gaussian = (wuu * wvv - wuv * wuv) / (steepness * steepness);
        Self {
            mean: mean / scale,
            gaussian: gaussian / (scale * scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    fn points_on(surface: impl Fn(f64, f64) -> f64) -> Vec<[f64; 3]> {
        let places = (0..49).map(|i| [(i % 7) as f64 * 0.1 - 0.3, (i / 7) as f64 * 0.1 - 0.3]);
        places.map(|[x, y]| [x, y, surface(x, y)]).collect()
    }

    #[test]
    fn quadrics_have_the_curvature_of_their_formula() {
        let mut bowl = points_on(|x, y| 0.5 * x * x + 0.25 * y * y);
        let found = Curvatures::of_points(&mut bowl, FRAME);
        assert!(
            (found.mean - 0.75).abs() < 1e-9 && (found.gaussian - 0.5).abs() < 1e-9,
            "{found:?}"
        );
        let mut saddle = points_on(|x, y| x * y);
        let found = Curvatures::of_points(&mut saddle, FRAME);
        assert!(
            found.mean.abs() < 1e-9 && (found.gaussian + 1.0).abs() < 1e-9,
            "{found:?}"
        );
    }

    #[test]
    fn points_on_a_line_have_none() {
        let mut line: Vec<[f64; 3]> = (0..20).map(|i| [f64::from(i) * 0.1, 0.0, 0.0]).collect();
        assert!(Curvatures::of_points(&mut line, FRAME).mean.is_nan());
    }
}
