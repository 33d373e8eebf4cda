//! The text of a profile: a file, or one that is shipped.

use super::nearest;
use crate::ProgramError;
use isopach_compute::{Error, Result};
use std::{fs::File, io::Read as _, path::Path};

/// Limit on the letters of an error: a value of a file may be long.
const MOST_LETTERS: usize = 400;
/// Limit on the bytes of a profile.
const MOST_BYTES: u64 = 1 << 20;

/// A profile and its origin.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// For people and summary.json: the path of a file, or the name of a shipped profile.
    pub(super) name: String,
    pub(super) is_shipped: bool,
    pub(super) text: String,
}

impl Source {
    /// The shipped profile of this name, else the file at this path.
    ///
    /// # Errors
    /// If the profile is missing, unreadable, too long, or not text.
    pub(super) fn open(given: &Path, shipped: &[(&str, &str)]) -> Result<Self> {
        let found = shipped.iter().find(|(name, _)| given.as_os_str() == *name);
        let name = given.display().to_string();
        if let Some((_, text)) = found {
            return Ok(Self {
                name,
                is_shipped: true,
                text: (*text).to_owned(),
            });
        }
        match read_text(given) {
            Err(_) if !given.exists() => Err(no_such_profile(&name, shipped)),
            Err(_) if given.is_dir() => Err(ProgramError::ProfileIsFolder { name }.into()),
            text => Ok(Self {
                name,
                is_shipped: false,
                text: text?,
            }),
        }
    }

    /// An error about a place of the text, in bytes from its start.
    pub(super) fn error_at(&self, byte: usize, problem: &str) -> Error {
        let line = 1 + self
            .text
            .bytes()
            .take(byte)
            .filter(|byte| *byte == b'\n')
            .count();
        let shown: String = problem.chars().take(MOST_LETTERS).collect();
        let rest = if shown.len() < problem.len() {
            "…"
        } else {
            ""
        };
        ProgramError::ProfileLine {
            name: self.name.clone(),
            line,
            problem: format!("{shown}{rest}"),
        }
        .into()
    }
}

/// Error for a name that is neither a file nor a shipped profile.
fn no_such_profile(name: &str, shipped: &[(&str, &str)]) -> Error {
    let names: Vec<&str> = shipped.iter().map(|(name, _)| *name).collect();
    let advice = match nearest::nearest_word(names.iter().copied(), name) {
        None => String::new(),
        Some(nearest) => {
            let names = names.join(", ");
            format!(", and no shipped profile of this name ({names}): did you mean {nearest}?")
        }
    };
    ProgramError::NoSuchProfile {
        name: name.into(),
        advice,
    }
    .into()
}

/// The text of a file.
fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| Error::of_file(path, error))?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::of_file(path, error))?;
    let name = path.display().to_string();
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ProgramError::ProfileTooLong {
            name,
            most: MOST_BYTES,
        }
        .into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::from(ProgramError::ProfileNotText { name, at })
    })
}
