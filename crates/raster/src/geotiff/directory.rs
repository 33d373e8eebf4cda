//! Directories of a TIFF file: what a reader finds first.

use isopach_cloud::{Crs, LengthUnit};

/// One entry of a directory.
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn short(tag: u16, values: &[u16]) -> Self {
        Self { tag, kind: 3, count: values.len() as u64, bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect() }
    }
    pub(super) fn long(tag: u16, value: u32) -> Self {
        Self { tag, kind: 4, count: 1, bytes: value.to_le_bytes().to_vec() }
    }
    pub(super) fn offsets(tag: u16, values: impl ExactSizeIterator<Item = u64>, big: bool) -> Self {
        let (kind, width, count) = if big { (16, 8, values.len()) } else { (4, 4, values.len()) };
        Self { tag, kind, count: count as u64, bytes: values.flat_map(|v| v.to_le_bytes()[..width].to_vec()).collect() }
    }
    pub(super) fn double(tag: u16, values: &[f64]) -> Self {
        Self { tag, kind: 12, count: values.len() as u64, bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect() }
    }
    pub(super) fn ascii(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().filter(|&b| b != 0).chain([0]).collect();
        Self { tag, kind: 2, count: bytes.len() as u64, bytes }
    }
}

/// The bytes of a directory that will stand at `at`; `next`: where the directory after it is, 0 for none.
pub(super) fn directory(entries: &[Entry], big: bool, at: u64, next: impl FnOnce(u64) -> u64) -> Vec<u8> {
    let (entry_bytes, inline, head) = if big { (20, 8, 8) } else { (12, 4, 2) };
    let end = at + head + entries.len() as u64 * entry_bytes + inline;
    let word = |value: u64, bytes: &mut Vec<u8>| bytes.extend(&value.to_le_bytes()[..inline as usize]);
    let (mut directory, mut values) = (Vec::new(), Vec::new());
    directory.extend(&(entries.len() as u64).to_le_bytes()[..head as usize]);
    for entry in entries {
        directory.extend(entry.tag.to_le_bytes());
        directory.extend(entry.kind.to_le_bytes());
        word(entry.count, &mut directory);
        if entry.bytes.len() as u64 <= inline {
            let mut padded = entry.bytes.clone();
            padded.resize(inline as usize, 0);
            directory.extend(padded);
        } else {
            word(end + values.len() as u64, &mut directory);
            values.extend(&entry.bytes);
            values.resize(values.len().next_multiple_of(2), 0);
        }
    }
    word(next(end + values.len() as u64), &mut directory);
    directory.extend(values);
    directory
}

/// What a key says of a system that has no code: user-defined.
const USER_DEFINED: u16 = 32767;

/// The key directory, and the text that its citation points into.
pub(super) fn geokeys(crs: &Crs) -> (Vec<u16>, String) {
    let geographic = crs.unit == LengthUnit::Degree;
    // A projected system without a code (feet that were converted to metres): GDAL and what is built on it take its well-known text as ESRI
    // writes it, where the model is user-defined as well.
    let text = crs
        .plane
        .as_ref()
        .or(crs.wkt.as_ref())
        .filter(|wkt| crs.horizontal.is_none() && !geographic && wkt.len() < 60_000);
    let model = match text {
        Some(_) => USER_DEFINED,
        None if geographic => 2,
        None => 1,
    };
    let mut keys: Vec<[u16; 4]> = vec![[1024, 0, 1, model], [1025, 0, 1, 1]];
    let mut citation = String::new();
    if let Some(code) = crs.horizontal {
        keys.push([if geographic { 2048 } else { 3072 }, 0, 1, code]);
    } else if let Some(wkt) = text {
        citation = format!("ESRI PE String = {wkt}|");
        keys.push([3072, 0, 1, USER_DEFINED]);
        keys.push([3073, 34737, citation.len() as u16, 0]);
        keys.push([3076, 0, 1, 9001]);
    } else if let Some(name) = &crs.name {
        citation = format!("{name}|");
        keys.push([1026, 34737, citation.len() as u16, 0]);
    }
    keys.extend(crs.vertical.map(|code| [4096, 0, 1, code]));
    let head = [1, 1, 1, keys.len() as u16]; // GeoTIFF 1.1: EPSG codes of vertical systems are what they say
    (std::iter::once(head).chain(keys).flatten().collect(), citation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_a_code_keeps_its_text() {
        let wkt = r#"PROJCS["Oregon Lambert, in metres",GEOGCS["NAD83"],UNIT["metre",1]]"#;
        let crs = Crs { wkt: Some(wkt.into()), name: Some("Oregon Lambert, in metres".into()), ..Crs::default() };
        let (keys, citation) = geokeys(&crs);
        let entries = keys.as_chunks::<4>().0;
        assert_eq!(entries[0], [1, 1, 1, entries.len() as u16 - 1]);
        assert!(entries[1..].is_sorted(), "readers look keys up in order");
        assert!(entries.contains(&[1024, 0, 1, 32767]) && entries.contains(&[3072, 0, 1, 32767]));
        let [_, _, length, start] = *entries.iter().find(|entry| entry[0] == 3073).unwrap();
        assert_eq!(citation.get(usize::from(start)..usize::from(length)).unwrap(), format!("ESRI PE String = {wkt}|"));

        let (keys, citation) = geokeys(&Crs { horizontal: Some(25833), ..crs });
        assert!(keys.as_chunks::<4>().0.contains(&[3072, 0, 1, 25833]) && citation.is_empty(), "a code says it all");
    }
}
