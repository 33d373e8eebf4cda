//! Time of the nearest neighbour, as C2C asks for it, where many points are equal: spread points
//! beside so many in one place.
//!
//! ```text
//! cargo run --release -p isopach-neighbours --example equal_points [POINTS…]
//! ```

use isopach_cloud::Cloud;
use isopach_compute::{Cpu, Error, Result, conformance::random};
use isopach_neighbours::NeighbourSearch;
use isopach_program::{console, println};
use std::time::Instant;

fn main() -> std::process::ExitCode {
    run().map_or_else(
        |error| console::report_failure("equal_points", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run() -> Result<()> {
    let counts: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| {
            text.parse()
                .map_err(|error| Error::source(format!("the number of points, {text}: {error}")))
        })
        .collect::<Result<_>>()?;
    let counts = if counts.is_empty() {
        vec![100_000, 1_000_000]
    } else {
        counts
    };
    for count in counts {
        measure("all apart", count, apart)?;
        measure("one in four in one place", count, zeros)?;
        measure("all in one place", count, |_| [1.0, 2.0, 3.0])?;
    }
    Ok(())
}

fn apart(i: u64) -> [f64; 3] {
    [
        random(3 * i) * 500.0,
        random(3 * i + 1) * 500.0,
        random(3 * i + 2),
    ]
}

fn zeros(i: u64) -> [f64; 3] {
    if i.is_multiple_of(4) {
        [0.0; 3]
    } else {
        apart(i)
    }
}

/// Every point is asked for its nearest among all.
fn measure(name: &str, count: u64, place: fn(u64) -> [f64; 3]) -> Result<()> {
    let points: Vec<[f64; 3]> = (0..count).map(place).collect();
    let cloud = Cloud::from_points(&points)?;
    let started = Instant::now();
    let index = Cpu.index(cloud.positions())?;
    let built = started.elapsed();
    let nearest = index.nearest(cloud.positions(), f64::INFINITY)?;
    let searched = started.elapsed() - built;
    let [built, searched] = [built, searched].map(|time| time.as_secs_f64() * 1e3);
    println!(
        "{count} points, {name}: index {built:.0} ms, nearest of each {searched:.0} ms ({} found)",
        nearest.len()
    );
    Ok(())
}
