//! The level of the images that suits the points.

use super::options::LevelArg;
use crate::sample::thin_epoch;
use isopach::{
    colour::{ImageCatalogue, LevelChoice},
    compute::Result,
    las::Catalogue,
    tiling::PointSource as _,
};
use isopach_program::listener::Listener;

/// The level that the options ask for.
///
/// The mean distance of points is found by a pass over the survey; not if no image has an overview
/// that could be used: points in the rectangles that the files state are at least as dense as those
/// of the whole rectangles.
pub(super) fn choose_level(
    given: LevelArg,
    points: &Catalogue,
    images: &ImageCatalogue,
    memory: u64,
    listener: &dyn Listener,
) -> Result<LevelChoice> {
    if let LevelArg::Number(level) = given {
        return Ok(LevelChoice::Number(level));
    }
    let largest = LevelChoice::Spacing(largest_spacing(points));
    if images.images().iter().all(|image| largest.of(image) == 0) {
        return Ok(LevelChoice::Number(0));
    }
    let _stage = listener.begin_stage("density");
    let thinned = thin_epoch(points, None, memory)?;
    let spacing = thinned.spacing();
    Ok(spacing.map_or(LevelChoice::Number(0), LevelChoice::Spacing))
}

/// The mean distance of points if they filled the rectangles of their files, metres.
fn largest_spacing(points: &Catalogue) -> f64 {
    let areas = points.files().iter().map(|file| file.extent().area());
    let area: f64 = areas.sum();
    (area / points.point_count().max(1) as f64).sqrt()
}
