//! ICP alone: two arrays of coordinates in, a rigid transform out. Depends on nothing that reads
//! files or draws maps.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::{Cpu, Result};
use isopach_program::{console, println};
use isopach_registration::{Icp, Pair};

fn main() -> std::process::ExitCode {
    run().map_or_else(
        |error| console::report_failure("icp_only", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run() -> Result<()> {
    // A hillside, and the same hillside surveyed 12 cm too far east and 5 cm too low.
    let height = |x: f64, y: f64| 300.0 + 2.0 * (x / 7.0).sin() * (y / 9.0).cos();
    let survey = |shift: [f64; 3]| -> Vec<[f64; 3]> {
        let at = |i: u32| [f64::from(i % 100) * 0.5, f64::from(i / 100) * 0.5];
        (0..10_000)
            .map(at)
            .map(|[x, y]| {
                [
                    500_000.0 + x + shift[0],
                    5_200_000.0 + y + shift[1],
                    height(x, y) + shift[2],
                ]
            })
            .collect()
    };
    let target = Cloud::from_points(&survey([0.0; 3]))?;
    let source = Cloud::from_points(&survey([0.12, 0.0, -0.05]))?;

    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity([500_025.0, 5_200_025.0, 300.0]);
    let alignment = Icp::point_to_plane(1.0).align(&Cpu, pair, start)?;

    println!(
        "move by {:.3?} m",
        alignment.target_from_source.about(start.pivot).translation
    );
    println!(
        "rmse {:.4} m after {} iterations",
        alignment.rmse, alignment.iterations
    );
    Ok(())
}
