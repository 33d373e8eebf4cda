//! Variable length records: their locations, and the data of those needed to read the points.

use crate::{
    LasLimits,
    error::{Checked, LasProblem},
    text::trimmed_text,
};
use std::io::{Read, Seek, SeekFrom};

/// The most records that a file may have.
const MOST: usize = 10_000;

/// Bytes before the data of a record, and before that of an extended one.
const HEADS: [u64; 2] = [54, 60];

/// A variable length record (VLR) of a file, or an extended one (EVLR), which lies after the
/// points. [`crate::Las::read_record`] reads its data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VariableRecord {
    /// Who defined it: `LASF_Projection`, `LASF_Spec`, `copc`, …
    pub user_id: String,
    /// Number of the record within its user id.
    pub record_id: u16,
    /// Description by the user id.
    pub description: String,
    /// Whether it is an extended record (EVLR), after the points.
    pub extended: bool,
    /// Bytes of its data.
    pub bytes: u64,
    /// Offset of its head in the file.
    pub(crate) at: u64,
}

impl VariableRecord {
    /// Whether the record has this user id and number.
    #[must_use]
    pub fn is(&self, user_id: &str, record_id: u16) -> bool {
        self.user_id == user_id && self.record_id == record_id
    }

    /// Offset of its data in the file.
    pub(crate) fn data_at(&self) -> u64 {
        self.at + HEADS[usize::from(self.extended)]
    }

    /// Bytes of head and data.
    pub(crate) fn whole_length(&self) -> u64 {
        self.data_at() - self.at + self.bytes
    }

    /// Whether its data is needed to read the points, and so must be read with the header. Other
    /// records may be of any size, such as waveforms.
    fn is_needed(&self) -> bool {
        matches!(self.user_id.as_str(), "LASF_Projection" | "laszip encoded")
            || self.is("LASF_Spec", 4)
            || self.is("copc", 1)
    }
}

/// A record with its data.
pub(crate) struct Record {
    pub(crate) user: String,
    pub(crate) id: u16,
    pub(crate) data: Vec<u8>,
}

/// Reads all records of a file of `size` bytes, and the data of those that are needed, as far as
/// `limits` allow.
pub(crate) fn read(
    mut file: impl Read + Seek,
    raw: &las::raw::Header,
    size: u64,
    limits: LasLimits,
) -> Checked<(Vec<VariableRecord>, Vec<Record>)> {
    let mut found = Vec::new();
    let points_at = u64::from(raw.offset_to_point_data);
    let mut at = u64::from(raw.header_size);
    for _ in 0..raw.number_of_variable_length_records {
        if at + HEADS[0] > points_at {
            break; // a count that is too large: what there is has been read
        }
        at = push_record(&mut found, read_head(&mut file, at, false, points_at)?)?;
    }
    let [mut at, count] = raw.evlr.map_or([0; 2], |evlr| {
        [evlr.start_of_first_evlr, u64::from(evlr.number_of_evlrs)]
    });
    for _ in 0..count {
        if at.saturating_add(HEADS[1]) > size {
            break;
        }
        at = push_record(&mut found, read_head(&mut file, at, true, size)?)?;
    }
    // Waveforms in the file are an extended record of their own address: all that LAS 1.3 has, and
    // not counted by all that write 1.4.
    if let Some(at) = raw
        .start_of_waveform_data_packet_record
        .filter(|_| raw.global_encoding & 2 != 0)
        .filter(|at: &u64| {
            at.saturating_add(HEADS[1]) <= size && found.iter().all(|record| record.at != *at)
        })
    {
        push_record(&mut found, read_head(&mut file, at, true, size)?)?;
    }
    let needed = found
        .iter()
        .filter(|record| record.is_needed() && record.bytes <= limits.record_bytes);
    let needed = needed
        .map(|record| read_data(&mut file, record))
        .collect::<Checked<Vec<_>>>()?;
    Ok((found, needed))
}

/// Adds a record and returns the offset of its end.
fn push_record(found: &mut Vec<VariableRecord>, record: VariableRecord) -> Checked<u64> {
    if found.len() == MOST {
        return Err(LasProblem::inconsistent(
            "the number of variable length records",
            found.len() + 1,
            "be at most 10000",
        ));
    }
    let end = record.at + record.whole_length();
    found.push(record);
    Ok(end)
}

/// Reads the head of the record at `at`, which must end by `limit`.
fn read_head(
    mut file: impl Read + Seek,
    at: u64,
    extended: bool,
    limit: u64,
) -> Checked<VariableRecord> {
    let mut bytes = [0; HEADS[1] as usize];
    let bytes = &mut bytes[..HEADS[usize::from(extended)] as usize];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)?;
    let digits = if extended { 8 } else { 2 };
    let length = bytes[20..20 + digits]
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | u64::from(byte));
    let end = at.saturating_add(bytes.len() as u64).saturating_add(length);
    if end > limit {
        return Err(LasProblem::Truncated {
            what: "a variable length record",
            end,
            size: limit,
        });
    }
    Ok(VariableRecord {
        user_id: trimmed_text(&bytes[2..18]),
        record_id: u16::from_le_bytes([bytes[18], bytes[19]]),
        description: trimmed_text(&bytes[20 + digits..]),
        extended,
        bytes: length,
        at,
    })
}

fn read_data(mut file: impl Read + Seek, record: &VariableRecord) -> Checked<Record> {
    let mut data = vec![0; record.bytes as usize]; // no more than the limit, and in the file
    file.seek(SeekFrom::Start(record.data_at()))?;
    file.read_exact(&mut data)?;
    Ok(Record {
        user: record.user_id.clone(),
        id: record.record_id,
        data,
    })
}
