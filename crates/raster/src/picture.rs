//! Pictures of rasters.

use crate::{PngColour, Raster, RasterError, encode_png};
use isopach_compute::Result;
use ndarray::Array2;

/// Colours of a diverging map, evenly spaced from loss (red) over light grey to gain (blue).
///
/// Ends and middle follow Moreland, "Diverging Color Maps for Scientific Visualization" (2009):
/// equal lightness on both sides, no false bands; steps in between are linear in lightness and
/// colour.
pub const DIVERGING: [[u8; 3]; 9] = [
    [150, 3, 32],
    [196, 62, 58],
    [225, 122, 98],
    [243, 184, 160],
    [236, 234, 232],
    [168, 195, 224],
    [110, 152, 208],
    [65, 105, 184],
    [34, 58, 148],
];

/// Colours of a sequential map, evenly spaced from low (dark violet) to high (yellow): Matplotlib's
/// viridis, whose lightness rises evenly.
pub const SEQUENTIAL: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Colours of a vegetation index, evenly spaced from −1 (brown) over 0 (cream) to 1 (dark green);
/// lightness falls on both sides, so that they can be told apart without seeing red and green.
pub const VEGETATION: [[u8; 3]; 9] = [
    [84, 48, 5],
    [140, 81, 10],
    [191, 129, 45],
    [223, 194, 125],
    [246, 238, 213],
    [197, 222, 160],
    [124, 182, 88],
    [52, 129, 46],
    [0, 73, 27],
];

/// Pink for points without a value: neither map of colours has it.
pub const NO_VALUE: [u8; 3] = [232, 140, 190];

/// Grey for changes that are not significant.
pub const INSIGNIFICANT: [u8; 3] = [205, 204, 200];
/// Ochre for changes that could not be tested: it has no level of detection.
pub const UNTESTED: [u8; 3] = [217, 190, 104];
/// Pale violet for ground with points of only one epoch.
pub const ONE_EPOCH: [u8; 3] = [222, 210, 232];

/// Content of a pixel of a change map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureScale {
    /// No point in either epoch: transparent.
    #[default]
    Nothing,
    /// Points in one epoch only.
    OneEpoch,
    /// A difference without a level of detection.
    Untested,
    /// A difference within its level of detection.
    Insignificant,
    /// A difference beyond its level of detection.
    Significant,
}

/// Colour of `value` on a scale from −`limit` to `limit`, clamped.
#[must_use]
pub fn diverging(value: f64, limit: f64) -> [u8; 3] {
    interpolate_colour(&DIVERGING, (value / limit).clamp(-1.0, 1.0) * 0.5 + 0.5)
}

/// Colour of `value` on a scale from `low` to `high`, clamped.
#[must_use]
pub fn sequential(value: f64, [low, high]: [f64; 2]) -> [u8; 3] {
    interpolate_colour(&SEQUENTIAL, ((value - low) / (high - low)).clamp(0.0, 1.0))
}

/// Colour of a vegetation index, −1 to 1, clamped.
#[must_use]
pub fn vegetation(index: f64) -> [u8; 3] {
    interpolate_colour(&VEGETATION, index.clamp(-1.0, 1.0) * 0.5 + 0.5)
}

/// The colour at a share (0 to 1) of evenly spaced colours.
fn interpolate_colour(colours: &[[u8; 3]; 9], share: f64) -> [u8; 3] {
    let last = colours.len() - 1;
    let at = share * last as f64;
    let below = (at.floor() as usize).min(last - 1);
    let share = at - below as f64;
    std::array::from_fn(|c| {
        let a = f64::from(colours[below][c]);
        let b = f64::from(colours[below + 1][c]);
        (a + share * (b - a)).round() as u8
    })
}

/// Draws values as PNG, row by row from the top, `columns` a row. `colour` gives the colour of a
/// number; NaN has [`NO_VALUE`], and a pixel without an entry is transparent.
///
/// ```
/// use isopach_raster::picture::{sequential, value_map};
/// let png = value_map(&[Some(0.2), None, Some(f64::NAN)], 3, |value| sequential(value, [0.0, 1.0]))?;
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), isopach_raster::Error>(())
/// ```
///
/// # Errors
/// [`Error::Source`](isopach_compute::Error::Source) for no pixel, and for a number of pixels that
/// is no multiple of `columns`.
pub fn value_map(
    values: &[Option<f64>],
    columns: usize,
    colour: impl Fn(f64) -> [u8; 3],
) -> Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity(values.len() * 4);
    for value in values {
        let Some(value) = value else {
            pixels.extend([0; 4]);
            continue;
        };
        let colour = if value.is_nan() {
            NO_VALUE
        } else {
            colour(*value)
        };
        pixels.extend(colour);
        pixels.push(255);
    }
    let rows = values.len() / columns.max(1);
    encode_png([columns as u32, rows as u32], PngColour::Rgba, &pixels)
}

/// Hillshade of heights lit from the north-west, 45° high: 0 (dark) to 1; NaN if a height is
/// missing.
///
/// cos of the angle between light and normal, with Horn's (1981) 3 × 3 slopes; a neighbour that is
/// missing is taken to be as high as the cell.
///
/// ```
/// use isopach_raster::{Grid, Raster, picture::hillshade};
/// let grid = Grid { cell_size: 1.0, first: [0, 0], columns: 3, rows: 3 };
/// let slope = (0..9).map(|i| f64::from(i / 3)).collect(); // falls towards the north
/// let shade = hillshade(&Raster::from_rows(grid, slope)?);
/// assert!(shade[[1, 1]] > 0.7, "lit from the north-west");
/// # Ok::<(), isopach_raster::Error>(())
/// ```
#[must_use]
pub fn hillshade(heights: &Raster) -> Array2<f64> {
    let (rows, columns) = heights.values.dim();
    let light = [-0.5, 0.5, std::f64::consts::FRAC_1_SQRT_2]; // east, north, up
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let here = heights.values[[row, column]];
        let z = |row: usize, column: usize| {
            let height = heights.values[[row.min(rows - 1), column.min(columns - 1)]];
            if height.is_nan() { here } else { height }
        };
        if here.is_nan() {
            return f64::NAN;
        }
        let n = row.saturating_sub(1);
        let s = row + 1;
        let w = column.saturating_sub(1);
        let e = column + 1;
        let eight = 8.0 * heights.grid.cell_size;
        let dx =
            (z(n, e) + 2.0 * z(row, e) + z(s, e) - z(n, w) - 2.0 * z(row, w) - z(s, w)) / eight;
        let dy = (z(n, w) + 2.0 * z(n, column) + z(n, e) - z(s, w) - 2.0 * z(s, column) - z(s, e))
            / eight;
        let length = (dx * dx + dy * dy + 1.0).sqrt();
        ((-dx * light[0] - dy * light[1] + light[2]) / length).max(0.0)
    })
}

/// Draws a shaded change map as PNG. Significant changes have the colours of [`diverging`], from
/// −`limit` to `limit` metres; other pixels have a colour per kind. `shade` (0 dark to 1, NaN for
/// none) darkens all of them.
///
/// # Errors
/// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for arrays of different shapes.
pub fn change_map(
    change: &Array2<f64>,
    shown: &Array2<PictureScale>,
    shade: &Array2<f64>,
    limit: f64,
) -> Result<Vec<u8>> {
    if change.dim() != shown.dim() || change.dim() != shade.dim() {
        return Err(RasterError::PictureShapes {
            change: change.dim(),
            shown: shown.dim(),
            shade: shade.dim(),
        }
        .into());
    }
    let mut pixels = Vec::with_capacity(change.len() * 4);
    for ((value, shown), shade) in change.iter().zip(shown).zip(shade) {
        let colour = match shown {
            PictureScale::Nothing => {
                pixels.extend([0; 4]);
                continue;
            }
            PictureScale::OneEpoch => ONE_EPOCH,
            PictureScale::Untested => UNTESTED,
            PictureScale::Insignificant => INSIGNIFICANT,
            PictureScale::Significant => diverging(*value, limit),
        };
        let light = if shade.is_nan() {
            1.0
        } else {
            0.55 + 0.6 * shade
        };
        pixels.extend(colour.map(|c| (f64::from(c) * light).clamp(0.0, 255.0).round() as u8));
        pixels.push(255);
    }
    let (rows, columns) = change.dim();
    encode_png([columns as u32, rows as u32], PngColour::Rgba, &pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;

    fn decoded_pixels(png: Vec<u8>) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    #[test]
    fn colours_are_centred_on_zero() {
        assert_eq!(diverging(0.0, 2.0), DIVERGING[4]);
        assert_eq!(diverging(-9.0, 2.0), DIVERGING[0]);
        assert_eq!(diverging(2.0, 2.0), DIVERGING[8]);
    }

    #[test]
    fn a_map_of_values_has_its_colours_and_shows_what_is_missing() {
        assert_eq!(sequential(-3.0, [0.0, 1.0]), SEQUENTIAL[0]);
        assert_eq!(sequential(7.5, [5.0, 10.0]), SEQUENTIAL[4]);
        let values = [Some(10.0), None, Some(f64::NAN), Some(5.0)];
        let png = value_map(&values, 2, |value| sequential(value, [5.0, 10.0])).unwrap();
        let pixels = decoded_pixels(png);
        let opaque = |[r, g, b]: [u8; 3]| [r, g, b, 255];
        let expected = [
            opaque(SEQUENTIAL[8]),
            [0; 4],
            opaque(NO_VALUE),
            opaque(SEQUENTIAL[0]),
        ];
        assert_eq!(pixels, expected.concat());
        assert!(value_map(&values, 3, |_| NO_VALUE).is_err());
        assert!(value_map(&[], 0, |_| NO_VALUE).is_err());
    }

    #[test]
    fn slopes_towards_the_light_are_bright() {
        let grid = Grid {
            cell_size: 1.0,
            first: [0, 0],
            columns: 3,
            rows: 3,
        };
        let slope = |sign: f64| Raster {
            grid,
            values: Array2::from_shape_fn((3, 3), |(row, column)| {
                sign * (row as f64 + column as f64)
            }),
        };
        let (bright, dark) = (
            hillshade(&slope(1.0))[[1, 1]],
            hillshade(&slope(-1.0))[[1, 1]],
        );
        assert!(bright > 0.9 && dark < 0.1, "{bright} {dark}");
    }

    #[test]
    fn each_kind_of_pixel_has_its_colour_and_shapes_must_agree() {
        let values = Array2::from_elem((1, 5), -0.5);
        let unshaded = Array2::from_elem((1, 5), f64::NAN);
        let kinds = [
            PictureScale::Nothing,
            PictureScale::OneEpoch,
            PictureScale::Untested,
            PictureScale::Insignificant,
            PictureScale::Significant,
        ];
        let shown = Array2::from_shape_vec((1, 5), kinds.to_vec()).unwrap();
        let png = change_map(&values, &shown, &unshaded, 1.0).unwrap();
        let pixels = decoded_pixels(png);
        let opaque = |[r, g, b]: [u8; 3]| [r, g, b, 255];
        let expected = [
            [0; 4],
            opaque(ONE_EPOCH),
            opaque(UNTESTED),
            opaque(INSIGNIFICANT),
            opaque(DIVERGING[2]),
        ];
        assert_eq!(pixels, expected.concat());
        assert!(change_map(&values, &shown, &Array2::zeros((3, 2)), 1.0).is_err());
    }
}
