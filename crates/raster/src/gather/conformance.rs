//! One suite that every backend is put through.
//!
//! Images and places that have broken other tools are gathered by every sampling, at either kind of
//! edges, beside masked pixels by either rule, and compared with the definitions
//! ([`super::reference`]): one pixel, one row, one column; 1 to 7 bands; every type and its extremes;
//! masks over nothing, everything and every other pixel; NaN in a band; places on centres, borders
//! and half-pixel edges, across the seam, beyond the poles, a billion pixels away, and of no number.
//!
//! | what | must agree |
//! |---|---|
//! | whether a place has a value in a band | exactly |
//! | values, of [`conformance`] | to 2⁻¹⁹ of the largest sample of the image |
//! | values, of [`conformance_to_the_bit`] | the same bits: what the CPU keeps to |
//! | pictures of 8 bits | the same bits |
//! | the map of images of another size, a picture of another length | refused, with an error that no other backend could mend |
//!
//! # The tolerance
//!
//! Let ε = 2⁻²⁴ be the relative error of a rounding to single precision, L the largest sample, and
//! weights those of the definition, rounded. A term (weight of the row · weight of the column ·
//! sample) has two rounded weights and two products: it is off by 4 ε of itself. A sum of n terms
//! adds n − 1 roundings of partial sums, so that a value is off by (n + 3) ε Σ |weight| L: with the
//! sixteen terms of a cubic, whose weights add up to 1.25² at most, 29.7 ε L. Where masked pixels
//! are left out, three terms remain, with positive weights: 6 ε L for their sum, 5 ε L for that of
//! the weights, and 2.5 units in the last place for the division, together 16 ε L. Both are below
//! 32 ε L = 2⁻¹⁹ L.
//!
//! If a backend lacks something (`Unsupported`), the suite reports it and continues.

use super::{
    Edges, Gather, Gathering, HeldImage, ImageView, Masked, Pixels, PlaceMap, f16, reference,
};
use crate::Sampling;
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result, conformance::random};
use ndarray::Array2;

/// Share of the largest sample of an image that values may be off by.
pub const TOLERANCE: f64 = 1.0 / 524_288.0;

const SAMPLINGS: [Sampling; 3] = [Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic];

/// Runs the suite with values within [`TOLERANCE`]. Empty: the backend conforms, and has everything.
#[must_use]
pub fn conformance(on: &dyn Gather) -> Vec<Finding> {
    run_suite(on, Some(TOLERANCE))
}

/// Runs the suite with the same bits for values.
#[must_use]
pub fn conformance_to_the_bit(on: &dyn Gather) -> Vec<Finding> {
    run_suite(on, None)
}

/// Runs the suite; no tolerance asks for the same bits.
fn run_suite(on: &dyn Gather, tolerance: Option<f64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for case in cases() {
        findings.extend(case.run_on(on, tolerance));
    }
    findings.extend(check_mistakes(on));
    findings
}

/// Samples of a type.
enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F16(Vec<f16>),
    F32(Vec<f32>),
}

impl Samples {
    fn pixels(&self) -> Pixels<'_> {
        match self {
            Self::U8(samples) => Pixels::U8(samples),
            Self::U16(samples) => Pixels::U16(samples),
            Self::F16(samples) => Pixels::F16(samples),
            Self::F32(samples) => Pixels::F32(samples),
        }
    }
}

/// An image.
struct Case {
    name: String,
    size: [usize; 2],
    bands: usize,
    samples: Samples,
    mask: Option<Vec<u8>>,
}

/// The mask of a case.
#[derive(Clone, Copy, Debug)]
enum Mask {
    None,
    /// No pixel is left out.
    Nothing,
    Everything,
    /// Every other pixel, as on a chessboard.
    Chessboard,
    /// A pixel in five.
    Some,
}

/// Shapes of images: columns, rows, bands.
const SHAPES: [[usize; 3]; 12] = [
    [1, 1, 1],
    [1, 1, 3],
    [2, 1, 4],
    [1, 2, 2],
    [9, 1, 3],
    [1, 7, 4],
    [2, 2, 5],
    [3, 4, 6],
    [8, 5, 7],
    [37, 23, 3],
    [31, 17, 1],
    [29, 19, 2],
];

/// All images of the suite.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for [columns, rows, bands] in SHAPES {
        for mask in [
            Mask::None,
            Mask::Nothing,
            Mask::Everything,
            Mask::Chessboard,
            Mask::Some,
        ] {
            for (kind, samples) in samples_of(columns * rows * bands) {
                cases.push(Case {
                    name: format!("{columns} x {rows} pixels of {bands} {kind}, mask {mask:?}"),
                    size: [columns, rows],
                    bands,
                    samples,
                    mask: mask_of(mask, columns, rows),
                });
            }
        }
    }
    cases
}

/// Samples of every type: all of their range, and extremes alone.
fn samples_of(count: usize) -> Vec<(&'static str, Samples)> {
    let whole = |bits: i32| move |i: usize| (random(i as u64) * 2_f64.powi(bits)) as u16;
    let numbers = |i: usize| (random(i as u64) * 2.0 - 1.0) as f32;
    let extreme = |i: usize| random(i as u64 + 999) < 0.5;
    let fill = |of: &dyn Fn(usize) -> u16| (0..count).map(of).collect::<Vec<u16>>();
    let bytes = |words: Vec<u16>| words.into_iter().map(|word| word as u8).collect();
    let halves = |of: &dyn Fn(usize) -> f32| (0..count).map(|i| f16::from_f32(of(i))).collect();
    let singles = |of: &dyn Fn(usize) -> f32| (0..count).map(of).collect();
    let with_nan = |i: usize| {
        if i.is_multiple_of(6) {
            f32::NAN
        } else {
            numbers(i)
        }
    };
    vec![
        ("bytes", Samples::U8(bytes(fill(&whole(8))))),
        (
            "extreme bytes",
            Samples::U8(bytes(fill(&|i| if extreme(i) { 255 } else { 0 }))),
        ),
        ("words", Samples::U16(fill(&whole(16)))),
        (
            "extreme words",
            Samples::U16(fill(&|i| if extreme(i) { u16::MAX } else { 0 })),
        ),
        ("halves", Samples::F16(halves(&numbers))),
        (
            "extreme halves",
            Samples::F16(halves(&|i| if extreme(i) { 65_504.0 } else { -65_504.0 })),
        ),
        // The smallest numbers of half precision, and nothing else.
        (
            "subnormal halves",
            Samples::F16((0..count).map(|i| f16::from_bits(whole(9)(i))).collect()),
        ),
        ("halves and NaN", Samples::F16(halves(&with_nan))),
        ("singles", Samples::F32(singles(&|i| 4000.0 * numbers(i)))),
        ("singles and NaN", Samples::F32(singles(&with_nan))),
    ]
}

fn mask_of(mask: Mask, columns: usize, rows: usize) -> Option<Vec<u8>> {
    let kept = move |pixel: usize| match mask {
        Mask::None | Mask::Nothing => true,
        Mask::Everything => false,
        Mask::Chessboard => (pixel % columns + pixel / columns).is_multiple_of(2),
        Mask::Some => random(pixel as u64 + 77) >= 0.2,
    };
    let bytes = || (0..columns * rows).map(|pixel| if kept(pixel) { 255 } else { 0 });
    (!matches!(mask, Mask::None)).then(|| bytes().collect())
}

/// Places about an image.
fn places_about([columns, rows]: [usize; 2]) -> Vec<[f64; 2]> {
    let sides = [columns as f64, rows as f64];
    let mut places = Vec::new();
    // Borders, centres, quarters, and what doubles have beside them.
    let marks = |side: f64| {
        let on = [
            0.0,
            0.5,
            1.0,
            side / 2.0,
            side - 0.5,
            side,
            0.25,
            side - 0.25,
        ];
        let beside = |at: f64| [at.next_down(), at, at.next_up()];
        let far = [
            -0.25,
            side + 0.25,
            -side,
            3.0 * side + 0.25,
            1e9,
            -1e9,
            1e300,
        ];
        let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let mut marks: Vec<f64> = on.into_iter().flat_map(beside).collect();
        marks.extend(far);
        marks.extend(none);
        marks
    };
    let rows_at = marks(sides[1]);
    for (i, x) in marks(sides[0]).into_iter().enumerate() {
        for (j, &y) in rows_at.iter().enumerate() {
            // Each with some of the others.
            if (i * 7 + j * 3) % 5 < 2 {
                places.push([x, y]);
            }
        }
    }
    for i in 0..150 {
        let at = |axis: u64| random(2 * i + axis);
        places.push([0, 1].map(|axis| (1.2 * at(axis as u64) - 0.1) * sides[axis]));
    }
    places
}

/// Every way to gather.
fn all_ways() -> Vec<Gathering> {
    let mut ways = Vec::new();
    for sampling in SAMPLINGS {
        for edges in [Edges::Bounded, Edges::WrapColumns] {
            for masked in [Masked::Renormalised, Masked::Strict] {
                ways.push(Gathering {
                    sampling,
                    edges,
                    masked,
                });
            }
        }
    }
    ways
}

impl Case {
    fn image(&self) -> Result<ImageView<'_>> {
        let [columns, rows] = self.size;
        let image = ImageView::new(columns, rows, self.bands, self.samples.pixels())?;
        match &self.mask {
            Some(mask) => image.with_mask(mask),
            None => Ok(image),
        }
    }

    fn run_on(&self, on: &dyn Gather, tolerance: Option<f64>) -> Vec<Finding> {
        let opened = self
            .image()
            .and_then(|image| Ok((image, on.hold_image(image)?)));
        let (image, held) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                return Finding::of("hold_image", &self.name, Err(error))
                    .into_iter()
                    .collect();
            }
        };
        let mut findings = Vec::new();
        let places = places_about(self.size);
        for how in all_ways() {
            let compared = held.gather(&places, how).map(|found| {
                let defined = reference::gather(image, &places, how);
                let most = tolerance.map(|share| share * largest_sample(image));
                describe_difference(&found, &defined, most)
            });
            let case = format!("{}, {how:?}", self.name);
            findings.extend(Finding::of("gather", &case, compared));
            if let (Samples::U8(_), None) = (&self.samples, &self.mask) {
                let compared = compare_pictures(image, held.as_ref(), &places, how);
                findings.extend(Finding::of("remap", &case, compared));
            }
        }
        let none = held.gather(&[], Gathering::default());
        let shape = none.map(|none| {
            (none.dim() != (0, self.bands)).then(|| format!("no places give {:?}", none.dim()))
        });
        findings.extend(Finding::of("gather", &self.name, shape));
        findings
    }
}

/// The largest magnitude among the samples of an image.
fn largest_sample(image: ImageView<'_>) -> f64 {
    let samples = (0..image.pixels().len()).map(|i| image.pixels().sample(i).abs());
    samples.fold(0.0, f64::max)
}

/// Describes the first difference of values of more than `most`, or of a bit.
fn describe_difference(
    found: &Array2<f64>,
    defined: &Array2<f64>,
    most: Option<f64>,
) -> Option<String> {
    if found.dim() != defined.dim() {
        return Some(format!("{:?} values, not {:?}", found.dim(), defined.dim()));
    }
    let differs = |found: f64, defined: f64| match most {
        _ if found.is_nan() || defined.is_nan() => found.is_nan() != defined.is_nan(),
        Some(most) => (found - defined).abs() > most,
        None => found.to_bits() != defined.to_bits(),
    };
    let mut pairs = found.indexed_iter().zip(defined);
    let (((place, band), found), defined) =
        pairs.find(|((_, found), defined)| differs(**found, **defined))?;
    Some(format!(
        "place {place}, band {band} is {found:?}, not {defined:?}"
    ))
}

/// Compares pictures of some rows: all places, and a smooth view of the image.
fn compare_pictures(
    image: ImageView<'_>,
    held: &dyn HeldImage,
    places: &[[f64; 2]],
    how: Gathering,
) -> Result<Option<String>> {
    let [columns, rows] = image.size().map(|side| side as f64);
    let smooth = |column: usize, row: usize| {
        let [u, v] = [column, row].map(|at| at as f64 / 61.0);
        [
            columns * (u - 0.2 * v),
            rows * (1.1 * v + 0.1 * u * u - 0.05),
        ]
    };
    let width = 31;
    let scattered = |column: usize, row: usize| places[(row * width + column) % places.len()];
    let maps = [
        PlaceMap::new(67, 61, image.size(), how, smooth)?,
        PlaceMap::new(
            width,
            places.len().div_ceil(width),
            image.size(),
            how,
            scattered,
        )?,
    ];
    for map in maps {
        let mut defined = vec![0; map.columns() * map.rows() * image.bands()];
        let mut found = vec![1; defined.len()];
        reference::remap(image, &map, &mut defined)?;
        held.remap(&map, &mut found)?;
        let mut pairs = found.iter().zip(&defined);
        if let Some(at) = pairs.position(|(found, defined)| found != defined) {
            let [pixel, band] = [at / image.bands(), at % image.bands()];
            let [found, defined] = [found[at], defined[at]];
            return Ok(Some(format!(
                "pixel {pixel}, band {band} is {found}, not {defined}"
            )));
        }
    }
    Ok(None)
}

/// Checks that maps of other sizes and pictures of other lengths are refused, and that what has no
/// picture is declined.
fn check_mistakes(on: &dyn Gather) -> Vec<Finding> {
    let image = |pixels| ImageView::new(2, 1, 1, pixels);
    let place = |_: usize, _: usize| [0.5; 2];
    let map_of = |size| PlaceMap::new(2, 2, size, Gathering::default(), place);
    let mut findings = Vec::new();
    let check = |case: &str, pixels, size, length: usize| {
        let remapped = || {
            let map = map_of(size)?;
            on.hold_image(image(pixels)?)?
                .remap(&map, &mut vec![0; length])
        };
        let remapped = remapped();
        match pixels {
            Pixels::U8(_) => Finding::unless_refused("remap", case, remapped),
            _ if matches!(remapped, Err(Error::Unsupported { .. })) => None,
            _ => Finding::of(
                "remap",
                case,
                remapped.map(|()| Some("accepted".to_owned())),
            ),
        }
    };
    findings.extend(check(
        "a map of another size",
        Pixels::U8(&[1, 2]),
        [3, 1],
        4,
    ));
    findings.extend(check("a picture too short", Pixels::U8(&[1, 2]), [2, 1], 3));
    findings.extend(check("a picture too long", Pixels::U8(&[1, 2]), [2, 1], 5));
    findings.extend(check("words", Pixels::U16(&[1, 2]), [2, 1], 4));
    findings
}
