//! Bounded reads of files that other programs may have written.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Text of a file that has `most` bytes at most: more is refused, whatever there is on the disk.
pub(super) fn read_bounded(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(most.saturating_add(1))
        .read_to_string(&mut text)?;
    if text.len() as u64 > most {
        let advice = format!(
            "more than {most} bytes are not a manifest of this run: remove it to begin a new one"
        );
        return Err(io::Error::other(advice));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_far_too_long_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("manifest.json");
        std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
        assert_eq!(read_bounded(&path, 1 << 20).unwrap().len(), 1 << 20);
        // So long that it could not be read, without taking room on the disk.
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        let error = read_bounded(&path, 1_050_176).unwrap_err().to_string();
        assert!(error.contains("more than 1050176 bytes"), "{error}");
    }
}
