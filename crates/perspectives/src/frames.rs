//! The frames of a folder, and the names of their views.

use crate::{PerspectiveError, encode::Format};
use isopach_compute::{Error, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A frame to read.
#[derive(Clone, Debug)]
pub(crate) struct FrameFile {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Its path in the folder of frames, with `/`.
    pub(crate) name: String,
    /// Name of its views in the folder of each camera.
    pub(crate) view_name: String,
}

/// The frames of a folder, and what else is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    /// In the order of their names.
    pub(crate) frames: Vec<FrameFile>,
    /// Other files.
    pub(crate) others: usize,
}

/// Folders within folders that are looked through.
const MOST_DEPTH: usize = 64;

/// Lists the JPEG and PNG files in a folder and below, by their endings. Hidden files and folders
/// and links to folders are passed over.
///
/// # Errors
/// [`PerspectiveError`] for a folder without frames, names that are no text, and frames whose views
/// would have one name; [`Error::Source`] for a folder that cannot be read.
pub(crate) fn list_frames(folder: &Path, format: Format) -> Result<Listed> {
    let mut listed = Listed::default();
    list_folder(folder, "", MOST_DEPTH, format, &mut listed)?;
    listed.frames.sort_by(|a, b| a.name.cmp(&b.name));
    refuse_equal_names(&listed.frames)?;
    if listed.frames.is_empty() {
        return Err(PerspectiveError::NoFrames {
            folder: folder.into(),
        }
        .into());
    }
    Ok(listed)
}

fn list_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    format: Format,
    listed: &mut Listed,
) -> Result<()> {
    let of_folder = |error| Error::of_file(folder, error);
    for entry in fs::read_dir(folder).map_err(of_folder)? {
        let entry = entry.map_err(of_folder)?;
        let path = entry.path();
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| PerspectiveError::NameNotText { path: path.clone() })?;
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        if entry.file_type().map_err(of_folder)?.is_dir() {
            if depth > 0 {
                list_folder(&path, &format!("{name}/"), depth - 1, format, listed)?;
            }
        } else if is_frame(&path) {
            let view_name = view_name(&name, format);
            listed.frames.push(FrameFile {
                path,
                name,
                view_name,
            });
        } else {
            listed.others += 1;
        }
    }
    Ok(())
}

fn is_frame(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| Format::Jpeg.has_ending(ending) || Format::Png.has_ending(ending))
}

/// Name of the views of a frame: its own, with the ending of the format.
fn view_name(name: &str, format: Format) -> String {
    match name.rsplit_once('.') {
        Some((_, ending)) if format.has_ending(ending) => name.to_owned(),
        Some((stem, _)) => format!("{stem}.{}", format.ending()),
        None => format!("{name}.{}", format.ending()),
    }
}

fn refuse_equal_names(frames: &[FrameFile]) -> Result<()> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for frame in frames {
        if let Some(first) = names.insert(&frame.view_name, &frame.name) {
            return Err(PerspectiveError::SameName {
                first: first.into(),
                second: frame.name.clone(),
                name: frame.view_name.clone(),
            }
            .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn frames_are_listed_by_name_with_those_below() {
        let folder = folder_of(&[
            "b.JPG",
            "a.png",
            "walk/1.jpeg",
            ".c.jpg",
            ".d/e.jpg",
            "notes.txt",
        ]);
        let listed = list_frames(folder.path(), Format::Jpeg).unwrap();
        let names: Vec<&str> = listed.frames.iter().map(|frame| &*frame.name).collect();
        assert_eq!(names, ["a.png", "b.JPG", "walk/1.jpeg"]);
        let views: Vec<&str> = listed
            .frames
            .iter()
            .map(|frame| &*frame.view_name)
            .collect();
        assert_eq!(views, ["a.jpg", "b.JPG", "walk/1.jpeg"]);
        assert_eq!(listed.others, 1);
    }

    #[test]
    fn views_of_one_name_and_no_frames_are_refused() {
        let folder = folder_of(&["a.png", "a.jpg"]);
        let error = list_frames(folder.path(), Format::Jpeg).unwrap_err();
        assert!(matches!(
            error.find_cause(),
            Some(PerspectiveError::SameName { .. })
        ));
        let error = list_frames(folder_of(&["a.txt"]).path(), Format::Png).unwrap_err();
        assert!(matches!(
            error.find_cause(),
            Some(PerspectiveError::NoFrames { .. })
        ));
    }
}
