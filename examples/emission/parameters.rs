//! The parameters of an inversion as keys of a profile: where each option stands in a file, and which have no effect beside others.
//!
//! Paths of inputs and outputs (`--instrument`, `--response`, `--degradation-table`, …) are no parameters.

use crate::{
    arguments::{Arguments, MethodName},
    profile::{Dead, Key, Kind, Profiled, Request},
};
use isopach::compute::{Error, Result};

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
    result("images", "align", "align", Kind::Flag, ""),
    result("images", "unaligned", "unaligned", Kind::Flag, ""),
    result("images", "any_time", "any_time", Kind::Flag, ""),
    result("images", "ignore_quality", "ignore_quality", Kind::Flag, ""),
    result("images", "series", "series", Kind::Flag, ""),
    result("images", "channels", "channel", Kind::Text, "what the headers say"),
    result("images", "exposures_s", "exposure", Kind::Number, "what the headers say"),
    result("images", "unit", "unit", Kind::Text, "what the headers say"),
    result("images", "summed", "summed", Kind::Text, "what the headers say"),
    result("images", "region_pixels", "size", Kind::Whole, ""),
    result("counts", "systematic", "systematic", Kind::Text, "a share of 0.05 of all channels"),
    result("counts", "saturation", "saturation", Kind::Text, ""),
    result("counts", "saturation_levels", "saturation_level", Kind::Number, "15000 DN of images, none of arrays"),
    result("counts", "pad_value", "pad_value", Kind::Number, "not there"),
    result("counts", "degradation", "degradation", Kind::Text, "empty: no sensitivity is lost"),
    result("temperature", "bins", "bins", Kind::Whole, ""),
    result("temperature", "log_t", "log_t", Kind::Number, ""),
    result("inversion", "method", "method", Kind::Text, ""),
    result("inversion", "compat", "compat", Kind::Flag, ""),
    result("inversion", "negative_tolerance", "negative_tolerance", Kind::Number, ""),
    result("inversion", "loci", "loci", Kind::Text, "empty: weights from a first solution"),
    result("inversion", "solve_for", "solve_for", Kind::Text, ""),
    result("inversion", "chi2_target", "chi2_target", Kind::Number, ""),
    result("inversion", "growth", "growth", Kind::Number, "1.5"),
    result("inversion", "max_iterations", "max_iterations", Kind::Whole, ""),
    result("draws", "monte_carlo", "monte_carlo", Kind::Whole, "not made"),
    result("draws", "seed", "seed", Kind::Whole, ""),
    result("output", "fields", "outputs", Kind::Text, ""),
    result("output", "curves", "curve", Kind::Text, NONE),
    result("output", "format", "format", Kind::Text, "that of the input"),
    result("output", "compress", "compress", Kind::Text, ""),
    result("output", "precision", "precision", Kind::Text, ""),
    conduct("conduct", "memory", "memory", Kind::Text, ""),
    conduct("conduct", "threads", "threads", Kind::Whole, "all that there are"),
    conduct("conduct", "block_rows", "block_rows", Kind::Whole, "what 32 MiB of results hold"),
    conduct("conduct", "lease_s", "lease", Kind::Whole, ""),
    conduct("devices", "backend", "backend", Kind::Text, ""),
    conduct("devices", "gpus", "gpus", Kind::Text, "empty: the best there is"),
    conduct("devices", "gpu_memory_mib", "gpu_memory", Kind::Whole, "what a device has free"),
    result("devices", "halves", "halves", Kind::Flag, ""),
];

/// What belongs to the regularised inversion alone.
const fn not_regularised(option: &'static str) -> Dead<Arguments> {
    let holds = |arguments: &Arguments| arguments.method != MethodName::Regularised;
    Dead { option, by: "method", is_missing: false, holds }
}

/// Whether no graphics processor is used.
const fn no_gpu(option: &'static str) -> Dead<Arguments> {
    Dead { option, by: "backend", is_missing: false, holds: |arguments| arguments.on.is_on_processor_alone() }
}

const DEAD: &[Dead<Arguments>] = &[
    not_regularised("loci"),
    not_regularised("solve_for"),
    not_regularised("growth"),
    no_gpu("gpus"),
    no_gpu("gpu_memory"),
    Dead { option: "lease", by: "claim", is_missing: true, holds: |arguments| arguments.claim.is_none() },
    Dead { option: "size", by: "files", is_missing: false, holds: |arguments| !arguments.files.is_empty() },
    Dead { option: "size", by: "counts", is_missing: false, holds: |arguments| arguments.counts.is_some() },
];

impl Profiled for Arguments {
    const PROGRAM: &'static str = "emission";
    const KEYS: &'static [Key] = KEYS;
    const DEAD: &'static [Dead<Self>] = DEAD;
    const SHIPPED: &'static [(&'static str, &'static str)] = &[];

    fn check(&self) -> Result<()> {
        self.check_values().map_err(Error::InvalidInput)?;
        self.on.check()
    }

    fn request(&mut self) -> &mut Request {
        &mut self.request
    }
}
