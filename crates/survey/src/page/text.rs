//! Numbers, words and tables as HTML.

pub(crate) use isopach_program::escape::escape;
use serde_json::Value;

pub(crate) fn f(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Whole numbers with thin spaces between thousands.
pub(crate) fn group_thousands(value: f64) -> String {
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
    if value < 0.0 && digits != "0" {
        format!("−{text}")
    } else {
        text
    }
}

/// A length in metres with a sign, millimetres shown.
pub(crate) fn signed_number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:+.3}").replace('-', "−")
    } else {
        "–".into()
    }
}

pub(crate) fn plain_number(value: f64, decimals: usize) -> String {
    if value.is_finite() {
        format!("{value:.decimals$}").replace('-', "−")
    } else {
        "–".into()
    }
}

pub(crate) fn html_table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        cells
            .map(|cell| format!("<{tag}>{cell}</{tag}>"))
            .collect::<String>()
    };
    let head = if head.is_empty() {
        String::new()
    } else {
        format!("<tr>{}</tr>", cells("th", &mut head.iter().copied()))
    };
    let rows: String = rows
        .iter()
        .map(|row| {
            format!(
                "<tr>{}</tr>",
                cells("td", &mut row.iter().map(String::as_str))
            )
        })
        .collect();
    format!("<div class=scroll><table>{head}{rows}</table></div>")
}

pub(crate) fn html_list(values: &Value, decimals: usize) -> String {
    values
        .as_array()
        .into_iter()
        .flatten()
        .map(|v| plain_number(f(v), decimals))
        .collect::<Vec<_>>()
        .join(" · ")
}

pub(crate) fn list_of_words(values: &Value) -> String {
    values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(escape)
        .collect::<Vec<_>>()
        .join(", then ")
}

/// Those parameters of a summary that it has, as a table.
pub(crate) fn parameter_table(summary: &Value, keys: &[&str]) -> String {
    let shown = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        escape(&text.unwrap_or_else(|| value.to_string()))
    };
    let rows: Vec<Vec<String>> = keys
        .iter()
        .filter(|key| !summary[**key].is_null())
        .map(|key| vec![key.replace('_', " "), shown(&summary[*key])])
        .collect();
    html_table(&["parameter", "value"], &rows)
}
