//! Finds ground points of a cloud: `label_ground POINTS.npy GROUND.npy smrf|cloth`.
//!
//! POINTS has a row a point, in metres about an origin; GROUND gets 1 for ground and 0 for others.
//! scripts/ground_beside_peers.py compares the labels with those of other tools.
#![allow(missing_docs)]

use isopach_features::{ClothFilter, Cloud, GroundFilter};
use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [points, ground, method] = &words[..] else {
        return Err("usage: label_ground POINTS.npy GROUND.npy smrf|cloth".into());
    };
    let numbers = isopach_npy::read(Path::new(points))?.values;
    let rows: Vec<[f64; 3]> = numbers
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    let cloud = Cloud::from_points(&rows)?;
    let found = match method.as_str() {
        "smrf" => GroundFilter::default().run(cloud.positions())?,
        "cloth" => ClothFilter::default().run(cloud.positions())?,
        other => return Err(format!("{other} is no method: give smrf or cloth").into()),
    };
    let labels: Vec<f64> = found
        .is_ground
        .iter()
        .map(|&is_ground| f64::from(u8::from(is_ground)))
        .collect();
    isopach_npy::write(Path::new(ground), &[labels.len()], &labels)?;
    Ok(())
}
