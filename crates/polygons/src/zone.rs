//! One polygon of a file: a name, parts, holes.

use crate::{
    PolygonWarning,
    edges::{Edge, Edges, Part},
    faults,
};
use geo::{Area, LineString};
use isopach_cloud::Rect;

/// A named area of one or several polygons: one or several parts, each an outer ring and holes.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    bounds: Rect,
    area: f64,
    edges: Edges,
    fingerprint: u64,
}

impl Zone {
    /// Builds a zone from parts whose rings are closed and finite, each with a ring at least; also
    /// returns the warnings about them.
    pub(crate) fn new(name: String, parts: &[Part]) -> (Self, Vec<PolygonWarning>) {
        let edges = Edges::new(edges_of(parts));
        let warnings = faults::find_faults(&name, parts, &edges);
        let area = if warnings.is_empty() {
            parts.iter().map(area_of).sum()
        } else {
            f64::NAN
        };
        let zone = Self {
            bounds: bounds_of(parts),
            area,
            edges,
            fingerprint: fingerprint_of(&name, parts),
            name,
        };
        (zone, warnings)
    }

    /// Its name: the property `name` or `id`, the feature's `id`, or the feature's number from 1.
    /// Unique in a file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rename(&mut self, name: String) {
        self.name = name;
    }

    /// The smallest rectangle around the zone, metres.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        self.bounds
    }

    /// Area without holes, square metres; NaN if a [`PolygonWarning`] reports contradictory rings.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.area
    }

    /// Hash of name and rings, to notice another mask when a run is continued.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether the zone contains `[easting, northing]` (metres).
    ///
    /// The boundary is half open: points
    /// on a left or lower boundary are inside, points on a right or upper one are not. If polygons
    /// share an edge with the same two vertices, exactly one contains a point of that edge; the
    /// test is exact. The even-odd rule applies to a part that crosses itself. Overlapping parts
    /// count once. A NaN is outside. O(edges that meet a narrow horizontal strip).
    ///
    /// ```
    /// # use isopach_polygons::Polygons;
    /// let square = Polygons::read(r#"{ "type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]] }"#)?;
    /// let zone = &square.zones()[0];
    /// assert!(zone.contains([0.0, 0.0]) && zone.contains([8.999, 4.0]));
    /// assert!(!zone.contains([9.0, 4.0]) && !zone.contains([4.0, 9.0]));
    /// # Ok::<(), isopach_polygons::PolygonError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, point: [f64; 2]) -> bool {
        if !box_reaches(&self.bounds, point) {
            return false;
        }
        let mut part = 0;
        let mut inside = false;
        for edge in self.edges.crossed_from(point) {
            if edge.part != part {
                if inside {
                    return true;
                }
                part = edge.part;
            }
            inside = !inside;
        }
        inside
    }
}

fn edges_of(parts: &[Part]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        for (ring_number, ring) in part.iter().enumerate() {
            let pairs = ring.windows(2);
            edges.extend(pairs.filter_map(|pair| {
                Edge::between(pair[0], pair[1], number as u32, ring_number == 0)
            }));
        }
    }
    edges
}

/// Whether closed bounds have a point: polygons are exact, while [`Rect::contains`] rounds to
/// ticks.
pub(crate) fn box_reaches(bounds: &Rect, point: [f64; 2]) -> bool {
    (0..2).all(|axis| (bounds.min[axis]..=bounds.max[axis]).contains(&point[axis]))
}

fn bounds_of(parts: &[Part]) -> Rect {
    let mut bounds = Rect {
        min: [f64::INFINITY; 2],
        max: [f64::NEG_INFINITY; 2],
    };
    for position in parts.iter().flatten().flatten() {
        bounds = bounds.union(&Rect {
            min: *position,
            max: *position,
        });
    }
    bounds
}

/// Area of the outer ring less that of the holes, square metres.
fn area_of(part: &Part) -> f64 {
    let mut rings = part
        .iter()
        .map(|ring| ring.iter().copied().collect::<LineString>());
    let outer = rings.next().unwrap_or_else(LineString::empty);
    geo::Polygon::new(outer, rings.collect()).unsigned_area()
}

fn fingerprint_of(name: &str, parts: &[Part]) -> u64 {
    let lengths = parts
        .iter()
        .flat_map(|part| part.iter().map(|ring| ring.len() as f64));
    let coordinates = parts.iter().flatten().flatten().flatten().copied();
    let numbers = lengths.chain(coordinates).flat_map(f64::to_le_bytes);
    isopach_compute::fnv1a(name.bytes().chain(numbers))
}
