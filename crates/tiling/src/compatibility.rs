//! Whether sources can be compared at all: asked before anything is decoded.

use crate::{PointSource, plan::is_valid_extent};
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
        .ok_or_else(|| Error::InvalidInput("there is no source to read".into()))
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
        return Err(Error::InvalidInput(format!("{name} has no points")));
    }
    if let Some(crs) = source.crs().filter(|crs| !crs.is_metric()) {
        let units = [crs.unit, crs.height_unit()].map(|unit| unit.to_string());
        return Err(Error::InvalidInput(format!(
            "{name} is in {}, heights in {}: convert it to metres",
            units[0], units[1]
        )));
    }
    let (extent, [low, high]) = (source.extent(), source.height_range());
    if !is_valid_extent(&extent) {
        return Err(Error::InvalidInput(format!(
            "{name} states the extent {extent}, which is no place on Earth"
        )));
    }
    if !(low >= -2e9 && high <= 2e9 && low <= high) {
        return Err(Error::InvalidInput(format!(
            "{name} states heights from {low} to {high} m"
        )));
    }
    Ok(())
}

fn check_pair(a: &dyn PointSource, b: &dyn PointSource) -> Result<()> {
    if let Some(difference) = a
        .crs()
        .zip(b.crs())
        .and_then(|(a, b)| a.find_contradiction(b))
    {
        return Err(Error::InvalidInput(format!(
            "{} and {} differ in {difference}",
            a.name(),
            b.name()
        )));
    }
    let [here, there] = [a.extent(), b.extent()];
    if here.intersection(&there).is_none() {
        let a = a.name();
        let b = b.name();
        return Err(Error::InvalidInput(format!(
            "{a} ({here}) and {b} ({there}) do not overlap"
        )));
    }
    Ok(())
}
