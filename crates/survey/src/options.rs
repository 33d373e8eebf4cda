//! Options of the command line.

use crate::{alignment::icp::IcpArgs, rasters::Kind};
use clap::{ArgAction, Parser, ValueEnum};
use isopach::cloud::Columns;
use isopach_program::{
    device_args::DeviceArgs,
    profile::{ProfileArgs, Profiled, Stop, parse_arguments},
};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Compares two LiDAR epochs: location, size and significance of the change.
///
/// Reads two epochs of the same place, removes the remaining misalignment (ICP), and compares them
/// in three ways: a DEM of difference (DoD: heights a cell, with volumes), M3C2 (distance along the
/// surface normal, with a level of detection), and C2C (distance of each later point to the nearest
/// earlier one). Writes GeoTIFFs, LAZ files, summary.json and index.html, a page to look at.
///
/// Without files it makes a small synthetic scene, and compares the results with its truth.
#[derive(Clone, Debug, Parser)]
#[command(name = "terrain_change", after_help = EXAMPLES)]
pub struct ChangeOptions {
    /// Earlier epoch: a LAS or LAZ file, a folder of them, or several separated by commas (a name
    /// with commas is taken whole). With the feature remote also s3://, gs://, az:// and https://
    #[arg(requires = "after")]
    pub(crate) before: Option<String>,
    /// Later epoch, likewise
    pub(crate) after: Option<String>,
    /// Folder for the results (created if it is missing)
    #[arg(long, default_value = "terrain_change_out")]
    pub(crate) out: PathBuf,
    /// ASPRS classes to compare, separated by commas (2 is ground); all points if not given. A
    /// synthetic scene uses 2
    #[arg(long, value_delimiter = ',')]
    pub(crate) classes: Vec<u8>,
    /// Side of a DoD cell, metres; from the density of the sparser epoch if not given (1, 2, 5 ·
    /// 10ⁿ)
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) cell: Option<f64>,
    /// Distance between M3C2 core points, metres; from the cylinder if not given
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) core_spacing: Option<f64>,
    /// Core points, the places that M3C2 measures at: "grid" (one point a square), "cubes" (one a
    /// cube: walls and cliffs), "all", "every:10" (one in ten), or a LAS or LAZ file, which is held
    /// beside --memory (in the system of the epochs if it states none); "cubes" on steep ground, else
    /// "grid", if not given
    #[arg(long)]
    pub(crate) core_points: Option<String>,
    /// Radii to find the surface normal with, metres: the one with the most planar ground is used;
    /// from the roughness if not given
    #[arg(
        long,
        value_delimiter = ',',
        allow_negative_numbers = true,
        conflicts_with = "normal"
    )]
    pub(crate) normal_radii: Vec<f64>,
    /// Columns (extra bytes) of the file of --core-points that hold the normal of each core point:
    /// NormalX,NormalY,NormalZ
    #[arg(long, value_delimiter = ',', num_args = 1, conflicts_with_all = ["normal_radii", "towards", "scanner", "normal"])]
    pub(crate) normal_columns: Vec<String>,
    /// Side that normals point to, x,y,z in the coordinates of the files: a positive M3C2 distance
    /// is towards it; up if not given
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true, conflicts_with_all = ["scanner", "normal"])]
    pub(crate) towards: Vec<f64>,
    /// Position of the scanner, x,y,z in the coordinates of the files: normals point towards it
    #[arg(
        long,
        value_delimiter = ',',
        num_args = 1,
        allow_hyphen_values = true,
        conflicts_with = "normal"
    )]
    pub(crate) scanner: Vec<f64>,
    /// One normal for all core points, x,y,z in the coordinates of the files, instead of those
    /// estimated from the points
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) normal: Vec<f64>,
    /// Radius (not diameter) of the M3C2 cylinder, metres; from the density of the sparser epoch if
    /// not given
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) cylinder_radius: Option<f64>,
    /// Statistic of the points of an epoch in a cylinder; the median if one epoch has vegetation,
    /// else the mean, if not given
    #[arg(long, value_enum)]
    pub(crate) statistic: Option<Statistic>,
    /// Reach of M3C2 and C2C to either side, metres: larger than the largest change you expect
    #[arg(long, default_value_t = 5.0, allow_negative_numbers = true)]
    pub(crate) depth: f64,
    /// Method that removes a misalignment of the later epoch
    #[arg(long, value_enum, default_value_t = Align::Icp)]
    pub(crate) align: Align,
    /// Registration error for the levels of detection, metres; that of the alignment if not given
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) registration_error: Option<f64>,
    /// Polygons (GeoJSON) of stable ground: only points in them are aligned, and errors are
    /// estimated on them
    #[arg(long)]
    pub(crate) stable: Option<PathBuf>,
    /// ASPRS classes for the alignment, instead of the compared ones: 6 for buildings
    #[arg(long, value_delimiter = ',')]
    pub(crate) stable_classes: Vec<u8>,
    /// Polygons (GeoJSON) whose volumes are listed separately
    #[arg(long)]
    pub(crate) areas: Option<PathBuf>,
    /// Method of the level of detection
    #[arg(long, value_enum, default_value_t = Lod::Student)]
    pub(crate) lod: Lod,
    /// Standard deviations of a scanner's points for --lod scanner: of a range (metres) and of a
    /// direction (radians): 0.005,0.0001
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) scanner_errors: Vec<f64>,
    /// Position of the scanner of the earlier epoch for --lod scanner, x,y,z in the coordinates of
    /// its files; that of --scanner if not given
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) earlier_scanner: Vec<f64>,
    /// Position of the scanner of the later epoch for --lod scanner, x,y,z in the coordinates of
    /// its files, with which it is aligned; the place of the earlier one if not given
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) later_scanner: Vec<f64>,
    /// Lower limit of the level of detection, metres
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min_lod: f64,
    /// Points that each epoch must have in a cell or cylinder for a level of detection
    #[arg(long, default_value_t = 2)]
    pub(crate) min_count: u32,
    /// Also count the core points that are significant at this rate of false discoveries
    /// (Benjamini-Hochberg)
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) fdr: Option<f64>,
    /// Whether errors that neighbouring cells share (variogram over stable ground) enter the levels
    /// of detection; volumes always have them
    #[arg(long, value_enum, default_value_t = Correlated::Report)]
    pub(crate) correlated: Correlated,
    /// Largest side of a tile, metres; tiles are smaller if the memory requires it. Results do not
    /// depend on it
    #[arg(long, default_value_t = 500.0, allow_negative_numbers = true)]
    pub(crate) tile_size: f64,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB. Below 1GiB, the outputs (up to
    /// 128MiB) come on top, and the sample that is read first (up to 160MiB) does not shrink
    #[arg(long, default_value = "4GiB", allow_hyphen_values = true)]
    pub(crate) memory: String,
    /// Folder for points that memory cannot hold, while they wait for their tile; within the
    /// results if not given
    #[arg(long)]
    pub(crate) spill_dir: Option<PathBuf>,
    /// Disk space that these points may take: 20GiB
    #[arg(long)]
    pub(crate) disk_limit: Option<String>,
    /// Action when a tile fails
    #[arg(long, value_enum, default_value_t = Failing::Stop)]
    pub(crate) on_failure: Failing,
    /// Restart: discard an interrupted run in this folder that could be continued. Finished results
    /// of other inputs or parameters stay: see --force
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Overwrite results of other inputs or parameters
    #[arg(long)]
    pub(crate) force: bool,
    /// Run one share of the tiles: 2/5 is the second of five. When all are done, --merge merges the
    /// results
    #[arg(long)]
    pub(crate) shard: Option<String>,
    /// As --shard, but counted from 0, as in Kubernetes and some job arrays: 1/5 is the second of
    /// five
    #[arg(long, conflicts_with = "shard")]
    pub(crate) shard_index: Option<String>,
    /// Divide the tiles into this many runs of neighbours (64), and take one run after the other
    /// until all are done: any number of workers may do so at once, and come and go. Then --merge
    #[arg(long, conflicts_with_all = ["shard", "shard_index", "merge", "only_tile"])]
    pub(crate) claim: Option<usize>,
    /// Seconds after which an unfinished run of tiles of another worker is taken over. Results do
    /// not depend on it
    #[arg(long, default_value_t = 600)]
    pub(crate) lease: u64,
    /// Name of this worker, given by a supervisor that restarts lost workers: unfinished claims of
    /// a worker of the same name are taken over at once, and those of others are not waited for
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        requires = "claim"
    )]
    pub(crate) worker: String,
    /// Merge the results of all shards
    #[arg(long)]
    pub(crate) merge: bool,
    /// Run one tile alone, by its number: to reproduce its failure
    #[arg(long)]
    pub(crate) only_tile: Option<usize>,
    /// Compute once for all shards the findings from the data (alignment, parameters, an index of
    /// each file that has none), and list the tiles: plan.json, and plan.svg to look at. No tile is
    /// run
    #[arg(long)]
    pub(crate) plan: bool,
    /// Threads; all of the CPU if not given. Results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Chunks and tiles in flight at once: a number, or "measured" to find it while running; one
    /// more than threads if not given
    #[arg(long)]
    pub(crate) in_flight: Option<String>,
    #[command(flatten)]
    pub(crate) devices: DeviceArgs,
    #[command(flatten)]
    pub(crate) profile_args: ProfileArgs,
    #[command(flatten)]
    pub(crate) icp: IcpArgs,
    /// Columns of m3c2.laz
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "distance,lod,significant,counts"
    )]
    pub(crate) columns: Vec<Column>,
    /// More rasters of the cells of the DoD, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) rasters: Vec<Kind>,
    /// Columns of the later points that c2c.laz keeps; the files of both epochs must have them
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) attributes: Vec<Attribute>,
    /// Compare even if the files state different coordinate systems or vertical datums; each is
    /// converted to metres by its own units
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) ignore_crs: bool,
    /// Coordinate system of all files, overriding their own: EPSG:32617, EPSG:2260+6360 (with a
    /// vertical system), local (metres), local:ft or local:us-ft
    #[arg(long)]
    pub(crate) crs: Option<String>,
    /// Also compare points that are flagged as withheld
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) keep_withheld: bool,
    /// Also compare points of the classes of noise, 7 and 18
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, value_name = "true|false")]
    pub(crate) keep_noise: bool,
    /// Points an epoch of the synthetic scene that is made if no files are given
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) scene_points: usize,
    /// Instead of the run: time decoding, routing, kernels and writing separately, with all data in
    /// memory; prints the times as JSON
    #[arg(long)]
    pub(crate) parts: bool,
}

const EXAMPLES: &str = "\
Examples:
  terrain_change                                       a synthetic scene, compared with its truth
  terrain_change 2015.laz 2023.laz --classes 2         your valley, ground points only
  terrain_change old/ new/ --align coarse+icp          two folders of tiles, metres apart
  terrain_change a.laz b.laz --align none --registration-error 0.05
  terrain_change a.laz b.laz --stable roads.geojson --areas slides.geojson
  terrain_change cliff_a.laz cliff_b.laz --scanner 512034,5401210,12   a rock face: positive is towards the scanner
  terrain_change old/ new/ --memory 2GiB               a survey of any size; if it is killed, the same command continues
  terrain_change old/ new/ --profile airborne          parameters for a kind of survey, or from a file: see docs/profiles.md
  terrain_change old/ new/ --plan; … --shard 1/24; … --merge   on many machines: see docs/fleet.md

Ends with 0: done; 2: never try again (wrong arguments, a refused input, results of other parameters or another version);
3: tiles failed; 75: try again (files cannot be read or written, a device was lost, another process is at work, SIGTERM).";

/// Action when a tile fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Failing {
    /// The run ends; finished tiles are kept, and the same command continues the run
    Stop,
    /// The other tiles are run; failed tiles have no data, and the exit code is 3
    Finish,
}

/// Method of the level of detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lod {
    /// Student's t, the epochs' variances pooled after scaling by their ratio over the survey: 95 %
    /// at any number of points
    Student,
    /// 1.96 standard errors, each epoch with its own spread: as py4dgeo and CloudCompare do; too
    /// small with few points
    Normal,
    /// M3C2 by errors of single points (M3C2-EP), for scans from one position each (--scanner,
    /// --scanner-errors); the DoD as student
    Scanner,
}

/// Treatment of errors that neighbours share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Correlated {
    /// Their share is reported; levels of detection exclude them
    Report,
    /// Levels of detection contain them
    Include,
}

/// Statistic of the points of an epoch in a cylinder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Statistic {
    /// Mean and standard deviation
    Mean,
    /// Median and inter-quartile range
    Median,
}

/// Method that removes a misalignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Align {
    /// Compare the epochs as they are
    None,
    /// Robust ICP, for epochs that are off by up to about two metres. It also removes change that
    /// is uniform over the whole survey
    Icp,
    /// Phase correlation first: for epochs that are off by many metres
    #[value(name = "coarse+icp")]
    CoarseIcp,
}

/// A column of the later files that `c2c.laz` can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attribute {
    /// Intensity
    Intensity,
    /// Return number and number of returns
    Returns,
    /// Class
    Class,
    /// GPS time
    Time,
    /// Red, green, blue
    Color,
    /// Point source id
    Source,
}

impl ChangeOptions {
    /// Parses and checks options in the words of the command line, without the name of a program:
    /// `["before.laz", "after.laz", "--cell", "1"]`.
    ///
    /// ```
    /// use isopach_survey::ChangeOptions;
    ///
    /// let options = ChangeOptions::from_words(["a.laz", "b.laz", "--cell", "0.5", "--out", "result"])?;
    /// assert_eq!(options.out().to_str(), Some("result"));
    /// let refused = ChangeOptions::from_words(["a.laz", "b.laz", "--cell", "-1"]).unwrap_err();
    /// assert!(refused.to_string().contains("cell"), "{refused}");
    /// # Ok::<(), isopach_survey::Stop>(())
    /// ```
    ///
    /// # Errors
    /// [`Stop`] if the words are invalid, or ask for help.
    pub fn from_words(words: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Stop> {
        let name = <Self as Profiled>::PROGRAM;
        let words: Vec<OsString> = std::iter::once(name.into())
            .chain(words.into_iter().map(Into::into))
            .collect();
        parse_arguments(name, &words)
    }

    /// Output folder.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The columns of the later points that are kept.
    pub(crate) fn kept_columns(&self) -> Columns {
        self.attributes
            .iter()
            .map(column_of)
            .fold(Columns::XYZ, Columns::with)
    }
}

/// The column of an attribute.
fn column_of(attribute: &Attribute) -> Columns {
    match attribute {
        Attribute::Intensity => Columns::INTENSITY,
        Attribute::Returns => Columns::RETURNS,
        Attribute::Class => Columns::CLASSIFICATION,
        Attribute::Time => Columns::GPS_TIME,
        Attribute::Color => Columns::RGB,
        Attribute::Source => Columns::POINT_SOURCE,
    }
}

/// A column of `m3c2.laz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Column {
    /// Distance along the normal, metres
    Distance,
    /// Level of detection (95 %), metres
    #[value(name = "lod")]
    LevelOfDetection,
    /// 1 if the distance is larger than the level of detection
    Significant,
    /// Points of each epoch in the cylinder
    Counts,
    /// Spread of each epoch along the normal, metres
    Spreads,
    /// The normal
    Normal,
    /// Radius that the normal was found with, metres
    NormalRadius,
    /// Reason that there is no distance (0: there is one)
    Status,
}
