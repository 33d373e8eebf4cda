//! Whether polygons belong to a survey.

use crate::{PolygonCrs, PolygonError, PolygonWarning, Polygons, Result};
use isopach_cloud::{Crs, Rect};

/// Longitudes and latitudes.
const DEGREES: Rect = Rect {
    min: [-180.0, -90.0],
    max: [180.0, 90.0],
};

impl Polygons {
    /// Compares the polygons with the survey that they are to mask: its coordinate system, if
    /// known, and its extent (metres). Returns all warnings for the user, including those about the
    /// text.
    ///
    /// A text without a `crs` member is taken for metres in the survey's system, unless its numbers
    /// can only be degrees: within ±180 and ±90, and nowhere near the survey.
    ///
    /// # Errors
    /// [`PolygonError::Degrees`] and [`PolygonError::OtherSystem`] with the command that
    /// reprojects; [`PolygonError::Apart`] if no zone meets the survey.
    pub fn check(&self, survey: Option<&Crs>, extent: &Rect) -> Result<Vec<PolygonWarning>> {
        let code = survey.and_then(|crs| crs.horizontal);
        let target = code.map_or_else(
            || "EPSG:<code of the survey>".to_string(),
            |code| format!("EPSG:{code}"),
        );
        let meets = self.bounds().intersection(extent).is_some();
        if self.crs().is_degrees() || self.may_be_degrees() && !meets {
            return Err(PolygonError::Degrees {
                bounds: self.bounds(),
                survey: *extent,
                target,
            });
        }
        let mut warnings = self.warnings().to_vec();
        match (self.crs(), survey, code) {
            (PolygonCrs::Epsg(stated), Some(crs), Some(code)) if stated != code => {
                return Err(PolygonError::OtherSystem {
                    polygons: self.crs(),
                    survey: crs.to_string(),
                    target,
                });
            }
            (PolygonCrs::Epsg(_), _, None) => warnings.push(PolygonWarning::SurveySystemNotStated),
            (PolygonCrs::NotStated, ..) => warnings.push(PolygonWarning::SystemNotStated),
            (PolygonCrs::Epsg(_) | PolygonCrs::Degrees, ..) => {}
        }
        self.check_places(extent, &mut warnings)?;
        Ok(warnings)
    }

    fn may_be_degrees(&self) -> bool {
        let bounds = self.bounds();
        let inside = DEGREES.intersection(&bounds) == Some(bounds);
        inside && self.crs() == PolygonCrs::NotStated
    }

    /// Every zone that is outside is named; all of them outside is an error.
    fn check_places(&self, extent: &Rect, warnings: &mut Vec<PolygonWarning>) -> Result<()> {
        let outside = self
            .zones()
            .iter()
            .filter(|zone| zone.bounds().intersection(extent).is_none());
        let named: Vec<PolygonWarning> = outside
            .map(|zone| PolygonWarning::OutsideSurvey {
                zone: zone.name().into(),
            })
            .collect();
        if named.len() == self.zones().len() {
            return Err(PolygonError::Apart {
                bounds: self.bounds(),
                survey: *extent,
            });
        }
        warnings.extend(named);
        Ok(())
    }
}
