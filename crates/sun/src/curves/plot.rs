//! A curve as a picture.

use super::Curve;
use std::fmt::Write as _;

/// The frame of a curve.
const LEFT: f64 = 84.0;
const TOP: f64 = 12.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
/// Colours of channels (Okabe & Ito 2008: distinguishable with any colour vision).
const COLOURS: [&str; 7] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a7a00",
];
/// Decades below the highest bin that are shown.
const BELOW: f64 = 3.5;

/// Ranges of log10 T and log10 of cm⁻⁵.
struct Plot {
    t: [f64; 2],
    y: [f64; 2],
}

impl Plot {
    fn of(curve: &Curve) -> Self {
        let highest = curve
            .bins
            .iter()
            .map(|bin| bin.emission)
            .fold(0.0, f64::max);
        let least = curve
            .loci
            .iter()
            .flatten()
            .map(|[_, y]| *y)
            .fold(f64::INFINITY, f64::min);
        let top = if highest > 0.0 { highest.log10() } else { 27.0 };
        let top = if least.is_finite() {
            top.max(least.log10())
        } else {
            top
        };
        let first = curve.bins.first();
        let last = curve.bins.last();
        let t = [
            first.map_or(5.0, |bin| bin.edges[0]),
            last.map_or(8.0, |bin| bin.edges[1]),
        ];
        Self {
            t,
            y: [top - BELOW, top + 1.5],
        }
    }

    fn x(&self, t: f64) -> f64 {
        LEFT + WIDTH * ((t - self.t[0]) / (self.t[1] - self.t[0])).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        self.unbounded_y(value).clamp(TOP, TOP + HEIGHT)
    }

    /// The height of a value as [`Self::y`] computes it, outside of the frame as well.
    fn unbounded_y(&self, value: f64) -> f64 {
        let log = if value > 0.0 {
            value.log10()
        } else {
            self.y[0]
        };
        TOP + HEIGHT * (1.0 - (log - self.y[0]) / (self.y[1] - self.y[0]))
    }

    fn axes(&self) -> String {
        let right = LEFT + WIDTH;
        let bottom = TOP + HEIGHT;
        let mut body = format!(
            "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" class=box />"
        );
        let step = 0.1 * 10_f64.powf(((self.t[1] - self.t[0]) / 3.0).log10().ceil().max(0.0));
        for tenth in (self.t[0] / step).ceil() as i64..=(self.t[1] / step).floor() as i64 {
            let t = tenth as f64 * step;
            let is_long = tenth % 2 == 0;
            let x = self.x(t);
            let length = if is_long { 6 } else { 3 };
            let _ = write!(body, "<path d=\"M{x:.1} {bottom}v{length}\"/>");
            if is_long {
                let _ = write!(
                    body,
                    "<text x=\"{x:.1}\" y=\"{}\" class=mid>{t:.1}</text>",
                    bottom + 24.0
                );
            }
        }
        for power in self.y[0].ceil() as i64..=self.y[1].floor() as i64 {
            let y = self.y(10_f64.powf(power as f64));
            let _ = write!(
                body,
                "<path d=\"M{LEFT} {y:.1}h-6\"/><text x=\"{}\" y=\"{:.1}\" class=end>10<tspan dy=\"-6\" font-size=\"12\">{power}</tspan></text>",
                LEFT - 10.0,
                y + 6.0
            );
        }
        let x = 0.5 * (LEFT + right);
        let y = TOP + 0.5 * HEIGHT;
        let _ = write!(
            body,
            "<text x=\"{x}\" y=\"{}\" class=mid>log T, K</text>\
             <text class=mid transform=\"translate(20 {y}) rotate(-90)\">EM, cm⁻⁵</text>",
            bottom + 52.0
        );
        body
    }
}

impl Curve {
    /// Emission measure by bin with both errors, and the EM loci above it. `names`: of the
    /// channels.
    pub(crate) fn draw_svg(&self, names: &[String]) -> String {
        let plot = Plot::of(self);
        let clip = format!("inside_{}", self.place.file().trim_end_matches(".csv"));
        let mut body = plot.axes();
        let _ = write!(
            body,
            "<clipPath id=\"{clip}\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/></clipPath>"
        );
        for (f, points) in self.loci.iter().enumerate() {
            let colour = COLOURS[f % COLOURS.len()];
            let line: Vec<String> = points
                .iter()
                .map(|[t, y]| format!("{:.1},{:.1}", plot.x(*t), plot.unbounded_y(*y)))
                .collect();
            let _ = write!(
                body,
                "<polyline points=\"{}\" stroke=\"{colour}\" fill=\"none\" stroke-width=\"1.3\" clip-path=\"url(#{clip})\"/>",
                line.join(" ")
            );
            let at = TOP + 16.0 + 20.0 * f as f64;
            // One name may stand for all.
            let name = names.get(f).filter(|_| names.len() > 1).map_or_else(
                || format!("channel {f}"),
                |name| name.split(',').next().unwrap_or(name).into(),
            );
            let _ = write!(
                body,
                "<path d=\"M{} {:.1}h18\" style=\"stroke:{colour};stroke-width:2\"/><text x=\"{}\" y=\"{at:.1}\">{}</text>",
                LEFT + WIDTH + 12.0,
                at - 5.0,
                LEFT + WIDTH + 36.0,
                isopach_program::escape::escape(&name)
            );
        }
        for bin in &self.bins {
            let [a, b] = bin.edges.map(|t| plot.x(t));
            let middle = 0.5 * (a + b);
            let top = plot.y(bin.emission);
            if bin.emission <= 0.0 || bin.emission.is_nan() {
                continue;
            }
            let _ = write!(
                body,
                "<path d=\"M{a:.1} {top:.1}H{b:.1}\" style=\"stroke-width:2.2\"/>"
            );
            if bin.uncertainty.is_finite() {
                let [low, high] = [
                    bin.emission - bin.uncertainty,
                    bin.emission + bin.uncertainty,
                ]
                .map(|y| plot.y(y));
                let _ = write!(
                    body,
                    "<path d=\"M{middle:.1} {low:.1}V{high:.1}\" style=\"stroke-width:.8\"/>"
                );
            }
            if let Some([mean, deviation]) = bin
                .draws
                .filter(|draws| draws.iter().all(|x| x.is_finite()))
            {
                // Left of the error that is stated.
                let x = a + 0.25 * (b - a);
                let [low, high] = [mean - deviation, mean + deviation].map(|y| plot.y(y));
                let _ = write!(
                    body,
                    "<path d=\"M{x:.1} {low:.1}V{high:.1}\" class=draws />"
                );
            }
            if bin.resolution.is_finite() {
                let t = 0.5 * (bin.edges[0] + bin.edges[1]);
                let [left, right] =
                    [t - 0.5 * bin.resolution, t + 0.5 * bin.resolution].map(|t| plot.x(t));
                let _ = write!(
                    body,
                    "<path d=\"M{left:.1} {top:.1}H{right:.1}\" style=\"stroke-width:.4\"/>"
                );
            }
        }
        format!(
            "<svg viewBox=\"0 0 860 440\" role=img aria-label=\"Emission measure by temperature\">{body}</svg>"
        )
    }
}
