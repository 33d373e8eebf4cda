//! Coordinate systems by EPSG code or user input, and the text of any system.

use crate::{CrsNameError, epsg, heights, text, wkt::Node};
use isopach_cloud::{Crs, CrsKind, LengthUnit};

/// The system of an EPSG code; `None` if this crate does not know it.
pub(crate) fn crs_of_code(code: u16) -> Option<Crs> {
    let mut crs = text::from_wkt(epsg::wkt_of_code(code)?)?;
    crs.horizontal = crs.horizontal.or(Some(code));
    crs.wkt = crs.wkt.map(|wkt| without_shift(&wkt));
    crs.plane = crs.plane.map(|wkt| without_shift(&wkt));
    Some(crs)
}

/// The well-known text of a system: its own, otherwise that of its plane or codes; `None` if no
/// text is known.
///
/// ```
/// let text = isopach_crs::well_known_text(&isopach_crs::named_crs("EPSG:32617")?).expect("a code of EPSG");
/// assert!(text.starts_with("PROJCS[\"WGS 84 / UTM zone 17N\""));
/// # Ok::<(), isopach_crs::CrsNameError>(())
/// ```
#[must_use]
pub fn well_known_text(crs: &Crs) -> Option<String> {
    if crs.wkt.is_some() {
        return crs.wkt.clone();
    }
    let plane = crs
        .plane
        .clone()
        .or_else(|| crs_of_code(crs.horizontal?)?.plane)?;
    let horizontal = Node::parse(&plane)?;
    let Some(vertical) = crs.vertical.and_then(text::vertical_element) else {
        return Some(horizontal.to_string());
    };
    let names = [&horizontal, &vertical].map(|part| part.name().unwrap_or_default().to_owned());
    let name = Node::Text(names.join(" + "));
    Some(Node::new("COMPD_CS", vec![name, horizontal, vertical]).to_string())
}

/// Looks up the coordinate system that a user names: `EPSG:32617`, `EPSG:2260+6360` (with a
/// vertical system), `local` (metres), `local:ft`, `local:us-ft`.
///
/// # Errors
/// [`CrsNameError`], whose message lists the accepted forms.
///
/// ```
/// let crs = isopach_crs::named_crs("EPSG:2260+6360")?;
/// assert_eq!((crs.horizontal, crs.vertical), (Some(2260), Some(6360)));
/// assert!(isopach_crs::named_crs("EPSG:4326").is_err(), "degrees are no plane");
/// # Ok::<(), isopach_crs::CrsNameError>(())
/// ```
pub fn named_crs(name: &str) -> Result<Crs, CrsNameError> {
    match name.to_ascii_lowercase().as_str() {
        "local" => return Ok(local_crs(LengthUnit::Metre)),
        "local:ft" => return Ok(local_crs(LengthUnit::Foot)),
        "local:us-ft" => return Ok(local_crs(LengthUnit::SurveyFoot)),
        _ => {}
    }
    let codes = name
        .split_once(':')
        .filter(|(authority, _)| authority.eq_ignore_ascii_case("EPSG"));
    let (horizontal, vertical) =
        match codes.map(|(_, codes)| codes.split_once('+').unwrap_or((codes, ""))) {
            Some(codes) => codes,
            None => return Err(CrsNameError::NotACode(name.into())),
        };
    let Some(mut crs) = horizontal.parse().ok().and_then(crs_of_code) else {
        return Err(CrsNameError::UnknownHorizontal(horizontal.into()));
    };
    if crs.kind != CrsKind::Plane {
        return Err(CrsNameError::NotAPlane {
            code: horizontal.into(),
            kind: crs.kind,
        });
    }
    if !vertical.is_empty() {
        let code = vertical
            .parse()
            .ok()
            .filter(|code| epsg::VerticalSystem::by_code(*code).is_some());
        let Some(code) = code else {
            return Err(CrsNameError::UnknownVertical(vertical.into()));
        };
        crs.vertical = Some(code);
        crs.vertical_unit = Some(epsg::unit_of_vertical(code));
        crs.heights = heights::reference_of_keys(Some(code), None);
        crs.wkt = None; // of both codes
    }
    Ok(crs)
}

/// A local system without a code, in this unit.
fn local_crs(unit: LengthUnit) -> Crs {
    Crs {
        name: Some("local".into()),
        unit,
        ..Crs::default()
    }
}

/// Without the shift to WGS 84 that PostGIS adds to the text of a code: it is no part of the
/// system.
fn without_shift(wkt: &str) -> String {
    Node::parse(wkt).map_or_else(
        || wkt.to_owned(),
        |node| node.without_child("TOWGS84").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_may_say() {
        let utm = named_crs("epsg:32617").unwrap();
        assert_eq!(
            (utm.horizontal, utm.unit, utm.kind),
            (Some(32617), LengthUnit::Metre, CrsKind::Plane)
        );
        let feet = named_crs("EPSG:2260+6360").unwrap();
        assert_eq!(
            (feet.unit, feet.vertical_unit),
            (LengthUnit::SurveyFoot, Some(LengthUnit::SurveyFoot))
        );
        assert!(
            well_known_text(&feet)
                .unwrap()
                .starts_with("COMPD_CS[\"NAD83 / New York East (ftUS) + NAVD88 height (ftUS)\"")
        );
        assert_eq!(named_crs("local:ft").unwrap().unit, LengthUnit::Foot);
        for (name, part) in [
            ("EPSG:4326", "longitude and latitude"),
            ("EPSG:4978", "geocentric"),
            ("EPSG:64999", "a known projected system"),
            ("EPSG:32617+32618", "vertical"),
            ("utm 17", "EPSG:32617"),
            ("EPSG:", "a known projected system"),
        ] {
            let error = named_crs(name).unwrap_err().to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
    }

    #[test]
    fn the_text_of_a_code_has_no_shift() {
        let text = well_known_text(&Crs::from_epsg(26917)).unwrap();
        assert!(
            text.contains("26917") && !text.contains("TOWGS84"),
            "{text}"
        );
        assert_eq!(well_known_text(&Crs::from_epsg(64_999)), None);
    }
}
