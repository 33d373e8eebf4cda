//! Floor 2: buffers within a budget of bytes, and inputs on their way to the device. Takes the
//! device; knows nothing of kernels or points.

pub(crate) mod batch_plan;
pub(crate) mod bind_groups;
pub(crate) mod buffer;
pub(crate) mod counts;
pub(crate) mod evict;
pub(crate) mod pool;
pub(crate) mod role;
pub(crate) mod shelf;
pub(crate) mod size_class;
pub(crate) mod texture;
pub(crate) mod upload;
