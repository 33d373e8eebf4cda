//! Unchanged ground whose noise is correlated: how much of it is called changed, with the variogram
//! of the ground in the level of detection and without it.

use super::{
    null_tests::{Tested, of_cells, of_core_points},
    random::Random,
    volume_scenes::{CORNER, Case, Field},
};
use isopach_change::{Detection, Dod, Epochs, M3c2, Normals};
use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Cpu, Result};

/// Scenes without change; noise of the later epoch is correlated over 25 m.
pub const CASES: [Case; 4] = [
    Case {
        name: "correlated 3 cm, 5 points/m²",
        side: 192,
        correlated: 0.03,
        ..Case::PLAIN
    },
    Case {
        name: "correlated 3 cm, 3 points/m²",
        side: 192,
        correlated: 0.03,
        density: 3.0,
        ..Case::PLAIN
    },
    Case {
        name: "correlated 10 cm, 5 points/m²",
        side: 192,
        correlated: 0.1,
        ..Case::PLAIN
    },
    Case {
        name: "correlated 3 cm, slope 0.3",
        side: 192,
        correlated: 0.03,
        slope: 0.3,
        ..Case::PLAIN
    },
];

/// Metres between core points.
const SPACING: usize = 3;

/// Places of a scene that could be tested: cells of DoD, core points of M3C2.
#[derive(Debug)]
pub struct Places {
    /// Without the variogram.
    pub without: [Vec<Tested>; 2],
    /// With the standard deviation of the correlated part in the level of detection.
    pub with: [Vec<Tested>; 2],
}

/// Makes a scene, finds its variogram from the cells of DoD, and tests its places. `case` is
/// without change.
///
/// # Errors
/// The question that the library declined, in words.
pub fn test_places(case: &Case, seed: u64) -> std::result::Result<Places, String> {
    let mut random = Random::new(seed);
    let field = Field::new(case, &mut random);
    let before = case.epoch(&mut random, |_| 0.0);
    let after = case.epoch(&mut random, |[x, y]| field.at(x, y));
    let scene = Scene::new(case, [before, after]).map_err(|error| error.to_string())?;
    let independent = Detection::default();
    let rasters = scene
        .dod(&independent)
        .run(&Cpu, &scene.clouds[0], &scene.clouds[1], scene.extent)
        .map_err(|error| error.to_string())?;
    let variogram = case.variogram(&rasters, &mut random)?;
    let correlated = Detection {
        correlated: variogram.correlated_sigma(),
        ..Detection::default()
    };
    let test = |detection: &Detection| scene.test(detection).map_err(|error| error.to_string());
    Ok(Places {
        without: test(&independent)?,
        with: test(&correlated)?,
    })
}

struct Scene {
    clouds: [Cloud; 2],
    core_points: Cloud,
    extent: Rect,
}

impl Scene {
    fn new(case: &Case, epochs: [Vec<[f64; 3]>; 2]) -> Result<Self> {
        let [before, after] = epochs;
        let mut core_points = Vec::new();
        for x in (1..case.side - 1).step_by(SPACING) {
            for y in (1..case.side - 1).step_by(SPACING) {
                let [x, y] = [x as f64, y as f64];
                core_points.push([CORNER[0] + x, CORNER[1] + y, 100.0 + case.slope * x]);
            }
        }
        Ok(Self {
            clouds: [Cloud::from_points(&before)?, Cloud::from_points(&after)?],
            core_points: Cloud::from_points(&core_points)?,
            extent: Rect {
                min: CORNER,
                max: CORNER.map(|corner| corner + case.side as f64),
            },
        })
    }

    fn dod(&self, detection: &Detection) -> Dod {
        Dod {
            detection: detection.clone(),
            ..Dod::default()
        }
    }

    fn test(&self, detection: &Detection) -> Result<[Vec<Tested>; 2]> {
        let [before, after] = &self.clouds;
        let cells = self.dod(detection).run(&Cpu, before, after, self.extent)?;
        let m3c2 = M3c2 {
            normals: Normals::Fixed([0.0, 0.0, 1.0]),
            cylinder_radius: 0.5,
            projection_depth: 5.0,
            detection: detection.clone(),
            ..M3c2::default()
        };
        let distances = m3c2.run(
            &Cpu,
            Epochs {
                reference: before.positions(),
                compared: after.positions(),
                core_points: self.core_points.positions(),
            },
        )?;
        Ok([of_cells(&cells), of_core_points(&distances)])
    }
}
