//! Comparison of the results of two backends, before any speed is reported.

use isopach::{
    change::Differences,
    emission::EmissionMap,
    neighbours::{AxialStatistics, Covariance, EigenShape, Neighbour},
    raster::{Raster, gather},
};
use ndarray::{Array2, ArrayD};

/// A comparison's outcome: the error describes the disagreement.
pub(crate) type Verdict = Result<(), String>;

fn compare_each<T>(what: &str, a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> Verdict {
    if a.len() != b.len() {
        return Err(format!("{what}: {} and {} of them", a.len(), b.len()));
    }
    let wrong = a.iter().zip(b).filter(|(a, b)| !same(a, b)).count();
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{what}: {wrong} of {} differ", a.len()))
    }
}

fn compare_near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance || (a.is_nan() && b.is_nan())
}

pub(crate) fn compare_nearest(a: &[Option<Neighbour>], b: &[Option<Neighbour>]) -> Verdict {
    compare_each("nearest", a, b, |a, b| {
        a.map(|n| n.index) == b.map(|n| n.index)
    })
}

/// Counts exactly, entries to 10⁻⁵ of the largest.
pub(crate) fn compare_covariances(a: &[Covariance], b: &[Covariance]) -> Verdict {
    compare_each("covariances", a, b, |a, b| {
        let largest = b
            .upper
            .iter()
            .fold(0.0_f64, |largest, x| largest.max(x.abs()));
        a.count == b.count && (0..6).all(|i| compare_near(a.upper[i], b.upper[i], 1e-5 * largest))
    })
}

/// Counts exactly, eigenvalues to 10⁻⁵ of the largest, and normals where there are some.
pub(crate) fn compare_shapes(a: &[EigenShape], b: &[EigenShape]) -> Verdict {
    compare_each("shapes", a, b, |a, b| {
        let tolerance = 1e-5 * b.values[2].abs();
        let along: f64 = (0..3).map(|axis| a.normal[axis] * b.normal[axis]).sum();
        a.count == b.count
            && (0..3).all(|i| compare_near(a.values[i], b.values[i], tolerance))
            && (compare_near(along.abs(), 1.0, 1e-8)
                || (a.normal[0].is_nan() && b.normal[0].is_nan()))
    })
}

/// Counts exactly, location and spread to 10⁻⁴ m.
pub(crate) fn compare_cylinders(a: &[AxialStatistics], b: &[AxialStatistics]) -> Verdict {
    compare_each("cylinders", a, b, |a, b| {
        a.count == b.count
            && compare_near(a.location, b.location, 1e-4)
            && compare_near(a.spread, b.spread, 1e-4)
    })
}

/// Cells to 10⁻⁶ m.
pub(crate) fn compare_rasters(a: &Raster, b: &Raster) -> Verdict {
    let values = |raster: &Raster| raster.values.iter().copied().collect::<Vec<f64>>();
    compare_each("cells", &values(a), &values(b), |a, b| {
        compare_near(*a, *b, 1e-6)
    })
}

/// Values of images of 8 bits, to the tolerance of the conformance suite.
pub(crate) fn compare_values(a: &Array2<f64>, b: &Array2<f64>) -> Verdict {
    let values = |values: &Array2<f64>| values.iter().copied().collect::<Vec<f64>>();
    let tolerance = 255.0 * gather::conformance::TOLERANCE;
    compare_each("values", &values(a), &values(b), |a, b| {
        compare_near(*a, *b, tolerance)
    })
}

/// Normals come from single-precision covariances, so a point at the border of a cylinder may fall
/// to either side: counts in 99.9 % of the core points, and distances there to 10⁻³ m.
pub(crate) fn compare_differences(a: &Differences, b: &Differences) -> Verdict {
    if a.len() != b.len() {
        return Err(format!("{} and {} core points", a.len(), b.len()));
    }
    let alike: Vec<usize> = (0..a.len())
        .filter(|i: &usize| (0..2).all(|epoch| a.count[epoch][*i] == b.count[epoch][*i]))
        .collect();
    if (alike.len() as f64) < 0.999 * a.len() as f64 {
        return Err(format!(
            "{} of {} core points have other counts",
            a.len() - alike.len(),
            a.len()
        ));
    }
    match alike
        .iter()
        .filter(|&&i| !compare_near(a.distance[i], b.distance[i], 1e-3))
        .count()
    {
        0 => Ok(()),
        wrong => Err(format!("{wrong} of {} distances differ", alike.len())),
    }
}

/// λ in 99.99 % of the pixels (all but one below ten thousand pixels), emission to `tolerance` of a
/// pixel's largest at the 99th percentile.
pub(crate) fn compare_emission<T: Copy + Into<f64>>(
    a: &EmissionMap<T>,
    b: &EmissionMap<T>,
    tolerance: f64,
) -> Verdict {
    let pixels = a.lambda.len();
    let wide = |numbers: &ArrayD<T>| numbers.iter().map(|&x| x.into()).collect::<Vec<f64>>();
    let jumps = a
        .lambda
        .iter()
        .zip(&b.lambda)
        .filter(|(a, b)| (*a / *b - 1.0).abs() > 1e-3)
        .count();
    if jumps > (pixels / 10_000).max(1) {
        return Err(format!("λ differs in {jumps} of {pixels} pixels"));
    }
    let bins = a.emission.len() / pixels.max(1);
    let mut errors: Vec<f64> = wide(&a.emission)
        .chunks(bins.max(1))
        .zip(wide(&b.emission).chunks(bins.max(1)))
        .map(|(a, b)| {
            let largest = b.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            let error = a
                .iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            error / largest.max(f64::MIN_POSITIVE)
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    match errors.get(pixels * 99 / 100) {
        Some(p99) if *p99 > tolerance => Err(format!(
            "emission differs by {p99:.1e} at the 99th percentile"
        )),
        _ => Ok(()),
    }
}
