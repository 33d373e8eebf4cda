//! The layers of extra bytes: one a byte, as the difference from the last one.

use super::{Layer, MOST_BYTES, attributes::Stream, steps::Block};
use crate::arithmetic::{EncodingModel, get_or_create};

/// The layer of an extra byte.
pub(super) struct ExtraByte {
    /// Its place in a record.
    at: usize,
    models: [Option<Box<EncodingModel>>; 4],
    last: Option<[u8; 4]>,
    stream: Stream,
}

impl ExtraByte {
    pub(super) fn new(at: usize) -> Self {
        Self {
            at,
            models: [const { None }; 4],
            last: None,
            stream: Stream::new(),
        }
    }
}

impl Layer for ExtraByte {
    fn encode_block(&mut self, block: &Block<'_>) {
        // Of the first point of a chunk only the one slot is used, and the others are copies.
        let all = self.last.get_or_insert([block.record(0)[self.at]; 4]);
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        let mut start = block.points.start;
        for piece in block.pieces {
            if let Some(from) = piece.copied_from {
                all[piece.slot] = all[from];
            }
            let mut last = all[piece.slot];
            let model = get_or_create(&mut self.models[piece.context], 256);
            for record in block.records(start..piece.end) {
                let byte = record[self.at];
                encoder.encode_symbol(model, usize::from(byte.wrapping_sub(last)));
                has_changed |= byte != last;
                last = byte;
            }
            all[piece.slot] = last;
            start = piece.end;
        }
        let interval = encoder.interval();
        self.stream.keep(interval, has_changed);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.stream.finish()
    }
}
