//! The fields that every point has.

use crate::arithmetic::{Decoder, Integers, Model, RunningMedian, get_or_create};

/// Context of x and y by number of returns (row) and return number (column): a table of the format.
#[rustfmt::skip]
const MAP: [[u8; 8]; 8] = [
    [15, 14, 13, 12, 11, 10,  9,  8],
    [14,  0,  1,  3,  6, 10, 10,  9],
    [13,  1,  2,  4,  7, 11, 11, 10],
    [12,  3,  4,  5,  8, 12, 12, 11],
    [11,  6,  7,  8,  9, 13, 13, 12],
    [10, 10, 11, 12, 13, 14, 14, 13],
    [ 9, 10, 11, 12, 13, 14, 15, 14],
    [ 8,  9, 10, 11, 12, 13, 14, 15],
];

/// The last point, and the state remembered from earlier points.
pub(super) struct Point {
    xyz: [i32; 3],
    intensity: u16,
    /// Return number (3 bits), number of returns (3), scan direction, edge of flight line.
    bits: u8,
    classification: u8,
    angle: u8,
    user_data: u8,
    source: u16,
    last_intensity: [u16; 16],
    last_height: [i32; 8],
    dx_median: [RunningMedian; 16],
    dy_median: [RunningMedian; 16],
    changed: Option<Box<Model>>,
    bits_model: Vec<Option<Box<Model>>>,
    classification_model: Vec<Option<Box<Model>>>,
    user_data_model: Vec<Option<Box<Model>>>,
    angle_model: [Option<Box<Model>>; 2],
    intensities: Integers<4, 16>,
    sources: Integers<1, 16>,
    dx: Integers<2>,
    dy: Integers<22>,
    z: Integers<20>,
}

impl Point {
    /// After the first point.
    pub(super) fn new(record: &[u8; 20]) -> Self {
        let word = |at: usize| {
            i32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
        };
        let models = || (0..256).map(|_| None).collect();
        Self {
            xyz: [word(0), word(4), word(8)],
            intensity: 0, // the first one is not what the second is compared with
            bits: record[14],
            classification: record[15],
            angle: record[16],
            user_data: record[17],
            source: u16::from_le_bytes([record[18], record[19]]),
            last_intensity: [0; 16],
            last_height: [0; 8],
            dx_median: [RunningMedian::default(); 16],
            dy_median: [RunningMedian::default(); 16],
            changed: None,
            bits_model: models(),
            classification_model: models(),
            user_data_model: models(),
            angle_model: [const { None }; 2],
            intensities: Integers::new(),
            sources: Integers::new(),
            dx: Integers::new(),
            dy: Integers::new(),
            z: Integers::new(),
        }
    }

    /// The next point's record.
    #[inline]
    pub(super) fn next(&mut self, stream: &mut Decoder<'_>) -> [u8; 20] {
        let changed = stream.decode_symbol(get_or_create(&mut self.changed, 64));
        let has_changed = |bit: u32| changed >> bit & 1 == 1;
        if has_changed(5) {
            self.bits = stream.decode_symbol(get_or_create(
                &mut self.bits_model[usize::from(self.bits)],
                256,
            )) as u8;
        }
        let number = usize::from(self.bits & 7);
        let of = usize::from(self.bits >> 3 & 7);
        let context = usize::from(MAP[of][number] & 15);
        if changed != 0 {
            self.other_fields(stream, &has_changed, context);
        }
        let single = usize::from(of == 1);
        let (dx, x_bits) = self.dx.next(stream, self.dx_median[context].get(), single);
        self.dx_median[context].add(dx);
        self.xyz[0] = self.xyz[0].wrapping_add(dx);

        let even = |bits: usize, most: usize| (bits & !1).min(most);
        let (dy, y_bits) = self.dy.next(
            stream,
            self.dy_median[context].get(),
            single + even(x_bits, 20),
        );
        self.dy_median[context].add(dy);
        self.xyz[1] = self.xyz[1].wrapping_add(dy);

        let level = of.abs_diff(number);
        let (z, _) = self.z.next(
            stream,
            self.last_height[level],
            single + even((x_bits + y_bits) / 2, 18),
        );
        self.last_height[level] = z;
        self.xyz[2] = z;
        self.to_record()
    }

    #[inline]
    fn other_fields(
        &mut self,
        stream: &mut Decoder<'_>,
        has_changed: &impl Fn(u32) -> bool,
        context: usize,
    ) {
        if has_changed(4) {
            let (value, _) = self.intensities.next(
                stream,
                i32::from(self.last_intensity[context]),
                context.min(3),
            );
            self.last_intensity[context] = value as u16;
        }
        self.intensity = self.last_intensity[context];
        if has_changed(3) {
            let model = &mut self.classification_model[usize::from(self.classification)];
            self.classification = stream.decode_symbol(get_or_create(model, 256)) as u8;
        }
        if has_changed(2) {
            let model = &mut self.angle_model[usize::from(self.bits >> 6 & 1)];
            self.angle = self
                .angle
                .wrapping_add(stream.decode_symbol(get_or_create(model, 256)) as u8);
        }
        if has_changed(1) {
            let model = &mut self.user_data_model[usize::from(self.user_data)];
            self.user_data = stream.decode_symbol(get_or_create(model, 256)) as u8;
        }
        if has_changed(0) {
            self.source = self.sources.next(stream, i32::from(self.source), 0).0 as u16;
        }
    }

    #[inline]
    fn to_record(&self) -> [u8; 20] {
        let [x, y, z] = self.xyz.map(i32::to_le_bytes);
        let [i, s] = [self.intensity, self.source].map(u16::to_le_bytes);
        [
            x[0],
            x[1],
            x[2],
            x[3],
            y[0],
            y[1],
            y[2],
            y[3],
            z[0],
            z[1],
            z[2],
            z[3],
            i[0],
            i[1],
            self.bits,
            self.classification,
            self.angle,
            self.user_data,
            s[0],
            s[1],
        ]
    }
}
