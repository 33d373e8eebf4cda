//! A page to look through the times.

use super::{
    film::{FRAMES, frame_name},
    groups::Group,
};
use crate::BANDS;
use isopach::solar::ObservationTime;
use isopach_program::finished::PAGE;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The page; `rows` describe the times, `scales` are the ends of the colours of each band, log₁₀.
pub(super) fn series_page(groups: &[Group], rows: &[Value], scales: &[[f32; 2]]) -> String {
    let style = include_str!("../page.css");
    let first = groups.first().map(|g| g.time);
    let last = groups.last().map(|g| g.time);
    let span = |time: Option<ObservationTime>| time.map_or(String::new(), |time| time.to_string());
    let mut body = format!(
        "<h1>Emission measure by temperature</h1><p class=lead>{} times from {} to {}.</p>\
         <p><input type=range id=at min=0 max={} value=0 style=\"width:100%\" aria-label=\"time\"> <b id=when></b></p><div class=panels>",
        groups.len(),
        span(first),
        span(last),
        groups.len().saturating_sub(1)
    );
    for (band, ([low, high], [from, to])) in BANDS.iter().zip(scales).enumerate() {
        let _ = write!(
            body,
            "<figure><figcaption style=\"padding-left:0\">log T {low} to {high}</figcaption><img data-band={band} src=\"{}\" alt=\"log T {low} to {high}\" \
             style=\"width:100%;image-rendering:pixelated\"><span class=quiet>dark to light: 10<sup>{from:.1}</sup> to 10<sup>{to:.1}</sup> cm⁻⁵; grey: no result, \
             or not above zero</span></figure>",
            frame_name(band, 0)
        );
    }
    body += "</div><h2>Times</h2><table><tr><th>time<th class=n>median χ² a channel<th>";
    for (group, row) in groups.iter().zip(rows) {
        let chi_squared = row["median_chi_squared"]
            .as_f64()
            .map_or("–".into(), |x| format!("{x:.2}"));
        let warnings = row["warnings"].as_array().map_or(0, Vec::len);
        let warned = match warnings {
            0 => String::new(),
            1 => "1 warning".into(),
            n => format!("{n} warnings"),
        };
        let _ = write!(
            body,
            "<tr><td><a href=\"{0}/{PAGE}\">{1}</a><td class=n>{chi_squared}<td>{warned}",
            group.folder, group.time
        );
    }
    body += "</table>";
    let times: Vec<String> = groups.iter().map(|group| group.time.to_string()).collect();
    let script = format!(
        "const times={};const show=()=>{{const i=document.getElementById('at').value;document.getElementById('when').textContent=times[i];\
         for(const image of document.querySelectorAll('img'))image.src='{FRAMES}/band_'+image.dataset.band+'_'+String(i).padStart(4,'0')+'.png'}};\
         document.getElementById('at').oninput=show;show()",
        json!(times)
    );
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>Emission measure, {} times</title><style>{style}</style><body>{body}<script>{script}</script></body></html>\n",
        groups.len()
    )
}
