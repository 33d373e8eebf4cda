//! Sets of views that are used often.

use crate::{Lens, PanoramaError, View, rig::MOST_CAMERAS};
use isopach_compute::Result;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, TAU};

/// Pitch of the upper and the lower ring of COLMAP's views.
const COLMAP_PITCH_DEGREES: f64 = 35.0;

/// `count` views all around at one pitch, the first straight ahead, each further to the right.
///
/// # Errors
/// [`PanoramaError::NumberOfViews`] for none or too many.
pub fn ring_views(count: usize, pitch: f64, lens: Lens) -> Result<Vec<View>> {
    if !(1..=MOST_CAMERAS).contains(&count) {
        return Err(PanoramaError::NumberOfViews {
            views: count,
            most: MOST_CAMERAS,
        }
        .into());
    }
    let view_at = |i| View {
        yaw: TAU * i as f64 / count as f64,
        pitch,
        ..View::ahead(lens)
    };
    Ok((0..count).map(view_at).collect())
}

/// The six views of a cube: ahead, right, back, left, up, down. With a field of view of 90° and as
/// many rows as columns they show each direction once.
#[must_use]
pub fn cube_views(lens: Lens) -> Vec<View> {
    let around = (0..4).map(|i| [FRAC_PI_2 * f64::from(i), 0.0]);
    around
        .chain([[0.0, FRAC_PI_2], [0.0, -FRAC_PI_2]])
        .map(|[yaw, pitch]| View {
            yaw,
            pitch,
            ..View::ahead(lens)
        })
        .collect()
}

/// The twelve views of `pycolmap.panorama`, in its order: four to each pitch of −35°, 0° and 35°,
/// those at 35° turned by 45°. Its field of view is 90° in both directions. The views end 10°
/// to 14° short of the poles.
#[must_use]
pub fn colmap_views(lens: Lens) -> Vec<View> {
    let pitch = COLMAP_PITCH_DEGREES.to_radians();
    [[-pitch, 0.0], [0.0, 0.0], [pitch, FRAC_PI_4]]
        .into_iter()
        .flat_map(|[pitch, first]| {
            (0..4).map(move |i| View {
                yaw: first + FRAC_PI_2 * f64::from(i),
                pitch,
                ..View::ahead(lens)
            })
        })
        .collect()
}
