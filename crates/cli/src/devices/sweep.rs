//! Searches the amount of work from which a device is faster than the CPU: the value for
//! [`isopach::gpu::MinimumWork`].

use super::{
    DevicesArgs,
    bench::{self, Bench},
    pipeline,
};
use isopach::cloud::Origin;
use isopach_survey::scene::Scene;
use serde_json::json;
use std::error::Error;

/// Ascending sizes, each about twice the one before, up to the benchmark's.
fn sweep_sizes(first: usize, last: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(first), |size| Some(2 * size)).take_while(move |size| *size <= last)
}

/// Times both backends on increasing amounts of work, and prints the least one from which the
/// device is always faster.
pub(crate) fn run(bench: &Bench<'_>, arguments: &DevicesArgs) -> Result<(), Box<dyn Error>> {
    let mut points = Vec::new();
    for size in sweep_sizes(1 << 10, arguments.points) {
        let scene = Scene::new(size, 1);
        let origin = Origin::near(scene.centre())?;
        let [before, after] = scene.epochs().map(|epoch| epoch.about(origin));
        points.push((size, pipeline::run(bench, &before?, &after?)?));
    }
    print_size(bench, "points", &points);
    let pixels: Vec<(usize, f64)> = sweep_sizes(1 << 6, arguments.pixels)
        .map(|size| Ok((size, bench::bench_emission(bench, size)?)))
        .collect::<Result<_, Box<dyn Error>>>()?;
    print_size(bench, "pixels", &pixels);
    Ok(())
}

fn print_size(bench: &Bench<'_>, what: &str, ratios: &[(usize, f64)]) {
    let slower = ratios
        .iter()
        .rposition(|(_, ratio)| *ratio < 1.0)
        .map_or(0, |last| last + 1);
    let least = ratios.get(slower).map(|(size, _)| size);
    bench.teller.print_line(
        json!({ "what": "least", "of": what, "least": least }),
        || {
            let least = least.map_or("none of the numbers tried".into(), ToString::to_string);
            format!("the device is faster from {least} of {what} on")
        },
    );
}
