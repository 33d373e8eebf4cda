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
The errors are those of the noise at the λ that was chosen. They leave out that λ and the weights change with the noise, so that results of repeated exposures scatter more, and what no channel sees: of \
made-up plasmas the truth lies outside the vertical error of the regularised method in most bins (calibrate -- emission).</p>";

/// The page.
pub(crate) fn html(
    about: &About,
    summary: &Value,
    found: &Overview,
    panels: &[Panel],
    curves: &[Curve],
) -> String {
    let names: Vec<String> = about.names.iter().map(|name| escape(name)).collect();
    let mut body = format!(
        "<h1>Emission measure by temperature</h1><p class=lead>{} × {} pixels, {} bins of log T from {} to {}, median χ² {:.2}.</p>",
        about.leading[1],
        about.leading[0],
        summary["bins"],
        summary["log_t"][0],
        summary["log_t"][1],
        found.median_chi_squared()
    );
    for words in summary["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let _ = write!(body, "<p class=warning>{}</p>", escape(words));
    }
    body += "<div class=panels>";
    for panel in panels {
        let picture = frame::svg(panel, [about.leading[0], about.leading[1]], about.axes);
        let _ = write!(
            body,
            "<figure><figcaption>{}</figcaption>{picture}</figure>",
            panel.title
        );
    }
    body += "</div>";
    for curve in curves {
        let _ = write!(
            body,
            "<figure class=curve><figcaption>{}</figcaption>{}</figure>",
            escape(&curve.title()),
            curve.svg(&about.names)
        );
    }
    if !curves.is_empty() {
        body += CURVES;
    }
    let draws = &summary["monte_carlo"];
    if !draws.is_null() {
        let ratio = |name: &str| {
            draws["scatter_over_stated"][name]
                .as_f64()
                .map_or("–".into(), |x| format!("{x:.2}"))
        };
        let [p16, median, p84] = ["p16", "median", "p84"].map(ratio);
        let _ = write!(
            body,
            "<p>{} draws of the noise, each inverted anew, scatter {median} × the stated vertical error (16 to 84 %: {p16} to {p84}), where a bin has a tenth of \
             the largest or more.{}</p>",
            draws["draws"],
            if curves.is_empty() {
                ""
            } else {
                " In the curves: orange, mean and scatter of the draws."
            }
        );
    }
    if found.factor() > 1 {
        let _ = write!(
            body,
            "<p>A pixel of a picture is the mean of {0} × {0} of the image.</p>",
            found.factor()
        );
    }
    let pixels: usize = about.leading.iter().product();
    let share = |n: usize| {
        format!(
            "<td class=n>{n}<td class=n>{:.2} %",
            100.0 * n as f64 / pixels.max(1) as f64
        )
    };
    body += "<div class=tables><section><h2>How the pixels ended</h2><table>";
    for (status, pixels) in found.statuses() {
        let _ = write!(body, "<tr><td>{status}{}", share(pixels));
    }
    body += "</table></section><section><h2>Channels</h2><table><tr><th><th class=n>missing<th class=n>saturated<th class=n>";
    for f in 0..found.missing_by_channel.len() {
        let name = if names.len() > 1 {
            names[f].clone()
        } else {
            format!("channel {f}")
        };
        let _ = write!(
            body,
            "<tr><td>{name}<td class=n>{}{}",
            found.missing_by_channel[f],
            share(found.saturated_by_channel[f])
        );
    }
    let _ = write!(
        body,
        "</table><p>Saturation: {}. Sensitivity: {}.</p></section>",
        text(&summary["saturation"]),
        about.sensitivity
    );
    if let Some(bands) = summary["against_truth"].as_array() {
        body += "<section><h2>Found over true</h2><table><tr><th>log T<th class=n>16 %<th class=n>median<th class=n>84 %<th class=n>pixels";
        for band in bands {
            let ratio = |name: &str| {
                band["found_over_true"][name]
                    .as_f64()
                    .map_or("–".into(), |r| format!("{r:.2}"))
            };
            let from = &band["log_t"][0];
            let to = &band["log_t"][1];
            let pixels = &band["pixels"];
            let [p16, median, p84] = ["p16", "median", "p84"].map(ratio);
            let _ = write!(
                body,
                "<tr><td>{from} to {to}<td class=n>{p16}<td class=n>{median}<td class=n>{p84}<td class=n>{pixels}"
            );
        }
        body += "</table><p>Where the truth is above a tenth of its largest. Narrow bands trade with their neighbours within the horizontal error.</p></section>";
    }
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

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), escape)
}
