//! Comparison of the files' means with those in their headers. JSOC writes DATAMEAN, and neither
//! sunpy nor aiapy updates it, so the ratio shows how the numbers were changed.

use isopach::{fits::FitsHeader, solar::CountUnit};
use ndarray::Array2;
use std::ops::Range;

/// Tolerance for ratios of sums around whole numbers, and half of the last digit that JSOC writes.
const NEAR: f64 = 0.005;
const LAST_DIGIT: f64 = 0.006;
/// Tolerance for the logarithm of a ratio around that of a loss of sensitivity: tables of several
/// years differ by this.
const LIKE: f64 = 0.25;
/// A loss, as a logarithm, that the ratios of all channels do not reach by chance.
const LOST: f64 = 0.3;
/// Largest number of pixels summed to one.
const MOST: f64 = 64.0;

/// The mean of a file, accumulated while its rows are read.
pub(super) struct Mean {
    stated: f64,
    /// The assumed unit of the numbers.
    unit: CountUnit,
    exposure: f64,
    sum: f64,
    count: u64,
    /// Number of rows added so far.
    rows: usize,
}

impl Mean {
    /// An empty mean, to compare with the header's; `None` if the header states none.
    pub(super) fn of(header: &FitsHeader, unit: CountUnit, exposure: f64) -> Option<Self> {
        let stated = header
            .number("DATAMEAN")
            .filter(|mean| mean.is_finite() && *mean > 0.0)?;
        Some(Self {
            stated,
            unit,
            exposure,
            sum: 0.0,
            count: 0,
            rows: 0,
        })
    }

    /// Adds rows that follow those added so far; others are repeated reads.
    pub(super) fn add(&mut self, rows: Range<usize>, values: &Array2<f64>) {
        if rows.start == self.rows {
            self.rows = rows.end;
            for value in values.iter().filter(|value| value.is_finite()) {
                self.sum += value;
                self.count += 1;
            }
        }
    }

    /// The ratio of the mean to the header's, which is of DN of the exposure, and its uncertainty
    /// by rounding.
    fn noise_ratio(&self) -> Option<[f64; 2]> {
        let factor = if self.unit == CountUnit::PerSecond {
            self.exposure
        } else {
            1.0
        };
        let mean = factor * self.sum / self.count as f64;
        (mean.is_finite() && mean > 0.0)
            .then(|| [mean / self.stated, NEAR + LAST_DIGIT / self.stated])
    }

    /// The expected ratio if the other unit were right.
    fn ratio_of_other_unit(&self) -> f64 {
        if self.unit == CountUnit::PerSecond {
            self.exposure
        } else {
            1.0 / self.exposure
        }
    }
}

/// Facts about a file that its mean is judged by.
pub(super) struct About {
    pub(super) mean: Option<Mean>,
    /// Assumed number of pixels summed to one of its pixels.
    pub(super) sum_of: f64,
    /// Share of the sensitivity that is left by the shipped table, of AIA.
    pub(super) share: Option<f64>,
}

/// A warning about the means of all channels. `is_corrected`: whether this run corrects a loss of
/// sensitivity.
pub(super) fn describe_means(files: &[&About], is_corrected: bool) -> Option<String> {
    let means: Vec<&Mean> = files
        .iter()
        .map(|about| about.mean.as_ref())
        .collect::<Option<_>>()?;
    let ratios: Option<Vec<[f64; 2]>> = means.iter().map(|mean| mean.noise_ratio()).collect();
    let ratios = ratios.filter(|ratios| ratios.len() > 1)?;
    if let Some(words) = of_other_unit(&means, &ratios) {
        return Some(words);
    }
    let all_are = |k: f64| {
        ratios
            .iter()
            .all(|[ratio, off]| (ratio / k - 1.0).abs() < *off)
    };
    let k = ratios[0][0].round();
    let taken = files[0].sum_of;
    if (1.0..=MOST).contains(&k) && all_are(k) {
        let is_as_taken = files
            .iter()
            .all(|about| (about.sum_of / k - 1.0).abs() < 0.01);
        return match k {
            _ if is_as_taken => None,
            1.0 => Some(format!(
                "the means of the files are those that their headers state (DATAMEAN): their pixels are no sums of {taken:.0}, as --summed has it"
            )),
            _ => Some(format!(
                "the means of the files are {k} times those that their headers state (DATAMEAN), as if {k} pixels were added to one (sunpy's superpixel), \
                 but they were taken for {}: --summed={k}",
                if taken > 1.0 {
                    format!("sums of {taken:.0}")
                } else {
                    "means".into()
                }
            )),
        };
    }
    let shares: Vec<f64> = files
        .iter()
        .map(|about| about.share)
        .collect::<Option<_>>()?;
    let is_lost = shares.iter().any(|share| -share.ln() > LOST);
    let is_like = ratios
        .iter()
        .zip(&shares)
        .all(|([ratio, _], share)| (ratio * share).ln().abs() < LIKE);
    (is_lost && is_like).then(|| {
        let so = "the means of the files are above those that their headers state (DATAMEAN) as if the loss of sensitivity had been corrected (aiapy's correct_degradation)";
        if is_corrected {
            format!("{so}, and it is corrected here again: give uncorrected images, or no shares")
        } else {
            format!("{so}: they need no shares, but a saturation level that was divided like them (--saturation-level)")
        }
    })
}

/// Whether the numbers are of the other unit than assumed: counts divided by the exposure under a
/// header that does not say so, or the reverse.
fn of_other_unit(means: &[&Mean], ratios: &[[f64; 2]]) -> Option<String> {
    let is_other = |(mean, [ratio, off]): (&&Mean, &[f64; 2])| {
        let other = mean.ratio_of_other_unit();
        // An exposure of a second cannot distinguish the units.
        (other - 1.0).abs() > 0.1 && (ratio / other - 1.0).abs() < *off
    };
    let first = means
        .first()
        .filter(|first| means.iter().all(|mean| mean.unit == first.unit))?;
    if !means.iter().zip(ratios).all(is_other) {
        return None;
    }
    Some(match first.unit {
        CountUnit::Total => "the means of the files are those that their headers state (DATAMEAN), divided by the exposure, but they were taken for DN of the exposure: --unit DN/s",
        CountUnit::PerSecond => "the means of the files are those that their headers state (DATAMEAN), of DN of the exposure, but they were taken for DN/s: --unit DN",
    }
    .into())
}
