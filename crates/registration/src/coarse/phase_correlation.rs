//! Phase correlation of mean heights.

use super::centroid_of;
use crate::{AlignError, Pair};
use isopach_cloud::{Positions, Rigid, TICK, checked_cell_size};
use isopach_compute::{Error, Result};
use rustfft::{FftPlanner, num_complex::Complex};
use std::collections::BTreeMap;

/// Largest side of the correlated images, cells.
const LARGEST_SIDE: usize = 4096;
/// Least height of a peak, in standard deviations of the correlation above its mean.
const SIGNIFICANT: f64 = 6.0;
/// Cells to either side that a relief is taken from.
const RELIEF_REACH: i64 = 4;

/// Mean height (metres) of each cell that has points, by column and row.
type Heights = BTreeMap<[i64; 2], f64>;
type Image = Vec<Complex<f64>>;

/// Result of a phase correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Correlation {
    /// Shift that moves the source onto the target, to a fraction of a cell.
    pub target_from_source: Rigid,
    /// Height of the peak, in standard deviations of the correlation above its mean.
    pub peak: f64,
}

/// Finds the shift between two clouds by phase correlation of their mean heights in cells of
/// `cell_size` metres.
///
/// The shift in x and y is the peak of the correlation of the relief (Kuglin & Hines 1975), refined
/// by a parabola. The shift in z is the median height difference over the cells that both clouds
/// fill. It finds shifts up to half the extent, and no rotation. O(c log c) for c cells.
///
/// ```
/// use isopach_registration::{Cloud, Pair, coarse};
/// let hills = |east: f64| -> Vec<[f64; 3]> {
///     let at = |i: u32| [f64::from(i % 128) + 0.5, f64::from(i / 128) + 0.5];
///     let height = |x: f64, y: f64| (x * x / 70.0).sin() + (y * y / 90.0).cos() + (x * y / 50.0).sin();
///     (0..16_384).map(at).map(|[x, y]| [x + east, y, height(x, y)]).collect()
/// };
/// let [target, source] = [Cloud::from_points(&hills(0.0))?, Cloud::from_points(&hills(12.0))?];
/// let pair = Pair { source: source.positions(), target: target.positions() };
/// let found = coarse::correlate_heights(pair, 1.0)?;
/// assert!((found.target_from_source.translation[0] + 12.0).abs() < 0.5, "{found:?}");
/// # Ok::<(), isopach_registration::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidParameter`] for a cell size that is not above zero, or that gives images of more
/// than 4096 cells a side; [`Error::InvalidInput`] for empty clouds, or without a distinct peak.
pub fn correlate_heights(pair: Pair<'_>, cell_size: f64) -> Result<Correlation> {
    checked_cell_size(cell_size)?;
    let source = mean_heights(pair.source, cell_size);
    let target = mean_heights(pair.target, cell_size);
    let frame = Frame::around(&source, &target).ok_or(AlignError::NoPoints {
        cloud: if source.is_empty() {
            "source"
        } else {
            "target"
        },
    })?;
    let fits = frame.size.iter().all(|&n| n <= LARGEST_SIDE);
    Error::check(
        "cell size",
        cell_size,
        fits,
        "be large enough for at most 4096 cells across",
    )?;
    let images = [&source, &target].map(|heights| frame.relief_image(heights));
    let surface = phase_correlation(images, frame.size);
    let ([dx, dy], peak) = highest_peak(&surface, frame.size);
    if peak < SIGNIFICANT {
        return Err(AlignError::NoDistinctShift {
            peak,
            least: SIGNIFICANT,
        }
        .into());
    }
    let dz = median_difference(&source, &target, [dx.round() as i64, dy.round() as i64])
        .ok_or(AlignError::NoCommonCell { cell_size })?;
    let shift = Rigid::from_translation([dx * cell_size, dy * cell_size, dz]);
    Ok(Correlation {
        target_from_source: shift.about(centroid_of("target", pair.target)?),
        peak,
    })
}

fn mean_heights(points: Positions<'_>, cell_size: f64) -> Heights {
    let mut sums: BTreeMap<[i64; 2], (i64, i64)> = BTreeMap::new();
    for i in 0..points.len() {
        let [x, y, _] = points.absolute(i);
        let sum = sums
            .entry([x, y].map(|c| (c / cell_size).floor() as i64))
            .or_default();
        sum.0 += points.absolute_ticks(i)[2];
        sum.1 += 1;
    }
    sums.into_iter()
        .map(|(cell, (sum, count))| (cell, sum as f64 / count as f64 * TICK))
        .collect()
}

/// Cells that an image covers.
struct Frame {
    /// Column and row of the first cell.
    first: [i64; 2],
    /// Columns and rows, powers of two.
    size: [usize; 2],
}

impl Frame {
    /// The frame of all cells of both clouds; `None` if a cloud has no points.
    fn around(source: &Heights, target: &Heights) -> Option<Self> {
        if source.is_empty() || target.is_empty() {
            return None;
        }
        let [left, right] = cell_range(source, target, 0)?;
        let [bottom, top] = cell_range(source, target, 1)?;
        let size = [right - left + 1, top - bottom + 1];
        Some(Self {
            first: [left, bottom],
            size: size.map(|n| (n as usize).next_power_of_two()),
        })
    }

    /// Heights minus the mean of the 9 × 9 cells around: edges of the terrain, not its tilt; 0 in
    /// empty cells.
    fn relief_image(&self, heights: &Heights) -> Image {
        let mut image = vec![Complex::default(); self.size[0] * self.size[1]];
        let reach = RELIEF_REACH;
        for (&[column, row], height) in heights {
            let around = (-reach..=reach)
                .flat_map(|i| (-reach..=reach).map(move |j| [column + i, row + j]))
                .filter_map(|cell| heights.get(&cell));
            let (sum, count) = around.fold((0.0, 0.0), |(sum, count), h| (sum + h, count + 1.0));
            let at =
                (row - self.first[1]) as usize * self.size[0] + (column - self.first[0]) as usize;
            image[at].re = height - sum / count;
        }
        image
    }
}

/// First and last column (axis 0) or row (axis 1) of both clouds.
fn cell_range(source: &Heights, target: &Heights, axis: usize) -> Option<[i64; 2]> {
    let cells = || source.keys().chain(target.keys()).map(|cell| cell[axis]);
    Some([cells().min()?, cells().max()?])
}

/// The phase correlation of two images. Its peak is at the cyclic shift of the source.
fn phase_correlation([source, target]: [Image; 2], size: [usize; 2]) -> Vec<f64> {
    let source = fourier_transform(source, size, true);
    let target = fourier_transform(target, size, true);
    let strongest = source
        .iter()
        .zip(&target)
        .map(|(s, t)| (s.conj() * t).norm())
        .fold(0.0, f64::max);
    let cross = source.iter().zip(&target).map(|(s, t)| {
        let product = s.conj() * t;
        // The square root keeps some of the strength: noise alone would fill the weakest
        // frequencies.
        if product.norm() > 1e-12 * strongest {
            product / product.norm().sqrt()
        } else {
            Complex::default()
        }
    });
    fourier_transform(cross.collect(), size, false)
        .into_iter()
        .map(|c| c.re)
        .collect()
}

/// Fourier transform of an image in both directions, by rows and then by columns.
fn fourier_transform(mut image: Image, size: [usize; 2], forward: bool) -> Image {
    let [columns, rows] = size;
    let mut planner = FftPlanner::new();
    for [across, down] in [[columns, rows], [rows, columns]] {
        let fft = if forward {
            planner.plan_fft_forward(across)
        } else {
            planner.plan_fft_inverse(across)
        };
        fft.process(&mut image);
        image = (0..across * down)
            .map(|i| image[i % down * across + i / down])
            .collect();
    }
    image
}

/// Position of the highest value to a fraction of a cell, in cells to either side, and its height
/// in standard deviations.
fn highest_peak(surface: &[f64], size: [usize; 2]) -> ([f64; 2], f64) {
    let at = (0..surface.len())
        .max_by(|&a, &b| surface[a].total_cmp(&surface[b]).then(b.cmp(&a)))
        .unwrap_or(0);
    let n = surface.len() as f64;
    let mean = surface.iter().sum::<f64>() / n;
    let deviation = (surface.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let shift = std::array::from_fn(|axis| refined_shift(surface, size, at, axis));
    let height = (surface[at] - mean) / deviation.max(f64::MIN_POSITIVE);
    (shift, height)
}

/// Shift along an axis, cells: the vertex of the parabola through a peak and its neighbours.
fn refined_shift(surface: &[f64], size: [usize; 2], at: usize, axis: usize) -> f64 {
    let place = [at % size[0], at / size[0]];
    let value_beside = |by: usize| {
        let mut cell = place;
        cell[axis] = (cell[axis] + by) % size[axis];
        surface[cell[1] * size[0] + cell[0]]
    };
    let before = value_beside(size[axis] - 1);
    let here = surface[at];
    let after = value_beside(1);
    let bend = before - 2.0 * here + after;
    let fraction = if bend < 0.0 {
        (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    let cells = place[axis] as f64 + fraction;
    if cells > size[axis] as f64 / 2.0 {
        cells - size[axis] as f64
    } else {
        cells
    }
}

/// Median height difference over the cells that both clouds fill; the mean of the middle two for an
/// even number; `None` if there is no such cell.
fn median_difference(source: &Heights, target: &Heights, by: [i64; 2]) -> Option<f64> {
    let pairs = source
        .iter()
        .filter_map(|(&[x, y], height)| Some(target.get(&[x + by[0], y + by[1]])? - height));
    let mut differences: Vec<f64> = pairs.collect();
    differences.sort_by(f64::total_cmp);
    let n = differences.len();
    if n == 0 {
        return None;
    }
    Some(0.5 * (differences[(n - 1) / 2] + differences[n / 2]))
}
