//! One suite that every backend is put through.
//!
//! Every statistic of every cell is compared with the reference ([`crate::reference`]) on points
//! and grids that have broken other tools: no point, one, equal ones, heaps, crowds of every size;
//! points on cell borders and one tick beside them, with a cell size that no double represents;
//! lattices, a vertical line, negative coordinates, ten thousand kilometres out, as far as ticks
//! reach; grids of one cell, one row, no row, with points all around or none.
//!
//! | value | must agree |
//! |---|---|
//! | every statistic, all together and each alone | the same bits (NaN as NaN) |
//! | a second call; the points in the other order and about another origin | the same bits |
//! | a percentile outside 0 to 100, cells of no size, 2³¹ cells | refused, with an error that no other backend could mend |
//!
//! No tolerance: heights are whole ticks, so [`crate::Rasterise::rasterise`] defines its result to
//! the last bit. If a backend lacks a statistic (`Unsupported`), the suite reports it and continues
//! with the others.

pub use crate::rasterise::STATISTICS;
use crate::{CellStatistic, Grid, Raster, Rasterise, reference};
use isopach_cloud::{Cloud, Origin, Rect, TICK};
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result, conformance::random};

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

/// All cases of the suite.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    add_hills(&mut cases);
    add_borders(&mut cases);
    add_small_clouds(&mut cases);
    add_crowds(&mut cases);
    add_walls(&mut cases);
    add_grids_without_cells(&mut cases);
    cases
}

/// Adds the case of these points on the grid over `[left, bottom, right, top]`.
fn add(cases: &mut Vec<Case>, name: &str, points: &[[f64; 3]], bounds: [f64; 4], cell: f64) {
    let [left, bottom, right, top] = bounds;
    let rect = Rect {
        min: [left, bottom],
        max: [right, top],
    };
    // The suite's own coordinates are finite and within reach, its grids small.
    if let (Ok(points), Ok(grid)) = (Cloud::from_points(points), Grid::covering(&rect, cell)) {
        cases.push(Case {
            name: format!("{name}, cells of {cell} m"),
            points,
            grid,
        });
    }
}

/// Waves at several places of the Earth, on grids that cut them in several ways.
fn add_hills(cases: &mut Vec<Case>) {
    let places = [
        ("", [596_000.3, 6_653_000.7, 430.0]),
        (" below zero", [-15.0, -20.0, -100.0]),
        (" ten thousand kilometres out", [1e7, -1e7, 1e7]),
    ];
    for (place, corner) in places {
        let points = hill_points(3000, corner);
        let [x, y, _] = corner;
        for cell in [0.3, 0.7, 1.0, 33.3] {
            let bounds = [x - 5.0, y + 10.0, x + 20.0, y + 40.0];
            add(cases, &format!("hills{place}"), &points, bounds, cell);
        }
        let grids = [
            (" in one row", [x, y + 10.0, x + 30.0, y + 10.5], 0.7),
            (" in one column", [x + 10.0, y, x + 10.5, y + 30.0], 0.7),
            (
                " in one cell",
                [x + 10.0, y + 10.0, x + 10.1, y + 10.1],
                7.0,
            ),
            (", all of them in one cell", [0.0, 0.0, 1.0, 1.0], 1e8),
            (
                ", none of them on the grid",
                [x + 50.0, y - 50.0, x + 90.0, y - 30.0],
                1.0,
            ),
        ];
        for (grid, bounds, cell) in grids {
            add(cases, &format!("hills{place}{grid}"), &points, bounds, cell);
        }
    }
}

/// Points on multiples of the cell size, which mostly have no exact double, and on their neighbours
/// by one tick.
fn add_borders(cases: &mut Vec<Case>) {
    for cell in [0.1, 0.3, 0.5, 0.7, 1.0] {
        for first in [70_000.0, -30.0, -70_000.0] {
            let border = |i: u64| (i as f64 + first) * cell + (i as f64 % 3.0 - 1.0) * TICK;
            let points = many_points(3600, |i| [border(i % 60), border(i / 60), (i % 7) as f64]);
            let [low, high] = [3.0, 57.0].map(|i| (first + i) * cell);
            let name = format!("borders and beside them from {first} on");
            add(cases, &name, &points, [low, low, high, high], cell);
        }
    }
}

/// No point, one point, and points that share places or heights, on a grid of 5 m by 3 m.
fn add_small_clouds(cases: &mut Vec<Case>) {
    let small = [0.0, 0.0, 5.0, 3.0];
    add(cases, "no point", &[], small, 1.0);
    add(cases, "one point", &[[1.5, 2.5, -3.0]], small, 1.0);
    let equal = many_points(300, |_| [3.0, 1.7, 5.3]);
    add(cases, "equal points", &equal, small, 0.1);
    let heap = many_points(2500, |i| [2.0, 2.0, (10.0 * random(i / 3)).floor()]);
    add(cases, "a heap with equal heights", &heap, small, 1.0);
    let line = many_points(1500, |i| [1.0, 2.0, 0.37 * i as f64]);
    add(cases, "a vertical line on a corner", &line, small, 0.1);
    let lattice = many_points(2000, |i| {
        let [column, row] = [i % 50, i / 50].map(|i| i as f64 * 0.25);
        [column, row, (i % 7) as f64]
    });
    add(cases, "a lattice", &lattice, small, 0.25);
}

/// From one point a cell to more than any workgroup has threads.
fn add_crowds(cases: &mut Vec<Case>) {
    const SIZES: [u64; 14] = [1, 2, 3, 31, 32, 33, 34, 63, 64, 65, 255, 256, 257, 1025];
    let points: Vec<_> = (0..28)
        .flat_map(|cell: u64| {
            let height = move |i| (50.0 * random(977 * cell + i)).round() / 7.0;
            many_points(SIZES[cell as usize % SIZES.len()], move |i| {
                [cell as f64 + 0.5, 0.5, height(i)]
            })
        })
        .collect();
    add(
        cases,
        "crowds of all sizes",
        &points,
        [0.0, 0.0, 29.0, 1.0],
        1.0,
    );
}

/// Steep walls as long as coordinates allow.
fn add_walls(cases: &mut Vec<Case>) {
    let walls = many_points(3000, |i| {
        if i == 0 {
            [0.0; 3]
        } else {
            [
                i as f64 % 5.0,
                far_coordinate(2 * i),
                far_coordinate(2 * i + 1),
            ]
        }
    });
    let within = [-2.0, -9000.0, 6.0, 9000.0];
    add(cases, "walls as far as ticks reach", &walls, within, 2.0);
    let beyond = [-2.0, -90_000.0, 6.0, 90_000.0];
    add(cases, "walls on more than ticks reach", &walls, beyond, 2.5);
}

/// Grids of no row and of no column.
fn add_grids_without_cells(cases: &mut Vec<Case>) {
    let Ok(points) = Cloud::from_points(&hill_points(100, [0.0; 3])) else {
        return;
    };
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

/// A coordinate up to 8 km from zero.
fn far_coordinate(i: u64) -> f64 {
    16_000.0 * random(i) - 8000.0
}

impl Case {
    /// Compares all statistics of this case with the reference, also for other orders and origins
    /// of the points.
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
        points
            .ticks()
            .iter()
            .rev()
            .map(|point: &[i32; 3]| {
                let [x, y, z] = std::array::from_fn(|axis| {
                    i32::try_from(i64::from(point[axis]) + by[axis]).ok()
                });
                Some([x?, y?, z?])
            })
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
    let [mean, median] = [CellStatistic::Mean, CellStatistic::Median];
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

/// Checks that invalid requests are refused with an error that is not recoverable.
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
