//! Heights of points above ground points:
//! `heights_above GROUND.npy POINTS.npy HEIGHTS.npy tin|idw|nearest`.
//!
//! GROUND and POINTS have a row a point, in metres about an origin. Where no ground is known the
//! height is NaN. scripts/heights_on_held_out.py withholds ground points and compares.
#![allow(missing_docs)]

use isopach_features::{Cloud, Cpu, GroundSurface, HeightAboveGround};
use std::{env, error::Error, path::Path};

fn read_cloud(path: &str) -> Result<Cloud, Box<dyn Error>> {
    let numbers = isopach_npy::read(Path::new(path))?.values;
    let rows: Vec<[f64; 3]> = numbers
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    Ok(Cloud::from_points(&rows)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [ground, points, heights, surface] = &words[..] else {
        return Err(
            "usage: heights_above GROUND.npy POINTS.npy HEIGHTS.npy tin|idw|nearest".into(),
        );
    };
    let surface = match surface.as_str() {
        "tin" => GroundSurface::Triangulated,
        "idw" => GroundSurface::InverseDistance { k: 8, power: 2.0 },
        "nearest" => GroundSurface::Nearest,
        other => return Err(format!("{other} is no surface: give tin, idw or nearest").into()),
    };
    let above = HeightAboveGround {
        surface,
        max_distance: 50.0,
    };
    let [ground, points] = [read_cloud(ground)?, read_cloud(points)?];
    let found = above.run(&Cpu, ground.positions(), points.positions())?;
    isopach_npy::write(Path::new(heights), &[points.len()], &found.height)?;
    Ok(())
}
