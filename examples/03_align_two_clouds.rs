//! Alignment: the rigid motion that brings one cloud onto another (point-to-plane ICP).
//!
//!     cargo run --release --example 03_align_two_clouds

#![allow(clippy::print_stdout)]

use isopach::{
    cloud::{Cloud, Rigid},
    compute::Result,
    registration::{Icp, Pair},
};

fn main() -> Result<()> {
    // The later survey lies 20 cm too far east and 10 cm too low.
    let target = Cloud::from_points(&hillside([0.0; 3]))?;
    let source = Cloud::from_points(&hillside([0.20, 0.0, -0.10]))?;
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    // Motions have a pivot: here the middle of the survey.
    let start = Rigid::identity([20.0, 20.0, 0.0]);
    let found = isopach::auto().run(|on| Icp::point_to_plane(1.0).align(on, pair, start))?;
    println!(
        "move the later survey by {:.2?} m",
        found.target_from_source.translation
    );
    Ok(())
}

/// A wavy hillside of 10,000 points, 40 cm apart, shifted by some metres.
fn hillside(shift: [f64; 3]) -> Vec<[f64; 3]> {
    let point = |i: u32| {
        let x = 0.4 * f64::from(i % 100);
        let y = 0.4 * f64::from(i / 100);
        let z = 2.0 * (x / 7.0).sin() * (y / 9.0).cos();
        [x + shift[0], y + shift[1], z + shift[2]]
    };
    (0..10_000).map(point).collect()
}
