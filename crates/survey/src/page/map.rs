//! The map.

use super::text::{group_thousands, plain_number};
use isopach::{
    cloud::Rect,
    raster::{Grid, picture},
    tiling::round_length,
};

/// Base64 (RFC 4648), for pictures within a page.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, &byte| word << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

/// An arrow to the north that can be read on any ground: dark on a light disc.
const NORTH: &str = "<svg class=north role=img aria-label=\"north is up\" viewBox=\"0 0 44 60\">\
<rect x=1 y=1 width=42 height=58 rx=8 fill=\"#fff\" fill-opacity=\".85\" stroke=\"#333\"/>\
<path d=\"M22 6L33 36L22 29L11 36Z\" fill=\"#111\"/>\
<text x=22 y=54 text-anchor=middle>N</text></svg>";

/// The map with its scale, legend and caption.
pub(super) fn map_figure(png: &[u8], grid: &Grid, limit: f64) -> String {
    let pixel = grid.cell_size;
    let ticks = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|share| plain_number(share * limit, 2));
    format!(
        "<figure>{}<figcaption>{}\
<p>Height difference, m, later − earlier, shaded by the earlier surface.{}{}{} White: no points. \
Colours end at the 98th percentile. Pixels of {pixel} m.</p></figcaption></figure>",
        draw_frame(png, &grid.extent(), "shaded map of height differences"),
        draw_legend(&picture::DIVERGING, &ticks),
        colour_key(picture::INSIGNIFICANT, "not significant."),
        colour_key(picture::UNTESTED, "could not be tested."),
        colour_key(picture::ONE_EPOCH, "points in one epoch only.")
    )
}

/// A picture of the ground from above, with an arrow to the north, a scale and its corners.
pub(crate) fn draw_frame(png: &[u8], extent: &Rect, alt: &str) -> String {
    let [width, height] = extent.size();
    let bar = round_length(width / 4.0);
    let ratio = width / height;
    // On a strip it would hide the map.
    let north = if (0.25..8.0).contains(&ratio) {
        NORTH
    } else {
        ""
    };
    format!(
        "<div class=map style=\"aspect-ratio:{width}/{height};max-width:min(100%,calc(86vh*{ratio}))\">\
<img alt=\"{alt}\" src=\"data:image/png;base64,{}\">\
{north}<div class=scale style=\"width:{:.2}%\">{} m</div></div>\
<div class=corner><span>{:.0} E {:.0} N</span><span>{:.0} E {:.0} N</span></div>",
        encode_base64(png),
        100.0 * bar / width,
        scale_words(bar),
        extent.min[0],
        extent.min[1],
        extent.max[0],
        extent.max[1],
    )
}

/// The length of a scale, which may be below a metre.
fn scale_words(metres: f64) -> String {
    if metres < 1.0 {
        format!("{metres}")
    } else {
        group_thousands(metres)
    }
}

/// Colours at even distances, with the values below them.
pub(crate) fn draw_legend(colours: &[[u8; 3]], ticks: &[String]) -> String {
    let colours: Vec<String> = colours.iter().map(|colour| rgb(*colour)).collect();
    let ticks: String = ticks
        .iter()
        .map(|tick| format!("<span>{tick}</span>"))
        .collect();
    format!(
        "<div class=legend><div class=ramp style=\"background:linear-gradient(90deg,{})\"></div>\
<div class=ticks>{ticks}</div></div>",
        colours.join(",")
    )
}

fn rgb([r, g, b]: [u8; 3]) -> String {
    format!("rgb({r},{g},{b})")
}

/// A colour with its meaning.
pub(crate) fn colour_key(colour: [u8; 3], text: &str) -> String {
    format!(" <i style=\"background:{}\"></i>{text}", rgb(colour))
}
