//! Every capability of isopach on a GPU, through wgpu: Vulkan, Metal or DX12.
//!
//! [`Gpu`] is a backend like [`isopach_compute::Cpu`]: it searches neighbours, rasterises, gathers
//! values of images, aligns and inverts. It gives the CPU's answers: indices, counts and orders are the same, numbers are
//! within the tolerance that the capability states, and two runs give the same bits. An operation
//! that it does not support fails with a recoverable error
//! ([`isopach_compute::Error::is_recoverable`]), never with a worse answer.
//!
//! ```no_run
//! use isopach_cloud::Cloud;
//! use isopach_gpu::{AdapterSelector, Gpu, GpuOptions};
//! use isopach_neighbours::NeighbourSearch;
//!
//! let cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [3.0, 0.0, 1.0]])?;
//! let gpu = Gpu::open(AdapterSelector::Best, GpuOptions::default())?;
//! let index = gpu.index(cloud.positions())?;
//! let nearest = index.nearest(cloud.positions(), 10.0)?;
//! assert!(nearest.iter().all(Option::is_some));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Choosing a device
//!
//! [`list_adapters`] lists the GPUs of the machine; an [`AdapterSelector`] selects one. Software
//! Vulkan drivers (lavapipe) are opened only if they are selected: they are slower than the CPU
//! backend, but run the same kernels, for tests.
//!
//! ```no_run
//! use isopach_gpu::{AdapterSelector, Gpu, GpuOptions, list_adapters};
//! for adapter in list_adapters() {
//!     println!("{} ({:?}, {:?})", adapter.name, adapter.kind, adapter.interface);
//! }
//! match Gpu::open(AdapterSelector::Best, GpuOptions::default()) {
//!     Ok(gpu) => println!("{gpu:?}"),
//!     Err(error) => println!("on the CPU: {error}"),
//! }
//! ```
//!
//! # With the CPU as fallback
//!
//! An [`isopach_compute::Dispatcher`] runs each piece of work on the GPU, and on the CPU where the
//! GPU declines: an unsupported operation, work below [`MinimumWork`], a full budget, a lost
//! device. It counts every fallback.
//!
//! ```no_run
//! use isopach_compute::{Cpu, Dispatcher};
//! use isopach_gpu::{AdapterSelector, Gpu, GpuOptions, MinimumWork};
//! use isopach_neighbours::NeighbourSearch;
//! use std::sync::Arc;
//! let options = GpuOptions {
//!     budget_bytes: 8 << 30,
//!     minimum_work: MinimumWork::ESTIMATE,
//!     ..GpuOptions::default()
//! };
//! let gpu = Gpu::open(AdapterSelector::Best, options)?;
//! let backends: Dispatcher<dyn NeighbourSearch> =
//!     Dispatcher::new(vec![Arc::new(gpu), Arc::new(Cpu)]);
//! println!("{:?}", backends.fallbacks());
//! # Ok::<(), isopach_gpu::OpenError>(())
//! ```
//!
//! # Measuring
//!
//! [`Gpu::kernel_times`], [`Gpu::pool_counts`] and [`Gpu::transfer_counts`] say how often and how
//! long kernels ran, and how many bytes were held and copied. [`Gpu::measure_ceilings`] measures
//! the rates that the device can reach.
//!
//! # How it is built
//!
//! Modules are floors: each uses only those above it in this table.
//!
//! | floor | content |
//! |---|---|
//! | `options`, `adapters` | the options of a device; the GPUs of the machine and the choice of one |
//! | `device` | an open device: handles, limits, faults, waiting |
//! | `memory` | buffers within a budget, uploads, the plan of a batch |
//! | `record` | kernels and **how one is written** (`record::kernel`); commands, results, timing |
//! | `points` | points on the device, sorted by cell; pinned points, which stay |
//! | `session` | one opening of a device: the floors above put together |
//! | `gpu` | the backend, and its reopening after a loss |
//! | `operations` | capabilities: `search`, `rasterise`, `gather`, `align`, `invert`; measured `ceilings` |
//! | `catalogue` | every kernel, for validation and compilation beforehand |
//!
//! No state is global, no environment variable is read, and two [`Gpu`]s share nothing.

mod adapters;
mod catalogue;
mod device;
mod gpu;
mod memory;
mod operations;
mod options;
mod points;
mod record;
mod session;
#[cfg(test)]
#[path = "../tests/common/device.rs"]
mod testing;

pub use adapters::{
    Adapter, AdapterFeatures, AdapterKind, AdapterLimits, AdapterSelector, GraphicsInterface,
    OpenError, hardware_adapters, list_adapters,
};
pub use gpu::Gpu;
pub use isopach_compute::{Error, Result};
pub use isopach_emission::InvertPixels;
pub use isopach_neighbours::NeighbourSearch;
pub use isopach_raster::{Gather, Rasterise};
pub use isopach_registration::Align;
pub use memory::counts::{PoolCounts, TransferCounts};
pub use operations::ceilings::DeviceCeilings;
pub use options::{
    BufferReuse, DoublePrecision, GpuOptions, ImageStorage, KernelTiming, LoopBounds, Medians,
    MinimumWork, PointLayout, PointResidency, Reductions, ResultPrecision, Upload, WideIntegers,
};
pub use record::profile::KernelTime;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
