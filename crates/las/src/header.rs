//! The header of a LAS file as this crate presents it.

use crate::{Copc, extra::ExtraBytes, layout::Layout, records::VariableRecord};
use isopach_cloud::Crs;
use laz::LazVlr;

/// Meaning of GPS times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GpsTime {
    /// Seconds of the GPS week.
    Week,
    /// GPS seconds since 1980-01-06, minus this many millions: 1000 by default ("adjusted
    /// standard"), another number in LAS 1.5.
    Standard {
        /// Millions of seconds that were taken off.
        less_millions: u16,
    },
}

impl GpsTime {
    /// GPS seconds less a thousand million.
    pub const ADJUSTED_STANDARD: Self = Self::Standard {
        less_millions: 1000,
    };
}

/// The header of a LAS file with its extra columns, records and coordinate system.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LasHeader {
    /// Major and minor version of LAS.
    pub version: [u8; 2],
    /// File source id, usually the flight line; 0 if none is assigned.
    pub file_source_id: u16,
    /// Meaning of GPS times.
    pub gps_time: GpsTime,
    /// System that produced the points, or the method.
    pub system_identifier: String,
    /// Year and day of the year of creation; zeros where unknown.
    pub created: [u16; 2],
    /// Point data record format, 0 to 10.
    pub format: u8,
    /// Bytes per point, extra bytes included.
    pub record_length: u16,
    /// Number of points.
    pub point_count: u64,
    /// Number of points of each return, the first return first; five before LAS 1.4.
    pub points_by_return: Vec<u64>,
    /// Size of a step of x, y, z, in metres (or in the unit of the coordinate system).
    pub scale: [f64; 3],
    /// Offset of x, y, z: the coordinate of a stored zero.
    pub offset: [f64; 3],
    /// Lowest x, y, z as stated, unchecked: [`crate::Las::box_fault`].
    pub min: [f64; 3],
    /// Highest x, y, z as stated.
    pub max: [f64; 3],
    /// Program that wrote the file.
    pub generating_software: String,
    /// Whether the points are compressed.
    pub compressed: bool,
    /// Named extra bytes.
    pub extra_bytes: Vec<ExtraBytes>,
    /// The coordinate reference system, if one is stated.
    pub crs: Option<Crs>,
    /// The octree of a COPC file.
    pub copc: Option<Copc>,
    /// All variable length records, those before the points first.
    pub records: Vec<VariableRecord>,
}

/// The header, and the layout needed to find and decode the points.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) header: LasHeader,
    pub(crate) layout: Layout,
    /// Byte offset of each extra column from the end of the standard fields.
    pub(crate) extra_offsets: Vec<usize>,
    pub(crate) header_bytes: u16,
    pub(crate) points_at: u64,
    /// Offset of the extended record of waveforms.
    pub(crate) waveforms_at: Option<u64>,
    pub(crate) laz: Option<Laz>,
    /// Contradiction within the stated coordinate system.
    pub(crate) crs_fault: Option<String>,
}

/// Compression of the points.
#[derive(Debug)]
pub(crate) struct Laz {
    pub(crate) vlr: LazVlr,
    /// One stream for all points, as the oldest files have it: no chunks.
    pub(crate) pointwise: bool,
}
