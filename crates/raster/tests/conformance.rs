//! The processor conforms, and the suite finds what is wrong.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Positions, TICK};
use isopach_compute::{Compute, Cpu, Device, Error, Result};
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise, conformance::conformance};

/// Rasterises in some way of its own.
#[derive(Debug)]
struct Own(fn(Positions<'_>, &Grid, &[CellStatistic]) -> Result<Vec<Raster>>);

impl Compute for Own {
    fn device(&self) -> Device {
        Device { name: "own".into() }
    }
}

impl Rasterise for Own {
    fn rasterise(
        &self,
        points: Positions<'_>,
        grid: &Grid,
        statistics: &[CellStatistic],
    ) -> Result<Vec<Raster>> {
        self.0(points, grid, statistics)
    }
}

#[test]
fn the_cpu_conforms() {
    assert_eq!(conformance(&Cpu), []);
}

#[test]
fn a_point_that_is_lost_is_missed() {
    let findings = conformance(&Own(|points, grid, statistics| {
        let all = points.ticks();
        Cpu.rasterise(
            Positions::new(points.origin(), &all[..all.len().saturating_sub(1)]),
            grid,
            statistics,
        )
    }));
    let one = findings
        .iter()
        .find(|f| f.case.starts_with("one point"))
        .unwrap();
    assert!(one.what.contains("is NaN, not -3"), "{one}");
    assert!(!findings.iter().any(|f| f.case.starts_with("no point")));
}

#[test]
fn a_tick_is_seen() {
    let up = conformance(&Own(|points, grid, statistics| {
        let mut rasters = Cpu.rasterise(points, grid, statistics)?;
        let highest = rasters
            .iter_mut()
            .zip(statistics)
            .filter(|(_, s)| **s == CellStatistic::Max);
        highest.for_each(|(raster, _)| raster.values += TICK);
        Ok(rasters)
    }));
    assert!(
        up.len() > 30 && up.iter().all(|f| f.what.starts_with("Max of cell")),
        "{}",
        up.len()
    );
    // Cells that own their upper edges.
    let beside = conformance(&Own(|points, grid, statistics| {
        let moved = points
            .ticks()
            .iter()
            .map(|[x, y, z]| [x - 1, *y, *z])
            .collect();
        Cpu.rasterise(
            Cloud::new(points.origin(), moved).positions(),
            grid,
            statistics,
        )
    }));
    let count = |case: &str| beside.iter().filter(|f| f.case.starts_with(case)).count();
    assert_eq!(
        (
            count("borders"),
            count("a vertical line"),
            count("a lattice")
        ),
        (45, 3, 3)
    );
}

#[test]
fn what_is_missing_is_said_and_the_rest_is_looked_at() {
    let findings = conformance(&Own(|points, grid, statistics| {
        if statistics.contains(&CellStatistic::Median) {
            return Err(Error::Unsupported {
                operation: "take the median",
            });
        }
        let mut rasters = Cpu.rasterise(points, grid, statistics)?;
        let counts = rasters
            .iter_mut()
            .zip(statistics)
            .filter(|(_, s)| **s == CellStatistic::Count);
        counts.for_each(|(raster, _)| raster.values += 1.0);
        Ok(rasters)
    }));
    let (declined, wrong): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|f| f.what.contains("cannot take the median"));
    assert!(
        declined.len() > 100 && wrong.len() > 100,
        "{} and {}",
        declined.len(),
        wrong.len()
    );
    assert!(wrong.iter().all(|f| f.what.starts_with("Count of cell")));
}

#[test]
fn mistakes_that_are_accepted_or_passed_on_are_found() {
    let accepted = conformance(&Own(|points, grid, statistics| {
        match grid.check(statistics) {
            Ok(()) => Cpu.rasterise(points, grid, statistics),
            Err(_) => Ok(Vec::new()),
        }
    }));
    assert_eq!(accepted.iter().filter(|f| f.what == "accepted").count(), 11);
    let passed_on = conformance(&Own(|points, grid, statistics| {
        grid.check(statistics).map_err(|_| Error::Unsupported {
            operation: "do that",
        })?;
        Cpu.rasterise(points, grid, statistics)
    }));
    assert_eq!((accepted.len(), passed_on.len()), (11, 11));
    assert!(
        passed_on
            .iter()
            .all(|f| f.what.starts_with("declined, not refused"))
    );
}
