//! Some extra bytes of a chunk, and no other layer than that of the scanner channels.

use super::{
    Layers, RawPoint, Wanted,
    pieces::{LayerVersion, Piece, Pieces},
};
use crate::arithmetic::{Decoder, Model, get_or_create};
use laz::{LazItemType, LazVlr};
use std::ops::Range;

/// Layers that are decoded at once: each waits for its own divisions only.
const TOGETHER: usize = 2;

/// Where the extra bytes of a record and their layers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExtraLayers {
    /// Place of the first byte in a record.
    at: usize,
    /// Streams before its layer.
    streams: usize,
    bytes: usize,
    version: LayerVersion,
}

impl ExtraLayers {
    /// The extra bytes of a file, if they are the last of its fields.
    pub(super) fn from_vlr(vlr: &LazVlr, streams: usize) -> Option<Self> {
        let last = vlr.items().last()?;
        let LazItemType::Byte14(count) = last.item_type() else {
            return None;
        };
        let version = match last.version() {
            3 => LayerVersion::Three,
            4 => LayerVersion::Four,
            _ => return None,
        };
        let bytes = usize::from(count);
        Some(Self {
            at: (vlr.items_size() as usize).checked_sub(bytes)?,
            streams: streams.checked_sub(bytes)?,
            bytes,
            version,
        })
    }
}

impl Layers {
    /// The bytes from `bytes.start` to `bytes.end` of each record, which must be extra bytes, one
    /// record behind the other; calls `visit` with all points. `None` if the chunk is malformed or
    /// the bytes are no extra ones.
    pub(crate) fn decode_extra(
        self,
        chunk: &[u8],
        points: usize,
        bytes: Range<usize>,
        wanted: Wanted,
        mut visit: impl FnMut(RawPoint),
    ) -> Option<Vec<u8>> {
        let extra = self.extra?;
        if bytes.start < extra.at || bytes.end > extra.at + extra.bytes {
            return None;
        }
        let mut pieces: Option<(Pieces, u8)> = None;
        let mut number = 0;
        self.decode_chunk(chunk, points, wanted, |point| {
            match &mut pieces {
                None => pieces = Some((Pieces::new(extra.version, point.channel), point.channel)),
                Some((pieces, before)) => {
                    pieces.add_point(number, point.channel, *before);
                    *before = point.channel;
                }
            }
            number += 1;
            visit(point);
        })?;
        let pieces = pieces.map_or(Vec::new(), |(pieces, _)| pieces.list);
        let first = chunk.get(bytes.clone())?;
        let mut found = first.repeat(points);
        if points <= 1 {
            return Some(found);
        }
        let mut layers = Vec::new();
        for (place, byte) in bytes.clone().enumerate() {
            let stream = self.stream_of(chunk, extra.streams + byte - extra.at)?;
            if !stream.is_empty() {
                layers.push((place, Decoder::new(stream)?));
            }
        }
        let mut layers = layers.into_iter();
        while let Some(one) = layers.next() {
            match layers.next() {
                Some(other) => decode_layers([one, other], &pieces, first, &mut found)?,
                None => decode_layers([one], &pieces, first, &mut found)?,
            }
        }
        Some(found)
    }

    /// The bytes of a stream of a chunk of several points.
    fn stream_of(self, chunk: &[u8], number: usize) -> Option<&[u8]> {
        let table = chunk.get(self.record + 4..)?.as_chunks::<4>().0;
        let sizes = table.get(..self.streams)?;
        let size_of = |size: &[u8; 4]| u32::from_le_bytes(*size) as usize;
        let before: usize = sizes.get(..number)?.iter().map(size_of).sum();
        let start = (self.record + 4 + 4 * self.streams).checked_add(before)?;
        chunk.get(start..start.checked_add(size_of(sizes.get(number)?))?)
    }
}

/// Decodes some layers into their places in `records`, of which each is as long as `first`.
fn decode_layers<const N: usize>(
    layers: [(usize, Decoder<'_>); N],
    pieces: &[Piece],
    first: &[u8],
    records: &mut [u8],
) -> Option<()> {
    const { assert!(N <= TOGETHER) };
    let places = layers.each_ref().map(|(place, _)| *place);
    let mut streams = layers.map(|(_, stream)| stream);
    let mut all: [[u8; 4]; N] = places.map(|place| [first[place]; 4]);
    let mut models: [[Option<Box<Model>>; 4]; N] = std::array::from_fn(|_| [const { None }; 4]);
    let mut start = 1;
    for piece in pieces {
        if let Some(from) = piece.copied_from {
            all.iter_mut().for_each(|all| all[piece.slot] = all[from]);
        }
        let mut last = all.map(|all| all[piece.slot]);
        let models = models
            .each_mut()
            .map(|models| get_or_create(&mut models[piece.context], 256));
        let width = first.len();
        let here = records.get_mut(start * width..piece.end * width)?;
        for record in here.chunks_exact_mut(width) {
            for layer in 0..N {
                let difference = streams[layer].decode_symbol(models[layer]) as u8;
                last[layer] = last[layer].wrapping_add(difference);
                record[places[layer]] = last[layer];
            }
        }
        for layer in 0..N {
            all[layer][piece.slot] = last[layer];
        }
        start = piece.end;
    }
    streams
        .iter()
        .all(Decoder::is_within_its_bytes)
        .then_some(())
}
