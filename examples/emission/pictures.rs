//! Maps as PNG.

use crate::{BANDS, files::Outputs};
use image::{RgbImage, imageops};
use ndarray::{ArrayView2, s};
use std::{error::Error, path::Path};

/// Dark to bright, equal steps of lightness (matplotlib's "inferno" at nine places).
const COLOURS: [[u8; 3]; 9] = [
    [0, 0, 4],
    [31, 12, 72],
    [85, 15, 109],
    [136, 34, 106],
    [186, 54, 85],
    [227, 89, 51],
    [249, 140, 10],
    [249, 201, 50],
    [252, 255, 164],
];

/// A picture: its file, what it shows, and the values at the ends of its colours.
pub(crate) struct Panel {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) ends: [String; 2],
}

/// Writes a panel a band, the mean temperature and χ².
pub(crate) fn write(out: &Path, found: &Outputs) -> Result<Vec<Panel>, Box<dyn Error>> {
    let mut panels = vec![];
    for (i, [low, high]) in BANDS.iter().enumerate() {
        let band = found.bands.slice(s![.., .., i]);
        panels.push(panel(out, &format!("band_{i}.png"), format!("EM, log T {low} to {high}"), band, "cm⁻⁵")?);
    }
    panels.push(panel(
        out,
        "temperature.png",
        "Emission-weighted mean temperature".into(),
        found.temperature.view(),
        "K",
    )?);
    panels.push(panel(out, "chi_squared.png", "χ² a channel".into(), found.chi_squared.view(), "")?);
    Ok(panels)
}

/// Logarithmic from the first percent of the pixels to the last half percent, over three decades at most; what is not above zero is grey. The first row is at the bottom.
fn panel(
    out: &Path,
    file: &str,
    title: String,
    values: ArrayView2<'_, f32>,
    unit: &str,
) -> Result<Panel, Box<dyn Error>> {
    let logs = values.mapv(|x| if x > 0.0 { x.log10() } else { f32::NAN });
    let high = quantile(logs.iter().copied(), 0.995);
    // Three decades at most: where a band is empty, what is found there is as small as rounding allows.
    let low = quantile(logs.iter().copied(), 0.01).max(high - 3.0);
    let range = (high - low).max(1e-3);
    let (rows, columns) = values.dim();
    let picture = RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        let value = logs[[rows - 1 - y as usize, x as usize]];
        image::Rgb(if value.is_nan() { [90, 90, 90] } else { colour((value - low) / range) })
    });
    let picture = match columns.max(rows) {
        ..=150 => imageops::resize(&picture, 4 * columns as u32, 4 * rows as u32, imageops::FilterType::Nearest),
        _ => picture,
    };
    picture.save(out.join(file))?;
    let end = |log: f32| format!("{:.2e} {unit}", 10f32.powf(log));
    Ok(Panel { file: file.into(), title, ends: [end(low), end(low + range)] })
}

fn colour(share: f32) -> [u8; 3] {
    let at = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let below = (at as usize).min(COLOURS.len() - 2);
    let part = at - below as f32;
    std::array::from_fn(|c| {
        let (a, b) = (f32::from(COLOURS[below][c]), f32::from(COLOURS[below + 1][c]));
        (a + part * (b - a)).round() as u8
    })
}

/// Quantile of what is a number; 0 where nothing is.
pub(crate) fn quantile(values: impl Iterator<Item = f32>, q: f64) -> f32 {
    let mut sorted: Vec<f32> = values.filter(|x| x.is_finite()).collect();
    let at = ((sorted.len().max(1) - 1) as f64 * q).round() as usize;
    if sorted.is_empty() { 0.0 } else { *sorted.select_nth_unstable_by(at, f32::total_cmp).1 }
}
