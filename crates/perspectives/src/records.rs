//! Records of finished frames, so that a run goes on after it was ended, and takes new frames up.
//!
//! While a run works, `OUT/.run` has its parameters and a file a finished frame. When it ends, all
//! of them are the lines of `OUT/frames.jsonl`. A record has the sizes and checksums of the frame
//! and of its views: what no longer agrees with them is made again.

use crate::PerspectiveError;
use isopach_compute::{Error, Result, fnv1a, remove_if_left, write_whole};
use isopach_program::{finished, run_folder::RunFolder};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

/// The file of all records.
pub(crate) const FRAMES: &str = "frames.jsonl";
/// Folder of views in the output.
pub(crate) const IMAGES: &str = "images";
/// Folder of masks in the output.
pub(crate) const MASKS: &str = "masks";
/// The file of parameters, while the run works.
const MANIFEST: &str = "manifest.json";
/// Folder of records, while the run works.
const KEPT: &str = "tiles";
/// Ending of a record, while the run works.
const RECORD: &str = "tile";
/// Key of the parameters.
const PARAMETERS: &str = "parameters";

/// Size and checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSum {
    /// Its path in the output folder, with `/`; of a frame in the folder of frames.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) crc32: u32,
}

impl FileSum {
    pub(crate) fn new(name: String, contents: &[u8]) -> Self {
        Self {
            name,
            bytes: contents.len() as u64,
            crc32: crc32fast::hash(contents),
        }
    }

    fn to_json(&self) -> Value {
        json!({ "name": self.name, "bytes": self.bytes, "crc32": self.crc32 })
    }

    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            name: value["name"].as_str()?.to_owned(),
            bytes: value["bytes"].as_u64()?,
            crc32: u32::try_from(value["crc32"].as_u64()?).ok()?,
        })
    }

    /// Whether the file at `path` has this size and sum.
    fn agrees_with(&self, path: &Path) -> bool {
        let has_size = fs::metadata(path).is_ok_and(|about| about.len() == self.bytes);
        has_size && fs::read(path).is_ok_and(|bytes| crc32fast::hash(&bytes) == self.crc32)
    }
}

/// The record of a finished frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameRecord {
    /// The frame; of a video its name and number alone, with no bytes.
    pub(crate) frame: FileSum,
    /// Its views and masks.
    pub(crate) files: Vec<FileSum>,
    /// Whether it has an opacity, which views do not keep.
    pub(crate) has_opacity: bool,
    /// Whether its views were made from its planes.
    pub(crate) by_planes: bool,
}

impl FrameRecord {
    fn to_json(&self) -> Value {
        let files: Vec<Value> = self.files.iter().map(FileSum::to_json).collect();
        json!({
            "frame": self.frame.to_json(),
            "opacity": self.has_opacity,
            "planes": self.by_planes,
            "files": files,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let files = value["files"].as_array()?;
        let files: Vec<FileSum> = files
            .iter()
            .map(FileSum::from_json)
            .collect::<Option<_>>()?;
        files
            .iter()
            .all(|file| is_own_name(&file.name))
            .then_some(())?;
        Some(Self {
            frame: FileSum::from_json(&value["frame"])?,
            has_opacity: value["opacity"].as_bool()?,
            by_planes: value["planes"].as_bool()?,
            files,
        })
    }

    /// Whether frame and views are as they were. `path`: of the frame, if it is a file.
    fn agrees(&self, path: Option<&Path>, out: &Path) -> bool {
        path.is_none_or(|path| self.frame.agrees_with(path))
            && self
                .files
                .iter()
                .all(|file| file.agrees_with(&out.join(&file.name)))
    }
}

/// Whether a name is that of a view or a mask, and leads nowhere else.
fn is_own_name(name: &str) -> bool {
    let path = Path::new(name);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    is_below && (path.starts_with(IMAGES) || path.starts_with(MASKS))
}

/// The records in an output folder.
#[derive(Debug)]
pub(crate) struct Records {
    out: PathBuf,
    state: PathBuf,
    by_frame: BTreeMap<String, FrameRecord>,
}

impl Records {
    /// Opens the records of runs with these parameters. `fresh`: results of former runs are
    /// removed.
    ///
    /// # Errors
    /// [`PerspectiveError`] for a folder with other files, or with results of other parameters.
    pub(crate) fn open(out: &Path, parameters: &Value, fresh: bool) -> Result<Self> {
        let state = RunFolder::state_within(out);
        let found = Found::read(out, &state)?;
        if !found.is_own && !is_empty(out)? {
            return Err(PerspectiveError::ForeignFolder { out: out.into() }.into());
        }
        let differing: Vec<&Value> = found
            .parameters
            .iter()
            .filter(|former| *former != parameters)
            .collect();
        if let (Some(former), false) = (differing.first(), fresh) {
            return Err(PerspectiveError::OtherParameters {
                out: out.into(),
                differences: differences(former, parameters),
            }
            .into());
        }
        let mut records = Self {
            out: out.to_owned(),
            state,
            by_frame: found.by_frame,
        };
        if fresh {
            records.remove_all()?;
        }
        remove_left_over(&out.join(IMAGES));
        remove_left_over(&out.join(MASKS));
        let kept = records.state.join(KEPT);
        fs::create_dir_all(&kept).map_err(|error| Error::of_file(&kept, error))?;
        let manifest = records.state.join(MANIFEST);
        let text = json!({ PARAMETERS: parameters }).to_string();
        write_whole(&manifest, &[text.as_bytes()])
            .map_err(|error| Error::of_file(&manifest, error))?;
        Ok(records)
    }

    /// The record of a frame.
    pub(crate) fn get(&self, frame: &str) -> Option<&FrameRecord> {
        self.by_frame.get(frame)
    }

    /// All records, by the names of their frames.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &FrameRecord> {
        self.by_frame.values()
    }

    /// Frames, with the paths of those that are files, whose records agree with frame and views.
    pub(crate) fn agreeing<'f>(&self, frames: &[(&'f str, Option<&Path>)]) -> Vec<&'f str> {
        frames
            .par_iter()
            .filter(|(name, path)| {
                self.get(name)
                    .is_some_and(|record| record.agrees(*path, &self.out))
            })
            .map(|(name, _)| *name)
            .collect()
    }

    /// Where the record of a frame lies while the run works. Records of different frames that have
    /// one hash replace each other: one of the frames is then made again by a run that goes on.
    fn path_of(&self, frame: &str) -> PathBuf {
        let hash = fnv1a(frame.bytes());
        self.state.join(KEPT).join(format!("{hash:016x}.{RECORD}"))
    }

    /// Writes the record of a frame that is finished now. Any thread may do so.
    pub(crate) fn write(&self, record: &FrameRecord) -> Result<()> {
        let path = self.path_of(&record.frame.name);
        let text = record.to_json().to_string();
        isopach_compute::write_whole_among_others(&path, &[text.as_bytes()])
            .map_err(|error| Error::of_file(&path, error))
    }

    /// Takes up a record that was written.
    pub(crate) fn insert(&mut self, record: FrameRecord) {
        self.by_frame.insert(record.frame.name.clone(), record);
    }

    /// Writes all records to one file, and removes the folder of the run.
    pub(crate) fn finish(&self, parameters: &Value) -> Result<()> {
        let path = self.out.join(FRAMES);
        let mut text = json!({ PARAMETERS: parameters }).to_string();
        for record in self.iter() {
            text.push('\n');
            text.push_str(&record.to_json().to_string());
        }
        text.push('\n');
        write_whole(&path, &[text.as_bytes()]).map_err(|error| Error::of_file(&path, error))?;
        self.remove_state();
        Ok(())
    }

    /// Removes what the run has in its folder; other files stay.
    fn remove_state(&self) {
        let kept = self.state.join(KEPT);
        for entry in fs::read_dir(&kept).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == RECORD) {
                let _ = fs::remove_file(path);
            } else {
                remove_if_left(&path);
            }
        }
        let _ = fs::remove_file(self.state.join(MANIFEST));
        let _ = fs::remove_dir(kept);
        let _ = fs::remove_dir(&self.state);
    }

    /// Removes all results that records name, and the records.
    fn remove_all(&mut self) -> Result<()> {
        let names = self
            .iter()
            .flat_map(|record| &record.files)
            .map(|file| &file.name);
        finished::remove_files(&self.out, names)?;
        finished::remove_files(&self.out, finished::ABOUT)?;
        finished::remove_files(&self.out, [FRAMES])?;
        self.by_frame.clear();
        self.remove_state();
        Ok(())
    }
}

/// What an output folder has of former runs.
struct Found {
    is_own: bool,
    /// Of the finished run and of the one that was ended.
    parameters: Vec<Value>,
    by_frame: BTreeMap<String, FrameRecord>,
}

impl Found {
    fn read(out: &Path, state: &Path) -> Result<Self> {
        let mut found = Self {
            is_own: false,
            parameters: Vec::new(),
            by_frame: BTreeMap::new(),
        };
        if let Some(text) = read_if_there(&out.join(FRAMES))? {
            let mut lines = text.lines();
            found.take_parameters(lines.next().unwrap_or_default());
            lines.for_each(|line| found.take_record(line));
        }
        if let Some(text) = read_if_there(&state.join(MANIFEST))? {
            found.take_parameters(&text);
            for entry in fs::read_dir(state.join(KEPT))
                .into_iter()
                .flatten()
                .flatten()
            {
                let path = entry.path();
                if path.extension().is_some_and(|ending| ending == RECORD) {
                    found.take_record(&read_if_there(&path)?.unwrap_or_default());
                }
            }
        }
        Ok(found)
    }

    fn take_parameters(&mut self, text: &str) {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        self.is_own |= value.get(PARAMETERS).is_some();
        self.parameters.extend(value.get(PARAMETERS).cloned());
    }

    /// A record that cannot be read counts as none: its frame is made again.
    fn take_record(&mut self, text: &str) {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(record) = FrameRecord::from_json(&value) {
            self.by_frame.insert(record.frame.name.clone(), record);
        }
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::of_file(path, error)),
    }
}

/// Whether a folder has no files but hidden ones.
fn is_empty(out: &Path) -> Result<bool> {
    let of_out = |error| Error::of_file(out, error);
    for entry in fs::read_dir(out).map_err(of_out)? {
        let name = entry.map_err(of_out)?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Names of the parameters that differ.
fn differences(former: &Value, now: &Value) -> String {
    let names = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .map(|object| object.keys().cloned().collect())
            .unwrap_or_default()
    };
    let mut all = [names(former), names(now)].concat();
    all.sort();
    all.dedup();
    all.retain(|name| former.get(name) != now.get(name));
    all.join(", ")
}

/// Removes files in a folder and below that killed processes of this machine left unfinished.
fn remove_left_over(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_left_over(&path);
        } else if entry.file_name().to_string_lossy().starts_with('.') {
            remove_if_left(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(frame: &str) -> FrameRecord {
        FrameRecord {
            frame: FileSum::new(frame.into(), b"frame"),
            files: vec![FileSum::new(
                format!("images/pano_camera0/{frame}"),
                b"view",
            )],
            has_opacity: false,
            by_planes: true,
        }
    }

    fn finished_frame(records: &Records, out: &Path, name: &str) {
        let record = record(name);
        let view = out.join(&record.files[0].name);
        fs::create_dir_all(view.parent().unwrap()).unwrap();
        fs::write(view, b"view").unwrap();
        records.write(&record).unwrap();
    }

    #[test]
    fn a_frame_is_kept_while_it_and_its_views_agree() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let parameters = json!({ "fov": 90 });
        let records = Records::open(out, &parameters, false).unwrap();
        finished_frame(&records, out, "a.jpg");
        finished_frame(&records, out, "b.jpg");
        let frame = out.join("in.jpg");
        fs::write(&frame, b"frame").unwrap();
        let asked = [
            ("a.jpg", Some(&*frame)),
            ("b.jpg", Some(&*frame)),
            ("c.jpg", None),
        ];
        let records = Records::open(out, &parameters, false).unwrap();
        assert_eq!(records.agreeing(&asked), ["a.jpg", "b.jpg"]);
        fs::write(out.join("images/pano_camera0/a.jpg"), b"vieW").unwrap();
        assert_eq!(records.agreeing(&asked), ["b.jpg"]);
        fs::write(&frame, b"other").unwrap();
        assert!(records.agreeing(&asked).is_empty());
        records.finish(&parameters).unwrap();
        assert!(!out.join(".run").exists());
        let again = Records::open(out, &parameters, false).unwrap();
        assert_eq!(again.iter().count(), 2);
    }

    #[test]
    fn other_parameters_and_foreign_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let records = Records::open(out, &json!({ "fov": 90, "size": 1 }), false).unwrap();
        finished_frame(&records, out, "a.jpg");
        let other = json!({ "fov": 80, "size": 1 });
        let error = Records::open(out, &other, false).unwrap_err();
        let Some(PerspectiveError::OtherParameters { differences, .. }) = error.find_cause() else {
            panic!("{error}");
        };
        assert_eq!(differences, "fov");
        let fresh = Records::open(out, &other, true).unwrap();
        assert_eq!(fresh.iter().count(), 0);
        assert!(!out.join("images/pano_camera0/a.jpg").exists());

        let foreign = tempfile::tempdir().unwrap();
        fs::write(foreign.path().join("thesis.txt"), "").unwrap();
        let error = Records::open(foreign.path(), &other, true).unwrap_err();
        assert!(matches!(
            error.find_cause(),
            Some(PerspectiveError::ForeignFolder { .. })
        ));
    }

    #[test]
    fn names_that_lead_elsewhere_are_no_records() {
        for name in ["../a", "images/../../a", "/etc/passwd", "a.jpg", ""] {
            let mut value = record("a.jpg").to_json();
            value["files"][0]["name"] = json!(name);
            assert!(FrameRecord::from_json(&value).is_none(), "{name}");
        }
        assert!(FrameRecord::from_json(&record("a.jpg").to_json()).is_some());
    }
}
