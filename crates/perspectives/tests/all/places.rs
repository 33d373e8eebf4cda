//! The maps that frames are remapped by, against rays that are computed another way.

use isopach_panorama::{Camera, Equirectangular, Lens, View};
use isopach_raster::gather::{Edges, Gathering, PlaceMap};

/// Deviation of a place that no view may have, pixels of the panorama.
const BOUND: f64 = 0.001;

/// Random numbers from 0 to 1 (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        (isopach_compute::splitmix64(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.next()
    }
}

/// A vector turned about an axis of length 1 by an angle (Rodrigues).
fn turned(v: [f64; 3], axis: [f64; 3], angle: f64) -> [f64; 3] {
    let dot: f64 = v.iter().zip(axis).map(|(a, b)| a * b).sum();
    let cross = [
        axis[1] * v[2] - axis[2] * v[1],
        axis[2] * v[0] - axis[0] * v[2],
        axis[0] * v[1] - axis[1] * v[0],
    ];
    [0, 1, 2]
        .map(|i| v[i] * angle.cos() + cross[i] * angle.sin() + axis[i] * dot * (1.0 - angle.cos()))
}

/// The ray of a pixel: its direction in the picture is turned by roll, pitch and yaw about the
/// axes of the panorama, one after the other.
fn ray_by_turns(view: &View, [x, y]: [f64; 2]) -> [f64; 3] {
    let half = (view.lens.horizontal_fov / 2.0).tan();
    let columns = view.lens.columns as f64;
    let right = half * (2.0 * x / columns - 1.0);
    let down = half * (2.0 * y - view.lens.rows as f64) / columns;
    let ray = [right, down, 1.0];
    let ray = turned(ray, [0.0, 0.0, 1.0], -view.roll);
    let ray = turned(ray, [1.0, 0.0, 0.0], view.pitch);
    turned(ray, [0.0, 1.0, 0.0], view.yaw)
}

/// The place by the arc sine of the latitude and the sign of the longitude's arc cosine.
fn place_by_angles([x, y, z]: [f64; 3], columns: f64) -> [f64; 2] {
    let pi = std::f64::consts::PI;
    let across = x.hypot(z);
    let longitude = (z / across).clamp(-1.0, 1.0).acos().copysign(x);
    // Near the ends of the arc cosine, the arc sine has its digits.
    let near = (x / across).clamp(-1.0, 1.0).asin();
    let longitude = match z / across {
        ahead if ahead > 0.9 => near,
        behind if behind < -0.9 => (pi - near.abs()).copysign(x),
        _ => longitude,
    };
    let down = pi / 2.0 - (across / x.hypot(y).hypot(z)).clamp(-1.0, 1.0).asin();
    let from_equator = if across > y.abs() {
        (y / x.hypot(y).hypot(z)).asin()
    } else {
        down.copysign(y)
    };
    [
        (longitude / (2.0 * pi) + 0.5) * columns,
        (from_equator / pi + 0.5) * columns / 2.0,
    ]
}

/// Largest deviation of the map of a view, pixels; x counts within a turn, and as an arc near the
/// poles.
fn largest_deviation(view: View, panorama: Equirectangular) -> f64 {
    let camera = Camera::new(view).unwrap();
    let gathering = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let size = [panorama.columns(), panorama.rows()];
    let map = PlaceMap::new(
        view.lens.columns,
        view.lens.rows,
        size,
        gathering,
        |x, y| panorama.place_of(camera.ray_of([x as f64 + 0.5, y as f64 + 0.5])),
    )
    .unwrap();
    let columns = panorama.columns() as f64;
    let mut largest: f64 = 0.0;
    for row in 0..view.lens.rows {
        for column in 0..view.lens.columns {
            let centre = [column as f64 + 0.5, row as f64 + 0.5];
            let exact = place_by_angles(ray_by_turns(&view, centre), columns);
            let found = map.place(column, row).unwrap();
            let turns = ((found[0] - exact[0]) / columns).round();
            largest = largest.max((found[0] - exact[0] - turns * columns).abs());
            largest = largest.max((found[1] - exact[1]).abs());
        }
    }
    largest
}

#[test]
fn places_of_twenty_random_cameras_are_those_of_exact_rays() {
    let panorama = Equirectangular::new(7680, 3840).unwrap();
    let mut random = Random(19);
    for _ in 0..20 {
        let pi = std::f64::consts::PI;
        let view = View {
            yaw: random.between(-2.0 * pi, 2.0 * pi),
            pitch: random.between(-pi / 2.0, pi / 2.0),
            roll: random.between(-pi, pi),
            lens: Lens {
                horizontal_fov: random.between(0.2, 2.4),
                columns: random.between(20.0, 300.0) as usize,
                rows: random.between(20.0, 300.0) as usize,
            },
        };
        let largest = largest_deviation(view, panorama);
        assert!(largest <= BOUND, "{largest} px: {view:?}");
    }
}

#[test]
fn places_at_the_seam_and_the_poles_are_those_of_exact_rays() {
    let panorama = Equirectangular::new(7680, 3840).unwrap();
    let lens = Lens {
        horizontal_fov: 1.5,
        columns: 200,
        rows: 200,
    };
    let ahead = View::ahead(lens);
    let right_angle = std::f64::consts::FRAC_PI_2;
    for (yaw, pitch, roll) in [
        (2.0 * right_angle, 0.0, 0.0),
        (-2.0 * right_angle, 0.3, 1.0),
        (0.4, right_angle, 0.0),
        (0.4, -right_angle, 0.7),
        (0.0, 0.0, right_angle),
    ] {
        let view = View {
            yaw,
            pitch,
            roll,
            ..ahead
        };
        let largest = largest_deviation(view, panorama);
        assert!(largest <= BOUND, "{largest} px: {view:?}");
    }
}
