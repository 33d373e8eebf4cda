//! The parameters of a run as keys of a profile: the place of each option in a file, and the
//! options that others make ineffective.
//!
//! Paths of inputs and outputs, and the share of a process (`--shard`, `--merge`, …), are not
//! parameters.

use crate::{
    execution,
    options::{Align, ChangeOptions, Lod},
    settings,
};
use clap::ArgMatches;
use isopach::compute::Result;
use isopach_program::profile::{Dead, Key, Kind, ProfileArgs, Profiled};

/// Text for a value that comes from the data.
const FROM_DATA: &str = "found from the data";
/// Text for an empty list.
const NONE: &str = "empty";

const KEYS: &[Key] = &[
    Key::of_results(
        "points",
        "classes",
        "classes",
        Kind::Whole,
        "empty: all points",
    ),
    Key::of_results("points", "crs", "crs", Kind::Text, "from the files"),
    Key::of_results("points", "ignore_crs", "ignore_crs", Kind::Flag, ""),
    Key::of_results("points", "keep_withheld", "keep_withheld", Kind::Flag, ""),
    Key::of_results("points", "keep_noise", "keep_noise", Kind::Flag, ""),
    Key::of_conduct("points", "scene_points", "scene_points", Kind::Whole, ""),
    Key::of_results("alignment", "method", "align", Kind::Text, ""),
    Key::of_results(
        "alignment",
        "stable_classes",
        "stable_classes",
        Kind::Whole,
        "empty: the classes that are compared",
    ),
    Key::of_results(
        "alignment",
        "start_translation_m",
        "icp_start_translation",
        Kind::Number,
        "",
    ),
    Key::of_results(
        "alignment",
        "start_rotation_deg",
        "icp_start_rotation",
        Kind::Number,
        FROM_DATA,
    ),
    Key::of_results(
        "alignment",
        "normal_neighbours",
        "icp_normal_neighbours",
        Kind::Whole,
        "",
    ),
    Key::of_results(
        "alignment",
        "sample_points",
        "icp_sample_points",
        Kind::Whole,
        "",
    ),
    Key::of_results(
        "alignment",
        "smoothest_share",
        "icp_smoothest_share",
        Kind::Number,
        "",
    ),
    Key::of_results("alignment", "block_m", "icp_block", Kind::Number, FROM_DATA),
    Key::of_results(
        "alignment",
        "determined_ratio",
        "icp_determined_ratio",
        Kind::Number,
        "",
    ),
    Key::of_results(
        "alignment",
        "ambiguous_share",
        "icp_ambiguous_share",
        Kind::Number,
        "",
    ),
    Key::of_results(
        "alignment",
        "max_iterations",
        "icp_max_iterations",
        Kind::Whole,
        "",
    ),
    Key::of_results("dod", "cell_size_m", "cell", Kind::Number, FROM_DATA),
    Key::of_results("dod", "rasters", "rasters", Kind::Text, NONE),
    Key::of_results("m3c2", "core_points", "core_points", Kind::Text, FROM_DATA),
    Key::of_results(
        "m3c2",
        "core_spacing_m",
        "core_spacing",
        Kind::Number,
        FROM_DATA,
    ),
    Key::of_results(
        "m3c2",
        "normal_radii_m",
        "normal_radii",
        Kind::Number,
        FROM_DATA,
    ),
    Key::of_results("m3c2", "normal_columns", "normal_columns", Kind::Text, NONE),
    Key::of_results("m3c2", "towards", "towards", Kind::Number, "up: 0, 0, 1"),
    Key::of_results("m3c2", "scanner", "scanner", Kind::Number, NONE),
    Key::of_results(
        "m3c2",
        "normal",
        "normal",
        Kind::Number,
        "found from the points",
    ),
    Key::of_results(
        "m3c2",
        "cylinder_radius_m",
        "cylinder_radius",
        Kind::Number,
        FROM_DATA,
    ),
    Key::of_results("m3c2", "projection_depth_m", "depth", Kind::Number, ""),
    Key::of_results("m3c2", "statistic", "statistic", Kind::Text, FROM_DATA),
    Key::of_results("m3c2", "columns", "columns", Kind::Text, ""),
    Key::of_results("c2c", "attributes", "attributes", Kind::Text, NONE),
    Key::of_results("level_of_detection", "errors", "lod", Kind::Text, ""),
    Key::of_results(
        "level_of_detection",
        "scanner_errors",
        "scanner_errors",
        Kind::Number,
        NONE,
    ),
    Key::of_results(
        "level_of_detection",
        "earlier_scanner",
        "earlier_scanner",
        Kind::Number,
        NONE,
    ),
    Key::of_results(
        "level_of_detection",
        "later_scanner",
        "later_scanner",
        Kind::Number,
        NONE,
    ),
    Key::of_results(
        "level_of_detection",
        "registration_error_m",
        "registration_error",
        Kind::Number,
        "that of the alignment",
    ),
    Key::of_results(
        "level_of_detection",
        "minimum_m",
        "min_lod",
        Kind::Number,
        "",
    ),
    Key::of_results(
        "level_of_detection",
        "minimum_count",
        "min_count",
        Kind::Whole,
        "",
    ),
    Key::of_results(
        "level_of_detection",
        "correlated",
        "correlated",
        Kind::Text,
        "",
    ),
    Key::of_results(
        "level_of_detection",
        "false_discovery_rate",
        "fdr",
        Kind::Number,
        "not told",
    ),
    Key::of_conduct("tiling", "tile_size_m", "tile_size", Kind::Number, ""),
    Key::of_conduct("tiling", "memory", "memory", Kind::Text, ""),
    Key::of_conduct(
        "tiling",
        "spill_dir",
        "spill_dir",
        Kind::Text,
        "within the results",
    ),
    Key::of_conduct(
        "tiling",
        "disk_limit",
        "disk_limit",
        Kind::Text,
        "the free space of the disk",
    ),
    Key::of_conduct(
        "tiling",
        "in_flight",
        "in_flight",
        Kind::Text,
        "one more than threads",
    ),
    Key::of_conduct(
        "conduct",
        "threads",
        "threads",
        Kind::Whole,
        "all of the CPU",
    ),
    Key::of_conduct("conduct", "on_failure", "on_failure", Kind::Text, ""),
    Key::of_conduct("conduct", "lease_s", "lease", Kind::Whole, ""),
    Key::of_conduct("devices", "backend", "backend", Kind::Text, ""),
    Key::of_conduct("devices", "gpus", "gpus", Kind::Text, "empty: the best one"),
    Key::of_conduct(
        "devices",
        "gpu_memory_mib",
        "gpu_memory",
        Kind::Whole,
        "the free memory of the device",
    ),
];

/// Whether the epochs are compared as they are.
const fn no_alignment(option: &'static str) -> Dead<ChangeOptions> {
    Dead {
        option,
        by: "align",
        is_missing: false,
        holds: |options| options.align == Align::None,
    }
}

/// An option of `--lod scanner`.
const fn no_scanner(option: &'static str) -> Dead<ChangeOptions> {
    Dead {
        option,
        by: "lod",
        is_missing: true,
        holds: |options| options.lod != Lod::Scanner,
    }
}

/// An option that has no effect without a GPU.
const fn no_gpu(option: &'static str) -> Dead<ChangeOptions> {
    Dead {
        option,
        by: "backend",
        is_missing: false,
        holds: |options| options.devices.is_cpu_only(),
    }
}

const DEAD: &[Dead<ChangeOptions>] = &[
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
    no_scanner("scanner_errors"),
    no_scanner("earlier_scanner"),
    no_scanner("later_scanner"),
    no_gpu("gpus"),
    no_gpu("gpu_memory"),
    Dead {
        option: "lease",
        by: "claim",
        is_missing: true,
        holds: |options| options.claim.is_none(),
    },
    Dead {
        option: "scene_points",
        by: "before",
        is_missing: false,
        holds: |options| options.before.is_some(),
    },
];

impl Profiled for ChangeOptions {
    const PROGRAM: &'static str = "terrain_change";
    const KEYS: &'static [Key] = KEYS;
    const DEAD: &'static [Dead<Self>] = DEAD;
    const SHIPPED: &'static [(&'static str, &'static str)] = &[
        ("airborne", include_str!("../profiles/airborne.toml")),
        ("drone", include_str!("../profiles/drone.toml")),
        ("terrestrial", include_str!("../profiles/terrestrial.toml")),
    ];

    /// A synthetic scene has vegetation: its ground is compared.
    fn implied_options(given: &ArgMatches) -> Vec<(&'static str, &'static str)> {
        if given.value_source("before").is_some() {
            Vec::new()
        } else {
            vec![("classes", "2")]
        }
    }

    fn check(&self) -> Result<()> {
        settings::check_options(self)?;
        execution::check_options(self)
    }

    fn profile_args(&mut self) -> &mut ProfileArgs {
        &mut self.profile_args
    }
}
