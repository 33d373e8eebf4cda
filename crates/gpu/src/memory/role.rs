//! The purposes of buffers.

/// The purpose of a buffer; the pool reuses a buffer only for its own role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Kernels read and write it.
    Storage,
    /// The parameters of one dispatch.
    Uniform,
    /// Results on their way to the CPU.
    ReadBack,
    /// Inputs on their way to the device.
    Staging,
}

impl Role {
    /// wgpu's usage flags.
    pub(crate) fn usage(self) -> wgpu::BufferUsages {
        use wgpu::BufferUsages as Usage;
        match self {
            Self::Storage => Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
            Self::Uniform => Usage::UNIFORM | Usage::COPY_DST,
            Self::ReadBack => Usage::MAP_READ | Usage::COPY_DST,
            Self::Staging => Usage::MAP_WRITE | Usage::COPY_SRC,
        }
    }
}
