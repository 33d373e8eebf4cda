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
    for (name, points) in surfaces().into_iter().chain(degenerate_clouds()) {
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
fn point_in_slab(i: u64) -> [f64; 3] {
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
