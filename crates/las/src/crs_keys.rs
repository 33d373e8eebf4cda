//! Coordinate systems from GeoTIFF keys, read in versions 1.0 and 1.1 and written in 1.1.

mod projection;

use crate::{crs_text, definition, epsg, heights};
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
/// What a key says of something that has no code.
const USER_DEFINED: u16 = 32767;
/// Where values are that are no short words.
const DOUBLES: u16 = 34736;
const ASCII: u16 = 34737;
/// How ESRI writes well-known text into a citation.
const ESRI_TEXT: &str = "ESRI PE String = ";

/// A key directory with what its keys point to: a head of four numbers, then four a key (key, where its value is, count, value).
struct Directory<'a> {
    keys: Vec<[u16; 4]>,
    doubles: &'a [u8],
    /// What texts are cut from: keys count its bytes.
    ascii: &'a [u8],
}

impl Directory<'_> {
    fn short(&self, wanted: u16) -> Option<u16> {
        self.keys.iter().find(|[key, at, ..]| *key == wanted && *at == 0).map(|[.., value]| *value)
    }

    /// A code, where it is one.
    fn code(&self, wanted: u16) -> Option<u16> {
        self.short(wanted).filter(|code| !matches!(*code, 0 | USER_DEFINED))
    }

    /// The text of a key: in UTF-8, or else in Latin-1, which is what old programs write though the standard asks for ASCII.
    fn words(&self, wanted: u16) -> Option<String> {
        let [_, _, count, start] = *self.keys.iter().find(|[key, at, ..]| *key == wanted && *at == ASCII)?;
        let (start, count) = (usize::from(start), usize::from(count));
        let bytes = self.ascii.get(start..start + count)?;
        let latin = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect();
        let text = std::str::from_utf8(bytes).map_or_else(|_| latin(bytes), str::to_owned);
        Some(text.trim_end_matches(['|', '\0']).trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn double(&self, wanted: u16) -> Option<f64> {
        let [.., place] = *self.keys.iter().find(|[key, at, ..]| *key == wanted && *at == DOUBLES)?;
        let bytes = self.doubles.as_chunks::<8>().0.get(usize::from(place))?;
        Some(f64::from_le_bytes(*bytes))
    }

    /// A unit of length: 0 says nothing, as GDAL has it.
    fn unit(&self, wanted: u16, size: u16) -> Option<LengthUnit> {
        match self.short(wanted)? {
            0 => None,
            USER_DEFINED => Some(self.double(size).map_or(LengthUnit::Other, LengthUnit::of_metres)),
            code => Some(LengthUnit::of_epsg(code)),
        }
    }
}

/// What a directory states; `None` where it says nothing of a system.
pub(crate) fn read(directory: &[u8], doubles: &[u8], ascii: impl AsRef<[u8]>) -> Option<Crs> {
    let words: Vec<u16> = directory.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let keys = words.get(4..)?.as_chunks::<4>().0.to_vec();
    let keys = Directory { keys, doubles, ascii: ascii.as_ref() };
    let (projected, geographic) = (keys.code(key::PROJECTED), keys.code(key::GEOGRAPHIC));
    let (model, unit) = (keys.short(key::MODEL).filter(|model| *model != 0), keys.unit(key::UNIT, key::UNIT_SIZE));
    let says_something = projected.is_some() || geographic.is_some() || model.is_some() || unit.is_some();
    let vertical = Vertical::of(&keys);
    if !says_something && vertical.is_empty() {
        return None;
    }
    let cited = [key::PROJECTED_CITATION, key::CITATION].into_iter().find_map(|key| keys.words(key));
    if let Some(text) = cited.as_deref().and_then(|cited| cited.strip_prefix(ESRI_TEXT)).filter(|_| projected.is_none())
    {
        return crs_text::read(text).map(|crs| vertical.added_to(crs));
    }
    // The model is what the coordinates are; a projected system of the user's own still names the geographic one it is based on.
    let kind = match model {
        _ if projected.is_some() => CrsKind::Plane,
        Some(3) => CrsKind::Geocentric,
        Some(2) => CrsKind::Geographic,
        Some(1 | USER_DEFINED) => CrsKind::Plane,
        _ if geographic.is_some() && unit.is_none() => CrsKind::Geographic,
        _ => CrsKind::Plane,
    };
    let unit_of_system = || projected.map_or(LengthUnit::Metre, epsg::unit_of_projected);
    let unit = if kind == CrsKind::Geographic { LengthUnit::Degree } else { unit.unwrap_or_else(unit_of_system) };
    let of_code = projected.and_then(crate::crs::of_code);
    let by_parameters = match (&of_code, kind) {
        (None, CrsKind::Plane) => projection::element(&keys, unit),
        _ => None,
    };
    let definition = of_code.and_then(|crs| crs.definition).or_else(|| definition::of(by_parameters.as_ref()?));
    Some(vertical.added_to(Crs {
        kind,
        plane: by_parameters.map(|element| element.to_string()),
        horizontal: if kind == CrsKind::Plane { projected } else { geographic },
        name: cited,
        unit,
        definition,
        ..Crs::default()
    }))
}

/// What keys say of heights.
struct Vertical {
    code: Option<u16>,
    unit: Option<LengthUnit>,
    citation: Option<String>,
}

impl Vertical {
    fn of(keys: &Directory<'_>) -> Self {
        Self {
            code: keys.code(key::VERTICAL).or_else(|| keys.code(key::VERTICAL_DATUM)),
            unit: keys.unit(key::VERTICAL_UNIT, USER_DEFINED),
            citation: keys.words(key::VERTICAL_CITATION),
        }
    }

    fn is_empty(&self) -> bool {
        self.code.is_none() && self.unit.is_none() && self.citation.is_none()
    }

    fn added_to(self, mut crs: Crs) -> Crs {
        if self.is_empty() {
            return crs;
        }
        crs.vertical = self.code.map(heights::system_of_key);
        crs.vertical_unit = self.unit.or(crs.vertical.map(epsg::unit_of_vertical));
        crs.heights = heights::of_key(self.code, self.citation.as_deref());
        crs
    }
}

/// A key directory (GeoTIFF 1.1) that states the codes of `crs`.
pub(crate) fn written(crs: &Crs) -> Option<Vec<u8>> {
    let horizontal = crs.horizontal?;
    let (model, system) = if crs.unit == LengthUnit::Degree { (2, key::GEOGRAPHIC) } else { (1, key::PROJECTED) };
    let mut keys = vec![[key::MODEL, 0, 1, model], [key::RASTER_TYPE, 0, 1, 1], [system, 0, 1, horizontal]];
    keys.extend(crs.vertical.map(|code| [key::VERTICAL, 0, 1, code]));
    keys.sort_unstable();
    let head = [1, 1, 1, keys.len() as u16];
    Some(std::iter::once(head).chain(keys).flatten().flat_map(u16::to_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(keys: &[[u16; 4]]) -> Vec<u8> {
        let head = [1, 1, 0, keys.len() as u16];
        std::iter::once(&head).chain(keys).flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn keys_round_trip_and_unknown_codes_are_none() {
        let crs = Crs { vertical: Some(5703), ..Crs::epsg(25833) };
        let back = read(&written(&crs).unwrap(), &[], "").unwrap();
        assert_eq!((back.horizontal, back.vertical), (Some(25833), Some(5703)));
        assert_eq!(written(&crs).unwrap()[..6], [1, 0, 1, 0, 1, 0], "revision 1.1");
        let user_defined = read(&written(&Crs::epsg(USER_DEFINED)).unwrap(), &[], "").unwrap();
        assert_eq!(user_defined.horizontal, None);
        assert_eq!(read(&[1, 0, 1], &[], ""), None);
        assert_eq!(read(&directory(&[[1025, 0, 1, 1]]), &[], ""), None);
    }

    /// Offsets and lengths count bytes, whatever the text is encoded in.
    #[test]
    fn texts_are_cut_as_bytes_and_then_decoded() {
        let keys = directory(&[[1024, 0, 1, 1], [1026, ASCII, 9, 0], [3073, ASCII, 7, 9], [4097, ASCII, 5, 16]]);
        let crs = read(&keys, &[], b"Bogot\xE1 N|M\xE9xico|Pisco").unwrap();
        assert_eq!((crs.name.as_deref(), crs.heights.name.as_deref()), (Some("México"), Some("Pisco")));
        let keys = directory(&[[1024, 0, 1, 1], [1026, ASCII, 10, 0], [3073, ASCII, 8, 10]]);
        assert_eq!(read(&keys, &[], "Bogotá N|México|").unwrap().name.as_deref(), Some("México"));
    }

    #[test]
    fn units_are_read_in_every_way_they_are_stated() {
        let unit = |keys: &[[u16; 4]], doubles: &[f64]| {
            let doubles: Vec<u8> = doubles.iter().flat_map(|value| value.to_le_bytes()).collect();
            let crs = read(&directory(keys), &doubles, "").unwrap();
            (crs.unit, crs.height_unit())
        };
        let (metre, foot, survey) = (LengthUnit::Metre, LengthUnit::Foot, LengthUnit::SurveyFoot);
        assert_eq!(unit(&[[1024, 0, 1, 1], [3072, 0, 1, 2226]], &[]), (survey, survey));
        assert_eq!(unit(&[[3072, 0, 1, 32617], [3076, 0, 1, 0], [4099, 0, 1, 0]], &[]), (metre, metre));
        assert_eq!(unit(&[[3076, 0, 1, 9002], [4099, 0, 1, 9001]], &[]), (foot, metre), "units alone");
        let own = [[1024, 0, 1, 1], [3076, 0, 1, USER_DEFINED], [3077, DOUBLES, 1, 1]];
        assert_eq!(unit(&own, &[0.0, 0.3048]), (foot, foot));
        let clarke = LengthUnit::ClarkeFoot;
        assert_eq!(unit(&own, &[0.0, 0.304_797_265_4]), (clarke, clarke));
        assert_eq!(unit(&[[3076, 0, 1, 9005], [4099, 0, 1, 9001]], &[]), (clarke, metre));
        assert_eq!(unit(&[[3072, 0, 1, 2226], [4096, 0, 1, 5103]], &[]), (survey, metre), "as GDAL has it");
        let geocentric = read(&directory(&[[1024, 0, 1, 3], [2048, 0, 1, 4326]]), &[], "").unwrap();
        assert_eq!(geocentric.kind, CrsKind::Geocentric);
        let datum = read(&directory(&[[3072, 0, 1, 32617], [4096, 0, 1, 5103]]), &[], "").unwrap();
        assert_eq!(datum.vertical, Some(5703));
    }
}
