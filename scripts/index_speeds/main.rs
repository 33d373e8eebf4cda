//! Neighbour searches of one cloud: built by `scripts/index_speeds.py` against several versions of
//! the crates.
//!
//! `index_speeds FOLDER THREADS SECONDS JOB…` prints a line of JSON for building the index and
//! for each job; FOLDER is one of `scripts/made_clouds.py`. Jobs:
//!
//! | job | result |
//! |---|---|
//! | `memory` (alone) | bytes a point of the index |
//! | `nothing:QUERIES` | no line: reads the queries, as the others do before they begin |
//! | `knn:QUERIES:K` | K nearest |
//! | `nearest:QUERIES` | nearest |
//! | `normals:QUERIES:R,R,…` | normals at nested radii |
//! | `cylinders:QUERIES:RADIUS,HALF_LENGTH:mean:AXES` | mean, or `median`, along the axes |
//! | `m3c2:CORE_POINTS:R,R,…:RADIUS,HALF_LENGTH:COMPARED` | M3C2 whole, with both indexes |

mod measure;

use isopach_change::{Epochs, M3c2, Normals};
use isopach_cloud::{Cloud, Positions};
use isopach_compute::Cpu;
#[cfg(feature = "this")]
use isopach_neighbours::NeighbourLists as Lists;
#[cfg(not(feature = "this"))]
use isopach_neighbours::Neighbours as Lists;
use isopach_neighbours::{
    AxialStatistic, AxialStatistics, Cylinder, Neighbour, NeighbourIndex, NeighbourSearch, Normal,
};
use measure::{Arguments, Job, Outcome, print_memory, repeat, resident_bytes};

fn main() -> Outcome<()> {
    let arguments = Arguments::from_environment()?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .build_global()?;
    let points = Cloud::from_points(&arguments.points("points")?)?;
    if arguments.jobs.iter().any(|job| job.operation() == "memory") {
        return measure_memory(&points);
    }
    let (index, build) = repeat(arguments.seconds, || Ok(Cpu.index(points.positions())?))?;
    build.print("build", points.len(), 0.0);
    for job in &arguments.jobs {
        let queries = Cloud::from_points(&arguments.points(job.parameter(0)?)?)?;
        match job.operation() {
            "nothing" => {}
            "m3c2" => measure_m3c2(&arguments, job, &points, &queries)?,
            _ => {
                let query = query_of(&arguments, job)?;
                let asked = queries.positions();
                let (found, least) = repeat(arguments.seconds, || query(&*index, asked))?;
                job.print(least, queries.len(), found.check());
            }
        }
    }
    Ok(())
}

fn measure_memory(points: &Cloud) -> Outcome<()> {
    let before = resident_bytes()?;
    let index = Cpu.index(points.positions())?;
    let after = resident_bytes()?;
    drop(index);
    print_memory(points.len(), before, after);
    Ok(())
}

type Query = Box<dyn Fn(&dyn NeighbourIndex, Positions<'_>) -> Outcome<Found>>;

enum Found {
    Lists(Lists),
    Nearest(Vec<Option<Neighbour>>),
    Normals(Vec<Normal>),
    Statistics(Vec<AxialStatistics>),
}

impl Found {
    /// A number that other tools must reproduce.
    fn check(&self) -> f64 {
        match self {
            Self::Lists(lists) => {
                let last = |end: &usize| f64::from(lists.squared_distances[end - 1]).sqrt();
                lists.offsets[1..].iter().map(last).sum()
            }
            Self::Nearest(found) => {
                let distance = |near: &Neighbour| f64::from(near.squared_distance).sqrt();
                found.iter().flatten().map(distance).sum()
            }
            Self::Normals(normals) => normals.iter().map(|normal| normal.axis[2].abs()).sum(),
            Self::Statistics(found) => found.iter().map(|found| f64::from(found.count)).sum(),
        }
    }
}

fn query_of(arguments: &Arguments, job: &Job) -> Outcome<Query> {
    Ok(match job.operation() {
        "knn" => {
            let k: usize = job.parameter(1)?.parse()?;
            Box::new(move |index, queries| {
                Ok(Found::Lists(index.k_nearest(queries, k, f64::INFINITY)?))
            })
        }
        "nearest" => {
            Box::new(|index, queries| Ok(Found::Nearest(index.nearest(queries, f64::INFINITY)?)))
        }
        "normals" => {
            let radii = numbers(job.parameter(1)?)?;
            Box::new(move |index, queries| {
                Ok(Found::Normals(estimate_normals(index, queries, &radii)?))
            })
        }
        "cylinders" => {
            let cylinder = cylinder_of(job, 1)?;
            let statistic = statistic_of(job.parameter(2)?)?;
            let axes = arguments.points(job.parameter(3)?)?;
            Box::new(move |index, queries| {
                let found = statistics_along(index, queries, &axes, cylinder, statistic)?;
                Ok(Found::Statistics(found))
            })
        }
        other => return Err(format!("{other}: no such operation").into()),
    })
}

/// Numbers that are separated by commas.
fn numbers(text: &str) -> Outcome<Vec<f64>> {
    let parse = |word: &str| word.parse::<f64>().map_err(Into::into);
    text.split(',').map(parse).collect()
}

fn statistic_of(word: &str) -> Outcome<AxialStatistic> {
    match word {
        "mean" => Ok(AxialStatistic::MeanDeviation),
        "median" => Ok(AxialStatistic::MedianIqr),
        other => Err(format!("{other}: must be mean or median").into()),
    }
}

fn cylinder_of(job: &Job, at: usize) -> Outcome<Cylinder> {
    match numbers(job.parameter(at)?)?[..] {
        [radius, half_length] => Ok(Cylinder {
            radius,
            half_length,
        }),
        _ => Err("a cylinder has RADIUS,HALF_LENGTH".into()),
    }
}

/// M3C2 whole, with both indexes.
fn measure_m3c2(
    arguments: &Arguments,
    job: &Job,
    points: &Cloud,
    core_points: &Cloud,
) -> Outcome<()> {
    let cylinder = cylinder_of(job, 2)?;
    let m3c2 = M3c2 {
        normals: multiscale(numbers(job.parameter(1)?)?),
        cylinder_radius: cylinder.radius,
        projection_depth: cylinder.half_length,
        ..M3c2::default()
    };
    let compared = Cloud::from_points(&arguments.points(job.parameter(3)?)?)?;
    let epochs = Epochs {
        reference: points.positions(),
        compared: compared.positions(),
        core_points: core_points.positions(),
    };
    let (found, least) = repeat(arguments.seconds, || Ok(m3c2.run(&Cpu, epochs)?))?;
    let valid = found
        .distance
        .iter()
        .filter(|distance| distance.is_finite());
    job.print(
        least,
        core_points.len(),
        valid.map(|distance| distance.abs()).sum(),
    );
    Ok(())
}

#[cfg(feature = "this")]
fn multiscale(radii: Vec<f64>) -> Normals {
    let towards = isopach_change::Orientation::UP;
    Normals::Multiscale { radii, towards }
}

#[cfg(not(feature = "this"))]
fn multiscale(radii: Vec<f64>) -> Normals {
    let towards = [0.0, 0.0, 1.0];
    Normals::Multiscale { radii, towards }
}

#[cfg(feature = "this")]
fn estimate_normals(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    radii: &[f64],
) -> Outcome<Vec<Normal>> {
    let towards = [0.0, 0.0, 1.0];
    Ok(index.estimate_normals(queries, isopach_neighbours::NormalQuery { radii, towards })?)
}

#[cfg(not(feature = "this"))]
fn estimate_normals(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    radii: &[f64],
) -> Outcome<Vec<Normal>> {
    Ok(index.normals(queries, radii, [0.0, 0.0, 1.0])?)
}

#[cfg(feature = "this")]
fn statistics_along(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    cylinder: Cylinder,
    statistic: AxialStatistic,
) -> Outcome<Vec<AxialStatistics>> {
    let query = isopach_neighbours::CylinderQuery {
        cylinder,
        statistic,
    };
    Ok(index.cylinder_statistics(queries, axes, query)?)
}

#[cfg(not(feature = "this"))]
fn statistics_along(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    cylinder: Cylinder,
    statistic: AxialStatistic,
) -> Outcome<Vec<AxialStatistics>> {
    Ok(index.cylinders(queries, axes, cylinder, statistic)?)
}
