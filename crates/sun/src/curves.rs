//! Curves over temperature of single pixels and of the means of regions: emission measure with both
//! errors, and the EM loci of the channels.

use crate::source::Source;
use isopach::{
    Backend,
    compute::{Dispatcher, Result},
    emission::{Inversion, MonteCarlo, Observation, Real, RowBlock, Spread},
};
use isopach_program::write_file::write_file;
use ndarray::{ArrayD, IxDyn};
use std::{error::Error, fmt::Write as _, ops::Range, path::Path};

/// A pixel, or a region of several: columns and rows from 0, the first row the lowest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
    is_region: bool,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text
            .split_once(',')
            .and_then(|(x, y)| Some((parse_range(x)?, parse_range(y)?)));
        let ((columns, a), (rows, b)) = parts.ok_or_else(|| {
            format!("{text} is neither a pixel X,Y nor a region X0:X1,Y0:Y1: whole numbers from 0")
        })?;
        if columns.is_empty() || rows.is_empty() {
            return Err(format!(
                "{text} is not a region: X1 and Y1, which are outside of it, must be above X0 and Y0"
            ));
        }
        Ok(Self {
            columns,
            rows,
            is_region: a || b,
        })
    }
}

/// A range of positions, and whether it was stated as one.
fn parse_range(text: &str) -> Option<(Range<usize>, bool)> {
    match text.split_once(':') {
        Some((from, to)) => Some((parse_index(from)?..parse_index(to)?, true)),
        None => parse_index(text).map(|at| (at..at + 1, false)),
    }
}

/// A position along an axis.
fn parse_index(text: &str) -> Option<usize> {
    text.trim()
        .parse::<usize>()
        .ok()
        .filter(|n| *n < usize::MAX)
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            columns,
            rows,
            is_region,
        } = self;
        if *is_region {
            write!(
                f,
                "{}:{},{}:{}",
                columns.start, columns.end, rows.start, rows.end
            )
        } else {
            write!(f, "{},{}", columns.start, rows.start)
        }
    }
}

impl Place {
    /// The file of its curve.
    pub(crate) fn file(&self) -> String {
        format!(
            "curve_{}.csv",
            self.to_string().replace(':', "-").replace(',', "_")
        )
    }

    /// The place of a file with this name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let text = name.strip_prefix("curve_")?.strip_suffix(".csv")?;
        let place: Self = text.replace('-', ":").replace('_', ",").parse().ok()?;
        (place.file() == name).then_some(place)
    }

    fn pixels_at(&self) -> usize {
        self.columns.len() * self.rows.len()
    }
}

/// The result of a place.
pub(crate) struct Curve {
    pub(crate) place: Place,
    /// The status, and χ² a channel.
    pub(crate) status: String,
    pub(crate) chi_squared: f64,
    /// The bins of temperature.
    bins: Vec<Bin>,
    /// EM loci by channel: log10 T and cm⁻⁵.
    loci: Vec<Vec<[f64; 2]>>,
    /// For a region: number of pixels in its mean; others lack a channel or are saturated in one.
    used: usize,
}

/// log10 T of the edges; cm⁻⁵, its vertical error, its horizontal error in dex (NaN if not
/// requested); mean and scatter of draws.
struct Bin {
    edges: [f64; 2],
    emission: f64,
    uncertainty: f64,
    resolution: f64,
    draws: Option<[f64; 2]>,
}

/// Pixels that are picked while blocks arrive, and regions that are read again after them.
pub(crate) struct Curves {
    wanted: Vec<Place>,
    draws: Option<MonteCarlo>,
    found: Vec<Curve>,
}

impl Curves {
    /// # Errors
    /// In words, for a place outside of the image.
    pub(crate) fn of(
        wanted: &[Place],
        leading: &[usize],
        draws: Option<MonteCarlo>,
    ) -> std::result::Result<Self, String> {
        let none = Self {
            wanted: vec![],
            draws,
            found: vec![],
        };
        let &[rows, columns] = leading else {
            let words = "--curve is for images, which have rows and columns";
            return if wanted.is_empty() {
                Ok(none)
            } else {
                Err(words.into())
            };
        };
        match wanted
            .iter()
            .find(|place| place.columns.end > columns || place.rows.end > rows)
        {
            Some(place) => Err(format!(
                "--curve {place} is outside of the image, which has {columns} × {rows} pixels"
            )),
            None => Ok(Self {
                wanted: wanted.to_vec(),
                ..none
            }),
        }
    }

    /// Takes the pixels of a block; `spread`: of draws.
    pub(crate) fn add<T: Real>(
        &mut self,
        block: &RowBlock<T>,
        spread: Option<&Spread>,
        inversion: &Inversion,
    ) {
        let map = &block.map;
        for place in self
            .wanted
            .iter()
            .filter(|place: &&Place| !place.is_region && block.rows.contains(&place.rows.start))
        {
            let at = [place.rows.start - block.rows.start, place.columns.start];
            let of = |array: Option<&ArrayD<T>>, t: usize| {
                array.map_or(f64::NAN, |array| array[&[at[0], at[1], t][..]].to_f64())
            };
            let bin = |t: usize| Bin {
                edges: [inversion.log_t_edges[t], inversion.log_t_edges[t + 1]],
                emission: of(Some(&map.emission), t),
                uncertainty: of(map.uncertainty.as_ref(), t),
                resolution: of(map.log_t_resolution.as_ref(), t),
                draws: spread.map(|spread| {
                    [&spread.mean, &spread.deviation].map(|array| array[&[at[0], at[1], t][..]])
                }),
            };
            self.found.push(Curve {
                place: place.clone(),
                status: map.status[&at[..]].to_string(),
                chi_squared: map.chi_squared[&at[..]].to_f64(),
                bins: (0..inversion.bins()).map(bin).collect(),
                loci: Vec::new(),
                used: 1,
            });
        }
    }

    /// Inverts the means of the regions, and rereads the counts of the pixels. The EM loci are the
    /// emission measure that each channel would need if all plasma had one temperature. Results are
    /// in the order of the request. `at_once`: rows that fit the memory.
    pub(crate) fn finish(
        mut self,
        source: &mut Source,
        at_once: usize,
        inversion: &Inversion,
        on: &Dispatcher<dyn Backend>,
    ) -> Result<Vec<Curve>> {
        for curve in &mut self.found {
            let place = &curve.place;
            let [counts, _] = source.read::<f64>(place.rows.clone())?;
            let counts =
                (0..inversion.channels()).map(|f| counts[&[0, place.columns.start, f][..]]);
            curve.loci = emission_loci(inversion, counts);
        }
        for place in self.wanted.iter().filter(|place| place.is_region) {
            let mean = Mean::of(place, source, at_once, inversion)?;
            self.found
                .push(region_of(place, &mean, inversion, on, self.draws)?);
        }
        let wanted = self.wanted;
        self.found
            .sort_by_key(|curve| wanted.iter().position(|place| *place == curve.place));
        Ok(self.found)
    }
}

/// EM loci: counts over response within the temperatures of the bins.
fn emission_loci(inversion: &Inversion, counts: impl Iterator<Item = f64>) -> Vec<Vec<[f64; 2]>> {
    let response = &inversion.response;
    let low = inversion.log_t_edges[0];
    let high = inversion.log_t_edges[inversion.bins()];
    let of = |(channel, count): (&Vec<f64>, f64)| {
        let points = response
            .log_t
            .iter()
            .zip(channel)
            .filter(|(t, k)| (low..=high).contains(*t) && **k > 0.0);
        if count > 0.0 {
            points.map(|(t, k)| [*t, count / k]).collect()
        } else {
            Vec::new()
        }
    };
    response.channels.iter().zip(counts).map(of).collect()
}

/// The inversion of the mean counts of a region.
fn region_of(
    place: &Place,
    Mean {
        counts,
        sigma,
        used,
    }: &Mean,
    inversion: &Inversion,
    on: &Dispatcher<dyn Backend>,
    draws: Option<MonteCarlo>,
) -> Result<Curve> {
    let mut curve = Curve {
        place: place.clone(),
        status: "no pixel with all channels".into(),
        chi_squared: f64::NAN,
        bins: Vec::new(),
        loci: Vec::new(),
        used: *used,
    };
    if *used == 0 {
        return Ok(curve);
    }
    let [c, e] = [counts, sigma]
        .map(|numbers| ArrayD::from_shape_fn(IxDyn(&[numbers.len()]), |at| numbers[at[0]]));
    let observation = || Observation {
        counts: c.view(),
        sigma: e.view(),
    };
    let map = on.run(|on| inversion.run(on, observation()))?;
    let spread = draws
        .map(|draws| on.run(|on| draws.run(inversion, on, &observation())))
        .transpose()?;
    let of = |array: Option<&ArrayD<f64>>, t: usize| array.map_or(f64::NAN, |array| array[[t]]);
    let bin = |t: usize| Bin {
        edges: [inversion.log_t_edges[t], inversion.log_t_edges[t + 1]],
        emission: map.emission[[t]],
        uncertainty: of(map.uncertainty.as_ref(), t),
        resolution: of(map.log_t_resolution.as_ref(), t),
        draws: spread
            .as_ref()
            .map(|spread| [spread.mean[[t]], spread.deviation[[t]]]),
    };
    curve.status = map.status[&[][..]].to_string();
    curve.chi_squared = map.chi_squared[&[][..]];
    curve.bins = (0..inversion.bins()).map(bin).collect();
    curve.loci = emission_loci(inversion, counts.iter().copied());
    Ok(curve)
}

/// The mean of the pixels of a region that have all channels, unsaturated.
struct Mean {
    /// Counts by channel.
    counts: Vec<f64>,
    sigma: Vec<f64>,
    /// Number of pixels in the mean.
    used: usize,
}

impl Mean {
    fn of(
        place: &Place,
        source: &mut Source,
        at_once: usize,
        inversion: &Inversion,
    ) -> Result<Self> {
        let channels = inversion.channels();
        let levels: Vec<f32> = match &inversion.saturation {
            Some(saturation) => saturation
                .levels
                .iter()
                .map(|level| *level as f32)
                .collect(),
            None => vec![f32::INFINITY; channels],
        };
        let is_pad = |count: f64| {
            inversion
                .pad_value
                .is_some_and(|pad| pad as f32 == count as f32)
        };
        let is_good = |f: usize, count: f64, sigma: f64| {
            count.is_finite()
                && sigma.is_finite()
                && sigma > 0.0
                && (count as f32) < levels[f]
                && !is_pad(count)
        };
        let mut sums = vec![0.0; channels];
        let mut variances = vec![0.0; channels];
        let mut used = 0;
        for first in place.rows.clone().step_by(at_once.max(1)) {
            let rows = first..(first + at_once.max(1)).min(place.rows.end);
            let [counts, errors] = source.read::<f64>(rows.clone())?;
            for row in 0..rows.len() {
                for column in place.columns.clone() {
                    let of = |array: &ArrayD<f64>, f: usize| array[&[row, column, f][..]];
                    if !(0..channels).all(|f| is_good(f, of(&counts, f), of(&errors, f))) {
                        continue;
                    }
                    used += 1;
                    for f in 0..channels {
                        sums[f] += of(&counts, f);
                        variances[f] += of(&errors, f).powi(2);
                    }
                }
            }
        }
        let counts: Vec<f64> = sums.iter().map(|sum| sum / used.max(1) as f64).collect();
        let sigma = source.sigma_of_mean(&counts, used.max(1), &variances);
        Ok(Self {
            counts,
            sigma,
            used,
        })
    }
}

impl Curve {
    /// The title of a curve: its place and its status.
    pub(crate) fn curve_title(&self) -> String {
        let Self {
            place,
            status,
            chi_squared,
            used,
            ..
        } = self;
        let of = if place.is_region {
            let width = place.columns.len();
            let height = place.rows.len();
            let left_out = match place.pixels_at() - used {
                0 => String::new(),
                n => format!(", without {n} that are saturated or miss a channel"),
            };
            format!(
                "Mean of {width} × {height} pixels from {}, {}{left_out}",
                place.columns.start, place.rows.start
            )
        } else {
            format!("Pixel {}, {}", place.columns.start, place.rows.start)
        };
        format!("{of}: {status}, χ² a channel {chi_squared:.2}")
    }

    /// Writes the bins as CSV.
    pub(crate) fn write(&self, out: &Path) -> std::result::Result<(), Box<dyn Error>> {
        let has_draws = self.bins.iter().any(|bin| bin.draws.is_some());
        let more = if has_draws {
            ",draws_mean_cm-5,draws_deviation_cm-5"
        } else {
            ""
        };
        let mut text = format!(
            "log_t_from,log_t_to,emission_cm-5,uncertainty_cm-5,log_t_resolution_dex{more}\n"
        );
        for Bin {
            edges: [from, to],
            emission,
            uncertainty,
            resolution,
            draws,
        } in &self.bins
        {
            let _ = write!(
                text,
                "{from},{to},{emission:e},{uncertainty:e},{resolution}"
            );
            if let Some([mean, deviation]) = draws {
                let _ = write!(text, ",{mean:e},{deviation:e}");
            }
            text.push('\n');
        }
        Ok(write_file(&out.join(self.place.file()), text.as_bytes())?)
    }

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
