//! Image file directories (IFD) of a TIFF file.

/// One entry of a directory.
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn short(tag: u16, values: &[u16]) -> Self {
        Self {
            tag,
            kind: 3,
            count: values.len() as u64,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
    pub(super) fn long(tag: u16, value: u32) -> Self {
        Self {
            tag,
            kind: 4,
            count: 1,
            bytes: value.to_le_bytes().to_vec(),
        }
    }
    pub(super) fn offsets(tag: u16, values: impl ExactSizeIterator<Item = u64>, big: bool) -> Self {
        let (kind, width, count) = if big {
            (16, 8, values.len())
        } else {
            (4, 4, values.len())
        };
        Self {
            tag,
            kind,
            count: count as u64,
            bytes: values
                .flat_map(|v| v.to_le_bytes()[..width].to_vec())
                .collect(),
        }
    }
    pub(super) fn double(tag: u16, values: &[f64]) -> Self {
        Self {
            tag,
            kind: 12,
            count: values.len() as u64,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
    pub(super) fn ascii(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().filter(|&b| b != 0).chain([0]).collect();
        Self {
            tag,
            kind: 2,
            count: bytes.len() as u64,
            bytes,
        }
    }
}

/// The bytes of a directory to be written at `at`; `next` returns the offset of the following
/// directory, 0 for none.
pub(super) fn directory_bytes(
    entries: &[Entry],
    big: bool,
    at: u64,
    next: impl FnOnce(u64) -> u64,
) -> Vec<u8> {
    let (entry_bytes, inline, head) = if big { (20, 8, 8) } else { (12, 4, 2) };
    let end = at + head + entries.len() as u64 * entry_bytes + inline;
    let word =
        |value: u64, bytes: &mut Vec<u8>| bytes.extend(&value.to_le_bytes()[..inline as usize]);
    let mut directory = Vec::new();
    let mut values = Vec::new();
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
