//! Colours: six bytes, each from the last point's and from how the bytes before it changed.

use crate::arithmetic::{Decoder, Model, get_or_create};

/// The last colour.
pub(super) struct Colour {
    /// Red, green, blue, the lower byte first.
    last: [[u8; 2]; 3],
    changed: Option<Box<Model>>,
    bytes: [Option<Box<Model>>; 6],
}

impl Colour {
    /// After the first point.
    pub(super) fn new(first: &[u8; 6]) -> Self {
        let [a, b, c, d, e, f] = *first;
        Self {
            last: [[a, b], [c, d], [e, f]],
            changed: None,
            bytes: [const { None }; 6],
        }
    }

    /// The next point's colour.
    #[inline]
    pub(super) fn next(&mut self, stream: &mut Decoder<'_>) -> [u8; 6] {
        let changed = stream.decode_symbol(get_or_create(&mut self.changed, 128));
        let [red, green, blue] = self.last;
        let mut now = self.last;
        // Bits 0 and 1: red. Bit 6: green and blue are not the same as red.
        for half in 0..2 {
            if changed >> half & 1 == 1 {
                now[0][half] = red[half].wrapping_add(
                    stream.decode_symbol(get_or_create(&mut self.bytes[half], 256)) as u8,
                );
            }
        }
        if changed >> 6 & 1 == 0 {
            now = [now[0]; 3];
        } else {
            for half in 0..2 {
                let mut step = i32::from(now[0][half]) - i32::from(red[half]);
                if changed >> (2 + half) & 1 == 1 {
                    let correction =
                        stream.decode_symbol(get_or_create(&mut self.bytes[2 + half], 256)) as u8;
                    now[1][half] = predict_byte(green[half], step).wrapping_add(correction);
                }
                if changed >> (4 + half) & 1 == 1 {
                    let correction =
                        stream.decode_symbol(get_or_create(&mut self.bytes[4 + half], 256)) as u8;
                    step = (step + i32::from(now[1][half]) - i32::from(green[half])) / 2;
                    now[2][half] = predict_byte(blue[half], step).wrapping_add(correction);
                }
            }
        }
        self.last = now;
        let [[a, b], [c, d], [e, f]] = now;
        [a, b, c, d, e, f]
    }
}

/// The byte that went the same step, within its range.
fn predict_byte(last: u8, step: i32) -> u8 {
    (i32::from(last) + step).clamp(0, 255) as u8
}
