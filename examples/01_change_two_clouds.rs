//! The shortest way in: how far one cloud lies above another, along the vertical (M3C2).
//!
//!     cargo run --release --example 01_change_two_clouds

#![allow(clippy::print_stdout)]

use isopach::{
    change::{Epochs, M3c2, Normals},
    cloud::Cloud,
    compute::Result,
};

fn main() -> Result<()> {
    let before = Cloud::from_points(&plane(100.0))?;
    let after = Cloud::from_points(&plane(100.25))?;
    let m3c2 = M3c2 {
        normals: Normals::Fixed([0.0, 0.0, 1.0]),
        cylinder_radius: 2.5,
        projection_depth: 5.0,
        ..M3c2::default()
    };
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: before.positions(),
    };
    let change = isopach::auto().run(|on| m3c2.run(on, epochs))?;
    println!("the first core point rose by {:.2} m", change.distance[0]);
    Ok(())
}

/// A square of 400 points, a metre apart, at a height in metres.
fn plane(height: f64) -> Vec<[f64; 3]> {
    (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), height])
        .collect()
}
