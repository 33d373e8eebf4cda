//! A plan to look at.

use super::Plan;
use crate::{PointSource, format::to_mebibytes, groups::group_chunks};
use isopach_cloud::Rect;
use std::fmt::Write as _;

/// Width of a drawing, pixels.
const WIDTH: f64 = 900.0;
/// Pixels between lines of the legend.
const LINE: f64 = 22.0;
/// Colours of the sources.
const COLOURS: [&str; 4] = ["#1f5fbf", "#d9761a", "#7a3fb0", "#333"];
/// Largest number of extents that are drawn: more would only be black.
const MOST_EXTENTS: usize = 4000;

impl Plan {
    /// The tiles as SVG, north up, the darker the more bytes are expected of them, under the
    /// extents of files (or of chunks, where those are known): blue for the first source, orange
    /// for the second. A legend below says so, and how long a metre is.
    #[must_use]
    pub fn to_svg(&self, sources: &[&dyn PointSource]) -> String {
        let whole = self.whole().rect();
        let [across, up] = whole.size();
        let scale = WIDTH / across.max(up * 0.2);
        let width = across * scale;
        let height = up * scale;
        let place = |rect: &Rect| {
            let [x, y] = [
                (rect.min[0] - whole.min[0]) * scale,
                (whole.max[1] - rect.max[1]) * scale,
            ];
            let [w, h] = rect.size().map(|length| length * scale);
            format!("x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\"")
        };
        let most = self
            .estimates
            .iter()
            .map(|tile| tile.bytes)
            .max()
            .unwrap_or_default()
            .max(1) as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 {:.0} {:.0}\" width=\"{:.0}\" font-family=\"sans-serif\" font-size=\"14\" style=\"background:white\">\n\
<title>{self}</title>\n",
            WIDTH.max(width) + 8.0,
            height + legend_height(sources) + 8.0,
            WIDTH.max(width) + 8.0
        );
        for i in 0..self.len() {
            let core = self.core(i).rect();
            let expected = self.estimate(i);
            let light = tile_lightness(expected.bytes as f64 / most);
            let _ = writeln!(
                svg,
                "<rect {} fill=\"hsl(150,45%,{light:.0}%)\" stroke=\"#456\" stroke-width=\"0.5\"><title>tile {i}: {core}, about {} points</title></rect>",
                place(&core),
                expected.points
            );
        }
        for group in group_chunks(sources).iter().take(MOST_EXTENTS) {
            let colour = COLOURS[group.source.min(COLOURS.len() - 1)];
            let place = place(&group.extent);
            let _ = writeln!(
                svg,
                "<rect {place} fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-opacity=\"0.8\"/>"
            );
        }
        self.add_legend(&mut svg, sources, height + 24.0, scale, most);
        svg + "</svg>\n"
    }

    /// Lines below a drawing of `scale` pixels a metre, from `y` on: shades, extents, scale bar,
    /// north.
    fn add_legend(
        &self,
        svg: &mut String,
        sources: &[&dyn PointSource],
        y: f64,
        scale: f64,
        most: f64,
    ) {
        for step in 0..=4 {
            let x = 24.0 * f64::from(step);
            let light = tile_lightness(f64::from(step) / 4.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{x} {:.2}h24v14h-24z\" fill=\"hsl(150,45%,{light:.0}%)\" stroke=\"#456\" stroke-width=\"0.5\"/>",
                y - 12.0
            );
        }
        let bytes = to_mebibytes(most as u64);
        let _ = writeln!(
            svg,
            "<text x=\"132\" y=\"{y:.2}\">tiles, by memory expected: none to {bytes:.0} MiB; a title tells of each</text>"
        );
        for (i, source) in sources.iter().enumerate() {
            let line = y + LINE * (i + 1) as f64;
            let colour = COLOURS[i.min(COLOURS.len() - 1)];
            let name: String = source.name().chars().filter(|c| !c.is_control()).collect();
            let name = name.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(
                svg,
                "<path d=\"M1 {:.2}h118v14h-118z\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
<text x=\"132\" y=\"{line:.2}\">files or chunks of {name}</text>",
                line - 12.0
            );
        }
        let line = y + LINE * (sources.len() + 1) as f64;
        let length = round_length(120.0 / scale);
        let _ = writeln!(
            svg,
            "<path d=\"M0 {0:.2}v8h{1:.2}v-8\" fill=\"none\" stroke=\"black\" stroke-width=\"2\"/><text x=\"132\" y=\"{line:.2}\">{length} m</text>",
            line - 12.0,
            length * scale
        );
        // An arrow with its letter, beside the legend.
        let _ = writeln!(
            svg,
            "<g transform=\"translate({:.2} {:.2})\"><path d=\"M0 18L9 -10L18 18L9 11Z\" fill=\"black\"/><text x=\"9\" y=\"34\" text-anchor=\"middle\" \
font-weight=\"bold\">N</text></g>",
            WIDTH - 30.0,
            y - 2.0
        );
    }
}

/// Lightness of a tile of which this share of the most bytes is expected, percent.
fn tile_lightness(share: f64) -> f64 {
    96.0 - 56.0 * share
}

/// Pixels that the legend takes.
fn legend_height(sources: &[&dyn PointSource]) -> f64 {
    24.0 + LINE * (sources.len() + 1) as f64 + 12.0
}

/// The largest of 1, 2, 5 times a power of ten that is at most `length`: for the bar of a scale.
///
/// ```
/// assert_eq!(isopach_tiling::round_length(740.0), 500.0);
/// ```
#[must_use]
pub fn round_length(length: f64) -> f64 {
    let power = 10_f64.powf(length.log10().floor());
    [5.0, 2.0]
        .into_iter()
        .map(|m| m * power)
        .find(|l| *l <= length)
        .unwrap_or(power)
}
