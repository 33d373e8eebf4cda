//! M3C2 between two LAZ files, whole in memory.
//!
//!     cargo run --release --example 02_m3c2_two_files -- BEFORE.laz AFTER.laz

#![allow(clippy::print_stdout)]

use isopach::{
    change::{Epochs, M3c2, Normals, Orientation},
    cloud::Columns,
    las::Las,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args().skip(1);
    let (Some(before), Some(after)) = (paths.next(), paths.next()) else {
        return Err("usage: 02_m3c2_two_files BEFORE.laz AFTER.laz".into());
    };
    // Points that are flagged as withheld, or of the classes of noise, are not to be compared.
    let before = Las::open(before)?
        .without_withheld()
        .without_noise()
        .read_all(Columns::XYZ)?;
    let after = Las::open(after)?
        .without_withheld()
        .without_noise()
        .read_all(Columns::XYZ)?;

    let m3c2 = M3c2 {
        normals: Normals::Multiscale {
            radii: vec![1.0, 2.0, 4.0],
            towards: Orientation::UP,
        },
        cylinder_radius: 1.0,
        projection_depth: 5.0,
        registration_error: 0.02.into(),
        ..M3c2::default()
    };
    let core_points = before.subsample_grid(0.5)?;
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: core_points.positions(),
    };
    let change = isopach::auto().run(|on| m3c2.run(on, epochs))?;

    let changed = change
        .significant
        .iter()
        .filter(|&&significant| significant)
        .count();
    println!("{changed} of {} core points changed", change.distance.len());
    Ok(())
}
