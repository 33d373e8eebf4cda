//! Times features of the points in a `.npy` file (n × 3, metres) and prints one JSON line:
//!
//!     time_features points.npy RADIUS[,RADIUS...] FEATURES ROUNDS

#![allow(clippy::print_stdout, missing_docs)]

use isopach_features::{Cloud, Convention, Cpu, Features, Neighbourhood, NormalSide};
use isopach_program::measure::Measure;
use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [path, radii, wanted, rounds] = &words[..] else {
        return Err("time_features points.npy RADIUS[,RADIUS...] FEATURES ROUNDS".into());
    };
    let points = isopach_npy::read(Path::new(path))?.values;
    let rows: Vec<[f64; 3]> = points
        .chunks_exact(3)
        .map(|row| [row[0], row[1], row[2]])
        .collect();
    let cloud = Cloud::from_points(&rows)?;
    let radii: Vec<f64> = radii.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let features = Features {
        neighbourhood: Neighbourhood::Radii(radii.clone()),
        wanted: wanted.parse()?,
        convention: Convention::JAKTERISTICS,
        normals: NormalSide::Up,
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..rounds.parse::<usize>()? {
        let clock = Measure::start();
        let found = features.run(&Cpu, cloud.positions())?;
        let seconds = clock.seconds();
        assert_eq!(found.len(), cloud.len());
        best = [best[0].min(seconds[0]), best[1].min(seconds[1])];
    }
    let [wall, processor] = best;
    println!(
        "{{\"points\":{},\"radii\":{radii:?},\"wall_s\":{wall:.4},\"processor_s\":{processor:.4}}}",
        cloud.len()
    );
    Ok(())
}
