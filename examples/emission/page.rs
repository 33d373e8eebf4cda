//! The page that people look at.

use crate::pictures::Panel;
use serde_json::Value;
use std::fmt::Write as _;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fafaf8}\
h1{font-weight:600;margin-bottom:.2rem}.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1.2rem}\
figure{margin:0}img{width:100%;image-rendering:pixelated;border-radius:4px}figcaption{font-size:.9rem}\
.scale{height:.5rem;border-radius:2px;background:linear-gradient(90deg,#000004,#550f6d,#ba3655,#f98c0a,#fcffa4)}\
.ends{display:flex;justify-content:space-between;font-size:.8rem;color:#555}table{border-collapse:collapse}\
td,th{padding:.2rem 1rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}pre{white-space:pre-wrap;font-size:.85rem}";

const HOW: &str = "<p>Each pixel's counts were inverted to an emission measure by temperature (Hannah &amp; Kontar 2012), with a vertical and a horizontal \
error for every bin. A band sums the bins between two temperatures. Where χ² is far above 1 the counts are not explained: the response, the alignment \
or the errors are wrong there, and so is the emission measure. A good χ² alone does not make a bin trustworthy: look at its errors in \
<code>emission.fits</code>. Grey: no result, or not above zero. Colours are logarithmic from the first percent of the pixels to the last half percent, over three decades at most.</p>";

/// The page.
pub(crate) fn html(summary: &Value, panels: &[Panel]) -> String {
    let mut body = format!("<h1>Emission measure by temperature</h1><p>{}</p><div class=panels>", inputs(summary));
    for panel in panels {
        let Panel { file, title, ends: [low, high] } = panel;
        let _ = write!(
            body,
            "<figure><figcaption>{title}</figcaption><img src=\"{file}\" alt=\"{title}\"><div class=scale></div>\
             <div class=ends><span>{low}</span><span>{high}</span></div></figure>"
        );
    }
    body += "</div><h2>How the pixels ended</h2><table>";
    for (status, pixels) in summary["status"].as_object().into_iter().flatten() {
        let _ = write!(body, "<tr><td>{status}<td>{pixels}");
    }
    body += "</table>";
    if let Some(bands) = summary["against_truth"].as_array() {
        body += "<h2>Found over true</h2><table><tr><th>log T<th>16 %<th>median<th>84 %<th>pixels";
        for band in bands {
            let ratio = |name: &str| band["found_over_true"][name].as_f64().map_or("–".into(), |r| format!("{r:.2}"));
            let (from, to, pixels) = (&band["log_t"][0], &band["log_t"][1], &band["pixels"]);
            let _ = write!(
                body,
                "<tr><td>{from} to {to}<td>{}<td>{}<td>{}<td>{pixels}",
                ratio("p16"),
                ratio("median"),
                ratio("p84")
            );
        }
        body += "</table><p>Where the truth is above a tenth of its largest. Narrow bands trade with their neighbours within the horizontal error.</p>";
    }
    let _ = write!(body, "<h2>How to read this</h2>{HOW}<h2>Run</h2><pre>{summary:#}</pre>");
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>Emission measure</title><style>{STYLE}</style><body>{body}</body></html>\n"
    )
}

fn inputs(summary: &Value) -> String {
    let names = summary["input"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| name.replace('&', "&amp;").replace('<', "&lt;")).collect::<Vec<_>>().join(" · ")
}
