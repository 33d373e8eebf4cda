//! Coordinate reference systems, as far as two epochs must agree on one.

use std::fmt;

/// Unit of the coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// Metre.
    #[default]
    Metre,
    /// International foot, 0.3048 m.
    Foot,
    /// US survey foot, 1200/3937 m.
    SurveyFoot,
    /// Degrees: not a length at all.
    Degree,
    /// Another unit (links, yards): not converted.
    Other,
}

impl LengthUnit {
    /// The unit of so many metres. The two feet are 2 ppm apart, and files state them with as few as seven digits.
    #[must_use]
    pub fn of_metres(metres: f64) -> Self {
        let units = [Self::Metre, Self::Foot, Self::SurveyFoot];
        let near = |unit: &Self| unit.metres().is_some_and(|value| (metres / value - 1.0).abs() < 5e-7);
        units.into_iter().find(near).unwrap_or(Self::Other)
    }

    /// Metres a unit; `None` where it is no length, or not known how long.
    #[must_use]
    pub fn metres(self) -> Option<f64> {
        match self {
            Self::Metre => Some(1.0),
            Self::Foot => Some(0.3048),
            Self::SurveyFoot => Some(1200.0 / 3937.0),
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
            Self::Degree => "degrees",
            Self::Other => "a unit that is not known here",
        })
    }
}

/// A coordinate reference system as a file states it; every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crs {
    /// Well-known text, version 1 or 2, as found.
    pub wkt: Option<String>,
    /// EPSG code of the horizontal (projected or geographic) system.
    pub horizontal: Option<u16>,
    /// EPSG code of the vertical system.
    pub vertical: Option<u16>,
    /// Name that the file gives it, for people.
    pub name: Option<String>,
    /// Unit of easting and northing.
    pub unit: LengthUnit,
    /// Unit of heights where it is stated.
    pub vertical_unit: Option<LengthUnit>,
}

impl Crs {
    /// A system known by its EPSG code alone, in metres.
    #[must_use]
    pub fn epsg(horizontal: u16) -> Self {
        Self { horizontal: Some(horizontal), ..Self::default() }
    }

    /// Unit of heights: that of easting and northing where no other is stated.
    #[must_use]
    pub fn height_unit(&self) -> LengthUnit {
        self.vertical_unit.unwrap_or(self.unit)
    }

    /// Whether coordinates and heights are in metres.
    #[must_use]
    pub fn is_metric(&self) -> bool {
        [self.unit, self.height_unit()] == [LengthUnit::Metre; 2]
    }

    /// What keeps two epochs from being compared: `None` where nothing that both state differs.
    ///
    /// Something that only one of them states is no contradiction.
    #[must_use]
    pub fn contradiction(&self, other: &Self) -> Option<String> {
        fn both<T: PartialEq + fmt::Display>(what: &str, a: Option<T>, b: Option<T>) -> Option<String> {
            match (a, b) {
                (Some(a), Some(b)) if a != b => Some(format!("{what} {a} against {b}")),
                _ => None,
            }
        }
        let names = || match (self.horizontal, other.horizontal) {
            (Some(_), Some(_)) => None, // the codes decide
            _ => both("coordinate system", self.name.as_deref(), other.name.as_deref()),
        };
        both("horizontal EPSG", self.horizontal, other.horizontal)
            .or_else(|| both("vertical EPSG", self.vertical, other.vertical))
            .or_else(|| (self.unit != other.unit).then(|| format!("unit: {} against {}", self.unit, other.unit)))
            .or_else(|| both("vertical unit", self.vertical_unit, other.vertical_unit))
            .or_else(names)
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
        self.vertical.map_or(Ok(()), |code| write!(f, " + vertical EPSG:{code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_state_can_differ() {
        let (utm17, utm33, silent) = (Crs::epsg(26917), Crs::epsg(25833), Crs::default());
        assert!(utm17.contradiction(&utm33).unwrap().contains("26917 against 25833"));
        assert_eq!(utm17.contradiction(&silent), None);
        let cgvd28 = Crs { vertical: Some(5713), ..utm17.clone() };
        let cgvd2013 = Crs { vertical: Some(6647), ..utm17.clone() };
        assert!(cgvd28.contradiction(&cgvd2013).unwrap().contains("vertical"));
        let feet = Crs { unit: LengthUnit::SurveyFoot, ..utm17.clone() };
        assert!(utm17.contradiction(&feet).unwrap().contains("unit"));
    }
}
