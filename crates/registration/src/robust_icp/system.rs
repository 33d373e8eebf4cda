//! Normal equations of observations, the part of them that is noise of the normals, and the step.
//!
//! Unknowns are (arm · ω, τ), all in metres, so that rotations and translations can be compared.

use super::observe::Observation;
use nalgebra::{DMatrix, DVector, Matrix6, SymmetricEigen, Vector6};

/// Sums over observations.
#[derive(Clone, Copy, Debug)]
pub(super) struct System {
    /// Σ w j jᵀ.
    pub(super) a: Matrix6<f64>,
    /// Σ w Cov(j): the part of `a` from the noise of the normals.
    pub(super) noise: Matrix6<f64>,
    /// Σ w r j.
    pub(super) b: Vector6<f64>,
    /// Σ w.
    pub(super) weight: f64,
    /// Σ w r², m².
    pub(super) error: f64,
    /// Observations with a weight above zero.
    pub(super) count: usize,
}

impl Default for System {
    fn default() -> Self {
        let [a, noise] = [Matrix6::zeros(); 2];
        Self {
            a,
            noise,
            b: Vector6::zeros(),
            weight: 0.0,
            error: 0.0,
            count: 0,
        }
    }
}

/// Directions that the data determine and directions that they do not: two orthonormal bases.
#[derive(Clone, Debug, Default)]
pub(super) struct Directions {
    pub(super) determined: Vec<Vector6<f64>>,
    /// Ratio of the information of each determined direction to that from the noise of the normals.
    pub(super) ratios: Vec<f64>,
    pub(super) free: Vec<Vector6<f64>>,
}

/// [(lever × direction)/arm, direction].
pub(super) fn scaled_jacobian(lever: [f64; 3], direction: [f64; 3], arm: f64) -> Vector6<f64> {
    let [x, y, z] = lever;
    let [u, v, w] = direction;
    Vector6::new(
        (y * w - z * v) / arm,
        (z * u - x * w) / arm,
        (x * v - y * u) / arm,
        u,
        v,
        w,
    )
}

/// Adds j jᵀ times `weight`: a column after the other, so that compilers see sums of vectors.
pub(super) fn add_square(sum: &mut Matrix6<f64>, j: &Vector6<f64>, weight: f64) {
    for column in 0..6 {
        let scaled = weight * j[column];
        for row in 0..6 {
            sum[(row, column)] += scaled * j[row];
        }
    }
}

impl System {
    /// Adds one observation.
    pub(super) fn add_observation(&mut self, observation: &Observation, weight: f64, arm: f64) {
        if weight == 0.0 {
            return;
        }
        let Observation {
            residual,
            lever,
            plane,
            ..
        } = observation;
        let j = scaled_jacobian(*lever, plane.normal, arm);
        add_square(&mut self.a, &j, weight);
        self.b += j * (weight * residual);
        self.weight += weight;
        self.error += weight * residual * residual;
        self.count += 1;
        for (along, tilt) in plane.along.iter().zip(plane.tilt) {
            let j = scaled_jacobian(*lever, *along, arm);
            add_square(&mut self.noise, &j, weight * tilt);
        }
    }

    /// Adds the sums of others, times `weight`.
    pub(super) fn merge(&mut self, other: &Self, weight: f64) {
        self.a += other.a * weight;
        self.noise += other.noise * weight;
        self.b += other.b * weight;
        self.weight += other.weight * weight;
        self.error += other.error * weight;
        self.count += other.count;
    }

    /// Splits the directions: one is determined if its information is `ratio` times that from the
    /// noise of the normals.
    pub(super) fn split_directions(&self, ratio: f64) -> Directions {
        self.split_directions_across(ratio, &[])
    }

    /// As [`Self::directions`], where `lost` directions (orthonormal) are known to be free.
    pub(super) fn split_directions_across(&self, ratio: f64, lost: &[Vector6<f64>]) -> Directions {
        let basis = complement_basis(lost);
        if basis.ncols() == 0 {
            return Directions {
                free: lost.to_vec(),
                ..Directions::default()
            };
        }
        let least = 1e-12 * self.a.trace().max(f64::MIN_POSITIVE);
        let noise = project_onto(&(self.noise + Matrix6::identity() * least), &basis);
        let Some(root) = noise.cholesky() else {
            return Directions::default();
        };
        let Some(inverse) = root.l().try_inverse() else {
            return Directions::default();
        };
        let whitened = &inverse * project_onto(&self.a, &basis) * inverse.transpose();
        let found = SymmetricEigen::new((&whitened + whitened.transpose()) * 0.5);
        let mut order: Vec<usize> = (0..basis.ncols()).collect();
        order.sort_by(|&i, &j| found.eigenvalues[i].total_cmp(&found.eigenvalues[j]));
        let mut sorted = Directions {
            free: lost.to_vec(),
            ..Directions::default()
        };
        for i in order {
            let vector = &basis * inverse.transpose() * found.eigenvectors.column(i);
            let vector = sorted.orthonormalised(Vector6::from_fn(|row, _| vector[row]));
            if found.eigenvalues[i] >= ratio {
                sorted.determined.push(vector);
                sorted.ratios.push(found.eigenvalues[i]);
            } else {
                sorted.free.push(vector);
            }
        }
        sorted
    }

    /// The step along the determined directions; nothing where there is none.
    pub(super) fn solve_step(&self, directions: &Directions) -> Vector6<f64> {
        let n = directions.determined.len();
        let basis = directions.basis_matrix();
        let a = project_onto(&self.a, &basis);
        let b = DVector::from_fn(n, |i, _| directions.determined[i].dot(&self.b));
        let Some(root) = a.cholesky() else {
            return Vector6::zeros();
        };
        let x = root.solve(&b);
        (0..n).fold(Vector6::zeros(), |step, i| {
            step - directions.determined[i] * x[i]
        })
    }
}

impl Directions {
    /// The part of `vector` across all that are known, of length one.
    fn orthonormalised(&self, mut vector: Vector6<f64>) -> Vector6<f64> {
        for known in self.free.iter().chain(&self.determined) {
            vector -= known * known.dot(&vector);
        }
        vector.normalize()
    }

    /// The determined directions as columns.
    pub(super) fn basis_matrix(&self) -> DMatrix<f64> {
        DMatrix::from_fn(6, self.determined.len(), |i, j| self.determined[j][i])
    }
}

/// Orthonormal basis of the complement of some orthonormal directions, as columns.
fn complement_basis(lost: &[Vector6<f64>]) -> DMatrix<f64> {
    let mut found: Vec<Vector6<f64>> = lost.to_vec();
    while found.len() < 6 {
        let rest = |axis: usize| {
            let unit = Vector6::ith(axis, 1.0);
            found
                .iter()
                .fold(unit, |rest, known| rest - known * known[axis])
        };
        let longest = (0..6)
            .map(rest)
            .max_by(|a, b| a.norm().total_cmp(&b.norm()))
            .unwrap_or_else(Vector6::zeros);
        found.push(longest.normalize());
    }
    DMatrix::from_fn(6, 6 - lost.len(), |row, column| {
        found[lost.len() + column][row]
    })
}

/// Pᵀ M P.
pub(super) fn project_onto(matrix: &Matrix6<f64>, basis: &DMatrix<f64>) -> DMatrix<f64> {
    let matrix = DMatrix::from_fn(6, 6, |i, j| matrix[(i, j)]);
    basis.transpose() * matrix * basis
}
