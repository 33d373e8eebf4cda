//! Free directions in words.

use isopach_cloud::FreeDirection;
use nalgebra::{Vector3, Vector6};

/// A direction within 18° of an axis is called by it.
const NEAR: f64 = 0.95;

/// Turns a basis of the free directions so that it lies along the axes as far as it can, and names
/// each.
pub(super) fn name_directions(free: &[Vector6<f64>]) -> Vec<FreeDirection> {
    let mut found: Vec<Vector6<f64>> = Vec::new();
    while found.len() < free.len() {
        let projected = (0..6).map(|axis| project_axis(axis, free, &found));
        let Some(longest) = projected.max_by(|a, b| a.norm().total_cmp(&b.norm())) else {
            break;
        };
        found.push(longest.normalize());
    }
    found
        .iter()
        .map(|vector| FreeDirection {
            unknowns: (*vector).into(),
            description: describe_direction(vector),
        })
        .collect()
}

/// Part of a unit axis in the free space, orthogonal to the directions found.
fn project_axis(axis: usize, free: &[Vector6<f64>], found: &[Vector6<f64>]) -> Vector6<f64> {
    let part = free
        .iter()
        .fold(Vector6::zeros(), |sum: Vector6<f64>, vector| {
            sum + vector * vector[axis]
        });
    found
        .iter()
        .fold(part, |part, known| part - known * known.dot(&part))
}

fn describe_direction(vector: &Vector6<f64>) -> String {
    let turn = Vector3::new(vector[0], vector[1], vector[2]);
    let shift = Vector3::new(vector[3], vector[4], vector[5]);
    let translation = || format!("translation {}", describe_translation(shift));
    let rotation = || format!("rotation {}", describe_rotation_axis(turn));
    let share = shift.norm_squared();
    if share > 0.9 {
        translation()
    } else if share < 0.1 {
        rotation()
    } else {
        format!("{} together with {}", rotation(), translation())
    }
}

fn describe_translation(direction: Vector3<f64>) -> String {
    let unit = direction.normalize();
    if unit.z.abs() > NEAR {
        return "along the vertical".into();
    }
    let (azimuth, dip) = azimuth_and_dip(unit);
    if dip < 5.0 {
        format!("along azimuth {azimuth:.0}°")
    } else {
        format!("along azimuth {azimuth:.0}°, {dip:.0}° down")
    }
}

fn describe_rotation_axis(axis: Vector3<f64>) -> String {
    let unit = axis.normalize();
    if unit.z.abs() > NEAR {
        return "about the vertical".into();
    }
    let (azimuth, dip) = azimuth_and_dip(unit);
    if dip < 5.0 {
        format!("about the horizontal axis along azimuth {azimuth:.0}°")
    } else {
        format!("about the axis along azimuth {azimuth:.0}°, {dip:.0}° down")
    }
}

/// Degrees clockwise from north and below the horizontal, of the end that points down; of a
/// horizontal line, the end below 180°.
fn azimuth_and_dip(unit: Vector3<f64>) -> (f64, f64) {
    let down = if unit.z > 0.0 { -unit } else { unit };
    let dip = (-down.z).clamp(0.0, 1.0).asin().to_degrees();
    let azimuth = down.x.atan2(down.y).to_degrees().rem_euclid(360.0);
    let azimuth = if dip < 5.0 { azimuth % 180.0 } else { azimuth };
    (
        if azimuth.round() >= 180.0 && dip < 5.0 {
            0.0
        } else {
            azimuth
        },
        dip,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: [f64; 6]) -> Vector6<f64> {
        Vector6::from(values).normalize()
    }

    #[test]
    fn directions_are_named_as_surveyors_do() {
        let (sine, cosine) = 30_f64.to_radians().sin_cos();
        let corridor = name_directions(&[vector([0.0, 0.0, 0.0, sine, cosine, 0.0])]);
        assert_eq!(corridor[0].description, "translation along azimuth 30°");
        assert_eq!(
            name_directions(&[vector([0.0, 0.0, -1.0, 0.0, 0.0, 0.0])])[0].description,
            "rotation about the vertical"
        );
        let slope = name_directions(&[vector([0.0, 0.0, 0.0, cosine, 0.0, sine])]);
        assert_eq!(
            slope[0].description,
            "translation along azimuth 270°, 30° down"
        );
    }

    #[test]
    fn a_plane_is_named_by_its_axes_whatever_its_basis() {
        let mixed = [
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, -1.0, 1.0, 0.0],
            [0.0, 0.0, 1.0, -1.0, -2.0, 0.0],
        ];
        let names: Vec<String> = name_directions(&mixed.map(vector))
            .into_iter()
            .map(|free| free.description)
            .collect();
        let expected = [
            "rotation about the vertical",
            "translation along azimuth 0°",
            "translation along azimuth 90°",
        ];
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "{names:?}");
    }
}
