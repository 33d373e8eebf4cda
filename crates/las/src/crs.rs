//! Coordinate systems from records: well-known text (2112) or GeoTIFF keys (34735 to 34737).

use crate::{
    header::{Record, text},
    wkt::Node,
};
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
            Some(crs)
        }
        (a, b) => a.or(b),
    }
}

fn unit(factor: f64) -> Option<LengthUnit> {
    let near = |value: f64| (factor / value - 1.0).abs() < 5e-7;
    if near(1.0) {
        Some(LengthUnit::Metre)
    } else if near(0.3048) {
        Some(LengthUnit::Foot)
    } else if near(1200.0 / 3937.0) {
        Some(LengthUnit::SurveyFoot)
    } else {
        None
    }
}

/// From well-known text; `None` where it is none.
pub(crate) fn from_wkt(wkt: &str) -> Option<Crs> {
    let root = Node::parse(wkt)?;
    let projected = root.find(&["PROJCS", "PROJCRS", "PROJECTEDCRS"]);
    let geographic = root.find(&["GEOGCS", "GEOGCRS", "GEODCRS", "GEOGRAPHICCRS"]);
    let horizontal = projected.or(geographic)?;
    let vertical = root.find(&["VERT_CS", "VERTCRS", "VERTICALCRS"]);
    Some(Crs {
        wkt: Some(wkt.to_owned()),
        horizontal: horizontal.epsg(),
        vertical: vertical.and_then(Node::epsg),
        name: horizontal.name().map(str::to_owned),
        unit: if projected.is_some() {
            horizontal.unit().and_then(unit).unwrap_or_default()
        } else {
            LengthUnit::Degree
        },
        vertical_unit: vertical.and_then(Node::unit).and_then(unit),
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
    let units = |key: u16| match short(key) {
        Some(9001) => Some(LengthUnit::Metre),
        Some(9002) => Some(LengthUnit::Foot),
        Some(9003) => Some(LengthUnit::SurveyFoot),
        _ => None,
    };
    let (projected, geographic) = (code(3072), code(2048));
    (projected.is_some() || geographic.is_some() || short(1024).is_some()).then_some(())?;
    let is_degrees = projected.is_none() && short(1024) == Some(2);
    Some(Crs {
        wkt: None,
        horizontal: projected.or(geographic),
        vertical: code(4096),
        name: words_of(3073).or_else(|| words_of(1026)),
        unit: if is_degrees { LengthUnit::Degree } else { units(3076).unwrap_or_default() },
        vertical_unit: units(4099),
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
