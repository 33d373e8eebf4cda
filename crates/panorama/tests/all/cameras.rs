//! Places and rays of cameras, against closed forms and their inverses.

use isopach_panorama::{
    Camera, Equirectangular, Lens, MOST_PIXELS_A_SIDE, PanoramaError, View, ring_views,
};
use proptest::prelude::*;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

fn panorama() -> Equirectangular {
    Equirectangular::new(8192, 4096).unwrap()
}

fn lens(fov_degrees: f64, columns: usize, rows: usize) -> Lens {
    Lens {
        horizontal_fov: fov_degrees.to_radians(),
        columns,
        rows,
    }
}

prop_compose! {
    /// Any view, of a lens up to 150°.
    fn any_view()(
        yaw in -7.0..7.0_f64,
        pitch in -FRAC_PI_2..FRAC_PI_2,
        roll in -7.0..7.0_f64,
        fov in 5.0..150.0_f64,
        columns in 1..3000_usize,
        rows in 1..3000_usize,
    ) -> View {
        View { yaw, pitch, roll, lens: lens(fov, columns, rows) }
    }
}

/// The angle between two directions, without the loss of digits of the arc cosine.
fn angle_between(a: [f64; 3], b: [f64; 3]) -> f64 {
    let cross = [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ];
    let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    length(cross).atan2(dot)
}

proptest! {
    #[test]
    fn a_camera_finds_the_pixel_of_its_ray(view in any_view(), u in 0.0..1.0_f64, v in 0.0..1.0_f64) {
        let camera = Camera::new(view).unwrap();
        let place = [u * view.lens.columns as f64, v * view.lens.rows as f64];
        let back = camera.place_of(camera.ray_of(place)).unwrap();
        for (found, expected) in back.iter().zip(place) {
            prop_assert!((found - expected).abs() < 1e-8, "{place:?} {back:?}");
        }
    }

    #[test]
    fn a_panorama_finds_the_ray_of_its_place(x in 0.0..8192.0_f64, y in 0.0..4096.0_f64) {
        let panorama = panorama();
        let ray = panorama.ray_of([x, y]);
        let again = panorama.ray_of(panorama.place_of(ray));
        prop_assert!(angle_between(ray, again) < 1e-15 * 8.0);
        // Away from the poles, where every x is the same direction.
        if (1.0..4095.0).contains(&y) {
            let [found_x, found_y] = panorama.place_of(ray);
            prop_assert!((found_x - x).abs() < 1e-8 && (found_y - y).abs() < 1e-9);
        }
    }

    #[test]
    fn the_view_back_from_the_panorama_is_the_same_pixel(view in any_view(), u in 0.0..1.0_f64, v in 0.0..1.0_f64) {
        let camera = Camera::new(view).unwrap();
        let place = [u * view.lens.columns as f64, v * view.lens.rows as f64];
        let in_panorama = panorama().place_of(camera.ray_of(place));
        let back = camera.place_of(panorama().ray_of(in_panorama)).unwrap();
        // A pixel of a narrow lens is a small angle: rounding of x is that of an angle times f.
        let bound = 1e-14 * camera.focal_length() * (1.0 + camera.focal_length()) + 1e-8;
        for (found, expected) in back.iter().zip(place) {
            prop_assert!((found - expected).abs() < bound, "{place:?} {back:?}");
        }
    }

    #[test]
    fn a_yaw_shifts_all_places_along_the_row(view in any_view(), turn in -3.0..3.0_f64, u in 0.0..1.0_f64, v in 0.0..1.0_f64) {
        let place = [u * view.lens.columns as f64, v * view.lens.rows as f64];
        let turned = View { yaw: view.yaw + turn, ..view };
        let [[x0, y0], [x1, y1]] =
            [view, turned].map(|view| panorama().place_of(Camera::new(view).unwrap().ray_of(place)));
        let columns = 8192.0;
        let shift = (x1 - x0 - turn / TAU * columns).rem_euclid(columns);
        prop_assert!((y0 - y1).abs() < 1e-8);
        // Within a thousandth of a pixel of a pole, x is any number.
        if (0.001..4095.999).contains(&y0) {
            prop_assert!(shift.min(columns - shift) < 1e-5, "{shift}");
        }
    }

    #[test]
    fn subdivided_pixels_lie_in_their_pixel(view in any_view(), parts in 1..5_usize, column in 0..3000_usize) {
        let column = column % view.lens.columns;
        let fine = Camera::new(View { lens: view.lens.subdivided(parts), ..view }).unwrap();
        let coarse = Camera::new(view).unwrap();
        for part in 0..parts {
            let of_fine = fine.ray_of([(column * parts + part) as f64 + 0.5, 0.5 * parts as f64]);
            let [x, y] = coarse.place_of(of_fine).unwrap();
            let expected = column as f64 + (part as f64 + 0.5) / parts as f64;
            prop_assert!((x - expected).abs() < 1e-8 && (y - 0.5).abs() < 1e-8);
        }
    }
}

#[test]
fn longitudes_of_a_level_view_are_arc_tangents() {
    for yaw_degrees in [-170.0_f64, -45.0, 0.0, 30.0, 179.0] {
        let view = View {
            yaw: yaw_degrees.to_radians(),
            ..View::ahead(lens(100.0, 640, 480))
        };
        let camera = Camera::new(view).unwrap();
        let focal = 320.0 / 50_f64.to_radians().tan();
        for column in [0.5, 100.5, 319.5, 639.5] {
            for row in [0.5, 240.0, 479.5] {
                let [x, y] = panorama().place_of(camera.ray_of([column, row]));
                let turn = ((column - 320.0) / focal).atan();
                let expected = ((view.yaw + turn) / TAU + 0.5).rem_euclid(1.0) * 8192.0;
                let down = ((row - 240.0) / focal * turn.cos()).atan();
                assert!((x - expected).abs() < 1e-9, "{x} {expected}");
                assert!((y - (down / PI + 0.5) * 4096.0).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn a_positive_pitch_looks_up_and_a_roll_turns_about_the_axis() {
    let view = View {
        pitch: 0.5,
        ..View::ahead(lens(60.0, 101, 51))
    };
    let centre = [50.5, 25.5];
    let [x, y] = panorama().place_of(Camera::new(view).unwrap().ray_of(centre));
    assert!((x - 4096.0).abs() < 1e-9);
    assert!((y - (0.5 - 0.5 / PI) * 4096.0).abs() < 1e-9);
    let rolled = Camera::new(View {
        roll: FRAC_PI_2,
        ..view
    })
    .unwrap();
    let upright = Camera::new(view).unwrap();
    assert!(angle_between(rolled.ray_of(centre), upright.ray_of(centre)) < 1e-15);
    // Content on the right of the upright picture comes down in the rolled one.
    let [x, y] = rolled.place_of(upright.ray_of([60.5, 25.5])).unwrap();
    assert!(
        (x - 50.5).abs() < 1e-9 && (y - 35.5).abs() < 1e-9,
        "{x} {y}"
    );
}

#[test]
fn the_vertical_angle_follows_from_square_pixels() {
    // 90° of 1920 columns and 1080 rows: 58.7°, not 50.6° in proportion.
    let fov = lens(90.0, 1920, 1080).vertical_fov().to_degrees();
    assert!((fov - 58.715_507_085).abs() < 1e-8, "{fov}");
}

#[test]
fn coarse_views_average_as_many_places_as_they_skip() {
    let panorama = Equirectangular::new(7680, 3840).unwrap();
    let places = |side| lens(90.0, side, side).places_a_side(panorama);
    assert_eq!(
        [3000, 1920, 1000, 960, 480, 100].map(places),
        [1, 1, 2, 3, 5, 24]
    );
    for side in 50..3000 {
        let spacing = lens(90.0, side, side).coarseness(panorama) / places(side) as f64;
        assert!(spacing <= 1.5, "{side}: {spacing}");
    }
}

#[test]
fn what_is_no_panorama_or_view_is_refused() {
    for [columns, rows] in [[100, 51], [0, 0], [2, 2], [usize::MAX, usize::MAX / 2]] {
        assert!(Equirectangular::new(columns, rows).is_err());
    }
    assert!(Equirectangular::new(4 * MOST_PIXELS_A_SIDE, 2 * MOST_PIXELS_A_SIDE).is_err());
    for fov in [0.0, -1.0, 180.0, f64::NAN, f64::INFINITY] {
        assert!(
            Camera::new(View::ahead(lens(fov, 10, 10))).is_err(),
            "{fov}"
        );
    }
    for [columns, rows] in [[0, 10], [10, 0], [MOST_PIXELS_A_SIDE + 1, 10]] {
        assert!(Camera::new(View::ahead(lens(90.0, columns, rows))).is_err());
    }
    let view = View {
        roll: f64::NAN,
        ..View::ahead(lens(90.0, 10, 10))
    };
    assert!(Camera::new(view).is_err());
    let error = ring_views(0, 0.0, lens(90.0, 10, 10)).unwrap_err();
    assert!(matches!(
        error.find_cause(),
        Some(PanoramaError::NumberOfViews { views: 0, .. })
    ));
}
