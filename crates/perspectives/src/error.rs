//! Errors of a run: of its options and inputs, and of single frames.

use isopach_compute::Error;
use std::path::PathBuf;

/// Reason why a frame has no views. The run goes on with the others; [`Error::find_cause`] returns
/// it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The file is of no known format.
    #[error("it is neither a JPEG nor a PNG file: convert it, or take it out of the folder")]
    UnknownFormat,
    /// The file ends too early.
    #[error("the {format} ends early, after {bytes} bytes: copy it again from its source")]
    CutShort {
        /// The format.
        format: &'static str,
        /// Bytes of the file.
        bytes: usize,
    },
    /// The decoder refuses the file.
    #[error("the {format} is damaged ({reason}): copy it again from its source")]
    Damaged {
        /// The format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// The pixels are of a kind that is not read.
    #[error("it has {found}, but frames have {wanted}: convert it")]
    OtherPixels {
        /// The kind of pixels.
        found: String,
        /// The kinds that are read.
        wanted: &'static str,
    },
    /// The picture is no whole panorama.
    #[error(
        "{columns} × {rows} pixels are no panorama of 360° × 180°, which is twice as wide as high: take it out of the folder"
    )]
    NotTwoToOne {
        /// Columns of the picture.
        columns: usize,
        /// Rows of the picture.
        rows: usize,
    },
    /// The picture has not the size of the others.
    #[error(
        "it has {columns} × {rows} pixels, but the first frame has {} × {}: frames of one run have one size; give the others a run of their own",
        expected[0], expected[1]
    )]
    OtherSize {
        /// Columns of the picture.
        columns: usize,
        /// Rows of the picture.
        rows: usize,
        /// Columns and rows of the first frame.
        expected: [usize; 2],
    },
    /// The frame does not fit the memory.
    #[error("it needs {needed} bytes, but {budget} are left for it: give more --memory")]
    TooLarge {
        /// Bytes that it needs.
        needed: u64,
        /// Bytes of the budget that it may have.
        budget: u64,
    },
}

/// Reason why a run is refused; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PerspectiveError {
    /// The set of views is unknown.
    #[error(
        "--views is {given:?}, but must be ring:8, ring:8@-20 (pitch in degrees), cube, colmap, or a file with a view a line"
    )]
    UnknownViews {
        /// The value that was given.
        given: String,
    },
    /// A line of a list of views is wrong.
    #[error("{}:{line}: {problem}", file.display())]
    ViewLine {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The fault.
        problem: String,
    },
    /// There is nothing to do.
    #[error("{}: no JPEG or PNG file in it or below: name another folder, or a video", folder.display())]
    NoFrames {
        /// The folder.
        folder: PathBuf,
    },
    /// No frame can be read.
    #[error("no frame could be read; the first, {name}: {reason}")]
    NoGoodFrame {
        /// The first frame.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The name of a file cannot be written on all systems.
    #[error("{}: the name is not UTF-8 text: rename it", path.display())]
    NameNotText {
        /// The file.
        path: PathBuf,
    },
    /// Two frames would have the same views.
    #[error("{first} and {second} would both become {name}: rename one of them")]
    SameName {
        /// A frame.
        first: String,
        /// Another frame.
        second: String,
        /// The name of their views.
        name: String,
    },
    /// The output is among the frames.
    #[error("{}: the output is in the folder of frames, and would be read as frames: name a folder beside it", out.display())]
    OutAmongFrames {
        /// The output.
        out: PathBuf,
    },
    /// The output folder has files of others.
    #[error("{} has files, but no results of perspectives: name another folder", out.display())]
    ForeignFolder {
        /// The output.
        out: PathBuf,
    },
    /// The output folder has results of other parameters.
    #[error(
        "{} has results of other parameters ({differences}): name another folder, or replace them with --fresh",
        out.display()
    )]
    OtherParameters {
        /// The output.
        out: PathBuf,
        /// Names of the parameters that differ.
        differences: String,
    },
    /// There is no ffmpeg.
    #[error(
        "frames of a video are read through ffmpeg, which could not be started ({reason}): install it (apt-get install ffmpeg, brew install ffmpeg) or give a folder of frames"
    )]
    NoFfmpeg {
        /// The system's words.
        reason: String,
    },
    /// ffmpeg failed.
    #[error("{}: ffmpeg ended with {status}: {words}", video.display())]
    Ffmpeg {
        /// The video.
        video: PathBuf,
        /// How it ended.
        status: String,
        /// Its last words.
        words: String,
    },
    /// ffmpeg wrote something else than frames.
    #[error("{}: ffmpeg wrote no picture where one was expected: {problem}", video.display())]
    NoPicture {
        /// The video.
        video: PathBuf,
        /// The fault.
        problem: String,
    },
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<PerspectiveError> for Error {
    fn from(error: PerspectiveError) -> Self {
        Self::invalid_input(error)
    }
}
