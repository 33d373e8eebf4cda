//! Features of the points of a file: linearity, planarity, verticality and the height above ground.
//!
//!     cargo run --release --example 08_features -- tile.laz 1.0

#![allow(clippy::print_stdout, missing_docs)]

use isopach::{
    cloud::Columns,
    features::{
        Convention, Features, GroundFilter, GroundSurface, HeightAboveGround, Neighbourhood,
        NormalSide,
    },
    las::Las,
    neighbours::{Cloud, Positions},
};
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [path, radius] = &words[..] else {
        return Err("08_features FILE.laz RADIUS".into());
    };
    let cloud = Las::open(path)?.read_all(Columns::XYZ)?;
    let points = cloud.positions();

    let features = Features {
        neighbourhood: Neighbourhood::Radius(radius.parse()?),
        wanted: "minimal".parse()?,
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let found = isopach::cpu().run(|on| features.run(on, points))?;
    for column in &found.columns {
        let known: Vec<f32> = column
            .values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        let mean = known.iter().sum::<f32>() / known.len() as f32;
        println!(
            "{:>12}  mean {mean:.3} of {} points",
            column.name,
            known.len()
        );
    }

    let ground = ground_of(&cloud)?;
    let above = HeightAboveGround {
        surface: GroundSurface::Triangulated,
        max_distance: 50.0,
    };
    let heights = isopach::cpu().run(|on| above.run(on, ground.positions(), points))?;
    let highest = heights.height.iter().copied().fold(0.0, f64::max);
    println!(
        "{} ground points; the highest point is {highest:.1} m above them",
        ground.len()
    );
    Ok(())
}

/// The points that the ground filter finds.
fn ground_of(cloud: &Cloud) -> Result<Cloud, Box<dyn Error>> {
    let points: Positions<'_> = cloud.positions();
    let mask = GroundFilter::default().run(points)?;
    let indices = (0..points.len() as u32).filter(|i| mask.is_ground[*i as usize]);
    Ok(cloud.select(&indices.collect::<Vec<_>>()))
}
