//! Unchanged ground: how much of it is called changed.

use super::chance::{Chance, mixed};
use isopach_change::{
    CoreSelection, Detection, Differences, Dod, DodRasters, Epochs, M3c2, Normals, Orientation,
    SurveySample,
};
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::{Cpu, Result};
use isopach_las::Las;
use isopach_neighbours::AxialStatistic;
use isopach_raster::CellStatistic;
use std::path::Path;

/// The comparison, and its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// M3C2 by means.
    M3c2Mean,
    /// M3C2 by medians.
    M3c2Median,
    /// DoD by means.
    DodMean,
    /// DoD by medians.
    DodMedian,
}

/// Every method.
pub const METHODS: [Method; 4] = [
    Method::M3c2Mean,
    Method::M3c2Median,
    Method::DodMean,
    Method::DodMedian,
];

/// A place that could be tested.
#[derive(Clone, Copy, Debug)]
pub struct Tested {
    /// Points of each epoch.
    pub count: [u32; 2],
    /// Whether it is called changed.
    pub significant: bool,
}

/// Two clouds of the same ground.
#[derive(Debug)]
pub struct Halves {
    /// The two.
    pub clouds: [Cloud; 2],
    /// Size of a cell, and twice the radius of a cylinder, metres.
    pub size: f64,
    /// Normals of M3C2.
    pub normals: Normals,
    /// Metres between core points.
    pub spacing: f64,
}

/// Number of cells, or clusters of points, along a side of a made scene.
const SIDE: i32 = 60;

/// A made scene: in each of 3,600 cells so many points of each epoch, with normal heights.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Points per cell of each epoch.
    pub count: [u32; 2],
    /// Variance of the second epoch's heights over that of the first's.
    pub ratio: f64,
    /// Rise per metre towards the east.
    pub slope: f64,
    /// Rise of the second epoch, in standard deviations of the difference of two means.
    pub change: f64,
    /// Standard deviation of an error that all points of a cell of the second epoch share, metres.
    pub shared_error: f64,
    /// Of the random numbers.
    pub seed: u64,
}

impl Scene {
    /// Default detection with what a survey of such ground says: the places of this scene, and
    /// well-filled ones beside them.
    pub fn detection(&self, method: Method, halves: &Halves) -> Result<Detection> {
        let filled = Self {
            count: [30, 30],
            change: 0.0,
            seed: self.seed + 1,
            ..*self
        };
        let mut sample = sample_halves(method, halves)?;
        if matches!(method, Method::M3c2Median | Method::DodMedian) {
            sample.merge(&sample_halves(method, &filled.halves()?)?);
        }
        Ok(Detection {
            survey: Some(sample.statistics()),
            ..Detection::default()
        })
    }

    /// The clouds. Roughness differs from cell to cell by a factor of e^±0.6. Cells are 3 m apart,
    /// 1 m wide, with the points within half a metre of their centres, so that cylinders and cells
    /// hold the same points.
    pub fn halves(&self) -> Result<Halves> {
        let mut chance = Chance::new(self.seed);
        let mut of_cells = Chance::new(self.seed + (1 << 32));
        let mut points: [Vec<[f64; 3]>; 2] = Default::default();
        for cell in 0..SIDE * SIDE {
            let corner = [f64::from(cell % SIDE) * 3.0, f64::from(cell / SIDE) * 3.0];
            let rough = 0.03 * (1.2 * chance.uniform() - 0.6).exp();
            let [first, second] = self.count.map(f64::from);
            let lift = self.change * rough * (1.0 / first + self.ratio / second).sqrt()
                + self.shared_error * of_cells.normal();
            for (epoch, points) in points.iter_mut().enumerate() {
                for _ in 0..self.count[epoch] {
                    let distance = 0.49 * chance.uniform().sqrt();
                    let angle = std::f64::consts::TAU * chance.uniform();
                    let [east, north] = [distance * angle.cos(), distance * angle.sin()];
                    let noise = rough * chance.normal();
                    let up = if epoch == 0 {
                        noise
                    } else {
                        noise * self.ratio.sqrt() + lift
                    };
                    points.push([
                        corner[0] + 0.5 + east,
                        corner[1] + 0.5 + north,
                        100.0 + self.slope * east + up,
                    ]);
                }
            }
        }
        let [first, second] = points;
        Ok(Halves {
            clouds: [Cloud::from_points(&first)?, Cloud::from_points(&second)?],
            size: 1.0,
            normals: Normals::Fixed([0.0, 0.0, 1.0]),
            spacing: 3.0,
        })
    }
}

/// Points of some classes of a LAS file.
pub fn read_ground(path: &Path, classes: &[u8]) -> Result<Cloud> {
    let all = Las::open(path)
        .map_err(isopach_compute::Error::source)?
        .read_all(Columns::CLASSIFICATION)?;
    Ok(all.filter_classes(classes)?.into_owned())
}

/// The points of two clouds in one, without their attributes.
pub fn join_clouds(parts: &[Cloud; 2]) -> Result<Cloud> {
    let points: Vec<[f64; 3]> = parts
        .iter()
        .flat_map(|part| {
            let positions = part.positions();
            (0..positions.len()).map(move |i| positions.absolute(i))
        })
        .collect();
    Cloud::from_points(&points)
}

/// A cloud in two random parts; one in `one_in` points goes into the second.
pub fn split_at_random(whole: &Cloud, one_in: u64, seed: u64) -> [Cloud; 2] {
    let positions = whole.positions();
    let mut parts: [Vec<u32>; 2] = Default::default();
    for i in 0..positions.len() {
        let ticks = positions.absolute_ticks(i);
        let hash = ticks
            .iter()
            .fold(mixed(seed), |hash, tick| mixed(hash ^ *tick as u64));
        parts[usize::from(hash.is_multiple_of(one_in))].push(i as u32);
    }
    parts.map(|part| whole.select(&part))
}

/// Scatter that a survey of such halves states.
pub fn sample_halves(method: Method, halves: &Halves) -> Result<SurveySample> {
    let [before, after] = &halves.clouds;
    match method {
        Method::M3c2Mean | Method::M3c2Median => {
            let core_points = core_points(halves)?;
            run_m3c2(method, halves, &Detection::default())
                .sample_survey(&Cpu, epochs(halves, &core_points))
        }
        Method::DodMean | Method::DodMedian => run_dod(method, halves, &Detection::default())
            .sample_survey(&Cpu, before, after, extent(halves)),
    }
}

fn run_m3c2(method: Method, halves: &Halves, detection: &Detection) -> M3c2 {
    let statistic = if method == Method::M3c2Median {
        AxialStatistic::MedianIqr
    } else {
        AxialStatistic::MeanDeviation
    };
    M3c2 {
        normals: halves.normals.clone(),
        cylinder_radius: 0.5 * halves.size,
        projection_depth: 5.0,
        statistic,
        detection: detection.clone(),
        ..M3c2::default()
    }
}

fn run_dod(method: Method, halves: &Halves, detection: &Detection) -> Dod {
    let statistic = if method == Method::DodMedian {
        CellStatistic::Median
    } else {
        CellStatistic::Mean
    };
    Dod {
        cell_size: halves.size,
        statistic,
        detection: detection.clone(),
        ..Dod::default()
    }
}

/// Made scenes have their places at the middle of the cells.
fn core_points(halves: &Halves) -> Result<Cloud> {
    match &halves.normals {
        Normals::Fixed(_) => {
            let middle = |cell: i32| {
                [
                    f64::from(cell % SIDE) * 3.0 + 0.5,
                    f64::from(cell / SIDE) * 3.0 + 0.5,
                    100.0,
                ]
            };
            Cloud::from_points(&(0..SIDE * SIDE).map(middle).collect::<Vec<_>>())
        }
        _ => CoreSelection::Grid(halves.spacing).select_points(&halves.clouds[0]),
    }
}

fn epochs<'a>(halves: &'a Halves, core_points: &'a Cloud) -> Epochs<'a> {
    let [reference, compared] = &halves.clouds;
    Epochs {
        reference: reference.positions(),
        compared: compared.positions(),
        core_points: core_points.positions(),
    }
}

fn extent(halves: &Halves) -> Rect {
    let whole = halves.clouds[0].positions().extent();
    whole
        .unwrap_or(Rect {
            min: [0.0; 2],
            max: [1.0; 2],
        })
        .expanded_by(halves.size)
}

/// Statement of a method about unchanged ground: the places that it could test.
pub fn test_halves(method: Method, halves: &Halves, detection: &Detection) -> Result<Vec<Tested>> {
    match method {
        Method::M3c2Mean | Method::M3c2Median => {
            let core_points = core_points(halves)?;
            Ok(of_core_points(
                &run_m3c2(method, halves, detection).run(&Cpu, epochs(halves, &core_points))?,
            ))
        }
        Method::DodMean | Method::DodMedian => {
            let [before, after] = &halves.clouds;
            Ok(of_cells(&run_dod(method, halves, detection).run(
                &Cpu,
                before,
                after,
                extent(halves),
            )?))
        }
    }
}

pub(super) fn of_core_points(found: &Differences) -> Vec<Tested> {
    let place = |i: usize| Tested {
        count: [found.count[0][i], found.count[1][i]],
        significant: found.significant[i],
    };
    (0..found.len())
        .filter(|&i| !found.level_of_detection[i].is_nan())
        .map(place)
        .collect()
}

pub(super) fn of_cells(found: &DodRasters) -> Vec<Tested> {
    let mut places = Vec::new();
    for (cell, level) in found.level_of_detection.values.indexed_iter() {
        if !level.is_nan() {
            let count = [
                found.counts[0].values[cell] as u32,
                found.counts[1].values[cell] as u32,
            ];
            places.push(Tested {
                count,
                significant: found.difference.values[cell].abs() > *level,
            });
        }
    }
    places
}

/// Per cent of the places that are called changed.
pub fn share_percent(places: &[Tested]) -> f64 {
    100.0 * places.iter().filter(|place| place.significant).count() as f64 / places.len() as f64
}

/// Normals for ground whose points are so far apart.
pub fn multiscale(radius: f64) -> Normals {
    Normals::Multiscale {
        radii: vec![radius, 2.0 * radius, 4.0 * radius],
        towards: Orientation::UP,
    }
}
