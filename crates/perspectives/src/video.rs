//! Frames of a video, which `ffmpeg` decodes: one picture after the other through a pipe.

use crate::PerspectiveError;
use isopach_compute::{Error, Result};
use std::{
    ffi::OsString,
    io::{BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread::{self, JoinHandle},
};

/// Most digits of a number in the header of a picture.
const MOST_DIGITS: usize = 6;
/// Bytes of ffmpeg's messages that are kept.
const KEPT_WORDS: usize = 2000;

/// The frames of a video that are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FrameChoice {
    /// Seconds between frames; all frames if not given.
    pub(crate) every: Option<f64>,
    /// Most frames.
    pub(crate) most: Option<usize>,
}

/// A video while it is decoded. Dropping it ends `ffmpeg`.
#[derive(Debug)]
pub(crate) struct VideoFrames {
    video: PathBuf,
    ffmpeg: Child,
    pictures: BufReader<ChildStdout>,
    words: Option<JoinHandle<String>>,
    /// Columns and rows of the picture that comes next, once its header is read.
    next: Option<[usize; 2]>,
    /// Frames that were read.
    count: usize,
}

impl VideoFrames {
    /// Starts to decode, and reads the size of the first frame.
    ///
    /// # Errors
    /// [`PerspectiveError`] if `ffmpeg` is missing or fails, or if the video has no frame.
    pub(crate) fn open(video: &Path, choice: FrameChoice) -> Result<(Self, [usize; 2])> {
        let mut ffmpeg = Command::new("ffmpeg")
            .args(arguments(video, choice))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| PerspectiveError::NoFfmpeg {
                reason: error.to_string(),
            })?;
        let missing = || Error::source("ffmpeg was started without its pipes");
        let pictures = ffmpeg.stdout.take().ok_or_else(missing)?;
        let messages = ffmpeg.stderr.take().ok_or_else(missing)?;
        let mut frames = Self {
            video: video.to_owned(),
            ffmpeg,
            pictures: BufReader::with_capacity(1 << 20, pictures),
            words: Some(thread::spawn(move || last_words(messages))),
            next: None,
            count: 0,
        };
        match frames.next_size()? {
            Some(size) => Ok((frames, size)),
            None => Err(frames.no_picture("there is none")),
        }
    }

    /// Columns and rows of the next frame; `None` after the last.
    pub(crate) fn next_size(&mut self) -> Result<Option<[usize; 2]>> {
        if self.next.is_none() {
            self.next = self.read_header()?;
        }
        Ok(self.next)
    }

    /// Reads the next frame, `[row][column][band]` of red, green and blue. Returns its number, from
    /// 0; `None` after the last. The caller has checked that memory holds its size.
    pub(crate) fn read_next(&mut self, pixels: &mut Vec<u8>) -> Result<Option<usize>> {
        let Some([columns, rows]) = self.next_size()? else {
            return Ok(None);
        };
        pixels.resize(columns * rows * 3, 0);
        self.pictures
            .read_exact(pixels)
            .map_err(|error| self.no_picture(&error.to_string()))?;
        self.next = None;
        self.count += 1;
        Ok(Some(self.count - 1))
    }

    /// The header of a PPM picture: `P6`, columns, rows, 255, each with one white space behind.
    fn read_header(&mut self) -> Result<Option<[usize; 2]>> {
        let mut magic = [0; 3];
        match self.pictures.read_exact(&mut magic) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.end()?;
                return Ok(None);
            }
            read => read.map_err(|error| Error::of_file(&self.video, error))?,
        }
        if &magic != b"P6\n" {
            return Err(self.no_picture("it is no PPM"));
        }
        let mut numbers = [0; 3];
        for number in &mut numbers {
            *number = self.read_number()?;
        }
        match numbers {
            [columns, rows, 255] if columns > 0 && rows > 0 => Ok(Some([columns, rows])),
            _ => Err(self.no_picture("it has no size, or not 8 bits")),
        }
    }

    fn read_number(&mut self) -> Result<usize> {
        let mut digits = String::new();
        loop {
            let mut byte = [0];
            self.pictures
                .read_exact(&mut byte)
                .map_err(|error| self.no_picture(&error.to_string()))?;
            match byte[0] {
                digit if digit.is_ascii_digit() && digits.len() < MOST_DIGITS => {
                    digits.push(char::from(digit));
                }
                b' ' | b'\n' if !digits.is_empty() => break,
                _ => return Err(self.no_picture("its size is no number")),
            }
        }
        digits.parse().map_err(Error::source)
    }

    /// Waits for `ffmpeg` to end, and refuses a failure.
    fn end(&mut self) -> Result<()> {
        let status = self.ffmpeg.wait().map_err(Error::source)?;
        let words = self.words.take().and_then(|words| words.join().ok());
        if status.success() {
            return Ok(());
        }
        Err(PerspectiveError::Ffmpeg {
            video: self.video.clone(),
            status: status.to_string(),
            words: words.unwrap_or_default().trim().replace('\n', "; "),
        }
        .into())
    }

    fn no_picture(&self, problem: &str) -> Error {
        PerspectiveError::NoPicture {
            video: self.video.clone(),
            problem: problem.into(),
        }
        .into()
    }
}

impl Drop for VideoFrames {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.ffmpeg.kill();
        let _ = self.ffmpeg.wait();
    }
}

/// Frames as they are, without copies where the rate changes.
fn arguments(video: &Path, choice: FrameChoice) -> Vec<OsString> {
    // A name that starts with a dash, or has a colon, is a file too.
    let mut input = OsString::from("file:");
    input.push(video);
    let mut arguments: Vec<OsString> = ["-nostdin", "-v", "error", "-i"].map(Into::into).into();
    arguments.push(input);
    let mut push = |words: &[&str]| arguments.extend(words.iter().map(Into::into));
    push(&["-map", "0:v:0", "-fps_mode", "passthrough"]);
    if let Some(every) = choice.every {
        push(&["-vf", &format!("fps=1/{every}")]);
    }
    if let Some(most) = choice.most {
        push(&["-frames:v", &most.to_string()]);
    }
    push(&["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]);
    arguments
}

/// Reads messages to their end, and keeps the last of them.
fn last_words(mut messages: impl Read) -> String {
    let mut kept = Vec::new();
    let mut block = [0; 4096];
    while let Ok(count @ 1..) = messages.read(&mut block) {
        kept.extend_from_slice(&block[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT_WORDS));
    }
    String::from_utf8_lossy(&kept).into_owned()
}
