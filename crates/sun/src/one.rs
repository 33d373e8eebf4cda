//! The run of one time: inverts it, or a share of it, and writes all outputs.

use crate::{
    arrays,
    blocks::{BlockExecution, Found, InBlocks},
    collected::{Collected, Inverted, add_to_summary},
    curves::Curves,
    guard::{self, Content, Held},
    history::history_keywords,
    images, inversion,
    inverting::{Inverting, requested_draws},
    options::{EmissionOptions, Precision},
    overview::Overview,
    page, pictures, scene, series,
    sink::{self, Number},
    source::{About, Source},
};
use isopach::emission::{Inversion, MissingCounts, Saturation};
use isopach_program::{
    finished,
    listener::Listener,
    measure::{self, Measure},
    write_file::write_file,
};
use serde_json::{Value, json};
use std::{
    error::Error,
    path::{Path, PathBuf},
};

/// A median of χ² a channel from which on the counts are not explained.
const MOST_CHI_SQUARED: f64 = 3.0;

/// Key of the summary with the line of outcome.
pub(crate) const OUTCOME: &str = "outcome";

/// The result for a set of images, arrays or the synthetic region.
pub(crate) struct Done {
    /// The description of the work, in one line.
    pub(crate) said: String,
    /// The file to look at, once all results exist.
    pub(crate) shown: Option<PathBuf>,
    /// Null for a share of the whole.
    pub(crate) summary: Value,
}

/// Inverts one time, or a share of it, and writes all its outputs.
pub(crate) fn run_one(
    options: &EmissionOptions,
    listener: &dyn Listener,
) -> Result<Done, Box<dyn Error>> {
    let execution = BlockExecution::of(options)?;
    let outcome = run_in_folder(options, &execution, listener);
    execution.folder.remove_if_empty();
    outcome
}

fn run_in_folder(
    options: &EmissionOptions,
    execution: &BlockExecution,
    listener: &dyn Listener,
) -> Result<Done, Box<dyn Error>> {
    let measure = Measure::start();
    let edges = inversion::bin_edges(options)?;
    let begun = execution
        .is_in_blocks
        .then(|| read_begun(options, execution))
        .transpose()?;
    let (contents, found) = begun.unzip();
    let found = found.flatten();
    let (mut about, source) = open_input(options, &edges, found.is_none())?;
    if let Some(found) = &found {
        about.warnings.clone_from(&found.warnings);
    }
    about.warnings.iter().for_each(|words| listener.warn(words));
    let inversion = inversion::build_inversion(options, &about, edges)?;
    inversion.check(about.leading.iter().product())?;
    let contents = contents.map_or_else(|| Content::of_inputs(options), Ok)?;
    let is_image = about.leading.len() == 2 && about.leading.iter().all(|&n| n > 1);
    let held = guard::lock_folder(options, execution, &contents, is_image)?;
    let shown = options.out.join(if is_image {
        finished::PAGE
    } else {
        finished::SUMMARY
    });
    let job = Job {
        options,
        execution,
        listener,
        about,
        inversion,
        contents,
        held,
        is_image,
    };
    let worked = match options.precision {
        _ if job.held.is_finished && execution.folder.is_shared() => Worked::Merged,
        Precision::Single => job.invert_rows::<f32>(source, found)?,
        Precision::Double => job.invert_rows::<f64>(source, found)?,
    };
    match worked {
        Worked::Whole(inverted) => {
            let summary = job.write_results(*inverted, &measure)?;
            if execution.is_in_blocks {
                execution.remove_checkpoints()?;
            }
            let said = summary[OUTCOME].as_str().unwrap_or_default().to_owned();
            Ok(Done {
                said,
                shown: Some(shown),
                summary,
            })
        }
        Worked::Part(said) => Ok(Done {
            said,
            shown: None,
            summary: Value::Null,
        }),
        Worked::Merged => {
            execution.remove_checkpoints()?;
            let said = format!("merged already: {}", shown.display());
            Ok(Done {
                said,
                shown: None,
                summary: Value::Null,
            })
        }
    }
}

/// The identity of the inputs, and the findings of the process that began the run in blocks.
fn read_begun(
    options: &EmissionOptions,
    execution: &BlockExecution,
) -> Result<(Vec<Content>, Option<Found>), Box<dyn Error>> {
    let contents = Content::of_inputs(options)?;
    let found = execution.read_found(options, &Content::file_identities(&contents))?;
    Ok((contents, found))
}

/// Opens the inputs. `correlate`: also check by the pixels whether channels lie at the place of
/// their headers.
fn open_input(
    options: &EmissionOptions,
    edges: &[f64],
    correlate: bool,
) -> Result<(About, Source), Box<dyn Error>> {
    Ok(match (&options.counts, &options.sigma) {
        (Some(counts), Some(sigma)) => {
            let (about, arrays) = arrays::open(options, counts, sigma)?;
            (about, Source::Arrays(arrays))
        }
        _ if options.files.is_empty() => {
            let (about, region) = scene::make_region(options, edges)?;
            (about, Source::Region(Box::new(region)))
        }
        _ => {
            let (about, images) = images::open(options, correlate)?;
            images::check_temperatures(&about, edges)?;
            (about, Source::Images(images))
        }
    })
}

/// A job in a locked folder of results.
struct Job<'a> {
    options: &'a EmissionOptions,
    execution: &'a BlockExecution,
    listener: &'a dyn Listener,
    about: About,
    inversion: Inversion,
    contents: Vec<Content>,
    held: Held,
    is_image: bool,
}

/// The result of a process.
enum Worked {
    /// All rows: their results, and the summary so far.
    Whole(Box<Whole>),
    /// A share of the rows, possibly empty: a description of the work.
    Part(String),
    /// Another process put all results together.
    Merged,
}

struct Whole {
    inverted: Inverted,
    summary: Value,
    /// Remarks on the numbers.
    remarks: Option<String>,
}

impl Job<'_> {
    /// Inverts rows and collects their results: all rows, or the share of this process.
    fn invert_rows<T: Number>(
        &self,
        source: Source,
        found: Option<Found>,
    ) -> Result<Worked, Box<dyn Error>> {
        let Self {
            options,
            execution,
            about,
            inversion,
            ..
        } = self;
        let curves = Curves::of(&options.curve, &about.leading, requested_draws(options))?;
        let inverting = Inverting::new::<T>(options, inversion, about, source, self.listener)?;
        if execution.is_in_blocks {
            let worked = self.work_in_blocks::<T>(&inverting, curves, found);
            // If another process merged all results meanwhile, those of this one are not needed.
            return match worked {
                Ok(Worked::Whole(whole)) => Ok(Worked::Whole(whole)),
                _ if !execution.folder.is_plan
                    && execution.folder.is_shared()
                    && self.is_merged() =>
                {
                    Ok(Worked::Merged)
                }
                worked => worked,
            };
        }
        let clock = Measure::start();
        let mut collected = self.open_outputs::<T>(&inverting, curves)?;
        inverting.run::<T>(0..inverting.shape[0], |block, spread| {
            collected.take_rows(&block, spread.as_ref())
        })?;
        let remarks = inverting.source.borrow().remarks();
        self.finish_rows(&inverting, collected, &clock, remarks)
    }

    fn work_in_blocks<T: Number>(
        &self,
        inverting: &Inverting<'_>,
        curves: Curves,
        found: Option<Found>,
    ) -> Result<Worked, Box<dyn Error>> {
        let Self {
            options,
            execution,
            about,
            contents,
            ..
        } = self;
        let clock = Measure::start();
        let found = match found {
            Some(found) => found,
            None => Found {
                warnings: about.warnings.clone(),
                remarks: inverting.look_through()?,
            },
        };
        let kept = execution.kept_with(options, &found, contents);
        let blocks = InBlocks::begin::<T>(&kept, execution, options, contents, inverting)?;
        if execution.folder.is_plan {
            return Ok(Worked::Part(format!("planned: {}", blocks.describe_plan())));
        }
        let said = blocks.invert_blocks::<T>(execution, inverting, || self.is_merged())?;
        if !execution.hands_over() {
            return Ok(Worked::Part(said));
        }
        let mut collected = self.open_outputs::<T>(inverting, curves)?;
        blocks.put_together::<T>(inverting.rows_at_once, |block, spread| {
            collected.take_rows(&block, spread.as_ref())
        })?;
        if execution.folder.is_shared() && self.is_merged() {
            return Ok(Worked::Merged);
        }
        self.finish_rows(inverting, collected, &clock, found.remarks)
    }

    fn open_outputs<'a, T: Number>(
        &self,
        inverting: &'a Inverting<'a>,
        curves: Curves,
    ) -> Result<Collected<'a>, Box<dyn Error>> {
        let history = history_keywords(self.options, &self.about, &self.contents)?;
        Ok(Collected::create::<T>(
            self.options,
            &self.about,
            inverting,
            curves,
            &history,
        )?)
    }

    /// Whether finished results of this job exist.
    fn is_merged(&self) -> bool {
        guard::is_merged(&self.options.out, &self.held.made_from)
    }

    /// Gives the files their names, and begins the summary.
    fn finish_rows(
        &self,
        inverting: &Inverting<'_>,
        collected: Collected<'_>,
        clock: &Measure,
        remarks: Option<String>,
    ) -> Result<Worked, Box<dyn Error>> {
        let Self {
            options,
            execution,
            about,
            ..
        } = self;
        let inverted = collected.finish_files(|| {
            // A merge that finished meanwhile describes the same bytes.
            let is_told = execution.folder.is_shared() && self.is_merged();
            if is_told {
                Ok(())
            } else {
                finished::remove_files(&options.out, finished::ABOUT)
            }
        })?;
        let found = &inverted.found;
        let rows = inverting.rows_at_once;
        let mut summary = begin_summary(
            options,
            inverting.inversion,
            about,
            found,
            rows,
            clock.seconds()[0],
        );
        add_to_summary(&mut summary, options, inverting, &inverted);
        Ok(Worked::Whole(Box::new(Whole {
            inverted,
            summary,
            remarks,
        })))
    }

    /// Writes pictures, curves, page and, last, the summary of all rows.
    fn write_results(&self, whole: Whole, measure: &Measure) -> Result<Value, Box<dyn Error>> {
        let Self {
            options,
            about,
            held,
            is_image,
            ..
        } = self;
        let Whole {
            inverted: Inverted { found, curves, .. },
            mut summary,
            remarks,
        } = whole;
        summary[finished::KEY] = held.made_from.clone();
        summary["profile"] = self.options.profile_args.resolved.to_json();
        summary["warnings"] = json!(result_warnings(about, &found, remarks, self.listener));
        let panels = if *is_image {
            pictures::write_pictures(&options.out, &found)?
        } else {
            Vec::new()
        };
        let mut files = sink::file_names(options);
        files.extend(panels.iter().map(|panel| panel.file.clone()));
        curves
            .iter()
            .try_for_each(|curve| curve.write(&options.out))?;
        files.extend(curves.iter().map(|curve| curve.place.file()));
        if options.is_of_series {
            series::write_maps(&options.out, &found)?;
            files.push(series::MAPS.into());
        }
        let is_here = |name: &PathBuf| files.iter().any(|file| Path::new(file) == name);
        series::remove_files(
            &options.out,
            held.before_this.iter().filter(|name| !is_here(name)),
        )?;
        summary[finished::FILES] = json!(files);
        finish_summary(&mut summary, measure, about);
        summary[OUTCOME] = json!(outcome_line(&found, measure.seconds()[0]));
        if *is_image {
            let page = page::page_html(about, &summary, &found, &panels, &curves);
            write_file(&options.out.join(finished::PAGE), page.as_bytes())?;
        }
        if options.is_of_series {
            series::note_checksums(&mut summary, &options.out, *is_image)?;
        }
        let text = serde_json::to_string_pretty(&summary)?;
        write_file(&options.out.join(finished::SUMMARY), text.as_bytes())?;
        Ok(summary)
    }
}

/// Warnings about input and results; those that only the results show are added here.
fn result_warnings(
    about: &About,
    found: &Overview,
    remarks: Option<String>,
    listener: &dyn Listener,
) -> Vec<String> {
    let median = found.median_chi_squared();
    let unexplained = (median > MOST_CHI_SQUARED).then(|| {
        format!(
            "the median of χ² a channel is {median:.1}: the counts are not explained; the sensitivity, the alignment, the response or the errors are wrong"
        )
    });
    let shown: Vec<String> = unexplained
        .into_iter()
        .chain(empty_channels(about, found))
        .chain(remarks)
        .collect();
    shown.iter().for_each(|words| listener.warn(words));
    about.warnings.iter().cloned().chain(shown).collect()
}

/// Warnings about channels without a count in any pixel, or without one that is not saturated.
fn empty_channels(about: &About, found: &Overview) -> Vec<String> {
    let pixels: usize = about.leading.iter().product();
    let name = |f: usize| {
        about
            .channels
            .get(f)
            .and_then(|names| names.first())
            .cloned()
            .unwrap_or_default()
    };
    let of = |by_channel: &[usize], why: &str| {
        let all = by_channel
            .iter()
            .enumerate()
            .filter(|(_, missing)| **missing == pixels && pixels > 0);
        all.map(|(f, _)| format!("channel {}: {why} in all pixels", name(f)))
            .collect::<Vec<_>>()
    };
    [
        of(&found.missing_by_channel, "no count"),
        of(&found.saturated_by_channel, "saturated"),
    ]
    .concat()
}

/// The line of outcome: the pixels' statuses, the most frequent ones first.
fn outcome_line(found: &Overview, seconds: f64) -> String {
    let statuses = found.statuses();
    let pixels = statuses.values().sum::<usize>();
    let mut ways: Vec<(&str, usize)> = statuses.into_iter().collect();
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let share = |count: usize| 100.0 * count as f64 / pixels.max(1) as f64;
    let words: Vec<String> = ways
        .iter()
        .map(|(words, count)| format!("{:.1} % {words}", share(*count)))
        .collect();
    let words = words.join(", ");
    match found.median_chi_squared() {
        0.0 => format!("{pixels} pixels in {seconds:.1} s: {words}; no χ²"),
        median => {
            format!("{pixels} pixels in {seconds:.1} s: {words}; median χ² a channel {median:.2}")
        }
    }
}

fn begin_summary(
    options: &EmissionOptions,
    inversion: &Inversion,
    about: &About,
    found: &Overview,
    rows: usize,
    seconds: f64,
) -> Value {
    let saturation = match &inversion.saturation {
        Some(Saturation { levels, then }) => {
            let then = if *then == MissingCounts::Drop {
                "those channels left out"
            } else {
                "no result"
            };
            let levels: Vec<String> = levels.iter().map(|level| format!("{level:.0}")).collect();
            format!("from {} DN/s on, by channel: {then}", levels.join(", "))
        }
        None => "not looked for".into(),
    };
    let edges = &inversion.log_t_edges;
    json!({
        "input": about.names,
        "pixels": about.leading,
        "bins": inversion.bins(),
        "log_t": [edges[0], edges[edges.len() - 1]],
        "precision": format!("{:?}", options.precision).to_lowercase(),
        "outputs": options.outputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "memory_mib": options.memory,
        "rows_at_once": rows,
        "seconds_inverting": seconds,
        "status": found.statuses(),
        "inverted_again_with_more_digits": found.inverted_again,
        "missing_by_channel": found.missing_by_channel,
        "saturated_by_channel": found.saturated_by_channel,
        "saturation": saturation,
        "sensitivity": about.sensitivity,
        "median_chi_squared": found.median_chi_squared(),
        "against_truth": if found.truth.is_empty() { Value::Null } else { scene::compare_bands(found) },
    })
}

/// Adds time and memory of the whole run.
fn finish_summary(summary: &mut Value, measure: &Measure, about: &About) {
    let [seconds, cpu_seconds] = measure.seconds();
    let pixels: usize = about.leading.iter().product();
    summary["seconds"] = json!(seconds);
    summary["cpu_seconds"] = json!(cpu_seconds);
    summary["pixels_per_second"] = json!(pixels as f64 / seconds);
    summary["peak_mib"] = json!(measure::peak_rss_mib());
}
