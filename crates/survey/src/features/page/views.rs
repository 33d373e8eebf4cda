//! The map and the section of a survey, with the distributions of the columns.

use super::{
    super::sums::SUM_BYTES,
    cells::{CellLimits, CellMeans},
    values::Values,
};
use isopach::cloud::{Positions, Rect, TICKS_PER_METRE};
use rayon::prelude::*;

/// Largest side of the map, pixels.
const MAP_SIDE: f64 = 512.0;
/// Longest section, pixels; and the highest.
const SECTION_LENGTH: f64 = 512.0;
const SECTION_HEIGHT: u64 = 160;
/// Shortest section, pixels: of surveys of few points.
const SECTION_LEAST: f64 = 96.0;
/// Points a pixel of the map, on average: surveys of few points have larger pixels.
const POINTS_PER_PIXEL: f64 = 4.0;
/// Points a column of the section, on average, and the largest part of the survey's width that the
/// slice may take for them.
const POINTS_PER_COLUMN: f64 = 20.0;
const WIDEST_SLICE: f64 = 0.25;
/// Smallest height of a section's pixel: this power of two of its length.
const FLATTEST: u32 = 4;
/// Part of the cells that are the map's; the others are the section's.
const MAP_SHARE: f64 = 0.75;
/// Most bytes of all cells, and the part of the memory that they may take.
const CELLS_BYTES: u64 = 64 << 20;
const PART_OF_MEMORY: u64 = 16;

/// The vertical slice that a section shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Axis that the section runs along: 0 to the east, 1 to the north.
    pub(crate) along: usize,
    /// Range of the other coordinate, ticks; half open.
    pub(crate) across: [i64; 2],
}

/// Sums over all points for the page: of bounded size, independent of the order of points.
pub(crate) struct Views {
    pub(crate) map: CellMeans,
    pub(crate) section: CellMeans,
    pub(crate) slice: Slice,
    /// One a column.
    pub(crate) values: Vec<Values>,
}

impl Views {
    /// Of a survey of `points` points in `extent`, as its files state them, with so many columns.
    /// `memory` is that of the run.
    pub(crate) fn new(extent: &Rect, points: u64, columns: usize, memory: u64) -> Self {
        let size = extent.size().map(|side| (side * TICKS_PER_METRE).max(1.0));
        let along = usize::from(size[1] > size[0]);
        let [length, width] = [size[along], size[1 - along]];
        let points = points.max(1) as f64;
        let per_pixel = (POINTS_PER_PIXEL * length * width / points).sqrt();
        let map_bits = power_at_least((length / MAP_SIDE).max(per_pixel));
        // A column needs some points in the slice: a survey of few points has few columns.
        let most_columns = WIDEST_SLICE * points / POINTS_PER_COLUMN;
        let columns_along = most_columns.clamp(SECTION_LEAST, SECTION_LENGTH);
        let along_bits = power_at_least(length / columns_along);
        let side = 2.0_f64.powi(along_bits as i32);
        let thick = POINTS_PER_COLUMN * (length / side) / points * width;
        let thick = thick.max(2.0 * side).min(width);
        let middle = (extent.min[1 - along] + extent.max[1 - along]) / 2.0 * TICKS_PER_METRE;
        let slice = Slice {
            along,
            across: [middle - thick / 2.0, middle + thick / 2.0].map(|tick| tick.ceil() as i64),
        };
        let bytes = CELLS_BYTES.min(memory / PART_OF_MEMORY) as f64;
        let cells = bytes / (SUM_BYTES * columns.max(1)) as f64;
        let map = CellLimits {
            finest: [map_bits; 2],
            cells: (MAP_SHARE * cells) as usize + 1,
            rows: u64::MAX,
            flat_rows: u64::MAX,
        };
        let section = CellLimits {
            finest: [along_bits, along_bits.saturating_sub(FLATTEST)],
            cells: ((1.0 - MAP_SHARE) * cells) as usize + 1,
            rows: SECTION_HEIGHT,
            // Heights are exaggerated where the section would be a thin line.
            flat_rows: SECTION_HEIGHT.min((length / side / 3.0) as u64),
        };
        Self {
            map: CellMeans::new(map, columns),
            section: CellMeans::new(section, columns),
            slice,
            values: vec![Values::default(); columns],
        }
    }

    /// Most bytes that the cells of a run of `memory` bytes take.
    pub(crate) fn most_bytes(memory: u64) -> u64 {
        CELLS_BYTES.min(memory / PART_OF_MEMORY)
    }

    /// Adds points with the values of their columns.
    pub(crate) fn add(&mut self, points: Positions<'_>, columns: &[Vec<f32>]) {
        let Slice { along, across } = self.slice;
        let [low, high] = across;
        let ticks = |i: usize| points.absolute_ticks(i);
        let from_above = |i: usize| {
            let [x, y, _] = ticks(i);
            Some([x, y])
        };
        let from_the_side = |i: usize| {
            let place = ticks(i);
            (low..high)
                .contains(&place[1 - along])
                .then_some([place[along], place[2]])
        };
        self.map.add(points.len(), from_above, columns);
        self.section.add(points.len(), from_the_side, columns);
        let columns = self.values.par_iter_mut().zip(columns);
        columns.for_each(|(found, values)| found.add(values));
    }
}

/// The least power of two, as its exponent, that is not below a number of ticks. A header may state
/// any extent: coordinates have less than 2⁵² ticks.
fn power_at_least(ticks: f64) -> u32 {
    (ticks.ceil().clamp(1.0, (1_u64 << 52) as f64) as u64)
        .next_power_of_two()
        .trailing_zeros()
}
