//! The encoder of layered LAZ (PDRF 6 to 8 with extra bytes): the streams of `laz`, byte for byte.
//!
//! `laz` encodes a point through all layers before it goes to the next one, through a table of
//! functions, and also layers that it throws away at the end because nothing changed in them. Here
//! a chunk is encoded layer by layer, some hundred points at a time, so that the interval of a
//! stream stays in registers and the points in the nearest cache; layers that do not change are
//! never begun, and models are made when they are first used.
//!
//! Which point another one is compared with depends on the scanner channels alone, so it is found
//! once for all layers: [`steps`].
//!
//! `laz` remains the reference: the tests compare whole chunks with its own, and it encodes the
//! formats that are not supported here (waveforms, version 4).

mod attributes;
mod bytes;
mod colour;
mod gps_time;
mod position;
mod steps;
#[cfg(test)]
mod tests;

use attributes::{
    ChangedLayer, Classification, Flags, IntensityLayer, PointSource, ScanAngle, SymbolLayer,
    UserData,
};
use bytes::ExtraByte;
use colour::{ColourLayer, Infrared, Rgb};
use gps_time::GpsTimeLayer;
use laz::{LazItemType, LazVlr};
use position::Position;
use steps::{Block, Stepper};

/// Bytes of the fields that all formats have.
const POINT: usize = 30;

/// Points that are taken through all layers before the next ones are.
const BLOCK: usize = 256;

/// Bytes of a layer that a point takes at most: eleven symbols of two bytes, and raw bits.
const MOST_BYTES: usize = 64;

/// The fields of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayeredEncoder {
    record: usize,
    has_colour: bool,
    has_infrared: bool,
    extra: usize,
}

impl LayeredEncoder {
    /// The fields of a file, if they are to be compressed in this way.
    pub(crate) fn from_vlr(vlr: &LazVlr) -> Option<Self> {
        let mut found = Self {
            record: vlr.items_size() as usize,
            has_colour: false,
            has_infrared: false,
            extra: 0,
        };
        for (place, item) in vlr.items().iter().enumerate() {
            // In this order, each once at most.
            let has_colour = found.has_colour;
            match item.item_type() {
                _ if item.version() != 3 => return None,
                LazItemType::Point14 if place == 0 => {}
                LazItemType::RGB14 if place == 1 => found.has_colour = true,
                LazItemType::RGBNIR14 if place == 1 => {
                    found.has_colour = true;
                    found.has_infrared = true;
                }
                LazItemType::Byte14(count)
                    if place == 1 + usize::from(has_colour) && found.extra == 0 =>
                {
                    found.extra = usize::from(count);
                }
                _ => return None,
            }
        }
        (found.extra_at() + found.extra == found.record).then_some(found)
    }

    /// Place of the extra bytes in a record.
    fn extra_at(self) -> usize {
        POINT + 6 * usize::from(self.has_colour) + 2 * usize::from(self.has_infrared)
    }

    /// The bytes of a chunk of whole records.
    pub(crate) fn encode_chunk(self, records: &[u8]) -> Vec<u8> {
        let Some(first) = records.get(..self.record) else {
            return Vec::new();
        };
        let mut layers = Layers::new(self, &changing_bytes(records, self.record));
        let mut stepper = Stepper::new(first);
        let points = records.len() / self.record;
        for start in (1..points).step_by(BLOCK) {
            let range = start..(start + BLOCK).min(points);
            layers.encode_block(&stepper.next_block(records, self.record, range));
        }
        let streams = layers.finish();
        let stream_bytes = streams.iter().map(Vec::len).sum::<usize>();
        let mut chunk = Vec::with_capacity(self.record + 4 + 4 * streams.len() + stream_bytes);
        chunk.extend(first);
        chunk.extend((points as u32).to_le_bytes()); // at most those of a chunk
        for stream in &streams {
            chunk.extend((stream.len() as u32).to_le_bytes());
        }
        for stream in &streams {
            chunk.extend_from_slice(stream);
        }
        chunk
    }
}

/// By byte of a record: bits that are not the same in all of them.
fn changing_bytes(records: &[u8], record: usize) -> Vec<u8> {
    let mut changing = vec![0; record];
    let later = records.get(record..).unwrap_or_default();
    for (before, now) in records.chunks_exact(record).zip(later.chunks_exact(record)) {
        for ((changing, a), b) in changing.iter_mut().zip(before).zip(now) {
            *changing |= a ^ b;
        }
    }
    changing
}

/// A layer of a chunk.
trait Layer {
    /// Encodes the points of a block.
    fn encode_block(&mut self, block: &Block<'_>);

    /// The stream; empty if no point differs from the one before it.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// The layers of a chunk, in the order of the format; `None` where nothing changes.
struct Layers {
    position: Position,
    others: Vec<Option<Box<dyn Layer>>>,
}

impl Layers {
    fn new(format: LayeredEncoder, changing: &[u8]) -> Self {
        let changes = |from: usize, to: usize| changing[from..to].iter().any(|bits| *bits != 0);
        let mut others: Vec<Option<Box<dyn Layer>>> = Vec::new();
        let mut push = |is_there: bool, layer: fn() -> Box<dyn Layer>| {
            others.push(is_there.then(layer));
        };
        push(changes(16, 17), || {
            Box::new(SymbolLayer::<Classification>::new())
        });
        push(changes(15, 16), || Box::new(SymbolLayer::<Flags>::new()));
        push(changes(12, 14), || Box::new(IntensityLayer::new()));
        push(changes(18, 20), || {
            Box::new(ChangedLayer::<ScanAngle>::new())
        });
        push(changes(17, 18), || Box::new(SymbolLayer::<UserData>::new()));
        push(changes(20, 22), || {
            Box::new(ChangedLayer::<PointSource>::new())
        });
        push(changes(22, 30), || Box::new(GpsTimeLayer::new()));
        if format.has_colour {
            push(changes(30, 36), || Box::new(ColourLayer::<Rgb, 3>::new()));
        }
        if format.has_infrared {
            push(changes(36, 38), || {
                Box::new(ColourLayer::<Infrared, 1>::new())
            });
        }
        for at in format.extra_at()..format.record {
            let layer = changes(at, at + 1).then(|| Box::new(ExtraByte::new(at)) as Box<dyn Layer>);
            others.push(layer);
        }
        Self {
            position: Position::new(),
            others,
        }
    }

    fn encode_block(&mut self, block: &Block<'_>) {
        self.position.encode_block(block);
        for layer in self.others.iter_mut().flatten() {
            layer.encode_block(block);
        }
    }

    /// The streams of all layers.
    fn finish(self) -> Vec<Vec<u8>> {
        let mut streams = Vec::from(self.position.finish());
        let others = self.others.into_iter();
        streams.extend(others.map(|layer| layer.map(Layer::finish).unwrap_or_default()));
        streams
    }
}
