//! Tests of `isopach-gpu` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod align;
mod colours;
mod conformance;
#[path = "common/device.rs"]
mod device;
mod emission;
mod faults;
mod gather;
#[path = "../../colour/tests/all/memory_image.rs"]
mod memory_image;
mod normals;
#[path = "common/random.rs"]
mod random;
mod rasterise;
mod search;
mod shapes;

use isopach_gpu::{AdapterSelector, Gpu, GpuOptions};
