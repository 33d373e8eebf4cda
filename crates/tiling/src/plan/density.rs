//! A coarse map of point counts, known without decoding.

use crate::groups::ChunkGroup;
use isopach_cloud::Rect;
use std::ops::RangeInclusive;

/// Squares along the longer side of a map.
const SQUARES: f64 = 256.0;
/// Points are counted in this part of one, so that sums are whole numbers and no order can be seen.
const PART: f64 = 16_777_216.0;
/// Metres that an extent is wide at least: points on a line are somewhere, too.
const THINNEST: f64 = 1e-3;

/// Points a square of a coarse map: chunks that state where they are, files where they do not, each
/// taken to be even.
#[derive(Clone, Debug)]
pub(crate) struct Density {
    corner: [f64; 2],
    side: f64,
    counts: [usize; 2],
    /// `sums[row · (columns + 1) + column]`: points south and west of that corner.
    sums: Vec<f64>,
}

impl Density {
    /// The map of some groups of chunks over `whole`.
    pub(crate) fn of_groups(groups: &[ChunkGroup], whole: &Rect) -> Self {
        let whole = whole.expanded_by(THINNEST);
        let longest = whole.size()[0].max(whole.size()[1]);
        let side = longest / SQUARES;
        let counts = whole
            .size()
            .map(|length| ((length / side).ceil() as usize).max(1));
        let mut points = vec![0_u64; counts[0] * counts[1]];
        for group in groups {
            add_group(group, whole.min, side, counts, &mut points);
        }
        Self {
            corner: whole.min,
            side,
            counts,
            sums: prefix_sums(&points, counts),
        }
    }

    /// About how many points a rectangle has.
    pub(crate) fn points_in(&self, rect: &Rect) -> f64 {
        let [west, south] = self.to_squares(rect.min);
        let [east, north] = self.to_squares(rect.max);
        let north_east = self.south_west_of(east, north);
        let north_west = self.south_west_of(west, north);
        let south_east = self.south_west_of(east, south);
        let south_west = self.south_west_of(west, south);
        (north_east - north_west - south_east + south_west).max(0.0)
    }

    /// A coordinate in squares from the corner, within the map.
    fn to_squares(&self, at: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|axis| {
            ((at[axis] - self.corner[axis]) / self.side).clamp(0.0, self.counts[axis] as f64)
        })
    }

    /// Points south and west of a place between corners, interpolated from the four of them.
    fn south_west_of(&self, x: f64, y: f64) -> f64 {
        let column = (x as usize).min(self.counts[0] - 1);
        let row = (y as usize).min(self.counts[1] - 1);
        let right = x - column as f64;
        let up = y - row as f64;
        let south = self.sum_at(column, row) * (1.0 - right) + self.sum_at(column + 1, row) * right;
        let north =
            self.sum_at(column, row + 1) * (1.0 - right) + self.sum_at(column + 1, row + 1) * right;
        south * (1.0 - up) + north * up
    }

    /// Points south and west of a corner.
    fn sum_at(&self, column: usize, row: usize) -> f64 {
        self.sums[row * (self.counts[0] + 1) + column]
    }
}

/// The extent of a group along one axis, in squares.
#[derive(Clone, Copy)]
struct SquareSpan {
    low: f64,
    high: f64,
}

impl SquareSpan {
    /// The squares that it meets, of `count` in all.
    fn squares(self, count: usize) -> RangeInclusive<usize> {
        let last = count as f64 - 1.0;
        let first = self.low.floor().clamp(0.0, last) as usize;
        first..=self.high.floor().clamp(0.0, last) as usize
    }

    /// The part of it that lies in a square.
    fn share_in(self, square: usize) -> f64 {
        let low = self.low.max(square as f64);
        let high = self.high.min(square as f64 + 1.0);
        (high - low).max(0.0) / (self.high - self.low)
    }
}

/// Adds a group's points to the squares that its extent meets, by area.
fn add_group(
    group: &ChunkGroup,
    corner: [f64; 2],
    side: f64,
    counts: [usize; 2],
    points: &mut [u64],
) {
    let extent = group.extent.expanded_by(0.5 * THINNEST);
    let [across, up] = [0, 1].map(|axis| SquareSpan {
        low: (extent.min[axis] - corner[axis]) / side,
        high: (extent.max[axis] - corner[axis]) / side,
    });
    for row in up.squares(counts[1]) {
        for column in across.squares(counts[0]) {
            let part = up.share_in(row) * across.share_in(column);
            points[row * counts[0] + column] += (group.points as f64 * part * PART).round() as u64;
        }
    }
}

/// Sums of everything south and west of each corner.
fn prefix_sums(points: &[u64], [columns, rows]: [usize; 2]) -> Vec<f64> {
    let mut sums = vec![0.0; (columns + 1) * (rows + 1)];
    for row in 0..rows {
        let mut along = 0;
        for column in 0..columns {
            along += points[row * columns + column];
            sums[(row + 1) * (columns + 1) + column + 1] =
                sums[row * (columns + 1) + column + 1] + along as f64 / PART;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(min: [f64; 2], max: [f64; 2], points: u64) -> ChunkGroup {
        ChunkGroup {
            source: 0,
            extent: Rect { min, max },
            chunks: vec![0],
            points,
        }
    }

    #[test]
    fn what_is_even_is_counted_by_area() {
        let whole = Rect {
            min: [1000.0, -500.0],
            max: [3000.0, 500.0],
        };
        let density = Density::of_groups(
            &[group([1000.0, -500.0], [2000.0, 500.0], 1_000_000)],
            &whole,
        );
        assert!((density.points_in(&whole) - 1e6).abs() < 100.0);
        let quarter = Rect {
            min: [1250.0, -250.0],
            max: [1750.0, 250.0],
        };
        assert!(
            (density.points_in(&quarter) - 250_000.0).abs() < 1000.0,
            "{}",
            density.points_in(&quarter)
        );
        let beside = Rect {
            min: [2100.0, -500.0],
            max: [3000.0, 500.0],
        };
        assert!(density.points_in(&beside) < 1.0);
    }

    #[test]
    fn the_order_of_files_is_not_seen() {
        let whole = Rect {
            min: [0.0; 2],
            max: [100.0; 2],
        };
        let groups = [
            group([0.0; 2], [33.3, 71.7], 1001),
            group([10.0; 2], [90.0, 91.7], 77),
            group([0.0; 2], [0.0; 2], 5),
        ];
        let reversed: Vec<ChunkGroup> = groups.iter().rev().cloned().collect();
        let rect = Rect {
            min: [3.0, 5.0],
            max: [41.0, 77.0],
        };
        let [a, b] = [
            Density::of_groups(&groups, &whole),
            Density::of_groups(&reversed, &whole),
        ]
        .map(|d| d.points_in(&rect));
        assert_eq!(a.to_bits(), b.to_bits());
    }

    #[test]
    fn points_on_one_spot_are_somewhere() {
        let whole = Rect {
            min: [0.0; 2],
            max: [0.0; 2],
        };
        let density = Density::of_groups(&[group([0.0; 2], [0.0; 2], 5)], &whole);
        assert!(density.points_in(&whole.expanded_by(1.0)) > 1.0);
    }
}
