//! Schema of a file to be written.

use crate::{
    GpsTime,
    encoder::CHUNK,
    error::{Checked, LasProblem},
    extra::ExtraBytes,
};
use isopach_cloud::{Columns, Crs, Positions};
use laz::LazVlr;

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
    /// Named extra columns.
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
            extra_bytes: Vec::new(),
            chunk_points: CHUNK,
        }
    }
}

impl Schema {
    pub(crate) fn check(&self) -> Checked<()> {
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
                "GPS times less {less_millions} million seconds need LAS 1.5, and 1.4 is written"
            );
            return Err(LasProblem::Unwritable(text));
        }
        for (number, extra) in self.extra_bytes.iter().enumerate() {
            for (what, text) in [("name", &extra.name), ("description", &extra.description)] {
                if text.len() > TEXT {
                    let length = text.len();
                    return Err(LasProblem::Unwritable(format!(
                        "the {what} of an extra column, {text:?}, has {length} bytes, but must have at most {TEXT}"
                    )));
                }
            }
            if extra.name.is_empty()
                || self.extra_bytes[..number]
                    .iter()
                    .any(|other| other.name == extra.name)
            {
                let name = &extra.name;
                return Err(LasProblem::Unwritable(format!(
                    "an extra column is called {name:?}, but each must have a name of its own"
                )));
            }
        }
        if let Some(bad) = self.offset.iter().find(|offset| !offset.is_finite()) {
            return Err(LasProblem::Unwritable(format!(
                "the offset is {bad}, but must be finite"
            )));
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
    pub(crate) fn extra_length(&self) -> Checked<u16> {
        let bytes: usize = self
            .extra_bytes
            .iter()
            .map(|extra| extra.kind.bytes())
            .sum();
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
    pub(crate) fn variable_records(&self, vlr: &LazVlr) -> Checked<Records> {
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
        if !self.extra_bytes.is_empty() {
            let descriptors: Vec<u8> = self
                .extra_bytes
                .iter()
                .flat_map(ExtraBytes::to_descriptor)
                .collect();
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
    fn push_record(&mut self, user: &str, id: u16, data: &[u8]) -> Checked<()> {
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
    pub(crate) fn push_compressor(&mut self, vlr: &LazVlr) -> Checked<()> {
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
