//! Images of 8 bits as textures of whole numbers.

use crate::memory::shelf::Shelf;
use std::sync::Arc;

/// Bytes of the budget that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    bytes: u64,
    shelf: Arc<Shelf>,
}

impl Reserved {
    /// Takes over bytes that the shelf counts as held already.
    pub(crate) fn new(bytes: u64, shelf: Arc<Shelf>) -> Self {
        Self { bytes, shelf }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shelf.lock_state().counts.held_bytes -= self.bytes;
    }
}

/// A texture on the device. Dropping it frees it, once submitted commands are done with it.
#[derive(Debug)]
pub(crate) struct Texture {
    raw: wgpu::Texture,
    view: wgpu::TextureView,
    texel_bytes: u32,
    _reserved: Reserved,
}

impl Texture {
    pub(crate) fn new(raw: wgpu::Texture, texel_bytes: u32, reserved: Reserved) -> Self {
        Self {
            view: raw.create_view(&wgpu::TextureViewDescriptor::default()),
            raw,
            texel_bytes,
            _reserved: reserved,
        }
    }

    pub(crate) fn raw(&self) -> &wgpu::Texture {
        &self.raw
    }

    pub(crate) fn texel_bytes(&self) -> u32 {
        self.texel_bytes
    }

    /// What a kernel is bound to.
    pub(crate) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::TextureView(&self.view)
    }
}

/// Bytes of a texel: no format has three samples of 8 bits.
pub(crate) fn texel_bytes(bands: usize) -> u32 {
    match bands {
        1 => 1,
        2 => 2,
        _ => 4,
    }
}

/// A texture of one level for up to four bands of 8 bits.
pub(crate) fn describe(
    label: &'static str,
    [width, height]: [u32; 2],
    bands: usize,
) -> wgpu::TextureDescriptor<'static> {
    wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: match bands {
            1 => wgpu::TextureFormat::R8Uint,
            2 => wgpu::TextureFormat::Rg8Uint,
            _ => wgpu::TextureFormat::Rgba8Uint,
        },
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    }
}
