//! Golden cases of ground filters: scenes with known truth, and the errors of another filter.
//!
//! A case is a folder of `.npy` arrays, `SCENE_points` (n × 3) and `SCENE_label` (2 is ground), and
//! a `meta.json` with the errors of cloth simulation by its settings
//! (`scenes.SCENE.csf.SETTINGS.total_error`).

use isopach_cloud::{Cloud, Positions};
use isopach_features::{ClothFilter, GroundFilter, GroundMask};
use serde_json::{Value, json};
use std::{error::Error, path::Path};

/// Whether a label is that of ground.
fn is_ground_label(label: f64) -> bool {
    label.round() as i64 == 2
}

/// Errors of a filter, with its default parameters, on one scene.
#[derive(Clone, Debug)]
pub struct GroundErrors {
    /// Name of the scene.
    pub scene: String,
    /// The filter: smrf or cloth.
    pub filter: &'static str,
    /// Share of the ground points that are lost (type I).
    pub lost: f64,
    /// Share of the other points that are taken for ground (type II).
    pub taken: f64,
    /// Share of all points with the wrong label.
    pub total: f64,
    /// Agreement beyond chance (Cohen 1960).
    pub kappa: f64,
    /// The least total error of cloth simulation at any of its settings.
    pub bar: f64,
}

impl GroundErrors {
    /// Whether fewer points have the wrong label than by cloth simulation at its best.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        self.total < self.bar
    }

    /// A line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "scene": self.scene,
            "filter": self.filter,
            "within_bounds": self.is_within_bounds(),
            "ground_lost_type1": self.lost,
            "objects_taken_type2": self.taken,
            "total_error": self.total,
            "kappa": self.kappa,
            "least_total_error_of_csf": self.bar,
        })
    }
}

/// Whether a folder has such a case.
#[must_use]
pub fn is_case(about: &Value) -> bool {
    about["scenes"].is_object()
}

/// A filter: its name, and the labels of points by its default parameters.
type Labelled = (
    &'static str,
    fn(Positions<'_>) -> isopach_compute::Result<GroundMask>,
);

/// The filters that are compared.
const FILTERS: [Labelled; 2] = [
    ("smrf", |points| GroundFilter::default().run(points)),
    ("cloth", |points| ClothFilter::default().run(points)),
];

/// Errors of each filter on all scenes of a case.
///
/// # Errors
/// If an array or the errors of the other program are missing.
pub fn compare(about: &Value, dir: &Path) -> Result<Vec<GroundErrors>, Box<dyn Error>> {
    let scenes = about["scenes"]
        .as_object()
        .ok_or("meta.json names no scenes")?;
    let mut errors = Vec::new();
    for (name, scene) in scenes {
        let read = |array: &str| isopach_npy::read(&dir.join(format!("{name}_{array}.npy")));
        let points = read("points")?.values;
        let rows: Vec<[f64; 3]> = points.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
        let cloud = Cloud::from_points(&rows)?;
        let settings = scene["csf"]
            .as_object()
            .ok_or("meta.json has no errors of csf")?;
        let totals = settings
            .values()
            .filter_map(|one| one["total_error"].as_f64());
        let bar = totals.fold(f64::INFINITY, f64::min);
        let labels = read("label")?.values;
        for (filter, label) in FILTERS {
            let found = label(cloud.positions())?.is_ground;
            errors.push(GroundErrors {
                scene: name.clone(),
                filter,
                bar,
                ..errors_of(&found, &labels)
            });
        }
    }
    Ok(errors)
}

/// Errors of labels, without the names of scene and filter.
fn errors_of(found: &[bool], labels: &[f64]) -> GroundErrors {
    let count = |found_ground: bool, is_ground: bool| {
        let pairs = found.iter().zip(labels);
        let alike =
            pairs.filter(|(f, label)| **f == found_ground && is_ground_label(**label) == is_ground);
        alike.count() as f64
    };
    let [kept, lost] = [count(true, true), count(false, true)];
    let [taken, left] = [count(true, false), count(false, false)];
    let all = kept + lost + taken + left;
    let agreed = (kept + left) / all;
    let by_chance = ((kept + lost) * (kept + taken) + (taken + left) * (lost + left)) / (all * all);
    GroundErrors {
        scene: String::new(),
        filter: "",
        lost: lost / (kept + lost),
        taken: taken / (taken + left),
        total: 1.0 - agreed,
        kappa: (agreed - by_chance) / (1.0 - by_chance),
        bar: f64::NAN,
    }
}
