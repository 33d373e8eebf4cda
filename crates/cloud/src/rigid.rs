//! Rigid transforms about a pivot.

use isopach_compute::{Error, Result};
use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};

/// A rigid transform (rotation and translation) about a pivot: x′ = R (x − pivot) + pivot + t, in
/// absolute metres and `f64`.
///
/// The pivot is part of the value: a matrix found in a local frame cannot be applied in another
/// one, the mistake that turned a rotation of 10⁻⁵ rad into metres at UTM northings elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rigid {
    /// Rotation matrix R, row by row.
    pub rotation: [[f64; 3]; 3],
    /// Translation t, metres.
    pub translation: [f64; 3],
    /// Pivot, absolute metres: the point that R leaves in place.
    pub pivot: [f64; 3],
}

impl Rigid {
    /// The transform that moves nothing.
    #[must_use]
    pub fn identity(pivot: [f64; 3]) -> Self {
        Self {
            rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            translation: [0.0; 3],
            pivot,
        }
    }

    /// A pure translation by `translation` metres.
    #[must_use]
    pub fn from_translation(translation: [f64; 3]) -> Self {
        Self {
            translation,
            ..Self::identity([0.0; 3])
        }
    }

    /// A rotation by the vector `rotation` (axis times angle, radians), then a translation
    /// (metres), about `pivot`.
    #[must_use]
    pub fn from_vectors(rotation: [f64; 3], translation: [f64; 3], pivot: [f64; 3]) -> Self {
        Self {
            rotation: to_rows(&Rotation3::new(Vector3::from(rotation)).into_inner()),
            translation,
            pivot,
        }
    }

    /// Builds the transform from a 4 × 4 row-major matrix that acts on coordinates relative to
    /// `origin` (absolute metres); about `origin`.
    ///
    /// ```
    /// # use isopach_cloud::Rigid;
    /// let turn = Rigid::from_vectors([0.0, 0.0, 0.1], [1.0, 2.0, 3.0], [596_000.0, 6_653_000.0, 180.0]);
    /// let again = Rigid::from_matrix(turn.to_matrix([596_000.0, 6_653_000.0, 0.0]), [596_000.0, 6_653_000.0, 0.0])?;
    /// let moved = [turn, again].map(|motion| motion.apply([596_050.0, 6_653_040.0, 190.0]));
    /// assert!((0..3).all(|axis| (moved[0][axis] - moved[1][axis]).abs() < 1e-8));
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an entry that is no finite number, a last row other than 0 0
    /// 0 1, or an upper left that is no rotation (to 10⁻⁶): a scale, a shear or a reflection moves
    /// no cloud rigidly.
    pub fn from_matrix(matrix: [[f64; 4]; 4], origin: [f64; 3]) -> Result<Self> {
        for &entry in matrix.as_flattened().iter().chain(&origin) {
            Error::check(
                "entry of the matrix or its origin",
                entry,
                entry.is_finite(),
                "be a finite number",
            )?;
        }
        for (entry, expected) in matrix[3].into_iter().zip([0.0, 0.0, 0.0, 1.0]) {
            Error::check(
                "entry of the last row",
                entry,
                (entry - expected).abs() < 1e-9,
                "be 0 0 0 1 along the row",
            )?;
        }
        let given = Matrix3::from_fn(|row, column| matrix[row][column]);
        let off = (given * given.transpose() - Matrix3::identity())
            .abs()
            .max();
        Error::check(
            "departure from a rotation",
            off,
            off < 1e-6,
            "be below 10⁻⁶: no scale and no shear",
        )?;
        let determinant = given.determinant();
        Error::check(
            "determinant",
            determinant,
            determinant > 0.0,
            "be 1: a reflection is no motion",
        )?;
        let rotation = to_rows(&Rotation3::from_matrix(&given).into_inner());
        Ok(Self {
            rotation,
            translation: std::array::from_fn(|axis| matrix[axis][3]),
            pivot: origin,
        })
    }

    /// The 4 × 4 row-major matrix that acts on coordinates relative to `origin` (absolute metres):
    /// `m[row][column]`, translation in column 3. Far from the data (zero, for UTM coordinates), a
    /// translation of kilometres cancels against the rotation: choose an origin near the data, and
    /// pass it on with the matrix.
    #[must_use]
    pub fn to_matrix(&self, origin: [f64; 3]) -> [[f64; 4]; 4] {
        let about = self.about(origin);
        let mut matrix = [[0.0, 0.0, 0.0, 1.0]; 4];
        for axis in 0..3 {
            let [x, y, z] = about.rotation[axis];
            matrix[axis] = [x, y, z, about.translation[axis]];
        }
        matrix
    }

    /// The 4 × 4 row-major matrix that acts on absolute coordinates: [`Self::to_matrix`] about zero.
    ///
    /// At UTM coordinates its translation cancels against the rotation and keeps about 10⁻⁹ m ×
    /// the distance from zero in kilometres; [`Self::to_matrix`] with an origin near the data keeps
    /// all digits.
    ///
    /// ```
    /// use isopach_cloud::Rigid;
    /// let up = Rigid::from_translation([0.0, 0.0, 2.0]).matrix();
    /// assert_eq!([up[0][3], up[1][3], up[2][3]], [0.0, 0.0, 2.0]);
    /// ```
    #[must_use]
    pub fn matrix(&self) -> [[f64; 4]; 4] {
        self.to_matrix([0.0; 3])
    }

    /// The 4 × 4 column-major matrix that acts on coordinates relative to `origin`: the transpose
    /// of [`Self::to_matrix`], `m[column][row]`, as `nalgebra::Matrix4::from`, glam and OpenGL take
    /// it. The rows of [`Self::to_matrix`] would give them the inverse rotation.
    ///
    /// ```
    /// use isopach_cloud::Rigid;
    /// let turn = Rigid::from_vectors([0.0, 0.0, 0.1], [1.0, 2.0, 3.0], [10.0, 20.0, 30.0]);
    /// let matrix = nalgebra::Matrix4::from(turn.to_columns([10.0, 20.0, 30.0]));
    /// let moved = matrix.transform_point(&nalgebra::Point3::new(1.0, 0.0, 0.0));
    /// let expected = turn.apply([11.0, 20.0, 30.0]);
    /// assert!((moved.x + 10.0 - expected[0]).abs() < 1e-12 && (moved.y + 20.0 - expected[1]).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn to_columns(&self, origin: [f64; 3]) -> [[f64; 4]; 4] {
        let rows = self.to_matrix(origin);
        std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
    }

    /// Applies the transform to a point, absolute metres; `f64` throughout.
    #[inline]
    #[must_use]
    pub fn apply(&self, point: [f64; 3]) -> [f64; 3] {
        let d: [f64; 3] = std::array::from_fn(|axis| point[axis] - self.pivot[axis]);
        std::array::from_fn(|axis| {
            let r = self.rotation[axis];
            r[0] * d[0] + r[1] * d[1] + r[2] * d[2] + self.pivot[axis] + self.translation[axis]
        })
    }

    /// Rotates a direction.
    #[inline]
    #[must_use]
    pub fn rotate(&self, d: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| {
            let r = self.rotation[axis];
            r[0] * d[0] + r[1] * d[1] + r[2] * d[2]
        })
    }

    /// Expresses the same motion about another pivot.
    #[must_use]
    pub fn about(&self, pivot: [f64; 3]) -> Self {
        let moved = self.apply(pivot);
        Self {
            rotation: self.rotation,
            translation: std::array::from_fn(|axis| moved[axis] - pivot[axis]),
            pivot,
        }
    }

    /// Composes two transforms: first `self`, then `next`; about `self`'s pivot.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let moved = next.apply(self.apply(self.pivot));
        Self {
            rotation: to_rows(&(to_nalgebra(&next.rotation) * to_nalgebra(&self.rotation))),
            translation: std::array::from_fn(|axis| moved[axis] - self.pivot[axis]),
            pivot: self.pivot,
        }
    }

    /// The inverse transform, about the same pivot.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let back = to_nalgebra(&self.rotation).transpose();
        let translation = -(back * Vector3::from(self.translation));
        Self {
            rotation: to_rows(&back),
            translation: translation.into(),
            pivot: self.pivot,
        }
    }

    /// Rotation vector: axis times angle, radians.
    #[must_use]
    pub fn rotation_vector(&self) -> [f64; 3] {
        // By way of a quaternion: the arc cosine of a matrix' trace is NaN when rounding brings it
        // above one, and coarse before that.
        UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(to_nalgebra(
            &self.rotation,
        )))
        .scaled_axis()
        .into()
    }

    /// Rotation angle, radians, never negative.
    #[must_use]
    pub fn angle(&self) -> f64 {
        Vector3::from(self.rotation_vector()).norm()
    }

    /// Upper bound on the displacement of points within `radius` metres of the pivot: an upper
    /// bound, metres.
    #[must_use]
    pub fn largest_displacement(&self, radius: f64) -> f64 {
        Vector3::from(self.translation).norm() + 2.0 * (self.angle() / 2.0).sin().abs() * radius
    }
}

fn to_nalgebra(rows: &[[f64; 3]; 3]) -> Matrix3<f64> {
    Matrix3::from_fn(|row, column| rows[row][column])
}

fn to_rows(matrix: &Matrix3<f64>) -> [[f64; 3]; 3] {
    std::array::from_fn(|row| std::array::from_fn(|column| matrix[(row, column)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn motion()(r in prop::array::uniform3(-0.5..0.5f64), t in prop::array::uniform3(-5.0..5.0f64), p in prop::array::uniform3(-1e6..1e6f64)) -> Rigid {
            Rigid::from_vectors(r, t, p)
        }
    }

    fn near(a: [f64; 3], b: [f64; 3], metres: f64) -> bool {
        (0..3).all(|axis| (a[axis] - b[axis]).abs() <= metres)
    }

    proptest! {
        #[test]
        fn inverse_composition_and_pivot(a in motion(), b in motion(), x in prop::array::uniform3(-1e3..1e3f64)) {
            let x: [f64; 3] = std::array::from_fn(|axis| a.pivot[axis] + x[axis]);
            prop_assert!(near(a.inverse().apply(a.apply(x)), x, 1e-8));
            prop_assert!(near(a.then(&b).apply(x), b.apply(a.apply(x)), 1e-8));
            prop_assert!(near(a.about(x).apply(x), a.apply(x), 1e-8));
            prop_assert!(near(Rigid::from_vectors(a.rotation_vector(), a.translation, a.pivot).apply(x), a.apply(x), 1e-7));
        }

        #[test]
        fn matrices_come_back(a in motion(), x in prop::array::uniform3(-1e3..1e3f64), o in prop::array::uniform3(-1e3..1e3f64)) {
            let origin: [f64; 3] = std::array::from_fn(|axis| a.pivot[axis] + o[axis]);
            let x: [f64; 3] = std::array::from_fn(|axis| a.pivot[axis] + x[axis]);
            let again = Rigid::from_matrix(a.to_matrix(origin), origin).unwrap();
            prop_assert!(near(again.apply(x), a.apply(x), 1e-7));
        }

        /// The smallest rotations and the residue of an undone rotation come back, too.
        #[test]
        fn rotation_vectors_come_back(r in prop::array::uniform3(-1.0..1.0f64), exponent in -12..0_i32) {
            let r = r.map(|x| x * 10_f64.powi(exponent));
            let turned = Rigid::from_vectors(r, [0.0; 3], [0.0; 3]);
            prop_assert!(near(turned.rotation_vector(), r, 1e-15), "{:?}", turned.rotation_vector());
            prop_assert!(turned.then(&turned.inverse()).angle() < 1e-15);
        }

        #[test]
        fn no_point_moves_farther_than_said(a in motion(), d in prop::array::uniform3(-1.0..1.0f64), radius in 0.1..1e3f64) {
            let length = Vector3::from(d).norm().max(1e-9);
            let x: [f64; 3] = std::array::from_fn(|axis| a.pivot[axis] + d[axis] / length * radius);
            let y = a.apply(x);
            let moved = Vector3::new(y[0] - x[0], y[1] - x[1], y[2] - x[2]).norm();
            prop_assert!(moved <= a.largest_displacement(radius) + 1e-7);
        }
    }

    /// nalgebra's conversion from arrays takes columns: rows would turn the other way.
    #[test]
    fn other_libraries_get_columns() {
        let turn = Rigid::from_vectors([0.1, -0.2, 0.3], [1.0, 2.0, 3.0], [100.0, 200.0, 30.0]);
        let columns = nalgebra::Matrix4::from(turn.to_columns([90.0, 180.0, 0.0]));
        let moved = columns.transform_point(&nalgebra::Point3::new(15.0, 25.0, 35.0));
        let expected = turn.apply([105.0, 205.0, 35.0]);
        let found = [moved.x + 90.0, moved.y + 180.0, moved.z];
        assert!(near(found, expected, 1e-10), "{found:?} {expected:?}");
        let rows = nalgebra::Matrix4::from(turn.to_matrix([90.0, 180.0, 0.0]));
        assert_eq!(rows, columns.transpose());
    }

    #[test]
    fn matrices_that_move_nothing_rigidly_are_refused() {
        let identity = Rigid::identity([0.0; 3]).to_matrix([0.0; 3]);
        let with = |row: usize, column: usize, value: f64| {
            let mut matrix = identity;
            matrix[row][column] = value;
            Rigid::from_matrix(matrix, [0.0; 3])
        };
        assert!(
            with(0, 0, 1.001).is_err() && with(0, 0, -1.0).is_err() && with(3, 0, 0.5).is_err()
        );
        assert!(with(1, 3, f64::NAN).is_err() && with(1, 3, 7.0).is_ok());
    }
}
