//! Places of the pixels of a picture, computed once for many images of a size.

use super::{
    Edges, Gathering, ImageView, Pixels,
    taps::{Axis, Taps, resolve_place},
};
use crate::Sampling;
use isopach_compute::{Error, Result};
use rayon::prelude::*;

/// Stands for the coordinates of a place without a value; others are not below 0.
const NOWHERE: i32 = i32::MIN;

/// Steps of places and weights in a pixel.
pub(super) const ONE: i32 = 2048;

/// Sides of images and pictures must be below this, so that places fit in 32 bits.
const SIDE_LIMIT: usize = 1 << 20;

/// Pictures must have fewer pixels than this.
const PIXEL_LIMIT: usize = 1 << 31;

/// The places in a source image of the pixels of an output picture, for [`super::HeldImage::remap`].
///
/// A map is computed once, from `f64`, and shared by all images of a size and by all threads. Places
/// are kept as whole 1/2048 pixel (8 bytes a pixel): at most 1/4096 pixel from the exact place along
/// each axis.
///
/// ```
/// use isopach_raster::{Cpu, gather::{Gather, Gathering, ImageView, Pixels, PlaceMap}};
/// // A picture half as large, of the places between four pixels.
/// let half = |column: usize, row: usize| [2.0 * column as f64 + 1.0, 2.0 * row as f64 + 1.0];
/// let map = PlaceMap::new(2, 1, [4, 2], Gathering::default(), half)?;
/// let image = ImageView::new(4, 2, 1, Pixels::U8(&[0, 10, 20, 30, 40, 50, 60, 70]))?;
/// let mut picture = [0; 2];
/// Cpu.hold_image(image)?.remap(&map, &mut picture)?;
/// assert_eq!(picture, [25, 45]);
/// # Ok::<(), isopach_raster::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceMap {
    columns: usize,
    rows: usize,
    source_size: [usize; 2],
    gathering: Gathering,
    /// Places in 1/2048 pixel of the source, by rows of the picture.
    x: Vec<i32>,
    y: Vec<i32>,
}

impl PlaceMap {
    /// Computes the map of a picture: `place` gives the place in the source, in pixels from its
    /// upper left corner, of the pixel in a column and row. It is called once for each pixel, from
    /// several threads.
    ///
    /// `source_size` is columns and rows of the images. Of `gathering`, [`super::Masked`] is of no
    /// effect: images with masks are not remapped.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a side of 0 or of 2²⁰ and more, or a picture of 2³¹ pixels and
    /// more.
    pub fn new(
        columns: usize,
        rows: usize,
        source_size: [usize; 2],
        gathering: Gathering,
        place: impl Fn(usize, usize) -> [f64; 2] + Sync,
    ) -> Result<Self> {
        let sides = [
            ("columns of the picture", columns),
            ("rows of the picture", rows),
            ("columns of the source", source_size[0]),
            ("rows of the source", source_size[1]),
        ];
        for (name, side) in sides {
            let within = (1..SIDE_LIMIT).contains(&side);
            Error::check(name, side as f64, within, "be from 1 to 1048575")?;
        }
        Error::check(
            "pixels of the picture",
            columns as f64 * rows as f64,
            columns * rows < PIXEL_LIMIT,
            "be fewer than 2^31",
        )?;
        let mut x = vec![NOWHERE; columns * rows];
        let mut y = x.clone();
        x.par_chunks_mut(columns)
            .zip(y.par_chunks_mut(columns))
            .enumerate()
            .for_each(|(row, (x, y))| {
                for (column, (x, y)) in x.iter_mut().zip(y).enumerate() {
                    let exact = place(column, row);
                    if let Some(place) = resolve_place(exact, source_size, gathering.edges) {
                        [*x, *y] = fix_place(place, source_size, gathering.edges);
                    }
                }
            });
        Ok(Self {
            columns,
            rows,
            source_size,
            gathering,
            x,
            y,
        })
    }

    /// Pixels in a row of the picture.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of the picture.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns and rows of the images.
    #[must_use]
    pub fn source_size(&self) -> [usize; 2] {
        self.source_size
    }

    /// How values are gathered.
    #[must_use]
    pub fn gathering(&self) -> Gathering {
        self.gathering
    }

    /// The rounded place of the pixel in a column and row, in pixels from the upper left corner of
    /// the source; `None` without a value or outside the picture.
    #[must_use]
    pub fn place(&self, column: usize, row: usize) -> Option<[f64; 2]> {
        let within = column < self.columns && row < self.rows;
        let fixed = within.then(|| self.fixed_place(row * self.columns + column))??;
        Some(fixed.map(|at| f64::from(at) / f64::from(ONE)))
    }

    /// Bytes that the map holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (size_of_val(self.x.as_slice()) + size_of_val(self.y.as_slice())) as u64
    }

    /// The place of a pixel, by rows of the picture, in whole 1/2048 pixel from the upper left corner
    /// of the source: for backends. `None` without a value.
    ///
    /// # Panics
    /// If there is no such pixel.
    #[must_use]
    pub fn fixed_place(&self, index: usize) -> Option<[i32; 2]> {
        let place = [self.x[index], self.y[index]];
        (place[0] != NOWHERE).then_some(place)
    }

    /// The coordinates of all places, by rows of the picture, in 1/2048 pixel of the source: below 0
    /// where there is no value.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn fixed_coordinates(&self) -> [&[i32]; 2] {
        [&self.x, &self.y]
    }
}

/// A place within the source in 1/2048 pixel, with columns in the first turn.
fn fix_place(place: [f64; 2], [columns, _]: [usize; 2], edges: Edges) -> [i32; 2] {
    // Both are below 2³¹: sides are below 2²⁰.
    let [x, y] = place.map(|at| (at * f64::from(ONE)).round() as i32);
    match edges {
        Edges::Bounded => [x, y],
        Edges::WrapColumns => [x.rem_euclid(columns as i32 * ONE), y],
    }
}

/// The contributing pixels of a place in 1/2048 pixel, along columns and rows.
pub(super) fn integer_taps(
    [x, y]: [i32; 2],
    [across, down]: [Axis; 2],
    sampling: Sampling,
) -> [Taps<i32>; 2] {
    [
        across.integer_taps(x, sampling),
        down.integer_taps(y, sampling),
    ]
}

impl Axis {
    /// The contributing pixels of a place in 1/2048 pixel from the edge.
    pub(super) fn integer_taps(self, at: i32, sampling: Sampling) -> Taps<i32> {
        let from_centre = at - ONE / 2;
        let whole = i64::from(from_centre.div_euclid(ONE));
        let t = from_centre.rem_euclid(ONE);
        match sampling {
            Sampling::Nearest => Taps {
                first: i64::from(at.div_euclid(ONE)),
                weights: [ONE, 0, 0, 0],
            },
            Sampling::Bilinear => Taps {
                first: whole,
                weights: [ONE - t, t, 0, 0],
            },
            Sampling::Bicubic => Taps {
                first: whole - 1,
                weights: integer_cubic_weights(t),
            },
        }
    }
}

/// Weights in 1/2048 of the four pixels about a place `t`/2048 beyond the second: those of the
/// cubic, rounded half up, with the remainder to 2048 given to the nearer of the two in the middle.
pub(super) const fn integer_cubic_weights(t: i32) -> [i32; 4] {
    let t = t as i64;
    let one = ONE as i64;
    let square = t * t;
    let cube = square * t;
    // Twice the weights, times 2048³.
    let exact = [
        -one * one * t + 2 * one * square - cube,
        2 * one * one * one - 5 * one * square + 3 * cube,
        one * one * t + 4 * one * square - 3 * cube,
        -one * square + cube,
    ];
    let divisor = 2 * one * one;
    let mut weights = [0; 4];
    let mut remainder = ONE;
    let mut pixel = 0;
    while pixel < 4 {
        weights[pixel] = (exact[pixel] + divisor / 2).div_euclid(divisor) as i32;
        remainder -= weights[pixel];
        pixel += 1;
    }
    weights[if 2 * t < one { 1 } else { 2 }] += remainder;
    weights
}

/// The weights of cubic interpolation in [`super::reference::remap`], whole 1/2048, for backends: of
/// the four pixels about a place 0/2048, 1/2048 … 2047/2048 beyond the second.
#[must_use]
pub fn cubic_weights_table() -> Vec<[i32; 4]> {
    (0..ONE).map(integer_cubic_weights).collect()
}

/// Refuses a picture that [`super::HeldImage::remap`] cannot write, for backends; else returns the
/// samples of the image. `length` is that of the picture.
///
/// # Errors
/// Those of [`super::HeldImage::remap`].
pub fn check_remap<'a>(image: &ImageView<'a>, map: &PlaceMap, length: usize) -> Result<&'a [u8]> {
    let Pixels::U8(samples) = image.pixels() else {
        return Err(Error::Unsupported {
            operation: "remap an image that is not of 8 bits",
        });
    };
    if image.mask().is_some() {
        return Err(Error::Unsupported {
            operation: "remap an image with a mask",
        });
    }
    if image.size() != map.source_size() {
        return Err(Error::invalid_input(OtherSize {
            image: image.size(),
            map: map.source_size(),
        }));
    }
    let expected = map.columns() * map.rows() * image.bands();
    Error::check_length(
        "bytes of the picture",
        length,
        "columns x rows x bands of the map",
        expected,
    )?;
    Ok(samples)
}

/// A map of images of another size.
#[derive(Debug, thiserror::Error)]
#[error(
    "the image has {} x {} pixels, but the map is of images of {} x {}: compute a map for this size",
    image[0], image[1], map[0], map[1]
)]
struct OtherSize {
    image: [usize; 2],
    map: [usize; 2],
}
