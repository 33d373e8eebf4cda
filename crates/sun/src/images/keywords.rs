//! Keywords of place, time and instrument for results, as sunpy, ndcube and astropy read them.

use super::channels::Opened;
use crate::source::CubeKeyword;
use isopach::{
    fits::{FitsHeader, KeywordValue},
    solar::{ObservationTime, Wcs},
};

/// Numbers of the observer that are taken over from the first file.
const OBSERVER: [(&str, &str); 7] = [
    (
        "DSUN_OBS",
        "[m] distance of the observer from the Sun's centre",
    ),
    ("RSUN_REF", "[m] radius of the Sun"),
    ("RSUN_OBS", "[arcsec] radius of the Sun as seen"),
    ("HGLN_OBS", "[deg] Stonyhurst longitude of the observer"),
    ("HGLT_OBS", "[deg] Stonyhurst latitude of the observer"),
    ("CRLN_OBS", "[deg] Carrington longitude of the observer"),
    ("CRLT_OBS", "[deg] Carrington latitude of the observer"),
];

/// Keywords of all cubes: the pixels are those of the first file.
pub(super) fn of(files: &[Opened]) -> Vec<CubeKeyword> {
    let Some(first) = files.first() else {
        return Vec::new();
    };
    let mut keywords = first
        .seen
        .wcs
        .as_ref()
        .map_or_else(|_| Vec::new(), place_keywords);
    keywords.extend(observer_keywords(first.file.header()));
    // INSTRUME would make sunpy take the cube for one of the instrument's own images, which have a
    // wavelength.
    let telescope = first.file.header().text("TELESCOP").unwrap_or_default();
    let text = |name: &str, value: String, comment: &str| {
        (name.into(), KeywordValue::Text(value), comment.into())
    };
    if !telescope.is_empty() {
        keywords.push(text("TELESCOP", telescope.into(), "of the images"));
    }
    if let Some(time) = first.seen.time {
        keywords.push(text(
            "DATE-OBS",
            time.to_string(),
            "UTC, of the first image",
        ));
    }
    let mut times: Vec<ObservationTime> = files.iter().filter_map(|file| file.seen.time).collect();
    times.sort_by(|a, b| a.days_since_1970().total_cmp(&b.days_since_1970()));
    if let (Some(begin), Some(end)) = (times.first(), times.last()) {
        keywords.push(text(
            "DATE-BEG",
            begin.to_string(),
            "UTC, time of the earliest image",
        ));
        keywords.push(text(
            "DATE-END",
            end.to_string(),
            "UTC, time of the latest image",
        ));
    }
    let mut order: Vec<&Opened> = files.iter().collect();
    order.sort_by_key(|file| file.found.place);
    for (i, file) in order.iter().enumerate() {
        let unit = if file.found.is_aia() {
            "[angstrom] "
        } else {
            ""
        };
        let comment = format!("{unit}channel of this number");
        keywords.push((
            format!("CHAN{i:03}"),
            KeywordValue::Text(plain_keywords(&file.found.name())),
            comment,
        ));
    }
    keywords
}

/// Reduces a text to a valid card: printable ASCII, of limited length.
fn plain_keywords(text: &str) -> String {
    let letters = text.chars().map(|c| {
        if matches!(c, ' '..='~') && c != '\'' {
            c
        } else {
            '?'
        }
    });
    letters.take(60).collect()
}

fn place_keywords(wcs: &Wcs) -> Vec<CubeKeyword> {
    let mut keywords: Vec<CubeKeyword> = Vec::new();
    let names = [("HPLN-TAN", "longitude"), ("HPLT-TAN", "latitude")];
    for (i, (name, axis)) in names.into_iter().enumerate() {
        let n = i + 1;
        let row = wcs.matrix[i];
        // PC without a turn is the unit matrix.
        let step = row[0].hypot(row[1]).copysign(row[i]);
        let mut number = |keyword: String, value: f64, comment: String| {
            keywords.push((keyword, KeywordValue::Number(value), comment))
        };
        number(
            format!("CRPIX{n}"),
            wcs.reference_pixel[i] + 1.0,
            "pixel of the reference value, from 1".into(),
        );
        number(
            format!("CRVAL{n}"),
            wcs.reference_value[i],
            format!("[arcsec] helioprojective {axis} there"),
        );
        number(format!("CDELT{n}"), step, "[arcsec] of a pixel".into());
        number(
            format!("PC{n}_1"),
            row[0] / step,
            "rotation of the pixels".into(),
        );
        number(
            format!("PC{n}_2"),
            row[1] / step,
            "rotation of the pixels".into(),
        );
        for (keyword, value) in [("CTYPE", name), ("CUNIT", "arcsec")] {
            keywords.push((
                format!("{keyword}{n}"),
                KeywordValue::Text(value.into()),
                format!("helioprojective {axis}"),
            ));
        }
    }
    keywords
}

fn observer_keywords(header: &FitsHeader) -> Vec<CubeKeyword> {
    let known = OBSERVER
        .into_iter()
        .filter_map(|(name, comment)| Some((name, header.number(name)?, comment)));
    known
        .map(|(name, value, comment)| (name.into(), KeywordValue::Number(value), comment.into()))
        .collect()
}
