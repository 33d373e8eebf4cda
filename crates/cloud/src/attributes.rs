//! Columns beside the coordinates.

use crate::Columns;

/// Columns beside the coordinates: each is absent, or as long as the points are many.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// ASPRS class.
    pub classification: Option<Vec<u8>>,
    /// Pulse return magnitude.
    pub intensity: Option<Vec<u16>>,
    /// Return number and number of returns.
    pub returns: Option<Vec<[u8; 2]>>,
    /// GPS time, seconds.
    pub gps_time: Option<Vec<f64>>,
    /// Red, green, blue.
    pub rgb: Option<Vec<[u16; 3]>>,
    /// Point source identifier (flight line).
    pub point_source: Option<Vec<u16>>,
}

/// Applies one expression to every column: one place that knows them all.
macro_rules! each_column {
    ($self:ident, $column:ident => $body:expr) => {
        Attributes {
            classification: {
                let $column = &$self.classification;
                $body
            },
            intensity: {
                let $column = &$self.intensity;
                $body
            },
            returns: {
                let $column = &$self.returns;
                $body
            },
            gps_time: {
                let $column = &$self.gps_time;
                $body
            },
            rgb: {
                let $column = &$self.rgb;
                $body
            },
            point_source: {
                let $column = &$self.point_source;
                $body
            },
        }
    };
}

impl Attributes {
    /// Empty columns, present where `columns` names them.
    #[must_use]
    pub fn empty(columns: Columns) -> Self {
        fn wanted<T>(is: bool) -> Option<Vec<T>> {
            is.then(Vec::new)
        }
        Self {
            classification: wanted(columns.contains(Columns::CLASSIFICATION)),
            intensity: wanted(columns.contains(Columns::INTENSITY)),
            returns: wanted(columns.contains(Columns::RETURNS)),
            gps_time: wanted(columns.contains(Columns::GPS_TIME)),
            rgb: wanted(columns.contains(Columns::RGB)),
            point_source: wanted(columns.contains(Columns::POINT_SOURCE)),
        }
    }

    /// The rows `indices`, in that order.
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        each_column!(self, column => column.as_ref().map(|values| {
            indices.iter().map(|&i| values[i as usize]).collect()
        }))
    }

    /// Appends the rows `indices` of `other`. A column that either side lacks is lost: half a column is none.
    pub fn append_selected(&mut self, other: &Self, indices: &[u32]) {
        fn append<T: Copy>(to: &mut Option<Vec<T>>, from: Option<&Vec<T>>, indices: &[u32]) {
            match (to.as_mut(), from) {
                (Some(to), Some(from)) => to.extend(indices.iter().map(|&i| from[i as usize])),
                _ => *to = None,
            }
        }
        append(&mut self.classification, other.classification.as_ref(), indices);
        append(&mut self.intensity, other.intensity.as_ref(), indices);
        append(&mut self.returns, other.returns.as_ref(), indices);
        append(&mut self.gps_time, other.gps_time.as_ref(), indices);
        append(&mut self.rgb, other.rgb.as_ref(), indices);
        append(&mut self.point_source, other.point_source.as_ref(), indices);
    }

    /// Appends the rows of `other`. A column that either side lacks is lost.
    pub fn append(&mut self, other: &mut Self) {
        fn append<T>(to: &mut Option<Vec<T>>, from: Option<&mut Vec<T>>) {
            match (to.as_mut(), from) {
                (Some(to), Some(from)) => to.append(from),
                _ => *to = None,
            }
        }
        append(&mut self.classification, other.classification.as_mut());
        append(&mut self.intensity, other.intensity.as_mut());
        append(&mut self.returns, other.returns.as_mut());
        append(&mut self.gps_time, other.gps_time.as_mut());
        append(&mut self.rgb, other.rgb.as_mut());
        append(&mut self.point_source, other.point_source.as_mut());
    }

    /// Drops the columns that `columns` does not name.
    pub fn retain(&mut self, columns: Columns) {
        fn keep<T>(column: &mut Option<T>, is: bool) {
            if !is {
                *column = None;
            }
        }
        keep(&mut self.classification, columns.contains(Columns::CLASSIFICATION));
        keep(&mut self.intensity, columns.contains(Columns::INTENSITY));
        keep(&mut self.returns, columns.contains(Columns::RETURNS));
        keep(&mut self.gps_time, columns.contains(Columns::GPS_TIME));
        keep(&mut self.rgb, columns.contains(Columns::RGB));
        keep(&mut self.point_source, columns.contains(Columns::POINT_SOURCE));
    }

    /// The columns that are present.
    #[must_use]
    pub fn columns(&self) -> Columns {
        [
            (self.classification.is_some(), Columns::CLASSIFICATION),
            (self.intensity.is_some(), Columns::INTENSITY),
            (self.returns.is_some(), Columns::RETURNS),
            (self.gps_time.is_some(), Columns::GPS_TIME),
            (self.rgb.is_some(), Columns::RGB),
            (self.point_source.is_some(), Columns::POINT_SOURCE),
        ]
        .into_iter()
        .filter(|(present, _)| *present)
        .fold(Columns::XYZ, |all, (_, column)| all.with(column))
    }

    /// Bytes that one row of the present columns takes.
    #[must_use]
    pub fn bytes_per_point(columns: Columns) -> u64 {
        let sizes = [
            (Columns::CLASSIFICATION, 1),
            (Columns::INTENSITY, 2),
            (Columns::RETURNS, 2),
            (Columns::GPS_TIME, 8),
            (Columns::RGB, 6),
            (Columns::POINT_SOURCE, 2),
        ];
        sizes.iter().filter(|(column, _)| columns.contains(*column)).map(|(_, bytes)| bytes).sum()
    }
}
