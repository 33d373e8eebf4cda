//! Options of the command line.

mod values;

pub(crate) use values::{Compress, MethodName, Output, Share, SolveFor, Summed, Unit};

use crate::curves::Place;
use clap::{ArgAction, Parser, ValueEnum};
use isopach_program::ProgramError;
use isopach_program::{
    command_words::CommandLine,
    device_args::DeviceArgs,
    memory::parse_bytes,
    profile::{ProfileArgs, Profiled, Stop, parse_arguments},
};
use std::{ffi::OsString, path::PathBuf};

/// Limit on the bins of temperature: keywords number their edges, and averaging kernels have as
/// many numbers a pixel as bins squared.
pub(crate) const MOST_BINS: usize = 1000;
/// Pixels a side of the synthetic region.
const SIZES: std::ops::RangeInclusive<usize> = 16..=65_536;
/// Limit on the MiB of memory, so that bytes can be counted.
const MOST_MEMORY: u64 = 1 << 40;
/// Limit on the draws of --monte-carlo.
const MOST_DRAWS: u32 = 1_000_000;
/// More threads than any machine has.
const MOST_THREADS: usize = 4096;
/// Systematic error of a channel without a given one, as a share of the counts.
pub(crate) const SYSTEMATIC: f64 = 0.05;
/// All outputs but averaging kernels.
const USUAL: &str =
    "emission,uncertainty,resolution,synthetic,bands,temperature,chi2,lambda,iterations,status";

/// Options of an emission measure run, in the words of the command line: checked.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "emission",
    about = "Differential emission measure of AIA images, of .npy arrays of counts, or of a synthetic active region.",
    after_help = "On many machines (docs/fleet.md):
  emission *.fits --out OUT --plan; … --shard 1/24 (or --claim 64 on any number of workers); … --merge

Ends with 0: done; 2: never try again (wrong arguments, a refused input, results of other parameters or another version);
75: try again (files cannot be read or written, another process is at work, blocks are missing for a merge, SIGTERM)."
)]
pub struct EmissionOptions {
    /// FITS files of channels of AIA or of instruments given by --instrument, in any order. Places
    /// and times are compared with those of the first.
    #[arg(conflicts_with = "counts")]
    pub(crate) files: Vec<PathBuf>,
    /// Resample channels to the pixels of the first file by the places in their headers.
    #[arg(long, requires = "files", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) align: bool,
    /// Invert channels pixel by pixel, ignoring the places in their headers: for images that were
    /// aligned without updating the header.
    #[arg(long, requires = "files", conflicts_with = "align", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) unaligned: bool,
    /// An instrument other than AIA: a JSON file with its response, gain, pixel, noise, channels
    /// and header values (docs/algorithms/solar-images.md). May be given several times; `aia` is
    /// the shipped one. Files of several instruments are inverted together.
    #[arg(long, value_name = "FILE", requires = "files")]
    pub(crate) instrument: Vec<PathBuf>,
    /// Channels of files whose headers do not state it, in the order of the files: 94,131,171 or
    /// XRT:Al-poly
    #[arg(long, value_delimiter = ',', requires = "files")]
    pub(crate) channel: Vec<String>,
    /// Exposures of the files, seconds, one for all or one for each file in order, instead of those
    /// in the headers.
    #[arg(long, value_delimiter = ',', requires = "files")]
    pub(crate) exposure: Vec<f64>,
    /// Unit of the numbers in the files, instead of the headers' unit.
    #[arg(long, requires = "files")]
    pub(crate) unit: Option<Unit>,
    /// Pixels of binned images are sums (sunpy's superpixel adds by default), not means: of all
    /// detector pixels in them, or of this number of pixels of the original image, --summed=4
    #[arg(long, requires = "files", num_args = 0..=1, require_equals = true, default_missing_value = "all", value_name = "PIXELS")]
    pub(crate) summed: Option<Summed>,
    /// Accept channels of different times.
    #[arg(long, requires = "files", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) any_time: bool,
    /// Use images that their QUALITY excludes: eclipses, dark and calibration images.
    #[arg(long, requires = "files", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) ignore_quality: bool,
    /// Counts as .npy instead, DN/s, any leading shape, channels last.
    #[arg(long, requires = "sigma")]
    pub(crate) counts: Option<PathBuf>,
    /// Errors of the counts as .npy, same shape.
    #[arg(long, requires = "counts")]
    pub(crate) sigma: Option<PathBuf>,
    /// Temperature response: CSV with log10 T in the first column and one channel in each of the
    /// others, or .npy (temperatures, channels) with --response-log-t. Without: AIA's.
    #[arg(long, requires = "counts")]
    pub(crate) response: Option<PathBuf>,
    /// log10 T of the rows of a .npy response.
    #[arg(long, requires = "response")]
    pub(crate) response_log_t: Option<PathBuf>,
    /// Output folder.
    #[arg(long, default_value = "emission_out")]
    pub(crate) out: PathBuf,
    /// Also write and show the curve of a pixel, with both errors and the EM loci of its channels:
    /// X,Y from 0; or of the mean of a region: X0:X1,Y0:Y1 without column X1 and row Y1. May be
    /// given several times.
    #[arg(long, value_name = "X,Y")]
    pub(crate) curve: Vec<Place>,
    /// Number of temperature bins, 1000 at most.
    #[arg(long, default_value_t = 42)]
    pub(crate) bins: usize,
    /// Lowest and highest log10 T.
    #[arg(long, value_delimiter = ',', default_value = "5.7,7.1")]
    pub(crate) log_t: Vec<f64>,
    /// Edges of the temperature bins as .npy, log10 T, instead of --bins and --log-t.
    #[arg(long)]
    pub(crate) log_t_edges: Option<PathBuf>,
    /// Files to write, besides pictures and page.
    #[arg(long, value_delimiter = ',', default_value = USUAL)]
    pub(crate) outputs: Vec<Output>,
    /// FITS cubes or .npy arrays; by default the format of the input.
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Compress cubes: gzip keeps all digits; rice rounds emission, its errors and kernels by
    /// 1/65534 of the largest of each 128 pixels of a row and plane, at most (the largest error is
    /// in header and summary), and keeps all digits of the rest.
    #[arg(long, default_value = "none")]
    pub(crate) compress: Compress,
    /// Make a GPU send its results of single precision as halves: half the bytes, 11 bits a number
    /// (2⁻¹¹ of a pixel's largest)
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) halves: bool,
    /// Precision of the numbers.
    #[arg(long, default_value = "single")]
    pub(crate) precision: Precision,
    /// Systematic error of files, a share of the counts: one for all channels, or single channels
    /// by name: 0.25,94=0.5,131=0.5 [default: 0.05]
    #[arg(long, value_delimiter = ',')]
    pub(crate) systematic: Vec<Share>,
    /// Pixels with saturated channels: no result, invert the other channels, or trust the counts.
    #[arg(long, default_value = "drop")]
    pub(crate) saturation: OnSaturation,
    /// Counts from which on a channel is saturated, one for all channels or one for each: for FITS
    /// files DN before division by the exposure (default: 15000, right for level 1; less for images
    /// that were averaged or interpolated), for .npy in the unit of the counts (default: never).
    #[arg(long, value_delimiter = ',')]
    pub(crate) saturation_level: Vec<f64>,
    /// Remaining sensitivity, relative to the response, one share for each channel:
    /// 94=0.82,131=0.79, or shares alone in ascending order of the wavelengths, whatever the order
    /// of the files (for .npy in the order of the channels). Give uncorrected images: those that
    /// aiapy's correct_degradation has divided pass the saturation level too early.
    #[arg(long, value_delimiter = ',', conflicts_with = "degradation_table")]
    pub(crate) degradation: Vec<Share>,
    /// Remaining sensitivity by time: CSV with a header `time,94,131,…`, rows of ISO 8601 times and
    /// shares; interpolated to each image's time. `builtin`: AIA's, version 10 of its response
    /// table, of October 2020.
    #[arg(long, conflicts_with = "counts")]
    pub(crate) degradation_table: Option<PathBuf>,
    /// Method of inversion: regularised (DEMREG; may be negative), positive (smooth where the
    /// counts leave a choice), non-negative (least squares: spikes). The positive ones do not run
    /// on GPUs.
    #[arg(long, default_value = "regularised")]
    pub(crate) method: MethodName,
    /// Signs as in the reference: counts of zero and below are missing, bins that are negative
    /// within their error continue the loop, and statuses do not state whether the χ² target is
    /// reached.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) compat: bool,
    /// How far below zero a bin may be, in units of its own vertical error, without continuing the
    /// loop.
    #[arg(long, default_value_t = 2.0, conflicts_with = "compat")]
    pub(crate) negative_tolerance: f64,
    /// Weights of the constraint from the EM loci, the lowest of counts over response, of these
    /// channels (94,171 or all; of .npy their positions from 0) instead of from a first solution.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    pub(crate) loci: Vec<String>,
    /// Quantity to solve for: the emission measure by temperature (differential) or that of bins
    /// (integrated, `emd_int` of DEMREG). The output is that of bins either way.
    #[arg(long, default_value = "differential")]
    pub(crate) solve_for: SolveFor,
    /// χ² a channel to aim for.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) chi2_target: f64,
    /// Factor of the χ² target from one iteration to the next [default: 1.5]
    #[arg(long)]
    pub(crate) growth: Option<f64>,
    /// Repeat the inversion this many times with the noise of the errors added, and write mean and
    /// scatter of the results (draws_mean, draws_deviation, draws_used) besides the stated errors.
    #[arg(long, value_name = "DRAWS")]
    pub(crate) monte_carlo: Option<u32>,
    /// Seed of the noise of --monte-carlo: the same seed gives the same noise.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// A count that stands for "no measurement", in addition to NaN and BLANK.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) pad_value: Option<f64>,
    /// Iterations towards a solution without negative bins.
    #[arg(long, default_value_t = 10)]
    pub(crate) max_iterations: usize,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB. Images are read, inverted and
    /// written by as many rows as fit.
    #[arg(long, default_value = "512MiB", value_parser = parse_mebibytes)]
    pub(crate) memory: u64,
    /// Threads of the CPU; all if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Several times: files are grouped by time, each is inverted into its own folder, and frames
    /// of a film with one colour scale are drawn. The same command continues a stopped series:
    /// finished times are kept if their files are unchanged.
    #[arg(long, requires = "files", conflicts_with = "any_time", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) series: bool,
    /// Overwrite results of other inputs or parameters.
    #[arg(long)]
    pub(crate) force: bool,
    /// Invert one share of the blocks of rows: 2/5 is the second of five. When all are done,
    /// --merge merges the results
    #[arg(long, conflicts_with_all = ["plan", "merge"])]
    pub(crate) shard: Option<String>,
    /// As --shard, but counted from 0, as in Kubernetes and some job arrays: 1/5 is the second of
    /// five
    #[arg(long, conflicts_with_all = ["shard", "plan", "merge"])]
    pub(crate) shard_index: Option<String>,
    /// Divide the blocks into this many runs of neighbours (64), and take one run after the other
    /// until all are done: any number of workers may do so at once, and come and go. Then --merge
    #[arg(long, value_name = "RUNS", conflicts_with_all = ["shard", "shard_index", "plan", "merge"])]
    pub(crate) claim: Option<usize>,
    /// Seconds after which an unfinished run of blocks of another worker is taken over. Results do
    /// not depend on it
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) lease: u64,
    /// Name of this worker, given by a supervisor that restarts lost workers: unfinished claims of
    /// a worker of the same name are taken over at once, and those of others are not waited for
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true,
        requires = "claim"
    )]
    pub(crate) worker: String,
    /// Merge the results of all shards
    #[arg(long, conflicts_with = "plan")]
    pub(crate) merge: bool,
    /// Compute once for all shards the findings that need the whole images, and the blocks of rows
    /// (.run/manifest.json in the folder of results). Nothing is inverted
    #[arg(long)]
    pub(crate) plan: bool,
    /// Rows of a block, for the process that begins the run; others take the value from the
    /// manifest. Results do not depend on it [default: the rows with 32 MiB of results, at most a
    /// 64th of the image]
    #[arg(long, value_name = "ROWS")]
    pub(crate) block_rows: Option<usize>,
    /// All given files; `files` are those of one time of a series.
    #[arg(skip)]
    pub(crate) given_files: Vec<PathBuf>,
    /// Whether this is one time of a series: its results can be kept by the next run.
    #[arg(skip)]
    pub(crate) is_of_series: bool,
    #[command(flatten)]
    pub(crate) devices: DeviceArgs,
    #[command(flatten)]
    pub(crate) profile_args: ProfileArgs,
    /// Pixels a side of the synthetic region.
    #[arg(long, default_value_t = 256)]
    pub(crate) size: usize,
}

/// A number of MiB.
fn parse_mebibytes(text: &str) -> Result<u64, ProgramError> {
    parse_bytes("--memory", text).map(|bytes| bytes >> 20)
}

impl EmissionOptions {
    /// Parses and checks options in the words of the command line, without the name of a program:
    /// `["aia_171.fits", "aia_193.fits", "--bins", "42"]`.
    ///
    /// ```
    /// use isopach_sun::EmissionOptions;
    ///
    /// assert!(EmissionOptions::from_words(["--size", "64", "--out", "result"]).is_ok());
    /// let refused = EmissionOptions::from_words(["--bins", "0"]).unwrap_err();
    /// assert!(refused.to_string().contains("--bins is 0"), "{refused}");
    /// ```
    ///
    /// # Errors
    /// [`Stop`] if the words are invalid, or ask for help.
    pub fn from_words(words: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Stop> {
        let name = <Self as Profiled>::PROGRAM;
        let words: Vec<OsString> = std::iter::once(name.into())
            .chain(words.into_iter().map(Into::into))
            .collect();
        Self::parse(name, &words)
    }

    /// Parses the command line of the program `name`. `--log-t 5.7 7.1` is read as `--log-t
    /// 5.7,7.1`.
    pub(crate) fn parse(name: &str, given: &[OsString]) -> Result<Self, Stop> {
        let mut words = given.to_vec();
        let is_number = |word: Option<&OsString>| {
            word.and_then(|word| word.to_str())
                .is_some_and(|word| word.parse::<f64>().is_ok())
        };
        if let Some(at) = words.iter().position(|word| word == "--log-t")
            && is_number(words.get(at + 1))
            && is_number(words.get(at + 2))
        {
            let high = words.remove(at + 2);
            words[at + 1].push(",");
            words[at + 1].push(high);
        }
        let mut options: Self = parse_arguments(name, &words)?;
        options.profile_args.command = CommandLine::new(name, given);
        options.given_files.clone_from(&options.files);
        Ok(options)
    }

    /// The format of the outputs: by default that of the input.
    pub(crate) fn format_of_outputs(&self) -> Format {
        self.format.unwrap_or(if self.counts.is_some() {
            Format::Npy
        } else {
            Format::Fits
        })
    }

    /// Refuses invalid numbers, before anything is read.
    pub(crate) fn check_values(&self) -> Result<(), ProgramError> {
        self.check_bins()?;
        self.check_systematic()?;
        if !SIZES.contains(&self.size) {
            let must = format!("be from {} to {}", SIZES.start(), SIZES.end());
            return Err(ProgramError::invalid_option("--size", self.size, must));
        }
        self.check_inversion()?;
        self.check_blocks()?;
        if self.max_iterations == 0 {
            let option = "--max-iterations";
            return Err(ProgramError::invalid_option(option, 0, "be at least 1"));
        }
        self.check_files()?;
        let mut levels = self.saturation_level.iter();
        if let Some(level) = levels.find(|level| level.is_nan() || **level <= 0.0) {
            let option = "--saturation-level";
            return Err(ProgramError::invalid_option(option, level, "be above zero"));
        }
        self.check_machine()?;
        if self.compress != Compress::None && self.format_of_outputs() == Format::Npy {
            return Err(ProgramError::Misplaced {
                option: "--compress".into(),
                purpose: "FITS cubes",
                remedy: "leave it out, or choose --format fits",
            });
        }
        Ok(())
    }

    /// Refuses invalid bins.
    fn check_bins(&self) -> Result<(), ProgramError> {
        let Self { bins, log_t, .. } = self;
        if !(1..=MOST_BINS).contains(bins) {
            let must = format!("be from 1 to {MOST_BINS}");
            return Err(ProgramError::invalid_option("--bins", bins, must));
        }
        if !matches!(log_t[..], [low, high] if low < high && low.is_finite() && high.is_finite()) {
            let given: Vec<String> = log_t.iter().map(f64::to_string).collect();
            let must = "be two numbers, the lower first";
            return Err(ProgramError::invalid_option(
                "--log-t",
                given.join(","),
                must,
            ));
        }
        Ok(())
    }

    /// Refuses systematic errors that are not shares, or that have no counts to apply to.
    fn check_systematic(&self) -> Result<(), ProgramError> {
        let systematic = &self.systematic;
        let is_share = |share: &Share| share.value.is_finite() && share.value >= 0.0;
        if let Some(share) = systematic.iter().find(|share| !is_share(share)) {
            let must = "be a finite share, zero or above";
            return Err(ProgramError::invalid_option(
                "--systematic",
                share.value,
                must,
            ));
        }
        let unnamed = systematic.iter().filter(|share| share.name.is_none());
        if unnamed.count() > 1 {
            return Err(ProgramError::TwoForAll {
                option: "--systematic",
            });
        }
        if !systematic.is_empty() && self.counts.is_some() {
            return Err(ProgramError::Misplaced {
                option: "--systematic".into(),
                purpose: "files",
                remedy: "add it to the errors of --sigma",
            });
        }
        if !systematic.is_empty() && self.files.is_empty() {
            return Err(ProgramError::Misplaced {
                option: "--systematic".into(),
                purpose: "files, but none was given",
                remedy: "the synthetic region has its own errors",
            });
        }
        Ok(())
    }

    /// Refuses lists whose length does not match the number of files.
    fn check_files(&self) -> Result<(), ProgramError> {
        let mut exposures = self.exposure.iter();
        if let Some(exposure) =
            exposures.find(|exposure| !(exposure.is_finite() && **exposure > 0.0))
        {
            let option = "--exposure";
            return Err(ProgramError::invalid_option(
                option,
                exposure,
                "be above zero",
            ));
        }
        for (option, numbers) in [
            ("--channel", self.channel.len()),
            ("--exposure", self.exposure.len()),
        ] {
            let is_one_for_all = option == "--exposure" && numbers == 1;
            if numbers > 0 && numbers != self.files.len() && !is_one_for_all {
                return Err(ProgramError::OnePerFile {
                    option: option.into(),
                    values: numbers,
                    files: self.files.len(),
                });
            }
        }
        Ok(())
    }

    /// Refuses memory and threads that no machine has.
    fn check_machine(&self) -> Result<(), ProgramError> {
        let memory = self.memory;
        if !(1..=MOST_MEMORY).contains(&memory) {
            let must = format!("be from 1 to {MOST_MEMORY} MiB");
            return Err(ProgramError::invalid_option("--memory", memory, must));
        }
        match self.threads {
            Some(threads) if !(1..=MOST_THREADS).contains(&threads) => {
                let must = format!("be from 1 to {MOST_THREADS}");
                Err(ProgramError::invalid_option("--threads", threads, must))
            }
            _ => Ok(()),
        }
    }

    /// Refuses options of shares for input that is not shared.
    fn check_blocks(&self) -> Result<(), ProgramError> {
        if self.block_rows == Some(0) {
            let option = "--block-rows";
            return Err(ProgramError::invalid_option(option, 0, "be at least 1"));
        }
        let given = [
            ("--plan", self.plan),
            ("--shard", self.shard.is_some()),
            ("--shard-index", self.shard_index.is_some()),
            ("--claim", self.claim.is_some()),
            ("--merge", self.merge),
        ];
        match given.iter().find(|(_, is_given)| *is_given && self.series) {
            Some((option, _)) => Err(ProgramError::Misplaced {
                option: (*option).into(),
                purpose: "images of one time",
                remedy: "give the files of each time of the series to a command of its own, with an --out of its own",
            }),
            None => Ok(()),
        }
    }

    /// Refuses invalid parameters of the inversion.
    fn check_inversion(&self) -> Result<(), ProgramError> {
        let Self {
            chi2_target,
            growth,
            monte_carlo,
            ..
        } = self;
        for (option, number) in [("--chi2-target", Some(*chi2_target)), ("--growth", *growth)] {
            if let Some(number) = number.filter(|number| !(number.is_finite() && *number > 0.0)) {
                return Err(ProgramError::invalid_option(
                    option,
                    number,
                    "be above zero",
                ));
            }
        }
        if let Some(draws) = monte_carlo.filter(|draws| !(2..=MOST_DRAWS).contains(draws)) {
            let must = format!("be from 2 to {MOST_DRAWS}");
            return Err(ProgramError::invalid_option("--monte-carlo", draws, must));
        }
        Ok(())
    }
}

/// Kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One file of cubes.
    Fits,
    /// One file for each array.
    Npy,
}

/// Precision of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    /// `f32`.
    Single,
    /// `f64`.
    Double,
}

/// Treatment of saturated pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnSaturation {
    /// The pixel has no result.
    Reject,
    /// Invert the other channels.
    Drop,
    /// Trust the counts.
    Keep,
}
