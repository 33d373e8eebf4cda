#![allow(missing_docs, unused, clippy::all)]
#[path = "../../../examples/calibrate/chance.rs"]
mod chance;
#[path = "../../../examples/calibrate/level_of_detection.rs"]
mod level_of_detection;
#[path = "../../../examples/calibrate/null_tests.rs"]
mod null_tests;
fn main() {
    level_of_detection::run().unwrap();
}
