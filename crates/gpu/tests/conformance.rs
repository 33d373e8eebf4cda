//! The suite that every backend is put through.
#![allow(clippy::print_stdout)]

#[path = "common/device.rs"]
mod device;

use isopach_gpu::{Gpu, Options, Wanted};
use isopach_neighbours::conformance::conformance;

#[test]
fn neighbour_search_conforms() {
    let Some(gpu) = device::gpu() else { return };
    let start = std::time::Instant::now();
    let findings = conformance(gpu);
    println!("{} findings in {:?}, {:?}, {} near ties", findings.len(), start.elapsed(), gpu.pool(), gpu.near_ties());
    let stated = |what: &str| what == "this backend cannot find more than 64 nearest neighbours";
    let other: Vec<_> = findings.iter().filter(|finding| !stated(&finding.what)).collect();
    for finding in other.iter().take(20) {
        println!("{finding}");
    }
    assert!(other.is_empty(), "{} findings", other.len());
    // 1000 of more than 64 points: on each such cloud, here and ten thousand kilometres out.
    assert_eq!(findings.len(), 2 * 7);
}
