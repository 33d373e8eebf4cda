//! The coordinate reference system of a GeoTIFF: OGC GeoTIFF 1.1, keys.

use super::{
    fault::Read,
    tags::{Directory, Tiff, Values},
};
use isopach_cloud::{Crs, CrsKind, LengthUnit, epsg};
use std::io::Seek;

/// The code that stands for a definition of the user's own.
const USER_DEFINED: u16 = 32767;

/// The key directory and what its entries point into.
pub(super) struct Keys {
    entries: Vec<[u64; 4]>,
    doubles: Vec<f64>,
    /// What texts are cut from: keys count its bytes.
    text: Vec<u8>,
}

/// Values that keys, whose numbers have sixteen bits, can point to.
const MOST_VALUES: u64 = 1 << 16;

impl Keys {
    pub(super) fn of<R: std::io::Read + Seek>(tiff: &mut Tiff<R>, directory: &Directory) -> Read<Self> {
        let words = tiff.numbers(directory, 34735, 4 * MOST_VALUES)?;
        let words: Vec<u64> = words.iter().flat_map(Values::iter).collect();
        let entries = words.get(4..).unwrap_or_default().as_chunks::<4>().0.to_vec();
        let doubles = tiff.doubles(directory, 34736, MOST_VALUES)?;
        Ok(Self { entries, doubles, text: tiff.text_bytes(directory, 34737)? })
    }

    fn entry(&self, key: u64, at: u64) -> Option<[u64; 4]> {
        self.entries.iter().copied().find(|entry| entry[0] == key && entry[1] == at)
    }

    fn short(&self, key: u64) -> Option<u16> {
        self.entry(key, 0).and_then(|[.., value]| u16::try_from(value).ok())
    }

    /// A code that EPSG has given out: neither undefined (0) nor the user's own.
    fn code(&self, key: u64) -> Option<u16> {
        self.short(key).filter(|code| !matches!(*code, 0 | USER_DEFINED))
    }

    fn double(&self, key: u64) -> Option<f64> {
        let [.., at] = self.entry(key, 34736)?;
        self.doubles.get(usize::try_from(at).ok()?).copied()
    }

    /// The text of a key: in UTF-8, or else in Latin-1, which is what old programs write though the standard asks for ASCII.
    fn words(&self, key: u64) -> Option<String> {
        let [_, _, count, start] = self.entry(key, 34737)?;
        let (start, count) = (usize::try_from(start).ok()?, usize::try_from(count).ok()?);
        let bytes = self.text.get(start..start.checked_add(count)?.min(self.text.len()))?;
        let latin = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect();
        let words = std::str::from_utf8(bytes).map_or_else(|_| latin(bytes), str::to_owned);
        Some(words.trim_end_matches(['|', '\0']).to_owned()).filter(|words| !words.is_empty())
    }

    /// Whether places are those of cell centres (GTRasterTypeGeoKey: PixelIsPoint).
    pub(super) fn is_point(&self) -> bool {
        self.short(1025) == Some(2)
    }

    /// The unit that key `unit` states, by number or, where it is the user's own, by key `size` in metres.
    fn unit(&self, unit: u64, size: u64) -> Option<LengthUnit> {
        match self.short(unit)? {
            0 => None,
            USER_DEFINED => Some(self.double(size).map_or(LengthUnit::Other, LengthUnit::of_metres)),
            code => Some(LengthUnit::of_epsg(code)),
        }
    }

    /// The system, as far as it is stated.
    pub(super) fn crs(&self) -> Crs {
        let (projected, geographic, vertical) = (self.code(3072), self.code(2048), self.code(4096));
        let is_geographic = match self.short(1024) {
            Some(2) => true,
            Some(1 | USER_DEFINED) => false,
            _ => projected.is_none() && geographic.is_some(),
        };
        let unit = match (is_geographic, self.short(1024)) {
            (true, _) => LengthUnit::Degree,
            (false, Some(3)) => LengthUnit::Other, // geocentric: no easting and northing
            (false, _) => self.unit(3076, 3077).or(projected.map(epsg::unit_of_projected)).unwrap_or_default(),
        };
        let citation = self.words(if is_geographic { 2049 } else { 3073 }).or_else(|| self.words(1026));
        // As ESRI and GDAL write a system without a code.
        let wkt = citation.as_deref().and_then(|words| words.strip_prefix("ESRI PE String = "));
        let name_of = |wkt: &str| wkt.split('"').nth(1).map(str::to_owned);
        Crs {
            kind: match (is_geographic, self.short(1024)) {
                (true, _) => CrsKind::Geographic,
                (false, Some(3)) => CrsKind::Geocentric,
                _ => CrsKind::Plane,
            },
            wkt: wkt.map(str::to_owned),
            horizontal: if is_geographic { geographic } else { projected },
            vertical,
            name: wkt.map_or_else(|| citation.clone(), name_of),
            unit,
            vertical_unit: self.unit(4099, 0).or(vertical.map(epsg::unit_of_vertical)),
            ..Crs::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_by_number_and_their_size_only_where_they_are_the_users_own() {
        let unit = |number: u64, metres: f64| {
            let entries = vec![[1024, 0, 1, 1], [3076, 0, 1, number], [3077, 34736, 1, 0]];
            Keys { entries, doubles: vec![metres], text: Vec::new() }.crs().unit
        };
        let numbered = [9001, 9002, 9003, 9005].map(|number| unit(number, 1000.0));
        assert_eq!(numbered, [LengthUnit::Metre, LengthUnit::Foot, LengthUnit::SurveyFoot, LengthUnit::ClarkeFoot]);
        assert_eq!(unit(9036, 0.3048), LengthUnit::Other, "a kilometre, as its number says");
        assert_eq!(unit(32767, 0.304_797_265_4), LengthUnit::ClarkeFoot);
        assert_eq!(unit(32767, 0.9144), LengthUnit::Other, "a yard");
    }

    fn keys(text: &[u8], entries: &[[u64; 4]]) -> Keys {
        Keys { entries: entries.to_vec(), doubles: Vec::new(), text: text.to_vec() }
    }

    /// Offsets and lengths count bytes, whatever the text is encoded in.
    #[test]
    fn texts_are_cut_as_bytes_and_then_decoded() {
        let entries = [[1026, 34737, 9, 0], [3073, 34737, 7, 9], [2049, 34737, 5, 16]];
        let latin = keys(b"Bogot\xE1 N|M\xE9xico|NAD27", &entries);
        let words = [1026, 3073, 2049].map(|key| latin.words(key));
        assert_eq!(words.each_ref().map(Option::as_deref), [Some("Bogotá N"), Some("México"), Some("NAD27")]);
        let entries = [[1026, 34737, 10, 0], [3073, 34737, 8, 10]];
        let utf8 = keys("Bogotá N|México|".as_bytes(), &entries);
        let words = [1026, 3073].map(|key| utf8.words(key));
        assert_eq!(words.each_ref().map(Option::as_deref), [Some("Bogotá N"), Some("México")]);
        let beyond = keys(b"abc|", &[[1026, 34737, 65_535, 2], [3073, 34737, 1, 9], [2049, 34737, 0, 0]]);
        assert_eq!([1026, 3073, 2049].map(|key| beyond.words(key)), [Some("c".to_owned()), None, None]);
    }
}
