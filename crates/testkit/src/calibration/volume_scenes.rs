//! Scenes whose true gain and loss are known cell by cell.
//!
//! A scene has two epochs with points at random positions of their own. The truth is the mean
//! change over each cell, summed over the cells with data in both epochs.

use super::random::Random;
use isopach_change::{
    Dod, DodRasters, RegistrationError, StableSample, Variogram, VariogramOptions, Volumes,
};
use isopach_cloud::{Cloud, PoseCovariance, Rect};
use isopach_compute::Cpu;
use std::f64::consts::TAU;

/// South-west corner of every scene, metres: no multiple of a block.
pub(super) const CORNER: [f64; 2] = [1003.0, 2005.0];
/// Sub-cells along the side of a cell that the true change is averaged over.
const PARTS: usize = 5;
/// Range of correlated noise, metres.
pub const RANGE: f64 = 25.0;
/// Spacing of the white noise that correlated noise is averaged from, metres.
const LATTICE: f64 = 2.5;

/// True change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// None.
    None,
    /// A scarp of 4 m, its deposit, a filled pit, a river that cut in by 0.4 m.
    Slide,
    /// A mound of 10 cm and a hollow of 6 cm that fade out into the noise.
    Faint,
    /// A patch of +6 cm and one of −20 cm with sharp edges.
    Sharp,
    /// A quarter of the area 0.7 m higher.
    Strip,
    /// Waves of 15 cm, 40 by 50 m long: no unchanged ground.
    Waves,
}

/// Noise of a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tails {
    /// Normal distribution.
    Gaussian,
    /// Student's t with three degrees of freedom.
    Heavy,
}

/// Known error of the alignment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alignment {
    /// Exact.
    Exact,
    /// The later epoch is higher by a random offset of this standard deviation, metres, which is
    /// given.
    Given(f64),
    /// The later epoch is moved by a random pose; its covariance is given.
    Pose,
}

/// Ground that is given as stable, where it did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stable {
    /// All.
    All,
    /// The quarter in the south-west.
    Quarter,
    /// Squares of 16 m, 48 m apart: a ninth.
    Squares,
}

impl Stable {
    /// Whether it holds a place of a scene of that side, metres.
    fn holds(self, x: f64, y: f64, side: f64) -> bool {
        match self {
            Self::All => true,
            Self::Quarter => x.max(y) < 0.5 * side,
            Self::Squares => (x % 48.0).max(y % 48.0) < 16.0,
        }
    }

    fn share(self) -> f64 {
        match self {
            Self::All => 1.0,
            Self::Quarter => 0.25,
            Self::Squares => 1.0 / 9.0,
        }
    }
}

/// A kind of scene.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The printed row.
    pub name: &'static str,
    /// Side of the square, metres.
    pub side: usize,
    /// Points per m².
    pub density: f64,
    /// dz/dx of the ground.
    pub slope: f64,
    /// True change.
    pub change: Change,
    /// Shape of the noise; its standard deviation is 3 cm.
    pub tails: Tails,
    /// Whether heights are rounded to whole centimetres.
    pub centimetres: bool,
    /// Alignment of the epochs.
    pub alignment: Alignment,
    /// Standard deviation of noise of the later epoch that is correlated over [`RANGE`], metres.
    pub correlated: f64,
    /// Ground that the variogram is measured on.
    pub stable: Stable,
}

impl Case {
    /// Flat ground, Gaussian noise, exact alignment.
    pub(super) const PLAIN: Self = Self {
        name: "",
        side: 96,
        density: 5.0,
        slope: 0.0,
        change: Change::None,
        tails: Tails::Gaussian,
        centimetres: false,
        alignment: Alignment::Exact,
        correlated: 0.0,
        stable: Stable::All,
    };
}

/// Every kind of scene.
pub const CASES: [Case; 18] = [
    Case {
        name: "no change, 5 points/m²",
        ..Case::PLAIN
    },
    Case {
        name: "no change, 3 points/m²",
        density: 3.0,
        ..Case::PLAIN
    },
    Case {
        name: "no change, slope 0.3",
        slope: 0.3,
        ..Case::PLAIN
    },
    Case {
        name: "slide, 5 points/m²",
        change: Change::Slide,
        ..Case::PLAIN
    },
    Case {
        name: "slide, 3 points/m²",
        change: Change::Slide,
        density: 3.0,
        ..Case::PLAIN
    },
    Case {
        name: "slide, slope 0.3",
        change: Change::Slide,
        slope: 0.3,
        ..Case::PLAIN
    },
    Case {
        name: "slide, whole centimetres",
        change: Change::Slide,
        centimetres: true,
        ..Case::PLAIN
    },
    Case {
        name: "slide, heavy tails",
        change: Change::Slide,
        tails: Tails::Heavy,
        ..Case::PLAIN
    },
    Case {
        name: "faint change",
        change: Change::Faint,
        ..Case::PLAIN
    },
    Case {
        name: "sharp edges",
        change: Change::Sharp,
        ..Case::PLAIN
    },
    Case {
        name: "strip, 3 points/m²",
        change: Change::Strip,
        density: 3.0,
        ..Case::PLAIN
    },
    Case {
        name: "slide, shift of 2 cm given",
        change: Change::Slide,
        alignment: Alignment::Given(0.02),
        ..Case::PLAIN
    },
    Case {
        name: "slide, slope 0.3, pose",
        change: Change::Slide,
        slope: 0.3,
        alignment: Alignment::Pose,
        ..Case::PLAIN
    },
    Case {
        name: "no change, correlated 3 cm",
        side: 192,
        correlated: 0.03,
        ..Case::PLAIN
    },
    Case {
        name: "no change, correlated 3 cm, a quarter stable",
        side: 192,
        correlated: 0.03,
        stable: Stable::Quarter,
        ..Case::PLAIN
    },
    Case {
        name: "no change, correlated 3 cm, squares stable",
        side: 192,
        correlated: 0.03,
        stable: Stable::Squares,
        ..Case::PLAIN
    },
    Case {
        name: "slide, correlated 3 cm",
        side: 192,
        correlated: 0.03,
        change: Change::Slide,
        ..Case::PLAIN
    },
    Case {
        name: "waves of 15 cm",
        change: Change::Waves,
        ..Case::PLAIN
    },
];

/// Found and true volumes of one scene, m³: gain, loss, net.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Found minus true.
    pub deviation: [f64; 3],
    /// 95 % error that was stated.
    pub error: [f64; 3],
    /// Thresholded gain and loss minus the true ones.
    pub thresholded: [f64; 2],
}

impl Case {
    /// Makes a scene and measures its volumes.
    ///
    /// # Errors
    /// In words, the cases that the library declined.
    pub fn run(&self, seed: u64) -> Result<Outcome, String> {
        let mut random = Random::new(seed);
        let shift = match self.alignment {
            Alignment::Given(sigma) => sigma * random.normal(),
            Alignment::Exact | Alignment::Pose => 0.0,
        };
        let field = Field::new(self, &mut random);
        let pose = Pose::new(self, &mut random);
        let before = self.epoch(&mut random, |_| 0.0);
        let after = self.epoch(&mut random, |[x, y]| {
            shift + self.change_at(x, y) + field.at(x, y) + pose.rise(self, x, y)
        });
        let registration_error = match self.alignment {
            Alignment::Exact => RegistrationError::Given(0.0),
            Alignment::Given(sigma) => RegistrationError::Given(sigma),
            Alignment::Pose => RegistrationError::Covariance(pose.covariance.clone()),
        };
        let dod = Dod {
            registration_error: registration_error.clone(),
            ..Dod::default()
        };
        let side = self.side as f64;
        let extent = Rect {
            min: CORNER,
            max: CORNER.map(|corner| corner + side),
        };
        let [before, after] = [before, after].map(|points| Cloud::from_points(&points));
        let rasters =
            (|| dod.run(&Cpu, &before?, &after?, extent))().map_err(|error| error.to_string())?;
        let mut volumes = Volumes::new(1.0, registration_error);
        if self.correlated > 0.0 {
            volumes = volumes.with_variogram(self.variogram(&rasters, &mut random)?);
        }
        volumes
            .add_tile(&rasters)
            .map_err(|error| error.to_string())?;
        let report = volumes.report();
        let [gain, loss] = self.truth(&rasters);
        let found = [report.significant.gain, report.significant.loss, report.net];
        let truth = [gain, loss, gain - loss];
        Ok(Outcome {
            deviation: std::array::from_fn(|i| found[i].volume - truth[i]),
            error: found.map(|volume| volume.error),
            thresholded: [
                report.thresholded.gain.volume - gain,
                report.thresholded.loss.volume - loss,
            ],
        })
    }

    pub(super) fn epoch(
        &self,
        random: &mut Random,
        rise: impl Fn([f64; 2]) -> f64,
    ) -> Vec<[f64; 3]> {
        let side = self.side as f64;
        let count = (self.density * side * side) as usize;
        let mut points = Vec::with_capacity(count);
        for _ in 0..count {
            let [x, y] = [random.uniform() * side, random.uniform() * side];
            let noise = match self.tails {
                Tails::Gaussian => random.normal(),
                Tails::Heavy => random.heavy(),
            };
            let mut z = 100.0 + self.slope * x + rise([x, y]) + 0.03 * noise;
            if self.centimetres {
                z = (z * 100.0).round() / 100.0;
            }
            points.push([CORNER[0] + x, CORNER[1] + y, z]);
        }
        points
    }

    /// True change at (x, y) metres from the corner.
    fn change_at(&self, x: f64, y: f64) -> f64 {
        let side = self.side as f64;
        let [u, v] = [x / side, y / side];
        let bump = |[cu, cv]: [f64; 2], [ru, rv]: [f64; 2]| {
            let q = ((u - cu) / ru).powi(2) + ((v - cv) / rv).powi(2);
            (1.0 - q).max(0.0).powi(2)
        };
        match self.change {
            Change::None => 0.0,
            Change::Slide => {
                let centre = 0.80 * side + 0.03 * side * (TAU * u / 0.5).sin();
                let river = (1.0 - ((y - centre) / 8.0).powi(2)).max(0.0).powi(2);
                -4.0 * bump([0.30, 0.62], [0.09, 0.06])
                    + 2.5 * bump([0.30, 0.48], [0.10, 0.07])
                    + bump([0.72, 0.30], [0.05, 0.05])
                    - 0.4 * river
            }
            Change::Faint => {
                0.10 * bump([0.3, 0.3], [0.25, 0.25]) - 0.06 * bump([0.7, 0.65], [0.3, 0.25])
            }
            Change::Sharp if u > 0.703 && v > 0.407 => 0.06,
            Change::Sharp if u < 0.2 && v > 0.5 => -0.20,
            Change::Sharp => 0.0,
            Change::Strip if u > 0.75 => 0.7,
            Change::Strip => 0.0,
            Change::Waves => 0.15 * (TAU * x / 40.0).sin() * (TAU * y / 50.0).sin(),
        }
    }

    /// True gain and loss over the cells with a difference, m³.
    fn truth(&self, rasters: &DodRasters) -> [f64; 2] {
        let mut volumes = [0.0, 0.0];
        for ((row, column), difference) in rasters.difference.values.indexed_iter() {
            let [x, y] = rasters.difference.grid.centre(row, column);
            let change = self.change_of_cell(x - CORNER[0], y - CORNER[1]);
            if !difference.is_nan() {
                volumes[0] += change.max(0.0);
                volumes[1] += (-change).max(0.0);
            }
        }
        volumes
    }

    /// Mean change over the cell around (x, y).
    fn change_of_cell(&self, x: f64, y: f64) -> f64 {
        let part = |i: usize| (i as f64 + 0.5) / PARTS as f64 - 0.5;
        let parts =
            (0..PARTS * PARTS).map(|i| self.change_at(x + part(i % PARTS), y + part(i / PARTS)));
        parts.sum::<f64>() / (PARTS * PARTS) as f64
    }

    /// Variogram of up to 3000 cells that did not change: those that a user gives as stable ground.
    pub(super) fn variogram(
        &self,
        rasters: &DodRasters,
        random: &mut Random,
    ) -> Result<Variogram, String> {
        let side = self.side as f64;
        let keep = 3000.0 / (side * side * self.stable.share());
        let mut samples = Vec::new();
        for ((row, column), difference) in rasters.difference.values.indexed_iter() {
            let position = rasters.difference.grid.centre(row, column);
            let [x, y] = [position[0] - CORNER[0], position[1] - CORNER[1]];
            let is_stable = || self.stable.holds(x, y, side) && self.change_of_cell(x, y) == 0.0;
            if random.uniform() < keep && !difference.is_nan() && is_stable() {
                samples.push(StableSample {
                    position,
                    difference: *difference,
                });
            }
        }
        Variogram::from_samples(&samples, &VariogramOptions::default())
            .map_err(|error| error.to_string())
    }
}

/// Noise that is correlated over [`RANGE`]: means of white noise over discs, whose covariance is
/// the circular model.
pub(super) struct Field {
    columns: usize,
    values: Vec<f64>,
}

impl Field {
    pub(super) fn new(case: &Case, random: &mut Random) -> Self {
        if case.correlated == 0.0 {
            return Self {
                columns: 0,
                values: Vec::new(),
            };
        }
        let reach = (0.5 * RANGE / LATTICE) as usize;
        let columns = case.side + 1;
        let wide = (case.side as f64 / LATTICE) as usize + 2 * reach + 3;
        let white: Vec<f64> = (0..wide * wide).map(|_| random.normal()).collect();
        let mut values = Vec::with_capacity(columns * columns);
        for i in 0..columns * columns {
            // Lattice coordinates of a corner of a cell.
            let [u, v] =
                [i % columns, i / columns].map(|k| k as f64 / LATTICE + reach as f64 + 1.0);
            let mut sum = 0.0;
            let mut count = 0.0_f64;
            for row in (v as usize - reach)..=(v as usize + reach + 1) {
                for column in (u as usize - reach)..=(u as usize + reach + 1) {
                    if (row as f64 - v).hypot(column as f64 - u) <= 0.5 * RANGE / LATTICE {
                        sum += white[row * wide + column];
                        count += 1.0;
                    }
                }
            }
            values.push(case.correlated * sum / count.sqrt());
        }
        Self { columns, values }
    }

    pub(super) fn at(&self, x: f64, y: f64) -> f64 {
        if self.values.is_empty() {
            0.0
        } else {
            self.values[(y as usize) * self.columns + x as usize]
        }
    }
}

/// A random pose, drawn from its covariance.
struct Pose {
    covariance: PoseCovariance,
    unknowns: [f64; 6],
}

impl Pose {
    fn new(case: &Case, random: &mut Random) -> Self {
        let sigma = match case.alignment {
            Alignment::Pose => [2e-4, 3e-4, 2e-4, 0.02, 0.03, 0.01],
            Alignment::Exact | Alignment::Given(_) => [0.0; 6],
        };
        let pivot = [CORNER[0] + 40.0, CORNER[1] + 30.0, 110.0];
        let matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| if i == j { sigma[i] * sigma[i] } else { 0.0 })
        });
        let covariance = PoseCovariance {
            matrix,
            ..PoseCovariance::exact(pivot)
        };
        Self {
            covariance,
            unknowns: sigma.map(|sigma| sigma * random.normal()),
        }
    }

    /// Rise of the ground at (x, y) metres from the corner.
    fn rise(&self, case: &Case, x: f64, y: f64) -> f64 {
        let length = (1.0 + case.slope * case.slope).sqrt();
        let normal = [-case.slope / length, 0.0, 1.0 / length];
        let point = [CORNER[0] + x, CORNER[1] + y, 100.0 + case.slope * x];
        let jacobian = self.covariance.jacobian(point, normal);
        jacobian
            .iter()
            .zip(self.unknowns)
            .map(|(a, b)| a * b)
            .sum::<f64>()
            * length
    }
}
