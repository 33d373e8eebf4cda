//! Coordinate systems from records: well-known text (2112) or GeoTIFF keys (34735 to 34737).

use crate::{epsg, header::text, records::Record, wkt::Node};
use isopach_cloud::{Crs, LengthUnit};

/// What the records state; well-known text where both are there, with codes from the keys where the text has none.
pub(crate) fn stated(records: &[Record]) -> Option<Crs> {
    let of = |id: u16| records.iter().find(|r| r.user == "LASF_Projection" && r.id == id).map(|r| &r.data);
    let from_text = of(2112).and_then(|data| from_wkt(&text(data)));
    let ascii = of(34737).map(|data| String::from_utf8_lossy(data).into_owned()).unwrap_or_default();
    let from_keys = of(34735).and_then(|data| from_geokeys(data, &ascii));
    match (from_text, from_keys) {
        (Some(mut crs), Some(keys)) => {
            crs.horizontal = crs.horizontal.or(keys.horizontal);
            crs.vertical = crs.vertical.or(keys.vertical);
            crs.vertical_unit = crs.vertical_unit.or(keys.vertical_unit);
            Some(crs)
        }
        (a, b) => a.or(b),
    }
}

/// The unit of so many metres. The two feet are 2 ppm apart, and files state them with as few as seven digits.
fn unit(metres: f64) -> LengthUnit {
    let units = [LengthUnit::Metre, LengthUnit::Foot, LengthUnit::SurveyFoot];
    let near = |unit: &LengthUnit| unit.metres().is_some_and(|value| (metres / value - 1.0).abs() < 5e-7);
    units.into_iter().find(near).unwrap_or(LengthUnit::Other)
}

/// The unit with this code; EPSG 9001 is the metre.
fn unit_of_code(code: u16) -> LengthUnit {
    match code {
        9001 => LengthUnit::Metre,
        9002 => LengthUnit::Foot,
        9003 => LengthUnit::SurveyFoot,
        _ => LengthUnit::Other,
    }
}

/// From well-known text; `None` where it is none.
pub(crate) fn from_wkt(wkt: &str) -> Option<Crs> {
    let root = Node::parse(wkt)?;
    let projected = root.find(&["PROJCS", "PROJCRS", "PROJECTEDCRS"]);
    let geographic = root.find(&["GEOGCS", "GEOGCRS", "GEODCRS", "GEOGRAPHICCRS"]);
    let horizontal = projected.or(geographic)?;
    let vertical = root.find(&["VERT_CS", "VERTCRS", "VERTICALCRS"]);
    let (code, vertical_code) = (horizontal.epsg(), vertical.and_then(Node::epsg));
    let unit_of_system = || code.map_or(LengthUnit::Metre, epsg::unit_of_projected);
    Some(Crs {
        wkt: Some(wkt.to_owned()),
        horizontal: code,
        vertical: vertical_code,
        name: horizontal.name().map(str::to_owned),
        unit: match projected {
            Some(_) => horizontal.unit().map_or_else(unit_of_system, unit),
            None => LengthUnit::Degree,
        },
        vertical_unit: vertical.and_then(Node::unit).map(unit).or(vertical_code.map(epsg::unit_of_vertical)),
    })
}

/// From the key directory: a head of four numbers, then four a key (key, where its value is, count, value).
fn from_geokeys(directory: &[u8], ascii: &str) -> Option<Crs> {
    let words: Vec<u16> = directory.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let keys = words.get(4..)?.as_chunks::<4>().0;
    let short = |wanted: u16| keys.iter().find(|[key, at, ..]| *key == wanted && *at == 0).map(|[.., value]| *value);
    let code = |wanted: u16| short(wanted).filter(|code| !matches!(code, 0 | 32767));
    let words_of = |wanted: u16| {
        let [_, _, count, start] = *keys.iter().find(|[key, at, ..]| *key == wanted && *at == 34737)?;
        let (start, count) = (usize::from(start), usize::from(count));
        Some(ascii.get(start..start + count)?.trim_end_matches(['|', '\0']).to_owned())
    };
    let (projected, geographic, vertical) = (code(3072), code(2048), code(4096));
    (projected.is_some() || geographic.is_some() || short(1024).is_some()).then_some(())?;
    // The model is what the coordinates are; a projected system of the user's own still names the geographic one it is based on.
    let is_projected = projected.is_some() || short(1024) == Some(1);
    let unit_of_system = || projected.map_or(LengthUnit::Metre, epsg::unit_of_projected);
    Some(Crs {
        wkt: None,
        horizontal: if is_projected { projected } else { geographic },
        vertical,
        name: words_of(3073).or_else(|| words_of(1026)),
        unit: match is_projected {
            true => short(3076).map_or_else(unit_of_system, unit_of_code),
            false => LengthUnit::Degree,
        },
        vertical_unit: short(4099).map(unit_of_code).or(vertical.map(epsg::unit_of_vertical)),
    })
}

/// A key directory that states the codes of `crs`.
pub(crate) fn geokeys(crs: &Crs) -> Option<Vec<u8>> {
    let horizontal = crs.horizontal?;
    let (model, key) = if crs.unit == LengthUnit::Degree { (2, 2048) } else { (1, 3072) };
    let mut keys = vec![[1024, 0, 1, model], [1025, 0, 1, 1], [key, 0, 1, horizontal]];
    keys.extend(crs.vertical.map(|code| [4096, 0, 1, code]));
    keys.sort_unstable();
    let head = [1, 1, 0, keys.len() as u16];
    Some(std::iter::once(head).chain(keys).flatten().flat_map(u16::to_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_systems_have_two_codes() {
        let wkt = r#"COMPD_CS["x",PROJCS["NAD83 / UTM 17N",GEOGCS["g"],UNIT["metre",1],AUTHORITY["EPSG","26917"]],VERT_CS["CGVD2013",UNIT["US survey foot",0.304800609601219],AUTHORITY["EPSG","6647"]]]"#;
        let crs = from_wkt(wkt).unwrap();
        assert_eq!((crs.horizontal, crs.vertical), (Some(26917), Some(6647)));
        assert_eq!((crs.unit, crs.vertical_unit), (LengthUnit::Metre, Some(LengthUnit::SurveyFoot)));
    }

    #[test]
    fn keys_round_trip_and_unknown_codes_are_none() {
        let crs = Crs { vertical: Some(5703), ..Crs::epsg(25833) };
        let back = from_geokeys(&geokeys(&crs).unwrap(), "").unwrap();
        assert_eq!((back.horizontal, back.vertical), (Some(25833), Some(5703)));
        let user_defined = from_geokeys(&geokeys(&Crs::epsg(32767)).unwrap(), "").unwrap();
        assert_eq!(user_defined.horizontal, None);
        assert_eq!(from_geokeys(&[1, 0, 1], ""), None);
    }
}
