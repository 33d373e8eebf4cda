//! The Delaunay triangulation of ground points.

use super::ground::Ground;
use isopach_cloud::{Positions, TICK, TICKS_PER_METRE};
use rayon::prelude::*;
use robust::{Coord, incircle, orient2d};
use spade::{
    DelaunayTriangulation, HasPosition, Point2, PositionInTriangulation, Triangulation as _,
    handles::{FaceHandle, FixedVertexHandle, InnerTag},
};
use std::{cmp::Ordering, collections::BTreeSet};

/// A vertex: a ground point by its position in the list. Ticks are exact in `f64`.
struct Vertex {
    at: Point2<f64>,
    index: u32,
}

impl HasPosition for Vertex {
    type Scalar = f64;

    fn position(&self) -> Point2<f64> {
        self.at
    }
}

type Mesh = DelaunayTriangulation<Vertex>;
type Face<'a> = FaceHandle<'a, InnerTag, Vertex, (), (), ()>;

/// Points of a chunk of queries that one thread looks up, from neighbour to neighbour.
const CHUNK: usize = 1024;

/// Heights of points above the triangles of the ground, metres; NaN outside the hull and where the
/// triangle's circumcircle reaches beyond `max_distance`.
pub(super) fn heights(ground: &Ground, points: Positions<'_>, max_distance: f64) -> Vec<f64> {
    let vertices = ground
        .ticks
        .iter()
        .enumerate()
        .map(|(index, &[x, y, _])| Vertex {
            at: Point2::new(f64::from(x), f64::from(y)),
            index: index as u32,
        });
    let mut unknown = vec![f64::NAN; points.len()];
    // Ticks are finite and within the range of the library: it has no other error.
    let Ok(mesh) = Mesh::bulk_load_stable(vertices.collect()) else {
        return unknown;
    };
    let surface = Surface {
        ground,
        mesh,
        reach: max_distance * TICKS_PER_METRE,
    };
    let shift = points.shift_to(ground.origin);
    unknown
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, heights)| {
            let mut hint = None;
            for (i, height) in heights.iter_mut().enumerate() {
                let ticks = points.ticks()[chunk * CHUNK + i];
                let query: [i64; 3] = std::array::from_fn(|a| i64::from(ticks[a]) + shift[a]);
                *height = surface.height_above(query, &mut hint).unwrap_or(f64::NAN);
            }
        });
    unknown
}

struct Surface<'a> {
    ground: &'a Ground,
    mesh: Mesh,
    /// Largest distance that the surface at a place may depend on, ticks.
    reach: f64,
}

impl Surface<'_> {
    /// Height of a query (ticks about the ground's origin) above the surface, metres.
    fn height_above(&self, query: [i64; 3], hint: &mut Option<FixedVertexHandle>) -> Option<f64> {
        let at = Point2::new(query[0] as f64, query[1] as f64);
        let position = match *hint {
            Some(hint) => self.mesh.locate_with_hint(at, hint),
            None => self.mesh.locate(at),
        };
        match position {
            PositionInTriangulation::OnVertex(vertex) => {
                *hint = Some(vertex);
                let index = self.mesh.vertex(vertex).data().index;
                let below = query[2] - i64::from(self.ground.ticks[index as usize][2]);
                Some(below as f64 * TICK)
            }
            PositionInTriangulation::OnFace(face) => {
                let face = self.mesh.face(face);
                *hint = Some(face.vertices()[0].fix());
                self.height_in(face, query)
            }
            PositionInTriangulation::OnEdge(edge) => {
                let edge = self.mesh.directed_edge(edge);
                *hint = Some(edge.from().fix());
                let sides = [edge.face().as_inner(), edge.rev().face().as_inner()];
                let mut heights = sides.into_iter().flatten();
                heights.find_map(|face| self.height_in(face, query))
            }
            _ => None,
        }
    }

    /// Height above the triangle of a face, or above the one that stands for it where the
    /// triangulation is ambiguous.
    fn height_in(&self, face: Face<'_>, query: [i64; 3]) -> Option<f64> {
        let corners = face.vertices().map(|vertex| vertex.data().index);
        let on_circle = self.all_on_circle(face);
        let mut triangle = if on_circle.len() > 3 {
            self.fan_triangle(&on_circle, query)?
        } else {
            corners
        };
        triangle.sort_unstable();
        self.is_within_reach(triangle, query)
            .then(|| self.height_above_plane(triangle, query))
    }

    /// All vertices on the circumcircle of a face, through faces that share it.
    fn all_on_circle(&self, face: Face<'_>) -> BTreeSet<u32> {
        let first = face.vertices().map(|vertex| vertex.data().index);
        let [a, b, c] = first.map(|index| self.place(index));
        let mut on_circle = BTreeSet::from(first);
        let mut waiting = vec![face];
        while let Some(face) = waiting.pop() {
            for edge in face.adjacent_edges() {
                let Some(beyond) = edge.rev().face().as_inner() else {
                    continue;
                };
                let Some(opposite) = edge.rev().opposite_vertex() else {
                    continue;
                };
                let index = opposite.data().index;
                if incircle(a, b, c, self.place(index)) == 0.0 && on_circle.insert(index) {
                    waiting.push(beyond);
                }
            }
        }
        on_circle
    }

    /// The triangle that contains the query, of those that fan out from the first vertex of a
    /// convex polygon. Vertices are sorted by x, then y: the first is a corner as seen from which
    /// all others lie to one side.
    fn fan_triangle(&self, polygon: &BTreeSet<u32>, query: [i64; 3]) -> Option<[u32; 3]> {
        let mut indices = polygon.iter().copied();
        let first = indices.next()?;
        let origin = self.place(first);
        let mut others: Vec<u32> = indices.collect();
        others.sort_by(|&a, &b| {
            let turn = orient2d(origin, self.place(a), self.place(b));
            // Counter-clockwise; no three points of a circle are on a line.
            0.0_f64.partial_cmp(&turn).unwrap_or(Ordering::Equal)
        });
        let at = Coord {
            x: query[0] as f64,
            y: query[1] as f64,
        };
        let pair = others.windows(2).find(|pair| {
            let [a, b] = [pair[0], pair[1]].map(|index| self.place(index));
            orient2d(origin, a, at) >= 0.0
                && orient2d(a, b, at) >= 0.0
                && orient2d(b, origin, at) >= 0.0
        })?;
        Some([first, pair[0], pair[1]])
    }

    fn place(&self, index: u32) -> Coord<f64> {
        let [x, y, _] = self.ground.ticks[index as usize];
        Coord {
            x: f64::from(x),
            y: f64::from(y),
        }
    }

    /// Whether the circumcircle of a triangle lies within reach of the query.
    fn is_within_reach(&self, triangle: [u32; 3], query: [i64; 3]) -> bool {
        if self.reach == f64::INFINITY {
            return true;
        }
        let [a, b, c] = triangle.map(|index| {
            let [x, y, _] = self.ground.ticks[index as usize];
            [
                (i64::from(x) - query[0]) as f64,
                (i64::from(y) - query[1]) as f64,
            ]
        });
        let [bx, by, cx, cy] = [b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]];
        let twice = 2.0 * (bx * cy - by * cx);
        let [bb, cc] = [bx * bx + by * by, cx * cx + cy * cy];
        let centre = [(cy * bb - by * cc) / twice, (bx * cc - cx * bb) / twice];
        let radius = centre[0].hypot(centre[1]);
        let away = (centre[0] + a[0]).hypot(centre[1] + a[1]);
        away + radius <= self.reach
    }

    /// Height of the query above the plane of a triangle that contains it, metres: exact but for
    /// one division.
    fn height_above_plane(&self, triangle: [u32; 3], query: [i64; 3]) -> f64 {
        let corners = triangle.map(|index| {
            let ticks = self.ground.ticks[index as usize];
            let offset: [i128; 3] =
                std::array::from_fn(|a| i128::from(i64::from(ticks[a]) - query[a]));
            offset
        });
        let area = |a: [i128; 3], b: [i128; 3]| a[0] * b[1] - a[1] * b[0];
        let [a, b, c] = corners;
        let weights = [area(b, c), area(c, a), area(a, b)];
        let whole: i128 = weights.iter().sum();
        let below: i128 = weights
            .iter()
            .zip(corners)
            .map(|(weight, corner)| weight * corner[2])
            .sum();
        -(below as f64 / whole as f64) * TICK
    }
}
