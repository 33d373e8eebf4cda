//! The layers of scanner channel, returns, x and y, and of z: the bits of a step in the plane are
//! the context of the step in height.

use super::{
    MOST_BYTES,
    steps::{Block, Step},
};
use crate::{
    arithmetic::{
        EncodedStream, EncodingIntegers, EncodingModel, RunningMedian, StreamEncoder, get_or_create,
    },
    layered::returns::{return_level, return_map},
    layout::i32_at,
};

type Models<const N: usize> = [Option<Box<EncodingModel>>; N];

/// State of one scanner channel.
struct Context {
    dx_median: [RunningMedian; 12],
    dy_median: [RunningMedian; 12],
    last_z: [i32; 8],
    changed: Models<8>,
    channel: Option<Box<EncodingModel>>,
    number_of_returns: Models<16>,
    return_number: Models<16>,
    return_number_same_time: Option<Box<EncodingModel>>,
    dx: EncodingIntegers<2>,
    dy: EncodingIntegers<22>,
    z: EncodingIntegers<20>,
}

impl Context {
    /// Begins with the point that the first one of the channel is compared with.
    fn new(last: &[u8]) -> Self {
        Self {
            dx_median: [RunningMedian::default(); 12],
            dy_median: [RunningMedian::default(); 12],
            last_z: [i32_at(last, 8); 8],
            changed: [const { None }; 8],
            channel: None,
            number_of_returns: [const { None }; 16],
            return_number: [const { None }; 16],
            return_number_same_time: None,
            dx: EncodingIntegers::new(),
            dy: EncodingIntegers::new(),
            z: EncodingIntegers::new(),
        }
    }
}

/// The two layers.
pub(super) struct Position {
    contexts: [Option<Box<Context>>; 4],
    plane: EncodedStream,
    height: EncodedStream,
}

impl Position {
    pub(super) fn new() -> Self {
        Self {
            contexts: [const { None }; 4],
            plane: EncodedStream::new(),
            height: EncodedStream::new(),
        }
    }

    /// Encodes the points of a block.
    pub(super) fn encode_block(&mut self, block: &Block<'_>) {
        let mut plane = self.plane.encoder(MOST_BYTES * block.len());
        let mut height = self.height.encoder(MOST_BYTES * block.len());
        for (point, step) in block.points() {
            let last = block.point(step.last as usize);
            let [number, of] = [point[14] & 15, point[14] >> 4];
            let changes = changes_of(point, last, step);
            let before = self.contexts[usize::from(step.channel_before)]
                .get_or_insert_with(|| Box::new(Context::new(last)));
            let model = &mut before.changed[usize::from(step.before)];
            plane.encode_symbol(get_or_create(model, 128), usize::from(changes));
            if changes & CHANNEL != 0 {
                let ahead = step.channel.wrapping_sub(step.channel_before + 1) & 3;
                let model = get_or_create(&mut before.channel, 3);
                plane.encode_symbol(model, usize::from(ahead));
            }
            let context = self.contexts[usize::from(step.channel)]
                .get_or_insert_with(|| Box::new(Context::new(last)));
            encode_returns(&mut plane, context, changes, [number, of], last[14]);
            encode_coordinates([&mut plane, &mut height], context, point, last, step);
        }
        let [plane, height] = [plane.interval(), height.interval()];
        self.plane.keep(plane);
        self.height.keep(height);
    }

    /// Both streams, which are never empty.
    pub(super) fn finish(self) -> [Vec<u8>; 2] {
        [self.plane.finish(), self.height.finish()]
    }
}

const CHANNEL: u8 = 1 << 6;
const NUMBER_OF_RETURNS: u8 = 1 << 2;

/// Which fields differ from those of the last point of the channel.
#[inline(always)]
fn changes_of(point: &[u8], last: &[u8], step: Step) -> u8 {
    let differs = |from: usize, to: usize| u8::from(point[from..to] != last[from..to]);
    let number = match (point[14] & 15).wrapping_sub(last[14] & 15) & 15 {
        0 => 0,
        1 => 1,
        15 => 2,
        _ => 3,
    };
    u8::from(step.channel != step.channel_before) << 6
        | differs(20, 22) << 5
        | u8::from(step.has_new_time()) << 4
        | differs(18, 20) << 3
        | u8::from(point[14] >> 4 != last[14] >> 4) << 2
        | number
}

/// Encodes the return number and the number of returns where the changes do not tell them.
#[inline(always)]
fn encode_returns(
    plane: &mut StreamEncoder<'_>,
    context: &mut Context,
    changes: u8,
    [number, of]: [u8; 2],
    last: u8,
) {
    if changes & NUMBER_OF_RETURNS != 0 {
        let model = &mut context.number_of_returns[usize::from(last >> 4)];
        plane.encode_symbol(get_or_create(model, 16), usize::from(of));
    }
    if changes & 3 != 3 {
        return;
    }
    if changes & 1 << 4 != 0 {
        let model = &mut context.return_number[usize::from(last & 15)];
        plane.encode_symbol(get_or_create(model, 16), usize::from(number));
    } else {
        let ahead = number.wrapping_sub((last & 15) + 2) & 15;
        let model = get_or_create(&mut context.return_number_same_time, 13);
        plane.encode_symbol(model, usize::from(ahead));
    }
}

/// Encodes the steps in x and y from the last point, and the height.
#[inline(always)]
fn encode_coordinates(
    [plane, height]: [&mut StreamEncoder<'_>; 2],
    context: &mut Context,
    point: &[u8],
    last: &[u8],
    step: Step,
) {
    let [number, of] = [usize::from(point[14] & 15), usize::from(point[14] >> 4)];
    let single = usize::from(of == 1);
    let median = return_map(of, number) << 1 | usize::from(step.has_new_time());

    let dx = i32_at(point, 0).wrapping_sub(i32_at(last, 0));
    let x_bits = context
        .dx
        .encode(plane, context.dx_median[median].get(), dx, single);
    context.dx_median[median].add(dx);

    let even = |bits: usize, most: usize| (bits & !1).min(most);
    let dy = i32_at(point, 4).wrapping_sub(i32_at(last, 4));
    let y_bits = context.dy.encode(
        plane,
        context.dy_median[median].get(),
        dy,
        single + even(x_bits, 20),
    );
    context.dy_median[median].add(dy);

    let level = return_level(of, number);
    let z = i32_at(point, 8);
    let bits = (x_bits + y_bits) / 2;
    context
        .z
        .encode(height, context.last_z[level], z, single + even(bits, 18));
    context.last_z[level] = z;
}
