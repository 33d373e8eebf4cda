//! Time of k nearest neighbours on a vertical wall and on terrain, µs a query.
//!
//! ```text
//! cargo run --release -p isopach-neighbours --example walls [POINTS]
//! ```

use isopach_cloud::Cloud;
use isopach_compute::{Cpu, Error, Result, conformance::random};
use isopach_neighbours::NeighbourSearch;
use isopach_program::{console, println};
use std::time::Instant;

/// Neighbours a query.
const K: usize = 20;

fn main() -> std::process::ExitCode {
    run().map_or_else(
        |error| console::report_failure("walls", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run() -> Result<()> {
    let count = std::env::args()
        .nth(1)
        .map_or(Ok(1_200_000), |text| text.parse::<u64>());
    let count = count.map_err(|error| Error::source(format!("the number of points: {error}")))?;
    measure("wall of 100 m by 50 m, 5 cm rough", &cloud(count, wall)?)?;
    measure("leaning wall of 100 m by 50 m", &cloud(count, leaning)?)?;
    measure("terrain of 500 m by 500 m", &cloud(count, terrain)?)?;
    measure(
        "terrain with a wall in its middle",
        &cloud(count, terrain_and_wall)?,
    )
}

fn cloud(count: u64, place: fn(u64) -> [f64; 3]) -> Result<Cloud> {
    let points: Vec<[f64; 3]> = (0..count).map(place).collect();
    Cloud::from_points(&points)
}

/// Even in x and z, thin in y.
fn wall(i: u64) -> [f64; 3] {
    [
        random(3 * i) * 100.0,
        random(3 * i + 1) * 0.05,
        random(3 * i + 2) * 50.0,
    ]
}

/// Ten metres out of the vertical over its height.
fn leaning(i: u64) -> [f64; 3] {
    let [x, y, z] = wall(i);
    [x, y + 0.2 * z, z]
}

fn terrain(i: u64) -> [f64; 3] {
    let [x, y] = [random(3 * i) * 500.0, random(3 * i + 1) * 500.0];
    [
        x,
        y,
        20.0 * (x * 0.01).sin() + 10.0 * (y * 0.02).cos() + 0.05 * random(3 * i + 2),
    ]
}

/// Every other point is one of the wall.
fn terrain_and_wall(i: u64) -> [f64; 3] {
    let [x, y, z] = terrain(i);
    if i.is_multiple_of(2) {
        [x, y, z]
    } else {
        [200.0 + wall(i)[0], 250.0 + wall(i)[1], wall(i)[2]]
    }
}

fn measure(name: &str, cloud: &Cloud) -> Result<()> {
    let positions = cloud.positions();
    let started = Instant::now();
    let index = Cpu.index(positions)?;
    let built = started.elapsed();
    let sample: Vec<u32> = (0..cloud.len() as u32).step_by(20).collect();
    let queries = cloud.select(&sample);
    let started = Instant::now();
    let lists = index.k_nearest(queries.positions(), K, f64::INFINITY)?;
    let nearest = started.elapsed();
    let started = Instant::now();
    let covariances = index.covariances_of_nearest(queries.positions(), K)?;
    let moments = started.elapsed();
    let per_query = |time: std::time::Duration| time.as_secs_f64() * 1e6 / queries.len() as f64;
    let check: u64 = lists.indices.iter().fold(0, |sum, &id| {
        sum.wrapping_mul(31).wrapping_add(u64::from(id))
    });
    println!(
        "{name}: index {:.2} s, {K} nearest {:.2} us a query, their covariances {:.2} us ({} lists, check {check:016x})",
        built.as_secs_f64(),
        per_query(nearest),
        per_query(moments),
        covariances.len(),
    );
    Ok(())
}
