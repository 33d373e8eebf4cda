//! Options of the command line.

use super::{PatchOptionError, statistics_file};
use crate::features::{
    FeatureOptionError, GroundArgs, NeighbourhoodArgs, kept_columns, normal_side,
};
use clap::{Args, Parser, ValueEnum};
use isopach::{
    cloud::Columns,
    compute::Result,
    features::{Convention, Features, Wanted},
    patches::{Augmentation, ColourBits, Normalisation, Patches, Sample, ZeroHeight},
};
use isopach_program::{device_args::DeviceArgs, memory::parse_bytes};
use std::path::{Path, PathBuf};

/// Cuts a survey of any size into square patches for machine learning: a number of points of each,
/// with their attributes and features.
///
/// Writes a folder: safetensors shards or one folder of .npy files a patch, and manifest.json, which
/// describes columns, statistics and patches. examples/python/read_patches.py reads both.
#[derive(Clone, Debug, Parser)]
#[command(name = "isopach patches", after_help = EXAMPLES)]
pub struct PatchOptions {
    /// A LAS or LAZ file, a folder of them, or several separated by commas. With the feature remote
    /// also s3://, gs://, az:// and https://
    pub(crate) input: String,
    /// Folder to write; it must not exist, or be empty
    pub(crate) out: PathBuf,
    /// Side of a patch, metres
    #[arg(long, default_value_t = 150.0, allow_negative_numbers = true)]
    side: f64,
    /// Overlap of neighbouring patches, metres: half of it on each side
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    overlap: f64,
    #[command(flatten)]
    sample: SampleArgs,
    /// Fewest points of a patch: those with fewer are left out, and counted
    #[arg(long, default_value_t = 1024)]
    at_least: u64,
    /// Height that heights are counted from: lowest (point of the patch), ground (median height of
    /// its points of class 2), or a height in metres
    #[arg(long, default_value = "lowest", allow_hyphen_values = true)]
    zero_height: String,
    /// Attributes of the points to keep as columns: "all" that every file has and that can be one,
    /// "none", or some of intensity, returns, class, color, source, angle, user, nir
    #[arg(long, default_value = "all")]
    columns: String,
    #[command(flatten)]
    features: FeatureArgs,
    #[command(flatten)]
    pub(crate) height: GroundArgs,
    /// Make columns without direction to mean 0 and standard deviation 1; the manifest has the
    /// statistics
    #[arg(long)]
    normalise: bool,
    /// Normalise by the statistics of another run, such as those of a training set: its
    /// manifest.json
    #[arg(long, conflicts_with = "normalise")]
    statistics: Option<PathBuf>,
    #[command(flatten)]
    copies: CopyArgs,
    /// Files to write
    #[arg(long, value_enum, default_value_t = Format::Safetensors)]
    pub(crate) format: Format,
    /// Store features in two bytes a number (half precision, with a factor a column) and normals in
    /// two whole numbers of 16 bits; the manifest has factors and largest errors. Coordinates,
    /// attributes and heights keep four bytes
    #[arg(long)]
    pub(crate) halves: bool,
    /// Largest size of a shard; a patch that is larger has one for itself
    #[arg(long, default_value = "256MiB", allow_hyphen_values = true)]
    shard_size: String,
    /// ASPRS classes to read, separated by commas; all points if not given
    #[arg(long, value_delimiter = ',')]
    pub(crate) classes: Vec<u8>,
    /// Also read points that are flagged as withheld
    #[arg(long)]
    pub(crate) keep_withheld: bool,
    /// Also read points of the classes of noise, 7 and 18
    #[arg(long)]
    pub(crate) keep_noise: bool,
    /// Largest side of a tile, metres; tiles are smaller if the memory requires it. Results do not
    /// depend on it
    #[arg(long, default_value_t = 500.0, allow_negative_numbers = true)]
    pub(crate) tile_size: f64,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB
    #[arg(long, default_value = "4GiB", allow_hyphen_values = true)]
    memory: String,
    /// Folder for points that memory cannot hold, while they wait for their tile; within OUT.run if
    /// not given
    #[arg(long)]
    pub(crate) spill_dir: Option<PathBuf>,
    /// Begin anew: forget the tiles that an ended run of this output kept in OUT.run
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Threads; all of the CPU if not given. Results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) devices: DeviceArgs,
}

/// Files of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Shards of many patches, to be mapped
    Safetensors,
    /// One folder of .npy files a patch, as Pointcept reads them
    Npy,
}

/// Options of the sample.
#[derive(Args, Clone, Debug)]
struct SampleArgs {
    /// Points of a patch that are taken
    #[arg(long, value_enum, default_value_t = SampleKind::Random)]
    sample: SampleKind,
    /// Number of points of a patch; 16384 if not given
    #[arg(long)]
    points: Option<usize>,
    /// Side of a cube of the samples stratified and voxel, metres
    #[arg(long, allow_negative_numbers = true)]
    voxel: Option<f64>,
    /// Seed of all random choices
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// A kind of sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SampleKind {
    /// All points
    All,
    /// At random
    Random,
    /// One of each cube in turn, until there are enough
    Stratified,
    /// One of each cube
    Voxel,
    /// Each the farthest from those before it
    Farthest,
}

/// Options of the features.
#[derive(Args, Clone, Debug)]
struct FeatureArgs {
    /// Features to add as columns, computed on the survey before it is cut: features, or sets of
    /// them (minimal, lod2, geometry, lod3, full), separated by commas
    #[arg(long)]
    features: Option<String>,
    #[command(flatten)]
    neighbourhood: NeighbourhoodArgs,
    /// Whose formulas and names: isopach, jakteristics, cloudcompare, pgeof, pdal
    #[arg(long, default_value = "isopach")]
    convention: String,
    /// Place that normals point towards, x,y,z in the coordinates and units of the files: the
    /// scanner's; up if not given
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    towards: Vec<f64>,
}

/// Options of the copies.
#[derive(Args, Clone, Debug)]
struct CopyArgs {
    /// Changed copies of each patch to write beside it; columns change with them
    #[arg(long, default_value_t = 0)]
    copies: u32,
    /// Turn each copy about the vertical by a random angle
    #[arg(long, requires = "copies")]
    rotate: bool,
    /// Mirror copies at random
    #[arg(long, requires = "copies")]
    flip: bool,
    /// Least and largest scale of a copy
    #[arg(long, value_delimiter = ',', num_args = 1, requires = "copies")]
    scale: Vec<f64>,
    /// Standard deviation of the noise added to the coordinates of copies, metres
    #[arg(
        long,
        default_value_t = 0.0,
        requires = "copies",
        allow_negative_numbers = true
    )]
    jitter: f64,
    /// Chance of a row of a copy to be dropped
    #[arg(
        long,
        default_value_t = 0.0,
        requires = "copies",
        allow_negative_numbers = true
    )]
    dropout: f64,
}

const EXAMPLES: &str = "\
Examples:
  isopach patches survey/ train                                 150 m, 16384 points at random, all attributes
  isopach patches survey/ train --side 50 --overlap 10 --sample farthest --points 8192
  isopach patches survey/ train --features geometry --radius 1 --height tin --normalise
  isopach patches other/ test --features geometry --radius 1 --height tin --statistics train/manifest.json
  isopach patches survey/ train --copies 3 --rotate --flip --scale 0.9,1.1
  isopach patches survey/ train --format npy --sample voxel --voxel 0.25
  isopach patches survey/ train --features lod3 --radius 1 --halves

A run that was ended goes on with the same command: OUT.run keeps finished tiles until the folder is complete.

Ends with 0: done; 2: never try again (wrong arguments, a refused input); 3: a tile failed for a reason that stays the same;
75: try again (files cannot be read or written, another process is at work, SIGTERM).";

/// Points of a sample, if not given.
const POINTS: usize = 16_384;

impl PatchOptions {
    /// Output folder.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The parameters of the patches, and the bits of colours of the given statistics.
    pub(crate) fn parsed_patches(&self) -> Result<(Patches, Option<ColourBits>)> {
        let mut colours = None;
        let normalisation = match &self.statistics {
            Some(file) => {
                let (statistics, bits) = statistics_file::read_statistics(file)?;
                colours = bits;
                Normalisation::Given(statistics)
            }
            None if self.normalise => Normalisation::Own,
            None => Normalisation::None,
        };
        let patches = Patches {
            side: self.side,
            overlap: self.overlap,
            sample: self.sample.parsed()?,
            seed: self.sample.seed,
            at_least: self.at_least,
            zero_height: self.parsed_zero_height()?,
            normalisation,
            augmentation: self.copies.parsed()?,
        };
        Ok((patches, colours))
    }

    fn parsed_zero_height(&self) -> Result<ZeroHeight> {
        match self.zero_height.as_str() {
            "lowest" => Ok(ZeroHeight::Lowest),
            "ground" if !self.classes.is_empty() && !self.classes.contains(&GROUND) => {
                let classes = self.classes.clone();
                Err(PatchOptionError::GroundLeftOut { classes }.into())
            }
            "ground" => Ok(ZeroHeight::Ground(vec![GROUND])),
            given => match given.parse() {
                Ok(height) => Ok(ZeroHeight::Fixed(height)),
                Err(_) => {
                    let given = given.into();
                    Err(PatchOptionError::UnknownZeroHeight { given }.into())
                }
            },
        }
    }

    /// The features that the options ask for.
    pub(crate) fn parsed_features(&self) -> Result<Option<Features>> {
        let args = &self.features;
        let Some(names) = &args.features else {
            if let Some(option) = args.neighbourhood.given_option() {
                return Err(PatchOptionError::WithoutFeatures { option }.into());
            }
            return Ok(None);
        };
        let wanted: Wanted = names.parse().map_err(FeatureOptionError::from)?;
        let convention = Convention::named(&args.convention).ok_or_else(|| {
            let given = args.convention.clone();
            FeatureOptionError::UnknownConvention { given }
        })?;
        Ok(Some(Features {
            neighbourhood: args.neighbourhood.parsed()?,
            wanted,
            convention,
            normals: normal_side(&args.towards)?,
        }))
    }

    /// The attributes to keep, of those that all files have and that can be columns.
    pub(crate) fn kept_columns(&self, of_files: Columns) -> Result<Columns> {
        let possible = of_files.without(Columns::GPS_TIME | Columns::FLAGS);
        kept_columns(&self.columns, possible)
    }

    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        Ok(parse_bytes("--memory", &self.memory)?)
    }

    /// Bytes of a shard, which must fit the memory.
    pub(crate) fn shard_bytes(&self) -> Result<u64> {
        let shard = parse_bytes("--shard-size", &self.shard_size)?;
        let most = self.memory_bytes()? / 8;
        if self.format == Format::Safetensors && shard > most {
            return Err(PatchOptionError::ShardTooLarge { shard, most }.into());
        }
        Ok(shard)
    }
}

/// ASPRS class of ground.
const GROUND: u8 = 2;

impl SampleArgs {
    fn parsed(&self) -> Result<Sample> {
        let n = self.points.unwrap_or(POINTS);
        let unused = |sample, option| PatchOptionError::UnusedBySample { sample, option };
        match (self.sample, self.voxel) {
            (SampleKind::All, _) if self.points.is_some() => Err(unused("all", "--points").into()),
            (SampleKind::Voxel, _) if self.points.is_some() => {
                Err(unused("voxel", "--points").into())
            }
            (SampleKind::All, None) => Ok(Sample::All),
            (SampleKind::Random, None) => Ok(Sample::Random(n)),
            (SampleKind::Farthest, None) => Ok(Sample::Farthest(n)),
            (SampleKind::Stratified, Some(voxel)) => Ok(Sample::VoxelStratified { n, voxel }),
            (SampleKind::Voxel, Some(voxel)) => Ok(Sample::OnePerVoxel(voxel)),
            (SampleKind::All, Some(_)) => Err(unused("all", "--voxel").into()),
            (SampleKind::Random, Some(_)) => Err(unused("random", "--voxel").into()),
            (SampleKind::Farthest, Some(_)) => Err(unused("farthest", "--voxel").into()),
            (SampleKind::Stratified, None) => {
                let sample = "stratified";
                Err(PatchOptionError::NoVoxel { sample }.into())
            }
            (SampleKind::Voxel, None) => Err(PatchOptionError::NoVoxel { sample: "voxel" }.into()),
        }
    }
}

impl CopyArgs {
    fn parsed(&self) -> Result<Option<Augmentation>> {
        let Self {
            copies,
            rotate,
            flip,
            ref scale,
            jitter,
            dropout,
        } = *self;
        let scale = match scale[..] {
            [] => [1.0, 1.0],
            [least, largest] => [least, largest],
            _ => {
                let given = scale.len();
                return Err(PatchOptionError::ScaleOfOtherLength { given }.into());
            }
        };
        let augmentation = Augmentation {
            copies,
            flip,
            rotation: rotate,
            scale,
            jitter,
            dropout,
        };
        let unchanged = Augmentation {
            copies,
            flip: false,
            rotation: false,
            scale: [1.0, 1.0],
            jitter: 0.0,
            dropout: 0.0,
        };
        match augmentation == unchanged {
            true if copies > 0 => Err(PatchOptionError::EqualCopies { copies }.into()),
            true => Ok(None),
            // Zero copies of a change are refused by the operation.
            false => Ok(Some(augmentation)),
        }
    }
}
