//! Errors of a pose.

use isopach_cloud::{PoseCovariance, Rigid};

/// The rest of a `motion` of the source after a `pose`, along the directions that are
/// determined: (arm · ω, τ) about the pivot of the covariance, metres.
#[must_use]
pub fn left_over(motion: &Rigid, pose: &Rigid, known: &PoseCovariance) -> [f64; 6] {
    let rest = motion.then(pose).about(known.pivot);
    let [a, b, c] = rest.rotation_vector().map(|r| r * known.arm);
    let [u, v, w] = rest.translation;
    let mut off = [a, b, c, u, v, w];
    for free in &known.free {
        let along: f64 = (0..6).map(|i| free.unknowns[i] * off[i]).sum();
        (0..6).for_each(|i| off[i] -= along * free.unknowns[i]);
    }
    off
}

/// Σ of the squares of the distances of pairs along their normals, weighted as for the alignment, m²:
/// the error of distances between the epochs. `off` is as from [`left_over`], `hessian` of radians
/// and metres.
#[must_use]
pub fn squares_along_normals(off: &[f64; 6], hessian: &[[f64; 6]; 6], arm: f64) -> f64 {
    let unknowns: [f64; 6] = std::array::from_fn(|i| if i < 3 { off[i] / arm } else { off[i] });
    hessian
        .iter()
        .zip(unknowns)
        .map(|(row, x)| x * row.iter().zip(unknowns).map(|(h, y)| h * y).sum::<f64>())
        .sum()
}
