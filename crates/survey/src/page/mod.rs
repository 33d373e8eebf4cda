//! The page that people look at: one file, nothing from elsewhere.

pub(crate) mod histogram;
pub(crate) mod map;
mod run;
mod sections;
pub(crate) mod text;
pub(crate) mod verdict;

use crate::{epochs::short_name, outputs::Outputs};
use isopach::raster::Grid;
use serde_json::Value;
use std::path::Path;
use text::escape;

const STYLE: &str = include_str!("page.css");

/// The page. `map`: the change map as PNG, its grid, and the change (metres) at the ends of its
/// colours.
pub(crate) fn page_html(
    summary: &Value,
    outputs: &Outputs,
    map: Option<(Vec<u8>, Grid, f64)>,
) -> String {
    let [before, after] = [&summary["inputs"][0], &summary["inputs"][1]].map(epoch_names);
    let mut body = format!(
        "<header><p class=kicker>isopach · terrain change</p><h1>{} → {}</h1><p class=verdict>{}</p>{}</header>",
        escape(&before),
        escape(&after),
        verdict::verdict_section(summary),
        verdict::warnings_section(summary)
    );
    if let Some((png, grid, limit)) = &map {
        body += &map::map_figure(png, grid, *limit);
    }
    body += &page_section(
        "Volumes and areas",
        &sections::volumes_section(&summary["dod"]),
    );
    if !summary["dod"]["zones"].is_null() {
        body += &page_section(
            "Volumes by polygon",
            &sections::zones_section(&summary["dod"]["zones"]),
        );
    }
    body += &page_section("Distributions", &histogram::draw_histograms(outputs));
    if !summary["alignment"].is_null() {
        body += &page_section(
            "Alignment",
            &sections::alignment_section(&summary["alignment"]),
        );
    }
    if !summary["truth"].is_null() {
        body += &page_section(
            "Found against true",
            &sections::truth_section(&summary["truth"]),
        );
    }
    body += &page_section("Core points", &sections::core_points(&summary["m3c2"]));
    body += &page_section(
        "Parameters, and why",
        &sections::parameters_section(summary),
    );
    body += &page_section("Inputs", &sections::inputs_section(summary));
    body += &page_section("Run", &run::run_section(&summary["run"]));
    let lod = &summary["parameters"]["level_of_detection"];
    body += &page_section(
        "How to read this",
        &how_to_read(lod.as_str().unwrap_or_default()),
    );
    body += &page_section("Files", &sections::files_section(summary));
    let title = format!("{} → {}: terrain change", escape(&before), escape(&after));
    wrap_page(&title, &body)
}

/// A page with everything in it; nothing comes from elsewhere.
pub(crate) fn wrap_page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
<meta name=viewport content=\"width=device-width,initial-scale=1\">\
<title>{title}</title><style>{STYLE}</style><body>{body}</body></html>\n"
    )
}

/// Content of the page, with levels of detection by this method.
fn how_to_read(lod: &str) -> String {
    const STUDENT: &str = "The level of detection is the 95 % quantile of Student's t times the standard error of the \
difference, plus 1.96 times the standard error of the alignment at that place. The standard error pools the spreads of \
both epochs. Where nothing changed, about one value in twenty exceeds it by chance.";
    const NORMAL: &str = "The level of detection is 1.96 times the standard error of the difference, from the spread of \
each epoch, plus 1.96 times the standard error of the alignment at that place. With few points in an epoch far more than \
one value in twenty exceeds it where nothing changed.";
    const SCANNER: &str = " That of M3C2 is 1.96 times the standard error from the errors of the scanners' points \
(M3C2-EP) instead: it has no roughness.";
    let level = match lod {
        "normal" => NORMAL.to_owned(),
        "scanner" => format!("{STUDENT}{SCANNER}"),
        _ => STUDENT.to_owned(),
    };
    format!("{HOW}<p>{level}</p>{MORE}")
}

const HOW: &str = "<p>Differences are <b>later minus earlier</b>: blue is gain, red is loss. Grey is a difference \
smaller than its level of detection. Ochre cells have points of both epochs, but could not be tested; on pale violet \
ones only one epoch has points.</p>";
const MORE: &str = "<p>The net volume is the sum over all cells with data in both epochs. Gain and loss are corrected for the cells that chance puts above the level of detection. Errors of volumes are at 95 % and contain the random errors of the cells, errors that \
neighbouring cells share (variogram), and the alignment.</p>\
<p>M3C2 measures along the normal of the surface; positive is towards the side that the normals point to. The DoD \
measures upwards; on slopes the two differ. C2C is the unsigned distance of each later point to the nearest earlier \
one, and contains the spacing and roughness of the points.</p>";

/// The files of an epoch, for people.
fn epoch_names(input: &Value) -> String {
    let paths: Vec<String> = input["paths"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|p| short_name(Path::new(p)))
        .collect();
    match &paths[..] {
        [] => "?".into(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// A part of a page under its heading.
pub(crate) fn page_section(title: &str, content: &str) -> String {
    format!("<section><h2>{title}</h2>{content}</section>")
}
