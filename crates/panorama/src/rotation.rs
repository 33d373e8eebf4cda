//! Rotations as matrices, and as quaternions.

/// A rotation: a matrix of three rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation(pub [[f64; 3]; 3]);

impl Rotation {
    /// No rotation.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// Rz(roll)·Rx(−pitch)·Ry(−yaw), radians: the camera from the panorama. A positive yaw looks
    /// right, a positive pitch up; a positive roll turns the picture's content clockwise, from +X
    /// (right) towards +Y (down).
    #[must_use]
    pub fn camera_from_panorama(yaw: f64, pitch: f64, roll: f64) -> Self {
        let [sin_a, cos_a] = [(-yaw).sin(), (-yaw).cos()];
        let [sin_b, cos_b] = [(-pitch).sin(), (-pitch).cos()];
        let [sin_c, cos_c] = [roll.sin(), roll.cos()];
        let about_y = Self([[cos_a, 0.0, sin_a], [0.0, 1.0, 0.0], [-sin_a, 0.0, cos_a]]);
        let about_x = Self([[1.0, 0.0, 0.0], [0.0, cos_b, -sin_b], [0.0, sin_b, cos_b]]);
        let about_z = Self([[cos_c, -sin_c, 0.0], [sin_c, cos_c, 0.0], [0.0, 0.0, 1.0]]);
        about_z.times(about_x).times(about_y)
    }

    /// This rotation after `other`.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let columns = other.inverse().0;
        Self(
            self.0
                .map(|row| columns.map(|column| dot_product(row, column))),
        )
    }

    /// The rotation back: the transposed matrix.
    #[must_use]
    pub fn inverse(self) -> Self {
        let [a, b, c] = self.0;
        Self([0, 1, 2].map(|i| [a[i], b[i], c[i]]))
    }

    /// A rotated vector.
    #[must_use]
    pub fn apply(&self, vector: [f64; 3]) -> [f64; 3] {
        self.0.map(|row| dot_product(row, vector))
    }

    /// A vector rotated back.
    #[must_use]
    pub fn apply_inverse(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [a, b, c] = self.0;
        [0, 1, 2].map(|i| a[i] * x + b[i] * y + c[i] * z)
    }

    /// The quaternion `[w, x, y, z]` of length 1, w ≥ 0 (Shepperd 1978: from its largest part).
    #[must_use]
    pub fn quaternion(&self) -> [f64; 4] {
        let m = self.0;
        let trace = m[0][0] + m[1][1] + m[2][2];
        // Four times the square of each part.
        let squares = [
            1.0 + trace,
            1.0 + 2.0 * m[0][0] - trace,
            1.0 + 2.0 * m[1][1] - trace,
            1.0 + 2.0 * m[2][2] - trace,
        ];
        let largest = (0..4).fold(
            0,
            |best, i| if squares[i] > squares[best] { i } else { best },
        );
        let differences = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]];
        let sums = [m[2][1] + m[1][2], m[0][2] + m[2][0], m[1][0] + m[0][1]];
        let parts = match largest {
            0 => [squares[0], differences[0], differences[1], differences[2]],
            1 => [differences[0], squares[1], sums[2], sums[1]],
            2 => [differences[1], sums[2], squares[2], sums[0]],
            _ => [differences[2], sums[1], sums[0], squares[3]],
        };
        let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        let sign = if parts[0] < 0.0 { -1.0 } else { 1.0 };
        // + 0.0: no negative zeros.
        parts.map(|part| sign * part / length + 0.0)
    }
}

/// The scalar product.
pub(crate) fn dot_product(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix of a quaternion, from its definition.
    fn matrix_of([w, x, y, z]: [f64; 4]) -> [[f64; 3]; 3] {
        [
            [
                1.0 - 2.0 * (y * y + z * z),
                2.0 * (x * y - w * z),
                2.0 * (x * z + w * y),
            ],
            [
                2.0 * (x * y + w * z),
                1.0 - 2.0 * (x * x + z * z),
                2.0 * (y * z - w * x),
            ],
            [
                2.0 * (x * z - w * y),
                2.0 * (y * z + w * x),
                1.0 - 2.0 * (x * x + y * y),
            ],
        ]
    }

    #[test]
    fn a_quaternion_is_the_same_rotation() {
        for yaw in -6..=6 {
            for pitch in -3..=3 {
                for roll in -6..=6 {
                    let [yaw, pitch, roll] = [yaw, pitch, roll].map(|a| f64::from(a) * 0.52);
                    let rotation = Rotation::camera_from_panorama(yaw, pitch, roll);
                    let back = matrix_of(rotation.quaternion());
                    for (row, of_matrix) in back.iter().zip(rotation.0) {
                        for (found, expected) in row.iter().zip(of_matrix) {
                            assert!((found - expected).abs() < 1e-14, "{yaw} {pitch} {roll}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_rotation_and_its_inverse_are_none() {
        let rotation = Rotation::camera_from_panorama(1.0, -0.4, 2.0);
        let none = rotation.times(rotation.inverse());
        for (row, expected) in none.0.iter().zip(Rotation::IDENTITY.0) {
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15);
            }
        }
        let vector = [0.3, -2.0, 5.0];
        let back = rotation.apply_inverse(rotation.apply(vector));
        assert!(
            back.iter()
                .zip(vector)
                .all(|(found, expected)| (found - expected).abs() < 1e-14)
        );
    }
}
