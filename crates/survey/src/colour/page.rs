//! The page beside the file: the cloud in its colours, and the vegetation index.

use crate::{
    features::page::{
        Views,
        cells::{CellMeans, Pixels},
        figures::{describe_slice, frame_section},
    },
    page::{
        histogram::Bars,
        map::{colour_key, draw_frame, draw_legend},
        page_section,
        text::{escape, f, group_thousands, html_table, parameter_table},
        verdict::warnings_section,
        wrap_page,
    },
};
use isopach::{
    compute::Result,
    raster::{PngColour, encode_png, picture},
};
use serde_json::Value;

/// Bins of the histogram of the index.
const BINS: usize = 60;
/// Number of the index among the columns of the pictures.
const INDEX: usize = 3;

/// The page of a run, from its summary and sums.
pub(super) fn page_html(summary: &Value, views: &Views) -> Result<String> {
    let inputs = summary["inputs"].as_array();
    let paths = inputs.into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = paths
        .map(|path| crate::epochs::short_name(path.as_ref()))
        .collect();
    let title = match &names[..] {
        [] => "?".to_owned(),
        [one] => escape(one),
        [first, rest @ ..] => format!("{} and {} more", escape(first), rest.len()),
    };
    let mut body = format!(
        "<header><p class=kicker>isopach · colours of points</p><h1>{title}</h1><p class=verdict>{}</p>{}</header>",
        verdict_words(summary),
        warnings_section(summary)
    );
    if !views.map.is_empty() {
        body += &page_section("Colours", &colour_section(views)?);
        if !summary["ndvi"].is_null() {
            body += &page_section("Vegetation index (NDVI)", &index_section(views)?);
        }
    }
    body += &page_section("Images", &image_table(summary));
    body += &page_section("Parameters", &parameter_table(summary, PARAMETERS));
    body += &page_section("How to read this", HOW);
    Ok(wrap_page(&format!("{title}: colours of points"), &body))
}

const HOW: &str = "<p>A map shows the ground from above: each pixel is the mean over all points in it, at any height. A section \
shows a vertical slice: each pixel is the mean over its points. A point without a colour has that of its file, or is black: black ones are left out of the \
means.</p>\
<p>The vegetation index is (infrared − red) / (infrared + red) of the image at the point: near 1 for leaves, near 0 for bare soil, \
below 0 for water.</p>";

fn verdict_words(summary: &Value) -> String {
    let without = &summary["without_colour"];
    format!(
        "<b>{}</b> of {} points coloured; {} outside all images, {} where the images have no value, {} returns beyond the first.",
        group_thousands(f(&summary["coloured"])),
        group_thousands(f(&summary["points"])),
        group_thousands(f(&without["outside_all_images"])),
        group_thousands(f(&without["masked"])),
        group_thousands(f(&without["not_first_returns"]))
    )
}

/// The coloured cloud from above and from the side.
fn colour_section(views: &Views) -> Result<String> {
    let first = views.map.pixels(0);
    let png = colour_png(&views.map)?;
    let mut content = draw_frame(&png, &first.extent(), "map of the colours from above");
    let [side, _] = first.sides();
    let mut words = format!("Map: pixels of {side} m, north is up.");
    if !views.section.is_empty() {
        let pixels = views.section.pixels(0);
        let png = colour_png(&views.section)?;
        content += &frame_section(&png, &pixels, "the colours", views.slice);
        let slice = describe_slice(&views.section, views.slice);
        words += &format!(" Section: {slice}.");
    }
    let key = colour_key(picture::NO_VALUE, "points without a colour.");
    Ok(format!(
        "{content}<p class=small>{words} White: no points.{key}</p>"
    ))
}

/// The means of red, green and blue as a picture.
fn colour_png(cells: &CellMeans) -> Result<Vec<u8>> {
    let bands: [Pixels; 3] = [0, 1, 2].map(|band| cells.pixels(band));
    let mut samples = Vec::with_capacity(bands[0].means.len() * 4);
    for pixel in 0..bands[0].means.len() {
        let means = [0, 1, 2].map(|band| bands[band].means[pixel]);
        match means {
            [Some(red), Some(green), Some(blue)] => {
                let colour = if red.is_nan() {
                    picture::NO_VALUE
                } else {
                    [red, green, blue].map(|mean| (mean / 257.0).round() as u8)
                };
                samples.extend(colour);
                samples.push(u8::MAX);
            }
            _ => samples.extend([0; 4]),
        }
    }
    let size = [bands[0].columns as u32, bands[0].rows as u32];
    encode_png(size, PngColour::Rgba, &samples)
}

fn index_section(views: &Views) -> Result<String> {
    let pixels = views.map.pixels(INDEX);
    let png = picture::value_map(&pixels.means, pixels.columns, picture::vegetation)?;
    let map = draw_frame(&png, &pixels.extent(), "map of the vegetation index");
    let ticks = ["-1", "-0.5", "0", "0.5", "1"].map(str::to_owned);
    let legend = draw_legend(&picture::VEGETATION, &ticks);
    let values = &views.values[INDEX];
    let binned = values.binned(-1.0, 1.0, BINS);
    let histogram = Bars {
        title: "ndvi",
        edges: &binned.edges,
        counts: &binned.counts,
        band: None,
        note: format!(
            "n = {}; NaN: {}",
            group_thousands(values.count() as f64),
            group_thousands(values.missing() as f64)
        ),
    };
    let key = colour_key(picture::NO_VALUE, "points without a value.");
    Ok(format!(
        "{legend}{map}<p class=small>White: no points.{key}</p><div class=histograms style=\"max-width:420px\">{}</div>",
        histogram.draw()
    ))
}

/// The images with the points that each coloured.
fn image_table(summary: &Value) -> String {
    let head = [
        "image", "points", "level", "pixel, m", "bands", "samples", "date",
    ];
    let images = summary["images"].as_array();
    let rows: Vec<Vec<String>> = images
        .into_iter()
        .flatten()
        .map(|image| {
            let bands = image["bands"].as_array().into_iter().flatten();
            let bands: Vec<&str> = bands.filter_map(Value::as_str).collect();
            let name = image["image"].as_str().unwrap_or_default();
            vec![
                escape(&crate::epochs::short_name(name.as_ref())),
                group_thousands(f(&image["points"])),
                format!("{} of {}", image["level"], image["levels"]),
                image["pixel_m"].to_string(),
                bands.join(", "),
                image["samples"].as_str().unwrap_or_default().to_owned(),
                image["date"].as_str().unwrap_or("–").to_owned(),
            ]
        })
        .collect();
    format!("<div class=wide>{}</div>", html_table(&head, &rows))
}

/// Parameters that the page names.
const PARAMETERS: &[&str] = &[
    "sampling",
    "masked_pixels",
    "spacing_m",
    "range",
    "precedence",
    "bands_named_by",
    "attributes",
    "version",
];
