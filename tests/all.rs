//! Tests of `isopach` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod command_line;
mod dask;
#[cfg(feature = "gpu")]
#[path = "../crates/gpu/tests/common/device.rs"]
mod devices;
mod edges;
mod emission_command_line;
mod emission_fleet;
mod emission_inputs;
mod emission_results;
mod files;
mod fleet;
mod gpu_runs;
mod half_backend;
mod invariants;
mod known_failures;
mod on_device;
mod outputs;
mod poses;
mod profiles;
mod restarts;
mod scans;
mod statements;
mod terminal;
mod together;

#[cfg(feature = "gpu")]
use isopach::gpu::{AdapterSelector, Gpu, GpuOptions};
