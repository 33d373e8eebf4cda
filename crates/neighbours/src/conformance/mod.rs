//! Conformance suite of neighbour search: compares every operation of a backend with the reference
//! implementation.
//!
//! The clouds are ones that have broken other tools: random points, lattices (all distances tie),
//! scan lines, a vertical line, walls, a cliff, a forest, ground around a scanner, points far off all
//! others, equal points, one point, none, ten thousand kilometres from zero, queries about other
//! origins and far away.
//!
//! | operation | must agree |
//! |---|---|
//! | `k_nearest`, `within`, `nearest` | indices and order exactly; squared distances to 10⁻⁶ relative |
//! | `covariances`, `covariances_within_radii`, `covariances_of_nearest` | counts exactly; entries to 10⁻⁵ of the largest |
//! | `shapes_within_radii` | counts exactly; eigenvalues to 10⁻⁵ of the largest; axes to 10⁻⁴ radians |
//! | `normals` | radii exactly; axes to 10⁻⁴ radians |
//! | `cylinders` | counts exactly; location and spread to 10⁻⁴ m |
//! | `along_normals` | both, along the normals that are returned |
//!
//! A backend that lacks an operation ([`isopach_compute::Error::Unsupported`]) gets a finding that
//! says so.

pub(crate) mod cases;
mod compare;

use crate::{
    AlongNormalsQuery, AxialStatistic, Cylinder, CylinderQuery, NeighbourSearch, NormalQuery,
};
use cases::{Case, test_cases};
use compare::{
    Indexes, compare_along_normals, compare_covariances, compare_covariances_of_nearest,
    compare_covariances_within_radii, compare_cylinders, compare_k_nearest, compare_nearest,
    compare_normals, compare_shapes_within_radii, compare_within,
};
use isopach_cloud::Positions;
use isopach_compute::Result;
pub use isopach_compute::conformance::Finding;

/// Compares every operation of the backend `on` with its definition. An empty list means that the
/// backend conforms and lacks nothing.
///
/// ```
/// use isopach_neighbours::{Cpu, conformance::conformance};
/// assert_eq!(conformance(&Cpu), []);
/// ```
#[must_use]
pub fn conformance(on: &dyn NeighbourSearch) -> Vec<Finding> {
    test_cases()
        .iter()
        .flat_map(|case| case.compare_operations(on))
        .collect()
}

/// Collects the findings of one case.
struct Findings<'a> {
    case: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn note(&mut self, operation: &'static str, outcome: Result<Option<String>>) {
        self.found
            .extend(Finding::of(operation, self.case, outcome));
    }
}

impl Case {
    fn compare_operations(&self, on: &dyn NeighbourSearch) -> Vec<Finding> {
        let points = self.points.positions();
        let queries = self.queries.positions();
        let mut findings = Findings {
            case: &self.name,
            found: Vec::new(),
        };
        match Indexes::build(on, points) {
            Ok(indexes) => {
                compare_lists(&indexes, queries, &mut findings);
                compare_shapes(on, &indexes, points, queries, &mut findings);
                let mistaken = indexes.found.within_radius(queries, f64::NAN);
                let is_refused = matches!(mistaken, Err(ref error) if !error.is_recoverable());
                findings.note(
                    "within",
                    Ok((!is_refused).then(|| "a radius that is no number was accepted".into())),
                );
            }
            Err(error) => findings.note("index", Err(error)),
        }
        findings.found
    }
}

/// Operations whose results are neighbours.
fn compare_lists(indexes: &Indexes<'_>, queries: Positions<'_>, findings: &mut Findings<'_>) {
    for k in [1, 5, 13, 27, 40] {
        let outcome = compare_k_nearest(indexes, queries, k, f64::INFINITY);
        findings.note("k_nearest", outcome);
    }
    for (k, limit) in [(5, 0.75), (1000, 3.0), (3, 0.0)] {
        findings.note("k_nearest", compare_k_nearest(indexes, queries, k, limit));
    }
    for radius in [0.0, 0.5, 1.0, 3.0, 60.0] {
        findings.note("within", compare_within(indexes, queries, radius));
        findings.note("covariances", compare_covariances(indexes, queries, radius));
    }
    for radii in [&[0.5, 1.5, 6.0][..], &[3.0, 1.0], &[]] {
        let outcome = compare_covariances_within_radii(indexes, queries, radii);
        findings.note("covariances_within_radii", outcome);
        let outcome = compare_shapes_within_radii(indexes, queries, radii);
        findings.note("shapes_within_radii", outcome);
    }
    for limit in [f64::INFINITY, 1.0, 0.0] {
        findings.note("nearest", compare_nearest(indexes, queries, limit));
    }
    for k in [1, 6, 13, 20, 40] {
        let outcome = compare_covariances_of_nearest(indexes, queries, k);
        findings.note("covariances_of_nearest", outcome);
    }
}

/// Operations whose results are normals and statistics along axes.
fn compare_shapes(
    on: &dyn NeighbourSearch,
    indexes: &Indexes<'_>,
    points: Positions<'_>,
    queries: Positions<'_>,
    findings: &mut Findings<'_>,
) {
    for radii in [&[1.0][..], &[0.6, 1.5, 4.0], &[3.0, 1.0]] {
        let normals = NormalQuery {
            radii,
            towards: [0.0, 0.3, 2.0],
        };
        findings.note("normals", compare_normals(indexes, queries, normals));
        let cylinders = CylinderQuery {
            cylinder: Cylinder {
                radius: 1.0,
                half_length: 3.0,
            },
            statistic: AxialStatistic::MeanDeviation,
        };
        let query = AlongNormalsQuery { normals, cylinders };
        let outcome = compare_along_normals(on, points, queries, query);
        findings.note("along_normals", outcome);
    }
    for (radius, half_length) in [(1.0, 10.0), (3.0, 0.5), (0.25, 4.0)] {
        for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
            let query = CylinderQuery {
                cylinder: Cylinder {
                    radius,
                    half_length,
                },
                statistic,
            };
            findings.note("cylinders", compare_cylinders(indexes, queries, query));
        }
    }
}
