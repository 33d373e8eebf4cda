//! Values between the middles of pixels, and how far one image is shifted against another.

use crate::gather::{Edges, Gathering, Masked, reference::interpolate};
use ndarray::{Array2, ArrayView2};

/// Interpolation between the centres of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Sampling {
    /// The value of the nearest pixel.
    Nearest,
    /// Linear along both axes between the four surrounding pixels.
    Bilinear,
    /// Between the sixteen pixels about the place by cubic convolution with a = −½ (Keys 1981):
    /// exact for parabolas, overshoots at edges.
    #[default]
    Bicubic,
}

/// Interpolates the value at a position in pixels from the centre of the first pixel: `[row,
/// column]`. NaN beyond the outer edges of the image, and if a contributing pixel is NaN. Between
/// the outer centres and the edges, which belong to the image, the outer pixels are repeated.
///
/// The definition is [`crate::gather::reference::interpolate`], with places from the centre of the first
/// pixel instead of its corner.
#[must_use]
pub fn sample(image: ArrayView2<'_, f64>, place: [f64; 2], by: Sampling) -> f64 {
    let (rows, columns) = image.dim();
    let how = Gathering {
        sampling: by,
        edges: Edges::Bounded,
        masked: Masked::Strict,
    };
    let [y, x] = place.map(|from_centre| from_centre + 0.5);
    interpolate([columns, rows], [x, y], how, |column, row| {
        image[[row, column]]
    })
}

/// Shift of `other` against `image`, `other[r + Δr, c + Δc] ≈ image[r, c]`, with the correlation at
/// that shift.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shift {
    /// `[Δrow, Δcolumn]`, pixels.
    pub pixels: [f64; 2],
    /// Pearson's correlation at the nearest whole shift, −1 to 1.
    pub correlation: f64,
    /// Whether the shift lies at the border of the search: the true shift may be larger.
    pub at_border: bool,
}

/// The shift of highest correlation within `reach` pixels, refined by parabolas through its
/// neighbours to about a tenth of a pixel. Pixels that are NaN in either image are ignored. `None`
/// if the shapes differ, the images are not larger than four times the reach, or the images are
/// constant. O(pixels · (2 reach + 1)²).
#[must_use]
pub fn shift_between(
    image: ArrayView2<'_, f64>,
    other: ArrayView2<'_, f64>,
    reach: usize,
) -> Option<Shift> {
    let (rows, columns) = image.dim();
    if image.dim() != other.dim() || rows.min(columns) <= 4 * reach || reach == 0 {
        return None;
    }
    let side = 2 * reach + 1;
    let inner = image.slice(ndarray::s![reach..rows - reach, reach..columns - reach]);
    let found = Array2::from_shape_fn([side, side], |(down, along)| {
        let against = other.slice(ndarray::s![
            down..rows - 2 * reach + down,
            along..columns - 2 * reach + along
        ]);
        correlation(inner, against)
    });
    let highest = found
        .indexed_iter()
        .filter(|(_, r)| r.is_finite())
        .max_by(|a, b| a.1.total_cmp(b.1));
    let ((down, along), &highest) = highest?;
    let whole = |at: usize| at as f64 - reach as f64;
    if [down, along].iter().any(|at| *at == 0 || *at == side - 1) {
        return Some(Shift {
            pixels: [whole(down), whole(along)],
            correlation: highest,
            at_border: true,
        });
    }
    let rows = [found[[down - 1, along]], highest, found[[down + 1, along]]];
    let columns = [found[[down, along - 1]], highest, found[[down, along + 1]]];
    let pixels = [
        whole(down) + peak_of_parabola(rows),
        whole(along) + peak_of_parabola(columns),
    ];
    Some(Shift {
        pixels,
        correlation: highest,
        at_border: false,
    })
}

/// Position of the maximum of the parabola through values at −1, 0 and 1; 0 if it has none.
fn peak_of_parabola([before, highest, after]: [f64; 3]) -> f64 {
    let curvature = before - 2.0 * highest + after;
    if curvature < 0.0 {
        0.5 * (before - after) / curvature
    } else {
        0.0
    }
}

/// Pearson's, over pixels that are numbers in both; NaN if either does not vary.
fn correlation(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> f64 {
    let pairs = || {
        a.iter()
            .zip(b)
            .filter(|(a, b)| a.is_finite() && b.is_finite())
    };
    let mut n = 0.0;
    let mut sums = [0.0; 2];
    for (a, b) in pairs() {
        n += 1.0;
        sums = [sums[0] + a, sums[1] + b];
    }
    let means = sums.map(|sum| sum / n);
    let mut both = 0.0;
    let mut squares = [0.0; 2];
    for (a, b) in pairs() {
        let a = a - means[0];
        let b = b - means[1];
        both += a * b;
        squares = [squares[0] + a * a, squares[1] + b * b];
    }
    both / (squares[0] * squares[1]).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(of: impl Fn(f64, f64) -> f64) -> Array2<f64> {
        Array2::from_shape_fn([60, 70], |(r, c)| of(r as f64, c as f64))
    }

    #[test]
    fn parabolas_are_exact_between_pixels() {
        let of =
            |r: f64, c: f64| 3.0 + 0.5 * r - 0.25 * c + 0.02 * r * r - 0.01 * c * c + 0.03 * r * c;
        let whole = image(of);
        for [r, c] in [[10.0, 20.0], [10.25, 20.75], [33.9, 41.1]] {
            assert!((sample(whole.view(), [r, c], Sampling::Bicubic) - of(r, c)).abs() < 1e-10);
        }
        let plane = image(|r, c| 2.0 * r - c);
        assert!((sample(plane.view(), [7.3, 8.6], Sampling::Bilinear) - 6.0).abs() < 1e-12);
        assert_eq!(sample(plane.view(), [7.4, 8.6], Sampling::Nearest), 5.0);
    }

    #[test]
    fn there_is_no_value_outside_or_beside_nan() {
        let mut flat = image(|_, _| 1.0);
        for by in [Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic] {
            assert!(
                sample(flat.view(), [-0.6, 3.0], by).is_nan()
                    && sample(flat.view(), [3.0, 69.6], by).is_nan()
            );
            let at_the_edges = sample(flat.view(), [-0.5, 69.5], by);
            assert!((at_the_edges - 1.0).abs() < 1e-15, "{at_the_edges}");
            let none = Array2::zeros([0, 0]);
            assert!(sample(none.view(), [-0.5, -0.5], by).is_nan());
            assert!(sample(flat.view(), [f64::NAN, 3.0], by).is_nan());
            assert!(
                (sample(flat.view(), [-0.4, 69.4], by) - 1.0).abs() < 1e-15,
                "weights add up to 1 but for rounding"
            );
        }
        flat[[5, 5]] = f64::NAN;
        assert!(sample(flat.view(), [6.5, 6.5], Sampling::Bicubic).is_nan());
        assert_eq!(sample(flat.view(), [6.0, 6.0], Sampling::Bicubic), 1.0);
    }

    #[test]
    fn a_shift_is_found_between_pixels() {
        let of =
            |r: f64, c: f64| (r / 5.0).sin() * (c / 6.0).cos() + 0.3 * ((r + 2.0 * c) / 9.0).sin();
        for [down, along] in [[0.0, 0.0], [1.3, -0.6], [-2.2, 2.4]] {
            let moved = image(|r, c| of(r - down, c - along));
            let found = shift_between(image(of).view(), moved.view(), 5).unwrap();
            assert!(
                (found.pixels[0] - down).abs() < 0.1 && (found.pixels[1] - along).abs() < 0.1,
                "{found:?}"
            );
            assert!(found.correlation > 0.95);
        }
        let far = image(|r, c| of(r - 9.0, c));
        assert!(
            shift_between(image(of).view(), far.view(), 5)
                .unwrap()
                .at_border
        );
        assert_eq!(
            shift_between(image(|_, _| 1.0).view(), image(of).view(), 5),
            None
        );
    }
}
