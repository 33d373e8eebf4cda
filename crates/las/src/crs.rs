//! Coordinate systems from records: well-known text (2112) or GeoTIFF keys (34735 to 34737); and from what a user says.

use crate::{crs_keys, crs_text, epsg, header::text, heights, records::Record, wkt::Node};
use isopach_cloud::{Crs, CrsKind, LengthUnit};

/// What the records of a file state of its system.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    /// Well-known text where both are there, with codes from the keys where the text has none.
    pub(crate) crs: Option<Crs>,
    /// What is odd about it: keys that contradict the text which the header says counts.
    pub(crate) fault: Option<String>,
}

/// What the records state. `is_text`: the header says that well-known text counts (LAS 1.4). Where it does not say so, text and keys must agree; so must
/// several texts: a system that contradicts itself is unreadable.
pub(crate) fn stated(records: &[Record], is_text: bool) -> Statement {
    let of = |user: &str, id: u16| records.iter().find(|r| r.user == user && r.id == id).map(|r| &r.data[..]);
    let standard = |id: u16| of("LASF_Projection", id);
    let mut texts = records
        .iter()
        .filter(|record| record.user == "LASF_Projection" && record.id == 2112)
        .filter_map(|record| crs_text::read(&text(&record.data)));
    let from_text = texts.next();
    let other = from_text.as_ref().and_then(|first| texts.find_map(|text| difference(first, &text)));
    if let Some(difference) = other {
        return Statement { crs: Some(contradictory("two well-known texts", &difference)), fault: None };
    }
    let keys = standard(34735).and_then(|directory| {
        let [doubles, ascii] = [34736, 34737].map(|id| standard(id).unwrap_or_default());
        crs_keys::read(directory, doubles, ascii)
    });
    let difference = from_text.as_ref().zip(keys.as_ref()).and_then(|(text, keys)| difference(text, keys));
    if let (Some(difference), false) = (&difference, is_text) {
        let crs = contradictory("its well-known text and its GeoTIFF keys", difference);
        return Statement { crs: Some(crs), fault: None };
    }
    let fault = difference.map(|difference| {
        format!("its well-known text and its GeoTIFF keys differ in {difference}: the text counts, as its header says")
    });
    let crs = match (from_text, keys) {
        (Some(crs), Some(keys)) if crs.kind == CrsKind::Unreadable => Some(keys),
        (Some(crs), Some(_)) if fault.is_some() => Some(crs),
        (Some(mut crs), Some(keys)) => {
            crs.horizontal = crs.horizontal.or(keys.horizontal);
            if !crs.has_vertical() {
                crs.vertical = keys.vertical;
                crs.heights = keys.heights;
            }
            crs.vertical_unit = crs.vertical_unit.or(keys.vertical_unit);
            Some(crs)
        }
        // libLAS wrote the text of a system that its keys describe by parameters under its own name.
        (None, Some(keys)) if keys.horizontal.is_none() && keys.wkt.is_none() && keys.kind == CrsKind::Plane => {
            let text = of("liblas", 2112).and_then(|data| crs_text::read(&text(data)));
            Some(text.filter(|text| text.unit == keys.unit && text.kind == keys.kind).unwrap_or(keys))
        }
        (a, b) => a.or(b),
    };
    Statement { crs, fault }
}

/// What two statements of one file differ in, of what says where points are: the definition of the plane, its unit, the unit of heights. Names and
/// what only one of them states are no difference.
fn difference(a: &Crs, b: &Crs) -> Option<String> {
    if [a, b].iter().any(|crs| crs.kind != CrsKind::Plane) {
        return None;
    }
    let words = |crs: &Crs| match (crs.horizontal, &crs.name) {
        (Some(code), _) => format!("EPSG:{code}"),
        (None, Some(name)) => name.clone(),
        (None, None) => "a system without a name".into(),
    };
    let (here, there) = (a.definition.as_ref()?, b.definition.as_ref()?);
    match a.vertical_unit.zip(b.vertical_unit) {
        _ if here != there && (a.horizontal.is_none() || a.horizontal != b.horizontal) => {
            Some(format!("the coordinate system ({} against {})", words(a), words(b)))
        }
        _ if a.unit != b.unit => Some(format!("the unit ({} against {})", a.unit, b.unit)),
        Some((here, there)) if here != there => Some(format!("the unit of heights ({here} against {there})")),
        _ => None,
    }
}

fn contradictory(what: &str, difference: &str) -> Crs {
    let name = format!("{what} differ in {difference}");
    Crs { kind: CrsKind::Unreadable, name: Some(name), unit: LengthUnit::Other, ..Crs::default() }
}

/// The system of an EPSG code; `None` where it is not known here.
pub(crate) fn of_code(code: u16) -> Option<Crs> {
    let mut crs = crs_text::read(epsg::text(code)?)?;
    crs.horizontal = crs.horizontal.or(Some(code));
    crs.wkt = crs.wkt.map(|wkt| without_shift(&wkt));
    crs.plane = crs.plane.map(|wkt| without_shift(&wkt));
    Some(crs)
}

/// The well-known text to be written of a system: its own, else that of its plane or codes; `None` where no text is known of it.
///
/// ```
/// let text = isopach_las::well_known_text(&isopach_las::named_crs("EPSG:32617")?).expect("a code of EPSG");
/// assert!(text.starts_with("PROJCS[\"WGS 84 / UTM zone 17N\""));
/// # Ok::<(), String>(())
/// ```
#[must_use]
pub fn well_known_text(crs: &Crs) -> Option<String> {
    if crs.wkt.is_some() {
        return crs.wkt.clone();
    }
    let plane = crs.plane.clone().or_else(|| of_code(crs.horizontal?)?.plane)?;
    let horizontal = Node::parse(&plane)?;
    let Some(vertical) = crs.vertical.and_then(crs_text::vertical_element) else { return Some(horizontal.to_string()) };
    let names = [&horizontal, &vertical].map(|part| part.name().unwrap_or_default().to_owned());
    let name = Node::Text(names.join(" + "));
    Some(Node::new("COMPD_CS", vec![name, horizontal, vertical]).to_string())
}

/// The system that a user names: `EPSG:32617`, `EPSG:2260+6360` (with a vertical system), `local` (metres), `local:ft`, `local:us-ft`.
///
/// # Errors
/// What is wrong with the name, and what it could be.
///
/// ```
/// let crs = isopach_las::named_crs("EPSG:2260+6360")?;
/// assert_eq!((crs.horizontal, crs.vertical), (Some(2260), Some(6360)));
/// assert!(isopach_las::named_crs("EPSG:4326").is_err(), "degrees are no plane");
/// # Ok::<(), String>(())
/// ```
pub fn named_crs(name: &str) -> Result<Crs, String> {
    const FORMS: &str = "EPSG:32617, EPSG:2260+6360 (with a vertical system), local (metres), local:ft or local:us-ft";
    let local = |unit: LengthUnit| Ok(Crs { name: Some("local".into()), unit, ..Crs::default() });
    match name.to_ascii_lowercase().as_str() {
        "local" => return local(LengthUnit::Metre),
        "local:ft" => return local(LengthUnit::Foot),
        "local:us-ft" => return local(LengthUnit::SurveyFoot),
        _ => {}
    }
    let codes = name.split_once(':').filter(|(authority, _)| authority.eq_ignore_ascii_case("EPSG"));
    let (horizontal, vertical) = match codes.map(|(_, codes)| codes.split_once('+').unwrap_or((codes, ""))) {
        Some(codes) => codes,
        None => return Err(format!("{name:?} is no coordinate system: give {FORMS}")),
    };
    let Some(mut crs) = horizontal.parse().ok().and_then(of_code) else {
        return Err(format!("EPSG:{horizontal} is no projected system that is known here: give {FORMS}"));
    };
    if crs.kind != CrsKind::Plane {
        return Err(format!("EPSG:{horizontal} is {}, and coordinates must be in a plane: give {FORMS}", crs.kind));
    }
    if !vertical.is_empty() {
        let code = vertical.parse().ok().filter(|code| epsg::VerticalSystem::of(*code).is_some());
        let Some(code) = code else {
            return Err(format!("EPSG:{vertical} is no vertical system that is known here: give {FORMS}"));
        };
        crs.vertical = Some(code);
        crs.vertical_unit = Some(epsg::unit_of_vertical(code));
        crs.heights = heights::of_key(Some(code), None);
        crs.wkt = None; // of both codes
    }
    Ok(crs)
}

/// Without the shift to WGS 84 that PostGIS adds to the text of a code: it is no part of the system.
fn without_shift(wkt: &str) -> String {
    Node::parse(wkt).map_or_else(|| wkt.to_owned(), |node| node.without("TOWGS84").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_may_say() {
        let utm = named_crs("epsg:32617").unwrap();
        assert_eq!((utm.horizontal, utm.unit, utm.kind), (Some(32617), LengthUnit::Metre, CrsKind::Plane));
        let feet = named_crs("EPSG:2260+6360").unwrap();
        assert_eq!((feet.unit, feet.vertical_unit), (LengthUnit::SurveyFoot, Some(LengthUnit::SurveyFoot)));
        assert!(
            well_known_text(&feet)
                .unwrap()
                .starts_with("COMPD_CS[\"NAD83 / New York East (ftUS) + NAVD88 height (ftUS)\"")
        );
        assert_eq!(named_crs("local:ft").unwrap().unit, LengthUnit::Foot);
        for (name, part) in [
            ("EPSG:4326", "longitude and latitude"),
            ("EPSG:4978", "geocentric"),
            ("EPSG:64999", "known here"),
            ("EPSG:32617+32618", "vertical"),
            ("utm 17", "EPSG:32617"),
            ("EPSG:", "known here"),
        ] {
            let error = named_crs(name).unwrap_err();
            assert!(error.contains(part), "{name}: {error}");
        }
    }

    #[test]
    fn the_text_of_a_code_has_no_shift() {
        let text = well_known_text(&Crs::epsg(26917)).unwrap();
        assert!(text.contains("26917") && !text.contains("TOWGS84"), "{text}");
        assert_eq!(well_known_text(&Crs::epsg(64_999)), None);
    }

    fn text_record(wkt: &str) -> Record {
        Record { user: "LASF_Projection".into(), id: 2112, data: wkt.as_bytes().to_vec() }
    }

    fn keys_record(keys: &[[u16; 4]]) -> Record {
        let head = [1, 1, 0, keys.len() as u16];
        let words = std::iter::once(&head).chain(keys).flatten();
        Record { user: "LASF_Projection".into(), id: 34735, data: words.flat_map(|word| word.to_le_bytes()).collect() }
    }

    #[test]
    fn a_file_that_contradicts_itself_says_so() {
        let text = |code: u16| text_record(epsg::text(code).unwrap());
        let keys = |code: u16| keys_record(&[[1024, 0, 1, 1], [3072, 0, 1, code]]);
        let of = |records: &[Record], is_text: bool| stated(records, is_text);
        // The same system twice, in text and in keys.
        for records in [vec![text(32617), text(32617)], vec![text(32617), keys(32617)], vec![text(2260), keys(2260)]] {
            let found = of(&records, false);
            assert!(found.crs.unwrap().kind == CrsKind::Plane && found.fault.is_none());
        }
        let two = of(&[text(32617), text(32618)], true).crs.unwrap();
        assert_eq!((two.kind, factors_of(&two)), (CrsKind::Unreadable, None));
        assert!(two.name.unwrap().contains("EPSG:32617 against EPSG:32618"));
        let unsaid = of(&[keys(32618), text(32617)], false).crs.unwrap();
        assert!(unsaid.kind == CrsKind::Unreadable && unsaid.name.unwrap().contains("GeoTIFF keys differ in"));
        let said = of(&[keys(32618), text(32617)], true);
        assert_eq!(said.crs.unwrap().horizontal, Some(32617));
        assert!(said.fault.unwrap().contains("the text counts"));
        // Heights: text in US feet, keys in metres.
        let feet = || text_record(&well_known_text(&named_crs("EPSG:2260+6360").unwrap()).unwrap());
        let metres = keys_record(&[[1024, 0, 1, 1], [3072, 0, 1, 2260], [4099, 0, 1, 9001]]);
        let heights = of(&[feet(), metres], false).crs.unwrap();
        assert!(heights.name.unwrap().contains("the unit of heights (US survey feet against metres)"));
        assert!(of(&[feet(), keys(2260)], false).fault.is_none(), "keys without a unit of heights state none");
    }

    fn factors_of(crs: &Crs) -> Option<[f64; 3]> {
        crate::metric::factors(crs)
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let marked = format!("\u{feff}{}", epsg::text(32617).unwrap());
        assert_eq!(stated(&[text_record(&marked)], true).crs.unwrap().horizontal, Some(32617));
    }
}
