//! The list of adapters.

use isopach::gpu::{Adapter, AdapterFeatures};
use isopach_program::println;
use serde_json::json;

/// The names of the features that an adapter has.
fn feature_names(features: AdapterFeatures) -> Vec<&'static str> {
    [
        ("f64", features.double_precision),
        ("f16", features.half_precision),
        ("i64", features.wide_integers),
        ("subgroups", features.subgroups),
        ("timestamps", features.timestamps),
        ("pipeline cache", features.pipeline_cache),
    ]
    .into_iter()
    .filter_map(|(name, present)| present.then_some(name))
    .collect()
}

pub(crate) fn print_adapters(known: &[Adapter], as_json: bool) {
    for (number, adapter) in known.iter().enumerate() {
        let features = feature_names(adapter.features);
        let limits = &adapter.limits;
        if as_json {
            let line = json!({
                "what": "adapter", "number": number, "name": adapter.name, "kind": format!("{:?}", adapter.kind),
                "interface": format!("{:?}", adapter.interface), "driver": adapter.driver, "features": features,
                "largest_buffer": limits.buffer_bytes, "largest_binding": limits.binding_bytes,
                "workgroups_a_dimension": limits.workgroups_per_dimension,
                "threads_a_workgroup": limits.threads_per_workgroup,
                "workgroup_memory": limits.workgroup_memory_bytes,
            });
            println!("{line}");
            continue;
        }
        println!(
            "{number}  {} ({:?}, {:?}, {})",
            adapter.name, adapter.kind, adapter.interface, adapter.driver
        );
        println!(
            "   buffers to {} MiB, bindings to {} MiB, {} threads and {} KiB a workgroup; {}",
            limits.buffer_bytes >> 20,
            limits.binding_bytes >> 20,
            limits.threads_per_workgroup,
            limits.workgroup_memory_bytes >> 10,
            if features.is_empty() {
                "no special features".into()
            } else {
                features.join(", ")
            }
        );
    }
}
