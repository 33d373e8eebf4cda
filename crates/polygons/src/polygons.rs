//! All polygons of a file, and which of them have a point.

use crate::{PolygonCrs, PolygonWarning, Zone, zone::box_reaches};
use isopach_cloud::Rect;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

/// Zones among which a tree searches; fewer are all asked.
const FEW: usize = 8;

/// Polygons from a GeoJSON file, to mask a survey: a mask of the places that any of them has, or
/// zones by number.
///
/// Building and reading: [`Polygons::open`], [`Polygons::read`]. Fitting them to a survey:
/// [`Polygons::check`].
#[derive(Clone, Debug)]
pub struct Polygons {
    zones: Vec<Zone>,
    system: PolygonCrs,
    warnings: Vec<PolygonWarning>,
    bounds: Rect,
    /// Tree of the zones' bounds with their numbers; `None` for few zones.
    tree: Option<RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>>,
}

impl Polygons {
    /// At least one zone.
    pub(crate) fn new(zones: Vec<Zone>, system: PolygonCrs, warnings: Vec<PolygonWarning>) -> Self {
        let nowhere = Rect {
            min: [f64::INFINITY; 2],
            max: [f64::NEG_INFINITY; 2],
        };
        let bounds = zones
            .iter()
            .fold(nowhere, |bounds, zone| bounds.union(&zone.bounds()));
        let tree = (zones.len() > FEW).then(|| {
            let boxes = zones
                .iter()
                .map(|zone| Rectangle::from_corners(zone.bounds().min, zone.bounds().max));
            RTree::bulk_load(
                boxes
                    .enumerate()
                    .map(|(number, bounds)| GeomWithData::new(bounds, number))
                    .collect(),
            )
        });
        Self {
            zones,
            system,
            warnings,
            bounds,
            tree,
        }
    }

    /// The zones, in the order of the file. There is at least one.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The coordinate system that the text states.
    #[must_use]
    pub fn crs(&self) -> PolygonCrs {
        self.system
    }

    /// Warnings about the text itself; [`Polygons::check`] repeats them.
    #[must_use]
    pub fn warnings(&self) -> &[PolygonWarning] {
        &self.warnings
    }

    /// The smallest rectangle around all zones, metres.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        self.bounds
    }

    /// Sum of the zones' areas, square metres; NaN if one of them is NaN ([`Zone::area`]). Overlaps
    /// between zones count twice.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.zones.iter().map(Zone::area).sum()
    }

    /// Hash of all names and rings, to notice another mask when a run is continued.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        isopach_compute::fnv1a(
            self.zones
                .iter()
                .flat_map(|zone| zone.fingerprint().to_le_bytes()),
        )
    }

    /// Whether any zone contains `[easting, northing]` (metres); on boundaries as
    /// [`Zone::contains`] says.
    ///
    /// ```
    /// # use isopach_polygons::Polygons;
    /// let ring = r#"{ "type": "Polygon", "coordinates": [
    ///   [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[3, 3], [6, 3], [6, 6], [3, 6], [3, 3]]] }"#;
    /// let stable = Polygons::read(ring)?;
    /// assert!(stable.contains([1.0, 1.0]) && !stable.contains([4.0, 4.0]));
    /// assert_eq!(stable.area(), 72.0);
    /// # Ok::<(), isopach_polygons::PolygonError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, point: [f64; 2]) -> bool {
        box_reaches(&self.bounds, point)
            && self
                .candidate_zones(point)
                .any(|zone| self.zones[zone].contains(point))
    }

    /// Numbers of the zones that contain `[easting, northing]` (metres), ascending. O(log zones)
    /// for many zones without overlaps.
    pub fn zones_of(&self, point: [f64; 2]) -> impl Iterator<Item = usize> + '_ {
        let mut found: Vec<usize> = Vec::new();
        if box_reaches(&self.bounds, point) {
            found.extend(
                self.candidate_zones(point)
                    .filter(|zone| self.zones[*zone].contains(point)),
            );
            found.sort_unstable();
        }
        found.into_iter()
    }

    /// Zones whose bounds may have the point, in no order.
    fn candidate_zones(&self, point: [f64; 2]) -> impl Iterator<Item = usize> + '_ {
        let of_tree = self.tree.iter().flat_map(move |tree| {
            let meeting = tree.locate_in_envelope_intersecting(AABB::from_point(point));
            meeting.map(|zone| zone.data)
        });
        let all = if self.tree.is_none() {
            0..self.zones.len()
        } else {
            0..0
        };
        of_tree.chain(all)
    }
}
