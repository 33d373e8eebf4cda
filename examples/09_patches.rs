//! Patches of a survey for machine learning, through the library: 50 m, 4,096 points of each spread
//! by farthest-point sampling, with classes, shape features and the height above ground.
//!
//!     cargo run --release --example 09_patches -- tile.laz

#![allow(clippy::print_stdout, missing_docs)]

use isopach::{
    cloud::{Columns, Rect},
    features::{
        Convention, Features, GroundSource, GroundSurface, HeightAboveGround, Neighbourhood,
        NormalSide,
    },
    las::Las,
    patches::{PatchTile, PatchTiles, Patches, Sample, Statistics},
    tiling::Tiling,
};
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [path] = &words[..] else {
        return Err("09_patches FILE.laz".into());
    };
    let patches = Patches {
        side: 50.0,
        sample: Sample::Farthest(4096),
        ..Patches::default()
    };
    let features = Features {
        neighbourhood: Neighbourhood::Radius(1.0),
        wanted: "minimal,nx,ny,nz".parse()?,
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let heights = HeightAboveGround {
        surface: GroundSurface::Triangulated,
        max_distance: 20.0,
    };
    let operation = PatchTiles::new(patches, Columns::CLASSIFICATION)?
        .with_features(features)?
        .with_heights(heights, GroundSource::Classes(vec![2]))?;

    let columns = operation.columns();
    let mut statistics = Statistics::of_columns(&columns);
    let mut sink = |_: Rect, tile: PatchTile| {
        for patch in &tile.patches {
            let [x, y] = patch.centre;
            println!("{x:.1} {y:.1}: {} of {} points", patch.len(), patch.points);
            statistics.add_patch(patch);
        }
        Ok(())
    };
    let survey = Las::open(path)?;
    Tiling::default().stream(&isopach::cpu(), &operation, [&survey], &mut sink)?;

    for column in &statistics.columns {
        let means: Vec<String> = column
            .moments
            .iter()
            .map(|moments| format!("{:.3} ± {:.3}", moments.mean, moments.deviation()))
            .collect();
        println!("{:>20}  {}", column.name, means.join(", "));
    }
    Ok(())
}
