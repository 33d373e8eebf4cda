//! Options of the command line.

use super::{FeatureOptionError, outliers::OutlierArgs};
use crate::units::{self, TwoUnits};
use clap::{Args, Parser, ValueEnum};
use isopach::{
    compute::Result,
    features::{
        Convention, Features, GroundFilter, GroundSource, GroundSurface, HeightAboveGround,
        Neighbourhood, NormalSide, Wanted,
    },
    las::Catalogue,
};
use isopach_program::{device_args::DeviceArgs, memory::parse_bytes};
use std::path::{Path, PathBuf};

/// Computes features of the points of a survey of any size: linearity, planarity, normals,
/// roughness, curvature and more, from the neighbourhood of each point.
///
/// Writes one LAZ file with the points, their attributes, and a column (extra bytes, f32) a
/// feature. Beside it are a summary (OUT.json) and a page (OUT.html) with maps, sections, histograms
/// and quantiles of the columns. A value that a point does not have is NaN; the summary counts them
/// by reason.
#[derive(Clone, Debug, Parser)]
#[command(name = "isopach features", after_help = EXAMPLES)]
pub struct FeatureOptions {
    /// A LAS or LAZ file, a folder of them, or several separated by commas. With the feature remote
    /// also s3://, gs://, az:// and https://
    pub(crate) input: String,
    /// LAZ file to write
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) neighbourhood: NeighbourhoodArgs,
    /// Features, or sets of them (minimal, lod2, geometry, lod3, full), separated by commas
    #[arg(long, default_value = "geometry")]
    pub(crate) features: String,
    /// Whose formulas and names: isopach, jakteristics, cloudcompare, pgeof, pdal
    #[arg(long, default_value = "isopach")]
    pub(crate) convention: String,
    #[command(flatten)]
    pub(crate) height: HeightArgs,
    #[command(flatten)]
    pub(crate) outliers: OutlierArgs,
    /// Place that normals point towards, x,y,z in the coordinates and units of the files: the
    /// scanner's; up if not given
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub(crate) towards: Vec<f64>,
    /// Path of the scanner that normals point towards, at the GPS time of each point: a text file of
    /// rows t,x,y,z in the times, coordinates and units of the files. Points whose time is outside
    /// have no normals, and are counted
    #[arg(long, conflicts_with = "towards")]
    pub(crate) trajectory: Option<PathBuf>,
    /// ASPRS classes to read, separated by commas; all points if not given
    #[arg(long, value_delimiter = ',')]
    pub(crate) classes: Vec<u8>,
    /// Also read points that are flagged as withheld
    #[arg(long)]
    pub(crate) keep_withheld: bool,
    /// Also read points of the classes of noise, 7 and 18
    #[arg(long)]
    pub(crate) keep_noise: bool,
    /// Attributes of the points to keep: "all" that every file has, extra bytes included, "none", or
    /// some of intensity, returns, class, time, color, source, angle, flags, user, nir, extra (all
    /// extra bytes), and names of extra bytes
    #[arg(long, default_value = "all")]
    pub(crate) columns: String,
    /// Also write a map of each column, OUT.maps/NAME.tif: a GeoTIFF with cells of this side, metres, on
    /// absolute multiples of it; the mean of the points of a cell, NaN where there is none
    #[arg(long, value_name = "METRES", allow_negative_numbers = true)]
    pub(crate) maps: Option<f64>,
    /// Largest side of a tile, metres; tiles are smaller if the memory requires it. Results do not
    /// depend on it
    #[arg(long, default_value_t = 500.0, allow_negative_numbers = true)]
    pub(crate) tile_size: f64,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB
    #[arg(long, default_value = "4GiB", allow_hyphen_values = true)]
    pub(crate) memory: String,
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

/// Options of the neighbourhood.
#[derive(Args, Clone, Debug)]
pub(crate) struct NeighbourhoodArgs {
    /// Radius of the neighbourhood, metres; several give one set of columns each
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    radius: Vec<f64>,
    /// Number of nearest points, the point itself included, instead of a radius; with --radius: at
    /// most so many within it
    #[arg(long, value_delimiter = ',')]
    nearest: Vec<usize>,
    /// Largest distance of the nearest points, metres: points with fewer within it have no
    /// features, and are counted
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    max_distance: f64,
    /// Take for each point the one of several radii (or numbers) whose eigenentropy is least
    #[arg(long)]
    optimal: bool,
}

/// Options of the height above ground points.
#[derive(Args, Clone, Debug)]
pub(crate) struct GroundArgs {
    /// Also write the height above ground (column height_above_ground), from this surface of the
    /// ground points
    #[arg(long, value_enum)]
    height: Option<Surface>,
    /// ASPRS classes of ground points
    #[arg(long, value_delimiter = ',', default_value = "2", requires = "height")]
    pub(crate) ground_classes: Vec<u8>,
    /// Find the ground points by a filter instead of their classes, and write them as class 2;
    /// points of class 2 that are no ground become class 1
    #[arg(long, requires = "height", conflicts_with = "ground_classes")]
    pub(crate) find_ground: bool,
    /// Horizontal distance that the ground at a place may depend on, metres: points farther from
    /// ground points have no height, and are counted
    #[arg(
        long,
        default_value_t = 50.0,
        allow_negative_numbers = true,
        requires = "height"
    )]
    ground_distance: f64,
}

/// Options of the height above ground.
#[derive(Args, Clone, Debug)]
pub(crate) struct HeightArgs {
    #[command(flatten)]
    pub(crate) ground: GroundArgs,
    /// Filter that finds the ground points
    #[arg(long, value_enum, default_value_t = Filter::Smrf, requires = "find_ground")]
    pub(crate) ground_filter: Filter,
    /// Write the height above this terrain model instead: a GeoTIFF of ground heights in the
    /// coordinate system of the points. Outside it, and beside no data, heights are NaN and counted
    #[arg(long, conflicts_with = "height")]
    pub(crate) terrain: Option<PathBuf>,
}

/// A filter of ground points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Filter {
    /// The simple morphological filter: needs 80 m around each tile
    Smrf,
    /// Cloth simulation: one more pass over the survey, and one cloth in memory
    Cloth,
}

/// A surface between ground points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Surface {
    /// Their Delaunay triangulation
    Tin,
    /// The mean of the eight nearest, weighted by 1/distance²
    Idw,
    /// The nearest
    Nearest,
}

impl GroundArgs {
    /// Name of the column.
    pub(crate) const COLUMN: &str = "height_above_ground";

    /// The ground points: of their classes, or found by the morphological filter.
    pub(crate) fn source(&self) -> GroundSource {
        if self.find_ground {
            GroundSource::Filter(GroundFilter::default())
        } else {
            GroundSource::Classes(self.ground_classes.clone())
        }
    }

    pub(crate) fn above(&self) -> Option<HeightAboveGround> {
        let surface = match self.height? {
            Surface::Tin => GroundSurface::Triangulated,
            Surface::Idw => GroundSurface::InverseDistance { k: 8, power: 2.0 },
            Surface::Nearest => GroundSurface::Nearest,
        };
        Some(HeightAboveGround {
            surface,
            max_distance: self.ground_distance,
        })
    }
}

impl HeightArgs {
    /// Whether heights are written.
    pub(crate) fn is_wanted(&self) -> bool {
        self.ground.height.is_some() || self.terrain.is_some()
    }

    /// The filter that finds the ground points, if they are not taken by class.
    pub(crate) fn filter(&self) -> Option<Filter> {
        self.ground.find_ground.then_some(self.ground_filter)
    }
}

const EXAMPLES: &str = "\
Examples:
  isopach features tile.laz out.laz --radius 1                  eleven shape features and the normal
  isopach features survey/ out.laz --radius 0.5,1,2             at three scales: linearity_r0.5, linearity_r1, ...
  isopach features survey/ out.laz --nearest 20 --features lod2
  isopach features a.laz out.laz --radius 0.3,0.6,1.2 --optimal the best radius for each point
  isopach features a.laz out.laz --radius 1 --height tin        also the height above class 2
  isopach features a.laz out.laz --radius 1 --height tin --find-ground   a survey without classes
  isopach features a.laz out.laz --radius 1 --height tin --find-ground --ground-filter cloth
  isopach features a.laz out.laz --radius 1 --trajectory path.csv     normals towards the scanner
  isopach features a.laz out.laz --radius 1 --terrain dtm.tif
  isopach features a.laz out.laz --radius 1 --outliers statistical --without-outliers
  isopach features a.laz out.laz --radius 2 --convention jakteristics
  isopach features survey/ out.laz --radius 1 --features lod2 --maps 0.5    also GeoTIFFs, out.laz.maps/

A run that was ended goes on with the same command: OUT.run keeps finished tiles until all are done.

Ends with 0: done; 2: never try again (wrong arguments, a refused input); 3: a tile failed for a reason that stays the same;
75: try again (files cannot be read or written, another process is at work, SIGTERM).";

impl FeatureOptions {
    /// Output file.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The features that the options ask for.
    pub(crate) fn parsed_features(&self) -> Result<Features> {
        let wanted: Wanted = self.features.parse().map_err(FeatureOptionError::from)?;
        let convention = Convention::named(&self.convention).ok_or_else(|| {
            FeatureOptionError::UnknownConvention {
                given: self.convention.clone(),
            }
        })?;
        Ok(Features {
            neighbourhood: self.neighbourhood.parsed()?,
            wanted,
            convention,
            normals: match self.trajectory {
                Some(_) => NormalSide::TowardsPath,
                None => normal_side(&self.towards)?,
            },
        })
    }

    /// Refuses classes that leave out all ground points.
    pub(crate) fn check_ground(&self) -> Result<()> {
        let ground = &self.height.ground.ground_classes;
        let has_ground = ground.iter().any(|class| self.classes.contains(class));
        let is_by_class = self.height.ground.above().is_some() && !self.height.ground.find_ground;
        if !is_by_class || self.classes.is_empty() || has_ground {
            return Ok(());
        }
        Err(FeatureOptionError::GroundLeftOut {
            classes: self.classes.clone(),
            ground: ground.clone(),
        }
        .into())
    }

    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        Ok(parse_bytes("--memory", &self.memory)?)
    }
}

/// The side with a place in metres: it is given in the coordinates of the files, which may be feet.
pub(crate) fn side_in_metres(side: NormalSide, catalogue: &Catalogue) -> Result<NormalSide> {
    let NormalSide::Towards(place) = side else {
        return Ok(side);
    };
    let factors = metres_per_unit("--towards", catalogue)?;
    let in_metres = |axis: usize| place[axis] * factors[axis];
    Ok(NormalSide::Towards(std::array::from_fn(in_metres)))
}

/// Metres a unit of each axis of the files: their points are read in metres, and so is a place that
/// an option gives in their coordinates.
pub(crate) fn metres_per_unit(option: &'static str, catalogue: &Catalogue) -> Result<[f64; 3]> {
    units::metres_per_unit(catalogue).map_err(|TwoUnits { first, other }| {
        FeatureOptionError::PlaceInOtherUnits {
            option,
            first,
            other,
        }
        .into()
    })
}

/// The side that normals point to: towards a place, or up if it has no coordinates.
pub(crate) fn normal_side(towards: &[f64]) -> Result<NormalSide> {
    match *towards {
        [] => Ok(NormalSide::Up),
        [x, y, z] => Ok(NormalSide::Towards([x, y, z])),
        _ => {
            let given = towards.len();
            Err(FeatureOptionError::PlaceOfOtherLength { given }.into())
        }
    }
}

impl NeighbourhoodArgs {
    /// An option of the neighbourhood that is given.
    pub(crate) fn given_option(&self) -> Option<&'static str> {
        if !self.radius.is_empty() {
            Some("--radius")
        } else if !self.nearest.is_empty() {
            Some("--nearest")
        } else {
            self.optimal.then_some("--optimal")
        }
    }

    pub(crate) fn parsed(&self) -> Result<Neighbourhood> {
        let max_distance = self.max_distance;
        match (&self.radius[..], &self.nearest[..], self.optimal) {
            ([], [], _) => Err(FeatureOptionError::NoNeighbourhood.into()),
            (radii, [], true) => Ok(Neighbourhood::OptimalRadius(radii.to_vec())),
            ([radius], [], false) => Ok(Neighbourhood::Radius(*radius)),
            (radii, [], false) => Ok(Neighbourhood::Radii(radii.to_vec())),
            ([], ks, true) => Ok(Neighbourhood::OptimalNearest {
                ks: ks.to_vec(),
                max_distance,
            }),
            ([], [k], false) => Ok(Neighbourhood::Nearest {
                k: *k,
                max_distance,
            }),
            ([radius], [k], false) => Ok(Neighbourhood::NearestWithin {
                k: *k,
                radius: *radius,
            }),
            ([], ks, false) => Err(FeatureOptionError::SeveralNearest { given: ks.len() }.into()),
            (_, _, _) => Err(FeatureOptionError::MixedNeighbourhood.into()),
        }
    }
}
