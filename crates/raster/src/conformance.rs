//! One suite that every backend is put through.
//!
//! Every statistic of every cell is compared with the reference ([`crate::reference`]) on points
//! and grids that have broken other tools: no point, one, equal ones, heaps, crowds of every size;
//! points on cell borders and one tick beside them, with a cell size that no double represents;
//! lattices, a vertical line, negative coordinates, ten thousand kilometres out, as far as ticks
//! reach; grids of one cell, one row, no row, with points all around or none.
//!
//! | what | must agree |
//! |---|---|
//! | every statistic, all together and each alone | the same bits (NaN as NaN) |
//! | a second call; the points in the other order and about another origin | the same bits |
//! | a percentile outside 0 to 100, cells of no size, 2³¹ cells | refused, with an error that no other backend could mend |
//!
//! No tolerance: heights are whole ticks, so [`crate::Rasterise::rasterise`] defines its result to
//! the last bit. If a backend lacks a statistic (`Unsupported`), the suite reports it and continues
//! with the others.

use crate::{CellStatistic, Grid, Raster, Rasterise, reference};
use isopach_cloud::{Cloud, Origin, Rect, TICK};
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result, conformance::random};

/// All statistics that the suite tests; percentiles at the ends, between, and at shares that are no
/// double.
pub const STATISTICS: [CellStatistic; 13] = [
    CellStatistic::Mean,
    CellStatistic::Median,
    CellStatistic::Min,
    CellStatistic::Max,
    CellStatistic::Percentile(90.0),
    CellStatistic::Count,
    CellStatistic::StandardDeviation,
    CellStatistic::Percentile(0.0),
    CellStatistic::Percentile(0.1),
    CellStatistic::Percentile(50.0),
    CellStatistic::Percentile(70.0),
    CellStatistic::Percentile(99.9),
    CellStatistic::Percentile(100.0),
];

/// Runs the suite: compares every statistic of `on` with its definition. Empty: it conforms, and
/// has everything.
#[must_use]
pub fn conformance(on: &dyn Rasterise) -> Vec<Finding> {
    let mut findings: Vec<Finding> = cases().iter().flat_map(|case| case.run_on(on)).collect();
    findings.extend(alone_or_together(on));
    findings.extend(check_mistakes(on));
    findings
}

/// Describes the first difference between rasters of these statistics.
#[must_use]
pub fn describe_difference(
    found: &[Raster],
    expected: &[Raster],
    statistics: &[CellStatistic],
) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} rasters, not {}", found.len(), expected.len()));
    }
    let all = found.iter().zip(expected).zip(statistics);
    all.map(|((found, expected), statistic)| {
        if (found.grid, found.values.dim()) != (expected.grid, expected.values.dim()) {
            return Some(format!("{statistic:?} on another grid"));
        }
        let mut pairs = found.values.indexed_iter().zip(&expected.values);
        let ((at, a), b) =
            pairs.find(|((_, a), b)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()))?;
        Some(format!("{statistic:?} of cell {at:?} is {a}, not {b}"))
    })
    .find_map(|what| what)
}

struct Case {
    name: String,
    points: Cloud,
    grid: Grid,
}

/// The points of `n` numbers.
fn many_points(n: u64, point: impl Fn(u64) -> [f64; 3]) -> Vec<[f64; 3]> {
    (0..n).map(point).collect()
}

/// Waves of a few metres over a square of 30 m that begins at a corner.
fn hill_points(n: u64, [x, y, z]: [f64; 3]) -> Vec<[f64; 3]> {
    many_points(n, |i| {
        let [u, v] = [0, 1].map(|axis| 30.0 * random(3 * i + axis));
        [
            x + u,
            y + v,
            z + 3.0 * (u / 7.0).sin() + 0.1 * random(3 * i + 2),
        ]
    })
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // The suite's own coordinates are finite and within reach, its grids small.
    let mut add =
        |name: String, points: &[[f64; 3]], [left, bottom, right, top]: [f64; 4], cell: f64| {
            let grid = Grid::covering(
                &Rect {
                    min: [left, bottom],
                    max: [right, top],
                },
                cell,
            );
            if let (Ok(points), Ok(grid)) = (Cloud::from_points(points), grid) {
                cases.push(Case {
                    name: format!("{name}, cells of {cell} m"),
                    points,
                    grid,
                });
            }
        };
    let places = [
        ("", [596_000.3, 6_653_000.7, 430.0]),
        (" below zero", [-15.0, -20.0, -100.0]),
        (" ten thousand kilometres out", [1e7, -1e7, 1e7]),
    ];
    for (place, corner) in places {
        let points = hill_points(3000, corner);
        let [x, y, _] = corner;
        for cell in [0.3, 0.7, 1.0, 33.3] {
            add(
                format!("hills{place}"),
                &points,
                [x - 5.0, y + 10.0, x + 20.0, y + 40.0],
                cell,
            );
        }
        add(
            format!("hills{place} in one row"),
            &points,
            [x, y + 10.0, x + 30.0, y + 10.5],
            0.7,
        );
        add(
            format!("hills{place} in one column"),
            &points,
            [x + 10.0, y, x + 10.5, y + 30.0],
            0.7,
        );
        add(
            format!("hills{place} in one cell"),
            &points,
            [x + 10.0, y + 10.0, x + 10.1, y + 10.1],
            7.0,
        );
        add(
            format!("hills{place}, all of them in one cell"),
            &points,
            [0.0, 0.0, 1.0, 1.0],
            1e8,
        );
        add(
            format!("hills{place}, none of them on the grid"),
            &points,
            [x + 50.0, y - 50.0, x + 90.0, y - 30.0],
            1.0,
        );
    }
    // Multiples of the cell size, which mostly have no exact double, and their neighbours by one
    // tick.
    for cell in [0.1, 0.3, 0.5, 0.7, 1.0] {
        for first in [70_000.0, -30.0, -70_000.0] {
            let border = |i: u64| (i as f64 + first) * cell + (i as f64 % 3.0 - 1.0) * TICK;
            let points = many_points(3600, |i| [border(i % 60), border(i / 60), (i % 7) as f64]);
            let [low, high] = [3.0, 57.0].map(|i| (first + i) * cell);
            add(
                format!("borders and beside them from {first} on"),
                &points,
                [low, low, high, high],
                cell,
            );
        }
    }
    let small = [0.0, 0.0, 5.0, 3.0];
    add("no point".into(), &[], small, 1.0);
    add("one point".into(), &[[1.5, 2.5, -3.0]], small, 1.0);
    add(
        "equal points".into(),
        &many_points(300, |_| [3.0, 1.7, 5.3]),
        small,
        0.1,
    );
    add(
        "a heap with equal heights".into(),
        &many_points(2500, |i| [2.0, 2.0, (10.0 * random(i / 3)).floor()]),
        small,
        1.0,
    );
    add(
        "a vertical line on a corner".into(),
        &many_points(1500, |i| [1.0, 2.0, 0.37 * i as f64]),
        small,
        0.1,
    );
    add(
        "a lattice".into(),
        &many_points(2000, |i| {
            [
                (i % 50) as f64 * 0.25,
                (i / 50) as f64 * 0.25,
                (i % 7) as f64,
            ]
        }),
        small,
        0.25,
    );
    // From one point a cell to more than any workgroup has threads.
    let sizes: [u64; 14] = [1, 2, 3, 31, 32, 33, 34, 63, 64, 65, 255, 256, 257, 1025];
    let crowd = |cell: u64| {
        let height = move |i| (50.0 * random(977 * cell + i)).round() / 7.0;
        many_points(sizes[cell as usize % sizes.len()], move |i| {
            [cell as f64 + 0.5, 0.5, height(i)]
        })
    };
    add(
        "crowds of all sizes".into(),
        &(0..28).flat_map(crowd).collect::<Vec<_>>(),
        [0.0, 0.0, 29.0, 1.0],
        1.0,
    );
    let wall = |i| {
        if i == 0 {
            [0.0; 3]
        } else {
            [
                i as f64 % 5.0,
                far_coordinate(2 * i),
                far_coordinate(2 * i + 1),
            ]
        }
    };
    add(
        "walls as far as ticks reach".into(),
        &many_points(3000, wall),
        [-2.0, -9000.0, 6.0, 9000.0],
        2.0,
    );
    add(
        "walls on more than ticks reach".into(),
        &many_points(3000, wall),
        [-2.0, -90_000.0, 6.0, 90_000.0],
        2.5,
    );
    if let Ok(points) = Cloud::from_points(&hill_points(100, [0.0; 3])) {
        let grid = Grid {
            cell_size: 1.0,
            first: [3, 4],
            columns: 5,
            rows: 6,
        };
        cases.push(Case {
            name: "a grid of no row".into(),
            points: points.clone(),
            grid: Grid { rows: 0, ..grid },
        });
        cases.push(Case {
            name: "a grid of no column".into(),
            points,
            grid: Grid { columns: 0, ..grid },
        });
    }
    cases
}

/// A coordinate up to 8 km from zero.
fn far_coordinate(i: u64) -> f64 {
    16_000.0 * random(i) - 8000.0
}

impl Case {
    fn run_on(&self, on: &dyn Rasterise) -> Vec<Finding> {
        let turned = reversed_cloud(&self.points);
        let mut findings = Vec::new();
        for (points, how) in [
            (&self.points, ""),
            (&self.points, ", again"),
            (&turned, ", in another order"),
        ] {
            findings.extend(compare_with_reference(
                on,
                &format!("{}{how}", self.name),
                points,
                &self.grid,
                &STATISTICS,
            ));
        }
        findings
    }
}

/// The same points from the last to the first, where ticks allow it about an origin elsewhere.
fn reversed_cloud(cloud: &Cloud) -> Cloud {
    let points = cloud.positions();
    let [x, y, z] = points.origin().0;
    let elsewhere = Origin([x - 37, y + 11, z - 400]);
    let shift = points.shift_to(elsewhere);
    let about = |by: [i64; 3]| {
        let moved = |point: &[i32; 3]| {
            let [x, y, z] =
                std::array::from_fn(|axis| i32::try_from(i64::from(point[axis]) + by[axis]).ok());
            Some([x?, y?, z?])
        };
        points
            .ticks()
            .iter()
            .rev()
            .map(moved)
            .collect::<Option<Vec<_>>>()
    };
    match about(shift) {
        Some(ticks) => Cloud::new(elsewhere, ticks),
        None => Cloud::new(
            points.origin(),
            points.ticks().iter().rev().copied().collect(),
        ),
    }
}

/// Runs the statistics together, or each by itself if the backend lacks one of them.
fn compare_with_reference(
    on: &dyn Rasterise,
    case: &str,
    points: &Cloud,
    grid: &Grid,
    statistics: &[CellStatistic],
) -> Vec<Finding> {
    let compared = || -> Result<Option<String>> {
        let found = on.rasterise(points.positions(), grid, statistics)?;
        Ok(describe_difference(
            &found,
            &reference::rasterise(points.positions(), grid, statistics)?,
            statistics,
        ))
    };
    match compared() {
        Err(Error::Unsupported { .. }) if statistics.len() > 1 => statistics
            .iter()
            .flat_map(|&statistic| compare_with_reference(on, case, points, grid, &[statistic]))
            .collect(),
        compared => Finding::of("rasterise", case, compared)
            .into_iter()
            .collect(),
    }
}

/// Backends may share work between statistics: that must not be seen.
fn alone_or_together(on: &dyn Rasterise) -> Vec<Finding> {
    let grid = Grid {
        cell_size: 1.0,
        first: [2, 5],
        columns: 30,
        rows: 30,
    };
    let Ok(points) = Cloud::from_points(&hill_points(2000, [3.0, 4.0, 430.0])) else {
        return Vec::new();
    };
    let [mean, median, ..] = STATISTICS;
    let alone = STATISTICS.iter().map(|&statistic| vec![statistic]);
    let lists = alone.chain([
        vec![],
        vec![median, mean, median],
        STATISTICS.into_iter().rev().collect(),
    ]);
    lists
        .flat_map(|list| {
            compare_with_reference(on, &format!("nothing but {list:?}"), &points, &grid, &list)
        })
        .collect()
}

fn check_mistakes(on: &dyn Rasterise) -> Vec<Finding> {
    let points = Cloud::default();
    let grid = Grid {
        cell_size: 1.0,
        first: [0, 0],
        columns: 3,
        rows: 2,
    };
    let percentiles = [-1.0, 100.000_1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let sizes = [0.0, -1.0, 1e-7, f64::NAN, f64::INFINITY];
    let wrong = percentiles.map(|p| {
        (
            format!("a percentile of {p}"),
            grid,
            CellStatistic::Percentile(p),
        )
    });
    let wrong = wrong.into_iter().chain(sizes.map(|cell_size| {
        (
            format!("cells of {cell_size} m"),
            Grid { cell_size, ..grid },
            CellStatistic::Mean,
        )
    }));
    let large = Grid {
        columns: 1 << 16,
        rows: 1 << 15,
        ..grid
    };
    let wrong = wrong.chain([("2^31 cells".to_owned(), large, CellStatistic::Count)]);
    wrong
        .filter_map(|(case, grid, statistic)| {
            Finding::unless_refused(
                "rasterise",
                &case,
                on.rasterise(points.positions(), &grid, &[statistic]),
            )
        })
        .collect()
}
