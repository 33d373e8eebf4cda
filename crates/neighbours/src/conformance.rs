//! One suite that every backend is put through.
//!
//! Each operation is compared with its plain definition ([`crate::reference`]) on clouds that have
//! broken other tools: random ones, lattices (all distances tie), scan lines, a vertical line,
//! equal points, one point, none, ten thousand kilometres from zero, queries about other origins
//! and far away.
//!
//! | operation | must agree |
//! |---|---|
//! | `k_nearest`, `within`, `nearest` | indices and order exactly; squared distances to 10⁻⁶ relative |
//! | `covariances`, `covariances_of_nearest` | counts exactly; entries to 10⁻⁵ of the largest |
//! | `normals` | radii exactly; axes to 10⁻⁴ radians |
//! | `cylinders` | counts exactly; location and spread to 10⁻⁴ m |
//! | `along_normals` | both, along the normals that are returned |
//!
//! A backend that lacks an operation (`Unsupported`) does not fail; the suite says so.

use crate::{
    AlongNormalsQuery, AxialStatistic, AxialStatistics, Cylinder, NeighbourLists, NeighbourSearch,
    NormalQuery, reference::BruteForce,
};
use isopach_cloud::{Cloud, Positions};
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result, conformance::random};

/// Runs every operation of `on` against its definition. Empty: it conforms, and has everything.
#[must_use]
pub fn conformance(on: &dyn NeighbourSearch) -> Vec<Finding> {
    cases().iter().flat_map(|case| case.run(on)).collect()
}

struct Case {
    name: String,
    points: Cloud,
    queries: Cloud,
}

fn cases() -> Vec<Case> {
    let many = |n: u64, point: &dyn Fn(u64) -> [f64; 3]| (0..n).map(point).collect::<Vec<_>>();
    let spread = |i: u64| {
        [
            random(3 * i) * 20.0,
            random(3 * i + 1) * 20.0,
            random(3 * i + 2) * 2.0,
        ]
    };
    let clouds = [
        ("random points", many(400, &spread)),
        (
            "a lattice",
            many(400, &|i| [(i % 20) as f64, (i / 20) as f64, 0.0]),
        ),
        (
            "a lattice on cell borders",
            many(512, &|i| {
                [(i % 32) as f64 * 0.25, (i / 32) as f64 * 0.25, 8.0]
            }),
        ),
        (
            "scan lines",
            many(300, &|i| {
                [
                    (i % 100) as f64 * 0.1,
                    (i / 100) as f64 * 15.0,
                    random(i) * 0.1,
                ]
            }),
        ),
        (
            "a vertical line",
            many(300, &|i| [1.0, 2.0, i as f64 * 0.1]),
        ),
        (
            "a wall",
            many(400, &|i| {
                [
                    random(3 * i) * 10.0,
                    random(3 * i + 1) * 0.02,
                    random(3 * i + 2) * 20.0,
                ]
            }),
        ),
        ("a wall on a plain", many(400, &|i| wall_on_plain(i))),
        ("equal points", many(200, &|_| [3.0, 4.0, 5.0])),
        ("one point", many(1, &|_| [1.0, 1.0, 1.0])),
        ("no point", vec![]),
        (
            "a cloud and a point a kilometre away",
            many(201, &|i| {
                if i == 200 {
                    [1000.0, 0.0, 0.0]
                } else {
                    spread(i)
                }
            }),
        ),
    ];
    let mut cases = Vec::new();
    for (name, points) in clouds {
        for (place, offset) in [("", 0.0), (", ten thousand kilometres out", 1e7)] {
            let moved = |points: &[[f64; 3]]| -> Vec<[f64; 3]> {
                points
                    .iter()
                    .map(|p| [p[0] + offset, p[1] - offset, p[2] + 100.0])
                    .collect()
            };
            let mut queries: Vec<[f64; 3]> = points.iter().step_by(7).copied().collect();
            queries.extend((500..540).map(spread));
            queries.extend([[-50.0, 4.0, 0.0], [400.0, 900.0, 30.0], [5.0, 5.0, 500.0]]);
            // The suite's own coordinates are finite and within reach.
            let (Ok(points), Ok(queries)) = (
                Cloud::from_points(&moved(&points)),
                Cloud::from_points(&moved(&queries)),
            ) else {
                continue;
            };
            cases.push(Case {
                name: format!("{name}{place}"),
                points,
                queries,
            });
        }
    }
    cases
}

/// Every other point is one of a wall.
fn wall_on_plain(i: u64) -> [f64; 3] {
    let [a, b] = [random(2 * i) * 20.0, random(2 * i + 1) * 20.0];
    if i.is_multiple_of(2) {
        [a, b, 0.0]
    } else {
        [5.0 + 0.3 * a, 9.0, b]
    }
}

impl Case {
    fn run(&self, on: &dyn NeighbourSearch) -> Vec<Finding> {
        let (points, queries) = (self.points.positions(), self.queries.positions());
        let mut findings = Vec::new();
        let mut check = |operation: &'static str, outcome: Result<Option<String>>| {
            findings.extend(Finding::of(operation, &self.name, outcome));
        };
        for k in [1, 5, 13, 27, 40] {
            check(
                "k_nearest",
                k_nearest(on, points, queries, k, f64::INFINITY),
            );
        }
        for (k, limit) in [(5, 0.75), (1000, 3.0), (3, 0.0)] {
            check("k_nearest", k_nearest(on, points, queries, k, limit));
        }
        for radius in [0.0, 0.5, 1.0, 3.0, 60.0] {
            check("within", within(on, points, queries, radius));
            check("covariances", covariances(on, points, queries, radius));
        }
        for limit in [f64::INFINITY, 1.0, 0.0] {
            check("nearest", nearest(on, points, queries, limit));
        }
        for k in [1, 6, 13, 20, 40] {
            check(
                "covariances_of_nearest",
                covariances_of_nearest(on, points, queries, k),
            );
        }
        for radii in [&[1.0][..], &[0.6, 1.5, 4.0], &[3.0, 1.0]] {
            check("normals", normals(on, points, queries, radii));
            let cylinder = Cylinder {
                radius: 1.0,
                half_length: 3.0,
            };
            check(
                "along_normals",
                along_normals(on, points, queries, radii, cylinder),
            );
        }
        for (radius, half_length) in [(1.0, 10.0), (3.0, 0.5), (0.25, 4.0)] {
            for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
                check(
                    "cylinders",
                    cylinders(
                        on,
                        points,
                        queries,
                        Cylinder {
                            radius,
                            half_length,
                        },
                        statistic,
                    ),
                );
            }
        }
        let mistaken = on
            .index(points)
            .and_then(|index| index.within(queries, f64::NAN));
        let refused = matches!(mistaken, Err(ref error) if !error.is_recoverable())
            || on.index(points).is_err();
        check(
            "within",
            Ok((!refused).then(|| "a radius that is no number was accepted".into())),
        );
        findings
    }
}

fn same_lists(found: &NeighbourLists, defined: &NeighbourLists) -> Option<String> {
    if found.offsets != defined.offsets {
        return Some("lists have other lengths".into());
    }
    let query = |entry: usize| defined.offsets.partition_point(|&start| start <= entry) - 1;
    if let Some(i) = (0..defined.indices.len()).find(|&i| found.indices[i] != defined.indices[i]) {
        return Some(format!(
            "query {} has neighbour {}, not {}",
            query(i),
            found.indices[i],
            defined.indices[i]
        ));
    }
    let off = |i: &usize| {
        (found.squared_distances[*i] - defined.squared_distances[*i]).abs()
            > 1e-6 * defined.squared_distances[*i]
    };
    (0..defined.indices.len())
        .find(off)
        .map(|i| format!("query {} has another distance", query(i)))
}

fn k_nearest(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    k: usize,
    limit: f64,
) -> Result<Option<String>> {
    let found = on.index(points)?.k_nearest(queries, k, limit)?;
    Ok(same_lists(
        &found,
        &BruteForce.index(points)?.k_nearest(queries, k, limit)?,
    ))
}

fn within(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    radius: f64,
) -> Result<Option<String>> {
    let found = on.index(points)?.within(queries, radius)?;
    Ok(same_lists(
        &found,
        &BruteForce.index(points)?.within(queries, radius)?,
    ))
}

fn nearest(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    limit: f64,
) -> Result<Option<String>> {
    let found = on.index(points)?.nearest(queries, limit)?;
    let defined = BruteForce.index(points)?.nearest(queries, limit)?;
    let differs = |i: &usize| found[*i].map(|n| n.index) != defined[*i].map(|n| n.index);
    Ok((0..defined.len())
        .find(differs)
        .map(|i| format!("query {i}: {:?}, not {:?}", found[i], defined[i])))
}

fn same_covariances(found: &[crate::Covariance], defined: &[crate::Covariance]) -> Option<String> {
    let differs = |i: &usize| {
        let (a, b) = (&found[*i], &defined[*i]);
        let largest = b
            .upper
            .iter()
            .fold(0.0_f64, |largest, v| largest.max(v.abs()));
        let near = |a: f64, b: f64, scale: f64| {
            (a - b).abs() <= 1e-5 * scale || (a.is_nan() && b.is_nan())
        };
        let means = (0..3).all(|axis| near(a.mean[axis], b.mean[axis], 1.0));
        a.count != b.count
            || !means
            || !(0..6).all(|entry| near(a.upper[entry], b.upper[entry], largest))
    };
    (0..defined.len())
        .find(differs)
        .map(|i| format!("query {i}: {:?}, not {:?}", found[i], defined[i]))
}

fn covariances(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    radius: f64,
) -> Result<Option<String>> {
    let found = on.index(points)?.covariances(queries, radius)?;
    Ok(same_covariances(
        &found,
        &BruteForce.index(points)?.covariances(queries, radius)?,
    ))
}

fn covariances_of_nearest(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    k: usize,
) -> Result<Option<String>> {
    let found = on.index(points)?.covariances_of_nearest(queries, k)?;
    Ok(same_covariances(
        &found,
        &BruteForce
            .index(points)?
            .covariances_of_nearest(queries, k)?,
    ))
}

fn normals(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    radii: &[f64],
) -> Result<Option<String>> {
    let towards = [0.0, 0.3, 2.0];
    let found = on.index(points)?.normals(queries, radii, towards)?;
    let defined = BruteForce.index(points)?.normals(queries, radii, towards)?;
    let differs = |i: &usize| {
        let (a, b) = (&found[*i], &defined[*i]);
        let apart = (0..3)
            .map(|axis| (a.axis[axis] - b.axis[axis]).powi(2))
            .sum::<f64>()
            .sqrt();
        apart > 1e-4 || (a.radius != b.radius && !(a.radius.is_nan() && b.radius.is_nan()))
    };
    Ok((0..defined.len())
        .find(differs)
        .map(|i| format!("query {i}: {:?}, not {:?}", found[i], defined[i])))
}

fn along_normals(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    radii: &[f64],
    cylinder: Cylinder,
) -> Result<Option<String>> {
    // Another cloud about the same origin: every other point.
    let half: Vec<[i32; 3]> = points.ticks().iter().step_by(2).copied().collect();
    let half = Positions::new(points.origin(), &half);
    let (surface, statistic) = (
        NormalQuery {
            radii,
            towards: [0.0, 0.3, 2.0],
        },
        AxialStatistic::MeanDeviation,
    );
    let indexes = [on.index(points)?, on.index(half)?];
    let clouds = [&*indexes[0], &*indexes[1]];
    let found = indexes[0].along_normals(
        queries,
        clouds,
        AlongNormalsQuery {
            surface,
            cylinder,
            statistic,
        },
    )?;
    let normals = indexes[0].normals(queries, radii, surface.towards)?;
    let apart = |i: &usize| {
        let (a, b) = (&found.normals[*i], &normals[*i]);
        (0..3).any(|axis| (a.axis[axis] - b.axis[axis]).abs() > 1e-4)
    };
    if let Some(i) = (0..normals.len()).find(apart) {
        return Ok(Some(format!(
            "query {i}: {:?}, not {:?}",
            found.normals[i], normals[i]
        )));
    }
    let axes: Vec<[f64; 3]> = found.normals.iter().map(|normal| normal.axis).collect();
    for (cloud, found) in [points, half].into_iter().zip(&found.statistics) {
        let defined = BruteForce
            .index(cloud)?
            .cylinders(queries, &axes, cylinder, statistic)?;
        if let Some(i) = (0..defined.len()).find(|&i| differs(&found[i], &defined[i])) {
            return Ok(Some(format!(
                "query {i}: {:?}, not {:?}",
                found[i], defined[i]
            )));
        }
    }
    Ok(None)
}

/// Other counts, or numbers that are further apart than 10⁻⁴ m.
fn differs(a: &AxialStatistics, b: &AxialStatistics) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 || (a.is_nan() && b.is_nan());
    a.count != b.count || !near(a.location, b.location) || !near(a.spread, b.spread)
}

fn cylinders(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    cylinder: Cylinder,
    statistic: AxialStatistic,
) -> Result<Option<String>> {
    let axes: Vec<[f64; 3]> = (0..queries.len() as u64)
        .map(|i| match i % 4 {
            0 => [0.0, 0.0, 1.0],
            1 => [1.0, 0.0, 0.0],
            2 => [0.0; 3],
            _ => {
                let v = [random(i) - 0.5, random(i + 1000) - 0.5, random(i + 2000)];
                let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
                v.map(|x| x / length)
            }
        })
        .collect();
    let found = on
        .index(points)?
        .cylinders(queries, &axes, cylinder, statistic)?;
    let defined = BruteForce
        .index(points)?
        .cylinders(queries, &axes, cylinder, statistic)?;
    let mut broken = axes.clone();
    broken[0][1] = f64::NAN;
    for (wrong, what) in [
        (&axes[..axes.len() - 1], "fewer axes than queries"),
        (&broken[..], "an axis that is no number"),
    ] {
        let refused = on
            .index(points)?
            .cylinders(queries, wrong, cylinder, statistic);
        if !matches!(
            refused,
            Err(Error::LengthMismatch { .. } | Error::InvalidInput(_))
        ) {
            return Ok(Some(format!("{what} were accepted")));
        }
    }
    Ok((0..defined.len())
        .find(|&i| differs(&found[i], &defined[i]))
        .map(|i| format!("query {i}: {:?}, not {:?}", found[i], defined[i])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::Cpu;

    #[test]
    fn the_cpu_conforms() {
        assert_eq!(conformance(&Cpu), vec![]);
    }

    #[test]
    fn the_definition_conforms_to_itself() {
        assert_eq!(conformance(&BruteForce), vec![]);
    }
}
