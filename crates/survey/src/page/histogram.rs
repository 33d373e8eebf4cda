//! Distributions as histograms.

use super::text::{group_thousands, plain_number, signed_number};
use crate::{distribution::Distribution, outputs::Outputs};
use isopach::tiling::round_length;
use std::fmt::Write as _;

/// Bars of a histogram.
pub(crate) struct Bars<'a> {
    pub(crate) title: &'a str,
    pub(crate) edges: &'a [f64],
    pub(crate) counts: &'a [f64],
    /// Half width of the band of insignificant values.
    pub(crate) band: Option<f64>,
    /// Line below, as HTML.
    pub(crate) note: String,
}

impl Bars<'_> {
    /// Draws them as SVG, with the line below. Values below zero have the colour of a loss.
    pub(crate) fn draw(&self) -> String {
        let (Some(&first), Some(&last)) = (self.edges.first(), self.edges.last()) else {
            return String::new();
        };
        let most = self.counts.iter().copied().fold(1.0, f64::max);
        let x = |value: f64| 10.0 + 380.0 * (value - first) / (last - first).max(f64::MIN_POSITIVE);
        let mut bars = String::new();
        if let Some(half) = self.band.filter(|half| half.is_finite()) {
            let a = x((-half).max(first));
            let b = x(half.min(last));
            let _ = write!(
                bars,
                "<rect class=band x={a:.1} y=14 width={:.1} height=126 />",
                (b - a).max(0.0)
            );
        }
        for (pair, count) in self.edges.windows(2).zip(self.counts) {
            let height = 120.0 * count / most;
            let class = if pair[0] + pair[1] < 0.0 {
                "loss"
            } else {
                "gain"
            };
            let width = (x(pair[1]) - x(pair[0])).max(0.5);
            let _ = write!(
                bars,
                "<rect class={class} x={:.2} y={:.1} width={width:.2} height={height:.1} />",
                x(pair[0]),
                140.0 - height
            );
        }
        let title = self.title;
        let note = &self.note;
        format!(
            "<div class=histogram><h3>{title}</h3><svg viewBox=\"0 0 400 162\" role=img><line x1=10 x2=390 y1=140 y2=140 />{bars}{}</svg>\
<p>{note}</p></div>",
            draw_ticks(first, last, x)
        )
    }
}

/// Three to six ticks with their values.
fn draw_ticks(first: f64, last: f64, x: impl Fn(f64) -> f64) -> String {
    let mut ticks = String::new();
    for (tick, label) in axis_ticks(first, last, 3.0) {
        let _ = write!(
            ticks,
            "<line x1={0:.1} x2={0:.1} y1=140 y2=144 /><text x={0:.1} y=156>{label}</text>",
            x(tick)
        );
    }
    ticks
}

/// Round values from `first` to `last`, about `parts` of them or twice as many, with their labels.
pub(crate) fn axis_ticks(first: f64, last: f64, parts: f64) -> Vec<(f64, String)> {
    let step = round_length((last - first) / parts);
    if step.is_nan() || step <= 0.0 {
        return Vec::new();
    }
    let decimals = (1..12)
        .find(|decimals| step * 10_f64.powi(*decimals) > 1.0 - 1e-9)
        .unwrap_or(12);
    let start = (first / step).ceil() as i64;
    let end = ((last + 1e-9 * step) / step).floor() as i64;
    let ticks = (start..=end).map(|i| i as f64 * step);
    ticks
        .map(|tick| (tick, plain_number(tick, decimals as usize)))
        .collect()
}

/// Draws a histogram of lengths; `band`: half width of the band of insignificant values.
fn draw_histogram(
    title: &str,
    of: &Distribution,
    low: f64,
    high: f64,
    band: Option<f64>,
) -> String {
    let (edges, counts, outside) = of.histogram(low, high, 80);
    let counts: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    Bars {
        title,
        edges: &edges,
        counts: &counts,
        band,
        note: format!(
            "n = {}; median {} m, mean {} m; outside: {} below, {} above; none: {}",
            group_thousands(of.count() as f64),
            signed_number(of.quantile(0.5)),
            signed_number(of.mean()),
            group_thousands(outside[0] as f64),
            group_thousands(outside[1] as f64),
            group_thousands(of.missing() as f64)
        ),
    }
    .draw()
}

pub(super) fn draw_histograms(outputs: &Outputs) -> String {
    let sums = &outputs.sums;
    let [differences, distances] = [&sums.cells.difference, &sums.core_points.distance];
    let dod = reach_of(differences);
    let m3c2 = reach_of(distances);
    let c2c = sums.c2c.quantile(0.995);
    let band = Some(sums.core_points.level_of_detection.quantile(0.5));
    format!(
        "<div class=histograms>{}{}{}</div>",
        draw_histogram("DoD: height difference, m", differences, -dod, dod, None),
        draw_histogram(
            "M3C2: distance along the normal, m (band: median level of detection)",
            distances,
            -m3c2,
            m3c2,
            band
        ),
        draw_histogram(
            "C2C: distance to the earlier epoch, m",
            &sums.c2c,
            0.0,
            if c2c.is_finite() { c2c.max(0.05) } else { 1.0 },
            None
        )
    )
}

/// The largest change that a histogram shows, metres.
fn reach_of(of: &Distribution) -> f64 {
    let reach = of.quantile(0.005).abs().max(of.quantile(0.995).abs()) * 1.1;
    if reach.is_finite() {
        reach.clamp(0.05, 20.0)
    } else {
        1.0
    }
}
