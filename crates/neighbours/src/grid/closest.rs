//! The k nearest.
//!
//! # Idea
//!
//! All points within some reach are collected; if they are k or more, the k nearest are among them.
//! The distance of the k-th changes by no more than the way from one query to the next, so the
//! reach of a query is a little more than what the one before needed. Queries that come alone start
//! with what others needed that had as many points around, and reach farther until there are enough.

use super::{
    Grid, candidates::Candidates, queries::LocalQuery, trees::CellTrees, walk::Query, widest,
};
use crate::{Covariance, Moments, distance};

/// State that one thread keeps from query to query.
#[derive(Debug)]
pub(super) struct KNearest<'a> {
    grid: &'a Grid<'a>,
    trees: Option<&'a CellTrees>,
    k: usize,
    /// Squared distance beyond which nothing is looked for, square ticks.
    limit: u128,
    found: Candidates,
    /// The query before, and the squared distance of its k-th.
    last: Option<(Query, u64)>,
    /// Points around a query that came alone.
    counted: Option<f64>,
    /// Squared reach times points around, on the mean of queries that came alone.
    share: Option<f64>,
}

/// So much farther than another query needed.
const WIDER: f64 = 1.125;

impl<'a> KNearest<'a> {
    /// For at most `k` points, of which there are as many, within `limit` square ticks.
    pub(super) fn new(grid: &'a Grid<'a>, k: usize, limit: u128) -> Self {
        Self {
            grid,
            trees: grid.trees(),
            k,
            limit,
            found: Candidates::default(),
            last: None,
            counted: None,
            share: None,
        }
    }

    /// Index of each sorted point.
    pub(super) fn ids(&self) -> &'a [u32] {
        &self.grid.id
    }

    /// Squared distance (square ticks) and position among the sorted points of the k nearest,
    /// nearest first, of equally near ones the lower index first.
    #[inline]
    pub(super) fn find_k_nearest(&mut self, query: Query) -> &[(u64, u32)] {
        widest::find_k_nearest(self, query);
        self.found.nearest()
    }

    /// Squared distance (square ticks) and index of the k points nearest to a query that is
    /// kilometres away, in the same order.
    pub(super) fn find_far(&self, query: [i64; 3]) -> Vec<(u128, u32)> {
        let ticks = self.grid.points.ticks();
        let all = (0..ticks.len() as u32).map(|id| {
            let point = ticks[id as usize].map(i64::from);
            (distance::squared_distance(point, query), id)
        });
        let mut near: Vec<(u128, u32)> =
            all.filter(|(squared, _)| *squared <= self.limit).collect();
        near.sort_unstable();
        near.truncate(self.k);
        near
    }

    /// Finds the k nearest and puts them into order.
    #[inline(always)]
    pub(super) fn find_k_nearest_here(&mut self, query: Query) {
        self.collect_k_nearest(query);
        self.found.order_k_nearest(self.grid);
        let nearest = self.found.nearest();
        let kth = nearest.last().filter(|_| nearest.len() == self.k);
        self.last = kth.map(|&(squared, _)| (query, squared));
        if let Some((_, squared)) = self.last {
            self.learn_share(squared);
        }
    }

    /// Moments of the k nearest; `None` where one of them is more than 8 km away.
    pub(super) fn moments_of_nearest(&mut self, query: LocalQuery) -> Option<Covariance> {
        let mut moments = Moments::default();
        if self.grid.points.is_empty() {
            return Some(moments.covariance());
        }
        let LocalQuery::Near(at) = query else {
            return None;
        };
        let grid = self.grid;
        for &(_, place) in self.find_k_nearest(at) {
            let place = place as usize;
            let point = [grid.x[place], grid.y[place], grid.z[place]];
            let [x, y, z] = std::array::from_fn(|axis| point[axis].checked_sub(at[axis]));
            moments.add_offset([x?, y?, z?]);
        }
        Some(moments.covariance())
    }

    /// Collects all points within a reach that has k or more.
    #[inline(always)]
    fn collect_k_nearest(&mut self, query: Query) {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        let mut reach = self.first_reach(query);
        loop {
            self.found.restart(self.k, reach.min(limit));
            self.grid.add_ball(self.trees, query, &mut self.found);
            if self.found.len() >= self.k || reach >= limit {
                return;
            }
            reach = self.farther_reach(reach);
        }
    }

    /// Squared reach that probably has k points and not many more, square ticks.
    #[inline(always)]
    fn first_reach(&mut self, query: Query) -> u64 {
        self.counted = None;
        if let Some((before, squared)) = self.last {
            let apart = (0..3)
                .map(|axis| f64::from(query[axis]) - f64::from(before[axis]))
                .map(|d| d * d)
                .sum::<f64>()
                .sqrt();
            let reach = (squared as f64).sqrt();
            if apart <= 2.0 * reach {
                let reach = (reach * WIDER).min(reach + apart) + 1.0;
                return (reach * reach) as u64;
            }
        }
        let counted = self.grid.count_around(query) as f64;
        self.counted = Some(counted);
        let side = (1_u64 << self.grid.shift) as f64;
        let share = self.share.unwrap_or_else(|| {
            let k = self.k as f64;
            9.0 * side * side * (k + k.sqrt()) / std::f64::consts::PI
        });
        ((share / counted.max(1.0)) as u64).saturating_add(1)
    }

    /// Learns from a query that came alone.
    #[inline(always)]
    fn learn_share(&mut self, squared: u64) {
        /// Weight of a query among those before.
        const WEIGHT: f64 = 0.125;
        if let Some(counted) = self.counted {
            let share = WIDER * WIDER * squared as f64 * counted.max(1.0);
            self.share = Some(match self.share {
                Some(before) => before + WEIGHT * (share - before),
                None => share,
            });
        }
    }

    /// Squared reach after one that had too few.
    #[inline]
    fn farther_reach(&self, reach: u64) -> u64 {
        let wanted = self.k as f64 + (self.k as f64).sqrt();
        let share = wanted / (self.found.len() as f64).max(0.1);
        ((reach as f64 * share.clamp(1.25, 16.0)) as u64).saturating_add(1)
    }
}

impl Grid<'_> {
    /// Points in the 3 × 3 cells around a query.
    #[inline(always)]
    fn count_around(&self, query: Query) -> usize {
        let [column, row] = [0, 1].map(|axis| self.cell_along(axis, i64::from(query[axis])));
        let columns = [column.saturating_sub(1), (column + 2).min(self.columns)];
        let rows = row.saturating_sub(1)..(row + 2).min(self.rows);
        rows.map(|row| self.span_of_cells(row, columns).len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conformance::cases::{
            point_in_slab, point_in_slab_or_far_off, point_of_cliff, point_of_forest,
            point_of_scan, point_of_scan_and_cliff,
        },
        grid::{nearest::Nearest, walk::LOOKS},
    };
    use isopach_cloud::Cloud;

    type Place = fn(u64) -> [f64; 3];

    const PLACES: [(&str, Place); 6] = [
        ("slab", point_in_slab),
        ("cliff", point_of_cliff),
        ("forest", point_of_forest),
        ("scan", point_of_scan),
        ("scan and cliff", point_of_scan_and_cliff),
        ("far off", point_in_slab_or_far_off),
    ];

    fn cloud_of(count: u64, place: Place) -> Cloud {
        let points: Vec<[f64; 3]> = (0..count).map(place).collect();
        Cloud::from_points(&points).unwrap()
    }

    /// Points that a query for the k nearest and one for the nearest look at on the mean, over
    /// queries that come in no order.
    fn looks_a_query(count: u64, place: Place) -> [f64; 2] {
        let cloud = cloud_of(count, place);
        let grid = Grid::new(cloud.positions());
        let queries = (0..cloud.len()).step_by(cloud.len() / 500);
        let mut looks = [0.0; 2];
        let mut search = KNearest::new(&grid, 20, u128::MAX);
        let mut nearest = Nearest::new(&grid, u128::MAX);
        for query in queries.clone() {
            let query = cloud.positions().ticks()[query];
            let start = LOOKS.get();
            search.find_k_nearest(query);
            let middle = LOOKS.get();
            nearest.find_nearest(LocalQuery::Near(query));
            looks[0] += (middle - start) as f64;
            looks[1] += (LOOKS.get() - middle) as f64;
        }
        looks.map(|looks| looks / queries.len() as f64)
    }

    /// Work is counted in points that are looked at, which no load of the machine changes.
    #[test]
    fn work_grows_no_faster_than_the_logarithm_of_points() {
        const FEW: u64 = 20_000;
        const MANY: u64 = 320_000;
        let logarithms = (MANY as f64).ln() / (FEW as f64).ln();
        for (name, place) in PLACES {
            let few = looks_a_query(FEW, place);
            let many = looks_a_query(MANY, place);

            for (few, many) in few.into_iter().zip(many) {
                assert!(
                    many <= 1.3 * logarithms * few,
                    "{name}: {few} looks among {FEW} points, {many} among {MANY}"
                );
            }
        }
    }

    #[test]
    fn an_index_takes_at_most_twenty_bytes_a_point() {
        for (name, place) in PLACES {
            let cloud = cloud_of(200_000, place);
            let grid = Grid::new(cloud.positions());
            grid.trees();
            let bytes = grid.heap_bytes() as f64 / cloud.len() as f64;

            assert!(bytes <= 20.0, "{name}: {bytes} bytes a point");
        }
    }
}
