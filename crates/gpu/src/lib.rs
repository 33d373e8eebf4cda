//! Every capability on a graphics processor, through wgpu: Vulkan, Metal or DX12.
//!
//! [`Gpu`] gives the CPU's answers: indices, counts and orders are the same, numbers are within the
//! tolerance that the capability states, and two runs give the same bits. What it cannot do it
//! declines with a recoverable error ([`isopach_compute::Error::is_recoverable`]), never with a
//! worse answer.
//!
//! ```no_run
//! use isopach_gpu::{Gpu, Options, Wanted, adapters};
//! for adapter in adapters() {
//!     println!("{} ({:?}, {:?})", adapter.name, adapter.kind, adapter.backend);
//! }
//! match Gpu::open(Wanted::Best, Options::default()) {
//!     Ok(gpu) => println!("{gpu:?}"),
//!     Err(absent) => println!("on the CPU: {absent}"),
//! }
//! ```
//!
//! # How it is built
//!
//! | module | what it is |
//! |---|---|
//! | `adapters`, `options`, `gpu` | what there is, what is chosen, and what becomes of a device that is lost |
//! | `session` | one life of a device: its queue, its compiled kernels, its buffers |
//! | `pool`, `bindings`, `plan` | buffers within a budget, what kernels see of them; work split so that it fits |
//! | `residency` | points that stay from one operation to the next |
//! | `kernel`, `kernels`, `prelude`, `trusted` | what a kernel is and **how one is written**; all of them; what they share; compiled without counters |
//! | `work`, `stage`, `timing` | commands and their results; large inputs; the device's clock |
//! | `search`, `rasterise`, `align`, `invert` | capabilities: neighbours and what is made of them; rasters; normal equations; emission measure |
//!
//! Nothing is global, nothing reads the environment, and two [`Gpu`]s know nothing of each other.

mod adapters;
mod align;
mod bindings;
mod faults;
mod floor;
mod gpu;
mod invert;
mod kernel;
mod kernels;
mod options;
mod plan;
mod pool;
mod prelude;
mod profile;
mod rasterise;
mod residency;
mod scan;
mod search;
mod session;
mod stage;
#[cfg(test)]
#[path = "../tests/common/device.rs"]
mod testing;
mod texts;
mod timing;
mod trusted;
mod work;

pub use adapters::{Adapter, AdapterSelector, OpenError, adapters, all_in_hardware};
pub use floor::DeviceCeilings;
pub use gpu::Gpu;
pub use options::{
    BufferReuse, DoublePrecision, GpuOptions, KernelTiming, LoopBounds, Medians, MinimumWork,
    PointLayout, PointResidency, Reductions, ResultPrecision, Upload, WideIntegers,
};
pub use pool::PoolCounts;
pub use profile::{KernelTime, TransferCounts};
pub use wgpu::{Backend, DeviceType, Features, Limits};
