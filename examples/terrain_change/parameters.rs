//! The parameters of a run as keys of a profile: where each option stands in a file, and which have no effect beside others.
//!
//! Paths of inputs and outputs, and what a process does of a run (`--shard`, `--merge`, …), are no parameters of it.

use crate::{
    arguments::{Align, Arguments},
    conduct,
    profile::{Dead, Key, Kind, Profiled, Request},
    settings,
};
use clap::ArgMatches;
use isopach::compute::Result;

/// What the data say.
const FROM_DATA: &str = "found from the data";
/// What no value of a list says.
const NONE: &str = "empty";

/// A key that results depend on.
const fn result(
    table: &'static str,
    name: &'static str,
    option: &'static str,
    kind: Kind,
    absent: &'static str,
) -> Key {
    Key { table, name, option, kind, absent, is_of_results: true }
}

/// A key that no result depends on.
const fn conduct(
    table: &'static str,
    name: &'static str,
    option: &'static str,
    kind: Kind,
    absent: &'static str,
) -> Key {
    Key { table, name, option, kind, absent, is_of_results: false }
}

const KEYS: &[Key] = &[
    result("points", "classes", "classes", Kind::Whole, "empty: all points"),
    result("points", "crs", "crs", Kind::Text, "what the files state"),
    result("points", "ignore_crs", "ignore_crs", Kind::Flag, ""),
    result("points", "keep_withheld", "keep_withheld", Kind::Flag, ""),
    result("points", "keep_noise", "keep_noise", Kind::Flag, ""),
    conduct("points", "scene_points", "scene_points", Kind::Whole, ""),
    result("alignment", "method", "align", Kind::Text, ""),
    result("alignment", "stable_classes", "stable_classes", Kind::Whole, "empty: the classes that are compared"),
    result("alignment", "start_translation_m", "icp_start_translation", Kind::Number, ""),
    result("alignment", "start_rotation_deg", "icp_start_rotation", Kind::Number, FROM_DATA),
    result("alignment", "normal_neighbours", "icp_normal_neighbours", Kind::Whole, ""),
    result("alignment", "sample_points", "icp_sample_points", Kind::Whole, ""),
    result("alignment", "smoothest_share", "icp_smoothest_share", Kind::Number, ""),
    result("alignment", "block_m", "icp_block", Kind::Number, FROM_DATA),
    result("alignment", "determined_ratio", "icp_determined_ratio", Kind::Number, ""),
    result("alignment", "ambiguous_share", "icp_ambiguous_share", Kind::Number, ""),
    result("alignment", "max_iterations", "icp_max_iterations", Kind::Whole, ""),
    result("dod", "cell_size_m", "cell", Kind::Number, FROM_DATA),
    result("dod", "rasters", "rasters", Kind::Text, NONE),
    result("m3c2", "core_points", "core_points", Kind::Text, FROM_DATA),
    result("m3c2", "core_spacing_m", "core_spacing", Kind::Number, FROM_DATA),
    result("m3c2", "normal_radii_m", "normal_radii", Kind::Number, FROM_DATA),
    result("m3c2", "towards", "towards", Kind::Number, "up: 0, 0, 1"),
    result("m3c2", "scanner", "scanner", Kind::Number, NONE),
    result("m3c2", "normal", "normal", Kind::Number, "found from the points"),
    result("m3c2", "cylinder_radius_m", "cylinder_radius", Kind::Number, FROM_DATA),
    result("m3c2", "projection_depth_m", "depth", Kind::Number, ""),
    result("m3c2", "statistic", "statistic", Kind::Text, FROM_DATA),
    result("m3c2", "columns", "columns", Kind::Text, ""),
    result("c2c", "attributes", "attributes", Kind::Text, NONE),
    result("level_of_detection", "errors", "lod", Kind::Text, ""),
    result("level_of_detection", "registration_error_m", "registration_error", Kind::Number, "that of the alignment"),
    result("level_of_detection", "minimum_m", "min_lod", Kind::Number, ""),
    result("level_of_detection", "minimum_count", "min_count", Kind::Whole, ""),
    result("level_of_detection", "correlated", "correlated", Kind::Text, ""),
    result("level_of_detection", "false_discovery_rate", "fdr", Kind::Number, "not told"),
    conduct("tiling", "tile_size_m", "tile_size", Kind::Number, ""),
    conduct("tiling", "memory", "memory", Kind::Text, ""),
    conduct("tiling", "spill_dir", "spill_dir", Kind::Text, "within the results"),
    conduct("tiling", "disk_limit", "disk_limit", Kind::Text, "what the disk has"),
    conduct("tiling", "in_flight", "in_flight", Kind::Text, "one more than threads"),
    conduct("conduct", "threads", "threads", Kind::Whole, "all that there are"),
    conduct("conduct", "on_failure", "on_failure", Kind::Text, ""),
    conduct("conduct", "lease_s", "lease", Kind::Whole, ""),
    conduct("devices", "backend", "backend", Kind::Text, ""),
    conduct("devices", "gpus", "gpus", Kind::Text, "empty: the best there is"),
    conduct("devices", "gpu_memory_mib", "gpu_memory", Kind::Whole, "what a device has free"),
];

/// Whether the epochs are compared as they are.
const fn no_alignment(option: &'static str) -> Dead<Arguments> {
    Dead { option, by: "align", is_missing: false, holds: |arguments| arguments.align == Align::None }
}

/// Whether no graphics processor is used.
const fn no_gpu(option: &'static str) -> Dead<Arguments> {
    Dead { option, by: "backend", is_missing: false, holds: |arguments| arguments.on.is_on_processor_alone() }
}

const DEAD: &[Dead<Arguments>] = &[
    no_alignment("stable_classes"),
    no_alignment("icp_start_translation"),
    no_alignment("icp_start_rotation"),
    no_alignment("icp_normal_neighbours"),
    no_alignment("icp_sample_points"),
    no_alignment("icp_smoothest_share"),
    no_alignment("icp_block"),
    no_alignment("icp_determined_ratio"),
    no_alignment("icp_ambiguous_share"),
    no_alignment("icp_max_iterations"),
    no_gpu("gpus"),
    no_gpu("gpu_memory"),
    Dead { option: "lease", by: "claim", is_missing: true, holds: |arguments| arguments.claim.is_none() },
    Dead { option: "scene_points", by: "before", is_missing: false, holds: |arguments| arguments.before.is_some() },
];

impl Profiled for Arguments {
    const PROGRAM: &'static str = "terrain_change";
    const KEYS: &'static [Key] = KEYS;
    const DEAD: &'static [Dead<Self>] = DEAD;
    const SHIPPED: &'static [(&'static str, &'static str)] = &[
        ("airborne", include_str!("profiles/airborne.toml")),
        ("drone", include_str!("profiles/drone.toml")),
        ("terrestrial", include_str!("profiles/terrestrial.toml")),
    ];

    /// A made scene has vegetation: its ground is compared.
    fn implied(given: &ArgMatches) -> Vec<(&'static str, &'static str)> {
        if given.value_source("before").is_some() { Vec::new() } else { vec![("classes", "2")] }
    }

    fn check(&self) -> Result<()> {
        settings::check(self)?;
        conduct::check(self)
    }

    fn request(&mut self) -> &mut Request {
        &mut self.request
    }
}
