//! The run, step by step.

use crate::{
    PerspectiveOptions,
    input::Input,
    page::Shown,
    plan::ViewPlan,
    records::{FRAMES, FrameRecord, Records},
    shares::MemoryShares,
    sheet::{SHEET, draw_sheet},
    source::{FileSource, FrameFailure, Source, VideoSource},
    spare::SpareMemory,
    summary::{Seconds, Told},
    workers::{Done, Work},
};
use isopach_compute::{Error, Result};
use isopach_panorama::{ColmapRig, Equirectangular, Rig};
use isopach_program::{
    finished::{self, ABOUT, PAGE, SUMMARY},
    listener::Listener,
    run_folder::RunFolder,
    write_file::write_file,
};
use isopach_tiling::RunScope;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::Instant,
};

/// The file that describes the rig to COLMAP.
const RIG: &str = "rig_config.json";

/// Outcome of a run that came to its end.
#[derive(Clone, Debug)]
pub struct PerspectiveOutcome {
    /// Frames whose views this run made.
    pub made: usize,
    /// Frames whose views a former run made, and which were kept.
    pub kept: usize,
    /// Views that this run made.
    pub views: usize,
    /// Frames without views, with the reason of each.
    pub refused: Vec<RefusedFrame>,
    /// Seconds of the run.
    pub seconds: f64,
    /// The page.
    pub page: PathBuf,
}

/// A frame without views.
#[derive(Clone, Debug)]
pub struct RefusedFrame {
    /// Its name in the folder of frames.
    pub name: String,
    /// The reason, with its path.
    pub reason: String,
    /// Whether the same command may succeed later: the system could not read it.
    pub is_transient: bool,
}

impl From<&FrameFailure> for RefusedFrame {
    fn from(failure: &FrameFailure) -> Self {
        Self {
            name: failure.name.clone(),
            reason: failure.error.to_string(),
            is_transient: failure.error.is_transient(),
        }
    }
}

/// Makes the views that the options describe, in threads of its own and in rayon's pool.
///
/// Views depend on frames and parameters alone, not on threads or memory. A frame that is refused
/// does not end the run.
///
/// # Errors
/// [`PerspectiveError`](crate::PerspectiveError) and [`ProgramError`](isopach_program::ProgramError)
/// for refused options and inputs; [`Error::OutOfMemory`] if no frame fits; [`Error::Source`] if a
/// file cannot be written; [`Error::Busy`] if another process works in the output folder.
pub fn run(options: &PerspectiveOptions, listener: &dyn Listener) -> Result<PerspectiveOutcome> {
    options.check()?;
    let started = Instant::now();
    let input = Input::open(options, listener)?;
    finished::make_folder(&options.out)?;
    let _lock = RunFolder::new(&options.out, RunScope::All, false).lock()?;
    let mut run = Run::begin(options, &input)?;
    run.seconds.starting = started.elapsed().as_secs_f64();
    let done = run.make_views(input, listener)?;
    run.finish(&done, listener, started)
}

/// A run whose records are open.
struct Run<'a> {
    options: &'a PerspectiveOptions,
    plan: ViewPlan,
    rig: ColmapRig,
    parameters: Value,
    records: Records,
    /// Names of frames that a former run finished.
    kept: BTreeSet<String>,
    shares: MemoryShares,
    map_bytes: u64,
    seconds: Seconds,
}

impl<'a> Run<'a> {
    fn begin(options: &'a PerspectiveOptions, input: &Input) -> Result<Self> {
        let [columns, rows] = input.size;
        let panorama = Equirectangular::new(columns, rows)?;
        let set = options.view_set()?;
        let views = set.views(panorama, options.lens_options()?)?;
        let rig = Rig::new(&views)?;
        let plan = ViewPlan::new(
            rig,
            panorama,
            options.gathering(),
            options.parts()?,
            options.plane_chroma(),
        );
        let identity = input.video_identity.clone();
        let parameters = options.result_parameters(input.size, &views, &plan.parts, identity);
        let all = thread::available_parallelism().map_or(1, usize::from);
        let threads = options.threads.unwrap_or(all);
        let memory = options.memory_bytes()?;
        let shares = MemoryShares::new(&plan, memory, threads, input.largest_file)?;
        let records = Records::open(&options.out, &parameters, options.fresh)?;
        let kept = kept_frames(&records, input);
        let rig = ColmapRig::like_pycolmap(&plan.rig);
        Ok(Self {
            options,
            plan,
            rig,
            parameters,
            records,
            kept,
            shares,
            map_bytes: 0,
            seconds: Seconds::default(),
        })
    }

    /// Makes the views of all frames that have none.
    fn make_views(&mut self, input: Input, listener: &dyn Listener) -> Result<Done> {
        let spare = SpareMemory::new(self.shares.spare);
        let Input {
            frames,
            video,
            size,
            ..
        } = input;
        let todo: Vec<_> = frames
            .iter()
            .filter(|frame| !self.kept.contains(&frame.name))
            .collect();
        let total = match video {
            Some(_) => self.options.most_frames,
            None => Some(todo.len()),
        };
        let source = match video {
            Some(frames) => Source::Video(Mutex::new(VideoSource {
                frames,
                size,
                stem: stem_of(&self.options.frames),
                format: self.options.format(),
                kept: self.kept.clone(),
            })),
            None => Source::Files(FileSource::new(
                todo,
                size,
                self.options.jpeg_reading(),
                &spare,
            )),
        };
        if total == Some(0) {
            return Ok(Done::default());
        }
        finished::remove_files(&self.options.out, ABOUT)?;
        let prepared = self.timed(
            |seconds| &mut seconds.maps,
            |run| run.plan.prepare(run.options.has_masks()),
        )?;
        self.map_bytes = prepared.maps.bytes();
        let progress = listener.begin_stage("views");
        self.timed(
            |seconds| &mut seconds.frames,
            |run| {
                let work = Work {
                    source: &source,
                    plan: &run.plan,
                    prepared: &prepared,
                    encoding: run.options.encoding(),
                    records: &run.records,
                    rig: &run.rig,
                    out: &run.options.out,
                    progress: &*progress,
                    total,
                };
                work.run(run.shares.workers)
            },
        )
    }

    /// Adds the seconds of some work to a part of the run.
    fn timed<T>(
        &mut self,
        part: impl Fn(&mut Seconds) -> &mut f64,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let worked = work(self)?;
        *part(&mut self.seconds) += started.elapsed().as_secs_f64();
        Ok(worked)
    }

    /// Writes rig, contact sheet, records, page and, last, the summary.
    fn finish(
        mut self,
        done: &Done,
        listener: &dyn Listener,
        started: Instant,
    ) -> Result<PerspectiveOutcome> {
        let finishing = Instant::now();
        done.records
            .iter()
            .for_each(|record| self.records.insert(record.clone()));
        let refused: Vec<RefusedFrame> = done.failures.iter().map(RefusedFrame::from).collect();
        let warnings = self.warnings(done);
        warnings.iter().for_each(|warning| listener.warn(warning));
        let out = &self.options.out;
        let rig = serde_json::to_string_pretty(&self.rig.to_json(&self.plan.rig)?)
            .map_err(Error::source)?;
        write_file(&out.join(RIG), rig.as_bytes())?;
        let current: Vec<&FrameRecord> = self.records.iter().collect();
        if !current.is_empty() {
            write_file(&out.join(SHEET), &draw_sheet(&current, out)?)?;
        }
        let shown = Shown {
            frames: current.len(),
            parameters: &self.parameters,
            refused: &refused,
            warnings: &warnings,
            has_sheet: !current.is_empty(),
        };
        self.records.finish(&self.parameters)?;
        let page = out.join(PAGE);
        write_file(&page, shown.to_html().as_bytes())?;
        self.seconds.finishing = finishing.elapsed().as_secs_f64();
        self.seconds.all = started.elapsed().as_secs_f64();
        let told = Told {
            options: self.options,
            parameters: &self.parameters,
            plan: &self.plan,
            done,
            refused: &refused,
            warnings: &warnings,
            kept: self.kept.len(),
            workers: self.shares.workers,
            map_bytes: self.map_bytes,
            seconds: self.seconds,
            files: &[RIG, SHEET, FRAMES, PAGE],
        };
        let summary = serde_json::to_string_pretty(&told.to_json()).map_err(Error::source)?;
        write_file(&out.join(SUMMARY), summary.as_bytes())?;
        Ok(PerspectiveOutcome {
            made: done.records.len(),
            kept: self.kept.len(),
            views: done.records.len() * self.plan.rig.cameras().len(),
            refused,
            seconds: self.seconds.all,
            page,
        })
    }

    /// What the results of all runs in the folder have that one may not expect.
    fn warnings(&self, done: &Done) -> Vec<String> {
        let opaque = self.records.iter().filter(|record| record.has_opacity);
        let [opaque, made] = [opaque.count(), done.records.len()];
        let others = self.records.iter().count() - made - self.kept.len();
        let mut warnings = Vec::new();
        if opaque > 0 {
            warnings.push(format!(
                "{opaque} frames have an opacity (alpha), which their views do not keep"
            ));
        }
        if others > 0 {
            warnings.push(format!(
                "views of {others} frames of former runs, which are not among the frames of this one or were refused now, are still in the folder"
            ));
        }
        warnings
    }
}

/// Frames whose records agree with them and their views.
fn kept_frames(records: &Records, input: &Input) -> BTreeSet<String> {
    let asked: Vec<(&str, Option<&Path>)> = match input.video {
        Some(_) => records
            .iter()
            .map(|record| (&*record.frame.name, None))
            .collect(),
        None => input
            .frames
            .iter()
            .map(|frame| (&*frame.name, Some(&*frame.path)))
            .collect(),
    };
    let agreeing = records.agreeing(&asked);
    agreeing.into_iter().map(str::to_owned).collect()
}

/// Start of the names of a video's frames.
fn stem_of(video: &Path) -> String {
    let stem = video.file_stem().unwrap_or_default().to_string_lossy();
    stem.trim_start_matches('.').to_owned()
}
