//! Ground points, found by the simple morphological filter or by cloth simulation.

mod class;
mod cloth;
#[cfg(feature = "tiling")]
mod cloth_tile;
mod fill;
mod grid;
mod known;
mod lowest;
mod morphology;
mod pits;
mod relax;
#[cfg(feature = "tiling")]
mod tile;

pub use class::class_after_filter;
pub use cloth::{ClothFilter, ClothTerrain};
#[cfg(feature = "tiling")]
pub use cloth_tile::{LowestSink, LowestTiles};
pub use lowest::LowestCells;

#[cfg(feature = "tiling")]
pub use tile::{GroundTile, GroundTiles};

use grid::HeightGrid;
use isopach_cloud::{Positions, checked_cell_size};
use isopach_compute::{Error, Result};
use rayon::prelude::*;

/// Simple morphological filter (SMRF, Pingel et al. 2013): ground points of a survey without
/// classes.
///
/// 1. The lowest point of each cell, on the absolute grid. Cells more than `pit_depth` below all
///    others within five cells are low noise and become empty.
/// 2. Empty cells are filled from known cells within `window` (inverse squared distance).
/// 3. The surface is opened with discs of one cell, two cells, and so on up to `window`. A cell that
///    an opening lowers by more than `slope` times its radius, compared with the opening before, is
///    an object.
/// 4. The surface without objects is filled again: the provisional terrain.
/// 5. A point is ground if it is within `threshold` + `slope_scale` · (slope of the terrain) of the
///    terrain.
///
/// Three things differ from the paper. So that a place depends on its surroundings alone and tiles
/// give the bits of the whole survey, each opening is one of the first surface and not of the
/// opening before, and holes are filled from within `window`, not by a global system of springs.
/// And low noise is a cell below all others around, not a steep hole: ground seen between crowns is
/// one, too.
/// The result does not depend on the order of the points, on threads, or on which axis is called x.
///
/// ```
/// use isopach_features::{Cloud, GroundFilter};
/// // Level ground, and a flat roof of 8 m × 8 m, 5 m above it.
/// let points: Vec<[f64; 3]> = (0..2500)
///     .map(|i| [f64::from(i % 50) * 0.8, f64::from(i / 50) * 0.8, 0.0])
///     .map(|[x, y, _]| [x, y, if (x - 20.0).abs() < 4.0 && (y - 20.0).abs() < 4.0 { 5.0 } else { 0.0 }])
///     .collect();
/// let cloud = Cloud::from_points(&points)?;
/// let found = GroundFilter::default().run(cloud.positions())?;
/// assert!(points.iter().zip(&found.is_ground).all(|(point, is_ground)| *is_ground == (point[2] == 0.0)));
/// # Ok::<(), isopach_features::Error>(())
/// ```
///
/// Paper: Pingel, T. J., Clarke, K. C., McBride, W. A. (2013): An improved simple morphological
/// filter for the terrain classification of airborne LIDAR data. ISPRS J. 77, 21–30.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroundFilter {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// Rise over run of the steepest terrain, in the test for objects.
    pub slope: f64,
    /// Radius of the largest disc, metres: half the width of the widest object.
    pub window: f64,
    /// Largest distance of a ground point from level terrain, metres.
    pub threshold: f64,
    /// Added to it for each unit of slope of the terrain, metres.
    pub slope_scale: f64,
    /// Depth below all other cells within five from which a cell is low noise, metres.
    pub pit_depth: f64,
}

impl Default for GroundFilter {
    /// Cells of 1 m, slope 0.15, window 18 m as in the paper. The paper's threshold, 0.5 m + 1.25 m ·
    /// slope, takes low vegetation for ground. Here it is the height that cannot be told from the
    /// terrain: 0.2 m, the vertical accuracy (95 %) of surveys of quality level 2 on open ground (1.96
    /// · 0.1 m, USGS Lidar Base Specification), and half the diagonal of a cell · slope, by which the
    /// lowest point of a cell lies below its centre at most.
    fn default() -> Self {
        Self {
            cell_size: 1.0,
            slope: 0.15,
            window: 18.0,
            threshold: 0.2,
            slope_scale: 0.7,
            pit_depth: 1.0,
        }
    }
}

/// Which points are ground.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroundMask {
    /// One entry a point.
    pub is_ground: Vec<bool>,
    /// Points below or above which no terrain is known: they are not ground.
    pub unknown: u64,
}

/// Largest number of cells of the grid.
const MOST_CELLS: f64 = (1_u64 << 31) as f64;

impl GroundFilter {
    /// Finds the ground points. O(points + cells · window).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a length that is not above zero and finite, a window of more
    /// than 1,000 cells, and cells that are too small for the extent of the points.
    pub fn run(&self, points: Positions<'_>) -> Result<GroundMask> {
        self.answer(points, points)
    }

    /// Finds the ground points among some points of a survey.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn answer(
        &self,
        points: Positions<'_>,
        queries: Positions<'_>,
    ) -> Result<GroundMask> {
        self.check()?;
        let Some(extent) = points.extent() else {
            return Ok(GroundMask::default());
        };
        let sides = [0, 1].map(|axis| (extent.max[axis] - extent.min[axis]) / self.cell_size + 2.0);
        Error::check(
            "cell size",
            self.cell_size,
            sides[0] * sides[1] < MOST_CELLS,
            "be larger: the points span more than 2^31 cells",
        )?;
        let terrain = self.terrain(points);
        let threshold = self.threshold;
        Ok(decide_ground(
            &terrain,
            queries,
            threshold,
            self.slope_scale,
        ))
    }

    /// Metres around a point that decide whether it is ground.
    #[must_use]
    pub fn reach(&self) -> f64 {
        let window = self.window_cells() as f64;
        // The cells around a pit, two fillings, an opening (there and back), the slope, the cells
        // between which heights are taken, and the point's own.
        (pits::RADIUS as f64 + 2.0 * window + 2.0 * window + 1.0 + 1.0 + 1.0) * self.cell_size
    }

    fn window_cells(&self) -> usize {
        (self.window / self.cell_size).ceil() as usize
    }

    pub(crate) fn check(&self) -> Result<()> {
        checked_cell_size(self.cell_size)?;
        for (name, value) in [
            ("slope", self.slope),
            ("window", self.window),
            ("threshold", self.threshold),
            ("pit depth", self.pit_depth),
        ] {
            let is_length = value.is_finite() && value > 0.0;
            Error::check(name, value, is_length, "be above zero and finite")?;
        }
        let scale = self.slope_scale;
        let is_scale = scale.is_finite() && scale >= 0.0;
        Error::check(
            "slope scale",
            scale,
            is_scale,
            "be zero or above and finite",
        )?;
        let cells = self.window / self.cell_size;
        Error::check(
            "window",
            self.window,
            cells <= 1000.0,
            "be at most 1000 cells",
        )?;
        Ok(())
    }

    /// The provisional terrain: heights of cell centres.
    fn terrain(&self, points: Positions<'_>) -> HeightGrid {
        let window = self.window_cells();
        let mut lowest = HeightGrid::of_lowest(points, self.cell_size);
        pits::remove_pits(&mut lowest, self.pit_depth);
        let surface = fill::fill_holes(&lowest, window);
        let is_object = self.find_objects(&surface, window);
        for (height, is_object) in lowest.heights.iter_mut().zip(is_object) {
            if is_object {
                *height = f64::NAN;
            }
        }
        fill::fill_holes(&lowest, window)
    }

    /// The cells that an opening lowers by more than the steepest terrain would be.
    fn find_objects(&self, surface: &HeightGrid, window: usize) -> Vec<bool> {
        let mut is_object = vec![false; surface.heights.len()];
        let mut last = surface.heights.clone();
        for radius in 1..=window {
            let opened = morphology::open(surface, radius);
            let most = self.slope * radius as f64 * self.cell_size;
            is_object
                .par_iter_mut()
                .zip(last.par_iter().zip(&opened))
                .for_each(|(is_object, (before, after))| *is_object |= before - after > most);
            last = opened;
        }
        is_object
    }
}

/// Which points are within `threshold` + `slope_scale` · slope of a terrain.
fn decide_ground(
    terrain: &HeightGrid,
    points: Positions<'_>,
    threshold: f64,
    slope_scale: f64,
) -> GroundMask {
    let answers: Vec<Option<bool>> = (0..points.len())
        .into_par_iter()
        .map(|i| {
            let point = points.absolute(i);
            let [height, slope] = terrain.height_and_slope(point)?;
            Some((point[2] - height).abs() <= threshold + slope_scale * slope)
        })
        .collect();
    GroundMask {
        unknown: answers.iter().filter(|answer| answer.is_none()).count() as u64,
        is_ground: answers
            .into_iter()
            .map(|answer| answer == Some(true))
            .collect(),
    }
}
