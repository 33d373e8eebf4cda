//! The edges of one zone, and which of them lie to the right of a point.
//!
//! A horizontal ray from the point to the right crosses the boundary an odd number of times if the
//! point is inside. An edge counts if the point lies *strictly* left of it and `lower.y <= y <
//! upper.y`. That makes a polygon half open, like [`isopach_cloud::Rect`]: a lower or left boundary
//! is inside, an upper or right one is not. The side is decided by an exact predicate on the edge
//! directed upwards, so two polygons that share an edge agree about every point.

use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};
use geo::coord;

/// A closed ring: the last position repeats the first.
pub(crate) type Ring = Vec<[f64; 2]>;
/// An outer ring, then holes.
pub(crate) type Part = Vec<Ring>;

/// Edges from which a table by strips is made; fewer are all looked at.
const MANY: usize = 64;
/// Entries of the table for each edge, at most on average.
const ENTRIES_PER_EDGE: f64 = 4.0;

/// An edge that is not horizontal, directed upwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    lower: [f64; 2],
    upper: [f64; 2],
    /// Number of the part of the MultiPolygon.
    pub(crate) part: u32,
    /// Whether it is of the outer ring of its part.
    pub(crate) exterior: bool,
}

impl Edge {
    /// The edge between two positions; `None` if it is horizontal.
    pub(crate) fn between(a: [f64; 2], b: [f64; 2], part: u32, exterior: bool) -> Option<Self> {
        match a[1].partial_cmp(&b[1])? {
            std::cmp::Ordering::Less => Some(Self {
                lower: a,
                upper: b,
                part,
                exterior,
            }),
            std::cmp::Ordering::Greater => Some(Self {
                lower: b,
                upper: a,
                part,
                exterior,
            }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Whether a ray from the point to the right crosses the edge.
    #[inline]
    fn is_crossed_from(&self, [x, y]: [f64; 2]) -> bool {
        if y < self.lower[1] || y >= self.upper[1] {
            return false;
        }
        if x < self.lower[0].min(self.upper[0]) {
            return true;
        }
        x < self.lower[0].max(self.upper[0]) && self.has_on_its_left([x, y])
    }

    fn has_on_its_left(&self, point: [f64; 2]) -> bool {
        self.side_of(point) == Orientation::CounterClockwise
    }

    /// Whether the closed edge has the point.
    fn is_on_edge(&self, point: [f64; 2]) -> bool {
        let [_, y] = point;
        self.lower[1] <= y && y <= self.upper[1] && self.side_of(point) == Orientation::Collinear
    }

    /// Side of the edge on which the point lies, exactly.
    fn side_of(&self, point: [f64; 2]) -> Orientation {
        let [lower, upper, point] =
            [self.lower, self.upper, point].map(|[x, y]| coord! { x: x, y: y });
        RobustKernel::orient2d(lower, upper, point)
    }
}

/// The edges of a zone, ordered by part, with a table from horizontal strips to edges if there are
/// many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    all: Vec<Edge>,
    strips: Option<Strips>,
}

impl Edges {
    /// The edges, which must be ordered by part.
    pub(crate) fn new(all: Vec<Edge>) -> Self {
        let strips = if all.len() > MANY {
            Strips::from_edges(&all)
        } else {
            None
        };
        Self { all, strips }
    }

    /// Edges that a ray from the point to the right crosses, ordered by part. O(edges of the
    /// point's strip).
    #[inline]
    pub(crate) fn crossed_from(&self, point: [f64; 2]) -> impl Iterator<Item = &Edge> {
        self.edges_near(point[1])
            .filter(move |edge| edge.is_crossed_from(point))
    }

    /// Whether the point lies exactly on one of the edges that `of_interest` chooses.
    pub(crate) fn have_on_them(
        &self,
        point: [f64; 2],
        of_interest: impl Fn(&Edge) -> bool,
    ) -> bool {
        self.edges_near(point[1])
            .any(|edge| of_interest(edge) && edge.is_on_edge(point))
    }

    /// Edges that may meet a horizontal line, ordered by part.
    #[inline]
    fn edges_near(&self, y: f64) -> impl Iterator<Item = &Edge> {
        let (listed, all): (&[u32], &[Edge]) = match &self.strips {
            Some(strips) => (strips.band_at(y), &[]),
            None => (&[], &self.all),
        };
        let of_strip = listed.iter().map(|edge| &self.all[*edge as usize]);
        of_strip.chain(all)
    }
}

/// Horizontal strips of equal height, each with the numbers of the edges that meet it.
#[derive(Clone, Debug)]
struct Strips {
    bottom: f64,
    per_metre: f64,
    /// `edges[starts[i]..starts[i + 1]]` meet strip `i`.
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl Strips {
    /// Builds the table; `None` if the edges have no height to divide, or are too many to number.
    fn from_edges(all: &[Edge]) -> Option<Self> {
        let bottom = all
            .iter()
            .map(|edge| edge.lower[1])
            .fold(f64::INFINITY, f64::min);
        let top = all
            .iter()
            .map(|edge| edge.upper[1])
            .fold(f64::NEG_INFINITY, f64::max);
        let heights: f64 = all.iter().map(|edge| edge.upper[1] - edge.lower[1]).sum();
        let affordable = (ENTRIES_PER_EDGE - 2.0) * all.len() as f64 * (top - bottom) / heights;
        let count = affordable.min(all.len() as f64).max(1.0).floor();
        let per_metre = count / (top - bottom);
        if !per_metre.is_finite() || all.len() > (1 << 29) {
            return None;
        }
        let mut strips = Self {
            bottom,
            per_metre,
            starts: vec![0; count as usize + 1],
            edges: Vec::new(),
        };
        strips.fill_bands(all);
        Some(strips)
    }

    /// Counts the entries of each strip, then writes them in the order of the edges.
    fn fill_bands(&mut self, all: &[Edge]) {
        let mut counts = vec![0_u32; self.starts.len() - 1];
        for edge in all {
            for strip in self.range_of(edge) {
                counts[strip] += 1;
            }
        }
        let mut total = 0;
        for (start, count) in self.starts.iter_mut().zip(counts.iter().chain([&0])) {
            *start = total;
            total += count;
        }
        self.edges = vec![0; total as usize];
        let mut next = self.starts.clone();
        for (number, edge) in all.iter().enumerate() {
            for strip in self.range_of(edge) {
                self.edges[next[strip] as usize] = number as u32;
                next[strip] += 1;
            }
        }
    }

    fn range_of(&self, edge: &Edge) -> std::ops::RangeInclusive<usize> {
        self.strip_of(edge.lower[1])..=self.strip_of(edge.upper[1])
    }

    /// The strip of a northing: it never falls as the northing grows, so an edge's strips hold
    /// every northing of it.
    #[inline]
    fn strip_of(&self, y: f64) -> usize {
        let strip = ((y - self.bottom) * self.per_metre) as usize;
        strip.min(self.starts.len() - 2)
    }

    #[inline]
    fn band_at(&self, y: f64) -> &[u32] {
        let strip = self.strip_of(y);
        &self.edges[self.starts[strip] as usize..self.starts[strip + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_few_entries_for_each_edge_even_where_all_edges_are_tall() {
        let zigzag: Vec<Edge> = (0..10_000)
            .filter_map(|i| {
                let [low, high] = [f64::from(i), f64::from(i + 1)];
                Edge::between(
                    [low, f64::from(i % 2) * 100.0],
                    [high, f64::from((i + 1) % 2) * 100.0],
                    0,
                    true,
                )
            })
            .collect();
        let strips = Strips::from_edges(&zigzag).unwrap();
        assert!(
            strips.edges.len() <= 4 * zigzag.len(),
            "{}",
            strips.edges.len()
        );
    }

    #[test]
    fn the_table_changes_no_answer() {
        let corner = |i: u32| {
            let angle = f64::from(i) * std::f64::consts::TAU / 500.0;
            let radius = if i.is_multiple_of(2) { 40.0 } else { 90.0 };
            [radius * angle.cos(), radius * angle.sin()]
        };
        let all: Vec<Edge> = (0..500)
            .filter_map(|i| Edge::between(corner(i), corner((i + 1) % 500), 0, true))
            .collect();
        let (table, plain) = (Edges::new(all.clone()), Edges { all, strips: None });
        assert!(table.strips.is_some());
        for i in 0..40_000 {
            let point = [f64::from(i % 200) - 100.0, f64::from(i / 200) - 100.0];
            let [a, b] = [&table, &plain].map(|edges| edges.crossed_from(point).count());
            assert_eq!(a, b, "{point:?}");
        }
    }
}
