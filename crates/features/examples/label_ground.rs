//! Finds ground points of a cloud: `label_ground POINTS.npy GROUND.npy smrf|cloth [threshold=T] [cell=C]`.
//!
//! POINTS has a row a point, in metres about an origin; GROUND gets 1 for ground and 0 for others.
//! T is the largest distance from level terrain, C the side of a cell, in metres, instead of the
//! defaults.
//! scripts/ground_beside_peers.py compares the labels with those of other tools.
#![allow(missing_docs)]

use isopach_features::{ClothFilter, Cloud, GroundFilter};
use std::{env, error::Error, path::Path};

const USAGE: &str = "usage: label_ground POINTS.npy GROUND.npy smrf|cloth [threshold=T] [cell=C]";

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [points, ground, method, rest @ ..] = &words[..] else {
        return Err(USAGE.into());
    };
    let numbers = isopach_npy::read(Path::new(points))?.values;
    let rows: Vec<[f64; 3]> = numbers
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    let cloud = Cloud::from_points(&rows)?;
    let mut smrf = GroundFilter::default();
    let mut cloth = ClothFilter::default();
    for word in rest {
        let (name, metres) = word.split_once('=').ok_or(USAGE)?;
        let lengths = match name {
            "threshold" => [&mut smrf.threshold, &mut cloth.threshold],
            "cell" => [&mut smrf.cell_size, &mut cloth.cell_size],
            _ => return Err(USAGE.into()),
        };
        for length in lengths {
            *length = metres.parse()?;
        }
    }
    let found = match method.as_str() {
        "smrf" => smrf.run(cloud.positions())?,
        "cloth" => cloth.run(cloud.positions())?,
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
