//! Zones from GeoJSON text.

use crate::{
    PolygonCrs, PolygonError, PolygonWarning, Polygons, Result, Zone,
    edges::{Part, Ring},
};
use geojson::{
    Feature, FeatureCollection, GeoJson, Geometry, GeometryValue, Position, feature::Id,
};
use serde_json::{Map, Value};
use std::{collections::HashMap, io::Read, path::Path};

/// Longest GeoJSON text that is read, in bytes: 128 MiB, some three million vertices.
pub const MOST_BYTES: u64 = 128 << 20;
/// Coordinates beyond this are no place on Earth, metres.
const FARTHEST: f64 = 2e9;
/// Properties that hold a name, in any case of letters; the first one found is taken.
const NAMES: [&str; 2] = ["name", "id"];
/// Characters of an unknown `crs` member that a message repeats.
const SHOWN: usize = 120;
/// Characters of a name that are kept.
const NAME_LENGTH: usize = 200;

impl Polygons {
    /// Reads a GeoJSON file of Polygon and MultiPolygon features.
    ///
    /// # Errors
    /// [`PolygonError::Io`], and those of [`Polygons::read`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::read(&text_of(path).map_err(|source| PolygonError::Io {
            path: path.into(),
            source,
        })?)
    }

    /// Reads GeoJSON text: a FeatureCollection, a Feature or a geometry.
    ///
    /// Heights are ignored. O(n log n) for n vertices.
    ///
    /// # Errors
    /// [`PolygonError::TooLarge`], [`PolygonError::Malformed`], [`PolygonError::UnknownSystem`],
    /// and a variant for each fault of a feature.
    ///
    /// ```
    /// use isopach_polygons::{PolygonError, Polygons};
    /// let line = r#"{ "type": "LineString", "coordinates": [[0, 0], [9, 9]] }"#;
    /// assert!(matches!(Polygons::read(line), Err(PolygonError::NotAnArea { found: "LineString", .. })));
    /// ```
    pub fn read(text: &str) -> Result<Self> {
        let bytes = text.len() as u64;
        if bytes > MOST_BYTES {
            return Err(PolygonError::TooLarge {
                bytes,
                most: MOST_BYTES,
            });
        }
        // a byte order mark, which Windows programs write
        let text = text.trim_start_matches('\u{feff}');
        let parsed: GeoJson = text
            .parse()
            .map_err(|error: geojson::Error| PolygonError::Malformed(error.to_string()))?;
        match parsed {
            GeoJson::FeatureCollection(collection) => collection_to_polygons(collection),
            GeoJson::Feature(feature) => {
                let system = crs_of_members(feature.foreign_members.as_ref())?;
                features_to_polygons(vec![feature], system)
            }
            GeoJson::Geometry(geometry) => {
                let system = crs_of_members(geometry.foreign_members.as_ref())?;
                features_to_polygons(
                    vec![Feature {
                        geometry: Some(geometry),
                        ..Feature::default()
                    }],
                    system,
                )
            }
        }
    }
}

/// The text of a file, or one byte more than is allowed of it.
fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// The system that a `crs` member of the 2008 specification names: a URN, a URL, or "EPSG:32617".
fn crs_of_members(members: Option<&Map<String, Value>>) -> Result<PolygonCrs> {
    match members.and_then(|members| members.get("crs")) {
        None | Some(Value::Null) => Ok(PolygonCrs::NotStated),
        Some(member) => {
            let name = member.pointer("/properties/name").and_then(Value::as_str);
            name.and_then(PolygonCrs::from_name)
                .ok_or_else(|| unknown_crs(member))
        }
    }
}

fn unknown_crs(member: &Value) -> PolygonError {
    let text = member.to_string();
    let shown: String = text.chars().take(SHOWN).collect();
    PolygonError::UnknownSystem {
        found: if shown.len() < text.len() {
            format!("{shown}…")
        } else {
            shown
        },
    }
}

fn collection_to_polygons(collection: FeatureCollection) -> Result<Polygons> {
    let system = crs_of_members(collection.foreign_members.as_ref())?;
    features_to_polygons(collection.features, system)
}

fn features_to_polygons(features: Vec<Feature>, system: PolygonCrs) -> Result<Polygons> {
    let mut zones = Vec::with_capacity(features.len());
    let mut warnings = Vec::new();
    let mut names = HashMap::new();
    for (index, feature) in features.into_iter().enumerate() {
        let (mut zone, found): (Zone, Vec<PolygonWarning>) = zone_of(index + 1, feature)?;
        warnings.extend(found);
        zone.rename(unused_name(zone.name(), &mut names));
        zones.push(zone);
    }
    if zones.is_empty() {
        return Err(PolygonError::Empty);
    }
    Ok(Polygons::new(zones, system, warnings))
}

/// The name, with a number behind it where another zone has it already. `used` holds the next
/// number to try.
fn unused_name(name: &str, used: &mut HashMap<String, u64>) -> String {
    let mut candidate = name.to_string();
    while used.contains_key(&candidate) {
        let next = used.entry(name.to_string()).or_insert(1);
        *next += 1;
        candidate = format!("{name} ({next})");
    }
    used.insert(candidate.clone(), 1);
    candidate
}

fn zone_of(number: usize, feature: Feature) -> Result<(Zone, Vec<PolygonWarning>)> {
    let name = name_of(&feature).unwrap_or_else(|| number.to_string());
    let label = format!("feature {number} ({name})");
    let parts = match feature.geometry.map(|geometry: Geometry| geometry.value) {
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        Some(other) => {
            return Err(PolygonError::NotAnArea {
                feature: label,
                found: other.type_name(),
            });
        }
        None => {
            return Err(PolygonError::NotAnArea {
                feature: label,
                found: "feature without geometry",
            });
        }
    };
    if parts.is_empty() || parts.iter().any(Vec::is_empty) {
        return Err(PolygonError::NotAnArea {
            feature: label,
            found: "polygon without a ring",
        });
    }
    let mut ring_number = 0;
    let mut checked = Vec::with_capacity(parts.len());
    for part in parts {
        let mut rings: Part = Vec::with_capacity(part.len());
        for ring in part {
            rings.push(ring_of(&ring, &label, ring_number)?);
            ring_number += 1;
        }
        checked.push(rings);
    }
    Ok(Zone::new(name, &checked))
}

/// A name that the feature's properties or its id give: a text that is not blank, or a number.
fn name_of(feature: &Feature) -> Option<String> {
    let of_properties = NAMES.iter().find_map(|wanted| {
        let mut properties = feature.properties.iter().flatten();
        properties.find_map(|(key, value)| {
            if key.eq_ignore_ascii_case(wanted) {
                text_of_value(value)
            } else {
                None
            }
        })
    });
    of_properties.or_else(|| match &feature.id {
        Some(Id::String(text)) => printable(text),
        Some(Id::Number(number)) => Some(number.to_string()),
        None => None,
    })
}

fn text_of_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => printable(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text without control characters, shortened; `None` if nothing is left.
fn printable(text: &str) -> Option<String> {
    let clean: String = text
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_LENGTH)
        .collect();
    (!clean.is_empty()).then_some(clean)
}

fn ring_of(positions: &[Position], feature: &str, ring: usize) -> Result<Ring> {
    let feature = || feature.to_string();
    let mut corners = Vec::with_capacity(positions.len());
    for position in positions {
        let [x, y] = [0, 1].map(|axis| position.as_slice().get(axis).copied().unwrap_or(f64::NAN));
        let impossible = [x, y]
            .into_iter()
            .find(|value| value.is_nan() || value.abs() > FARTHEST);
        if let Some(value) = impossible {
            return Err(PolygonError::NoPlace {
                feature: feature(),
                ring,
                value,
            });
        }
        corners.push([x, y]);
    }
    let &[first, .., last] = corners.as_slice() else {
        return Err(PolygonError::RingTooShort {
            feature: feature(),
            ring,
            positions: corners.len(),
        });
    };
    if first != last {
        return Err(PolygonError::RingNotClosed {
            feature: feature(),
            ring,
            first,
            last,
        });
    }
    if corners.len() < 4 {
        return Err(PolygonError::RingTooShort {
            feature: feature(),
            ring,
            positions: corners.len(),
        });
    }
    Ok(corners)
}
