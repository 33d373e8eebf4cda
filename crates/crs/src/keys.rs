//! Coordinate systems from GeoTIFF keys, read in versions 1.0 and 1.1 and written in 1.1.

mod projection;

use crate::{definition, epsg, heights, named, text};
use isopach_cloud::{Crs, CrsKind, LengthUnit};

/// GeoTIFF's keys.
mod key {
    pub(super) const MODEL: u16 = 1024;
    pub(super) const RASTER_TYPE: u16 = 1025;
    pub(super) const CITATION: u16 = 1026;
    pub(super) const GEOGRAPHIC: u16 = 2048;
    pub(super) const GEOGRAPHIC_CITATION: u16 = 2049;
    pub(super) const DATUM: u16 = 2050;
    pub(super) const PRIME_MERIDIAN: u16 = 2051;
    pub(super) const AXIS_UNIT: u16 = 2052;
    pub(super) const AXIS_UNIT_SIZE: u16 = 2053;
    pub(super) const ANGULAR_UNIT: u16 = 2054;
    pub(super) const ANGULAR_UNIT_SIZE: u16 = 2055;
    pub(super) const ELLIPSOID: u16 = 2056;
    pub(super) const SEMI_MAJOR: u16 = 2057;
    pub(super) const SEMI_MINOR: u16 = 2058;
    pub(super) const INVERSE_FLATTENING: u16 = 2059;
    pub(super) const AZIMUTH_UNIT: u16 = 2060;
    pub(super) const MERIDIAN_LONGITUDE: u16 = 2061;
    pub(super) const PROJECTED: u16 = 3072;
    pub(super) const PROJECTED_CITATION: u16 = 3073;
    pub(super) const PROJECTION: u16 = 3074;
    pub(super) const METHOD: u16 = 3075;
    pub(super) const UNIT: u16 = 3076;
    pub(super) const UNIT_SIZE: u16 = 3077;
    pub(super) const VERTICAL: u16 = 4096;
    pub(super) const VERTICAL_CITATION: u16 = 4097;
    pub(super) const VERTICAL_DATUM: u16 = 4098;
    pub(super) const VERTICAL_UNIT: u16 = 4099;
}
/// Value of a key for a system without a code.
const USER_DEFINED: u16 = 32767;
/// Tags that hold the values that are not 16-bit integers.
const DOUBLES: u16 = 34736;
const ASCII: u16 = 34737;
/// EPSG's number of the metre.
const METRE: u16 = 9001;
/// Prefix with which ESRI writes well-known text into a citation.
const ESRI_TEXT: &str = "ESRI PE String = ";

/// The GeoTIFF keys of a GeoTIFF or LAS file: its three raw records.
///
/// ```
/// use isopach_crs::{GeoKeys, from_geokeys};
/// // Revision 1.1, two keys: a projected model, EPSG:32617.
/// let directory = [1, 1, 1, 2, 1024, 0, 1, 1, 3072, 0, 1, 32617];
/// let crs = from_geokeys(GeoKeys { directory: &directory, ..GeoKeys::default() }).expect("a system");
/// assert_eq!(crs.horizontal, Some(32617));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GeoKeys<'a> {
    /// Key directory (tag 34735): a head of four numbers, then four a key (key, record of its
    /// value, count, value or place).
    pub directory: &'a [u16],
    /// Numbers that keys refer to (tag 34736).
    pub doubles: &'a [f64],
    /// Text that ASCII keys refer to (tag 34737), by byte.
    pub ascii: &'a [u8],
}

impl GeoKeys<'_> {
    /// The directory entry of a key whose value is stored in `record`.
    fn find_entry(&self, wanted: u16, record: u16) -> Option<[u16; 4]> {
        let entries = self.directory.get(4..)?.as_chunks::<4>().0;
        entries
            .iter()
            .copied()
            .find(|[key, at, ..]| *key == wanted && *at == record)
    }

    /// The value of a key that is stored in the directory itself.
    fn read_short(&self, wanted: u16) -> Option<u16> {
        self.find_entry(wanted, 0).map(|[.., value]| value)
    }

    /// The EPSG code of a key, unless it says "user-defined".
    fn read_code(&self, wanted: u16) -> Option<u16> {
        self.read_short(wanted)
            .filter(|code| !matches!(*code, 0 | USER_DEFINED))
    }

    /// The text of a key: UTF-8, or else Latin-1, which old programs write although the standard
    /// demands ASCII.
    fn read_ascii(&self, wanted: u16) -> Option<String> {
        let [_, _, count, start] = self.find_entry(wanted, ASCII)?;
        let start = usize::from(start);
        let count = usize::from(count);
        let bytes = self
            .ascii
            .get(start..(start + count).min(self.ascii.len()))?;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(), // Latin-1
        };
        Some(text.trim_end_matches(['|', '\0']).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The value of a key among the doubles.
    fn read_double(&self, wanted: u16) -> Option<f64> {
        let [.., place] = self.find_entry(wanted, DOUBLES)?;
        self.doubles.get(usize::from(place)).copied()
    }

    /// Whether raster coordinates refer to cell centres (GTRasterTypeGeoKey: PixelIsPoint).
    #[must_use]
    pub fn is_point(&self) -> bool {
        self.read_short(key::RASTER_TYPE) == Some(2)
    }

    /// A unit of length: 0 says nothing, as GDAL has it.
    fn read_unit(&self, wanted: u16, size: u16) -> Option<LengthUnit> {
        match self.read_short(wanted)? {
            0 => None,
            USER_DEFINED => Some(
                self.read_double(size)
                    .map_or(LengthUnit::Other, LengthUnit::from_metres),
            ),
            code => Some(LengthUnit::from_epsg(code)),
        }
    }
}

/// Reads the coordinate system stated by GeoTIFF keys; `None` if they state none. A system that is
/// defined by a method and its parameters gets its well-known text as [`Crs::plane`]. Source: OGC
/// GeoTIFF 1.1 (19-008r4), and GDAL's interpretation of older files.
///
/// ```
/// use isopach_crs::{GeoKeys, from_geokeys};
/// // The GeoKeyDirectory of EPSG:32617: version, then key, location, count, value.
/// let directory = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32617];
/// let crs = from_geokeys(GeoKeys { directory: &directory, doubles: &[], ascii: &[] }).expect("a system");
/// assert_eq!(crs.horizontal, Some(32617));
/// ```
#[must_use]
pub fn from_geokeys(keys: GeoKeys<'_>) -> Option<Crs> {
    let projected = keys.read_code(key::PROJECTED);
    let geographic = keys.read_code(key::GEOGRAPHIC);
    let model = keys.read_short(key::MODEL).filter(|model| *model != 0);
    let unit = keys.read_unit(key::UNIT, key::UNIT_SIZE);
    let says_something =
        projected.is_some() || geographic.is_some() || model.is_some() || unit.is_some();
    let vertical = Vertical::from_keys(&keys);
    if !says_something && vertical.is_empty() {
        return None;
    }
    // A user-defined projected system still names the geographic one that it is based on.
    let kind = match model {
        _ if projected.is_some() => CrsKind::Plane,
        _ if model.is_none() && geographic.is_some() && unit.is_none() => CrsKind::Geographic,
        _ => kind_of_model(model),
    };
    let citation = if kind == CrsKind::Geographic {
        key::GEOGRAPHIC_CITATION
    } else {
        key::PROJECTED_CITATION
    };
    let words = [citation, key::CITATION]
        .into_iter()
        .find_map(|key| keys.read_ascii(key));
    let text = words
        .as_deref()
        .and_then(|words| words.strip_prefix(ESRI_TEXT))
        .filter(|_| projected.is_none());
    if let Some(text) = text {
        return text::from_wkt(text).map(|crs| vertical.added_to(crs));
    }
    let unit = if kind == CrsKind::Geographic {
        LengthUnit::Degree
    } else {
        unit.unwrap_or_else(|| projected.map_or(LengthUnit::Metre, epsg::unit_of_projected))
    };
    let of_code = projected.and_then(named::crs_of_code);
    let by_parameters = match (&of_code, kind) {
        (None, CrsKind::Plane) => projection::projected_element(&keys, unit),
        _ => None,
    };
    let definition = of_code
        .and_then(|crs| crs.definition)
        .or_else(|| definition::define_system(by_parameters.as_ref()?));
    Some(vertical.added_to(Crs {
        kind,
        plane: by_parameters.map(|element| element.to_string()),
        horizontal: if kind == CrsKind::Plane {
            projected
        } else {
            geographic
        },
        name: words.map(|words| named_in(&words).to_owned()),
        unit,
        definition,
        ..Crs::default()
    }))
}

/// The kind of coordinates that the model key states; without one, lengths in a plane.
fn kind_of_model(model: Option<u16>) -> CrsKind {
    match model {
        Some(2) => CrsKind::Geographic,
        Some(3) => CrsKind::Geocentric,
        _ => CrsKind::Plane,
    }
}

/// A labelled part of a citation, as ESRI and GDAL write them: `GCS Name = NAD83|Datum =
/// D_North_American_1983|Primem = Greenwich`.
fn quoted_part<'a>(citation: &'a str, part: &str) -> Option<&'a str> {
    citation
        .split('|')
        .find_map(|words| value_after(words, part))
        .filter(|name| !name.is_empty())
}

/// The value of `label = value`, if the label is `label`.
fn value_after<'a>(words: &'a str, label: &str) -> Option<&'a str> {
    let rest = words.trim().strip_prefix(label)?;
    rest.trim_start().strip_prefix('=').map(str::trim)
}

/// The name of a system in a citation: that which it calls so, else all of it.
fn named_in(citation: &str) -> &str {
    ["PCS Name", "GCS Name"]
        .into_iter()
        .find_map(|part| quoted_part(citation, part))
        .unwrap_or(citation)
}

/// Vertical part of the keys.
struct Vertical {
    code: Option<u16>,
    unit: Option<LengthUnit>,
    citation: Option<String>,
}

impl Vertical {
    /// Reads the vertical code, citation and unit.
    fn from_keys(keys: &GeoKeys<'_>) -> Self {
        Self {
            code: keys
                .read_code(key::VERTICAL)
                .or_else(|| keys.read_code(key::VERTICAL_DATUM)),
            unit: keys.read_unit(key::VERTICAL_UNIT, USER_DEFINED),
            citation: keys.read_ascii(key::VERTICAL_CITATION),
        }
    }

    /// Whether the keys say nothing of heights.
    fn is_empty(&self) -> bool {
        self.code.is_none() && self.unit.is_none() && self.citation.is_none()
    }

    /// The system with the heights that the keys state, if they state any.
    fn added_to(self, mut crs: Crs) -> Crs {
        if self.is_empty() {
            return crs;
        }
        crs.vertical = self.code.map(heights::system_of_key);
        crs.vertical_unit = self.unit.or(crs.vertical.map(epsg::unit_of_vertical));
        crs.heights = heights::reference_of_keys(self.code, self.citation.as_deref());
        crs
    }
}

/// The longest text that is written into a citation, bytes: its length is a key's number of 16
/// bits.
const LONGEST_TEXT: usize = 60_000;

/// Writes the keys (GeoTIFF 1.1) that state a system: directory, and the text that it points into.
/// A system without a code is stated by its well-known text as ESRI writes it, or else by its name.
///
/// ```
/// use isopach_crs::{GeoKeys, from_geokeys, named_crs, to_geokeys};
/// let crs = named_crs("EPSG:32617")?;
/// let (directory, ascii) = to_geokeys(&crs);
/// let back = from_geokeys(GeoKeys { directory: &directory, ascii: ascii.as_bytes(), ..GeoKeys::default() });
/// assert_eq!(back.and_then(|crs| crs.horizontal), Some(32617));
/// # Ok::<(), isopach_crs::CrsNameError>(())
/// ```
#[must_use]
pub fn to_geokeys(crs: &Crs) -> (Vec<u16>, String) {
    let geographic = crs.unit == LengthUnit::Degree;
    // GDAL and programs based on it accept an ESRI citation only if the model is user-defined as
    // well.
    let text = crs
        .plane
        .as_ref()
        .or(crs.wkt.as_ref())
        .filter(|text| crs.horizontal.is_none() && !geographic && text.len() < LONGEST_TEXT);
    let model = match text {
        Some(_) => USER_DEFINED,
        None if geographic => 2,
        None => 1,
    };
    let mut keys = vec![[key::MODEL, 0, 1, model], [key::RASTER_TYPE, 0, 1, 1]];
    let mut citation = String::new();
    if let Some(code) = crs.horizontal {
        keys.push([
            if geographic {
                key::GEOGRAPHIC
            } else {
                key::PROJECTED
            },
            0,
            1,
            code,
        ]);
    } else if let Some(text) = text {
        citation = format!("{ESRI_TEXT}{text}|");
        keys.push([key::PROJECTED, 0, 1, USER_DEFINED]);
        keys.push([key::PROJECTED_CITATION, ASCII, citation.len() as u16, 0]);
        keys.push([key::UNIT, 0, 1, METRE]);
    } else if let Some(name) = &crs.name {
        citation = format!("{name}|");
        keys.push([key::CITATION, ASCII, citation.len() as u16, 0]);
    }
    keys.extend(crs.vertical.map(|code| [key::VERTICAL, 0, 1, code]));
    // GeoTIFF 1.1: the vertical key holds the EPSG code of a vertical system.
    let head = [1, 1, 1, keys.len() as u16];
    (
        std::iter::once(head).chain(keys).flatten().collect(),
        citation,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(keys: &[[u16; 4]]) -> Vec<u16> {
        let head = [1, 1, 0, keys.len() as u16];
        std::iter::once(&head)
            .chain(keys)
            .flatten()
            .copied()
            .collect()
    }

    fn read(directory: &[u16], doubles: &[f64], ascii: impl AsRef<[u8]>) -> Option<Crs> {
        from_geokeys(GeoKeys {
            directory,
            doubles,
            ascii: ascii.as_ref(),
        })
    }

    /// Written and read again.
    fn returned(crs: &Crs) -> Crs {
        let (directory, ascii) = to_geokeys(crs);
        read(&directory, &[], ascii).unwrap()
    }

    #[test]
    fn keys_round_trip_and_unknown_codes_are_none() {
        let crs = Crs {
            vertical: Some(5703),
            ..Crs::from_epsg(25833)
        };
        let back = returned(&crs);
        assert_eq!((back.horizontal, back.vertical), (Some(25833), Some(5703)));
        assert_eq!(to_geokeys(&crs).0[..3], [1, 1, 1], "revision 1.1");
        assert_eq!(returned(&Crs::from_epsg(USER_DEFINED)).horizontal, None);
        assert_eq!(read(&[1, 0, 1], &[], ""), None);
        assert_eq!(read(&directory(&[[1025, 0, 1, 1]]), &[], ""), None);
    }

    #[test]
    fn a_system_without_a_code_keeps_its_text() {
        let wkt = r#"PROJCS["Oregon Lambert, in metres",GEOGCS["NAD83"],UNIT["metre",1]]"#;
        let crs = Crs {
            wkt: Some(wkt.into()),
            name: Some("Oregon Lambert, in metres".into()),
            ..Crs::default()
        };
        let (keys, citation) = to_geokeys(&crs);
        let entries = keys.as_chunks::<4>().0;
        assert_eq!(entries[0], [1, 1, 1, entries.len() as u16 - 1]);
        assert!(entries[1..].is_sorted(), "readers look keys up in order");
        assert!(
            entries.contains(&[1024, 0, 1, USER_DEFINED])
                && entries.contains(&[3072, 0, 1, USER_DEFINED])
        );
        let [_, _, length, start] = *entries.iter().find(|entry| entry[0] == 3073).unwrap();
        assert_eq!(
            citation
                .get(usize::from(start)..usize::from(length))
                .unwrap(),
            format!("ESRI PE String = {wkt}|")
        );
        assert_eq!(returned(&crs).wkt.as_deref(), Some(wkt));

        let (keys, citation) = to_geokeys(&Crs {
            horizontal: Some(25833),
            ..crs
        });
        assert!(
            keys.as_chunks::<4>().0.contains(&[3072, 0, 1, 25833]) && citation.is_empty(),
            "a code says it all"
        );
    }

    /// Offsets and lengths count bytes, in any encoding of the text.
    #[test]
    fn texts_are_cut_as_bytes_and_then_decoded() {
        let keys = directory(&[
            [1024, 0, 1, 1],
            [1026, ASCII, 9, 0],
            [3073, ASCII, 7, 9],
            [4097, ASCII, 5, 16],
        ]);
        let crs = read(&keys, &[], b"Bogot\xE1 N|M\xE9xico|Pisco").unwrap();
        assert_eq!(
            (crs.name.as_deref(), crs.heights.name.as_deref()),
            (Some("México"), Some("Pisco"))
        );
        let keys = directory(&[[1024, 0, 1, 1], [1026, ASCII, 10, 0], [3073, ASCII, 8, 10]]);
        assert_eq!(
            read(&keys, &[], "Bogotá N|México|")
                .unwrap()
                .name
                .as_deref(),
            Some("México")
        );
        let parts = b"GCS Name = NAD83|Datum = D_North_American_1983|Primem = Greenwich|";
        let geographic = directory(&[[1024, 0, 1, 2], [2049, ASCII, parts.len() as u16, 0]]);
        assert_eq!(
            read(&geographic, &[], parts).unwrap().name.as_deref(),
            Some("NAD83")
        );
        assert_eq!(
            quoted_part("GCS Name = a|Datum = b c|", "Datum"),
            Some("b c")
        );
        assert_eq!(quoted_part("Datum of 1983", "Datum"), None);
        let of_text = |entry: [u16; 4]| {
            read(&directory(&[[1024, 0, 1, 1], entry]), &[], "abc|")
                .unwrap()
                .name
        };
        assert_eq!(
            of_text([3073, ASCII, 65_535, 2]).as_deref(),
            Some("c"),
            "longer than the record"
        );
        assert_eq!(
            [[3073, ASCII, 1, 9], [3073, ASCII, 0, 0]].map(of_text),
            [None, None]
        );
    }

    #[test]
    fn units_are_read_in_every_way_they_are_stated() {
        let unit = |keys: &[[u16; 4]], doubles: &[f64]| {
            let crs = read(&directory(keys), doubles, "").unwrap();
            (crs.unit, crs.height_unit())
        };
        let (metre, foot, survey) = (LengthUnit::Metre, LengthUnit::Foot, LengthUnit::SurveyFoot);
        assert_eq!(
            unit(&[[1024, 0, 1, 1], [3072, 0, 1, 2226]], &[]),
            (survey, survey)
        );
        assert_eq!(
            unit(
                &[[3072, 0, 1, 32617], [3076, 0, 1, 0], [4099, 0, 1, 0]],
                &[]
            ),
            (metre, metre)
        );
        assert_eq!(
            unit(&[[3076, 0, 1, 9002], [4099, 0, 1, 9001]], &[]),
            (foot, metre),
            "units alone"
        );
        let own = [
            [1024, 0, 1, 1],
            [3076, 0, 1, USER_DEFINED],
            [3077, DOUBLES, 1, 1],
        ];
        assert_eq!(unit(&own, &[0.0, 0.3048]), (foot, foot));
        let clarke = LengthUnit::ClarkeFoot;
        assert_eq!(unit(&own, &[0.0, 0.304_797_265_4]), (clarke, clarke));
        assert_eq!(unit(&own, &[0.0, 0.9144]).0, LengthUnit::Other, "a yard");
        let kilometre = [[1024, 0, 1, 1], [3076, 0, 1, 9036], [3077, DOUBLES, 1, 1]];
        assert_eq!(
            unit(&kilometre, &[0.0, 0.3048]).0,
            LengthUnit::Other,
            "its number counts, not a size beside it"
        );
        assert_eq!(
            unit(&[[3076, 0, 1, 9005], [4099, 0, 1, 9001]], &[]),
            (clarke, metre)
        );
        assert_eq!(
            unit(&[[3072, 0, 1, 2226], [4096, 0, 1, 5103]], &[]),
            (survey, metre),
            "as GDAL has it"
        );
        let geocentric = read(&directory(&[[1024, 0, 1, 3], [2048, 0, 1, 4326]]), &[], "").unwrap();
        assert_eq!(geocentric.kind, CrsKind::Geocentric);
        let datum = read(
            &directory(&[[3072, 0, 1, 32617], [4096, 0, 1, 5103]]),
            &[],
            "",
        )
        .unwrap();
        assert_eq!(datum.vertical, Some(5703));
    }
}
