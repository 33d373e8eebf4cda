//! Where frames come from: files, which workers decode, or a video, which `ffmpeg` decodes.

use crate::{
    FrameError,
    clock::{Stage, StageClock},
    decode::{FrameHeader, JpegReading},
    encode::{Attached, Format},
    frames::FrameFile,
    records::FileSum,
    rendering::Layout,
    spare::{SpareMemory, Taken},
    video::VideoFrames,
};
use isopach_compute::{Error, Result};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Most bytes of a file a pixel of the panorama: twice those of the pixels with opacity.
const MOST_BYTES_A_PIXEL: u64 = 8;

/// A decoded frame, beside its pixels.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) sum: FileSum,
    pub(crate) view_name: String,
    pub(crate) layout: Layout,
    exif: Option<Vec<u8>>,
    profile: Option<Vec<u8>>,
    pub(crate) has_opacity: bool,
    /// Memory that it holds as long as it is worked on.
    _spare: Option<Taken<'a>>,
}

impl Frame<'_> {
    /// EXIF data of the frame.
    pub(crate) fn exif(&self) -> Option<&[u8]> {
        self.exif.as_deref()
    }

    /// What its views have beside their pixels.
    pub(crate) fn attached<'b>(&'b self, exif: Option<&'b [u8]>) -> Attached<'b> {
        Attached {
            exif,
            profile: self.profile.as_deref(),
        }
    }
}

/// Buffers of a worker that are used again.
#[derive(Debug, Default)]
pub(crate) struct FrameBuffers {
    file: Vec<u8>,
    /// As the layout of the frame says.
    pub(crate) samples: Vec<u8>,
}

/// A frame without views.
#[derive(Debug)]
pub(crate) struct FrameFailure {
    pub(crate) name: String,
    pub(crate) error: Error,
}

/// The next step of a worker.
pub(crate) enum Next<'a> {
    /// A frame, whose samples are in the buffers.
    Frame(Frame<'a>),
    /// A frame that is refused.
    Refused(FrameFailure),
    /// There is no other.
    End,
}

/// Frames that are to be made.
pub(crate) enum Source<'a> {
    /// Files.
    Files(FileSource<'a>),
    /// A video, of which workers read in turns.
    Video(Mutex<VideoSource>),
}

/// Frames that are files.
pub(crate) struct FileSource<'a> {
    /// Those without a record.
    pub(crate) frames: Vec<&'a FrameFile>,
    next: AtomicUsize,
    /// Columns and rows of all.
    size: [usize; 2],
    reading: JpegReading,
    spare: &'a SpareMemory,
}

/// Frames of a video.
pub(crate) struct VideoSource {
    pub(crate) frames: VideoFrames,
    pub(crate) size: [usize; 2],
    /// Start of the names of frames.
    pub(crate) stem: String,
    pub(crate) format: Format,
    /// Names of frames that have a record.
    pub(crate) kept: BTreeSet<String>,
}

impl<'a> FileSource<'a> {
    pub(crate) fn new(
        frames: Vec<&'a FrameFile>,
        size: [usize; 2],
        reading: JpegReading,
        spare: &'a SpareMemory,
    ) -> Self {
        Self {
            frames,
            next: AtomicUsize::new(0),
            size,
            reading,
            spare,
        }
    }

    fn next(&self, buffers: &mut FrameBuffers, clock: &mut StageClock) -> Next<'a> {
        let Some(file) = self.frames.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
            return Next::End;
        };
        match self.decode(file, buffers, clock) {
            Ok(frame) => Next::Frame(frame),
            Err(error) => Next::Refused(FrameFailure {
                name: file.name.clone(),
                error,
            }),
        }
    }

    fn decode(
        &self,
        file: &FrameFile,
        buffers: &mut FrameBuffers,
        clock: &mut StageClock,
    ) -> Result<Frame<'a>> {
        let of_file = |error: FrameError| Error::of_file(&file.path, error);
        clock.skip();
        read_frame_file(&file.path, most_file_bytes(self.size), &mut buffers.file)?;
        let sum = FileSum::new(file.name.clone(), &buffers.file);
        clock.add(Stage::Read);
        let header = FrameHeader::read(&buffers.file).map_err(of_file)?;
        check_size([header.columns, header.rows], self.size).map_err(of_file)?;
        clock.add(Stage::Decode);
        let needed = header.working_bytes;
        let spare = self.spare.take(needed).ok_or_else(|| {
            let budget = self.spare.most();
            of_file(FrameError::TooLarge { needed, budget })
        })?;
        clock.add(Stage::Wait);
        let layout = header
            .decode(&buffers.file, self.reading, &mut buffers.samples)
            .map_err(of_file)?;
        clock.add(Stage::Decode);
        Ok(Frame {
            sum,
            view_name: file.view_name.clone(),
            layout,
            exif: header.exif,
            profile: header.profile,
            has_opacity: header.has_opacity,
            _spare: Some(spare),
        })
    }
}

/// Most bytes that the file of a frame of this size is read with.
pub(crate) fn most_file_bytes([columns, rows]: [usize; 2]) -> u64 {
    MOST_BYTES_A_PIXEL * columns as u64 * rows as u64 + (1 << 20)
}

/// Reads a file of at most so many bytes.
pub(crate) fn read_frame_file(path: &Path, most: u64, bytes: &mut Vec<u8>) -> Result<()> {
    let of_file = |error: std::io::Error| Error::of_file(path, error);
    let needed = fs::metadata(path).map_err(of_file)?.len();
    bytes.clear();
    if needed <= most {
        let file = File::open(path).map_err(of_file)?;
        // It may grow meanwhile.
        file.take(most + 1).read_to_end(bytes).map_err(of_file)?;
    }
    if needed.max(bytes.len() as u64) > most {
        let budget = most;
        return Err(Error::of_file(
            path,
            FrameError::TooLarge { needed, budget },
        ));
    }
    Ok(())
}

fn check_size(
    [columns, rows]: [usize; 2],
    expected: [usize; 2],
) -> std::result::Result<(), FrameError> {
    if [columns, rows] == expected {
        return Ok(());
    }
    Err(FrameError::OtherSize {
        columns,
        rows,
        expected,
    })
}

impl VideoSource {
    /// Name of a frame, counted from 0.
    fn name_of(&self, number: usize) -> String {
        format!("{}_{:06}.{}", self.stem, number + 1, self.format.ending())
    }

    fn next<'a>(&mut self, buffers: &mut FrameBuffers) -> Result<Next<'a>> {
        loop {
            if let Some(size) = self.frames.next_size()?
                && let Err(error) = check_size(size, self.size)
            {
                return Err(error.into());
            }
            let Some(number) = self.frames.read_next(&mut buffers.samples)? else {
                return Ok(Next::End);
            };
            let name = self.name_of(number);
            if !self.kept.contains(&name) {
                return Ok(Next::Frame(Frame {
                    sum: FileSum {
                        name: name.clone(),
                        bytes: 0,
                        crc32: 0,
                    },
                    view_name: name,
                    layout: Layout::Pixels(3),
                    exif: None,
                    profile: None,
                    has_opacity: false,
                    _spare: None,
                }));
            }
        }
    }
}

impl<'a> Source<'a> {
    /// The next frame; its samples are then in the buffers.
    ///
    /// # Errors
    /// Those of a video, which end the run.
    pub(crate) fn next(
        &self,
        buffers: &mut FrameBuffers,
        clock: &mut StageClock,
    ) -> Result<Next<'a>> {
        match self {
            Self::Files(files) => Ok(files.next(buffers, clock)),
            Self::Video(video) => {
                clock.skip();
                let mut video = video.lock().unwrap_or_else(PoisonError::into_inner);
                clock.add(Stage::Wait);
                let next = video.next(buffers);
                clock.add(Stage::Read);
                next
            }
        }
    }
}
