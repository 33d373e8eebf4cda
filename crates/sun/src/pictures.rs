//! Maps as PNG.

use crate::{
    BANDS,
    overview::{Overview, quantile},
    palette::{CIVIDIS, GREY, INFERNO, Palette, VIRIDIS, colour},
};
use isopach::raster::{PngColour, encode_png};
use isopach_program::write_file::write_file;
use ndarray::{Array2, ArrayView2};
use std::{error::Error, path::Path};

/// A picture: its file, its subject, and the meaning of its colours.
pub(crate) struct Panel {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) colours: Colours,
}

/// The meaning of colours.
pub(crate) enum Colours {
    /// log₁₀ of the values at both ends.
    Logarithmic {
        palette: &'static Palette,
        ends: [f32; 2],
    },
    /// One colour for each kind.
    Kinds(Vec<([u8; 3], String)>),
}

/// Colours of the pixels' statuses, in the order of [`crate::overview::Ending`] (Okabe & Ito 2008:
/// distinguishable with any colour vision).
const ENDINGS: [([u8; 3], &str); 7] = [
    ([0, 114, 178], "converged"),
    ([0, 158, 115], "negative within its error"),
    ([86, 180, 233], "converged, missing channels left out"),
    ([230, 159, 0], "converged, saturated channels left out"),
    ([213, 94, 0], "χ² target not reached"),
    ([204, 121, 167], "still negative after the last iteration"),
    (GREY, "no result"),
];

/// Names of the files that [`write`] may write.
pub(crate) fn file_names() -> Vec<String> {
    let others = [
        "temperature.png",
        "chi_squared.png",
        "status.png",
        "saturated.png",
    ]
    .map(String::from);
    (0..BANDS.len())
        .map(|i| format!("band_{i}.png"))
        .chain(others)
        .collect()
}

/// Writes a panel for each band, the mean temperature, χ², the pixels' statuses, and the saturated
/// pixels.
pub(crate) fn write_pictures(out: &Path, found: &Overview) -> Result<Vec<Panel>, Box<dyn Error>> {
    let mut panels = vec![];
    for (i, [low, high]) in BANDS.iter().enumerate() {
        let title = format!("Emission measure, log T {low} to {high}");
        panels.push(draw_logarithmic(
            out,
            format!("band_{i}.png"),
            title,
            &found.bands[i].mean(),
            "cm⁻⁵",
            &INFERNO,
        )?);
    }
    let title = "Emission-weighted mean temperature".into();
    panels.push(draw_logarithmic(
        out,
        "temperature.png".into(),
        title,
        &found.temperature.mean(),
        "K",
        &VIRIDIS,
    )?);
    let title = "χ² a channel".into();
    panels.push(draw_logarithmic(
        out,
        "chi_squared.png".into(),
        title,
        &found.chi_squared.mean(),
        "",
        &CIVIDIS,
    )?);
    let present = |i: usize| found.endings.iter().any(|e| usize::from(*e) == i);
    let kinds = (0..ENDINGS.len())
        .filter(|i| present(*i))
        .map(|i| (ENDINGS[i].0, ENDINGS[i].1.into()))
        .collect();
    let picture = found.endings.mapv(|e| ENDINGS[usize::from(e)].0);
    panels.push(picture_kind(
        out,
        "status.png",
        "How pixels ended",
        &picture,
        kinds,
    )?);
    let most = found.saturated.iter().copied().max().unwrap_or(0);
    if most > 0 {
        let shade = |n: u8| {
            if n == 0 {
                [35, 35, 40]
            } else {
                colour(&INFERNO, 0.3 + 0.7 * f32::from(n) / f32::from(most))
            }
        };
        let kinds = (0..=most).map(|n| (shade(n), format!("{n}"))).collect();
        panels.push(picture_kind(
            out,
            "saturated.png",
            "Saturated channels",
            &found.saturated.mapv(shade),
            kinds,
        )?);
    }
    Ok(panels)
}

/// Draws logarithmic values from the first percent of the pixels to the last half percent, over
/// three decades at most; values that are not above zero are grey.
fn draw_logarithmic(
    out: &Path,
    file: String,
    title: String,
    values: &Array2<f32>,
    unit: &'static str,
    palette: &'static Palette,
) -> Result<Panel, Box<dyn Error>> {
    let logs = finite_logarithms(values);
    let ends = scale_ends(quantile(logs.view(), 0.01), quantile(logs.view(), 0.995));
    save_png(out, &file, draw_shades(&logs, palette, ends).view())?;
    Ok(Panel {
        file,
        title,
        unit,
        colours: Colours::Logarithmic { palette, ends },
    })
}

/// log₁₀ of the values; NaN if not positive.
pub(crate) fn finite_logarithms(values: &Array2<f32>) -> Array2<f32> {
    values.mapv(|x| if x > 0.0 { x.log10() } else { f32::NAN })
}

/// The ends of a colour scale. Three decades at most: the values of an empty band are as small as
/// rounding allows.
pub(crate) fn scale_ends(low: f32, high: f32) -> [f32; 2] {
    let low = low.max(high - 3.0);
    [low, low + (high - low).max(1e-3)]
}

/// Draws the colours of logarithms; NaN is grey.
pub(crate) fn draw_shades(
    logs: &Array2<f32>,
    palette: &Palette,
    [low, high]: [f32; 2],
) -> Array2<[u8; 3]> {
    logs.map(|log| {
        if log.is_nan() {
            GREY
        } else {
            colour(palette, (log - low) / (high - low))
        }
    })
}

fn picture_kind(
    out: &Path,
    file: &str,
    title: &str,
    picture: &Array2<[u8; 3]>,
    kinds: Vec<([u8; 3], String)>,
) -> Result<Panel, Box<dyn Error>> {
    save_png(out, file, picture.view())?;
    Ok(Panel {
        file: file.into(),
        title: title.into(),
        unit: "",
        colours: Colours::Kinds(kinds),
    })
}

/// Writes a picture as PNG; the first row is at the bottom.
pub(crate) fn save_png(
    out: &Path,
    file: &str,
    picture: ArrayView2<'_, [u8; 3]>,
) -> Result<(), Box<dyn Error>> {
    let (rows, columns) = picture.dim();
    let from_the_top = picture.rows().into_iter().rev();
    let samples: Vec<u8> = from_the_top.flatten().flatten().copied().collect();
    let png = encode_png([columns as u32, rows as u32], PngColour::Rgb, &samples)?;
    Ok(write_file(&out.join(file), &png)?)
}
