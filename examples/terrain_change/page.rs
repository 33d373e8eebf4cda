//! The page that people look at: one file, nothing from elsewhere.

use crate::{arguments::Arguments, distribution::Distribution, outputs::Outputs, short_name};
use isopach::raster::{Grid, picture};
use serde_json::Value;
use std::{fmt::Write as _, path::Path};

const STYLE: &str = include_str!("page.css");

/// The page. `map`: the change map as PNG, its grid, and the change (metres) at the ends of its colours.
pub(crate) fn html(
    summary: &Value,
    outputs: &Outputs,
    map: Option<(Vec<u8>, Grid, f64)>,
    arguments: &Arguments,
) -> String {
    let [before, after] = [&summary["inputs"][0], &summary["inputs"][1]].map(name);
    let mut body = format!(
        "<header><p class=kicker>isopach · terrain change</p><h1>{} → {}</h1><p class=verdict>{}</p></header>",
        escape(&before),
        escape(&after),
        verdict(summary)
    );
    if let Some((png, grid, limit)) = &map {
        body += &figure(png, grid, *limit);
    }
    body += &section("Volumes and areas", &volumes(&summary["dod"]["volumes"]));
    body += &section("Distributions", &histograms(outputs));
    if !summary["alignment"].is_null() {
        body += &section("Alignment", &alignment(&summary["alignment"]));
    }
    if !summary["truth"].is_null() {
        body += &section("Found against true", &truth(&summary["truth"]));
    }
    body += &section("Core points", &core_points(&summary["m3c2"]));
    body += &section("Inputs", &inputs(summary));
    body += &section("What ran, and how long", &run(&summary["run"]));
    body += &section("How to read this", HOW);
    body += &section("Files", &files(summary, arguments));
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{} → {}: what changed</title><style>{STYLE}</style><body>{body}</body></html>\n",
        escape(&before),
        escape(&after)
    )
}

const HOW: &str = "<p>Differences are <b>later minus earlier</b>: blue is gain, red is loss, grey is a difference that is smaller than its \
level of detection. The level of detection is 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration error), with the standard deviation s and number n of the points of \
each epoch in the cell or cylinder: on ground where nothing changed, about one value in twenty exceeds it by chance. Errors of volumes are at \
95 %: the random errors of cells add in quadrature, the registration error is shared by all of them.</p>\
<p>M3C2 measures along the normal of the surface, the DoD upwards; on slopes the two differ. C2C is the unsigned distance of each later point to the nearest \
earlier one, and contains the spacing and roughness of the points.</p>";

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

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn section(title: &str, content: &str) -> String {
    format!("<section><h2>{title}</h2>{content}</section>")
}

fn f(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Whole numbers with thin spaces between thousands.
fn thousands(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("−{text}") } else { text }
}

/// A length in metres with a sign, millimetres shown.
fn signed(value: f64) -> String {
    if value.is_finite() { format!("{value:+.3}").replace('-', "−") } else { "–".into() }
}

fn plain(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}").replace('-', "−") } else { "–".into() }
}

fn verdict(summary: &Value) -> String {
    let volumes = &summary["dod"]["volumes"]["significant"];
    let side = |name: &str| {
        format!("<b>{} m³</b> ± {}", thousands(f(&volumes[name]["m3"])), thousands(f(&volumes[name]["error_m3"])))
    };
    let changed = f(&volumes["gain"]["area_m2"]) + f(&volumes["loss"]["area_m2"]);
    let mut text = format!(
        "{} were gained and {} lost; {:.1} % of {} m² changed significantly.",
        side("gain"),
        side("loss"),
        100.0 * changed / f(&summary["dod"]["area_m2"]),
        thousands(f(&summary["dod"]["area_m2"]))
    );
    let shift = &summary["alignment"]["later_to_earlier_translation_m"];
    if f(&shift[2]).abs() > 0.05 {
        let (lies, by) = if f(&shift[2]) > 0.0 { ("lower", f(&shift[2])) } else { ("higher", -f(&shift[2])) };
        let _ = write!(
            text,
            " Before alignment the whole of the later epoch lay {by:.2} m {lies}: a difference of datum or positioning, not change, and it has been removed."
        );
    }
    let median = f(&summary["dod"]["difference_m"]["median"]);
    if summary["alignment"].is_null() && median.abs() > 0.05 {
        let _ = write!(
            text,
            " The median difference is {} m: if most of the ground is stable, the epochs differ in datum or position, and need to be aligned (--align icp).",
            signed(median)
        );
    }
    text
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// The largest of 1, 2, 5 times a power of ten that is at most `length`.
fn round_length(length: f64) -> f64 {
    let power = 10_f64.powf(length.log10().floor());
    [5.0, 2.0].into_iter().map(|m| m * power).find(|l| *l <= length).unwrap_or(power)
}

fn figure(png: &[u8], grid: &Grid, limit: f64) -> String {
    let extent = grid.extent();
    let [width, height] = extent.size();
    let bar = round_length(width / 4.0);
    let pixel = grid.cell_size;
    let colours: Vec<String> = picture::DIVERGING.iter().map(|[r, g, b]| format!("rgb({r},{g},{b})")).collect();
    let [r, g, b] = picture::INSIGNIFICANT;
    let ticks: String =
        [-1.0, -0.5, 0.0, 0.5, 1.0].iter().map(|share| format!("<span>{}</span>", plain(share * limit, 2))).collect();
    format!(
        "<figure><div class=map style=\"aspect-ratio:{width}/{height};max-width:min(100%,calc(86vh*{}))\"><img alt=\"shaded map of height differences\" src=\"data:image/png;base64,{}\">\
<div class=north>N<br>↑</div><div class=scale style=\"width:{:.2}%\">{} m</div></div>\
<div class=corner><span>{:.0} E {:.0} N</span><span>{:.0} E {:.0} N</span></div>\
<figcaption><div class=legend><div class=ramp style=\"background:linear-gradient(90deg,{})\"></div><div class=ticks>{ticks}</div></div>\
<p>Height difference, m, later − earlier, shaded by the earlier surface. <i style=\"background:rgb({r},{g},{b})\"></i> not significant. White: no data in one of the epochs. Colours end at the 98th percentile. Pixels of {pixel} m.</p></figcaption></figure>",
        width / height,
        base64(png),
        100.0 * bar / width,
        thousands(bar),
        extent.min[0],
        extent.min[1],
        extent.max[0],
        extent.max[1],
        colours.join(",")
    )
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        cells.map(|cell| format!("<{tag}>{cell}</{tag}>")).collect::<String>()
    };
    let head =
        if head.is_empty() { String::new() } else { format!("<tr>{}</tr>", cells("th", &mut head.iter().copied())) };
    let rows: String =
        rows.iter().map(|row| format!("<tr>{}</tr>", cells("td", &mut row.iter().map(String::as_str)))).collect();
    format!("<div class=scroll><table>{head}{rows}</table></div>")
}

fn volumes(all: &Value) -> String {
    let mut rows = Vec::new();
    for (label, set) in [("significant", "beyond the level of detection"), ("all", "all cells")] {
        for side in ["gain", "loss", "net"] {
            let v = &all[label][side];
            rows.push(vec![
                format!("{side}, {set}"),
                thousands(f(&v["m3"])),
                format!("± {}", thousands(f(&v["error_m3"]))),
                if side == "net" { String::new() } else { thousands(f(&v["area_m2"])) },
            ]);
        }
    }
    table(&["", "volume, m³", "95 %", "area, m²"], &rows)
}

/// A histogram as SVG; `band`: half width of the band of what is not significant.
fn histogram(title: &str, of: &Distribution, low: f64, high: f64, band: Option<f64>) -> String {
    let (edges, counts, outside) = of.histogram(low, high, 80);
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else { return String::new() };
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let x = |value: f64| 10.0 + 380.0 * (value - first) / (last - first).max(f64::MIN_POSITIVE);
    let mut bars = String::new();
    if let Some(half) = band.filter(|half| half.is_finite()) {
        let (a, b) = (x((-half).max(first)), x(half.min(last)));
        let _ = write!(bars, "<rect class=band x={a:.1} y=14 width={:.1} height=126 />", (b - a).max(0.0));
    }
    for (pair, count) in edges.windows(2).zip(&counts) {
        let height = 120.0 * *count as f64 / most;
        let class = if pair[0] + pair[1] < 0.0 { "loss" } else { "gain" };
        let width = (x(pair[1]) - x(pair[0])).max(0.5);
        let _ = write!(
            bars,
            "<rect class={class} x={:.2} y={:.1} width={width:.2} height={height:.1} />",
            x(pair[0]),
            140.0 - height
        );
    }
    let step = round_length((last - first) / 3.0);
    let mut tick = (first / step).ceil() * step;
    while tick <= last + 1e-9 {
        let label = plain(if tick.abs() < 1e-9 { 0.0 } else { tick }, if step < 0.1 { 2 } else { 1 });
        let _ = write!(bars, "<line x1={0:.1} x2={0:.1} y1=140 y2=144 /><text x={0:.1} y=156>{label}</text>", x(tick));
        tick += step;
    }
    format!(
        "<div class=histogram><h3>{title}</h3><svg viewBox=\"0 0 400 162\" role=img><line x1=10 x2=390 y1=140 y2=140 />{bars}</svg>\
<p>n = {}; median {} m, mean {} m; outside: {} below, {} above; none: {}</p></div>",
        thousands(of.count() as f64),
        signed(of.quantile(0.5)),
        signed(of.mean()),
        thousands(outside[0] as f64),
        thousands(outside[1] as f64),
        thousands(of.missing() as f64)
    )
}

fn histograms(outputs: &Outputs) -> String {
    let found = &outputs.found;
    let reach = |of: &Distribution| {
        let reach = of.quantile(0.005).abs().max(of.quantile(0.995).abs()) * 1.1;
        if reach.is_finite() { reach.clamp(0.05, 20.0) } else { 1.0 }
    };
    let (dod, m3c2) = (reach(&found.dod), reach(&found.m3c2));
    let c2c = found.c2c.quantile(0.995);
    let band = Some(found.level_of_detection.quantile(0.5));
    format!(
        "<div class=histograms>{}{}{}</div>",
        histogram("DoD: height difference, m", &found.dod, -dod, dod, None),
        histogram(
            "M3C2: distance along the normal, m (band: median level of detection)",
            &found.m3c2,
            -m3c2,
            m3c2,
            band
        ),
        histogram(
            "C2C: distance to the earlier epoch, m",
            &found.c2c,
            0.0,
            if c2c.is_finite() { c2c.max(0.05) } else { 1.0 },
            None
        )
    )
}

fn list(values: &Value, decimals: usize) -> String {
    values.as_array().into_iter().flatten().map(|v| plain(f(v), decimals)).collect::<Vec<_>>().join(" · ")
}

fn alignment(found: &Value) -> String {
    let converged = if found["converged"] == true { "converged" } else { "not converged" };
    table(
        &[],
        &[
            vec![
                "translation of the later epoch, E · N · up, m".into(),
                list(&found["later_to_earlier_translation_m"], 4),
            ],
            vec!["rotation about E · N · up, mrad".into(), list(&found["rotation_mrad"], 4)],
            vec!["about the point".into(), list(&found["about"], 2)],
            vec!["residual of the pairs, rmse, m".into(), plain(f(&found["rmse_m"]), 4)],
            vec!["pairs that took part".into(), format!("{:.1} %", 100.0 * f(&found["inlier_fraction"]))],
            vec!["registration error, m".into(), plain(f(&found["registration_error_m"]), 5)],
            vec!["steps of the last round".into(), format!("{}, {converged}", found["iterations"])],
        ],
    )
}

fn truth(found: &Value) -> String {
    let row = |what: &str, found: String, truth: String| vec![what.to_owned(), found, truth];
    table(
        &["", "found", "true"],
        &[
            row("gain, m³", thousands(f(&found["found_gain_m3"])), thousands(f(&found["true_gain_m3"]))),
            row("loss, m³", thousands(f(&found["found_loss_m3"])), thousands(f(&found["true_loss_m3"]))),
            row("net of all cells, m³", thousands(f(&found["found_net_m3"])), thousands(f(&found["true_net_m3"]))),
            row("left of the misalignment, mm", plain(f(&found["alignment_error_mm"]), 2), "0".into()),
            row("left of the misalignment, mrad", plain(f(&found["alignment_error_mrad"]), 4), "0".into()),
            row(
                "DoD error, mean and rms, m",
                format!("{} · {}", signed(f(&found["dod_error_mean_m"])), plain(f(&found["dod_error_rms_m"]), 4)),
                "0".into(),
            ),
            row(
                "M3C2 error, mean and rms, m",
                format!("{} · {}", signed(f(&found["m3c2_error_mean_m"])), plain(f(&found["m3c2_error_rms_m"]), 4)),
                "0".into(),
            ),
            row(
                "stable ground called changed",
                format!("{:.2} %", 100.0 * f(&found["stable_significant_fraction"])),
                "about 5 %".into(),
            ),
        ],
    )
}

fn core_points(m3c2: &Value) -> String {
    let mut rows = vec![
        vec!["core points".into(), thousands(f(&m3c2["core_points"]))],
        vec!["significant".into(), thousands(f(&m3c2["significant"]))],
    ];
    for (status, count) in m3c2["status"].as_object().into_iter().flatten() {
        rows.push(vec![escape(status), thousands(f(count))]);
    }
    table(&[], &rows)
}

fn inputs(summary: &Value) -> String {
    let mut rows = Vec::new();
    for (epoch, input) in ["earlier", "later"].iter().zip(summary["inputs"].as_array().into_iter().flatten()) {
        for file in input["files"].as_array().into_iter().flatten() {
            let path = file["path"].as_str().unwrap_or("?");
            rows.push(vec![
                (*epoch).into(),
                escape(&short_name(Path::new(path))),
                thousands(f(&file["points"])),
                format!("LAS {} PDRF {}", file["las"].as_str().unwrap_or("?"), file["pdrf"]),
                escape(input["crs"].as_str().unwrap_or("not stated")),
            ]);
        }
    }
    let parameters: Vec<String> = summary["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{} {}", escape(name), escape(&value.to_string())))
        .collect();
    format!(
        "{}<p class=small>{}</p>",
        table(&["epoch", "file", "points", "format", "coordinate system"], &rows),
        parameters.join(" · ")
    )
}

fn run(ran: &Value) -> String {
    let wall = f(&ran["wall_s"]);
    let mut bar = String::new();
    let mut rows = Vec::new();
    for (stage, seconds) in ran["stages_s"].as_object().into_iter().flatten() {
        let share = 100.0 * f(seconds) / wall;
        let _ = write!(bar, "<div class=\"stage {stage}\" style=\"width:{share:.2}%\" title=\"{stage}\"></div>");
        rows.push(vec![
            format!("<i class={stage}></i>{stage}"),
            format!("{:.2} s", f(seconds)),
            format!("{share:.0} %"),
        ]);
    }
    let devices = list_of_words(&ran["devices"]);
    format!(
        "<p>{wall:.2} s on {devices}, {} threads; {} tiles ({} empty, {} done before, {} cut), {} reruns; at most {} MiB of memory.</p><div class=stages>{bar}</div>{}{}",
        ran["threads"],
        ran["tiling"]["tiles"],
        ran["tiling"]["tiles_empty"],
        ran["tiling"]["tiles_kept"],
        ran["tiling"]["tiles_cut"],
        ran["tiling"]["reruns"],
        thousands(f(&ran["peak_rss_mib"])),
        table(&[], &rows),
        moved(&ran["tiling"])
    )
}

/// What was decoded, held and put on disk.
fn moved(tiling: &Value) -> String {
    let mebibytes = |bytes: &Value| thousands(f(bytes) / f64::from(1 << 20));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for source in tiling["sources"].as_array().into_iter().flatten() {
        rows.push(vec![
            escape(source["name"].as_str().unwrap_or("?")),
            format!("{} points", thousands(f(&source["points"]))),
            format!("{} chunks, each decoded {} ×", source["decodes"], plain(f(&source["decodes_per_chunk"]), 2)),
        ]);
    }
    for (what, bytes) in [
        ("decoded", &tiling["bytes_decoded"]),
        ("held for tiles at most", &tiling["peak_bytes"]),
        ("memory given", &tiling["memory"]),
        ("put on disk meanwhile", &tiling["bytes_spilled"]),
    ] {
        rows.push(vec![what.into(), format!("{} MiB", mebibytes(bytes)), String::new()]);
    }
    for reason in tiling["absent"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        rows.push(vec!["not used".into(), escape(reason), String::new()]);
    }
    for passed in tiling["passed_on"].as_array().into_iter().flatten() {
        let causes = passed["causes"].as_object().into_iter().flatten();
        let causes: Vec<String> = causes.map(|(cause, times)| format!("{times} × {cause}")).collect();
        let device = escape(passed["device"].as_str().unwrap_or("?"));
        rows.push(vec![format!("passed on by {device}"), escape(&causes.join(", ")), String::new()]);
    }
    for failure in tiling["failures"].as_array().into_iter().flatten() {
        let error = escape(failure["error"].as_str().unwrap_or("?"));
        rows.push(vec![format!("tile {} failed", failure["tile"]), list(&failure["extent"], 2), error]);
    }
    table(&[], &rows)
}

fn list_of_words(values: &Value) -> String {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(", then ")
}

fn files(summary: &Value, arguments: &Arguments) -> String {
    let links: String = summary["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .chain(["summary.json"])
        .map(|file| format!("<li><a href=\"{file}\">{file}</a></li>"))
        .collect();
    let command = format!(
        "terrain_change {} {} --cell {} --core-spacing {} --cylinder-radius {} --depth {}",
        arguments.before.as_deref().unwrap_or_default(),
        arguments.after.as_deref().unwrap_or_default(),
        arguments.cell,
        arguments.core_spacing,
        arguments.cylinder_radius,
        arguments.depth
    );
    format!(
        "<ul>{links}</ul><p class=small>isopach {} · <code>{}</code></p>",
        summary["version"].as_str().unwrap_or("?"),
        escape(&command)
    )
}
