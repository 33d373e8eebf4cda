//! A plan to look at.

use super::Plan;
use crate::{PointSource, groups::groups};
use isopach_cloud::Rect;
use std::fmt::Write as _;

/// Width of a drawing, pixels.
const WIDTH: f64 = 900.0;
/// Largest number of extents that are drawn: more would only be black.
const MOST_EXTENTS: usize = 4000;

impl Plan {
    /// The tiles as SVG, the darker the more bytes are expected of them, under the extents of files (or of chunks, where those are known):
    /// blue for the first source, orange for the second.
    #[must_use]
    pub fn to_svg(&self, sources: &[&dyn PointSource]) -> String {
        let whole = self.whole().rect();
        let [across, up] = whole.size();
        let scale = WIDTH / across.max(up * 0.2);
        let (width, height) = (across * scale, up * scale);
        let place = |rect: &Rect| {
            let [x, y] = [(rect.min[0] - whole.min[0]) * scale, (whole.max[1] - rect.max[1]) * scale];
            let [w, h] = rect.size().map(|length| length * scale);
            format!("x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\"")
        };
        let most = self.expected.iter().map(|tile| tile.bytes).max().unwrap_or_default().max(1) as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 {:.0} {:.0}\" width=\"{:.0}\">\n<title>{self}</title>\n",
            width + 8.0,
            height + 8.0,
            width + 8.0
        );
        for i in 0..self.len() {
            let (core, expected) = (self.core(i).rect(), self.expected(i));
            let light = 96.0 - 56.0 * expected.bytes as f64 / most;
            let _ = writeln!(
                svg,
                "<rect {} fill=\"hsl(150,45%,{light:.0}%)\" stroke=\"#456\" stroke-width=\"0.5\"><title>tile {i}: {core}, about {} points</title></rect>",
                place(&core),
                expected.points
            );
        }
        for group in groups(sources).iter().take(MOST_EXTENTS) {
            let colour = ["#1f5fbf", "#d9761a", "#7a3fb0", "#333"][group.source.min(3)];
            let place = place(&group.extent);
            let _ = writeln!(
                svg,
                "<rect {place} fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-opacity=\"0.8\"/>"
            );
        }
        svg + "</svg>\n"
    }
}
