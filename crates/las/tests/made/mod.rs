//! LAS files put together byte by byte after the specification (LAS 1.4 R15, LAS 1.5), not by the
//! code that is tested.

/// Bytes of a record of each point format, without extra bytes.
pub(crate) const BASE: [u16; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];

/// A file of so many points: two variable length records, some bytes before the points, extra
/// bytes, and an extended record from LAS 1.4 on.
pub(crate) fn las(minor: u8, format: u8, extra: u16, points: u32) -> Vec<u8> {
    let header_bytes: u16 = [227, 227, 227, 235, 375, 393][usize::from(minor)];
    let mut vlrs = record("somebody", 7, "kept as it is", &[1, 2, 3, 4, 5], false);
    if extra > 0 {
        let mut descriptor = [0; 192];
        (descriptor[2], descriptor[4]) = (if extra >= 4 { 9 } else { 1 }, b'e');
        vlrs.extend(record("LASF_Spec", 4, "", &descriptor, false));
    }
    let vlr_count = if extra > 0 { 2_u32 } else { 1 };
    vlrs.extend([0xDD, 0xCC]); // which nothing describes
    let points_at = u32::from(header_bytes) + vlrs.len() as u32;
    let length = BASE[usize::from(format)] + extra;
    let records: Vec<u8> = (0..points).flat_map(|i| point(format, extra, i)).collect();
    let end = u64::from(points_at) + records.len() as u64;

    let mut bytes = vec![0; usize::from(header_bytes)];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"LASF");
    put(4, &42_u16.to_le_bytes());
    let time_offset = if minor == 5 { 1 << 6 } else { 0 };
    let has_packets = matches!(format, 4 | 5 | 9 | 10);
    let waveforms = if has_packets && minor >= 3 { 2_u16 } else { 0 };
    put(
        6,
        &(time_offset | waveforms | if minor >= 2 { 1 } else { 0 }).to_le_bytes(),
    );
    put(24, &[1, minor]);
    put(26, b"a system");
    put(58, b"a program");
    put(90, &[7, 0, 0xEA, 7]);
    put(94, &header_bytes.to_le_bytes());
    put(96, &points_at.to_le_bytes());
    put(100, &vlr_count.to_le_bytes());
    put(104, &[format]);
    put(105, &length.to_le_bytes());
    let legacy = if format < 6 { points } else { 0 };
    put(107, &legacy.to_le_bytes());
    let scale_and_offset = [0.01, 0.02, 0.001, 500_000.0, 4_000_000.0, -100.0];
    scale_and_offset
        .iter()
        .enumerate()
        .for_each(|(i, value)| put(131 + 8 * i, &f64::to_le_bytes(*value)));
    for axis in 0..3 {
        let at = |i| {
            f64::from(coordinate(i, axis)) * scale_and_offset[axis] + scale_and_offset[3 + axis]
        };
        let [low, high] =
            [f64::min, f64::max].map(|pick| (0..points).map(at).reduce(pick).unwrap_or(0.0));
        put(179 + 16 * axis, &high.to_le_bytes());
        put(187 + 16 * axis, &low.to_le_bytes());
    }
    if waveforms > 0 {
        put(227, &end.to_le_bytes());
    }
    if minor >= 4 {
        put(235, &end.to_le_bytes());
        put(243, &1_u32.to_le_bytes());
        put(247, &u64::from(points).to_le_bytes());
    }
    if minor >= 5 {
        put(391, &1250_u16.to_le_bytes());
    }
    bytes.extend(vlrs);
    bytes.extend(records);
    if minor >= 4 || waveforms > 0 {
        let packets: Vec<u8> = (0..200).map(|i| (i * i % 251) as u8).collect();
        bytes.extend(record("LASF_Spec", 65535, "packets", &packets, true));
    }
    bytes
}

/// A variable length record, head and data.
fn record(user: &str, id: u16, description: &str, data: &[u8], extended: bool) -> Vec<u8> {
    let padded = |text: &str, length: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(length, 0);
        bytes
    };
    let length = (data.len() as u64).to_le_bytes();
    let length = &length[..if extended { 8 } else { 2 }];
    [
        &[0; 2],
        &padded(user, 16)[..],
        &id.to_le_bytes(),
        length,
        &padded(description, 32),
        data,
    ]
    .concat()
}

fn coordinate(i: u32, axis: usize) -> i32 {
    [
        (i * 37 % 1009) as i32 - 400,
        (i * i % 997) as i32,
        3 * (i % 53) as i32,
    ][axis]
}

/// A point record: every byte has something in it.
fn point(format: u8, extra: u16, i: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..3)
        .flat_map(|axis| coordinate(i, axis).to_le_bytes())
        .collect();
    bytes.extend((i as u16).wrapping_mul(13).to_le_bytes());
    let of = 1 + i % 4;
    if format < 6 {
        let number = 1 + i % of;
        bytes.extend([
            (number | of << 3 | (i & 3) << 6) as u8,
            (i % 7) as u8 | 0x40,
            (i % 30) as u8,
            (i % 11) as u8,
        ]);
        bytes.extend((i as u16 / 9).to_le_bytes());
    } else {
        let number = 1 + i % of;
        bytes.extend([
            (number | of << 4) as u8,
            (i & 0xFF) as u8,
            (i % 19) as u8,
            (i % 11) as u8,
        ]);
        bytes.extend(((i % 3000) as i16 - 1500).to_le_bytes());
        bytes.extend((i as u16 / 9).to_le_bytes());
    }
    if matches!(format, 1 | 3 | 4 | 5 | 6..) {
        bytes.extend((3e5 + f64::from(i / 3) * 1e-4).to_le_bytes());
    }
    let colours = match format {
        2 | 3 | 5 | 7 => 3,
        8 | 10 => 4,
        _ => 0,
    };
    bytes.extend((0..colours).flat_map(|c| ((i * (c + 1) * 97) as u16).to_le_bytes()));
    if matches!(format, 4 | 5 | 9 | 10) {
        bytes.push((i % 3) as u8);
        bytes.extend((60 + u64::from(i % 20)).to_le_bytes());
        bytes.extend((100 + i % 5).to_le_bytes());
        (0..4).for_each(|k| bytes.extend((i as f32 * 0.5 + k as f32).to_le_bytes()));
    }
    bytes.extend((0..extra).map(|k| (i as u16).wrapping_add(k.wrapping_mul(31)) as u8));
    bytes
}
