//! The page of a run: contact sheet, views, frames that were refused.

use crate::{run::RefusedFrame, sheet::SHEET};
use isopach_program::escape::escape;
use serde_json::Value;
use std::fmt::Write as _;

/// Style of the page.
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;color:#222}
img{max-width:100%;height:auto}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}.refused td,.refused th{text-align:left}";

/// Content of the page. It has no times, so that a run that went on ends with the same page.
pub(crate) struct Shown<'a> {
    pub(crate) frames: usize,
    pub(crate) parameters: &'a Value,
    pub(crate) refused: &'a [RefusedFrame],
    pub(crate) warnings: &'a [String],
    pub(crate) has_sheet: bool,
}

impl Shown<'_> {
    /// The page.
    pub(crate) fn to_html(&self) -> String {
        let views = self.parameters["views"].as_array();
        let views: &[Value] = views.map_or(&[], |views| views);
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Perspective views</title>\n<style>{STYLE}</style></head><body>\n<h1>Perspective views</h1>\n<p>{} frames of {} × {} pixels, {} views each.</p>\n",
            self.frames,
            self.parameters["panorama"][0],
            self.parameters["panorama"][1],
            views.len(),
        );
        if self.has_sheet {
            let _ = writeln!(
                page,
                "<p><img src=\"{SHEET}\" alt=\"small pictures of the views\"><br>The first, the middle and the last frame; a column a view.</p>"
            );
        }
        for warning in self.warnings {
            let _ = writeln!(page, "<p><b>{}</b></p>", escape(warning));
        }
        self.add_refused(&mut page);
        add_views(&mut page, views);
        self.add_parameters(&mut page);
        page.push_str("</body></html>\n");
        page
    }

    fn add_refused(&self, page: &mut String) {
        if self.refused.is_empty() {
            return;
        }
        let _ = writeln!(
            page,
            "<h2>Frames without views: {}</h2>\n<table class=\"refused\"><tr><th>frame</th><th>reason</th></tr>",
            self.refused.len()
        );
        for frame in self.refused {
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td></tr>",
                escape(&frame.name),
                escape(&frame.reason)
            );
        }
        page.push_str("</table>\n");
    }

    fn add_parameters(&self, page: &mut String) {
        page.push_str("<h2>Parameters</h2>\n<table>\n");
        let parameters = self.parameters.as_object().into_iter().flatten();
        for (name, value) in parameters.filter(|(name, value)| *name != "views" && !value.is_null())
        {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td></tr>",
                escape(name),
                escape(&value)
            );
        }
        page.push_str("</table>\n");
    }
}

/// Columns of the table of views: key of a view, heading, decimals.
const COLUMNS: [(&str, &str, usize); 8] = [
    ("yaw_degrees", "yaw °", 2),
    ("pitch_degrees", "pitch °", 2),
    ("roll_degrees", "roll °", 2),
    ("horizontal_fov_degrees", "horizontal field °", 2),
    ("vertical_fov_degrees", "vertical field °", 2),
    ("columns", "columns", 0),
    ("rows", "rows", 0),
    ("places_a_side", "places a side", 0),
];

fn add_views(page: &mut String, views: &[Value]) {
    page.push_str("<h2>Views</h2>\n<table><tr><th>folder</th>");
    for (_, heading, _) in COLUMNS {
        let _ = write!(page, "<th>{heading}</th>");
    }
    page.push_str("</tr>\n");
    for (number, view) in views.iter().enumerate() {
        let _ = write!(page, "<tr><td>pano_camera{number}</td>");
        for (key, _, decimals) in COLUMNS {
            let value = view[key].as_f64().unwrap_or(f64::NAN);
            let _ = write!(page, "<td>{value:.decimals$}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}
