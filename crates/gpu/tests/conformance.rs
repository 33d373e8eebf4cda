//! The suites that every backend is put through. That of emission measures is in `emission.rs`.
#![allow(clippy::print_stdout)]

use crate::{device, rasterise::statistics_with_kernels};
use isopach_compute::conformance::Finding;
use isopach_gpu::{
    Gpu, GpuOptions, ImageStorage, LoopBounds, Medians, PointLayout, Reductions, WideIntegers,
};
use isopach_neighbours::conformance::conformance as neighbour_search;
use isopach_raster::{
    conformance::{STATISTICS, conformance as rasterising},
    gather::conformance as gathering,
};
use isopach_registration::conformance::conformance as alignment;

/// What a suite finds, and how long it took.
fn timed(suite: impl FnOnce() -> Vec<Finding>, gpu: &Gpu) -> Vec<Finding> {
    let start = std::time::Instant::now();
    let findings = suite();
    println!(
        "{} findings in {:?}, {:?}, {} near ties",
        findings.len(),
        start.elapsed(),
        gpu.pool_counts(),
        gpu.reevaluated_on_cpu()
    );
    findings
}

fn assert_none(findings: &[Finding]) {
    for finding in findings.iter().take(20) {
        println!("{finding}");
    }
    assert!(findings.is_empty(), "{} findings", findings.len());
}

#[test]
fn neighbour_search_conforms() {
    let Some(gpu) = device::gpu() else { return };
    let findings = timed(|| neighbour_search(gpu), gpu);
    let stated = |f: &Finding| f.what == "this backend cannot find more than 64 nearest neighbours";
    let (stated, other): (Vec<_>, Vec<_>) = findings.into_iter().partition(stated);
    assert_none(&other);
    // 1000 of more than 64 points: on each such cloud, here and ten thousand kilometres out.
    assert_eq!(stated.len(), 2 * 15);
}

#[test]
fn rasterising_conforms() {
    let Some(gpu) = device::gpu() else { return };
    let findings = timed(|| rasterising(gpu), gpu);
    let (declined, other): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_declined_statistic);
    assert_none(&other);
    let has_all = statistics_with_kernels(gpu).len() == STATISTICS.len();
    assert_eq!(declined.is_empty(), has_all);
}

/// Whether a finding is about a statistic that the device has no kernel for.
fn is_declined_statistic(finding: &Finding) -> bool {
    finding
        .what
        .contains("cannot compute this statistic of a cell")
}

#[test]
fn gathering_conforms() {
    let Some(gpu) = device::gpu() else { return };
    assert_none(&timed(|| gathering(gpu), gpu));
}

/// Images of 8 bits as textures: pictures with the same bits, values within the same tolerance.
#[test]
fn gathering_from_textures_conforms() {
    let options = GpuOptions {
        images: ImageStorage::Textures,
        ..GpuOptions::default()
    };
    let Some(gpu) = device::open(options) else {
        return;
    };
    assert_none(&timed(|| gathering(&gpu), &gpu));
    let times = gpu.kernel_times();
    let calls = |name: &str| {
        times
            .iter()
            .find(|kernel| kernel.name == name)
            .map(|kernel| kernel.calls)
    };
    assert!(calls("values at places, of a texture").is_some_and(|calls| calls > 0));
    assert!(calls("pictures by a map, of a texture").is_some_and(|calls| calls > 0));
}

#[test]
fn alignment_conforms() {
    let Some(gpu) = device::gpu() else { return };
    assert_none(&timed(|| alignment(gpu), gpu));
}

/// What is there twice, the other way.
#[test]
fn all_conforms_with_every_other_text() {
    let options = GpuOptions {
        loops: LoopBounds::Plain,
        integers: WideIntegers::Native,
        reductions: Reductions::Subgroups,
        points: PointLayout::NumbersApart,
        medians: Medians::TwoKernels,
        ..GpuOptions::default()
    };
    let Some(gpu) = device::open(options) else {
        return;
    };
    println!("not there: {:?}", gpu.missing_features());
    statistics_with_kernels(&gpu);
    let findings = timed(
        || [neighbour_search(&gpu), rasterising(&gpu), alignment(&gpu)].concat(),
        &gpu,
    );
    assert_none(
        &findings
            .into_iter()
            .filter(|finding| !finding.what.contains("cannot find more than 64"))
            .filter(|finding| !is_declined_statistic(finding))
            .collect::<Vec<_>>(),
    );
}
