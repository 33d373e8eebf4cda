//! Cloth simulation: ground points of a survey without classes.

use super::{
    GroundMask, decide_ground, fill::fill_holes, grid::HeightGrid, lowest::LowestCells, morphology,
    pits, relax::press_from_below,
};
use isopach_cloud::{Positions, checked_cell_size};
use isopach_compute::{Error, Result};

/// Cloth simulation (after Zhang et al. 2016): a cloth is pressed from below against the lowest
/// points, touches the ground, and spans the holes below houses and trees.
///
/// 1. The lowest point of each cell, on the absolute grid. Cells more than `pit_depth` below all
///    others within five cells are low noise and become empty.
/// 2. Empty cells are filled from known cells within `window` (inverse squared distance). Cells
///    farther from all points are no part of the cloth.
/// 3. A node of the cloth rests at the mean of its four neighbours plus a quarter of `bend` ·
///    `cell_size`², but not above the surface. Nodes move, cells of even and odd parity by turns,
///    until none moves by 0.06 mm.
/// 4. Cells with points within `threshold` of the cloth are ground. From them the ground grows to
///    neighbours with points whose height differs by at most `step`: over crests and edges that a
///    stiff cloth does not follow. It does not grow onto bridges: cells of a surface narrower than
///    `bridge_width` and more than `bridge_height` above its surroundings (a morphological opening).
/// 5. The other cells become empty and are filled again: the terrain.
/// 6. A point is ground if it is within `threshold` + `slope_scale` · (slope of the terrain) of the
///    terrain.
///
/// The paper simulates weights and springs in time, for a number of steps. Here the cloth is at rest,
/// so that the result does not depend on the order of the points, on threads, on which axis is
/// called x, or on where the survey begins. The cloth is one for the whole survey: in tiles, a first
/// pass finds the lowest points ([`LowestCells`]), and all tiles use the terrain of that cloth.
///
/// ```
/// use isopach_features::{Cloud, ClothFilter};
/// // Level ground, and a flat roof of 8 m × 8 m, 5 m above it.
/// let points: Vec<[f64; 3]> = (0..2500)
///     .map(|i| [f64::from(i % 50) * 0.8, f64::from(i / 50) * 0.8, 0.0])
///     .map(|[x, y, _]| [x, y, if (x - 20.0).abs() < 4.0 && (y - 20.0).abs() < 4.0 { 5.0 } else { 0.0 }])
///     .collect();
/// let cloud = Cloud::from_points(&points)?;
/// let found = ClothFilter::default().run(cloud.positions())?;
/// assert!(points.iter().zip(&found.is_ground).all(|(point, is_ground)| *is_ground == (point[2] == 0.0)));
/// # Ok::<(), isopach_features::Error>(())
/// ```
///
/// Paper: Zhang, W., Qi, J., Wan, P., Wang, H., Xie, D., Wang, X., Yan, G. (2016): An easy-to-use
/// airborne LiDAR data filtering method based on cloth simulation. Remote Sensing 8, 501.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClothFilter {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// Curvature to which the cloth bends at most, 1/m: below a hall of width w it rises by bend ·
    /// w²/16 to bend · w²/8.
    pub bend: f64,
    /// Largest difference of height between neighbouring cells of one ground, metres.
    pub step: f64,
    /// Width of the bridges that ground does not grow onto, metres.
    pub bridge_width: f64,
    /// Height above their surroundings from which they are bridges, metres.
    pub bridge_height: f64,
    /// Metres from which empty cells are filled.
    pub window: f64,
    /// Largest distance of a ground point from level terrain, metres.
    pub threshold: f64,
    /// Added to it for each unit of slope of the terrain, metres.
    pub slope_scale: f64,
    /// Depth below all other cells within five from which a cell is low noise, metres.
    pub pit_depth: f64,
}

impl Default for ClothFilter {
    /// Cells of 1 m. Below a square hall as wide as the widest object of
    /// [`GroundFilter`](super::GroundFilter), 36 m, the cloth rises by 4 m. Ground grows by steps of
    /// 0.3 m, as in the authors' program: smaller ones lose ground that is rough or steep. It does not
    /// grow onto bridges of two lanes that a person can walk below: ridges of terrain as narrow have
    /// slopes below 0.6. On a slope the lowest point of a cell lies up to
    /// half a cell · slope below its centre: so much is the slope scale. The rest is as in
    /// [`GroundFilter`](super::GroundFilter).
    fn default() -> Self {
        Self {
            cell_size: 1.0,
            bend: 0.05,
            step: 0.3,
            bridge_width: 10.0,
            bridge_height: 3.0,
            window: 18.0,
            threshold: 0.2,
            slope_scale: 0.5,
            pit_depth: 1.0,
        }
    }
}

/// Largest number of cells of a cloth.
const MOST_CELLS: f64 = (1_u64 << 31) as f64;

/// The terrain that a cloth found below a survey.
#[derive(Clone, Debug, PartialEq)]
pub struct ClothTerrain {
    filter: ClothFilter,
    terrain: HeightGrid,
    /// Sweeps over the cloth until it came to rest.
    pub sweeps: u32,
    /// Whether it came to rest within 20,000 sweeps.
    pub is_at_rest: bool,
}

impl ClothFilter {
    /// Bytes of all grids, a cell.
    pub(super) const BYTES_PER_CELL: u64 = 64;

    /// Finds the ground points. O(points + cells · (window² + width of the widest object)).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a length that is not above zero and finite, a window of more
    /// than 1,000 cells, and cells that are too small for the extent of the points.
    pub fn run(&self, points: Positions<'_>) -> Result<GroundMask> {
        self.check()?;
        if let Some(extent) = points.extent() {
            self.count_cells(extent)?;
        }
        let lowest = LowestCells::of_points(points, self.cell_size);
        Ok(self.find_terrain(lowest)?.label(points))
    }

    /// The terrain below the lowest points of a survey.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] as [`Self::run`], and for cells of another size.
    pub fn find_terrain(&self, lowest: LowestCells) -> Result<ClothTerrain> {
        self.check()?;
        let of_cells = lowest.cell_size;
        let is_same = of_cells == self.cell_size || lowest.ticks.is_empty();
        let must = "be that of the cells of the lowest points";
        Error::check("cell size", self.cell_size, is_same, must)?;
        let window = self.window_cells();
        let mut lowest = HeightGrid::from(lowest);
        pits::remove_pits(&mut lowest, self.pit_depth);
        let surface = fill_holes(&lowest, window);
        let lift = 0.25 * self.bend * self.cell_size * self.cell_size;
        let cloth = press_from_below(&surface, lift);
        let is_bridge = self.find_bridges(&surface);
        let is_ground = self.grow_from_contact(&lowest, &cloth.heights, &is_bridge);
        for (height, is_ground) in lowest.heights.iter_mut().zip(is_ground) {
            if !is_ground {
                *height = f64::NAN;
            }
        }
        Ok(ClothTerrain {
            filter: *self,
            terrain: fill_holes(&lowest, window),
            sweeps: cloth.sweeps,
            is_at_rest: cloth.is_at_rest(),
        })
    }

    /// Cells that an opening by a disc as wide as a bridge lowers by more than its height.
    fn find_bridges(&self, surface: &HeightGrid) -> Vec<bool> {
        let opened = morphology::open(surface, self.bridge_cells());
        let pairs = surface.heights.iter().zip(&opened);
        pairs
            .map(|(height, opened)| height - opened > self.bridge_height)
            .collect()
    }

    /// Cells with points that the cloth touches, and those connected with them by small steps, apart
    /// from bridges. An empty cell connects nothing: its height lies between those around, so that the
    /// ground would climb trees over it.
    fn grow_from_contact(
        &self,
        lowest: &HeightGrid,
        cloth: &[f64],
        is_bridge: &[bool],
    ) -> Vec<bool> {
        let pairs = lowest.heights.iter().zip(cloth);
        let mut is_ground: Vec<bool> = pairs
            .map(|(lowest, cloth)| lowest - cloth <= self.threshold)
            .collect();
        let columns = lowest.columns;
        let mut open: Vec<usize> = (0..is_ground.len()).filter(|&at| is_ground[at]).collect();
        while let Some(at) = open.pop() {
            let [column, row] = [(at % columns) as i64, (at / columns) as i64];
            for [x, y] in [[-1, 0], [1, 0], [0, -1], [0, 1]] {
                let height = lowest.height(column + x, row + y);
                if (height - lowest.heights[at]).abs() <= self.step {
                    let next = (row + y) as usize * columns + (column + x) as usize;
                    if !is_bridge[next] && !is_ground[next] {
                        is_ground[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        is_ground
    }

    /// Radius of the disc that no bridge holds.
    fn bridge_cells(&self) -> usize {
        (0.5 * self.bridge_width / self.cell_size).ceil() as usize
    }

    fn window_cells(&self) -> usize {
        (self.window / self.cell_size).ceil() as usize
    }

    /// Cells of a survey; an error if there are too many.
    pub(super) fn count_cells(&self, extent: isopach_cloud::Rect) -> Result<f64> {
        let sides = extent.size().map(|side| side / self.cell_size + 2.0);
        let cells = sides[0] * sides[1];
        let must = "be larger: the points span more than 2^31 cells";
        Error::check("cell size", self.cell_size, cells < MOST_CELLS, must)?;
        Ok(cells)
    }

    pub(crate) fn check(&self) -> Result<()> {
        checked_cell_size(self.cell_size)?;
        for (name, value) in [
            ("bend of the cloth", self.bend),
            ("step", self.step),
            ("width of bridges", self.bridge_width),
            ("height of bridges", self.bridge_height),
            ("window", self.window),
            ("threshold", self.threshold),
            ("pit depth", self.pit_depth),
        ] {
            let is_above = value.is_finite() && value > 0.0;
            Error::check(name, value, is_above, "be above zero and finite")?;
        }
        let scale = self.slope_scale;
        let is_scale = scale.is_finite() && scale >= 0.0;
        let must = "be zero or above and finite";
        Error::check("slope scale", scale, is_scale, must)?;
        for (name, length) in [
            ("window", self.window),
            ("width of bridges", self.bridge_width),
        ] {
            let is_near = length / self.cell_size <= 1000.0;
            Error::check(name, length, is_near, "be at most 1000 cells")?;
        }
        Ok(())
    }
}

impl ClothTerrain {
    /// Finds the ground points among points of the survey.
    #[must_use]
    pub fn label(&self, points: Positions<'_>) -> GroundMask {
        let ClothFilter {
            threshold,
            slope_scale,
            ..
        } = self.filter;
        decide_ground(&self.terrain, points, threshold, slope_scale)
    }
}
