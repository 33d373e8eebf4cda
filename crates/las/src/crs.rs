//! Coordinate systems from records: well-known text (2112) or GeoTIFF keys (34735 to 34737).

use crate::{records::Record, text::trimmed_text};
use isopach_cloud::{Crs, CrsKind, LengthUnit};
use isopach_crs::{GeoKeys, from_geokeys, from_wkt};

/// The coordinate system that the records of a file state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    /// The system from well-known text if both forms are present, with EPSG codes from the keys if
    /// the text has none.
    pub(crate) crs: Option<Crs>,
    /// A contradiction: GeoTIFF keys that disagree with the text that the header declares valid.
    pub(crate) fault: Option<String>,
}

/// Reads the stated coordinate system. `is_text` is the header's WKT flag (LAS 1.4). Without the
/// flag, text and keys must agree, and so must several texts; a file that contradicts itself has an
/// unreadable system.
pub(crate) fn stated_crs(records: &[Record], is_text: bool) -> Statement {
    let mut texts = records
        .iter()
        .filter(|record| record.user == "LASF_Projection" && record.id == 2112)
        .filter_map(|record| from_wkt(&trimmed_text(&record.data)));
    let from_text = texts.next();
    let other = from_text
        .as_ref()
        .and_then(|first| texts.find_map(|text| describe_difference(first, &text)));
    if let Some(difference) = other {
        return Statement {
            crs: Some(contradictory_crs("two well-known texts", &difference)),
            fault: None,
        };
    }
    let keys = data_of(records, "LASF_Projection", 34735).and_then(|directory| {
        let [doubles, ascii] =
            [34736, 34737].map(|id| data_of(records, "LASF_Projection", id).unwrap_or_default());
        from_records(directory, doubles, ascii)
    });
    let difference = from_text
        .as_ref()
        .zip(keys.as_ref())
        .and_then(|(text, keys)| describe_difference(text, keys));
    if let (Some(difference), false) = (&difference, is_text) {
        let crs = contradictory_crs("its well-known text and its GeoTIFF keys", difference);
        return Statement {
            crs: Some(crs),
            fault: None,
        };
    }
    let fault = difference.map(|difference| {
        format!("its well-known text and its GeoTIFF keys differ in {difference}: the text counts, as its header says")
    });
    let crs = match (from_text, keys) {
        (Some(crs), Some(keys)) if crs.kind == CrsKind::Unreadable => Some(keys),
        (Some(crs), Some(_)) if fault.is_some() => Some(crs),
        (Some(crs), Some(keys)) => Some(completed_by(crs, keys)),
        (None, Some(keys)) => Some(text_of_liblas(records, &keys).unwrap_or(keys)),
        (crs, None) => crs,
    };
    Statement { crs, fault }
}

/// The data of the record with this user and number.
fn data_of<'a>(records: &'a [Record], user: &str, id: u16) -> Option<&'a [u8]> {
    records
        .iter()
        .find(|record| record.user == user && record.id == id)
        .map(|record| &record.data[..])
}

/// The system of a text, with the codes and heights that only the keys state.
fn completed_by(mut crs: Crs, keys: Crs) -> Crs {
    crs.horizontal = crs.horizontal.or(keys.horizontal);
    if !crs.has_vertical() {
        crs.vertical = keys.vertical;
        crs.heights = keys.heights;
    }
    crs.vertical_unit = crs.vertical_unit.or(keys.vertical_unit);
    crs
}

/// The text that libLAS wrote, under its own name, of a system that its keys describe by
/// parameters.
fn text_of_liblas(records: &[Record], keys: &Crs) -> Option<Crs> {
    if keys.horizontal.is_some() || keys.wkt.is_some() || keys.kind != CrsKind::Plane {
        return None;
    }
    from_wkt(&trimmed_text(data_of(records, "liblas", 2112)?))
        .filter(|crs| crs.unit == keys.unit && crs.kind == keys.kind)
}

/// Reads the system stated by the three GeoTIFF key records.
fn from_records(directory: &[u8], doubles: &[u8], ascii: &[u8]) -> Option<Crs> {
    let directory: Vec<u16> = directory
        .as_chunks()
        .0
        .iter()
        .map(|word| u16::from_le_bytes(*word))
        .collect();
    let doubles: Vec<f64> = doubles
        .as_chunks()
        .0
        .iter()
        .map(|number| f64::from_le_bytes(*number))
        .collect();
    from_geokeys(GeoKeys {
        directory: &directory,
        doubles: &doubles,
        ascii,
    })
}

/// Names the difference between two statements of one file that affects where points lie: the
/// definition of the plane, its unit, the unit of heights. Names, and parts that only one of them
/// states, do not count.
fn describe_difference(a: &Crs, b: &Crs) -> Option<String> {
    if [a, b].iter().any(|crs| crs.kind != CrsKind::Plane) {
        return None;
    }
    let here = a.definition.as_ref()?;
    let there = b.definition.as_ref()?;
    match a.vertical_unit.zip(b.vertical_unit) {
        _ if here != there && (a.horizontal.is_none() || a.horizontal != b.horizontal) => {
            Some(format!(
                "the coordinate system ({} against {})",
                code_or_name(a),
                code_or_name(b)
            ))
        }
        _ if a.unit != b.unit => Some(format!("the unit ({} against {})", a.unit, b.unit)),
        Some((here, there)) if here != there => {
            Some(format!("the unit of heights ({here} against {there})"))
        }
        _ => None,
    }
}

/// Code or name of a system, for messages.
fn code_or_name(crs: &Crs) -> String {
    match (crs.horizontal, &crs.name) {
        (Some(code), _) => format!("EPSG:{code}"),
        (None, Some(name)) => name.clone(),
        (None, None) => "a system without a name".into(),
    }
}

fn contradictory_crs(what: &str, difference: &str) -> Crs {
    let name = format!("{what} differ in {difference}");
    Crs {
        kind: CrsKind::Unreadable,
        name: Some(name),
        unit: LengthUnit::Other,
        ..Crs::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_crs::{named_crs, well_known_text};

    fn text_of(code: u16) -> String {
        well_known_text(&Crs::from_epsg(code)).unwrap()
    }

    fn text_record(wkt: &str) -> Record {
        Record {
            user: "LASF_Projection".into(),
            id: 2112,
            data: wkt.as_bytes().to_vec(),
        }
    }

    fn keys_record(keys: &[[u16; 4]]) -> Record {
        let head = [1, 1, 0, keys.len() as u16];
        let words = std::iter::once(&head).chain(keys).flatten();
        Record {
            user: "LASF_Projection".into(),
            id: 34735,
            data: words.flat_map(|word| word.to_le_bytes()).collect(),
        }
    }

    #[test]
    fn a_file_that_contradicts_itself_says_so() {
        let text = |code: u16| text_record(&text_of(code));
        let keys = |code: u16| keys_record(&[[1024, 0, 1, 1], [3072, 0, 1, code]]);
        let of = |records: &[Record], is_text: bool| stated_crs(records, is_text);
        // The same system twice, in text and in keys.
        for records in [
            vec![text(32617), text(32617)],
            vec![text(32617), keys(32617)],
            vec![text(2260), keys(2260)],
        ] {
            let found = of(&records, false);
            assert!(found.crs.unwrap().kind == CrsKind::Plane && found.fault.is_none());
        }
        let two = of(&[text(32617), text(32618)], true).crs.unwrap();
        assert_eq!((two.kind, factors_of(&two)), (CrsKind::Unreadable, None));
        assert!(two.name.unwrap().contains("EPSG:32617 against EPSG:32618"));
        let unsaid = of(&[keys(32618), text(32617)], false).crs.unwrap();
        assert!(
            unsaid.kind == CrsKind::Unreadable
                && unsaid.name.unwrap().contains("GeoTIFF keys differ in")
        );
        let said = of(&[keys(32618), text(32617)], true);
        assert_eq!(said.crs.unwrap().horizontal, Some(32617));
        assert!(said.fault.unwrap().contains("the text counts"));
        // Heights: text in US feet, keys in metres.
        let feet = || text_record(&well_known_text(&named_crs("EPSG:2260+6360").unwrap()).unwrap());
        let metres = keys_record(&[[1024, 0, 1, 1], [3072, 0, 1, 2260], [4099, 0, 1, 9001]]);
        let heights = of(&[feet(), metres], false).crs.unwrap();
        assert!(
            heights
                .name
                .unwrap()
                .contains("the unit of heights (US survey feet against metres)")
        );
        assert!(
            of(&[feet(), keys(2260)], false).fault.is_none(),
            "keys without a unit of heights state none"
        );
    }

    fn factors_of(crs: &Crs) -> Option<[f64; 3]> {
        isopach_crs::metre_factors(crs)
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let marked = format!("\u{feff}{}", text_of(32617));
        assert_eq!(
            stated_crs(&[text_record(&marked)], true)
                .crs
                .unwrap()
                .horizontal,
            Some(32617)
        );
    }
}
