//! Chunks are those of `laz`, byte for byte.

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

/// The chunk as `laz` has it, without the address of the chunk table before it and the table.
fn chunk_of_laz(records: &[u8], vlr: &LazVlr) -> Vec<u8> {
    let mut compressor = LasZipCompressor::new(Cursor::new(Vec::new()), vlr.clone()).unwrap();
    compressor.compress_many(records).unwrap();
    compressor.done().unwrap();
    let bytes = compressor.into_inner().into_inner();
    let table = i64::from_le_bytes(bytes[..8].try_into().unwrap());
    bytes[8..table as usize].to_vec()
}

/// How the fields of records change.
#[derive(Clone, Debug)]
struct Shape {
    /// Bits of steps of coordinates.
    bits: u32,
    /// Points, of which one has another byte, for each byte from the intensity on.
    rarely: u64,
    /// Points, of which one changes its scanner channel.
    channel: u64,
    /// Points, of which one has a new GPS time.
    time: u64,
    /// First byte that never changes, of all behind it.
    constant_from: usize,
}

fn shape() -> impl Strategy<Value = Shape> {
    let rarely = prop::sample::select(vec![1_u64, 2, 7, 50, 100_000]);
    let channel = prop::sample::select(vec![1_u64, 3, 40, 100_000]);
    let time = prop::sample::select(vec![1_u64, 2, 9, 100_000]);
    (1_u32..33, rarely, channel, time, 12_usize..60).prop_map(
        |(bits, rarely, channel, time, constant_from)| Shape {
            bits,
            rarely,
            channel,
            time,
            constant_from,
        },
    )
}

/// Records that change as `shape` has it; GPS times by regular steps, in up to three sequences.
fn records(seed: u64, count: usize, length: usize, shape: &Shape) -> Vec<u8> {
    let mut state = seed;
    let mut random = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ mixed >> 31
    };
    let mut record: Vec<u8> = (0..length).map(|_| random() as u8).collect();
    let mut times = [1e5_f64, 7.5e8, 3.0].map(f64::to_bits);
    let mut step = 1 + random() % (1 << 20);
    let mut all = Vec::new();
    for _ in 0..count {
        for axis in 0..3 {
            let wide = (random() as i64) >> (64 - shape.bits);
            let old = i32::from_le_bytes(record[4 * axis..4 * axis + 4].try_into().unwrap());
            record[4 * axis..4 * axis + 4]
                .copy_from_slice(&old.wrapping_add(wide as i32).to_le_bytes());
        }
        let channel = record[15] & 0x30;
        for byte in record[12..].iter_mut().take(shape.constant_from - 12) {
            if random().is_multiple_of(shape.rarely) {
                *byte = random() as u8;
            }
        }
        record[15] = record[15] & !0x30 | channel;
        if random().is_multiple_of(shape.channel) {
            record[15] = record[15] & !0x30 | random() as u8 & 0x30;
        }
        let which = if random().is_multiple_of(20) {
            random() as usize % 3
        } else {
            0
        };
        if random().is_multiple_of(shape.time) {
            match random() % 24 {
                0 => step = 1 + random() % (1 << (random() % 34)),
                1 => times[which] = random() >> 2,
                2 => {}
                3 => times[which] = times[which].wrapping_sub(step * (random() % 14)),
                kind => {
                    times[which] = times[which].wrapping_add(
                        step * (kind % 3 + random() % 2 * (random() % 700)) + random() % 3,
                    );
                }
            }
            times[which] &= u64::MAX >> 2; // `laz` compares these without overflow
        }
        record[22..30].copy_from_slice(&times[which].to_le_bytes());
        all.extend(&record);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn chunks_are_those_of_laz(
        seed in any::<u64>(), count in 1_usize..3000, format in 6_u8..9, extra in 0_u16..9, shape in shape(),
    ) {
        let vlr = vlr(format, extra);
        let records = records(seed, count, vlr.items_size() as usize, &shape);
        let found = LayeredEncoder::from_vlr(&vlr).unwrap().encode_chunk(&records);
        prop_assert!(found == chunk_of_laz(&records, &vlr), "{:?}", shape);
    }
}

#[test]
fn one_point_is_a_chunk() {
    let vlr = vlr(8, 3);
    let record: Vec<u8> = (0..vlr.items_size() as u8).collect();
    let found = LayeredEncoder::from_vlr(&vlr)
        .unwrap()
        .encode_chunk(&record);
    assert_eq!(found, chunk_of_laz(&record, &vlr));
}

/// Long enough for all models to be halved.
#[test]
fn long_chunks_are_those_of_laz() {
    let vlr = vlr(6, 2);
    for seed in 0..4 {
        let shape = Shape {
            bits: 3 + 4 * seed as u32,
            rarely: 1 + seed * seed * 30,
            channel: 100_000,
            time: 1,
            constant_from: 60,
        };
        let records = records(seed, 60_000, vlr.items_size() as usize, &shape);
        let found = LayeredEncoder::from_vlr(&vlr)
            .unwrap()
            .encode_chunk(&records);
        assert!(found == chunk_of_laz(&records, &vlr), "seed {seed}");
    }
}

#[test]
fn other_formats_are_left_to_laz() {
    for format in [0, 1, 3, 4, 5, 9, 10] {
        assert_eq!(
            LayeredEncoder::from_vlr(&vlr(format, 2)),
            None,
            "PDRF {format}"
        );
    }
    let items = LazItemRecordBuilder::version_4_of::<laz::las::Point6>(2);
    let newer = LazVlrBuilder::default().with_laz_items(items).build();
    assert_eq!(LayeredEncoder::from_vlr(&newer), None, "version 4");
}
