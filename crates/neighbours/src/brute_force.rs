//! Brute-force search: the reference implementation as a backend.

use crate::{
    NeighbourIndex, NeighbourLists, NeighbourSearch, arguments,
    distance::{square_metres, squared_distance},
};
use isopach_cloud::Positions;
use isopach_compute::{Compute, Device, Result};

/// Backend that compares every query with every point. O(points · queries); the oracle of all
/// faster backends, for tests and for clouds of a few hundred points.
///
/// ```
/// use isopach_neighbours::{BruteForce, Cloud, Cpu, NeighbourSearch};
/// let points: Vec<[f64; 3]> = (0..50).map(|i| [f64::from(i * 7 % 50), f64::from(i), 0.0]).collect();
/// let cloud = Cloud::from_points(&points)?;
/// let [fast, slow] = [
///     Cpu.index(cloud.positions())?.k_nearest(cloud.positions(), 5, 9.0)?,
///     BruteForce.index(cloud.positions())?.k_nearest(cloud.positions(), 5, 9.0)?,
/// ];
/// assert_eq!(fast, slow);
/// # Ok::<(), isopach_neighbours::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BruteForce;

impl Compute for BruteForce {
    fn device(&self) -> Device {
        Device {
            name: "plain loop".into(),
        }
    }
}

impl NeighbourSearch for BruteForce {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        Ok(Box::new(UnsortedPoints { points }))
    }
}

/// Index that keeps the points as they are.
#[derive(Debug)]
struct UnsortedPoints<'a> {
    points: Positions<'a>,
}

/// A point within the limit: squared distance (square ticks), then index.
type Candidate = (u128, u32);

impl UnsortedPoints<'_> {
    /// Lists the points within `limit` square ticks of each query, by index; `arrange` may reorder
    /// and shorten each list.
    fn lists_within(
        &self,
        queries: Positions<'_>,
        limit: u128,
        arrange: impl Fn(&mut Vec<Candidate>),
    ) -> NeighbourLists {
        let mut lists = NeighbourLists {
            offsets: vec![0],
            ..NeighbourLists::default()
        };
        for i in 0..queries.len() {
            let mut found = self.points_within(queries.absolute_ticks(i), limit);
            arrange(&mut found);
            lists.indices.extend(found.iter().map(|(_, j)| *j));
            lists
                .squared_distances
                .extend(found.iter().map(|(squared, _)| square_metres(*squared)));
            lists.offsets.push(lists.indices.len());
        }
        lists
    }

    /// Points within `limit` square ticks of one query, by index.
    fn points_within(&self, query: [i64; 3], limit: u128) -> Vec<Candidate> {
        (0..self.points.len())
            .map(|j| {
                let squared = squared_distance(self.points.absolute_ticks(j), query);
                (squared, j as u32)
            })
            .filter(|(squared, _)| *squared <= limit)
            .collect()
    }
}

impl NeighbourIndex for UnsortedPoints<'_> {
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
        Ok(self.lists_within(queries, limit, |found| {
            found.sort_unstable();
            found.truncate(k);
        }))
    }

    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        let limit = arguments::check_radius(radius)?;
        Ok(self.lists_within(queries, limit, |_| ()))
    }
}
