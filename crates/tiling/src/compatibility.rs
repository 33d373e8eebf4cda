//! Whether sources can be compared at all: asked before anything is decoded.

use crate::{PointSource, TilingError, plan::is_valid_extent};
use isopach_cloud::Rect;
use isopach_compute::{Error, Result};

/// Refuses sources that have no points, state an impossible place, or do not belong together.
pub(crate) fn check_sources(sources: &[&dyn PointSource]) -> Result<()> {
    sources
        .iter()
        .try_for_each(|source| check_source(*source))?;
    for (i, a) in sources.iter().enumerate() {
        sources[i + 1..]
            .iter()
            .try_for_each(|b| check_pair(*a, *b))?;
    }
    Ok(())
}

/// The rectangle that holds all sources.
pub(crate) fn union_extent(sources: &[&dyn PointSource]) -> Result<Rect> {
    let extents = sources.iter().map(|source| source.extent());
    extents
        .reduce(|a, b| a.union(&b))
        .ok_or_else(|| Error::from(TilingError::NoSource))
}

/// The middle of all heights that the sources state, metres.
pub(crate) fn middle_height(sources: &[&dyn PointSource]) -> f64 {
    let ranges = sources.iter().map(|source| source.height_range());
    ranges
        .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
        .map_or(0.0, |[low, high]| 0.5 * (low + high))
}

fn check_source(source: &dyn PointSource) -> Result<()> {
    let name = source.name();
    if source.point_count() == 0 {
        return Err(TilingError::NoPoints { name }.into());
    }
    if let Some(crs) = source.crs().filter(|crs| !crs.is_metric()) {
        return Err(TilingError::NotMetric {
            name,
            unit: crs.unit.to_string(),
            height_unit: crs.height_unit().to_string(),
        }
        .into());
    }
    let (extent, [low, high]) = (source.extent(), source.height_range());
    if !is_valid_extent(&extent) {
        return Err(TilingError::ExtentNoPlace { name, extent }.into());
    }
    if !(low >= -2e9 && high <= 2e9 && low <= high) {
        return Err(TilingError::HeightsNoPlace { name, low, high }.into());
    }
    Ok(())
}

fn check_pair(a: &dyn PointSource, b: &dyn PointSource) -> Result<()> {
    if let Some(difference) = a
        .crs()
        .zip(b.crs())
        .and_then(|(a, b)| a.find_contradiction(b))
    {
        return Err(TilingError::OtherSystem {
            a: a.name(),
            b: b.name(),
            difference: difference.to_string(),
        }
        .into());
    }
    let [here, there] = [a.extent(), b.extent()];
    if here.intersection(&there).is_none() {
        return Err(TilingError::Apart {
            a: a.name(),
            a_extent: here,
            b: b.name(),
            b_extent: there,
        }
        .into());
    }
    Ok(())
}
