//! Styles beside the rasters, which QGIS takes when it opens them: NAME.qml beside NAME.tif.

use crate::{escape::escape, finished, write_file::write_file};
use isopach::{
    change::Status,
    compute::{Result, fnv1a},
    raster::picture,
};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// How the values of a raster are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    /// Loss to gain, from −limit to limit, metres.
    Diverging(f64),
    /// Light to dark, between two values.
    Rising([f64; 2]),
    /// A colour a [`Status`], with its words.
    Statuses,
}

/// Light to dark: ColorBrewer's YlGnBu of five.
const RISING: [[u8; 3]; 5] = [[255, 255, 204], [161, 218, 180], [65, 182, 196], [44, 127, 184], [37, 52, 148]];

/// Writes the style of the raster `name` in `folder`. One that somebody else made or changed stays: whether this one was written.
pub(crate) fn write(folder: &Path, name: &str, look: Look) -> Result<bool> {
    let path = beside(folder, name);
    if is_of_somebody(&path) {
        return Ok(false);
    }
    write_file(&path, sealed(qml(look)).as_bytes()).map(|()| true)
}

/// Removes the style of the raster `name` in `folder`, unless somebody else made or changed it.
pub(crate) fn remove(folder: &Path, name: &str) -> Result<()> {
    let path = beside(folder, name);
    if is_of_somebody(&path) { Ok(()) } else { finished::remove(folder, [path]) }
}

/// The place of the style of a raster.
pub(crate) fn beside(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("qml")
}

/// Begins the last line of a style of this program, with a hash of the lines before it: who changes the style breaks it, and QGIS leaves it out.
const SEAL: &str = "<!-- as isopach wrote it: ";
/// More bytes than a style of this program has.
const MOST_BYTES: u64 = 1 << 16;

fn sealed(style: String) -> String {
    let hash = fnv1a(style.bytes());
    format!("{style}{SEAL}{hash:016x} -->\n")
}

/// Whether there is anything but an unchanged style of this program.
fn is_of_somebody(path: &Path) -> bool {
    let Ok(about) = fs::symlink_metadata(path) else { return false };
    if !about.is_file() || about.len() > MOST_BYTES {
        return true;
    }
    let Ok(text) = fs::read_to_string(path) else { return true };
    text.rsplit_once(SEAL).is_none_or(|(style, _)| sealed(style.into()) != text)
}

fn qml(look: Look) -> String {
    let renderer = match look {
        Look::Diverging(limit) => ramp([-limit, limit], &picture::DIVERGING),
        Look::Rising([low, high]) => ramp([low, if high > low { high } else { low + 1.0 }], &RISING),
        Look::Statuses => statuses(),
    };
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology\">\n\
<pipe>\n{renderer}</pipe>\n<blendMode>0</blendMode>\n</qgis>\n"
    )
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Colours at even distances, and between them what lies between.
fn ramp([low, high]: [f64; 2], colours: &[[u8; 3]]) -> String {
    let mut items = String::new();
    for (i, colour) in colours.iter().enumerate() {
        let value = low + (high - low) * i as f64 / (colours.len() - 1) as f64;
        let colour = hex(*colour);
        let _ = writeln!(items, "<item value=\"{value}\" label=\"{value:.2}\" alpha=\"255\" color=\"{colour}\"/>");
    }
    format!(
        "<rasterrenderer type=\"singlebandpseudocolor\" band=\"1\" opacity=\"1\" alphaBand=\"-1\" \
classificationMin=\"{low}\" classificationMax=\"{high}\">\n<rastershader>\n<colorrampshader colorRampType=\"INTERPOLATED\" \
classificationMode=\"1\" clip=\"0\" minimumValue=\"{low}\" maximumValue=\"{high}\">\n{items}</colorrampshader>\n</rastershader>\n\
</rasterrenderer>\n"
    )
}

/// A colour a status, with its number and words.
fn statuses() -> String {
    let mut entries = String::new();
    for status in Status::ALL {
        let colour = match status {
            Status::Valid => [120, 170, 110],
            Status::NoReference | Status::NoCompared => picture::ONE_EPOCH,
            Status::Empty => [255, 255, 255],
            Status::NoNormal => [150, 150, 150],
            _ => picture::UNTESTED,
        };
        let (number, colour, words) = (status as u8, hex(colour), escape(status.describe()));
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
