//! Polygons of the user: stable ground, and areas whose volumes are listed separately.

use crate::{options::ChangeOptions, warnings::Warnings};
use isopach::{
    compute::{Error, Result},
    polygons::Polygons,
    tiling::PointSource,
};
use std::{path::Path, sync::Arc};

/// The polygons of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    /// Ground that did not change.
    pub(crate) stable: Option<Arc<Polygons>>,
    /// Zones of volumes.
    pub(crate) areas: Option<Arc<Polygons>>,
}

impl Masks {
    /// Reads and checks them against the survey's extent and coordinate system.
    pub(crate) fn open(
        options: &ChangeOptions,
        survey: &dyn PointSource,
        warnings: &mut Warnings,
    ) -> Result<Self> {
        let mut read = |path: &Option<std::path::PathBuf>| {
            path.as_deref()
                .map(|path| open(path, survey, warnings))
                .transpose()
        };
        Ok(Self {
            stable: read(&options.stable)?,
            areas: read(&options.areas)?,
        })
    }

    /// Whether a place (absolute metres) counts as stable: everywhere if no polygons were given.
    pub(crate) fn is_stable(&self, [x, y, _]: [f64; 3]) -> bool {
        self.stable
            .as_ref()
            .is_none_or(|stable| stable.contains([x, y]))
    }

    /// Fingerprint of the masks, for a run that is continued.
    pub(crate) fn hash_polygons(&self) -> serde_json::Value {
        serde_json::json!([fingerprint_of(&self.stable), fingerprint_of(&self.areas)])
    }
}

/// The fingerprint of polygons, hexadecimal.
fn fingerprint_of(polygons: &Option<Arc<Polygons>>) -> Option<String> {
    polygons
        .as_ref()
        .map(|p| format!("{:016x}", p.fingerprint()))
}

fn open(path: &Path, survey: &dyn PointSource, warnings: &mut Warnings) -> Result<Arc<Polygons>> {
    let named = |error: isopach::polygons::PolygonError| {
        Error::source(format!("{}: {error}", path.display()))
    };
    let polygons = Polygons::open(path).map_err(named)?;
    for warning in polygons
        .check(survey.crs(), &survey.extent())
        .map_err(named)?
    {
        warnings.add(format!("{}: {warning}", path.display()));
    }
    Ok(Arc::new(polygons))
}
