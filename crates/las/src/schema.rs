//! Schema of a file to be written.

use crate::{
    GpsTime, carried::width_of_extra, encoder::CHUNK, error::LasProblem, extra::ExtraBytes,
};
use isopach_cloud::{Columns, Crs, Positions};
use laz::LazVlr;
use std::collections::HashSet;

/// Bytes of the name of an extra column, and of its description.
const TEXT: usize = 32;

/// Schema of a LAZ file to be written: columns, scale, offset, coordinate system, extra columns.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schema {
    /// Coordinate reference system: its well-known text is written, else that of its EPSG codes,
    /// else the codes.
    pub crs: Option<Crs>,
    /// Size of a step of the coordinates, metres.
    pub scale: f64,
    /// Offset of coordinates, metres. If the first points written lie beyond half the range of the
    /// stored integers (1,073 km for millimetres), the offset moves to the nearest multiple of
    /// 1,000 km.
    pub offset: [f64; 3],
    /// Standard columns beside the coordinates: PDRF 6, 7 with colour, 8 with near infrared.
    /// Columns that are not named are zero.
    pub columns: Columns,
    /// Meaning of GPS times, if they are among the columns.
    pub gps_time: GpsTime,
    /// Named extra columns whose bytes the points have as they are stored
    /// ([`Attributes::extra`](crate::Attributes::extra)): `columns` has their
    /// [width](crate::Columns::extra_width).
    #[cfg_attr(feature = "serde", serde(default))]
    pub carried: Vec<ExtraBytes>,
    /// Named extra columns whose values are given; they stand behind those that are carried.
    pub extra_bytes: Vec<ExtraBytes>,
    /// Points per compressed chunk, at least 1: with fewer, less is decoded for a small box, and
    /// the file is larger. Chunks of long records are cut down to 32 MiB.
    pub chunk_points: u32,
}

impl Default for Schema {
    /// Millimetres about zero, coordinates alone, chunks of 50,000 points as LASzip has them.
    fn default() -> Self {
        Self {
            crs: None,
            scale: 0.001,
            offset: [0.0; 3],
            columns: Columns::XYZ,
            gps_time: GpsTime::ADJUSTED_STANDARD,
            carried: Vec::new(),
            extra_bytes: Vec::new(),
            chunk_points: CHUNK,
        }
    }
}

impl Schema {
    /// Refuses a schema that cannot be written.
    pub(crate) fn check(&self) -> Result<(), LasProblem> {
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(LasProblem::Unwritable(format!(
                "the scale is {}, but must be above zero",
                self.scale
            )));
        }
        if self.chunk_points == 0 {
            return Err(LasProblem::Unwritable(
                "chunks have 0 points, but must have at least 1".into(),
            ));
        }
        if let GpsTime::Standard { less_millions } = self.gps_time
            && self.gps_time != GpsTime::ADJUSTED_STANDARD
        {
            let text = format!(
                "GPS times minus {less_millions} million seconds need LAS 1.5, but 1.4 is written"
            );
            return Err(LasProblem::Unwritable(text));
        }
        if width_of_extra(&self.carried) != Some(self.columns.extra_width()) {
            return Err(LasProblem::Unwritable(format!(
                "the columns have {} extra bytes a point, but must have those of the carried columns",
                self.columns.extra_width()
            )));
        }
        self.check_texts()?;
        if let Some(bad) = self.offset.iter().find(|offset| !offset.is_finite()) {
            return Err(LasProblem::Unwritable(format!(
                "the offset is {bad}, but must be finite"
            )));
        }
        Ok(())
    }

    /// All extra columns, in the order of the record.
    fn all_extra(&self) -> impl Iterator<Item = &ExtraBytes> {
        self.carried.iter().chain(&self.extra_bytes)
    }

    /// Refuses names and descriptions that are too long, and names that are there twice.
    fn check_texts(&self) -> Result<(), LasProblem> {
        let mut names = HashSet::new();
        for extra in self.all_extra() {
            for (what, text) in [("name", &extra.name), ("description", &extra.description)] {
                if text.len() > TEXT {
                    let length = text.len();
                    return Err(LasProblem::Unwritable(format!(
                        "the {what} of an extra column, {text:?}, has {length} bytes, but must have at most {TEXT}"
                    )));
                }
            }
            if extra.name.is_empty() || !names.insert(&extra.name) {
                let name = &extra.name;
                return Err(LasProblem::Unwritable(format!(
                    "two extra columns are called {name:?}, but names must be unique"
                )));
            }
        }
        Ok(())
    }

    /// Well-known text of the coordinate system, which LAS 1.4 requires of PDRF 6 to 10; `None` if
    /// no system is given or its EPSG code is unknown.
    pub(crate) fn well_known_text(&self) -> Option<String> {
        self.crs.as_ref().and_then(isopach_crs::well_known_text)
    }

    /// The offset to use if these are the first points: see [`Self::offset`].
    pub(crate) fn offset_for(&self, points: Positions<'_>) -> [f64; 3] {
        const STEP: f64 = 1e6;
        let reach = self.scale * f64::from(i32::MAX) / 2.0;
        std::array::from_fn(|axis| {
            let farthest = (0..points.len())
                .map(|i: usize| points.absolute(i)[axis])
                .fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
            match self.offset[axis] {
                0.0 if farthest.abs() > reach => (farthest / STEP).round() * STEP,
                offset => offset,
            }
        })
    }

    /// Point data record format.
    pub(crate) fn point_format(&self) -> u8 {
        match () {
            () if self.columns.contains(Columns::NIR) => 8,
            () if self.columns.contains(Columns::RGB) => 7,
            () => 6,
        }
    }

    /// Bytes of the extra columns of a point.
    pub(crate) fn extra_length(&self) -> Result<u16, LasProblem> {
        let bytes: usize = self.all_extra().map(|extra| extra.kind.bytes()).sum();
        u16::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes < u16::MAX - 100)
            .ok_or_else(|| {
                LasProblem::Unwritable(format!(
                    "extra columns of {bytes} bytes a point do not fit a record"
                ))
            })
    }

    /// The variable length records: coordinate system, extra bytes, compressor.
    pub(crate) fn variable_records(&self, vlr: &LazVlr) -> Result<Records, LasProblem> {
        let mut records = Records {
            bytes: Vec::new(),
            count: 0,
        };
        if let Some(wkt) = self.well_known_text() {
            records.push_record("LASF_Projection", 2112, &[wkt.as_bytes(), &[0]].concat())?;
        } else if let Some(crs) = self.crs.as_ref().filter(|crs| crs.horizontal.is_some()) {
            let (directory, _) = isopach_crs::to_geokeys(crs);
            let bytes: Vec<u8> = directory.into_iter().flat_map(u16::to_le_bytes).collect();
            records.push_record("LASF_Projection", 34735, &bytes)?;
        }
        let descriptors: Vec<u8> = self
            .all_extra()
            .flat_map(ExtraBytes::to_descriptor)
            .collect();
        if !descriptors.is_empty() {
            records.push_record("LASF_Spec", 4, &descriptors)?;
        }
        records.push_compressor(vlr)?;
        Ok(records)
    }
}

/// Variable length records as they are in a file.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: u32,
}

impl Records {
    /// Appends a variable length record.
    fn push_record(&mut self, user: &str, id: u16, data: &[u8]) -> Result<(), LasProblem> {
        let Ok(length) = u16::try_from(data.len()) else {
            return Err(LasProblem::Unwritable(format!(
                "the record {user} {id} is longer than 65535 bytes"
            )));
        };
        self.bytes.extend([0; 2]);
        self.bytes.extend(&zero_padded(user)[..16]);
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend([0; 32]);
        self.bytes.extend(data);
        self.count += 1;
        Ok(())
    }

    /// The record of the compressor.
    pub(crate) fn push_compressor(&mut self, vlr: &LazVlr) -> Result<(), LasProblem> {
        let mut data = Vec::new();
        vlr.write_to(&mut data)?;
        self.push_record("laszip encoded", 22204, &data)
    }
}

/// Text in 32 bytes.
pub(crate) fn zero_padded(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let length = text.len().min(32);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}
