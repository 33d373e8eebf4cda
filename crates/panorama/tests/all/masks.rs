//! Masks: each direction belongs to one camera.

use isopach_panorama::{Equirectangular, Lens, Rig, View, colmap_views, cube_views, ring_views};
use proptest::prelude::*;

fn square(fov_degrees: f64, side: usize) -> Lens {
    Lens {
        horizontal_fov: fov_degrees.to_radians(),
        columns: side,
        rows: side,
    }
}

/// Pixels of the panorama by the number of cameras that they belong to.
fn owners_of_pixels(rig: &Rig) -> [usize; 2] {
    let panorama = Equirectangular::new(360, 180).unwrap();
    let mut counts = [0; 2];
    for row in 0..180 {
        for column in 0..360 {
            let ray = panorama.ray_of([f64::from(column) + 0.5, f64::from(row) + 0.5]);
            let owner = rig.owner_of(ray);
            counts[usize::from(owner.is_some())] += 1;
            let seen: Vec<usize> = (0..rig.cameras().len())
                .filter(|&camera| rig.cameras()[camera].sees(ray))
                .collect();
            assert_eq!(owner.is_some(), !seen.is_empty());
            let nearest = seen
                .iter()
                .map(|&camera| rig.cameras()[camera].along_axis(ray))
                .fold(f64::NEG_INFINITY, f64::max);
            if let Some(owner) = owner {
                assert!(seen.contains(&owner));
                assert!(rig.cameras()[owner].along_axis(ray) >= nearest);
            }
        }
    }
    counts
}

/// Whether the mask of each camera is where directions belong to it.
fn assert_masks_are_owners(rig: &Rig) {
    for (number, camera) in rig.cameras().iter().enumerate() {
        let mask = rig.mask_of(number);
        let lens = camera.view().lens;
        for (i, value) in mask.iter().enumerate() {
            let centre = [i % lens.columns, i / lens.columns].map(|at| at as f64 + 0.5);
            let owner = rig.owner_of(camera.ray_of(centre));
            assert_eq!(*value == 255, owner == Some(number), "{number} {centre:?}");
        }
    }
}

#[test]
fn a_cube_owns_every_pixel_once() {
    let rig = Rig::new(&cube_views(square(90.0, 40))).unwrap();
    assert_eq!(owners_of_pixels(&rig), [0, 360 * 180]);
    assert_masks_are_owners(&rig);
    // A cube of 90° does not overlap: all of every view is used.
    assert!((0..6).all(|number| rig.mask_of(number).iter().all(|value| *value == 255)));
}

#[test]
fn twelve_views_own_all_but_the_poles() {
    let rig = Rig::new(&colmap_views(square(90.0, 30))).unwrap();
    let [outside, once] = owners_of_pixels(&rig);
    assert_eq!(outside + once, 360 * 180);
    assert!(outside > 0);
    let panorama = Equirectangular::new(360, 180).unwrap();
    for row in 0..180 {
        for column in 0..360 {
            let ray = panorama.ray_of([f64::from(column) + 0.5, f64::from(row) + 0.5]);
            let from_pole = (f64::from(row) + 0.5).min(179.5 - f64::from(row));
            if rig.owner_of(ray).is_none() {
                assert!(from_pole < 14.0, "{column} {row}");
            } else {
                assert!(from_pole > 10.0, "{column} {row}");
            }
        }
    }
    assert_masks_are_owners(&rig);
}

#[test]
fn a_narrow_view_does_not_take_what_it_does_not_see() {
    let narrow = View {
        yaw: 0.3,
        ..View::ahead(square(10.0, 20))
    };
    let rig = Rig::new(&[View::ahead(square(90.0, 30)), narrow]).unwrap();
    // Nearer to the axis of the narrow view, but outside its picture.
    let ray = [0.3_f64.sin(), 0.2, 0.3_f64.cos()];
    assert!(rig.cameras()[1].along_axis(ray) > rig.cameras()[0].along_axis(ray));
    assert_eq!(rig.owner_of(ray), Some(0));
    assert_masks_are_owners(&rig);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn masks_of_rings_are_owners(count in 1..9_usize, pitch in -1.5..1.5_f64, fov in 20.0..140.0_f64, side in 5..30_usize) {
        let rig = Rig::new(&ring_views(count, pitch, square(fov, side)).unwrap()).unwrap();
        assert_masks_are_owners(&rig);
        owners_of_pixels(&rig);
    }
}
