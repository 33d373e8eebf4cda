//! The decoder of point-wise compressed LAZ, PDRF 0 to 3: all fields of a point in one stream, one
//! after the other.
//!
//! `laz` is the reference and decodes the files that are not supported here (waveforms, version 1
//! of the fields). This decoder is faster for three reasons: models are created on first use (a
//! chunk of `laz` begins with 768 of two kilobytes each, most of them never used), the decoder
//! reads bytes without a branch, and points go to their records without a call per field. Fields
//! cannot be skipped, because the start of one is known only after the one before it is decoded.
//!
//! After the description of the codec in M. Isenburg, LASzip: lossless compression of LiDAR data,
//! PE&RS 79 (2013), version 2 of the fields.

mod colour;
mod gps_time;
mod point;

use crate::arithmetic::{Decoder, Model, get_or_create};
use colour::Colour;
use gps_time::GpsTimes;
use laz::{LazItemType, LazVlr};
use point::Point;

/// The fields of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointwise {
    record: usize,
    has_time: bool,
    has_colour: bool,
    extra: usize,
}

impl Pointwise {
    /// The fields of a file, if they are compressed in this way.
    pub(crate) fn from_vlr(vlr: &LazVlr) -> Option<Self> {
        let mut found = Self {
            record: vlr.items_size() as usize,
            has_time: false,
            has_colour: false,
            extra: 0,
        };
        for (place, item) in vlr.items().iter().enumerate() {
            // In this order, each once at most.
            let Self {
                has_time,
                has_colour,
                extra,
                ..
            } = found;
            match item.item_type() {
                _ if item.version() != 2 => return None,
                LazItemType::Point10 if place == 0 => {}
                LazItemType::GpsTime if place == 1 => found.has_time = true,
                LazItemType::RGB12 if place == 1 + usize::from(has_time) => found.has_colour = true,
                LazItemType::Byte(count)
                    if place == 1 + usize::from(has_time) + usize::from(has_colour)
                        && extra == 0 =>
                {
                    found.extra = usize::from(count);
                }
                _ => return None,
            }
        }
        let parts =
            20 + 8 * usize::from(found.has_time) + 6 * usize::from(found.has_colour) + found.extra;
        (parts == found.record).then_some(found)
    }

    /// Decodes a chunk into whole records. `None` if the bytes are malformed; records written
    /// before then are invalid.
    pub(crate) fn decode_chunk(self, chunk: &[u8], records: &mut [u8]) -> Option<()> {
        let (first, stream) = chunk.split_at_checked(self.record)?;
        let mut records = records.chunks_exact_mut(self.record);
        records.next()?.copy_from_slice(first);
        if records.len() == 0 {
            return Some(());
        }
        let mut stream = Decoder::new(stream)?;
        let (point, rest) = first.split_first_chunk()?;
        let (time, rest) = rest.split_at_checked(if self.has_time { 8 } else { 0 })?;
        let (colour, extra) = rest.split_at_checked(if self.has_colour { 6 } else { 0 })?;
        let mut point = Point::new(point);
        let mut time = time.first_chunk().map(|time| GpsTimes::new(*time));
        let mut colour = colour.first_chunk().map(Colour::new);
        let mut extra: Vec<(u8, Option<Box<Model>>)> =
            extra.iter().map(|byte| (*byte, None)).collect();
        for (i, record) in records.enumerate() {
            let (to, rest) = record.split_first_chunk_mut()?;
            *to = point.next(&mut stream);
            let rest = match &mut time {
                Some(times) => {
                    let (to, rest) = rest.split_first_chunk_mut()?;
                    *to = times.next(&mut stream);
                    rest
                }
                None => rest,
            };
            let rest = match &mut colour {
                Some(colour) => {
                    let (to, rest) = rest.split_first_chunk_mut()?;
                    *to = colour.next(&mut stream);
                    rest
                }
                None => rest,
            };
            for (to, (last, model)) in rest.iter_mut().zip(&mut extra) {
                *last = last.wrapping_add(stream.decode_symbol(get_or_create(model, 256)) as u8);
                *to = *last;
            }
            if i % 4096 == 0 && !stream.is_within_its_bytes() {
                return None; // a lie about the number of points must not take long
            }
        }
        stream.is_within_its_bytes().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laz::{LasZipCompressor, LazItemRecordBuilder, LazVlrBuilder};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn vlr(format: u8, extra: u16) -> LazVlr {
        let items = LazItemRecordBuilder::default_for_point_format_id(format, extra).unwrap();
        LazVlrBuilder::default()
            .with_laz_items(items)
            .with_fixed_chunk_size(1 << 20)
            .build()
    }

    /// One chunk, without the address of the chunk table before it.
    fn compressed(records: &[u8], vlr: &LazVlr) -> Vec<u8> {
        let mut compressor = LasZipCompressor::new(Cursor::new(Vec::new()), vlr.clone()).unwrap();
        compressor.compress_many(records).unwrap();
        compressor.done().unwrap();
        compressor.into_inner().into_inner().split_off(8)
    }

    fn decoded(chunk: &[u8], vlr: &LazVlr, count: usize) -> Option<Vec<u8>> {
        let mut records = vec![0; count * vlr.items_size() as usize];
        Pointwise::from_vlr(vlr)
            .unwrap()
            .decode_chunk(chunk, &mut records)?;
        Some(records)
    }

    /// Records whose fields change by one in `rarely` points, by steps of up to `bits` bits; GPS
    /// times by regular steps, in up to three sequences.
    fn records(
        seed: u64,
        count: usize,
        length: usize,
        time_at: Option<usize>,
        bits: u32,
        rarely: u64,
    ) -> Vec<u8> {
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed ^ mixed >> 31
        };
        let mut record: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        let mut times = [1e5_f64, 7.5e8, -3.0].map(f64::to_bits);
        let mut step = 1 + random() % (1 << 20);
        let mut all = Vec::new();
        for _ in 0..count {
            for axis in 0..3 {
                let wide = (random() as i64) >> (64 - bits);
                let old = i32::from_le_bytes(record[4 * axis..4 * axis + 4].try_into().unwrap());
                record[4 * axis..4 * axis + 4]
                    .copy_from_slice(&old.wrapping_add(wide as i32).to_le_bytes());
            }
            for byte in &mut record[12..] {
                if random().is_multiple_of(rarely) {
                    *byte = random() as u8;
                }
            }
            if let Some(at) = time_at {
                let which = if random().is_multiple_of(20) {
                    random() as usize % 3
                } else {
                    0
                };
                match random() % 24 {
                    0 => step = 1 + random() % (1 << (random() % 34)),
                    1 => times[which] = random() >> 2,
                    2 => {}
                    3 => times[which] = times[which].wrapping_sub(step * (random() % 14)),
                    kind => {
                        times[which] = times[which].wrapping_add(
                            step * (kind % 3 + random() % 2 * (random() % 700)) + random() % 3,
                        )
                    }
                }
                times[which] &= u64::MAX >> 2; // what `laz` compares
                record[at..at + 8].copy_from_slice(&times[which].to_le_bytes());
            }
            all.extend(&record);
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn as_the_definition(
            seed in any::<u64>(), count in 1_usize..3000, format in 0_u8..4, extra in 0_u16..4, bits in 1_u32..33, rarely in 1_u64..40,
        ) {
            let vlr = vlr(format, extra);
            let time_at = matches!(format, 1 | 3).then_some(20);
            let records = records(seed, count, vlr.items_size() as usize, time_at, bits, rarely);
            prop_assert!(decoded(&compressed(&records, &vlr), &vlr, count) == Some(records));
        }

        /// A damaged chunk is refused or gives records; it never takes the program down.
        #[test]
        fn damage_is_survived(seed in any::<u64>(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let vlr = vlr(3, 2);
            let records = records(seed, 300, vlr.items_size() as usize, Some(20), 12, 5);
            let mut chunk = compressed(&records, &vlr);
            let at = at.index(chunk.len());
            chunk[at] = to;
            let _ = decoded(&chunk, &vlr, 300);
            chunk.truncate(cut.index(chunk.len()));
            let _ = decoded(&chunk, &vlr, 300);
        }
    }

    #[test]
    fn other_ways_of_compressing_are_left_to_laz() {
        for format in [4, 5, 6, 7] {
            assert_eq!(Pointwise::from_vlr(&vlr(format, 0)), None, "PDRF {format}");
        }
    }
}
