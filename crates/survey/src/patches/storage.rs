//! How columns stand in files: in four bytes a number, or features in two.

use super::{assemble::Assembly, stage::Stage};
use isopach::{
    features::{Feature, decode_half, decode_normal, encode_half, encode_normal},
    patches::{Augmentation, Column, ColumnKind, ColumnSource, Statistics},
};
use safetensors::Dtype;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// How the numbers of a column stand in files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ColumnStorage {
    /// `f32`.
    Single,
    /// `i16` of a label.
    Label,
    /// Half precision: a number is a half times this power of two.
    Half(f64),
    /// A normal: its place on an unfolded octahedron, two `i16`.
    Octahedral,
}

/// Largest exponent of a stored half: half of the largest that there is.
const LARGEST_EXPONENT: f64 = 15.0;
/// Smallest half with eleven bits.
const LEAST_NORMAL: f64 = 1.0 / 16_384.0;

impl ColumnStorage {
    /// The storage of all columns; features take two bytes a number if halves are wanted.
    ///
    /// The factor of a column brings its largest number to 2¹⁵. It is one of the whole data set: tiles
    /// and threads cannot change it.
    pub(super) fn of_columns(
        columns: &[Column],
        stage: &Stage,
        change: Option<&Augmentation>,
        normalised_by: Option<&Statistics>,
        halves: bool,
    ) -> Vec<Self> {
        let largest_of = |column: usize| stage.largest.get(column).map_or(0.0, |&most| most.into());
        let columns = columns.iter().enumerate();
        columns
            .map(|(number, column)| match column.kind {
                ColumnKind::Label => Self::Label,
                ColumnKind::Vector | ColumnKind::Axis if halves => Self::Octahedral,
                _ if halves && is_feature_of_halves(column.source) => Self::half_of(
                    largest_written(column, largest_of(number), change, normalised_by),
                ),
                _ => Self::Single,
            })
            .collect()
    }

    fn half_of(largest: f64) -> Self {
        if largest > 0.0 && largest.is_finite() {
            Self::Half((largest.log2().ceil() - LARGEST_EXPONENT).exp2())
        } else {
            Self::Half(1.0)
        }
    }

    /// Numbers of a row in files.
    pub(super) fn width(self, column: &Column) -> usize {
        match self {
            Self::Octahedral => 2,
            _ => column.width,
        }
    }

    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::Single => Dtype::F32,
            Self::Half(_) => Dtype::F16,
            Self::Label | Self::Octahedral => Dtype::I16,
        }
    }

    /// The type in the words of the manifest.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Single => "f32",
            Self::Half(_) => "f16",
            Self::Label | Self::Octahedral => "i16",
        }
    }

    /// The type in numpy's words.
    pub(super) fn numpy_type(self) -> &'static str {
        match self {
            Self::Single => "<f4",
            Self::Half(_) => "<f2",
            Self::Label | Self::Octahedral => "<i2",
        }
    }

    /// Shape of an array of so many rows.
    pub(super) fn shape(self, column: &Column, rows: usize) -> Vec<usize> {
        match self {
            Self::Label => vec![rows],
            _ => vec![rows, self.width(column)],
        }
    }

    /// Appends numbers as they stand in files, little-endian; the largest error that this makes.
    pub(super) fn append(self, bytes: &mut Vec<u8>, values: &[f32]) -> f64 {
        match self {
            Self::Single => append_numbers(bytes, values),
            Self::Label => {
                let labels = values.iter().map(|value| *value as i16);
                bytes.extend(labels.flat_map(i16::to_le_bytes));
            }
            Self::Half(scale) => return append_halves(bytes, values, scale),
            Self::Octahedral => return append_normals(bytes, values),
        }
        0.0
    }

    /// The part of the manifest about a column that is not stored as it is.
    pub(super) fn describe(self, largest_error: f64) -> Value {
        match self {
            Self::Single | Self::Label => Value::Null,
            Self::Half(scale) => json!({
                "kind": "half",
                "scale": scale,
                "largest_relative_error": largest_error,
                "relative_to_at_least": scale * LEAST_NORMAL,
            }),
            Self::Octahedral => json!({
                "kind": "octahedral",
                "side": 32_767,
                "largest_error": largest_error,
            }),
        }
    }
}

impl Assembly<'_> {
    /// Whether a column has another form in files than its numbers.
    pub(super) fn has_halves(&self) -> bool {
        let mut storages = self.storages.iter();
        storages.any(|storage| !matches!(storage, ColumnStorage::Single | ColumnStorage::Label))
    }

    /// Appends the numbers of a column as they stand in files, and notes the error.
    pub(super) fn append_column(&self, bytes: &mut Vec<u8>, column: usize, values: &[f32]) {
        let error = self.storages[column].append(bytes, values);
        self.errors.note(column, error);
    }
}

/// Largest errors of columns, noted in any order.
#[derive(Debug, Default)]
pub(super) struct LargestErrors(Mutex<Vec<f64>>);

impl LargestErrors {
    fn note(&self, column: usize, error: f64) {
        let mut errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() <= column {
            errors.resize(column + 1, 0.0);
        }
        errors[column] = errors[column].max(error);
    }

    pub(super) fn of_column(&self, column: usize) -> f64 {
        let errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        errors.get(column).copied().unwrap_or(0.0)
    }
}

/// Whether halves keep the numbers: not of whole numbers, and not of radii.
fn is_feature_of_halves(source: ColumnSource) -> bool {
    match source {
        ColumnSource::Feature(feature) => {
            !matches!(feature, Feature::NumberOfNeighbours | Feature::Scale)
        }
        _ => false,
    }
}

/// The largest number of a column in the files: of copies too, and on its scale.
fn largest_written(
    column: &Column,
    largest: f64,
    change: Option<&Augmentation>,
    normalised_by: Option<&Statistics>,
) -> f64 {
    let power = match column.kind {
        ColumnKind::ScalesAs(power) => i32::from(power),
        _ => 0,
    };
    let scales = change.iter().flat_map(|change| change.scale);
    let factor = scales.map(|scale| scale.powi(power)).fold(1.0, f64::max);
    let largest = largest * factor;
    let moments = normalised_by.and_then(|statistics| statistics.of_column(column).ok());
    match moments {
        Some([moments]) if column.is_normalised() => {
            let deviation = Some(moments.deviation()).filter(|deviation| *deviation > 0.0);
            (largest + moments.mean.abs()) / deviation.unwrap_or(1.0)
        }
        _ => largest,
    }
}

fn append_halves(bytes: &mut Vec<u8>, values: &[f32], scale: f64) -> f64 {
    let mut largest_error = 0.0_f64;
    let least = scale * LEAST_NORMAL;
    for &value in values {
        let bits = encode_half(value, scale);
        bytes.extend(bits.to_le_bytes());
        if value.is_finite() {
            let value = f64::from(value);
            let error = (decode_half(bits, scale) - value).abs();
            largest_error = largest_error.max(error / value.abs().max(least));
        }
    }
    largest_error
}

fn append_normals(bytes: &mut Vec<u8>, values: &[f32]) -> f64 {
    let mut largest_error = 0.0_f64;
    for normal in values.as_chunks::<3>().0 {
        let normal = normal.map(f64::from);
        let place = encode_normal(normal);
        bytes.extend(place.into_iter().flat_map(i16::to_le_bytes));
        let back = decode_normal(place);
        let squares = (0..3).map(|axis| (back[axis] - normal[axis]).powi(2));
        // `max` passes over NaN.
        largest_error = largest_error.max(squares.sum::<f64>().sqrt());
    }
    largest_error
}

/// Appends numbers, little-endian.
pub(super) fn append_numbers(bytes: &mut Vec<u8>, values: &[f32]) {
    if cfg!(target_endian = "little") {
        bytes.extend_from_slice(bytemuck::cast_slice(values));
    } else {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
}
