//! Normals of a cloud made consistent along a minimum spanning tree.

use super::{
    OrientationError,
    flip::{self, Turn},
};
use crate::{Features, NormalSide, PointFeatures};
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;

/// Features with normals whose sides agree from neighbour to neighbour.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TreeFeatures {
    /// The features.
    pub features: PointFeatures,
    /// Connected parts of the graph of neighbours, of the first scale: the sides of one part say
    /// nothing of another.
    pub parts: u64,
}

impl Features {
    /// Computes the features of all points, with normals made consistent along a minimum spanning
    /// tree ([`NormalSide::SpanningTree`], Hoppe et al. 1992).
    ///
    /// The graph joins each point with its `k` nearest; an edge costs 1 − |n · n′|. In each connected
    /// part the highest point's normal points up, and the tree of least cost carries its side to the
    /// others. Edges of equal cost, and points of equal height, are ordered by coordinates, so that
    /// the order of the points changes nothing. O(points · k · log).
    ///
    /// # Errors
    /// As [`Self::run`]; [`isopach_compute::Error::InvalidInput`] with an [`OrientationError`] for
    /// another side of the normals.
    pub fn run_on_tree(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
    ) -> Result<TreeFeatures> {
        let NormalSide::SpanningTree { k } = self.normals else {
            return Err(OrientationError::NoTreeAsked.into());
        };
        self.normals.check_numbers()?;
        let up = flip::with_normals_up(self);
        let mut table = up.run(on, points)?;
        let graph = Graph::of_nearest(on, points, k)?;
        let mut parts = 0;
        let mut is_first = true;
        for columns in table.columns.chunks_mut(up.wanted.features().len()) {
            let (turns, count) = graph.turn_normals(&flip::normals_of(columns));
            if is_first {
                parts = count;
            }
            is_first = false;
            flip::turn_scale(self, columns, |point| turns[point]);
        }
        flip::keep_wanted(self, &mut table);
        Ok(TreeFeatures {
            features: table,
            parts,
        })
    }
}

/// Neighbours of points that are sorted by height, east and north, highest first.
struct Graph {
    /// The point at each rank.
    point_of: Vec<u32>,
    /// Pairs of ranks, the lower first, ascending, each once.
    edges: Vec<[u32; 2]>,
}

impl Graph {
    fn of_nearest(
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        k: usize,
    ) -> Result<Self> {
        let mut point_of: Vec<u32> = (0..points.len() as u32).collect();
        point_of.sort_unstable_by_key(|&point| {
            let [x, y, z] = points.ticks()[point as usize];
            (
                [
                    std::cmp::Reverse(z),
                    std::cmp::Reverse(x),
                    std::cmp::Reverse(y),
                ],
                point,
            )
        });
        let ranked: Vec<[i32; 3]> = point_of
            .iter()
            .map(|&point| points.ticks()[point as usize])
            .collect();
        let ranked = Positions::new(points.origin(), &ranked);
        let index = on.index(ranked)?;
        // The point itself is found, too.
        let lists = index.k_nearest(ranked, k.saturating_add(1), f64::INFINITY)?;
        let mut edges = Vec::with_capacity(lists.indices.len());
        for rank in 0..ranked.len() as u32 {
            let others = lists.indices_of(rank as usize).iter();
            edges.extend(
                others
                    .filter(|other| **other != rank)
                    .map(|&other| [rank.min(other), rank.max(other)]),
            );
        }
        edges.sort_unstable();
        edges.dedup();
        Ok(Self { point_of, edges })
    }

    /// The turn of each point's normal, and the number of connected parts.
    fn turn_normals(&self, normals: &[[f64; 3]]) -> (Vec<Turn>, u64) {
        let normal_at = |rank: u32| normals[self.point_of[rank as usize] as usize];
        let has_normal = |rank: u32| !normal_at(rank)[0].is_nan();
        let mut costs: Vec<(f64, [u32; 2])> = self
            .edges
            .iter()
            .filter(|[a, b]| has_normal(*a) && has_normal(*b))
            .map(|&[a, b]| (1.0 - dot(normal_at(a), normal_at(b)).abs(), [a, b]))
            .collect();
        costs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut parts = Parts::of_points(self.point_of.len());
        for (_, [a, b]) in costs {
            let disagrees = dot(normal_at(a), normal_at(b)) < 0.0;
            parts.join(a, b, disagrees);
        }
        let mut turns = vec![Turn::Keep; normals.len()];
        let mut count = 0;
        for rank in (0..self.point_of.len() as u32).filter(|&rank| has_normal(rank)) {
            let (root, is_reversed) = parts.root_of(rank);
            // The root is the lowest rank of its part, the highest point: its normal points up.
            count += u64::from(root == rank);
            if is_reversed {
                turns[self.point_of[rank as usize] as usize] = Turn::Reverse;
            }
        }
        (turns, count)
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Disjoint parts, whose roots are their lowest members, and whether each member is reversed against
/// its parent. Joining parts only by the cheapest edges between them is Kruskal's tree; the product
/// of the signs along it is the same from every member, so no tree has to be walked.
struct Parts {
    parents: Vec<u32>,
    is_reversed: Vec<bool>,
}

impl Parts {
    fn of_points(count: usize) -> Self {
        Self {
            parents: (0..count as u32).collect(),
            is_reversed: vec![false; count],
        }
    }

    /// The root of a member, and whether the member is reversed against it. Shortens the way there.
    fn root_of(&mut self, member: u32) -> (u32, bool) {
        let mut root = member;
        let mut is_reversed = false;
        while self.parents[root as usize] != root {
            is_reversed ^= self.is_reversed[root as usize];
            root = self.parents[root as usize];
        }
        let mut at = member;
        let mut of_rest = is_reversed;
        while self.parents[at as usize] != root && at != root {
            let next = self.parents[at as usize];
            let step = self.is_reversed[at as usize];
            self.parents[at as usize] = root;
            self.is_reversed[at as usize] = of_rest;
            of_rest ^= step;
            at = next;
        }
        (root, is_reversed)
    }

    /// Joins the parts of two members, unless they are one already.
    fn join(&mut self, a: u32, b: u32, disagrees: bool) {
        let (of_a, a_reversed) = self.root_of(a);
        let (of_b, b_reversed) = self.root_of(b);
        if of_a == of_b {
            return;
        }
        let [root, child] = [of_a.min(of_b), of_a.max(of_b)];
        self.parents[child as usize] = root;
        self.is_reversed[child as usize] = disagrees ^ a_reversed ^ b_reversed;
    }
}
