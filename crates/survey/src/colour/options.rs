//! Options of the command line.

use super::{ColourOptionError, times::seconds_taken_off};
use clap::{Args, Parser, ValueEnum};
use isopach::{
    colour::Precedence,
    compute::Result,
    las::Catalogue,
    raster::{
        ImageDate, Sampling,
        gather::{Gathering, Masked},
    },
};
use isopach_program::{device_args::DeviceArgs, memory::parse_bytes};
use std::path::{Path, PathBuf};

/// Colours the points of a survey of any size from orthophotos, with near infrared and a vegetation
/// index.
///
/// Writes one LAZ file with the points and their attributes, of point format 7, or 8 if every image
/// has near infrared. Beside it are a summary (OUT.json) and a page (OUT.html) with pictures of the
/// coloured cloud. A point outside all images, or where they have no value, keeps the colour of its
/// file, or is black if it has none; the summary counts them by reason.
#[derive(Clone, Debug, Parser)]
#[command(name = "isopach colour", after_help = EXAMPLES)]
pub struct ColourOptions {
    /// A LAS or LAZ file, a folder of them, or several separated by commas. With the feature remote
    /// also s3://, gs://, az:// and https://
    pub(crate) input: String,
    /// LAZ file to write
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) images: ImageArgs,
    #[command(flatten)]
    pub(crate) look_up: LookUpArgs,
    /// Leave returns beyond the first uncoloured: they lie below what an image shows
    #[arg(long)]
    pub(crate) first_returns: bool,
    /// Also write the vegetation index (column ndvi, f32): (infrared − red) / (infrared + red)
    #[arg(long)]
    pub(crate) ndvi: bool,
    /// ASPRS classes to read, separated by commas; all points if not given
    #[arg(long, value_delimiter = ',')]
    pub(crate) classes: Vec<u8>,
    /// Attributes of the points to keep: "all" that every file has, extra bytes included, "none", or
    /// some of intensity, returns, class, time, color, source, angle, flags, user, nir, extra (all
    /// extra bytes), and names of extra bytes
    #[arg(long, default_value = "all")]
    pub(crate) columns: String,
    /// Largest side of a tile, metres; tiles are smaller if the memory requires it. Results do not
    /// depend on it
    #[arg(long, default_value_t = 500.0, allow_negative_numbers = true)]
    pub(crate) tile_size: f64,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB
    #[arg(long, default_value = "4GiB", allow_hyphen_values = true)]
    pub(crate) memory: String,
    /// Part of the memory for blocks of images; a quarter of it if not given
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) cache: Option<String>,
    /// Folder for points that memory cannot hold, while they wait for their tile; within OUT.run if
    /// not given
    #[arg(long)]
    pub(crate) spill_dir: Option<PathBuf>,
    /// Begin anew: forget the tiles that an ended run of this output kept in OUT.run
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Write over an output that was made of other inputs or parameters, and over any other file of
    /// its name
    #[arg(long)]
    pub(crate) force: bool,
    /// Threads; all of the CPU if not given. Results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) devices: DeviceArgs,
}

/// Options of the images.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImageArgs {
    /// GeoTIFFs in the coordinate system of the points: files, or folders of them, separated by
    /// commas. Where they overlap, the first that has a value wins; files of a folder are in the
    /// order of their names. With the feature remote also s3://, gs://, az:// and https://, of which
    /// the blocks that points need are fetched
    #[arg(long)]
    pub(crate) images: String,
    /// Numbers of the bands of red, green, blue and near infrared, from 1: 1,2,3 or 1,2,3,4; one
    /// for grey. If not given, the file says which they are
    #[arg(long, value_delimiter = ',')]
    pub(crate) bands: Vec<usize>,
    /// Date of the survey, or "point" for the GPS time of each point: where images overlap, the
    /// nearest in time wins that has a value
    #[arg(long)]
    date: Option<String>,
    /// Dates of the images, in their order, separated by commas; those that the files state if not
    /// given
    #[arg(long, value_delimiter = ',', requires = "date")]
    pub(super) image_dates: Vec<String>,
}

/// Options of looking a colour up.
#[derive(Args, Clone, Debug)]
pub(crate) struct LookUpArgs {
    /// Interpolation between pixels
    #[arg(long, value_enum, default_value_t = SamplingArg::Bilinear)]
    sampling: SamplingArg,
    /// Beside pixels without a value: leave them out as gdalwarp does, or give no colour
    #[arg(long, value_enum, default_value_t = MaskedArg::Renormalised)]
    masked: MaskedArg,
    /// Level of the images: the number of an overview (0 is the image itself), or auto, the
    /// coarsest whose pixels are not larger than the mean distance of points
    #[arg(long, default_value = "auto")]
    level: String,
    /// Samples that become black and white; 0 and the largest of the type if not given
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    range: Vec<f64>,
}

/// Interpolation between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SamplingArg {
    /// The nearest pixel
    Nearest,
    /// The four around, linearly
    Bilinear,
    /// The sixteen around; overshoots at edges
    Bicubic,
}

/// The rule beside pixels without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MaskedArg {
    /// Leave them out, unless the point is on one
    Renormalised,
    /// No colour
    Strict,
}

/// The level of the images, as it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelArg {
    /// By the density of the points.
    Auto,
    /// This one.
    Number(usize),
}

/// The date that stands for the GPS time of each point.
const OF_POINT: &str = "point";

const EXAMPLES: &str = "\
Examples:
  isopach colour tile.laz out.laz --images ortho.tif
  isopach colour survey/ out.laz --images orthophotos/ --ndvi
  isopach colour survey/ out.laz --images a.tif,b.tif --first-returns --level 0
  isopach colour tile.laz out.laz --images s3://bucket/ortho.tif        blocks of a COG in a store
  isopach colour a.laz out.laz --images cir.tif --bands 2,3,4,1         bands of other names
  isopach colour a.laz out.laz --images 2019/,2021/ --date 2021-06-15   the image nearest in time
  isopach colour a.laz out.laz --images 2019/,2021/ --date point        the nearest to each point's own

A run that was ended goes on with the same command: OUT.run keeps finished tiles until all are done.

Ends with 0: done; 2: never try again (wrong arguments, a refused input); 3: a tile failed for a reason that stays the same;
75: try again (files cannot be read or written, another process is at work, SIGTERM).";

impl ColourOptions {
    /// Output file.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Bytes for everything, and of them for blocks of images.
    pub(crate) fn memory_bytes(&self) -> Result<[u64; 2]> {
        let memory = parse_bytes("--memory", &self.memory)?;
        let cache = match &self.cache {
            Some(text) => parse_bytes("--cache", text)?,
            None => memory / 4,
        };
        if cache > memory / 2 {
            return Err(ColourOptionError::CacheTakesMemory { cache, memory }.into());
        }
        Ok([memory, cache])
    }
}

impl ImageArgs {
    /// Which image wins where they overlap.
    pub(crate) fn precedence(&self, points: &Catalogue) -> Result<Precedence> {
        match self.date.as_deref() {
            None => Ok(Precedence::First),
            Some(OF_POINT) => Ok(Precedence::PointTime {
                taken_off: seconds_taken_off(points)?,
            }),
            Some(text) => Ok(Precedence::NearestDate(parse_date("--date", text)?)),
        }
    }

    /// Dates of the images, if they are given.
    pub(crate) fn given_dates(&self, images: usize) -> Result<Option<Vec<ImageDate>>> {
        if self.image_dates.is_empty() {
            return Ok(None);
        }
        let dates = self.image_dates.len();
        if dates != images {
            return Err(ColourOptionError::OtherNumberOfDates { dates, images }.into());
        }
        let dates = self.image_dates.iter();
        let parsed = dates.map(|text| parse_date("--image-dates", text));
        parsed.collect::<Result<_>>().map(Some)
    }
}

fn parse_date(option: &'static str, text: &str) -> Result<ImageDate> {
    let parsed = text.parse();
    Ok(parsed.map_err(|error| ColourOptionError::NoDate { option, error })?)
}

impl LookUpArgs {
    /// Interpolation and the rule beside pixels without a value.
    pub(crate) fn gathering(&self) -> Gathering {
        Gathering {
            sampling: match self.sampling {
                SamplingArg::Nearest => Sampling::Nearest,
                SamplingArg::Bilinear => Sampling::Bilinear,
                SamplingArg::Bicubic => Sampling::Bicubic,
            },
            masked: match self.masked {
                MaskedArg::Renormalised => Masked::Renormalised,
                MaskedArg::Strict => Masked::Strict,
            },
            ..Gathering::default()
        }
    }

    pub(crate) fn level(&self) -> Result<LevelArg> {
        if self.level == "auto" {
            return Ok(LevelArg::Auto);
        }
        let number = self.level.parse().map(LevelArg::Number);
        let unknown = |_| ColourOptionError::UnknownLevel {
            given: self.level.clone(),
        };
        Ok(number.map_err(unknown)?)
    }

    /// The samples of black and white, if they are given.
    pub(crate) fn range(&self) -> Result<Option<[f64; 2]>> {
        match self.range[..] {
            [] => Ok(None),
            [low, high] => Ok(Some([low, high])),
            _ => {
                let given = self.range.len();
                Err(ColourOptionError::RangeOfOtherLength { given }.into())
            }
        }
    }
}
