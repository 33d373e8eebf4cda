//! The page that people look at.

use crate::{curves::Curve, frame, overview::Overview, pictures::Panel, source::About};
use isopach_program::escape::escape;
use serde_json::Value;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

const HOW: &str = "<p>Each pixel's counts were inverted to an emission measure by temperature (Hannah &amp; Kontar 2012), with a vertical and a horizontal \
error for every bin. A band sums the bins between two temperatures. Where χ² is far above 1 the counts are not explained: the response, the alignment \
or the errors are wrong there, and so is the emission measure. A good χ² alone does not make a bin trustworthy: look at its errors. \
Grey: no result, or not above zero. Colours are logarithmic from the first percent of the pixels to the last half percent, over three decades at most.</p>\
<p>A saturated channel says only that there was at least so much light. Pixels that were inverted without it rest on the other channels alone: what the \
missing one is sensitive to is less certain than its error says, and charge that ran over along the column may have added to neighbours below the level. \
Images that were averaged or interpolated smear saturated pixels below the level of a single one.</p>";

const CURVES: &str = "<p>Bars: emission measure of a bin with its vertical error, and a thin line as long as its horizontal error. Lines: EM loci, the emission measure \
that a channel alone would ask for if all plasma had that temperature. Each is an upper limit; where they cross, one temperature explains all channels. \
The errors are those of the noise at the λ that was chosen. They leave out that λ and the weights change with the noise, so that results of repeated exposures scatter more, and what no channel sees: for synthetic plasmas the truth lies outside the vertical error of the regularised method in most bins (calibrate -- emission).</p>";

/// The page of one time.
pub(crate) fn page_html(
    about: &About,
    summary: &Value,
    found: &Overview,
    panels: &[Panel],
    curves: &[Curve],
) -> String {
    let mut body = page_headline(about, summary, found);
    add_panels(&mut body, about, panels);
    add_curves(&mut body, about, curves);
    add_draws(&mut body, &summary["monte_carlo"], !curves.is_empty());
    if found.picture_factor() > 1 {
        let _ = write!(
            body,
            "<p>A pixel of a picture is the mean of {0} × {0} of the image.</p>",
            found.picture_factor()
        );
    }
    body += "<div class=tables>";
    add_statuses(&mut body, about, found);
    add_channels(&mut body, about, summary, found);
    add_truth(&mut body, &summary["against_truth"]);
    let _ = write!(
        body,
        "</div><h2>How to read this</h2>{HOW}<details><summary>Run</summary><pre>{}</pre></details>",
        escape(&format!("{summary:#}"))
    );
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>Emission measure</title><style>{STYLE}</style><body>{body}</body></html>\n"
    )
}

/// Title, sizes and warnings.
fn page_headline(about: &About, summary: &Value, found: &Overview) -> String {
    let mut body = format!(
        "<h1>Emission measure by temperature</h1><p class=lead>{} × {} pixels, {} bins of log T from {} to {}, median χ² {:.2}.</p>",
        about.leading[1],
        about.leading[0],
        summary["bins"],
        summary["log_t"][0],
        summary["log_t"][1],
        found.median_chi_squared()
    );
    let warnings = summary["warnings"].as_array().into_iter().flatten();
    for words in warnings.filter_map(Value::as_str) {
        let _ = write!(body, "<p class=warning>{}</p>", escape(words));
    }
    body
}

/// Adds the pictures of bands and maps.
fn add_panels(body: &mut String, about: &About, panels: &[Panel]) {
    *body += "<div class=panels>";
    for panel in panels {
        let picture = frame::draw_frame(panel, [about.leading[0], about.leading[1]], about.axes);
        let _ = write!(
            body,
            "<figure><figcaption>{}</figcaption>{picture}</figure>",
            panel.title
        );
    }
    *body += "</div>";
}

/// Adds curves of single places, and how to read them.
fn add_curves(body: &mut String, about: &About, curves: &[Curve]) {
    for curve in curves {
        let _ = write!(
            body,
            "<figure class=curve><figcaption>{}</figcaption>{}</figure>",
            escape(&curve.curve_title()),
            curve.draw_svg(&about.names)
        );
    }
    if !curves.is_empty() {
        *body += CURVES;
    }
}

/// Adds the scatter of draws of the noise, if there are draws.
fn add_draws(body: &mut String, draws: &Value, has_curves: bool) {
    if draws.is_null() {
        return;
    }
    let ratios = &draws["scatter_over_stated"];
    let [p16, median, p84] = ["p16", "median", "p84"].map(|name| two_decimals(&ratios[name]));
    let _ = write!(
        body,
        "<p>{} draws of the noise, each inverted separately, scatter {median} × the stated vertical error (16 to 84 %: {p16} to {p84}), where a bin has a tenth of \
         the largest or more.{}</p>",
        draws["draws"],
        if has_curves {
            " In the curves: orange, mean and scatter of the draws."
        } else {
            ""
        }
    );
}

/// A number with two decimals; a dash for none.
fn two_decimals(value: &Value) -> String {
    value.as_f64().map_or("–".into(), |x| format!("{x:.2}"))
}

/// A count and its share of all pixels, as cells of a table.
fn count_cells(about: &About, count: usize) -> String {
    let pixels: usize = about.leading.iter().product();
    format!(
        "<td class=n>{count}<td class=n>{:.2} %",
        100.0 * count as f64 / pixels.max(1) as f64
    )
}

/// Adds the number of pixels of each status.
fn add_statuses(body: &mut String, about: &About, found: &Overview) {
    *body += "<section><h2>Status of the pixels</h2><table>";
    for (status, pixels) in found.statuses() {
        let _ = write!(body, "<tr><td>{status}{}", count_cells(about, pixels));
    }
    *body += "</table></section>";
}

/// Adds missing and saturated pixels of each channel.
fn add_channels(body: &mut String, about: &About, summary: &Value, found: &Overview) {
    *body += "<section><h2>Channels</h2><table><tr><th><th class=n>missing<th class=n>saturated<th class=n>";
    for (f, missing) in found.missing_by_channel.iter().enumerate() {
        let name = if about.names.len() > 1 {
            escape(&about.names[f])
        } else {
            format!("channel {f}")
        };
        let _ = write!(
            body,
            "<tr><td>{name}<td class=n>{missing}{}",
            count_cells(about, found.saturated_by_channel[f])
        );
    }
    let _ = write!(
        body,
        "</table><p>Saturation: {}. Sensitivity: {}.</p></section>",
        escaped_text(&summary["saturation"]),
        about.sensitivity
    );
}

/// Adds the deviation of bands from the truth, if that is known.
fn add_truth(body: &mut String, truth: &Value) {
    let Some(bands) = truth.as_array() else {
        return;
    };
    *body += "<section><h2>Recovered over true</h2><table><tr><th>log T<th class=n>16 %<th class=n>median<th class=n>84 %<th class=n>pixels";
    for band in bands {
        let ratios = &band["found_over_true"];
        let [p16, median, p84] = ["p16", "median", "p84"].map(|name| two_decimals(&ratios[name]));
        let _ = write!(
            body,
            "<tr><td>{} to {}<td class=n>{p16}<td class=n>{median}<td class=n>{p84}<td class=n>{}",
            band["log_t"][0], band["log_t"][1], band["pixels"]
        );
    }
    *body += "</table><p>Pixels whose truth is above a tenth of its largest. Narrow bands trade with their neighbours within the horizontal error.</p></section>";
}

fn escaped_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), escape)
}
