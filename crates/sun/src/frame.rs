//! A picture with its axes and the meaning of its colours, as SVG.

use crate::{
    palette::Palette,
    pictures::{Colours, Panel},
    source::Axis,
};
use std::fmt::Write as _;

/// Width of a picture, and its margins.
const WIDTH: f64 = 400.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 8.0;

/// The picture of an image of some rows and columns.
pub(crate) fn draw_frame(panel: &Panel, [rows, columns]: [usize; 2], axes: [Axis; 2]) -> String {
    let height = (WIDTH * rows as f64 / columns as f64).clamp(60.0, 900.0);
    let mut body = format!(
        "<image href=\"{}\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{height:.1}\" preserveAspectRatio=\"none\"/>\
         <rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{WIDTH}\" height=\"{height:.1}\" class=box />",
        panel.file
    );
    draw_axes(&mut body, [rows, columns], axes, height);
    let mut total = TOP + height + 54.0;
    let width = LEFT + WIDTH + 124.0;
    match &panel.colours {
        Colours::Logarithmic { palette, ends } => {
            draw_colour_bar(&mut body, panel, palette, *ends, height);
        }
        Colours::Kinds(kinds) => {
            for ([r, g, b], label) in kinds {
                let _ = write!(
                    body,
                    "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"14\" height=\"14\" fill=\"rgb({r},{g},{b})\"/><text x=\"{}\" y=\"{:.1}\">{label}</text>",
                    total,
                    LEFT + 20.0,
                    total + 12.0
                );
                total += 24.0;
            }
        }
    }
    format!(
        "<svg viewBox=\"0 0 {width} {total:.1}\" role=img aria-label=\"{}\">{body}</svg>",
        panel.title
    )
}

/// Adds the ticks, labels and units of both axes to the body of an SVG.
fn draw_axes(body: &mut String, [rows, columns]: [usize; 2], [x, y]: [Axis; 2], height: f64) {
    let bottom = TOP + height;
    for (at, label) in axis_ticks(x, columns, WIDTH / 90.0) {
        let at = LEFT + at * WIDTH;
        let _ = write!(
            body,
            "<path d=\"M{at:.1} {bottom:.1}v5\"/><text x=\"{at:.1}\" y=\"{:.1}\" class=mid>{label}</text>",
            bottom + 22.0
        );
    }
    for (at, label) in axis_ticks(y, rows, height / 70.0) {
        let at = bottom - at * height;
        let _ = write!(
            body,
            "<path d=\"M{LEFT} {at:.1}h-5\"/><text x=\"{:.1}\" y=\"{:.1}\" class=end>{label}</text>",
            LEFT - 8.0,
            at + 5.5
        );
    }
    let middle = LEFT + WIDTH / 2.0;
    let side = TOP + height / 2.0;
    let _ = write!(
        body,
        "<text x=\"{middle}\" y=\"{:.1}\" class=mid>x, {}</text><text class=mid transform=\"translate(18 {side:.1}) rotate(-90)\">y, {}</text>",
        bottom + 44.0,
        x.unit,
        y.unit
    );
}

/// Adds the colour bar of a logarithmic scale, right of the picture.
fn draw_colour_bar(
    body: &mut String,
    panel: &Panel,
    palette: &Palette,
    ends: [f32; 2],
    height: f64,
) {
    let bottom = TOP + height;
    let side = TOP + height / 2.0;
    let stops: String = (0..palette.len()).fold(String::new(), |mut stops, i| {
        let [r, g, b] = palette[i];
        let _ = write!(
            stops,
            "<stop offset=\"{}\" stop-color=\"rgb({r},{g},{b})\"/>",
            i as f64 / (palette.len() - 1) as f64
        );
        stops
    });
    let name = panel.file.trim_end_matches(".png");
    let x = LEFT + WIDTH + 14.0;
    let _ = write!(
        body,
        "<linearGradient id=\"{name}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">{stops}</linearGradient>\
         <rect x=\"{x}\" y=\"{TOP}\" width=\"14\" height=\"{height:.1}\" fill=\"url(#{name})\"/>\
         <rect x=\"{x}\" y=\"{TOP}\" width=\"14\" height=\"{height:.1}\" class=box />"
    );
    for (share, label) in colour_decades(ends) {
        let at = bottom - share * height;
        let _ = write!(
            body,
            "<path d=\"M{} {at:.1}h5\"/><text x=\"{}\" y=\"{:.1}\">{label}</text>",
            x + 14.0,
            x + 22.0,
            at + 5.5
        );
    }
    let _ = write!(
        body,
        "<text class=mid transform=\"translate({} {side:.1}) rotate(90)\">{}</text>",
        x + 96.0,
        panel.unit
    );
}

/// Places (share of the axis, pixels from edge to edge) and labels of round numbers.
fn axis_ticks(axis: Axis, pixels: usize, about: f64) -> Vec<(f64, String)> {
    let low = axis.first - 0.5 * axis.step;
    let range = axis.step * pixels as f64;
    let step = round_up((range.abs() / about.max(2.0)).max(f64::MIN_POSITIVE));
    let from = low.min(low + range);
    let to = low.max(low + range);
    let first = (from / step).ceil() as i64;
    let last = (to / step).floor() as i64;
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let label = |value: f64| format!("{value:.decimals$}").replace('-', "−");
    (first..=last)
        .map(|i| i as f64 * step)
        .map(|value| ((value - low) / range, label(value)))
        .collect()
}

/// 1, 2 or 5 times a power of ten, not below.
fn round_up(x: f64) -> f64 {
    let power = 10f64.powf(x.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|m| *m >= x * (1.0 - 1e-9))
        .unwrap_or(x)
}

/// Places and labels of 1, 2 and 5 times powers of ten; more on a short scale.
fn colour_decades([low, high]: [f32; 2]) -> Vec<(f64, String)> {
    let low = f64::from(low);
    let high = f64::from(high);
    let mantissas: &[f64] = match high - low {
        range if range > 1.6 => &[1.0],
        range if range > 0.7 => &[1.0, 2.0, 5.0],
        range if range > 0.2 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
        _ => &[
            1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.0, 3.5, 4.0, 4.5, 5.0,
            5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0,
        ],
    };
    let mut places = vec![];
    for exponent in low.floor() as i32..=high.floor() as i32 {
        for mantissa in mantissas {
            let log = f64::from(exponent) + mantissa.log10();
            if log >= low - 1e-6 && log <= high + 1e-6 {
                places.push((
                    (log - low) / (high - low),
                    format_number(*mantissa, exponent),
                ));
            }
        }
    }
    places
}

/// Formats a number as people write it: 2×10²⁷, but 0.5 and 20.
fn format_number(mantissa: f64, exponent: i32) -> String {
    if (-2..=3).contains(&exponent) {
        let value = mantissa * 10f64.powi(exponent);
        return format!("{}", (value * 1e4).round() / 1e4);
    }
    let superscript: String = exponent
        .to_string()
        .chars()
        .map(|c| {
            c.to_digit(10).map_or('⁻', |d| {
                ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][d as usize]
            })
        })
        .collect();
    if mantissa == 1.0 {
        format!("10{superscript}")
    } else {
        format!("{mantissa}×10{superscript}")
    }
}
