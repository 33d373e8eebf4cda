//! Bounding box of a file's points: the header's box, its faults, and the box measured from the
//! points when the header cannot be trusted.

use crate::{Las, NOISE, error::LasProblem, filters::WITHHELD, point_source::expect_all};
use isopach_cloud::{Columns, REACH};
use isopach_compute as compute;
use isopach_tiling::PointSource;
use rayon::prelude::*;
use std::{fmt, sync::PoisonError};

/// Lowest and highest coordinates.
pub(crate) type Bounds = [[f64; 3]; 2];

/// Heights of one survey do not span more than this, metres or feet: the Earth's land spans 9.3 km.
const MOST_HEIGHTS: f64 = 8000.0;
/// Heights that span less lie within reach of their middle.
const MOST_HELD: f64 = 2.0 * REACH;
/// Surveys have more points than this a square metre or foot, unless a few lie far away.
const FEWEST_POINTS: f64 = 0.01;
/// Sides below this hold points of any density, metres or feet.
const SMALL_SIDE: f64 = 1000.0;
/// Points of a chunk that tell the middle height of a file.
const SAMPLED: usize = 1000;

/// The box of no point.
const NOTHING: Bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];

/// A fault of the box stated in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum BoxFault {
    /// A coordinate is infinite or NaN.
    NotFinite,
    /// A minimum is above its maximum.
    Swapped,
    /// The box is a single place (usually zeros) for several points.
    Empty,
}

impl fmt::Display for BoxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "the header's box is not finite",
            Self::Swapped => "the header's box has lowest coordinates above the highest",
            Self::Empty => "the header's box is a single place, and there are several points",
        })
    }
}

impl Las {
    /// Fault of the box stated in the header, if it has one. In that case [`PointSource::extent`]
    /// and [`PointSource::height_range`] are measured from the points, which are decoded once for
    /// it; [`Las::rewrite`] writes a file with a correct box.
    #[must_use]
    pub fn box_fault(&self) -> Option<BoxFault> {
        let header = self.header();
        if header.point_count == 0 {
            return None;
        }
        let corners = || header.min.iter().zip(&header.max);
        match () {
            () if corners().any(|(min, max)| !(min.is_finite() && max.is_finite())) => {
                Some(BoxFault::NotFinite)
            }
            () if corners().any(|(min, max)| min > max) => Some(BoxFault::Swapped),
            () if header.point_count > 1 && corners().all(|(min, max)| min == max) => {
                Some(BoxFault::Empty)
            }
            () => None,
        }
    }

    /// Box of the points that are read: the header's box if it can be trusted, otherwise measured
    /// once for these filters.
    pub(crate) fn point_bounds(&self) -> Bounds {
        let header = self.header();
        let stated = [header.min, header.max].map(|corner| self.in_frame(corner));
        if self.box_fault().is_none() && !self.has_points_far_off(&stated) {
            return stated;
        }
        // Not held while points are decoded: other threads may ask meanwhile, and would measure the
        // same.
        let known = *self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = known.unwrap_or_else(|| {
            let found = self.measured_bounds();
            *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            found
        });
        match measured {
            Some(measured) => measured,
            None if self.box_fault().is_none() => stated,
            None => self.reachable_bounds(),
        }
    }

    fn in_frame(&self, corner: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| self.frame.from_metres(corner[axis], axis))
    }

    /// Whether the box must be measured: the stated heights exceed the reach of a run, or the
    /// filters may remove the points that make the box large.
    fn has_points_far_off(&self, stated: &Bounds) -> bool {
        let size: [f64; 3] = std::array::from_fn(|axis| stated[1][axis] - stated[0][axis]);
        let density = self.header().point_count as f64 / (size[0] * size[1]);
        let is_wide = size[0].max(size[1]) > SMALL_SIDE && density < FEWEST_POINTS;
        size[2] >= MOST_HELD || self.filters.are_any() && (size[2] > MOST_HEIGHTS || is_wide)
    }

    /// Box of the points that pass the filters. `None` if no point passes or a chunk cannot be
    /// decoded (reading the chunk reports the error).
    fn measured_bounds(&self) -> Option<Bounds> {
        expect_all(self);
        let chunks = (0..self.chunk_count()).into_par_iter();
        let bounds = chunks
            .map(|chunk| self.chunk_bounds(chunk))
            .try_reduce(|| NOTHING, |a, b| Ok(union_of(&a, &b)))
            .ok()?;
        bounds[0][0].is_finite().then_some(bounds)
    }

    fn chunk_bounds(&self, chunk: usize) -> compute::Result<Bounds> {
        let points = self.read_chunk(chunk, Columns::XYZ)?;
        Ok(points
            .xyz
            .iter()
            .fold(NOTHING, |bounds, point| union_of(&bounds, &[*point; 2])))
    }

    /// Box of all coordinates that stored integers can express.
    fn reachable_bounds(&self) -> Bounds {
        let ends = [i32::MIN, i32::MAX]
            .map(|end| -> [f64; 3] { std::array::from_fn(|axis| self.frame.to_metres(end, axis)) });
        union_of(&[ends[0]; 2], &[ends[1]; 2])
    }

    /// Refuses files whose heights exceed the reach of a run, naming the point farthest from the
    /// middle height.
    ///
    /// # Errors
    /// [`LasProblem::Outlier`]; of the file.
    pub fn check_heights(&self) -> compute::Result<()> {
        let [low, high] = self.point_bounds().map(|corner| corner[2]);
        if high - low < MOST_HELD {
            return Ok(());
        }
        match self.find_outlier()? {
            Some(problem) => Err(problem.at_path(&self.path).into()),
            None => Ok(()),
        }
    }

    /// The point farthest from the middle height, if it is out of reach; `None` otherwise and for
    /// no points.
    fn find_outlier(&self) -> compute::Result<Option<LasProblem>> {
        let columns = Columns::CLASSIFICATION.with(Columns::FLAGS);
        let mut sampled = Vec::new();
        expect_all(self);
        for chunk in 0..self.chunk_count() {
            let points = self.read_chunk(chunk, Columns::XYZ)?;
            let step = points.len().div_ceil(SAMPLED).max(1);
            sampled.extend(points.xyz.iter().step_by(step).map(|point| point[2]));
        }
        let middle = sampled.len() / 2;
        sampled.sort_unstable_by(f64::total_cmp);
        let middle = sampled.get(middle).copied().unwrap_or_default();
        let mut farthest = Farthest {
            index: 0,
            xyz: [0.0, 0.0, middle],
            class: 0,
            flags: 0,
        };
        let mut before = 0;
        expect_all(self);
        for chunk in 0..self.chunk_count() {
            let points = self.read_chunk(chunk, columns)?;
            let classes = &points.attributes.classification;
            let flags = &points.attributes.flags;
            for (i, xyz) in points.xyz.iter().enumerate() {
                if (xyz[2] - middle).abs() > (farthest.xyz[2] - middle).abs() {
                    let class = classes.as_ref().map_or(0, |classes| classes[i]);
                    let flags = flags.as_ref().map_or(0, |flags| flags[i]);
                    farthest = Farthest {
                        index: before + i as u64,
                        xyz: *xyz,
                        class,
                        flags,
                    };
                }
            }
            before += points.len() as u64;
        }
        let is_out_of_reach = (farthest.xyz[2] - middle).abs() >= REACH;
        Ok(is_out_of_reach.then(|| farthest.outlier_problem(middle)))
    }
}

struct Farthest {
    index: u64,
    xyz: [f64; 3],
    class: u8,
    flags: u8,
}

impl Farthest {
    fn outlier_problem(&self, middle: f64) -> LasProblem {
        let [x, y, z] = self.xyz;
        let kept = match (self.flags & WITHHELD != 0, NOISE.contains(&self.class)) {
            (true, _) => ", withheld",
            (false, true) => ", noise",
            (false, false) => "",
        };
        LasProblem::Outlier {
            point: format!(
                "point {} at ({x:.2}, {y:.2}, {z:.2}), class {}{kept},",
                self.index, self.class
            ),
            distance: (z - middle).abs(),
            middle,
        }
    }
}

fn union_of(a: &Bounds, b: &Bounds) -> Bounds {
    [
        std::array::from_fn(|axis| a[0][axis].min(b[0][axis])),
        std::array::from_fn(|axis| a[1][axis].max(b[1][axis])),
    ]
}

/// Checks all files like [`Las::check_heights`].
pub(crate) fn check_heights(files: &[Las]) -> compute::Result<()> {
    files
        .iter()
        .filter(|file| file.header().point_count > 0)
        .try_for_each(Las::check_heights)
}
