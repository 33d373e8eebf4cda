//! Maps and sections of a column as HTML.

use super::{
    cells::{CellMeans, Pixels},
    colours::Colours,
    views::Slice,
};
use crate::page::{
    histogram::axis_ticks,
    map::{draw_frame, encode_base64},
    text::plain_number,
};
use isopach::{
    cloud::{Rect, TICK},
    compute::Result,
    raster::picture,
};
use std::fmt::Write as _;

/// Room of a section's axes and its picture, in the units of its drawing.
const LEFT: f64 = 58.0;
const TOP: f64 = 8.0;
const BELOW: f64 = 36.0;
const RIGHT: f64 = 26.0;
const LARGEST: [f64; 2] = [900.0, 420.0];

impl Pixels {
    /// Sides of a pixel, metres.
    pub(crate) fn sides(&self) -> [f64; 2] {
        self.bits.map(|bits| TICK * 2.0_f64.powi(bits as i32))
    }

    /// The rectangle of all pixels, metres.
    pub(crate) fn extent(&self) -> Rect {
        let [width, height] = self.sides();
        let min = [self.first[0] as f64 * width, self.first[1] as f64 * height];
        Rect {
            min,
            max: [
                min[0] + self.columns as f64 * width,
                min[1] + self.rows as f64 * height,
            ],
        }
    }

    fn png(&self, colours: Colours) -> Result<Vec<u8>> {
        picture::value_map(&self.means, self.columns, |value| colours.colour(value))
    }
}

/// The map of a column.
pub(super) fn draw_map(
    map: &CellMeans,
    column: usize,
    name: &str,
    colours: Colours,
) -> Result<String> {
    let pixels = map.pixels(column);
    let png = pixels.png(colours)?;
    let alt = format!("map of {name} from above");
    Ok(draw_frame(&png, &pixels.extent(), &alt))
}

/// The section of a column, with its axes.
pub(super) fn draw_section(
    section: &CellMeans,
    column: usize,
    name: &str,
    colours: Colours,
    slice: Slice,
) -> Result<String> {
    let pixels = section.pixels(column);
    let png = pixels.png(colours)?;
    Ok(frame_section(&png, &pixels, name, slice))
}

/// A picture of a section in its axes.
pub(crate) fn frame_section(png: &[u8], pixels: &Pixels, name: &str, slice: Slice) -> String {
    let [columns, rows] = [pixels.columns, pixels.rows].map(|count| count as f64);
    let scale = (LARGEST[0] / columns).min(LARGEST[1] / rows);
    let [width, height] = [columns * scale, rows * scale];
    let Rect { min, max } = pixels.extent();
    let x = |value: f64| LEFT + width * (value - min[0]) / (max[0] - min[0]);
    let y = |value: f64| TOP + height * (max[1] - value) / (max[1] - min[1]);
    let bottom = TOP + height;
    let mut axes = String::new();
    for (tick, label) in axis_ticks(min[0], max[0], (width / 220.0).max(1.0)) {
        let _ = write!(
            axes,
            "<line x1={0:.1} x2={0:.1} y1={bottom:.1} y2={1:.1} /><text x={0:.1} y={2:.1}>{3}</text>",
            x(tick),
            bottom + 4.0,
            bottom + 15.0,
            label.trim_end_matches(".0")
        );
    }
    for (tick, label) in axis_ticks(min[1], max[1], (height / 75.0).max(1.0)) {
        let _ = write!(
            axes,
            "<line x1={0:.1} x2={LEFT} y1={1:.1} y2={1:.1} /><text class=left x={2:.1} y={3:.1}>{4}</text>",
            LEFT - 4.0,
            y(tick),
            LEFT - 7.0,
            y(tick) + 3.5,
            label.trim_end_matches(".0")
        );
    }
    let [across, along] = [["north", "east"], ["east", "north"]][slice.along];
    let (view, tall) = (LEFT + width + RIGHT, bottom + BELOW);
    format!(
        "<svg class=section viewBox=\"0 0 {view:.0} {tall:.0}\" style=\"max-width:{view:.0}px\" role=img aria-label=\"section of {name}, seen towards the {across}\">\
<image x={LEFT} y={TOP} width={width:.1} height={height:.1} preserveAspectRatio=none href=\"data:image/png;base64,{}\" />\
<path class=frame d=\"M{LEFT} {TOP}V{bottom:.1}H{:.1}\" />{axes}\
<text x={:.1} y={:.1}>{along}, m</text><text transform=\"translate(11 {:.1}) rotate(-90)\">height, m</text></svg>",
        encode_base64(png),
        LEFT + width,
        LEFT + width / 2.0,
        bottom + 31.0,
        TOP + height / 2.0
    )
}

/// Words about a slice and the scale of its heights.
pub(crate) fn describe_slice(section: &CellMeans, slice: Slice) -> String {
    let pixels = section.pixels(0);
    let [length, height] = pixels.sides();
    let [low, high] = slice.across.map(|ticks| ticks as f64 * TICK);
    let axis = ["N", "E"][slice.along];
    let scale = if length > height {
        format!(
            "heights drawn {} times as large as lengths",
            length / height
        )
    } else {
        "heights and lengths to one scale".to_owned()
    };
    format!(
        "the points with {axis} from {} to {} m ({} m thick), {scale}; a pixel is {length} m long and {height} m high",
        plain_number(low, 2),
        plain_number(high, 2),
        plain_number(high - low, 2)
    )
}
