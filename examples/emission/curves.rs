//! What was found in single pixels, as curves over temperature: emission measure with both errors, and the EM loci of the channels.

use crate::{source::Source, write_file::write_file};
use isopach::{
    compute::Result,
    emission::{Block, Inversion, Real},
};
use std::{error::Error, fmt::Write as _, path::Path};

/// A pixel: column and row from 0, the first row the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pixel {
    pub(crate) column: usize,
    pub(crate) row: usize,
}

impl std::str::FromStr for Pixel {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers = text.split_once(',').and_then(|(x, y)| Some((x.trim().parse().ok()?, y.trim().parse().ok()?)));
        let (column, row) = numbers.ok_or_else(|| format!("{text} is no pixel: X,Y, two whole numbers from 0"))?;
        Ok(Self { column, row })
    }
}

impl Pixel {
    /// The file of its curve.
    pub(crate) fn file(self) -> String {
        format!("curve_{}_{}.csv", self.column, self.row)
    }

    /// The pixel of such a file.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let (column, row) = name.strip_prefix("curve_")?.strip_suffix(".csv")?.split_once('_')?;
        let pixel = Self { column: column.parse().ok()?, row: row.parse().ok()? };
        (pixel.file() == name).then_some(pixel)
    }
}

/// A pixel's result.
pub(crate) struct Curve {
    pub(crate) pixel: Pixel,
    /// How it ended, and χ² a channel.
    pub(crate) status: String,
    pub(crate) chi_squared: f64,
    /// A bin each.
    bins: Vec<Bin>,
    /// EM loci, a channel each: log10 T and cm⁻⁵.
    loci: Vec<Vec<[f64; 2]>>,
}

/// log10 T of the edges; cm⁻⁵, its vertical error, its horizontal error in dex (NaN where not asked for).
struct Bin {
    edges: [f64; 2],
    emission: f64,
    uncertainty: f64,
    resolution: f64,
}

/// Pixels that are looked for while blocks go by.
pub(crate) struct Curves {
    wanted: Vec<Pixel>,
    found: Vec<Curve>,
}

impl Curves {
    /// # Errors
    /// In words, for a pixel outside of the image.
    pub(crate) fn of(wanted: &[Pixel], leading: &[usize]) -> std::result::Result<Self, String> {
        let (&[rows, columns], _) = (leading, ()) else {
            let words = "--curve is for images, which have rows and columns";
            return if wanted.is_empty() { Ok(Self { wanted: vec![], found: vec![] }) } else { Err(words.into()) };
        };
        match wanted.iter().find(|pixel| pixel.column >= columns || pixel.row >= rows) {
            Some(Pixel { column, row }) => {
                Err(format!("--curve {column},{row} is outside of the image, which has {columns} × {rows} pixels"))
            }
            None => Ok(Self { wanted: wanted.to_vec(), found: vec![] }),
        }
    }

    pub(crate) fn add<T: Real>(&mut self, block: &Block<T>, inversion: &Inversion) {
        let map = &block.map;
        for &pixel in self.wanted.iter().filter(|pixel| block.rows.contains(&pixel.row)) {
            let at = [pixel.row - block.rows.start, pixel.column];
            let bin = |t: usize| {
                let place = [at[0], at[1], t];
                let of = |array: Option<&ndarray::ArrayD<T>>| array.map_or(f64::NAN, |array| array[&place[..]].wide());
                Bin {
                    edges: [inversion.log_t_edges[t], inversion.log_t_edges[t + 1]],
                    emission: map.emission[&place[..]].wide(),
                    uncertainty: of(map.uncertainty.as_ref()),
                    resolution: of(map.log_t_resolution.as_ref()),
                }
            };
            self.found.push(Curve {
                pixel,
                status: map.status[&at[..]].to_string(),
                chi_squared: map.chi_squared[&at[..]].wide(),
                bins: (0..inversion.bins()).map(bin).collect(),
                loci: Vec::new(),
            });
        }
    }

    /// Reads the counts of the pixels again: the EM loci are what each channel would ask for if all plasma had one temperature.
    pub(crate) fn finish(mut self, source: &mut Source, inversion: &Inversion) -> Result<Vec<Curve>> {
        let response = &inversion.response;
        let (low, high) = (inversion.log_t_edges[0], inversion.log_t_edges[inversion.bins()]);
        for curve in &mut self.found {
            let Pixel { column, row } = curve.pixel;
            let [counts, _] = source.read::<f64>(row..row + 1)?;
            for (f, channel) in response.channels.iter().enumerate() {
                let count = counts[&[0, column, f][..]];
                let points = response.log_t.iter().zip(channel).filter(|(t, k)| (low..=high).contains(*t) && **k > 0.0);
                curve.loci.push(if count > 0.0 { points.map(|(t, k)| [*t, count / k]).collect() } else { Vec::new() });
            }
        }
        Ok(self.found)
    }
}

impl Curve {
    /// Writes the bins as CSV.
    pub(crate) fn write(&self, out: &Path) -> std::result::Result<(), Box<dyn Error>> {
        let mut text = String::from("log_t_from,log_t_to,emission_cm-5,uncertainty_cm-5,log_t_resolution_dex\n");
        for Bin { edges: [from, to], emission, uncertainty, resolution } in &self.bins {
            let _ = writeln!(text, "{from},{to},{emission:e},{uncertainty:e},{resolution}");
        }
        Ok(write_file(&out.join(self.pixel.file()), text.as_bytes())?)
    }

    /// Emission measure by bin with both errors, and the EM loci above it. `names`: of the channels.
    pub(crate) fn svg(&self, names: &[String]) -> String {
        let plot = Plot::of(self);
        let Pixel { column, row } = self.pixel;
        let clip = format!("inside_{column}_{row}");
        let mut body = plot.axes();
        let _ = write!(
            body,
            "<clipPath id=\"{clip}\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/></clipPath>"
        );
        for (f, points) in self.loci.iter().enumerate() {
            let colour = COLOURS[f % COLOURS.len()];
            let line: Vec<String> =
                points.iter().map(|[t, y]| format!("{:.1},{:.1}", plot.x(*t), plot.unbounded_y(*y))).collect();
            let _ = write!(
                body,
                "<polyline points=\"{}\" stroke=\"{colour}\" fill=\"none\" stroke-width=\"1.3\" clip-path=\"url(#{clip})\"/>",
                line.join(" ")
            );
            let at = TOP + 16.0 + 20.0 * f as f64;
            let name = names
                .get(f)
                .map_or_else(|| format!("channel {f}"), |name| name.split(',').next().unwrap_or(name).into());
            let _ = write!(
                body,
                "<path d=\"M{} {:.1}h18\" style=\"stroke:{colour};stroke-width:2\"/><text x=\"{}\" y=\"{at:.1}\">{}</text>",
                LEFT + WIDTH + 12.0,
                at - 5.0,
                LEFT + WIDTH + 36.0,
                crate::escape::escape(&name)
            );
        }
        for bin in &self.bins {
            let [a, b] = bin.edges.map(|t| plot.x(t));
            let (middle, top) = (0.5 * (a + b), plot.y(bin.emission));
            if bin.emission <= 0.0 || bin.emission.is_nan() {
                continue;
            }
            let _ = write!(body, "<path d=\"M{a:.1} {top:.1}H{b:.1}\" style=\"stroke-width:2.2\"/>");
            if bin.uncertainty.is_finite() {
                let [low, high] = [bin.emission - bin.uncertainty, bin.emission + bin.uncertainty].map(|y| plot.y(y));
                let _ = write!(body, "<path d=\"M{middle:.1} {low:.1}V{high:.1}\" style=\"stroke-width:.8\"/>");
            }
            if bin.resolution.is_finite() {
                let t = 0.5 * (bin.edges[0] + bin.edges[1]);
                let [left, right] = [t - 0.5 * bin.resolution, t + 0.5 * bin.resolution].map(|t| plot.x(t));
                let _ = write!(body, "<path d=\"M{left:.1} {top:.1}H{right:.1}\" style=\"stroke-width:.4\"/>");
            }
        }
        format!("<svg viewBox=\"0 0 760 440\" role=img aria-label=\"Emission measure of a pixel\">{body}</svg>")
    }
}

/// The frame of a curve.
const LEFT: f64 = 84.0;
const TOP: f64 = 12.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
/// Of channels (Okabe & Ito 2008: told apart by everyone).
const COLOURS: [&str; 7] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a7a00"];
/// Decades below the highest bin that are shown.
const BELOW: f64 = 3.5;

/// Ranges of log10 T and log10 of cm⁻⁵.
struct Plot {
    t: [f64; 2],
    y: [f64; 2],
}

impl Plot {
    fn of(curve: &Curve) -> Self {
        let highest = curve.bins.iter().map(|bin| bin.emission).fold(0.0, f64::max);
        let least = curve.loci.iter().flatten().map(|[_, y]| *y).fold(f64::INFINITY, f64::min);
        let top = if highest > 0.0 { highest.log10() } else { 27.0 };
        let top = if least.is_finite() { top.max(least.log10()) } else { top };
        let (first, last) = (curve.bins.first(), curve.bins.last());
        let t = [first.map_or(5.0, |bin| bin.edges[0]), last.map_or(8.0, |bin| bin.edges[1])];
        Self { t, y: [top - BELOW, top + 1.5] }
    }

    fn x(&self, t: f64) -> f64 {
        LEFT + WIDTH * ((t - self.t[0]) / (self.t[1] - self.t[0])).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        self.unbounded_y(value).clamp(TOP, TOP + HEIGHT)
    }

    /// As [`Self::y`], outside of the frame as well.
    fn unbounded_y(&self, value: f64) -> f64 {
        let log = if value > 0.0 { value.log10() } else { self.y[0] };
        TOP + HEIGHT * (1.0 - (log - self.y[0]) / (self.y[1] - self.y[0]))
    }

    fn axes(&self) -> String {
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let mut body = format!("<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" class=box />");
        let step = 0.1 * 10_f64.powf(((self.t[1] - self.t[0]) / 3.0).log10().ceil().max(0.0));
        for tenth in (self.t[0] / step).ceil() as i64..=(self.t[1] / step).floor() as i64 {
            let (t, is_long) = (tenth as f64 * step, tenth % 2 == 0);
            let (x, length) = (self.x(t), if is_long { 6 } else { 3 });
            let _ = write!(body, "<path d=\"M{x:.1} {bottom}v{length}\"/>");
            if is_long {
                let _ = write!(body, "<text x=\"{x:.1}\" y=\"{}\" class=mid>{t:.1}</text>", bottom + 24.0);
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
        let (x, y) = (0.5 * (LEFT + right), TOP + 0.5 * HEIGHT);
        let _ = write!(
            body,
            "<text x=\"{x}\" y=\"{}\" class=mid>log T, K</text>\
             <text class=mid transform=\"translate(20 {y}) rotate(-90)\">EM, cm⁻⁵</text>",
            bottom + 52.0
        );
        body
    }
}
