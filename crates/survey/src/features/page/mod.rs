//! The page beside the file: maps, sections, histograms and quantiles of its columns.

pub(crate) mod cells;
mod colours;
pub(crate) mod figures;
mod numbers;
pub(crate) mod values;
pub(crate) mod views;

pub(crate) use values::Values;
pub(crate) use views::Views;

use super::columns::OutputColumn;
use crate::page::{
    histogram::Bars,
    map::{colour_key, draw_legend},
    page_section,
    text::{escape, f, group_thousands, html_table, parameter_table},
    verdict::warnings_section,
    wrap_page,
};
use colours::{Colours, histogram_range};
use isopach::{compute::Result, raster::picture};
use numbers::{format_value, significant, unit_words};
use serde_json::Value;

/// Bins of a histogram.
const BINS: usize = 60;

/// The columns of one quantity, at one scale or several.
struct Quantity<'a> {
    columns: &'a [OutputColumn],
    /// Number of each column in the file.
    numbers: Vec<usize>,
}

/// The page of a run, from its summary and sums.
pub(super) fn page_html(
    summary: &Value,
    columns: &[OutputColumn],
    views: &Views,
) -> Result<String> {
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
        "<header><p class=kicker>isopach · features of points</p><h1>{title}</h1><p class=verdict>{}</p>{}</header>",
        verdict_words(summary),
        warnings_section(summary)
    );
    body += &page_section("Columns", &quantile_table(columns, views));
    if !views.map.is_empty() {
        body += &format!("<p class=small>{}</p>", describe_pictures(views));
        for group in columns_by_quantity(columns) {
            body += &quantity_section(&group, views)?;
        }
    }
    body += &page_section("Parameters", &parameter_table(summary, PARAMETERS));
    body += &page_section("How to read this", HOW);
    Ok(wrap_page(&format!("{title}: features of points"), &body))
}

const HOW: &str = "<p>A map shows the ground from above: each pixel is the mean of the column over all points in it, \
at any height. A section shows a vertical slice: each pixel is the mean over its points. Colours of all scales of a quantity are \
the same; they end at the 2nd and 98th percentile of its values, the widest of its scales.</p>\
<p>A value that a point does not have is NaN: too few points in its neighbourhood, points on a line, too far from the ground. \
Quantiles are right to a thousandth of the value.</p>";

/// Columns of the same quantity together, in the order of the file.
fn columns_by_quantity(columns: &[OutputColumn]) -> Vec<Quantity<'_>> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (number, column) in columns.iter().enumerate() {
        match groups.iter_mut().find(|(name, _)| *name == column.quantity) {
            Some((_, numbers)) => numbers.push(number),
            None => groups.push((column.quantity, vec![number])),
        }
    }
    let quantity = |(_, numbers): (&str, Vec<usize>)| Quantity { columns, numbers };
    groups.into_iter().map(quantity).collect()
}

fn verdict_words(summary: &Value) -> String {
    let gaps = &summary["neighbourhoods_without_features"];
    let missing = f(&gaps["too_few_points"]) + f(&gaps["out_of_reach"]);
    format!(
        "<b>{}</b> points with {} columns; {} neighbourhoods without features, {} without a normal.",
        group_thousands(f(&summary["points"])),
        summary["columns"].as_array().map_or(0, Vec::len),
        group_thousands(missing),
        group_thousands(f(&gaps["no_plane"]))
    )
}

/// Words for the pictures of all columns.
fn describe_pictures(views: &Views) -> String {
    let [side, _] = views.map.pixels(0).sides();
    let section = if views.section.is_empty() {
        "no point lies in the slice".to_owned()
    } else {
        figures::describe_slice(&views.section, views.slice)
    };
    format!(
        "Maps: pixels of {side} m, north is up. Sections: {section}. White: no points.{}",
        colour_key(picture::NO_VALUE, "points without a value.")
    )
}

/// Maps, sections and histograms of one quantity.
fn quantity_section(group: &Quantity<'_>, views: &Views) -> Result<String> {
    let Quantity { columns, numbers } = group;
    let own: Vec<OutputColumn> = numbers.iter().map(|&i| columns[i].clone()).collect();
    let values: Vec<&Values> = numbers.iter().map(|&i| &views.values[i]).collect();
    let colours = Colours::of(&own, &values);
    let [low, high] = colours.ends();
    let step = (high - low) / 4.0;
    let ticks = [0.0, 1.0, 2.0, 3.0, 4.0].map(|i| format_value(low + i * step, step));
    let legend = draw_legend(colours.ramp(), &ticks);
    let mut maps = String::new();
    let mut sections = String::new();
    let mut histograms = String::new();
    let range = histogram_range(&values);
    for (column, &number) in own.iter().zip(numbers) {
        let name = escape(&column.name);
        let title = column.scale.as_deref().map(escape);
        let title = title.map_or(String::new(), |scale| format!("<h3>{scale}</h3>"));
        let map = figures::draw_map(&views.map, number, &name, colours)?;
        maps += &format!("<div>{title}{map}</div>");
        if !views.section.is_empty() {
            let section =
                figures::draw_section(&views.section, number, &name, colours, views.slice)?;
            sections += &format!("{title}{section}");
        }
        histograms += &draw_histogram(column, &views.values[number], range);
    }
    let quantity = escape(own[0].quantity);
    let unit = unit_words(own[0].unit);
    let heading = if unit.is_empty() {
        quantity
    } else {
        format!("{quantity}, {unit}")
    };
    let content = format!(
        "{legend}<div class=\"maps of{}\">{maps}</div>{sections}<div class=histograms style=\"max-width:{}px\">{histograms}</div>",
        own.len().min(3),
        360 * own.len().min(3)
    );
    Ok(page_section(&heading, &content))
}

fn draw_histogram(column: &OutputColumn, values: &Values, [low, high]: [f64; 2]) -> String {
    let binned = values.binned(low, high, BINS);
    let unit = unit_words(column.unit);
    let unit = if unit.is_empty() {
        unit
    } else {
        format!(", {unit}")
    };
    let [below, above] = binned.outside.map(group_thousands);
    Bars {
        title: &format!("{}{unit}", escape(&column.name)),
        edges: &binned.edges,
        counts: &binned.counts,
        band: None,
        note: format!(
            "n = {}; NaN: {}; outside: {below} below, {above} above",
            group_thousands(values.count() as f64),
            group_thousands(values.missing() as f64)
        ),
    }
    .draw()
}

/// Shares of the quantiles in the table.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

fn quantile_table(columns: &[OutputColumn], views: &Views) -> String {
    let head = [
        "column", "unit", "values", "NaN", "least", "5 %", "25 %", "50 %", "75 %", "95 %",
        "largest", "mean",
    ];
    let rows: Vec<Vec<String>> = columns
        .iter()
        .zip(&views.values)
        .map(|(column, values)| {
            let mut row = vec![
                escape(&column.name),
                unit_words(column.unit),
                group_thousands(values.count() as f64),
                group_thousands(values.missing() as f64),
                significant(values.least()),
            ];
            row.extend(SHARES.map(|share| significant(values.quantile(share))));
            row.extend([values.largest(), values.mean()].map(significant));
            row
        })
        .collect();
    format!("<div class=wide>{}</div>", html_table(&head, &rows))
}

/// Parameters that the page names.
const PARAMETERS: &[&str] = &[
    "convention",
    "neighbourhood",
    "normals",
    "height_above_ground",
    "attributes",
    "version",
];
