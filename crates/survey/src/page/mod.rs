//! The page that people look at: one file, nothing from elsewhere.

mod histogram;
mod map;
mod run;
mod sections;
mod text;
mod verdict;

use crate::{epochs::short_name, outputs::Outputs};
use isopach::raster::Grid;
use serde_json::Value;
use std::path::Path;
use text::escape;

const STYLE: &str = include_str!("page.css");

/// The page. `map`: the change map as PNG, its grid, and the change (metres) at the ends of its
/// colours.
pub(crate) fn html(
    summary: &Value,
    outputs: &Outputs,
    map: Option<(Vec<u8>, Grid, f64)>,
) -> String {
    let [before, after] = [&summary["inputs"][0], &summary["inputs"][1]].map(name);
    let mut body = format!(
        "<header><p class=kicker>isopach · terrain change</p><h1>{} → {}</h1><p class=verdict>{}</p>{}</header>",
        escape(&before),
        escape(&after),
        verdict::verdict(summary),
        verdict::warnings(summary)
    );
    if let Some((png, grid, limit)) = &map {
        body += &map::figure(png, grid, *limit);
    }
    body += &section("Volumes and areas", &sections::volumes(&summary["dod"]));
    if !summary["dod"]["zones"].is_null() {
        body += &section(
            "Volumes by polygon",
            &sections::zones(&summary["dod"]["zones"]),
        );
    }
    body += &section("Distributions", &histogram::histograms(outputs));
    if !summary["alignment"].is_null() {
        body += &section("Alignment", &sections::alignment(&summary["alignment"]));
    }
    if !summary["truth"].is_null() {
        body += &section("Found against true", &sections::truth(&summary["truth"]));
    }
    body += &section("Core points", &sections::core_points(&summary["m3c2"]));
    body += &section("Parameters, and why", &sections::parameters(summary));
    body += &section("Inputs", &sections::inputs(summary));
    body += &section("What ran, and how long", &run::run(&summary["run"]));
    body += &section("How to read this", HOW);
    body += &section("Files", &sections::files(summary));
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
<meta name=viewport content=\"width=device-width,initial-scale=1\">\
<title>{} → {}: what changed</title><style>{STYLE}</style><body>{body}</body></html>\n",
        escape(&before),
        escape(&after)
    )
}

const HOW: &str = "<p>Differences are <b>later minus earlier</b>: blue is gain, red is loss. Grey is a difference \
smaller than its level of detection. Ochre cells have points of both epochs, but could not be tested; on pale violet \
ones only one epoch has points.</p>\
<p>The level of detection is the 95 % quantile of Student's t times the standard error of the difference, plus 1.96 \
times the standard error of the alignment at that place. The standard error pools the spreads of both epochs. Where \
nothing changed, about one value in twenty exceeds it by chance.</p>\
<p>The net volume is the sum over all cells with data in both epochs. Gain and loss are corrected for what chance puts \
above the level of detection. Errors of volumes are at 95 % and contain the random errors of the cells, errors that \
neighbouring cells share (variogram), and the alignment.</p>\
<p>M3C2 measures along the normal of the surface; positive is towards the side that the normals point to. The DoD \
measures upwards; on slopes the two differ. C2C is the unsigned distance of each later point to the nearest earlier \
one, and contains the spacing and roughness of the points.</p>";

/// The files of an epoch, for people.
fn name(input: &Value) -> String {
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

fn section(title: &str, content: &str) -> String {
    format!("<section><h2>{title}</h2>{content}</section>")
}
