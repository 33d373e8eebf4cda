//! Faults of a zone's rings that make its area doubtful, found before it is used.

use crate::{
    PolygonWarning,
    edges::{Edges, Part, Ring},
};
use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};
use geo::coord;
use rstar::{AABB, RTree, RTreeObject};
use std::collections::HashSet;

/// Pairs of edges whose bounds meet that are looked at, for each edge on average.
const PAIRS_PER_EDGE: usize = 64;

/// Doubts about the parts of a zone: at most one warning per kind.
pub(crate) fn find_faults(zone: &str, parts: &[Part], edges: &Edges) -> Vec<PolygonWarning> {
    let mut warnings = Vec::new();
    warnings.extend(find_crossing(zone, parts).or_else(|| corner_twice(zone, parts)));
    warnings.extend(part_within_part(zone, parts, edges));
    warnings.extend(hole_outside(zone, parts, edges));
    warnings
}

/// A straight piece of a ring.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: [f64; 2],
    to: [f64; 2],
    number: usize,
}

impl RTreeObject for Segment {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.from, self.to)
    }
}

fn find_crossing(zone: &str, parts: &[Part]) -> Option<PolygonWarning> {
    let tree = RTree::bulk_load(segments_of(parts));
    let mut pairs_left = tree.size().saturating_mul(PAIRS_PER_EDGE);
    for segment in tree.iter() {
        for other in tree.locate_in_envelope_intersecting(segment.envelope()) {
            if pairs_left == 0 {
                return Some(PolygonWarning::NotChecked {
                    zone: zone.into(),
                    edges: tree.size(),
                });
            }
            pairs_left -= 1;
            if other.number < segment.number && cross_or_overlap(segment, other) {
                return Some(PolygonWarning::RingsCross {
                    zone: zone.into(),
                    at: segment.from,
                });
            }
        }
    }
    None
}

/// Every piece that has a length.
fn segments_of(parts: &[Part]) -> Vec<Segment> {
    let pairs = parts.iter().flatten().flat_map(|ring| ring.windows(2));
    let long = pairs.filter(|pair| pair[0] != pair[1]);
    long.enumerate()
        .map(|(number, pair)| Segment {
            from: pair[0],
            to: pair[1],
            number,
        })
        .collect()
}

/// A ring that visits a corner twice: an eight, whose lobes may turn either way.
fn corner_twice(zone: &str, parts: &[Part]) -> Option<PolygonWarning> {
    let at = parts.iter().flatten().find_map(|ring| {
        let mut seen = HashSet::new();
        let corners = ring
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .map(|pair| pair[0]);
        // Adding zero makes −0 and 0 the same bits.
        corners
            .into_iter()
            .find(|corner| !seen.insert(corner.map(|value| (value + 0.0).to_bits())))
    });
    at.map(|at| PolygonWarning::RingsCross {
        zone: zone.into(),
        at,
    })
}

/// Whether two pieces share more than a point: they cross, or run along each other. Rings may touch
/// in a point.
fn cross_or_overlap(a: &Segment, b: &Segment) -> bool {
    let of_b = [b.from, b.to].map(|end| side_of(a, end));
    if of_b == [Orientation::Collinear; 2] {
        return overlap_of(a, b);
    }
    let of_a = [a.from, a.to].map(|end| side_of(b, end));
    are_opposite(of_a) && are_opposite(of_b)
}

fn side_of(of: &Segment, point: [f64; 2]) -> Orientation {
    let [from, to, point] = [of.from, of.to, point].map(|[x, y]| coord! { x: x, y: y });
    RobustKernel::orient2d(from, to, point)
}

fn are_opposite([a, b]: [Orientation; 2]) -> bool {
    a != b && a != Orientation::Collinear && b != Orientation::Collinear
}

/// Whether two pieces of one line share a stretch.
fn overlap_of(a: &Segment, b: &Segment) -> bool {
    (0..2).any(|axis| {
        let low = a.from[axis]
            .min(a.to[axis])
            .max(b.from[axis].min(b.to[axis]));
        let high = a.from[axis]
            .max(a.to[axis])
            .min(b.from[axis].max(b.to[axis]));
        low < high
    })
}

fn part_within_part(zone: &str, parts: &[Part], edges: &Edges) -> Option<PolygonWarning> {
    if parts.len() < 2 {
        return None;
    }
    let inner = parts.iter().enumerate().find_map(|(number, part)| {
        let outer = part.first()?;
        outer
            .iter()
            .find(|corner| is_inside_another(number as u32, **corner, edges))
            .copied()
    });
    inner.map(|at| PolygonWarning::PartWithinPart {
        zone: zone.into(),
        at,
    })
}

/// Whether a corner of one part lies inside another one, and is no corner or edge that both share.
fn is_inside_another(part: u32, corner: [f64; 2], edges: &Edges) -> bool {
    let others: Vec<u32> = edges
        .crossed_from(corner)
        .map(|edge| edge.part)
        .filter(|other| *other != part)
        .collect();
    others
        .chunk_by(|a, b| a == b)
        .any(|run: &[u32]| run.len() % 2 == 1)
        && !edges.have_on_them(corner, |edge| edge.part != part)
}

fn hole_outside(zone: &str, parts: &[Part], edges: &Edges) -> Option<PolygonWarning> {
    let outside = parts.iter().enumerate().find_map(|(number, part)| {
        let mut holes = part.iter().skip(1);
        holes
            .find(|hole| is_outside(number as u32, hole, edges))?
            .first()
            .copied()
    });
    outside.map(|at| PolygonWarning::HoleOutside {
        zone: zone.into(),
        at,
    })
}

/// Whether no corner of a hole lies inside the outer ring of its part.
fn is_outside(part: u32, hole: &Ring, edges: &Edges) -> bool {
    hole.iter().all(|corner| {
        let crossed = edges
            .crossed_from(*corner)
            .filter(|edge| edge.part == part && edge.exterior);
        crossed.count().is_multiple_of(2)
    })
}
