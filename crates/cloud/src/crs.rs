//! Coordinate reference systems, as far as two epochs must agree on one.

use std::fmt;

/// Unit of length of a coordinate reference system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LengthUnit {
    /// Metre.
    #[default]
    Metre,
    /// International foot, 0.3048 m.
    Foot,
    /// US survey foot, 1200/3937 m.
    SurveyFoot,
    /// Clarke's foot, 0.3047972654 m: of surveys of the Caribbean and Africa.
    ClarkeFoot,
    /// Degrees: not a length at all.
    Degree,
    /// Another unit (links, yards): not converted.
    Other,
}

impl LengthUnit {
    /// The unit of `metres` metres, to within 0.5 ppm. The two feet are 2 ppm apart, and files
    /// state them with as few as seven digits.
    #[must_use]
    pub fn from_metres(metres: f64) -> Self {
        let units = [Self::Metre, Self::Foot, Self::SurveyFoot, Self::ClarkeFoot];
        units
            .into_iter()
            .find(|unit: &Self| {
                unit.metres()
                    .is_some_and(|value| (metres / value - 1.0).abs() < 5e-7)
            })
            .unwrap_or(Self::Other)
    }

    /// The unit of an EPSG unit code, as in GeoTIFF keys; [`Self::Other`] for all but 9001, 9002,
    /// 9003 and 9005.
    #[must_use]
    pub fn from_epsg(code: u16) -> Self {
        match code {
            9001 => Self::Metre,
            9002 => Self::Foot,
            9003 => Self::SurveyFoot,
            9005 => Self::ClarkeFoot,
            _ => Self::Other,
        }
    }

    /// Metres per unit; `None` for degrees and unknown units.
    #[must_use]
    pub fn metres(self) -> Option<f64> {
        match self {
            Self::Metre => Some(1.0),
            Self::Foot => Some(0.3048),
            Self::SurveyFoot => Some(1200.0 / 3937.0),
            Self::ClarkeFoot => Some(0.304_797_265_4),
            Self::Degree | Self::Other => None,
        }
    }
}

impl fmt::Display for LengthUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metre => "metres",
            Self::Foot => "international feet",
            Self::SurveyFoot => "US survey feet",
            Self::ClarkeFoot => "Clarke's feet",
            Self::Degree => "degrees",
            Self::Other => "a unit that is not known here",
        })
    }
}

/// Kind of coordinates of a reference system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CrsKind {
    /// Lengths in a plane: a projected system, a local or engineering grid, a projected system
    /// derived from another.
    #[default]
    Plane,
    /// Longitude and latitude.
    Geographic,
    /// X, Y and Z from the centre of the Earth.
    Geocentric,
    /// A system derived from a geographic one by an operation of its own: no plane.
    Derived,
    /// The file states a system that cannot be understood.
    Unreadable,
}

impl fmt::Display for CrsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plane => "coordinates in a plane",
            Self::Geographic => "longitude and latitude",
            Self::Geocentric => "geocentric X, Y, Z",
            Self::Derived => "a derived system that is no plane",
            Self::Unreadable => "a system that cannot be read",
        })
    }
}

/// Zero of the heights: vertical datum and geoid model, as far as a file states them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VerticalReference {
    /// Name of the vertical system, for people.
    pub name: Option<String>,
    /// Key of the vertical datum: an EPSG code of the datum, or its name in lower case without
    /// punctuation; "ellipsoid" for heights above one.
    pub datum: Option<String>,
    /// Name of the geoid model in lower case without punctuation: "geoid18", "egm2008".
    pub geoid: Option<String>,
}

impl VerticalReference {
    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A coordinate reference system as a file states it; every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Crs {
    /// Kind of coordinates.
    pub kind: CrsKind,
    /// Well-known text, version 1 or 2, as found.
    pub wkt: Option<String>,
    /// Well-known text of the horizontal system alone, extracted from a compound or bound system.
    pub plane: Option<String>,
    /// EPSG code of the horizontal (projected or geographic) system.
    pub horizontal: Option<u16>,
    /// EPSG code of the vertical system.
    pub vertical: Option<u16>,
    /// Name that the file gives it, for people.
    pub name: Option<String>,
    /// Unit of easting and northing.
    pub unit: LengthUnit,
    /// Unit of heights, if stated.
    pub vertical_unit: Option<LengthUnit>,
    /// Zero of the heights: vertical datum and geoid model.
    pub heights: VerticalReference,
    /// Coordinate epoch in a dynamic frame, decimal years as stated.
    pub epoch: Option<String>,
    /// Datum, method and parameters of the horizontal system in SI units, in a canonical text:
    /// equal for equal systems, in any dialect of the file.
    pub definition: Option<String>,
}

/// Coordinate epochs closer than this, in years, are one.
const SAME_EPOCH: f64 = 0.005;

impl Crs {
    /// A system known only by its EPSG code, in metres.
    #[must_use]
    pub fn from_epsg(horizontal: u16) -> Self {
        Self {
            horizontal: Some(horizontal),
            ..Self::default()
        }
    }

    /// Unit of heights: the vertical unit if stated, otherwise that of easting and northing.
    #[must_use]
    pub fn height_unit(&self) -> LengthUnit {
        self.vertical_unit.unwrap_or(self.unit)
    }

    /// Whether coordinates and heights are in metres.
    #[must_use]
    pub fn is_metric(&self) -> bool {
        self.kind == CrsKind::Plane && [self.unit, self.height_unit()] == [LengthUnit::Metre; 2]
    }

    /// Describes the difference that keeps two epochs from being compared; `None` if all parts that
    /// both state agree.
    ///
    /// Something that only one of them states is no contradiction: [`Self::unstated_parts`] tells
    /// that.
    #[must_use]
    pub fn find_contradiction(&self, other: &Self) -> Option<String> {
        self.compare_kinds(other)
            .or_else(|| self.compare_horizontals(other))
            .or_else(|| self.compare_verticals(other))
            .or_else(|| {
                (self.unit != other.unit)
                    .then(|| format!("unit: {} against {}", self.unit, other.unit))
            })
            .or_else(|| {
                describe_difference("vertical unit", self.vertical_unit, other.vertical_unit)
            })
            .or_else(|| self.compare_epochs(other))
    }

    /// Names the parts that only one of the two states, so that they cannot be compared.
    #[must_use]
    pub fn unstated_parts(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            (
                "the vertical system",
                self.has_vertical(),
                other.has_vertical(),
            ),
            (
                "the geoid model",
                self.heights.geoid.is_some(),
                other.heights.geoid.is_some(),
            ),
            (
                "the coordinate epoch",
                self.epoch.is_some(),
                other.epoch.is_some(),
            ),
        ];
        parts
            .iter()
            .filter(|(_, here, there)| here != there)
            .map(|(what, ..)| *what)
            .collect()
    }

    /// Whether a vertical datum, geoid model or vertical code is stated.
    #[must_use]
    pub fn has_vertical(&self) -> bool {
        self.vertical.is_some() || !self.heights.is_empty()
    }

    fn compare_kinds(&self, other: &Self) -> Option<String> {
        (self.kind != other.kind).then(|| format!("kind: {} against {}", self.kind, other.kind))
    }

    /// Compares horizontal systems: by EPSG code, then by definition, in any dialect, and by name
    /// if neither is available.
    fn compare_horizontals(&self, other: &Self) -> Option<String> {
        match (self.horizontal, other.horizontal) {
            (Some(a), Some(b)) if a == b => return None,
            _ => {}
        }
        let definitions = self.definition.as_ref().zip(other.definition.as_ref());
        match definitions.map(|(here, there)| here == there) {
            Some(true) => None,
            Some(false) => Some(match (self.horizontal, other.horizontal) {
                (Some(a), Some(b)) => format!("horizontal EPSG {a} against {b}"),
                _ => format!(
                    "coordinate system {} against {}",
                    self.horizontal_label(),
                    other.horizontal_label()
                ),
            }),
            None => describe_difference("horizontal EPSG", self.horizontal, other.horizontal)
                .or_else(|| {
                    let coded = self.horizontal.is_some() && other.horizontal.is_some();
                    if coded {
                        None
                    } else {
                        describe_difference(
                            "coordinate system",
                            self.name.as_deref(),
                            other.name.as_deref(),
                        )
                    }
                }),
        }
    }

    /// Code or name of the horizontal system, for messages.
    fn horizontal_label(&self) -> String {
        match (&self.name, self.horizontal) {
            (_, Some(code)) => format!("EPSG:{code}"),
            (Some(name), None) => name.clone(),
            (None, None) => "a system without a name".into(),
        }
    }

    /// Name or code of the vertical system, for messages.
    fn vertical_label(&self) -> String {
        match (&self.heights.name, &self.heights.datum, self.vertical) {
            (Some(name), ..) => name.clone(),
            (None, _, Some(code)) => format!("EPSG:{code}"),
            (None, Some(datum), None) => datum.clone(),
            (None, None, None) => "not stated".into(),
        }
    }

    /// Compares vertical systems by datum if both are known, because one datum has a code for each
    /// unit.
    fn compare_verticals(&self, other: &Self) -> Option<String> {
        let a = &self.heights;
        let b = &other.heights;
        let found = match (&a.datum, &b.datum) {
            (Some(here), Some(there)) if here == there => None,
            (Some(_), Some(_)) => Some(format!(
                "vertical system {} against {}",
                self.vertical_label(),
                other.vertical_label()
            )),
            _ => describe_difference("vertical EPSG", self.vertical, other.vertical),
        };
        found.or_else(|| describe_difference("geoid model", a.geoid.as_deref(), b.geoid.as_deref()))
    }

    fn compare_epochs(&self, other: &Self) -> Option<String> {
        let a = self.epoch.as_ref()?;
        let b = other.epoch.as_ref()?;
        let is_same = match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() < SAME_EPOCH,
            _ => a == b,
        };
        (!is_same).then(|| format!("coordinate epoch {a} against {b}"))
    }
}

/// Describes the difference of two stated values.
fn describe_difference<T: PartialEq + fmt::Display>(
    what: &str,
    a: Option<T>,
    b: Option<T>,
) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Some(format!("{what} {a} against {b}")),
        _ => None,
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.horizontal) {
            (Some(name), Some(code)) => write!(f, "{name} (EPSG:{code})")?,
            (Some(name), None) => write!(f, "{name}")?,
            (None, Some(code)) => write!(f, "EPSG:{code}")?,
            (None, None) => write!(f, "unnamed coordinate system")?,
        }
        match (&self.heights.name, self.vertical) {
            (_, Some(code)) => write!(f, " + vertical EPSG:{code}")?,
            (Some(name), None) => write!(f, " + {name}")?,
            (None, None) => {}
        }
        self.epoch
            .as_ref()
            .map_or(Ok(()), |epoch| write!(f, ", epoch {epoch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_state_can_differ() {
        let (utm17, utm33, silent) = (Crs::from_epsg(26917), Crs::from_epsg(25833), Crs::default());
        assert!(
            utm17
                .find_contradiction(&utm33)
                .unwrap()
                .contains("26917 against 25833")
        );
        assert_eq!(utm17.find_contradiction(&silent), None);
        let cgvd28 = Crs {
            vertical: Some(5713),
            ..utm17.clone()
        };
        let cgvd2013 = Crs {
            vertical: Some(6647),
            ..utm17.clone()
        };
        assert!(
            cgvd28
                .find_contradiction(&cgvd2013)
                .unwrap()
                .contains("vertical")
        );
        let feet = Crs {
            unit: LengthUnit::SurveyFoot,
            ..utm17.clone()
        };
        assert!(utm17.find_contradiction(&feet).unwrap().contains("unit"));
        let geocentric = Crs {
            kind: CrsKind::Geocentric,
            ..utm17.clone()
        };
        assert!(
            utm17
                .find_contradiction(&geocentric)
                .unwrap()
                .contains("kind")
                && !geocentric.is_metric()
        );
    }

    #[test]
    fn units_are_known_by_size_and_by_number() {
        let numbered = [
            (9001, LengthUnit::Metre),
            (9002, LengthUnit::Foot),
            (9003, LengthUnit::SurveyFoot),
            (9005, LengthUnit::ClarkeFoot),
        ];
        for (code, unit) in numbered {
            let metres = unit.metres().unwrap();
            assert_eq!(
                (LengthUnit::from_epsg(code), LengthUnit::from_metres(metres)),
                (unit, unit)
            );
            let seven_digits = (metres * 1e7).round() / 1e7;
            assert_eq!(LengthUnit::from_metres(seven_digits), unit);
        }
        assert_eq!(LengthUnit::from_epsg(9062), LengthUnit::Other, "a link");
        assert_eq!(LengthUnit::from_metres(0.9144), LengthUnit::Other, "a yard");
    }

    #[test]
    fn definitions_decide_where_codes_and_names_differ() {
        let with = |name: &str, definition: &str, horizontal: Option<u16>| Crs {
            name: Some(name.into()),
            definition: Some(definition.into()),
            horizontal,
            ..Crs::default()
        };
        let (ogc, esri) = (
            with("WGS 84 / UTM zone 17N", "a", Some(32617)),
            with("WGS_1984_UTM_Zone_17N", "a", None),
        );
        assert_eq!(ogc.find_contradiction(&esri), None);
        assert_eq!(
            ogc.find_contradiction(&with("x", "a", Some(4))),
            None,
            "another order of axes has another code"
        );
        let other = ogc.find_contradiction(&with("y", "b", None)).unwrap();
        assert!(other.contains("EPSG:32617 against y"), "{other}");
    }

    #[test]
    fn heights_are_compared_by_datum_geoid_and_epoch() {
        let of =
            |datum: &str, geoid: Option<&str>, vertical: Option<u16>, epoch: Option<&str>| Crs {
                vertical,
                heights: VerticalReference {
                    name: None,
                    datum: Some(datum.into()),
                    geoid: geoid.map(Into::into),
                },
                epoch: epoch.map(Into::into),
                ..Crs::from_epsg(6339)
            };
        let metres = of("5103", Some("geoid12b"), Some(5703), Some("2010.0"));
        assert_eq!(
            metres.find_contradiction(&of("5103", Some("geoid12b"), Some(6360), Some("2010"))),
            None
        );
        let differ = |other: &Crs| metres.find_contradiction(other).unwrap();
        assert!(
            differ(&of("5103", Some("geoid18"), Some(5703), None))
                .contains("geoid12b against geoid18")
        );
        assert!(differ(&of("ellipsoid", None, None, None)).contains("vertical system"));
        assert!(
            differ(&of("5103", None, None, Some("2023")))
                .contains("coordinate epoch 2010.0 against 2023")
        );
        assert_eq!(
            metres.unstated_parts(&Crs::from_epsg(6339)),
            [
                "the vertical system",
                "the geoid model",
                "the coordinate epoch"
            ]
        );
    }
}
