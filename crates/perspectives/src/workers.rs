//! Workers: each takes a frame, decodes it once, and renders, encodes and writes its views. While
//! one decodes, another encodes; nothing else is needed to overlap them.

use crate::{
    clock::{Stage, StageClock, WorkerSeconds},
    encode::Encoding,
    exif::view_exif,
    plan::{Prepared, ViewPlan},
    records::{FileSum, FrameRecord, IMAGES, MASKS, Records},
    rendering::{HeldFrame, Layout, ViewBuffers},
    source::{Frame, FrameBuffers, FrameFailure, Next, Source},
};
use isopach_compute::{Error, Result, UnfinishedFile};
use isopach_panorama::ColmapRig;
use isopach_program::listener::StageProgress;
use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// State that all workers share.
pub(crate) struct Work<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) plan: &'a ViewPlan,
    pub(crate) prepared: &'a Prepared,
    pub(crate) encoding: Encoding,
    pub(crate) records: &'a Records,
    pub(crate) rig: &'a ColmapRig,
    pub(crate) out: &'a Path,
    pub(crate) progress: &'a dyn StageProgress,
    /// Frames to make, if it is known.
    pub(crate) total: Option<usize>,
}

/// Work that is done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) records: Vec<FrameRecord>,
    pub(crate) failures: Vec<FrameFailure>,
    pub(crate) seconds: WorkerSeconds,
    /// Bytes of frames that were read.
    pub(crate) bytes_read: u64,
    /// Bytes of views and masks that were written.
    pub(crate) bytes_written: u64,
}

/// How far all workers are.
struct Tally {
    started: Instant,
    frames: AtomicUsize,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    is_stopped: AtomicBool,
    done: Mutex<Done>,
    error: Mutex<Option<Error>>,
}

impl Work<'_> {
    /// Runs all workers to their end.
    ///
    /// # Errors
    /// The first failure to write or to read a video. Frames that are refused end nothing.
    pub(crate) fn run(&self, workers: usize) -> Result<Done> {
        let tally = Tally {
            started: Instant::now(),
            frames: AtomicUsize::new(0),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            done: Mutex::default(),
            error: Mutex::new(None),
        };
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work(&tally));
            }
        });
        if let Some(error) = tally
            .error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            return Err(error);
        }
        let mut done = tally
            .done
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        done.bytes_read = tally.bytes_read.into_inner();
        done.bytes_written = tally.bytes_written.into_inner();
        done.failures.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(done)
    }

    /// One worker.
    fn work(&self, tally: &Tally) {
        let mut clock = StageClock::start();
        let mut frame_buffers = FrameBuffers::default();
        let mut view_buffers = ViewBuffers::default();
        while !tally.is_stopped.load(Ordering::Relaxed) {
            let next =
                self.source
                    .next(&mut frame_buffers, &mut clock)
                    .and_then(|next| match next {
                        Next::End => Ok(false),
                        Next::Refused(failure) => {
                            tally.lock().failures.push(failure);
                            Ok(true)
                        }
                        Next::Frame(frame) => {
                            let samples = &frame_buffers.samples;
                            self.make_views(&frame, samples, &mut view_buffers, &mut clock, tally)?;
                            Ok(true)
                        }
                    });
            match next {
                Ok(true) => self.show_progress(tally),
                Ok(false) => break,
                Err(error) => {
                    tally.is_stopped.store(true, Ordering::Relaxed);
                    let mut first = tally.error.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(error);
                }
            }
        }
        tally.lock().seconds.add(&clock.end());
    }

    /// Renders, encodes and writes the views of a frame, and writes its record.
    fn make_views(
        &self,
        frame: &Frame<'_>,
        samples: &[u8],
        buffers: &mut ViewBuffers,
        clock: &mut StageClock,
        tally: &Tally,
    ) -> Result<()> {
        let held = HeldFrame::new(samples, frame.layout, self.plan)?;
        let mut files = Vec::new();
        for (number, camera) in self.plan.rig.cameras().iter().enumerate() {
            let lens = camera.view().lens;
            clock.skip();
            let view = held.render(self.plan, self.prepared, number, buffers)?;
            clock.add(Stage::Remap);
            let exif = frame
                .exif()
                .and_then(|exif| view_exif(exif, lens.columns, lens.rows));
            let encoded = view.encode(self.encoding, frame.attached(exif.as_deref()))?;
            clock.add(Stage::Encode);
            let name = format!("{}{}", self.rig.prefixes[number], frame.view_name);
            files.push(self.write(format!("{IMAGES}/{name}"), &encoded, tally)?);
            if let Some(mask) = self.prepared.masks.get(number) {
                files.push(self.write(format!("{MASKS}/{name}.png"), mask, tally)?);
            }
            clock.add(Stage::Write);
        }
        let record = FrameRecord {
            frame: frame.sum.clone(),
            files,
            has_opacity: frame.has_opacity,
            by_planes: matches!(frame.layout, Layout::Planes(_)),
        };
        self.records.write(&record)?;
        tally
            .bytes_read
            .fetch_add(frame.sum.bytes, Ordering::Relaxed);
        tally.frames.fetch_add(1, Ordering::Relaxed);
        tally.lock().records.push(record);
        clock.add(Stage::Write);
        Ok(())
    }

    /// Writes a result; its name is that in the output folder.
    fn write(&self, name: String, bytes: &[u8], tally: &Tally) -> Result<FileSum> {
        let path = self.out.join(&name);
        write_beside(&path, bytes).map_err(|error| Error::of_file(&path, error))?;
        tally
            .bytes_written
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(FileSum::new(name, bytes))
    }

    fn show_progress(&self, tally: &Tally) {
        let frames = tally.frames.load(Ordering::Relaxed);
        let seconds = tally.started.elapsed().as_secs_f64();
        let rate = (frames * self.plan.rig.cameras().len()) as f64 / seconds;
        match self.total {
            Some(total) => {
                let over = frames + tally.lock().failures.len();
                let left = seconds * total.saturating_sub(over) as f64 / over.max(1) as f64;
                let note = format!("{rate:.1} views/s, {left:.0} s left");
                self.progress.show(over as f64 / total.max(1) as f64, &note);
            }
            None => self
                .progress
                .show(0.0, &format!("{frames} frames, {rate:.1} views/s")),
        }
    }
}

impl Tally {
    fn lock(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a file beside its place and renames it. Its checksum is in the record of its frame, so it
/// need not be on the disk before the next.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (part, mut file) = match UnfinishedFile::create_among_others(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            UnfinishedFile::create_among_others(path)?
        }
        created => created?,
    };
    file.write_all(bytes)?;
    part.complete_unflushed()
}
