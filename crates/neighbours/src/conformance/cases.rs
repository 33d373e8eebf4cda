//! Clouds of the suite, and queries on them.

use isopach_cloud::Cloud;
use isopach_compute::conformance::random;

/// Points in metres.
type Points = Vec<[f64; 3]>;

/// A cloud with queries, and its name in findings.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) points: Cloud,
    pub(super) queries: Cloud,
}

/// All clouds, near the origin and ten thousand kilometres out.
pub(super) fn test_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let clouds = surfaces()
        .into_iter()
        .chain(uneven_clouds())
        .chain(degenerate_clouds());
    for (name, points) in clouds {
        for (place, offset) in [("", 0.0), (", ten thousand kilometres out", 1e7)] {
            let queries = queries_around(&points);
            // The coordinates of the suite are finite and within reach.
            if let (Ok(points), Ok(queries)) = (
                Cloud::from_points(&shifted(&points, offset)),
                Cloud::from_points(&shifted(&queries, offset)),
            ) {
                cases.push(Case {
                    name: format!("{name}{place}"),
                    points,
                    queries,
                });
            }
        }
    }
    cases
}

/// `n` points by their numbers.
fn points_from(n: u64, point: impl Fn(u64) -> [f64; 3]) -> Points {
    (0..n).map(point).collect()
}

/// A random point in a slab of 20 m × 20 m × 2 m.
pub(crate) fn point_in_slab(i: u64) -> [f64; 3] {
    [
        random(3 * i) * 20.0,
        random(3 * i + 1) * 20.0,
        random(3 * i + 2) * 2.0,
    ]
}

/// Random points, lattices, lines and walls.
fn surfaces() -> Vec<(&'static str, Points)> {
    vec![
        ("random points", points_from(400, point_in_slab)),
        (
            "a lattice",
            points_from(400, |i| [(i % 20) as f64, (i / 20) as f64, 0.0]),
        ),
        (
            "a lattice on cell borders",
            points_from(512, |i| {
                [(i % 32) as f64 * 0.25, (i / 32) as f64 * 0.25, 8.0]
            }),
        ),
        (
            "scan lines",
            points_from(300, |i| {
                [
                    (i % 100) as f64 * 0.1,
                    (i / 100) as f64 * 15.0,
                    random(i) * 0.1,
                ]
            }),
        ),
        (
            "a vertical line",
            points_from(300, |i| [1.0, 2.0, i as f64 * 0.1]),
        ),
        (
            "a wall",
            points_from(400, |i| {
                [
                    random(3 * i) * 10.0,
                    random(3 * i + 1) * 0.02,
                    random(3 * i + 2) * 20.0,
                ]
            }),
        ),
        (
            "a wall on a plain",
            points_from(400, point_of_wall_on_plain),
        ),
    ]
}

/// Clouds whose points are above each other, or a thousand times as dense in some places.
fn uneven_clouds() -> Vec<(&'static str, Points)> {
    vec![
        ("a rough cliff", points_from(900, point_of_cliff)),
        ("the volume of a forest", points_from(900, point_of_forest)),
        ("ground around a scanner", points_from(1200, point_of_scan)),
        (
            "ground around a scanner, and a cliff",
            points_from(1500, point_of_scan_and_cliff),
        ),
        (
            "level ground and a few points far off",
            points_from(900, point_in_slab_or_far_off),
        ),
        (
            "two patches far apart",
            points_from(900, |i| {
                let [x, y, z] = point_in_slab(i);
                let away = if i.is_multiple_of(3) { 700.0 } else { 0.0 };
                [0.1 * x + away, 0.1 * y + away, 0.1 * z]
            }),
        ),
    ]
}

/// A face of 20 m by 20 m that leans and has bays.
pub(crate) fn point_of_cliff(i: u64) -> [f64; 3] {
    let [x, z] = [random(3 * i) * 20.0, random(3 * i + 1) * 20.0];
    let bay = (0.7 * x).sin() + 0.5 * (0.9 * z).cos();
    [x, bay + 0.1 * z + 0.02 * random(3 * i + 2), z]
}

/// As dense at all heights.
pub(crate) fn point_of_forest(i: u64) -> [f64; 3] {
    [
        random(3 * i) * 15.0,
        random(3 * i + 1) * 15.0,
        random(3 * i + 2) * 25.0,
    ]
}

/// Ground that a scanner 2 m above it sees from 5 cm to 50 m: as many points in each ring that is
/// so many times as wide as the one before, so that the density falls with the square of distance.
pub(crate) fn point_of_scan(i: u64) -> [f64; 3] {
    let distance = 0.05 * 1000.0_f64.powf(random(3 * i));
    let (sine, cosine) = (std::f64::consts::TAU * random(3 * i + 1)).sin_cos();
    let height = 0.1 * (0.5 * distance * cosine).sin() + 0.005 * random(3 * i + 2);
    [distance * cosine, distance * sine, height]
}

/// Every other point on the ground around a scanner, every other on a cliff 12 m from it.
pub(crate) fn point_of_scan_and_cliff(i: u64) -> [f64; 3] {
    if i.is_multiple_of(2) {
        return point_of_scan(i);
    }
    let [x, depth, height] = point_of_cliff(i);
    [x - 10.0, 12.0 + depth, height]
}

/// Three points hundreds of metres from all others.
pub(crate) fn point_in_slab_or_far_off(i: u64) -> [f64; 3] {
    match i {
        300 => [900.0, -700.0, 40.0],
        301 => [-2000.0, 5.0, -60.0],
        302 => [10.0, 1500.0, 0.0],
        _ => point_in_slab(i),
    }
}

/// Equal points, one, none, and one far from the others.
fn degenerate_clouds() -> Vec<(&'static str, Points)> {
    vec![
        ("equal points", points_from(200, |_| [3.0, 4.0, 5.0])),
        ("one point", points_from(1, |_| [1.0, 1.0, 1.0])),
        ("no point", vec![]),
        (
            "a cloud and a point a kilometre away",
            points_from(201, |i| {
                if i == 200 {
                    [1000.0, 0.0, 0.0]
                } else {
                    point_in_slab(i)
                }
            }),
        ),
    ]
}

/// Points alternate between a plain and a wall on it.
fn point_of_wall_on_plain(i: u64) -> [f64; 3] {
    let [a, b] = [random(2 * i) * 20.0, random(2 * i + 1) * 20.0];
    if i.is_multiple_of(2) {
        [a, b, 0.0]
    } else {
        [5.0 + 0.3 * a, 9.0, b]
    }
}

/// Some of the points, places between them, and places far away.
fn queries_around(points: &Points) -> Points {
    let mut queries: Points = points.iter().step_by(7).copied().collect();
    queries.extend((500..540).map(point_in_slab));
    queries.extend([[-50.0, 4.0, 0.0], [400.0, 900.0, 30.0], [5.0, 5.0, 500.0]]);
    queries
}

fn shifted(points: &Points, offset: f64) -> Points {
    points
        .iter()
        .map(|p| [p[0] + offset, p[1] - offset, p[2] + 100.0])
        .collect()
}
