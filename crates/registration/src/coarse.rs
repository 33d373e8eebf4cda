//! Bringing clouds near enough for ICP.

use crate::Pair;
use isopach_cloud::{Positions, Rigid, checked_cell_size};
use isopach_compute::{Error, Result};
use rustfft::{FftPlanner, num_complex::Complex};
use std::collections::BTreeMap;

/// Largest side of the correlated images, cells.
const LARGEST: usize = 4096;
/// A peak that is not this many standard deviations above the mean of the correlation is no peak.
const SIGNIFICANT: f64 = 6.0;

/// Shifts the source's centroid onto the target's.
///
/// # Errors
/// [`Error::InvalidInput`] for an empty cloud.
pub fn align_centroids(pair: Pair<'_>) -> Result<Rigid> {
    let (from, to) = (centroid_of(pair.source)?, centroid_of(pair.target)?);
    Ok(Rigid::shift(std::array::from_fn(|axis| to[axis] - from[axis])).about(to))
}

fn centroid_of(points: Positions<'_>) -> Result<[f64; 3]> {
    if points.is_empty() {
        return Err(Error::InvalidInput(
            "a cloud to be aligned has no points".into(),
        ));
    }
    let sums = points.ticks().iter().fold([0_i64; 3], |sums, p| {
        std::array::from_fn(|a| sums[a] + i64::from(p[a]))
    });
    let origin = points.origin().metres();
    Ok(std::array::from_fn(|a| {
        origin[a] + sums[a] as f64 / points.len() as f64 * isopach_cloud::TICK
    }))
}

/// A shift found by phase correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// Moves the source onto the target, to a fraction of a cell.
    pub target_from_source: Rigid,
    /// Height of the peak, standard deviations of the correlation above its mean.
    pub peak: f64,
}

/// The shift between the clouds' mean heights in cells of `cell_size` metres: in x and y by phase
/// correlation of the relief (Kuglin & Hines 1975) with a parabola through the peak, then in z by
/// the median difference of the cells that both fill (the mean of the middle two for an even
/// number).
///
/// It sees shifts up to half the extent, and no rotation. O(c log c) for c cells.
///
/// # Errors
/// [`Error::InvalidParameter`] for a cell size that is not above zero or gives images of more than
/// 4096 cells a side; [`Error::InvalidInput`] for empty clouds, or where there is no distinct peak.
pub fn correlate_heights(pair: Pair<'_>, cell_size: f64) -> Result<Correlation> {
    checked_cell_size(cell_size)?;
    let (source, target) = (
        mean_heights(pair.source, cell_size),
        mean_heights(pair.target, cell_size),
    );
    let cells = || source.keys().chain(target.keys());
    let bound = |axis: usize| {
        cells()
            .map(move |cell| cell[axis])
            .min()
            .zip(cells().map(move |cell| cell[axis]).max())
    };
    let (Some((left, right)), Some((bottom, top)), false, false) =
        (bound(0), bound(1), source.is_empty(), target.is_empty())
    else {
        return Err(Error::InvalidInput(
            "a cloud to be aligned has no points".into(),
        ));
    };
    let size = [right - left + 1, top - bottom + 1].map(|n| (n as usize).next_power_of_two());
    let fits = size.iter().all(|&n| n <= LARGEST);
    Error::check(
        "cell size",
        cell_size,
        fits,
        "be large enough for at most 4096 cells across",
    )?;
    let images = [&source, &target].map(|heights| relief_image(heights, [left, bottom], size));
    let surface = phase_correlation(images, size);
    let ([dx, dy], peak) = highest_peak(&surface, size);
    if peak < SIGNIFICANT {
        return Err(Error::InvalidInput(format!(
            "the clouds have no distinct shift: the highest correlation is {peak:.1} standard deviations, but must be {SIGNIFICANT}"
        )));
    }
    let dz = median_difference(&source, &target, [dx.round() as i64, dy.round() as i64])?;
    let shift = Rigid::shift([dx * cell_size, dy * cell_size, dz]);
    Ok(Correlation {
        target_from_source: shift.about(centroid_of(pair.target)?),
        peak,
    })
}

/// Mean height of each cell that has a point, metres.
fn mean_heights(points: Positions<'_>, cell_size: f64) -> BTreeMap<[i64; 2], f64> {
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
        .map(|(cell, (sum, count))| (cell, sum as f64 / count as f64 * isopach_cloud::TICK))
        .collect()
}

/// What is left of the heights when the mean of the 9 × 9 cells around is taken away: edges of the
/// terrain, not its tilt; 0 where there is none.
fn relief_image(
    heights: &BTreeMap<[i64; 2], f64>,
    first: [i64; 2],
    size: [usize; 2],
) -> Vec<Complex<f64>> {
    let mut image = vec![Complex::default(); size[0] * size[1]];
    for (&[column, row], height) in heights {
        let around = (-4..=4)
            .flat_map(|i| (-4..=4).map(move |j| [column + i, row + j]))
            .filter_map(|cell| heights.get(&cell));
        let (sum, count) = around.fold((0.0, 0.0), |(sum, count), h| (sum + h, count + 1.0));
        let at = (row - first[1]) as usize * size[0] + (column - first[0]) as usize;
        image[at].re = height - sum / count;
    }
    image
}

/// The phase correlation: its peak is where the source must be shifted to, cyclically.
fn phase_correlation([source, target]: [Vec<Complex<f64>>; 2], size: [usize; 2]) -> Vec<f64> {
    let transform = |mut image: Vec<Complex<f64>>, forward: bool| {
        let mut planner = FftPlanner::new();
        for side in [0, 1] {
            let fft = if forward {
                planner.plan_fft_forward(size[side])
            } else {
                planner.plan_fft_inverse(size[side])
            };
            fft.process(&mut image);
            let (across, down) = if side == 0 {
                (size[0], size[1])
            } else {
                (size[1], size[0])
            };
            image = (0..across * down)
                .map(|i| image[i % down * across + i / down])
                .collect();
        }
        image
    };
    let (source, target) = (transform(source, true), transform(target, true));
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
    transform(cross.collect(), false)
        .into_iter()
        .map(|c| c.re)
        .collect()
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
    let place = [at % size[0], at / size[0]];
    let shift = std::array::from_fn(|axis| {
        let beside = |by: usize| {
            let mut cell = place;
            cell[axis] = (cell[axis] + by) % size[axis];
            surface[cell[1] * size[0] + cell[0]]
        };
        let (before, here, after) = (beside(size[axis] - 1), surface[at], beside(1));
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
    });
    (
        shift,
        (surface[at] - mean) / deviation.max(f64::MIN_POSITIVE),
    )
}

fn median_difference(
    source: &BTreeMap<[i64; 2], f64>,
    target: &BTreeMap<[i64; 2], f64>,
    by: [i64; 2],
) -> Result<f64> {
    let pairs = source
        .iter()
        .filter_map(|(&[x, y], height)| Some(target.get(&[x + by[0], y + by[1]])? - height));
    let mut differences: Vec<f64> = pairs.collect();
    differences.sort_by(f64::total_cmp);
    let n = differences.len();
    if n == 0 {
        return Err(Error::InvalidInput(
            "the clouds share no cell after the shift that was found".into(),
        ));
    }
    Ok(0.5 * (differences[(n - 1) / 2] + differences[n / 2]))
}
