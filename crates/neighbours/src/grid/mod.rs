//! The CPU's index: points sorted by the cells of a uniform grid in the plane.
//!
//! # Idea
//!
//! Terrain is a surface: thin in z, even in x and y. So cells are columns, square in the plane and
//! unbounded in z, with a side of a power of two ticks, so that a point's cell is a shift. Points
//! are sorted by cell, row by row, one array a coordinate: the cells of one row that a query meets
//! are *one* contiguous span of points, and a query is a handful of spans.
//!
//! ```text
//! row r+1   . . [ . . . . ] .        a radius query walks three spans,
//! row r     . [ . . . . . . ] .      each from starts[row · columns + left]
//! row r−1   . . [ . . . . ] .             to   starts[row · columns + right + 1]
//! ```
//!
//! A cell holds 2 to 8 points on average; nearest neighbours start with the 2 × 2 cells around the
//! query and grow the block until the best distance is no larger than the distance to the block's
//! edge. Everything is decided in whole ticks (`u64` squares), so there is no tolerance anywhere,
//! and results do not depend on the order of the visit: ties go to the lower index.
//!
//! # Limits
//!
//! A grid of columns degrades if many points share a column (cliffs, poles, equal points). Cells
//! with more than [`CROWDED`] points are therefore sorted by height and searched outwards from the
//! height of the query; of equal points the search looks only at the first. If most points stand
//! above each other (a wall), cells are as wide as the spacing of neighbours on the surface. There
//! are at most half as many cells as points, so two points 16 km apart do not need a gigabyte.
//! Clouds of very uneven density get large cells in their dense parts: slower, never wrong.

mod ball;
mod block_sums;
mod bounds;
mod build;
mod candidates;
mod chunk_lists;
mod closest;
mod cylinder;
mod fit;
mod groups;
mod heights;
mod k_lists;
mod lists;
mod near_points;
mod nearest;
mod nested_balls;
mod normals;
mod plan;
mod queries;
mod runs;
mod shadow;
mod shapes;
mod sorted_points;
mod sums;
mod trees;
mod walk;
mod widest;
mod within;

use crate::{
    AxialStatistics, Covariance, CylinderQuery, EigenShape, Neighbour, NeighbourError,
    NeighbourIndex, NeighbourLists, NeighbourSearch, Normal, NormalQuery, arguments, distance,
};
use isopach_cloud::Positions;
use isopach_compute::{Cpu, Error, Result};
use std::sync::OnceLock;

/// Points in a cell above which they are sorted by height.
const CROWDED: u32 = 32;

/// Points sorted by the cells of a uniform grid in the plane.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    points: Positions<'a>,
    /// Lowest and highest coordinates of the points, ticks.
    lowest: [i32; 3],
    highest: [i32; 3],
    /// Lowest coordinates of the first cell, ticks. Points beyond the cells belong to those at the
    /// edge: [`Self::edges_of_cell`].
    corner: [i32; 2],
    /// A cell's side is 2^shift ticks.
    shift: u32,
    columns: usize,
    rows: usize,
    /// Where each cell's points start in the sorted arrays; one more than there are cells.
    starts: Vec<u32>,
    /// Coordinates of the sorted points, and [`sums::LANES`] more that are never used.
    x: Vec<i32>,
    y: Vec<i32>,
    z: Vec<i32>,
    /// Position of each sorted point in `points`.
    id: Vec<u32>,
    /// Whether any cell has more than [`CROWDED`] points.
    crowded: bool,
    /// Which cells have: a bit a cell, and 64 more; empty where none has.
    crowded_cells: Vec<u64>,
    /// Grid of the distinct points, if there are so many equal ones that a search of the nearest
    /// would take long.
    distinct: Option<Box<Self>>,
    /// Trees of the cells that need one for a search of the nearest, made by the first search.
    trees: OnceLock<Option<trees::CellTrees>>,
    /// Lowest and highest z of the points of each block of cells, for long cylinders.
    heights: heights::BlockHeights,
}

impl NeighbourSearch for Cpu {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        if points.len() > u32::MAX as usize - 1 {
            let requested = 16 * points.len() as u64;
            let advice = "an index holds at most 2^32 - 2 points: use tiles";
            return Err(Error::OutOfMemory {
                what: "an index of neighbours",
                requested,
                budget: 16 << 32,
                advice,
            });
        }
        Ok(Box::new(Grid::new(points)))
    }
}

impl NeighbourIndex for Grid<'_> {
    fn positions(&self) -> Positions<'_> {
        self.points
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        let limit = arguments::check_nearest(k, max_distance)?;
        let k = k.min(self.points.len());
        Ok(k_lists::list_k_nearest(self, queries, k, limit))
    }

    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        let limit = arguments::check_radius(radius)?;
        Ok(lists::collect_lists(self, queries, |query, found| {
            self.visit_within(query, limit, |id, squared, _| {
                found.push(squared << 32 | u128::from(id))
            });
            found.sort_unstable_by_key(|key| nearest::id_of(*key));
        }))
    }

    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let limit = arguments::check_nearest(1, max_distance)?;
        let search = || nearest::Nearest::new(self, limit);
        let answer = |search: &mut nearest::Nearest<'_>, _, query| {
            let (squared, index) = search.find_nearest(query)?;
            Some(Neighbour {
                index,
                squared_distance: distance::square_metres(squared),
            })
        };
        Ok(queries::answer_each_with(self, queries, search, answer))
    }

    fn covariances_within(&self, queries: Positions<'_>, radius: f64) -> Result<Vec<Covariance>> {
        self.covariances_within_radii(queries, &[radius])
    }

    fn covariances_within_radii(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<Covariance>> {
        self.covariances_at(queries, radii)
    }

    fn shapes_within_radii(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<EigenShape>> {
        self.shapes_at(queries, radii)
    }

    fn estimate_normals(
        &self,
        queries: Positions<'_>,
        query: NormalQuery<'_>,
    ) -> Result<Vec<Normal>> {
        self.normals_at(queries, query)
    }

    fn covariances_of_nearest(&self, queries: Positions<'_>, k: usize) -> Result<Vec<Covariance>> {
        arguments::check_nearest(k, f64::INFINITY)?;
        let k = k.min(self.points.len());
        let search = || closest::KNearest::new(self, k, u128::MAX);
        let all = queries::answer_each_with(self, queries, search, |search, _, query| {
            search.moments_of_nearest(query)
        });
        let near: Option<Vec<Covariance>> = all.into_iter().collect();
        near.ok_or_else(|| Error::from(NeighbourError::NeighbourTooFar))
    }

    fn cylinder_statistics(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        query: CylinderQuery,
    ) -> Result<Vec<AxialStatistics>> {
        arguments::check_cylinders(queries, axes, query.cylinder)?;
        let answer = |scratch: &mut cylinder::CylinderScratch, i: usize, place| {
            self.axial_statistics(place, axes[i], query, scratch)
        };
        Ok(queries::answer_each_with(
            self,
            queries,
            cylinder::CylinderScratch::default,
            answer,
        ))
    }
}
