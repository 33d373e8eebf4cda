//! What there is.

use isopach::gpu::{Adapter, Features};
use isopach_program::println;
use serde_json::json;

/// Features that are named where they are there.
const TOLD: [(&str, Features); 6] = [
    ("f64", Features::SHADER_F64),
    ("f16", Features::SHADER_F16),
    ("i64", Features::SHADER_INT64),
    ("subgroups", Features::SUBGROUP),
    ("timestamps", Features::TIMESTAMP_QUERY),
    ("pipeline cache", Features::PIPELINE_CACHE),
];

pub(crate) fn print_adapters(known: &[Adapter], as_json: bool) {
    for (number, adapter) in known.iter().enumerate() {
        let features: Vec<&str> = TOLD
            .iter()
            .filter(|(_, feature)| adapter.features.contains(*feature))
            .map(|(name, _)| *name)
            .collect();
        let limits = &adapter.limits;
        if as_json {
            let line = json!({
                "what": "adapter", "number": number, "name": adapter.name, "kind": format!("{:?}", adapter.kind),
                "interface": format!("{:?}", adapter.backend), "driver": adapter.driver, "features": features,
                "largest_buffer": limits.max_buffer_size, "largest_binding": limits.max_storage_buffer_binding_size,
                "workgroups_a_dimension": limits.max_compute_workgroups_per_dimension,
                "threads_a_workgroup": limits.max_compute_invocations_per_workgroup,
                "workgroup_memory": limits.max_compute_workgroup_storage_size,
            });
            println!("{line}");
            continue;
        }
        println!(
            "{number}  {} ({:?}, {:?}, {})",
            adapter.name, adapter.kind, adapter.backend, adapter.driver
        );
        println!(
            "   buffers to {} MiB, bindings to {} MiB, {} threads and {} KiB a workgroup; {}",
            limits.max_buffer_size >> 20,
            limits.max_storage_buffer_binding_size >> 20,
            limits.max_compute_invocations_per_workgroup,
            limits.max_compute_workgroup_storage_size >> 10,
            if features.is_empty() {
                "no special features".into()
            } else {
                features.join(", ")
            }
        );
    }
}
