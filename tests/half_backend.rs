//! A stranger's backend: neighbour search on a k-d tree, and nothing else. It runs M3C2, passes the
//! conformance suite, and where it declines a `Dispatcher` goes on with the CPU and counts it.

#![allow(missing_docs)]

use isopach::{
    change::{Epochs, M3c2, Normals, Orientation},
    cloud::{Cloud, Positions, TICKS_PER_METRE},
    compute::{Compute, Cpu, Device, Dispatcher, Error, Result},
    neighbours::{NeighbourIndex, NeighbourLists, NeighbourSearch, square_metres},
};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use std::{num::NonZero, sync::Arc};

#[derive(Debug)]
struct Tree;

impl Compute for Tree {
    fn device(&self) -> Device {
        Device {
            name: "k-d tree".into(),
        }
    }
}

impl NeighbourSearch for Tree {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        // The tree refuses a bucket of equal coordinates that it cannot split: then another backend
        // may do it.
        let ticks: Vec<[f64; 3]> = points.ticks().iter().map(|p| p.map(f64::from)).collect();
        let build = || ImmutableKdTree::<f64, 3>::new_from_slice(&ticks);
        let tree = std::panic::catch_unwind(build)
            .ok()
            .and_then(|built| built.ok());
        let tree = match tree {
            Some(tree) => Some(tree),
            None if points.is_empty() => None,
            None => {
                return Err(Error::Unsupported {
                    operation: "index these points in a k-d tree",
                });
            }
        };
        Ok(Box::new(TreeIndex { points, tree }))
    }
}

struct TreeIndex<'a> {
    points: Positions<'a>,
    tree: Option<ImmutableKdTree<f64, 3>>,
}

impl TreeIndex<'_> {
    /// (squared ticks, index) of all points within `limit` square ticks of a query; exact as long
    /// as both are below 2⁵³.
    fn ball(&self, query: [f64; 3], limit: f64) -> Vec<(f64, u32)> {
        let Some(tree) = &self.tree else {
            return Vec::new();
        };
        let found = tree
            .query(&query)
            .within::<SquaredEuclidean<f64>>(limit)
            .unsorted()
            .execute();
        found
            .into_iter()
            .map(|item| (item.distance, item.item))
            .collect()
    }

    fn queries<'q>(&self, queries: Positions<'q>) -> impl Iterator<Item = [f64; 3]> + 'q {
        let shift = queries.shift_to(self.points.origin());
        queries
            .ticks()
            .iter()
            .map(move |q| std::array::from_fn(|axis| (i64::from(q[axis]) + shift[axis]) as f64))
    }
}

fn lists(all: impl Iterator<Item = Vec<(f64, u32)>>) -> NeighbourLists {
    let mut lists = NeighbourLists {
        offsets: vec![0],
        ..NeighbourLists::default()
    };
    for found in all {
        lists.indices.extend(found.iter().map(|(_, i)| *i));
        lists.squared_distances.extend(
            found
                .iter()
                .map(|(squared, _)| square_metres(*squared as u128)),
        );
        lists.offsets.push(lists.indices.len());
    }
    lists
}

fn square_ticks(name: &'static str, radius: f64) -> Result<f64> {
    Error::check(name, radius, radius >= 0.0, "be zero or above")?;
    Ok((radius * TICKS_PER_METRE).powi(2).floor())
}

impl NeighbourIndex for TreeIndex<'_> {
    fn positions(&self) -> Positions<'_> {
        self.points
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        Error::check("k", k as f64, k > 0, "be at least 1")?;
        let limit = square_ticks("maximum distance", max_distance)?;
        let wanted = NonZero::new(k.min(self.points.len()).max(1)).unwrap_or(NonZero::<usize>::MIN);
        Ok(lists(self.queries(queries).map(|query| {
            let Some(tree) = &self.tree else {
                return Vec::new();
            };
            let nearest = tree
                .query(&query)
                .nearest_n::<SquaredEuclidean<f64>>(wanted)
                .execute();
            let farthest = nearest.iter().map(|item| item.distance).fold(0.0, f64::max);
            let mut found = self.ball(query, farthest.min(limit)); // all that tie with the last one
            found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.truncate(k);
            found
        })))
    }

    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        Error::not_negative("radius", radius)?;
        let limit = square_ticks("radius", radius)?;
        Ok(lists(self.queries(queries).map(|query| {
            let mut found = self.ball(query, limit);
            found.sort_by_key(|(_, i)| *i);
            found
        })))
    }
}

fn hills(lift: f64) -> Cloud {
    let point = |i: u32| {
        let (x, y) = (f64::from(i % 61) * 0.317, f64::from(i / 61) * 0.291);
        [
            500_000.0 + x,
            5_000_000.0 + y,
            300.0 + (x / 3.0).sin() + 0.02 * (f64::from(i) * 12.9898).sin() + lift,
        ]
    };
    Cloud::from_points(&(0..3000).map(point).collect::<Vec<_>>()).unwrap()
}

fn m3c2() -> M3c2 {
    let normals = Normals::Multiscale {
        radii: vec![1.0, 2.0],
        towards: Orientation::UP,
    };
    M3c2 {
        normals,
        cylinder_radius: 1.0,
        projection_depth: 3.0,
        registration_error: 0.0.into(),
        ..M3c2::default()
    }
}

#[test]
fn half_a_backend_runs_m3c2_as_the_cpu_does() {
    let (before, after) = (hills(0.0), hills(0.4));
    let core_points = before.subsample_grid(1.0).unwrap();
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: core_points.positions(),
    };
    let (ours, theirs) = (
        m3c2().run(&Cpu, epochs).unwrap(),
        m3c2().run(&Tree, epochs).unwrap(),
    );
    assert_eq!(ours.count, theirs.count);
    assert_eq!(ours.significant, theirs.significant);
    for (a, b) in ours.distance.iter().zip(&theirs.distance) {
        assert!(
            (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()),
            "{a} {b}"
        );
    }
}

#[test]
fn the_conformance_suite_finds_nothing_but_what_the_tree_declines() {
    let findings = isopach::neighbours::conformance::conformance(&Tree);
    let wrong: Vec<_> = findings
        .iter()
        .filter(|finding| !finding.to_string().contains("cannot"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Takes small clouds alone.
#[derive(Debug)]
struct Small;

impl Compute for Small {
    fn device(&self) -> Device {
        Device {
            name: "small card".into(),
        }
    }
}

impl NeighbourSearch for Small {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        let requested = 12 * points.len() as u64;
        if requested > 1 << 10 {
            let advice = "smaller tiles help";
            return Err(Error::OutOfMemory {
                what: "an index",
                requested,
                budget: 1 << 10,
                advice,
            });
        }
        Cpu.index(points)
    }
}

#[test]
fn what_a_backend_declines_is_rerun_and_counted_and_a_mistake_is_not() {
    let choice: Dispatcher<dyn NeighbourSearch> =
        Dispatcher::new(vec![Arc::new(Small), Arc::new(Cpu)]);
    let (before, after) = (hills(0.0), hills(0.4));
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: before.positions(),
    };
    choice.run(|on| m3c2().run(on, epochs)).unwrap();
    assert_eq!(choice.fallbacks()[0].causes["out of memory"], 1);

    let mistaken = M3c2 {
        cylinder_radius: -1.0,
        ..m3c2()
    };
    let error = choice.run(|on| mistaken.run(on, epochs)).unwrap_err();
    assert!(
        error.to_string().contains("cylinder radius is -1"),
        "{error}"
    );
    assert_eq!(
        choice.fallback_count(),
        1,
        "a caller's mistake must not be tried again"
    );
}
