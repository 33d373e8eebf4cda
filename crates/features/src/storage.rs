//! Columns for storage, in four bytes a number or in two.
//!
//! Half precision (IEEE 754 binary16) keeps 11 bits: a number is off by up to 2⁻¹¹ = 0.049 % of
//! itself. Its range is narrow, 6·10⁻⁵ to 65,504, so the numbers of a column are multiplied by a
//! power of two that brings the largest that the feature can be to 2¹⁵. The power follows from the
//! feature, its convention and the reach of the neighbourhood, not from the values: any two tiles
//! are stored alike. Numbers below 2⁻²⁹ of that largest one are off by less than 2⁻³⁹ of it.
//!
//! Three components of a normal become two whole numbers of 16 bits, its place on an octahedron
//! that is unfolded to a square (Meyer et al. 2010): off by less than 10⁻⁴ of the unit vector.
//!
//! Coordinates and sums of coordinates are never stored in halves. Extra bytes of LAZ have no
//! halves, and a whole number of 16 bits with a scale is off by a fixed amount, which is above
//! 0.1 % of every value below a 65th of the largest: LAZ keeps `f32`.

use crate::{
    ColumnKind, Feature, FeatureColumn, Features, Gaps, PointFeatures, convention::Entropy,
};
use half::f16;

/// Precision in which columns are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Storage {
    /// Four bytes a number.
    #[default]
    Single,
    /// Two bytes a number, four a normal; numbers of neighbours and scales keep four.
    Half,
}

/// Features of points as they are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFeatures {
    /// Columns in the order of [`PointFeatures::columns`]; a whole normal is one.
    pub columns: Vec<StoredColumn>,
    /// Neighbourhoods without features, by reason.
    pub gaps: Gaps,
}

/// One feature of all points, or their normals.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredColumn {
    /// The feature, or the three components of the normal; with the names of their columns.
    pub features: Vec<(Feature, String)>,
    /// The numbers.
    pub numbers: StoredNumbers,
}

/// Numbers of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredNumbers {
    /// One number a point; NaN where there is none.
    Single(Vec<f32>),
    /// One number a point.
    Half {
        /// Halves by their bits; NaN where there is no value.
        bits: Vec<u16>,
        /// Factor of a half, a power of two.
        scale: f64,
        /// Values that are larger than the feature can be, stored as infinity.
        beyond: u64,
    },
    /// Two coordinates a normal, 1/32,767 of the octahedron's half side; [`NO_NORMAL`] where there
    /// is none.
    Octahedral(Vec<[i16; 2]>),
}

/// Where there is no normal.
pub const NO_NORMAL: [i16; 2] = [i16::MIN; 2];

/// Half a side of the unfolded octahedron.
const SIDE: f64 = 32_767.0;

impl PointFeatures {
    /// The columns in this precision. `features` are those that were run.
    ///
    /// ```
    /// use isopach_features::{Cloud, Convention, Cpu, Features, Neighbourhood, NormalSide, Storage};
    /// let points: Vec<[f64; 3]> =
    ///     (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i * i % 7)]).collect();
    /// let cloud = Cloud::from_points(&points)?;
    /// let features = Features {
    ///     neighbourhood: Neighbourhood::Radius(3.0),
    ///     wanted: "planarity,nx,ny,nz".parse().expect("features by their names"),
    ///     convention: Convention::ISOPACH,
    ///     normals: NormalSide::Up,
    /// };
    /// let found = features.run(&Cpu, cloud.positions())?;
    /// let stored = found.store(&features, Storage::Half);
    /// assert_eq!(stored.columns.len(), 2); // 6 bytes a point instead of 16
    /// let planarity = &stored.restore().columns[0].values;
    /// assert!((planarity[210] / found.columns[0].values[210] - 1.0).abs() <= 0.0005);
    /// # Ok::<(), isopach_features::Error>(())
    /// ```
    #[must_use]
    pub fn store(&self, features: &Features, storage: Storage) -> StoredFeatures {
        let mut columns = Vec::new();
        let mut rest = &self.columns[..];
        while let Some((first, behind)) = rest.split_first() {
            let normal = rest.first_chunk::<3>().filter(|columns| is_normal(columns));
            if let (Storage::Half, Some(components)) = (storage, normal) {
                columns.push(store_normals(components));
                rest = &rest[components.len()..];
            } else {
                columns.push(store_numbers(first, features, storage));
                rest = behind;
            }
        }
        StoredFeatures {
            columns,
            gaps: self.gaps,
        }
    }
}

impl StoredFeatures {
    /// The columns in `f32`, each with its rounding.
    #[must_use]
    pub fn restore(&self) -> PointFeatures {
        let columns = self.columns.iter().flat_map(StoredColumn::restore);
        PointFeatures {
            columns: columns.collect(),
            gaps: self.gaps,
        }
    }
}

impl StoredColumn {
    fn restore(&self) -> Vec<FeatureColumn> {
        let restored = match &self.numbers {
            StoredNumbers::Single(values) => vec![values.clone()],
            StoredNumbers::Half { bits, scale, .. } => {
                let value = |&bits: &u16| decode_half(bits, *scale) as f32;
                vec![bits.iter().map(value).collect()]
            }
            StoredNumbers::Octahedral(places) => {
                let normals: Vec<[f64; 3]> = places.iter().map(|&at| decode_normal(at)).collect();
                let component = |axis: usize| normals.iter().map(move |n| n[axis] as f32).collect();
                (0..3).map(component).collect()
            }
        };
        let columns = self.features.iter().zip(restored);
        columns
            .map(|((feature, name), values)| FeatureColumn {
                feature: *feature,
                name: name.clone(),
                values,
            })
            .collect()
    }
}

impl StoredNumbers {
    /// The type of the numbers in numpy's words, for the head of an `.npy` file.
    #[must_use]
    pub fn numpy_type(&self) -> &'static str {
        match self {
            Self::Single(_) => "<f4",
            Self::Half { .. } => "<f2",
            Self::Octahedral(_) => "<i2",
        }
    }

    /// Numbers a point.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Single(_) | Self::Half { .. } => 1,
            Self::Octahedral(_) => 2,
        }
    }

    /// The numbers, little-endian, point by point.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Single(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Half { bits, .. } => bits.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Octahedral(places) => {
                let numbers = places.iter().flatten();
                numbers.flat_map(|v| v.to_le_bytes()).collect()
            }
        }
    }
}

/// Whether three columns are the components of one normal.
fn is_normal(columns: &[FeatureColumn; 3]) -> bool {
    let features = columns.each_ref().map(|column| column.feature);
    features == [Feature::NormalX, Feature::NormalY, Feature::NormalZ]
}

fn store_normals(components: &[FeatureColumn; 3]) -> StoredColumn {
    let [x, y, z] = components.each_ref().map(|column| &column.values);
    let places = x.iter().zip(y).zip(z);
    StoredColumn {
        features: components
            .iter()
            .map(|column| (column.feature, column.name.clone()))
            .collect(),
        numbers: StoredNumbers::Octahedral(
            places
                .map(|((&x, &y), &z)| encode_normal([x, y, z].map(f64::from)))
                .collect(),
        ),
    }
}

fn store_numbers(column: &FeatureColumn, features: &Features, storage: Storage) -> StoredColumn {
    let is_whole = matches!(column.feature, Feature::NumberOfNeighbours | Feature::Scale);
    let numbers = if storage == Storage::Single || is_whole {
        StoredNumbers::Single(column.values.clone())
    } else {
        store_halves(&column.values, largest_value(column.feature, features))
    };
    StoredColumn {
        features: vec![(column.feature, column.name.clone())],
        numbers,
    }
}

fn store_halves(values: &[f32], largest: f64) -> StoredNumbers {
    // 2¹⁵ is half of the largest half.
    let scale = (largest.log2().ceil() - 15.0).exp2();
    let bits: Vec<u16> = values
        .iter()
        .map(|&value| encode_half(value, scale))
        .collect();
    let beyond = bits
        .iter()
        .filter(|&&bits| f16::from_bits(bits).is_infinite());
    StoredNumbers::Half {
        scale,
        beyond: beyond.count() as u64,
        bits,
    }
}

/// The bits of the half that is next to a number divided by `scale`, a power of two.
#[must_use]
pub fn encode_half(value: f32, scale: f64) -> u16 {
    f16::from_f64(f64::from(value) / scale).to_bits()
}

/// The number that the bits of a half stand for, times `scale`.
#[must_use]
pub fn decode_half(bits: u16, scale: f64) -> f64 {
    f16::from_bits(bits).to_f64() * scale
}

/// Largest density (1/m², 1/m³) that halves are scaled for.
const LARGEST_DENSITY: f64 = 32_768.0;
/// Largest curvature (1/m, 1/m²) that halves are scaled for.
const LARGEST_CURVATURE: f64 = 1024.0;
/// Largest reach (metres) that halves are scaled for where it has no limit.
const LARGEST_REACH: f64 = 64.0;

/// The largest that a feature can be, or may well be where nothing limits it.
fn largest_value(feature: Feature, features: &Features) -> f64 {
    let reach = features.neighbourhood.reach().min(LARGEST_REACH);
    // No eigenvalue exceeds n/(n − 1) r² with n of at least 2.
    let eigenvalue = 2.0 * reach * reach;
    match (feature, feature.kind()) {
        (Feature::Eigenentropy, _) if features.convention.entropy == Entropy::OfBasis => {
            // Of three terms x ln x; below 1 each is at most 1/e.
            3.0 * (eigenvalue * eigenvalue.max(1.0).ln()).max(1.0)
        }
        (_, ColumnKind::ScalesAs(power)) if power > 0 => (2.0 * reach).powi(power.into()),
        (Feature::Density | Feature::SurfaceDensity, _) => LARGEST_DENSITY,
        (Feature::MeanCurvature | Feature::GaussianCurvature, _) => LARGEST_CURVATURE,
        // Shares, and the entropy of three shares, which is at most ln 3.
        _ => 2.0,
    }
}

/// The place of a unit vector on the unfolded octahedron, in 32,767ths of half its side; [`NO_NORMAL`]
/// of NaN.
#[must_use]
pub fn encode_normal(normal: [f64; 3]) -> [i16; 2] {
    let [x, y, z] = normal;
    let sum = x.abs() + y.abs() + z.abs();
    if sum.is_nan() || sum == 0.0 {
        return NO_NORMAL;
    }
    let upper = [x / sum, y / sum];
    let place = if z < 0.0 { fold(upper) } else { upper };
    place.map(|coordinate| (coordinate * SIDE).round() as i16)
}

/// The unit vector at a place of the unfolded octahedron; NaN where there is none.
///
/// ```
/// use isopach_features::{decode_normal, encode_normal};
/// assert_eq!(decode_normal(encode_normal([0.0, 0.6, 0.8])).map(|n| (n * 1e3).round()), [0.0, 600.0, 800.0]);
/// ```
#[must_use]
pub fn decode_normal(place: [i16; 2]) -> [f64; 3] {
    if place == NO_NORMAL {
        return [f64::NAN; 3];
    }
    let place = place.map(|coordinate| f64::from(coordinate) / SIDE);
    let z = 1.0 - place[0].abs() - place[1].abs();
    let [x, y] = if z < 0.0 { fold(place) } else { place };
    let length = (x * x + y * y + z * z).sqrt();
    [x / length, y / length, z / length]
}

/// Turns the lower half of the octahedron outwards, or back.
fn fold([x, y]: [f64; 2]) -> [f64; 2] {
    [(1.0 - y.abs()).copysign(x), (1.0 - x.abs()).copysign(y)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    #[test]
    fn normals_come_back_to_a_ten_thousandth() {
        let mut worst = 0.0_f64;
        for i in 0..200_000 {
            let [z, angle] = [2.0 * random(2 * i) - 1.0, 7.0 * random(2 * i + 1)];
            let level = (1.0 - z * z).sqrt();
            let normal = [level * angle.cos(), level * angle.sin(), z];
            let back = decode_normal(encode_normal(normal));
            let apart: f64 = (0..3).map(|axis| (back[axis] - normal[axis]).powi(2)).sum();
            worst = worst.max(apart.sqrt());
        }
        assert!(worst > 1e-5 && worst <= 1e-4, "{worst}");
        for axis in [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
            [1.0, 0.0, 0.0],
            [0.0, -1.0, 0.0],
        ] {
            assert_eq!(decode_normal(encode_normal(axis)), axis);
        }
        assert_eq!(encode_normal([f64::NAN; 3]), NO_NORMAL);
        assert!(decode_normal(NO_NORMAL)[0].is_nan());
    }

    #[test]
    fn what_is_too_large_is_counted() {
        let StoredNumbers::Half { bits, beyond, .. } = store_halves(&[1.0, 9.0, f32::NAN], 2.0)
        else {
            panic!("halves are wanted");
        };
        assert_eq!(beyond, 1);
        assert!(f16::from_bits(bits[1]).is_infinite() && f16::from_bits(bits[2]).is_nan());
    }
}
