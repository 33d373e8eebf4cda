//! Findings from one sample that is read before the run: density, scatter, errors that neighbours
//! share.
//!
//! The sample is a function of the points and the parameters alone: no tile, thread or memory
//! changes a bit of it.

use crate::{
    SurveyError,
    geometry::Geometry,
    masks::Masks,
    operation,
    options::ChangeOptions,
    settings::{Settings, informed_detection},
};
use isopach::{
    change::{
        CoreSelection, Epochs, M3c2, RegistrationError, StableSample, Suggested, Suggestions,
        SurveySample, SurveyStatistics, Variogram, VariogramOptions,
    },
    cloud::{Cloud, Columns, REACH, Rigid},
    compute::{Cpu, Error, Result},
    neighbours::{NeighbourSearch as _, NormalQuery},
    tiling::{BlockPair, PairedSample as Points, PointSource, SampleBlocks, Thinned, Thinning},
};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Side of the smallest cubes that a survey is thinned to, metres, and limit on the kept points of
/// an epoch.
const FINEST: f64 = 0.25;
const KEPT: usize = 150_000;
/// Side of the squares that are read whole, metres, and points of both epochs in them, about.
const SIDE: f64 = 32.0;
const POINTS: u64 = 600_000;
/// Names the order in which squares are chosen.
const SEED: u64 = 1;
/// Fewest cells that a variogram is made from.
const FEWEST_CELLS: usize = 100;

/// Thins an epoch to one point a cube, for alignment and density.
pub(crate) fn thin_epoch(
    source: &dyn PointSource,
    masks: Option<&Masks>,
    memory: u64,
) -> Result<Thinned> {
    let thinning = Thinning {
        finest: FINEST,
        max_points: KEPT,
        memory,
    };
    thinning.run(source, |point| {
        masks.is_none_or(|masks| masks.is_stable(point))
    })
}

/// Inputs of the sampling.
pub(crate) struct Sampling<'a> {
    pub(crate) options: &'a ChangeOptions,
    pub(crate) geometry: &'a Geometry,
    /// The thinned epochs, before the later one was moved.
    pub(crate) thinned: [&'a Thinned; 2],
    /// Both epochs, aligned.
    pub(crate) sources: [&'a dyn PointSource; 2],
    /// Step that the heights of each epoch's files are rounded to, metres.
    pub(crate) resolution: [f64; 2],
    pub(crate) masks: &'a Masks,
    /// Bytes for the points.
    pub(crate) memory: u64,
}

impl Sampling<'_> {
    /// Reads the sample, and derives from it the parameters that the user did not give.
    pub(crate) fn run(
        &self,
        registration_error: RegistrationError,
        motion: &Rigid,
    ) -> Result<(FromData, Sample)> {
        let points = read_squares(self.thinned, self.sources, self.memory)?;
        let names = self.sources.map(|source| source.name());
        let from_data = suggest_parameters(&points, &names)?;
        let settings = Settings::new(
            self.options,
            self.geometry,
            &from_data,
            registration_error,
            motion,
        )?;
        let sample = Sample::of(&points, self.resolution, &settings, self.masks)?;
        Ok((from_data, sample))
    }
}

/// All points of some squares of both epochs.
fn read_squares(
    thinned: [&Thinned; 2],
    sources: [&dyn PointSource; 2],
    memory: u64,
) -> Result<Points> {
    SampleBlocks::choose(thinned, SIDE, POINTS, SEED)?.read(sources, Columns::XYZ, |_| true, memory)
}

/// Parameters that the data ask for.
#[derive(Clone, Debug)]
pub(crate) struct FromData {
    /// Cell, cylinder, radii, statistic.
    pub(crate) suggestions: Suggestions,
    /// Whether most of the ground is so steep that squares of the plan miss it.
    pub(crate) steep: Suggested<bool>,
}

/// Points that normals are looked at, and the squares' points that suggestions are made from must
/// be within reach of each other.
const PROBES: u64 = 2000;
/// Share of flat normals above which ground counts as steep: a wall has two thirds or more, wooded
/// slopes fewer.
const STEEP: f64 = 0.5;

/// Suggests parameters from the squares of the epochs with these names.
fn suggest_parameters(points: &Points, [earlier, later]: &[String; 2]) -> Result<FromData> {
    let [before, after] = join_squares(points)?;
    let suggestions =
        M3c2::suggest_parameters(&Cpu, &before, &after).map_err(|error| match error {
            error @ Error::InvalidInput(_) => SurveyError::NoSuggestion {
                earlier: earlier.clone(),
                later: later.clone(),
                source: error,
            }
            .into(),
            other => other,
        })?;
    let radius = suggestions
        .normal_radii
        .value
        .first()
        .copied()
        .unwrap_or(1.0);
    let every = (before.len() as u64).div_ceil(PROBES).max(1) as u32;
    let probes = CoreSelection::EveryNth(every).select_points(&before)?;
    let normals = Cpu.index(before.positions())?.estimate_normals(
        probes.positions(),
        NormalQuery {
            radii: &[radius],
            towards: [0.0, 0.0, 1.0],
        },
    )?;
    let found: Vec<f64> = normals
        .iter()
        .filter(|n| n.axis != [0.0; 3])
        .map(|n| n.axis[2].abs())
        .collect();
    let flat = found
        .iter()
        .filter(|up| **up < std::f64::consts::FRAC_1_SQRT_2)
        .count() as f64
        / found.len().max(1) as f64;
    let reason = format!(
        "{:.0} % of the surface is steeper than 45°: {}",
        100.0 * flat,
        if flat > STEEP {
            "one core point a cube"
        } else {
            "one core point a square"
        }
    );
    Ok(FromData {
        suggestions,
        steep: Suggested {
            value: flat > STEEP,
            reason,
        },
    })
}

/// The squares around the middle one as one pair of clouds.
fn join_squares(points: &Points) -> Result<[Cloud; 2]> {
    let Some(middle) = points.pairs.get(points.pairs.len() / 2) else {
        return Err(SurveyError::NoCommonGround.into());
    };
    let origin = middle.clouds[0].positions().origin();
    let centre = middle.block.area.centre();
    let cloud = |epoch: usize| {
        let all = points
            .pairs
            .iter()
            .filter(|pair: &&BlockPair| {
                let there = pair.block.area.centre();
                (0..2).all(|axis| (there[axis] - centre[axis]).abs() < 0.5 * REACH - SIDE)
            })
            .flat_map(|pair| {
                let positions = pair.clouds[epoch].positions();
                (0..positions.len()).map(move |i| positions.absolute(i))
            });
        // Squares of another height than the middle one may be out of reach.
        let base = origin.metres()[2];
        let reached: Vec<[f64; 3]> = all
            .filter(|point| (point[2] - base).abs() < REACH - 1.0)
            .collect();
        Cloud::from_points_about(&reached, origin)
    };
    Ok([cloud(0)?, cloud(1)?])
}

/// The findings from the squares.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Scatter in cells of the DoD.
    pub(crate) cells: SurveyStatistics,
    /// Scatter in cylinders of M3C2.
    pub(crate) cylinders: SurveyStatistics,
    /// Errors that neighbouring cells share; `None` without enough stable cells.
    pub(crate) variogram: Option<Variogram>,
    /// Share of the cells on stable ground that the user gave which exceed their level of
    /// detection; NaN without.
    pub(crate) exceeding: f64,
    /// Cells that the variogram is fitted to.
    pub(crate) stable_cells: usize,
    pub(crate) squares: usize,
    pub(crate) points: [usize; 2],
    /// Points more than 8 km above or below the middle of their square: noise, left out.
    pub(crate) out_of_reach: u64,
}

impl Sample {
    /// Runs both methods over the squares.
    ///
    /// `resolution` is the step that the heights of each epoch's files are rounded to, metres: a
    /// moved epoch hides it.
    fn of(
        points: &Points,
        resolution: [f64; 2],
        settings: &Settings,
        masks: &Masks,
    ) -> Result<Self> {
        let dod = operation::dod_of(settings);
        let m3c2 = operation::m3c2_of(settings, &settings.sampled_normals);
        let parts: Vec<(SurveySample, SurveySample)> = points
            .pairs
            .par_iter()
            .map(|pair| {
                let [before, after] = &pair.clouds;
                Ok((
                    dod.sample_survey(&Cpu, before, after, pair.block.area)?,
                    sample_cylinders(&m3c2, settings, pair)?,
                ))
            })
            .collect::<Result<_>>()?;
        let mut cells = SurveySample::default();
        let mut cylinders = SurveySample::default();
        for (of_cells, of_cylinders) in &parts {
            cells.merge(of_cells);
            cylinders.merge(of_cylinders);
        }
        cells.rounded_to(resolution);
        cylinders.rounded_to(resolution);
        let cells = cells.statistics();
        let cylinders = cylinders.statistics();
        let stable = stable_cells(points, settings, cells, masks)?;
        let count = |epoch: usize| {
            points
                .pairs
                .iter()
                .map(|pair| pair.clouds[epoch].len())
                .sum()
        };
        Ok(Self {
            cells,
            cylinders,
            variogram: fit_variogram(&stable.samples)?,
            exceeding: if masks.stable.is_some() {
                stable.exceeding as f64 / stable.tested as f64
            } else {
                f64::NAN
            },
            stable_cells: stable.samples.len(),
            squares: points.pairs.len(),
            points: [count(0), count(1)],
            out_of_reach: points.out_of_reach,
        })
    }

    /// Standard deviation of the errors that neighbouring cells share, metres.
    pub(crate) fn correlated_sigma(&self) -> f64 {
        self.variogram
            .as_ref()
            .map_or(0.0, Variogram::correlated_sigma)
    }

    /// The findings as an entry of summary.json.
    pub(crate) fn to_json(&self) -> Value {
        let variogram = self.variogram.as_ref().map(|variogram| {
            json!({
                "nugget_m2": variogram.nugget,
                "structures": variogram.structures.iter().map(|s: &isopach::change::VariogramStructure| {
                json!({ "sill_m2": s.sill, "range_m": s.range, "model": format!("{:?}", s.model).to_lowercase() })
            }).collect::<Vec<_>>(),
                "correlated_sigma_m": variogram.correlated_sigma(),
                "squared_correlation": variogram.squared_correlation,
            })
        });
        json!({
            "squares": self.squares, "side_m": SIDE, "points": self.points,
            "points_out_of_reach": self.out_of_reach,
            "cells": statistics_json(&self.cells), "cylinders": statistics_json(&self.cylinders),
            "variogram": variogram, "stable_cells": self.stable_cells,
            "stable_share_exceeding": finite_or_none(self.exceeding),
        })
    }
}

fn finite_or_none(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn statistics_json(of: &SurveyStatistics) -> Value {
    json!({
        "variance_ratio": of.variance_ratio, "pooled_spread_m": of.pooled_spread.map(finite_or_none),
        "median_factor": of.median_factor, "resolution_m": of.resolution, "places": of.places,
    })
}

/// Cylinders around the core points of a square.
fn sample_cylinders(m3c2: &M3c2, settings: &Settings, pair: &BlockPair) -> Result<SurveySample> {
    let [before, after] = &pair.clouds;
    let core_points: Cloud = match &settings.core {
        CoreSelection::Given(_) => before.subsample_grid(settings.core_spacing)?,
        selection => selection.select_points(before)?,
    };
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: core_points.positions(),
    };
    m3c2.sample_survey(&Cpu, epochs)
}

/// Cells on stable ground.
#[derive(Default)]
struct Stable {
    samples: Vec<StableSample>,
    tested: usize,
    exceeding: usize,
}

/// Share of the cells of unchanged ground that exceed their level of detection, and the standard
/// deviations above it at which a square counts as changed.
const BY_CHANCE: f64 = 0.05;
const DEVIATIONS: f64 = 3.0;

impl Stable {
    fn add(&mut self, other: Self) {
        self.samples.extend(other.samples);
        self.tested += other.tested;
        self.exceeding += other.exceeding;
    }

    /// Whether more cells exceed their level of detection than chance explains.
    fn has_change(&self) -> bool {
        let tested = self.tested as f64;
        let limit =
            BY_CHANCE * tested + DEVIATIONS * (BY_CHANCE * (1.0 - BY_CHANCE) * tested).sqrt();
        self.exceeding as f64 > limit
    }
}

/// The cells of the squares whose centres are stable. Without polygons these are the squares in
/// which no more cells than by chance exceed their level of detection; if those are fewer than
/// half, errors that neighbours share are everywhere, and all squares count.
fn stable_cells(
    points: &Points,
    settings: &Settings,
    survey: SurveyStatistics,
    masks: &Masks,
) -> Result<Stable> {
    let squares: Vec<Stable> = points
        .pairs
        .par_iter()
        .map(|pair| stable_square(pair, settings, survey, masks))
        .collect::<Result<_>>()?;
    let changed = squares.iter().filter(|square| square.has_change()).count();
    let leaves_out = masks.stable.is_none() && 2 * changed < squares.len();
    let mut all = Stable::default();
    squares
        .into_iter()
        .filter(|square| !(leaves_out && square.has_change()))
        .for_each(|square| all.add(square));
    Ok(all)
}

/// The stable cells of one square.
fn stable_square(
    pair: &BlockPair,
    settings: &Settings,
    survey: SurveyStatistics,
    masks: &Masks,
) -> Result<Stable> {
    let mut dod = operation::dod_of(settings);
    dod.detection = informed_detection(&settings.cell_detection, survey, 0.0);
    let mut stable = Stable::default();
    let [before, after] = &pair.clouds;
    let rasters = dod.run(&Cpu, before, after, pair.block.area)?;
    let grid = rasters.difference.grid;
    for ((row, column), difference) in rasters.difference.values.indexed_iter() {
        let [x, y] = grid.centre(row, column);
        if !difference.is_finite() || !masks.is_stable([x, y, 0.0]) {
            continue;
        }
        let limit = rasters.level_of_detection.values[[row, column]];
        stable.tested += usize::from(limit.is_finite());
        stable.exceeding += usize::from(difference.abs() > limit);
        stable.samples.push(StableSample {
            position: [x, y],
            difference: *difference,
        });
    }
    Ok(stable)
}

fn fit_variogram(samples: &[StableSample]) -> Result<Option<Variogram>> {
    if samples.len() < FEWEST_CELLS {
        return Ok(None);
    }
    Variogram::from_samples(samples, &VariogramOptions::default()).map(Some)
}
