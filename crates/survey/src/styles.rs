//! Styles next to the rasters, which QGIS applies when it opens them: NAME.qml for NAME.tif.

use isopach::{
    change::ChangeStatus,
    compute::{Result, fnv1a},
    raster::picture,
};
use isopach_program::{escape::escape, finished, write_file::write_file};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Colours and range of the values of a raster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    /// Loss to gain, from −limit to limit, metres.
    Diverging(f64),
    /// Light to dark, between two values, metres.
    Rising([f64; 2]),
    /// Light to dark, from zero to this count.
    Counts(f64),
    /// A colour a [`Status`], with its words.
    Statuses,
}

/// Light to dark: ColorBrewer's YlGnBu of five.
const RISING: [[u8; 3]; 5] = [
    [255, 255, 204],
    [161, 218, 180],
    [65, 182, 196],
    [44, 127, 184],
    [37, 52, 148],
];

/// Writes the style of the raster `name` in `folder`. A style that the user made or changed stays.
/// Returns whether the style was written.
pub(crate) fn write_style(folder: &Path, name: &str, look: Look) -> Result<bool> {
    let path = style_path(folder, name);
    if is_of_somebody(&path) {
        return Ok(false);
    }
    write_file(&path, seal_style(style_document(look)).as_bytes()).map(|()| true)
}

/// Removes the style of the raster `name` in `folder`, unless the user made or changed it.
pub(crate) fn remove_style(folder: &Path, name: &str) -> Result<()> {
    let path = style_path(folder, name);
    if is_of_somebody(&path) {
        Ok(())
    } else {
        finished::remove_files(folder, [path])
    }
}

/// The place of the style of a raster.
pub(crate) fn style_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("qml")
}

/// Begins the last line of a style of this program, with a hash of the preceding lines: a user's
/// change breaks the hash, and QGIS itself omits the line.
const SEAL: &str = "<!-- as isopach wrote it: ";
/// More bytes than a style of this program has.
const MOST_BYTES: u64 = 1 << 16;

fn seal_style(style: String) -> String {
    let hash = fnv1a(style.bytes());
    format!("{style}{SEAL}{hash:016x} -->\n")
}

/// Whether there is anything but an unchanged style of this program.
fn is_of_somebody(path: &Path) -> bool {
    let Ok(about) = fs::symlink_metadata(path) else {
        return false;
    };
    if !about.is_file() || about.len() > MOST_BYTES {
        return true;
    }
    let Ok(text) = fs::read_to_string(path) else {
        return true;
    };
    text.rsplit_once(SEAL)
        .is_none_or(|(style, _)| seal_style(style.into()) != text)
}

fn style_document(look: Look) -> String {
    let renderer = match look {
        Look::Diverging(limit) => colour_ramp([-limit, limit], &picture::DIVERGING, format_metres),
        Look::Rising([low, high]) => colour_ramp(
            [low, if high > low { high } else { low + 1.0 }],
            &RISING,
            format_metres,
        ),
        Look::Counts(high) => {
            let step = (high / (RISING.len() - 1) as f64).ceil().max(1.0); // whole points
            colour_ramp(
                [0.0, step * (RISING.len() - 1) as f64],
                &RISING,
                |value, _| format!("{value:.0}"),
            )
        }
        Look::Statuses => status_classes(),
    };
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology\">\n\
<pipe>\n{renderer}</pipe>\n<blendMode>0</blendMode>\n</qgis>\n"
    )
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Colours at even distances, with interpolated ones between them. The legend shows each; by
/// default QGIS would show a bar without them.
fn colour_ramp(
    [low, high]: [f64; 2],
    colours: &[[u8; 3]],
    label: impl Fn(f64, f64) -> String,
) -> String {
    let step = (high - low) / (colours.len() - 1) as f64;
    let mut items = String::new();
    for (i, colour) in colours.iter().enumerate() {
        let value = low + step * i as f64;
        let colour = hex(*colour);
        let label = label(value, step);
        let _ = writeln!(
            items,
            "<item value=\"{value}\" label=\"{label}\" alpha=\"255\" color=\"{colour}\"/>"
        );
    }
    format!(
        "<rasterrenderer type=\"singlebandpseudocolor\" band=\"1\" opacity=\"1\" alphaBand=\"-1\" \
classificationMin=\"{low}\" classificationMax=\"{high}\">\n<rastershader>\n<colorrampshader colorRampType=\"INTERPOLATED\" \
classificationMode=\"1\" clip=\"0\" minimumValue=\"{low}\" maximumValue=\"{high}\">\n{items}\
<rampLegendSettings useContinuousLegend=\"0\" minimumLabel=\"\" maximumLabel=\"\" prefix=\"\" suffix=\"\" direction=\"0\" orientation=\"2\"/>\n\
</colorrampshader>\n</rastershader>\n</rasterrenderer>\n"
    )
}

/// A value with its unit, and with enough decimals to distinguish values that are `step` apart: two
/// at least.
fn format_metres(value: f64, step: f64) -> String {
    let decimals = (2..12)
        .find(|decimals| step * 10_f64.powi(*decimals) >= 1.0)
        .unwrap_or(12) as usize;
    format!("{value:.decimals$} m")
}

/// A colour a status, with its number and words.
fn status_classes() -> String {
    let mut entries = String::new();
    for status in ChangeStatus::ALL {
        let (number, colour, words) = (
            status as u8,
            hex(colour_text(status)),
            escape(status.describe()),
        );
        let _ = writeln!(
            entries,
            "<paletteEntry value=\"{number}\" label=\"{number}: {words}\" alpha=\"255\" color=\"{colour}\"/>"
        );
    }
    format!(
        "<rasterrenderer type=\"paletted\" band=\"1\" opacity=\"1\" alphaBand=\"-1\">\n<colorPalette>\n{entries}</colorPalette>\n\
</rasterrenderer>\n"
    )
}

/// A colour that no other status has: violets for a missing epoch, earth colours for a difference
/// without level of detection.
fn colour_text(status: ChangeStatus) -> [u8; 3] {
    match status {
        ChangeStatus::Valid => [120, 170, 110],
        ChangeStatus::NoSpread => picture::UNTESTED,
        ChangeStatus::NoNormal => [150, 150, 150],
        ChangeStatus::NoReference => picture::ONE_EPOCH,
        ChangeStatus::NoCompared => [158, 130, 186],
        ChangeStatus::Empty => [255, 255, 255],
        ChangeStatus::FreeDirection => [233, 150, 60],
        ChangeStatus::BelowMinimumCount => [178, 132, 36],
        ChangeStatus::NoStandardError => [140, 84, 40],
        ChangeStatus::NoMedianFactor => [205, 92, 92],
    }
}
