//! Lines about the choices that were tried.

use crate::{Asked, TILES, Tried, Work, pixels};
use isopach_gpu::KernelTiming;
use isopach_program::{machine, println};
use serde_json::json;

/// A line a choice.
pub(crate) fn tell(asked: &Asked, rounds: usize, tried: &[Tried]) {
    let rounded = |x: f64| (x * 1e4).round() / 1e4;
    for choice in tried {
        // The first of its work.
        let default = tried.iter().find(|first| first.work == choice.work);
        let default = default.map_or(&[][..], |first| &first.times);
        let Tried {
            name,
            gpu,
            at_once,
            times,
            failed,
            same_bits,
            ..
        } = choice;
        let mut line = json!({
            "what": "switch", "choice": name, "device": gpu.adapter().name, "driver": gpu.adapter().driver, "machine": machine::describe_machine(),
            "commit": machine::built_commit(), "points_an_epoch": asked.points, "pixels": pixels(asked.points), "tiles": TILES,
            "tiles_at_once": at_once, "rounds": rounds, "agrees": failed.as_ref().map_or_else(|| json!(true), |what| json!(what)),
        });
        let lacks = gpu.missing_features();
        if !lacks.is_empty() {
            line["lacks"] = json!(lacks);
        } else if failed.is_none() {
            let (pool, traffic, profile) =
                (gpu.pool_counts(), gpu.transfer_counts(), gpu.kernel_times());
            let mut ratios: Vec<f64> = times
                .iter()
                .zip(default)
                .map(|(time, default)| time / default)
                .collect();
            if ratios.is_empty() {
                continue; // the default itself failed
            }
            ratios.sort_by(f64::total_cmp);
            let quarter = |quarters: usize| rounded(ratios[quarters * (ratios.len() - 1) / 4]);
            line["same_bits"] = json!(same_bits);
            line["least_s"] = json!(rounded(times.iter().copied().fold(f64::INFINITY, f64::min)));
            line["over_default"] =
                json!({ "quartile_1": quarter(1), "median": quarter(2), "quartile_3": quarter(3) });
            line["longer_in"] = json!(ratios.iter().filter(|ratio| **ratio > 1.0).count());
            line["dispatches"] = json!(profile.iter().map(|kernel| kernel.calls).sum::<u64>());
            line["given_back"] = json!(gpu.reevaluated_on_cpu());
            line["pool_hits"] = json!(pool.hits);
            line["pool_misses"] = json!(pool.misses);
            line["pool_hits_after_first_round"] = json!(rounded(choice.pool_hits_after_first()));
            line["most_bytes"] = json!(pool.peak_bytes);
            line["bindings_hits"] = json!(pool.bind_group_hits);
            line["bindings_misses"] = json!(pool.bind_group_misses);
            line["to_device_bytes"] = json!(traffic.to_device_bytes);
            line["from_device_bytes"] = json!(traffic.from_device_bytes);
        }
        println!("{line}");
    }
}

/// Where the device's time went, by its own clock.
pub(crate) fn tell_kernels(tried: &[Tried]) {
    let timed = |tried: &&Tried| tried.gpu.options().timing == KernelTiming::EveryKernel;
    let survey = tried
        .iter()
        .find(|tried| tried.work == Work::Survey && timed(tried));
    tell_shares(survey, "kernel_share");
    for images in tried.iter().filter(|tried| tried.work == Work::Images) {
        tell_shares(Some(images), "image_kernel_share");
    }
}

/// A line a kernel of a choice.
fn tell_shares(timed: Option<&Tried>, what: &str) {
    let Some(timed) = timed else { return };
    let mut kernels = timed.gpu.kernel_times();
    kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let all: f64 = kernels.iter().map(|kernel| kernel.seconds).sum();
    for kernel in kernels.iter().filter(|kernel| kernel.timed > 0) {
        let (share, mean_ms) = (
            kernel.seconds / all,
            1e3 * kernel.seconds / kernel.timed as f64,
        );
        println!(
            "{}",
            json!({ "what": what, "choice": timed.name, "name": kernel.name, "calls": kernel.calls, "mean_ms": mean_ms, "share": share })
        );
    }
}
