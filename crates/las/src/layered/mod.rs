//! Coordinates, returns, class, flags and scanner channel from layered LAZ (PDRF 6 to 10), and
//! nothing else.
//!
//! # Why
//!
//! In the layered format each field of a chunk is a stream of its own, so a reader that wants x, y,
//! z and class has to undo two or three streams of nine. `laz` does that, but one record at a time,
//! through a table of functions, with a search of several unpredictable branches a symbol; decoding
//! is then four fifths of the time of everything that starts from a file. This decoder does the
//! same arithmetic on slices: a finer look-up table makes the search one step, renormalisation and
//! the running medians have no branches, and points go to the caller as they are found instead of
//! through a buffer of records.
//!
//! `laz` remains the reference: it decodes the fields that are not supported here, and every chunk
//! with an anomaly (and then names the fault). The tests compare both decoders on all available
//! files.
//!
//! The format: "LASzip: lossless compression of LiDAR data" (Isenburg 2013), and the LAZ
//! specification 1.4 R15 of rapidlasso.

mod encode;
mod extra;
mod pieces;
mod returns;

pub(crate) use encode::LayeredEncoder;

use crate::arithmetic::{Decoder, Integers, Model, RunningMedian, get_or_create};
use extra::ExtraLayers;
use laz::{LazItemType, LazVlr};

/// A point as this decoder sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawPoint {
    /// Stored integers.
    pub(crate) xyz: [i32; 3],
    /// Return number, and number of returns above it, four bits each.
    pub(crate) returns: u8,
    /// Class.
    pub(crate) classification: u8,
    /// Flags of class (synthetic, key point, withheld, overlap) in the lower four bits, scan
    /// direction and edge of a line above them.
    pub(crate) flags: u8,
    /// Scanner channel, 0 to 3.
    pub(crate) channel: u8,
}

impl RawPoint {
    /// The byte of a record that has the flags, and the scanner channel between them.
    pub(crate) fn flags_byte(self) -> u8 {
        self.flags & 15 | self.channel << 4 | self.flags >> 4 << 6
    }
}

/// Streams wanted in addition to x, y, the returns and the channel, which always come together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Decode z.
    pub(crate) z: bool,
    /// Decode the class.
    pub(crate) classification: bool,
    /// Decode the flags.
    pub(crate) flags: bool,
}

/// Byte ranges of the streams of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layers {
    /// Bytes of the first point, which is stored as it is.
    record: usize,
    /// Streams of all fields of a record; those of the point itself come first.
    streams: usize,
    extra: Option<ExtraLayers>,
}

impl Layers {
    /// The layers of a file, if that is how it is compressed.
    pub(crate) fn from_vlr(vlr: &LazVlr) -> Option<Self> {
        let items = vlr.items();
        let first = items.first()?;
        if first.item_type() != LazItemType::Point14 || !matches!(first.version(), 3 | 4) {
            return None;
        }
        let streams = items.iter().map(|item| match item.item_type() {
            LazItemType::Point14 => Some(9),
            LazItemType::RGB14 | LazItemType::WavePacket14 => Some(1),
            LazItemType::RGBNIR14 => Some(2),
            LazItemType::Byte14(count) => Some(usize::from(count)),
            _ => None,
        });
        let streams = streams.sum::<Option<usize>>()?;
        Some(Self {
            record: vlr.items_size() as usize,
            streams,
            extra: ExtraLayers::from_vlr(vlr, streams),
        })
    }

    /// Bytes that the layers of a chunk of several points say they have, and those that are there
    /// for them; `None` if not even the sizes are there.
    ///
    /// A layer may take no more memory than there are bytes for it, whoever decodes it.
    pub(crate) fn stated_and_there(self, chunk: &[u8]) -> Option<[u64; 2]> {
        let sizes = chunk
            .get(self.record + 4..)?
            .as_chunks::<4>()
            .0
            .get(..self.streams)?;
        let stated = sizes
            .iter()
            .map(|&size| u64::from(u32::from_le_bytes(size)))
            .sum();
        Some([
            stated,
            (chunk.len() - self.record - 4 - 4 * self.streams) as u64,
        ])
    }

    /// Calls `visit` with the `points` points of a chunk. `None` if the bytes are malformed; points
    /// visited before then are invalid.
    pub(crate) fn decode_chunk(
        self,
        chunk: &[u8],
        points: usize,
        wanted: Wanted,
        mut visit: impl FnMut(RawPoint),
    ) -> Option<()> {
        let first = first_point(chunk.get(..self.record)?)?;
        let sizes: [usize; 9] = {
            let table = chunk.get(self.record + 4..)?.as_chunks::<4>().0.get(..9)?;
            std::array::from_fn(|i| u32::from_le_bytes(table[i]) as usize)
        };
        let mut at = self.record + 4 + 4 * self.streams;
        let mut layers = [&chunk[..0]; 4];
        for (layer, size) in layers.iter_mut().zip(sizes) {
            *layer = chunk.get(at..at.checked_add(size)?)?;
            at += size;
        }
        let [xy, z, classification, flags] = layers;
        visit(first);
        if points <= 1 {
            return Some(());
        }
        let mut streams = Streams {
            xy: Decoder::new(xy)?,
            z: if wanted.z && !z.is_empty() {
                Some(Decoder::new(z)?)
            } else {
                None
            },
            classification: match wanted.classification && !classification.is_empty() {
                true => Some(Decoder::new(classification)?),
                false => None,
            },
            flags: if wanted.flags && !flags.is_empty() {
                Some(Decoder::new(flags)?)
            } else {
                None
            },
        };
        let channel = usize::from(first.channel);
        let mut contexts: [Option<Box<Context>>; 4] = [const { None }; 4];
        contexts[channel] = Some(Box::new(Context::new(first)));
        let mut current = channel;
        for i in 1..points {
            visit(streams.next(&mut contexts, &mut current)?);
            if i % 4096 == 0 && !streams.is_within_its_bytes() {
                return None; // a lie about the number of points must not take long
            }
        }
        streams.is_within_its_bytes().then_some(())
    }
}

/// The first point of a chunk, stored as it is.
fn first_point(record: &[u8]) -> Option<RawPoint> {
    let words = record.get(..30)?.as_chunks::<4>().0;
    Some(RawPoint {
        xyz: std::array::from_fn(|axis| i32::from_le_bytes(words[axis])),
        returns: record[14],
        classification: record[16],
        flags: flags_of(record[15]),
        channel: record[15] >> 4 & 3,
    })
}

/// The flags of a record without the scanner channel between them.
fn flags_of(byte: u8) -> u8 {
    byte & 15 | (byte >> 6) << 4
}

/// Decoder state of one scanner channel.
struct Context {
    last: RawPoint,
    gps_time_changed: bool,
    dx_median: [RunningMedian; 12],
    dy_median: [RunningMedian; 12],
    last_z: [i32; 8],
    changed: [Option<Box<Model>>; 8],
    channel: Option<Box<Model>>,
    number_of_returns: [Option<Box<Model>>; 16],
    return_number: [Option<Box<Model>>; 16],
    return_number_same_time: Option<Box<Model>>,
    classification: [Option<Box<Model>>; 64],
    flags: [Option<Box<Model>>; 64],
    dx: Integers<2>,
    dy: Integers<22>,
    z: Integers<20>,
}

impl Context {
    fn new(last: RawPoint) -> Self {
        Self {
            last,
            gps_time_changed: false,
            dx_median: [RunningMedian::default(); 12],
            dy_median: [RunningMedian::default(); 12],
            last_z: [last.xyz[2]; 8],
            changed: [const { None }; 8],
            channel: None,
            number_of_returns: [const { None }; 16],
            return_number: [const { None }; 16],
            return_number_same_time: None,
            classification: [const { None }; 64],
            flags: [const { None }; 64],
            dx: Integers::new(),
            dy: Integers::new(),
            z: Integers::new(),
        }
    }

    /// Selects the model of the change flags: whether the last point was a first (1) and a last (2)
    /// return, and whether its GPS time was new (4).
    fn change_context(&self) -> usize {
        let number = self.last.returns & 15;
        let of = self.last.returns >> 4;
        usize::from(number == 1)
            | usize::from(number >= of) << 1
            | usize::from(self.gps_time_changed) << 2
    }
}

/// The streams that are decoded.
struct Streams<'a> {
    xy: Decoder<'a>,
    z: Option<Decoder<'a>>,
    classification: Option<Decoder<'a>>,
    flags: Option<Decoder<'a>>,
}

impl Streams<'_> {
    /// Whether no stream has been read beyond its end.
    fn is_within_its_bytes(&self) -> bool {
        let ok =
            |stream: &Option<Decoder<'_>>| stream.as_ref().is_none_or(Decoder::is_within_its_bytes);
        self.xy.is_within_its_bytes() && ok(&self.z) && ok(&self.classification) && ok(&self.flags)
    }

    /// Decodes the next point and updates the state of its scanner channel.
    #[inline]
    fn next(
        &mut self,
        contexts: &mut [Option<Box<Context>>; 4],
        current: &mut usize,
    ) -> Option<RawPoint> {
        const CHANNEL: usize = 1 << 6;
        const GPS_TIME: usize = 1 << 4;
        const NUMBER_OF_RETURNS: usize = 1 << 2;
        let before = contexts[*current].as_deref_mut()?;
        let which = before.change_context();
        let changes = self
            .xy
            .decode_symbol(get_or_create(&mut before.changed[which], 128));
        if changes & CHANNEL != 0 {
            let step = self.xy.decode_symbol(get_or_create(&mut before.channel, 3));
            *current = (*current + step + 1) & 3;
            let last = RawPoint {
                channel: *current as u8,
                ..before.last
            };
            contexts[*current].get_or_insert_with(|| Box::new(Context::new(last)));
        }
        let context = contexts[*current].as_deref_mut()?;
        let gps_time_changed = changes & GPS_TIME != 0;
        let last_number = usize::from(context.last.returns & 15);
        let last_of = usize::from(context.last.returns >> 4);
        let of = if changes & NUMBER_OF_RETURNS != 0 {
            self.xy
                .decode_symbol(get_or_create(&mut context.number_of_returns[last_of], 16))
        } else {
            last_of
        };
        let number = match changes & 3 {
            0 => last_number,
            1 => (last_number + 1) & 15,
            2 => (last_number + 15) & 15,
            _ if gps_time_changed => self
                .xy
                .decode_symbol(get_or_create(&mut context.return_number[last_number], 16)),
            _ => {
                (last_number
                    + self
                        .xy
                        .decode_symbol(get_or_create(&mut context.return_number_same_time, 13))
                    + 2)
                    & 15
            }
        };
        context.last.returns = (of << 4 | number) as u8;
        context.gps_time_changed = gps_time_changed;
        let single = usize::from(of == 1);
        let median = returns::return_map(of, number) << 1 | usize::from(gps_time_changed);

        let (dx, x_bits) = context
            .dx
            .next(&mut self.xy, context.dx_median[median].get(), single);
        context.dx_median[median].add(dx);
        context.last.xyz[0] = context.last.xyz[0].wrapping_add(dx);

        let even = |bits: usize, most: usize| (bits & !1).min(most);
        let (dy, y_bits) = context.dy.next(
            &mut self.xy,
            context.dy_median[median].get(),
            single + even(x_bits, 20),
        );
        context.dy_median[median].add(dy);
        context.last.xyz[1] = context.last.xyz[1].wrapping_add(dy);

        if let Some(stream) = &mut self.z {
            let level = returns::return_level(of, number);
            let bits = (x_bits + y_bits) / 2;
            let (z, _) = context
                .z
                .next(stream, context.last_z[level], single + even(bits, 18));
            context.last.xyz[2] = z;
            context.last_z[level] = z;
        }
        if let Some(stream) = &mut self.classification {
            let alone = number == 1 && number >= of;
            let which = usize::from(context.last.classification & 31) << 1 | usize::from(alone);
            context.last.classification =
                stream.decode_symbol(get_or_create(&mut context.classification[which], 256)) as u8;
        }
        if let Some(stream) = &mut self.flags {
            let which = usize::from(context.last.flags);
            context.last.flags =
                stream.decode_symbol(get_or_create(&mut context.flags[which], 64)) as u8;
        }
        Some(context.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laz::{
        DecompressionSelection, LasZipCompressor, LasZipDecompressor, LazItemRecordBuilder,
        LazVlrBuilder,
    };
    use proptest::prelude::*;
    use std::io::Cursor;

    /// Layered files with fields beside the point, so that there are streams to be stepped over.
    fn vlr() -> LazVlr {
        let mut items = LazItemRecordBuilder::new();
        items
            .add_item(LazItemType::Point14)
            .add_item(LazItemType::RGB14)
            .add_item(LazItemType::Byte14(3));
        LazVlrBuilder::default()
            .with_laz_items(items.build())
            .with_fixed_chunk_size(1 << 20)
            .build()
    }

    /// Records that wander, jump, change channel, returns and class: `shape` says how wildly.
    fn records(seed: u64, count: usize, shape: [u8; 4]) -> Vec<u8> {
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed ^ mixed >> 31
        };
        let (mut xyz, mut time, mut returns, mut flags, mut class) =
            ([0_i32; 3], 0.0_f64, 0x11_u8, 0_u8, 2_u8);
        let mut bytes = Vec::new();
        for _ in 0..count {
            for axis in &mut xyz {
                let bits = random() as u32 % (u32::from(shape[0]) + 1);
                *axis = axis.wrapping_add(
                    (random() as i32)
                        .checked_shr(32 - bits.min(31))
                        .unwrap_or(0),
                );
            }
            if random().is_multiple_of(u64::from(shape[1]) + 1) {
                (time, returns) = (time + 1e-5, random() as u8);
            }
            if random().is_multiple_of(u64::from(shape[2]) + 1) {
                flags = random() as u8;
            }
            if random().is_multiple_of(u64::from(shape[3]) + 1) {
                class = random() as u8;
            }
            xyz.iter().for_each(|axis| bytes.extend(axis.to_le_bytes()));
            bytes.extend((random() as u16).to_le_bytes());
            bytes.extend([returns, flags, class, random() as u8, 0, 0, 7, 0]);
            bytes.extend(time.to_le_bytes());
            bytes.extend((0..9).map(|_| random() as u8));
        }
        bytes
    }

    /// One chunk, without the address of the chunk table before it.
    fn compressed(records: &[u8]) -> Vec<u8> {
        let mut compressor = LasZipCompressor::new(Cursor::new(Vec::new()), vlr()).unwrap();
        compressor.compress_many(records).unwrap();
        compressor.done().unwrap();
        compressor.into_inner().into_inner().split_off(8)
    }

    /// The last two of the three extra bytes of each record.
    fn decoded_extra(chunk: &[u8], count: usize) -> Option<Vec<u8>> {
        let wanted = Wanted {
            z: false,
            classification: false,
            flags: false,
        };
        let layers = Layers::from_vlr(&vlr()).unwrap();
        layers.decode_extra(chunk, count, 37..39, wanted, |_| {})
    }

    fn decoded(chunk: &[u8], count: usize, wanted: Wanted) -> Option<Vec<RawPoint>> {
        let mut found = Vec::new();
        Layers::from_vlr(&vlr())
            .unwrap()
            .decode_chunk(chunk, count, wanted, |point| found.push(point))?;
        Some(found)
    }

    const ALL: Wanted = Wanted {
        z: true,
        classification: true,
        flags: true,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn as_the_definition(seed in any::<u64>(), count in 1_usize..4000, shape in prop::array::uniform4(0_u8..33)) {
            let records = records(seed, count, shape);
            let expected: Vec<RawPoint> = records.chunks_exact(39).map(|r| first_point(r).unwrap()).collect();
            let chunk = compressed(&records);
            let found = decoded(&chunk, count, ALL);
            prop_assert_eq!(found.as_ref(), Some(&expected));
            let bytes = found.iter().flatten().map(|point| point.flags_byte());
            prop_assert!(bytes.eq(records.chunks_exact(39).map(|record| record[15])));
            let extra: Vec<u8> = records.chunks_exact(39).flat_map(|record| &record[37..]).copied().collect();
            prop_assert!(decoded_extra(&chunk, count) == Some(extra));
            // Without its stream, a field keeps its first value and the other fields are
            // unaffected.
            let plane = decoded(&chunk, count, Wanted { z: false, classification: false, flags: false }).unwrap();
            prop_assert!(plane.iter().zip(&expected).all(|(a, b)| a.xyz[..2] == b.xyz[..2] && a.returns == b.returns));
        }

        /// A damaged chunk is refused or decodes as in `laz`; it never panics.
        #[test]
        fn damage_is_survived(seed in any::<u64>(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut chunk = compressed(&records(seed, 300, [20, 3, 5, 5]));
            let at = at.index(chunk.len());
            chunk[at] = to;
            if let Some(found) = decoded(&chunk, 300, ALL) {
                prop_assert_eq!(found.len(), 300);
            }
            let _ = decoded_extra(&chunk, 300);
            chunk.truncate(cut.index(chunk.len()));
            let _ = decoded(&chunk, 300, ALL);
            let _ = decoded_extra(&chunk, 300);
        }
    }

    #[test]
    fn what_laz_reads_is_what_was_compressed() {
        let records = records(7, 500, [12, 3, 9, 9]);
        let mut file = Cursor::new(Vec::new());
        let mut compressor = LasZipCompressor::new(&mut file, vlr()).unwrap();
        compressor.compress_many(&records).unwrap();
        compressor.done().unwrap();
        drop(compressor);
        file.set_position(0);
        let mut found = vec![0; records.len()];
        let mut decompressor =
            LasZipDecompressor::selective(file, vlr(), DecompressionSelection::all()).unwrap();
        decompressor.decompress_many(&mut found).unwrap();
        assert!(found == records, "the definition itself disagrees");
    }

    #[test]
    fn other_ways_of_compressing_are_left_to_laz() {
        let mut items = LazItemRecordBuilder::new();
        items
            .add_item(LazItemType::Point10)
            .add_item(LazItemType::GpsTime);
        assert_eq!(
            Layers::from_vlr(
                &LazVlrBuilder::default()
                    .with_laz_items(items.build())
                    .build()
            ),
            None
        );
    }
}
