//! The input of a run: a folder of frames, or a video.

use crate::{
    FrameError, PerspectiveError, PerspectiveOptions,
    decode::FrameHeader,
    frames::{FrameFile, list_frames},
    source::{most_file_bytes, read_frame_file},
    video::VideoFrames,
};
use isopach_compute::{Error, Result};
use isopach_panorama::Equirectangular;
use isopach_program::listener::Listener;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

/// Frames before their views are made.
pub(crate) struct Input {
    /// The files; none for a video.
    pub(crate) frames: Vec<FrameFile>,
    pub(crate) video: Option<VideoFrames>,
    /// Columns and rows of all frames.
    pub(crate) size: [usize; 2],
    /// Bytes of the largest file that a worker holds.
    pub(crate) largest_file: u64,
    /// Size and checksum of the video; null for files.
    pub(crate) video_identity: Value,
}

impl Input {
    /// Lists the files, or starts to decode the video.
    ///
    /// # Errors
    /// [`PerspectiveError`] if there is no frame, or the output is among them.
    pub(crate) fn open(options: &PerspectiveOptions, listener: &dyn Listener) -> Result<Self> {
        let path = &options.frames;
        let about = fs::metadata(path).map_err(|error| Error::of_file(path, error))?;
        if about.is_dir() {
            Self::of_folder(path, options, listener)
        } else {
            Self::of_video(path, options)
        }
    }

    fn of_video(path: &Path, options: &PerspectiveOptions) -> Result<Self> {
        let video_identity = video_identity(path)?;
        let (video, size) = VideoFrames::open(path, options.frame_choice())?;
        let [columns, rows] = size;
        Equirectangular::new(columns, rows)?;
        Ok(Self {
            frames: Vec::new(),
            video: Some(video),
            size,
            largest_file: 0,
            video_identity,
        })
    }

    fn of_folder(
        path: &Path,
        options: &PerspectiveOptions,
        listener: &dyn Listener,
    ) -> Result<Self> {
        refuse_output_among_frames(path, options.out())?;
        let listed = list_frames(path, options.format())?;
        if listed.others > 0 {
            listener.note(&format!(
                "other files than frames are passed over: {}",
                listed.others
            ));
        }
        let mut frames = listed.frames;
        frames.truncate(options.most_frames.unwrap_or(usize::MAX));
        let size = first_size(&frames, options.memory_bytes()?)?;
        let most = most_file_bytes(size);
        let largest_file = frames
            .iter()
            .filter_map(|frame| fs::metadata(&frame.path).ok())
            .map(|about| about.len())
            .filter(|bytes| *bytes <= most)
            .max();
        Ok(Self {
            frames,
            video: None,
            size,
            largest_file: largest_file.unwrap_or(0),
            video_identity: Value::Null,
        })
    }
}

/// Size and checksum of a video.
fn video_identity(path: &Path) -> Result<Value> {
    let of_file = |error| Error::of_file(path, error);
    let mut file = File::open(path).map_err(of_file)?;
    let mut sum = crc32fast::Hasher::new();
    let mut bytes = 0_u64;
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).map_err(of_file)? {
            0 => break,
            count => {
                sum.update(&block[..count]);
                bytes += count as u64;
            }
        }
    }
    Ok(json!({ "bytes": bytes, "crc32": sum.finalize() }))
}

/// The output must not be listed as frames by the next run.
fn refuse_output_among_frames(frames: &Path, out: &Path) -> Result<()> {
    let of_frames = fs::canonicalize(frames).map_err(|error| Error::of_file(frames, error))?;
    let above = out.ancestors().find_map(|path| {
        // The last ancestor of a relative path is empty: the working folder.
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        fs::canonicalize(path).ok()
    });
    if above.is_some_and(|path| path.starts_with(&of_frames)) {
        return Err(PerspectiveError::OutAmongFrames { out: out.into() }.into());
    }
    Ok(())
}

/// Columns and rows of the first frame that is a panorama.
fn first_size(frames: &[FrameFile], memory: u64) -> Result<[usize; 2]> {
    let mut first: Option<PerspectiveError> = None;
    for frame in frames {
        match panorama_size(frame, memory) {
            Ok(size) => return Ok(size),
            // Another frame may be readable, but which has the size of the others is then unknown.
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                first.get_or_insert_with(|| PerspectiveError::NoGoodFrame {
                    name: frame.name.clone(),
                    reason: error.to_string(),
                });
            }
        }
    }
    let none = PerspectiveError::NoFrames { folder: "".into() };
    Err(first.unwrap_or(none).into())
}

fn panorama_size(frame: &FrameFile, memory: u64) -> Result<[usize; 2]> {
    let mut bytes = Vec::new();
    read_frame_file(&frame.path, memory, &mut bytes)?;
    let FrameHeader { columns, rows, .. } = FrameHeader::read(&bytes)?;
    if Equirectangular::new(columns, rows).is_err() {
        return Err(FrameError::NotTwoToOne { columns, rows }.into());
    }
    let needed = 3 * columns as u64 * rows as u64;
    if needed > memory {
        let budget = memory;
        return Err(FrameError::TooLarge { needed, budget }.into());
    }
    Ok([columns, rows])
}
