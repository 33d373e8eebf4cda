//! Floor 1: an open device, its limits, its faults, and waiting for it. Nothing here knows of
//! buffers.

pub(crate) mod error_scope;
pub(crate) mod faults;
pub(crate) mod handle;
pub(crate) mod map_state;
pub(crate) mod waiting;
