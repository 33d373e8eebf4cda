//! The parameters of an inversion as keys of a profile: the place of each option in a file, and the
//! options that others make ineffective.
//!
//! Paths of inputs and outputs (`--instrument`, `--response`, `--degradation-table`, …) are no
//! parameters.

use crate::options::{EmissionOptions, MethodName};
use isopach::compute::Result;
use isopach_program::profile::{Dead, Key, Kind, ProfileArgs, Profiled};

/// Text for an empty list.
const NONE: &str = "empty";

const KEYS: &[Key] = &[
    Key::of_results("images", "align", "align", Kind::Flag, ""),
    Key::of_results("images", "unaligned", "unaligned", Kind::Flag, ""),
    Key::of_results("images", "any_time", "any_time", Kind::Flag, ""),
    Key::of_results("images", "ignore_quality", "ignore_quality", Kind::Flag, ""),
    Key::of_results("images", "series", "series", Kind::Flag, ""),
    Key::of_results(
        "images",
        "channels",
        "channel",
        Kind::Text,
        "from the headers",
    ),
    Key::of_results(
        "images",
        "exposures_s",
        "exposure",
        Kind::Number,
        "from the headers",
    ),
    Key::of_results("images", "unit", "unit", Kind::Text, "from the headers"),
    Key::of_results("images", "summed", "summed", Kind::Text, "from the headers"),
    Key::of_results("images", "region_pixels", "size", Kind::Whole, ""),
    Key::of_results(
        "counts",
        "systematic",
        "systematic",
        Kind::Text,
        "a share of 0.05 of all channels",
    ),
    Key::of_results("counts", "saturation", "saturation", Kind::Text, ""),
    Key::of_results(
        "counts",
        "saturation_levels",
        "saturation_level",
        Kind::Number,
        "15000 DN of images, none of arrays",
    ),
    Key::of_results(
        "counts",
        "pad_value",
        "pad_value",
        Kind::Number,
        "not there",
    ),
    Key::of_results(
        "counts",
        "degradation",
        "degradation",
        Kind::Text,
        "empty: no sensitivity is lost",
    ),
    Key::of_results("temperature", "bins", "bins", Kind::Whole, ""),
    Key::of_results("temperature", "log_t", "log_t", Kind::Number, ""),
    Key::of_results("inversion", "method", "method", Kind::Text, ""),
    Key::of_results("inversion", "compat", "compat", Kind::Flag, ""),
    Key::of_results(
        "inversion",
        "negative_tolerance",
        "negative_tolerance",
        Kind::Number,
        "",
    ),
    Key::of_results(
        "inversion",
        "loci",
        "loci",
        Kind::Text,
        "empty: weights from a first solution",
    ),
    Key::of_results("inversion", "solve_for", "solve_for", Kind::Text, ""),
    Key::of_results("inversion", "chi2_target", "chi2_target", Kind::Number, ""),
    Key::of_results("inversion", "growth", "growth", Kind::Number, "1.5"),
    Key::of_results(
        "inversion",
        "max_iterations",
        "max_iterations",
        Kind::Whole,
        "",
    ),
    Key::of_results(
        "draws",
        "monte_carlo",
        "monte_carlo",
        Kind::Whole,
        "not made",
    ),
    Key::of_results("draws", "seed", "seed", Kind::Whole, ""),
    Key::of_results("output", "fields", "outputs", Kind::Text, ""),
    Key::of_results("output", "curves", "curve", Kind::Text, NONE),
    Key::of_results(
        "output",
        "format",
        "format",
        Kind::Text,
        "that of the input",
    ),
    Key::of_results("output", "compress", "compress", Kind::Text, ""),
    Key::of_results("output", "precision", "precision", Kind::Text, ""),
    Key::of_conduct("conduct", "memory", "memory", Kind::Text, ""),
    Key::of_conduct(
        "conduct",
        "threads",
        "threads",
        Kind::Whole,
        "all of the CPU",
    ),
    Key::of_conduct(
        "conduct",
        "block_rows",
        "block_rows",
        Kind::Whole,
        "the rows of 32 MiB of results",
    ),
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
    Key::of_results("devices", "halves", "halves", Kind::Flag, ""),
];

/// An option that has no effect on the regularised inversion.
const fn not_regularised(option: &'static str) -> Dead<EmissionOptions> {
    let holds = |options: &EmissionOptions| options.method != MethodName::Regularised;
    Dead {
        option,
        by: "method",
        is_missing: false,
        holds,
    }
}

/// An option that has no effect without a GPU.
const fn no_gpu(option: &'static str) -> Dead<EmissionOptions> {
    Dead {
        option,
        by: "backend",
        is_missing: false,
        holds: |options| options.devices.is_cpu_only(),
    }
}

const DEAD: &[Dead<EmissionOptions>] = &[
    not_regularised("loci"),
    not_regularised("solve_for"),
    not_regularised("growth"),
    no_gpu("gpus"),
    no_gpu("gpu_memory"),
    Dead {
        option: "lease",
        by: "claim",
        is_missing: true,
        holds: |options| options.claim.is_none(),
    },
    Dead {
        option: "size",
        by: "files",
        is_missing: false,
        holds: |options| !options.files.is_empty(),
    },
    Dead {
        option: "size",
        by: "counts",
        is_missing: false,
        holds: |options| options.counts.is_some(),
    },
];

impl Profiled for EmissionOptions {
    const PROGRAM: &'static str = "emission";
    const KEYS: &'static [Key] = KEYS;
    const DEAD: &'static [Dead<Self>] = DEAD;
    const SHIPPED: &'static [(&'static str, &'static str)] = &[];

    fn check(&self) -> Result<()> {
        self.check_values()?;
        self.devices.check()
    }

    fn profile_args(&mut self) -> &mut ProfileArgs {
        &mut self.profile_args
    }
}
