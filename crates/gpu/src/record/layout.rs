//! Parameter structs that Rust and WGSL share.
//!
//! Each is written twice: in Rust with [`uniform!`], in WGSL as the type of the uniform variable. A
//! test compares every member's name, offset and size with naga's layout of the WGSL
//! (`catalogue.rs`), so that the two cannot drift apart.

use bytemuck::Pod;
use std::marker::PhantomData;

/// A member of a parameter struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name, the same in WGSL; `unused…` is padding, which WGSL may leave out.
    pub(crate) name: &'static str,
    /// Bytes from the start of the struct.
    pub(crate) offset: usize,
    /// Bytes.
    pub(crate) size: usize,
}

/// The layout of a kernel's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Numbers of the kernel's precision that come first.
    pub(crate) leading_numbers: usize,
    /// The members after them.
    pub(crate) members: &'static [Member],
}

/// Parameters of a kernel, as the bytes of its uniform buffer.
pub(crate) trait Uniform {
    /// The layout that WGSL must have, too.
    const LAYOUT: Layout;

    /// The bytes of the uniform buffer.
    fn as_bytes(&self) -> &[u8];
}

/// Defines a `#[repr(C)]` struct that mirrors a WGSL struct, with its layout. Members are as
/// visible as the struct.
macro_rules! uniform {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        $vis struct $name {
            $($(#[$field_meta])* $vis $field: $type),+
        }

        impl $crate::record::layout::Uniform for $name {
            const LAYOUT: $crate::record::layout::Layout = $crate::record::layout::Layout {
                leading_numbers: 0,
                members: &[$($crate::record::layout::Member {
                    name: stringify!($field),
                    offset: std::mem::offset_of!($name, $field),
                    size: size_of::<$type>(),
                }),+],
            };

            fn as_bytes(&self) -> &[u8] {
                bytemuck::bytes_of(self)
            }
        }
    };
}
pub(crate) use uniform;

/// Words of a parameter block with leading numbers, at most.
const WORDS: usize = 128;

/// Parameters `P` after `NUMBERS` numbers of either precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AfterNumbers<P, const NUMBERS: usize> {
    words: [u32; WORDS],
    parameters: PhantomData<P>,
}

impl<P: Uniform + Pod, const NUMBERS: usize> AfterNumbers<P, NUMBERS> {
    /// Packs the numbers, then the parameters.
    pub(crate) fn new<T: Pod>(numbers: &[T; NUMBERS], parameters: &P) -> Self {
        let mut words = [0; WORDS];
        let numbers: &[u32] = bytemuck::cast_slice(numbers);
        let parameters: &[u32] = bytemuck::cast_slice(bytemuck::bytes_of(parameters));
        for (to, from) in words.iter_mut().zip(numbers.iter().chain(parameters)) {
            *to = *from;
        }
        Self {
            words,
            parameters: PhantomData,
        }
    }
}

impl<P: Uniform, const NUMBERS: usize> Uniform for AfterNumbers<P, NUMBERS> {
    const LAYOUT: Layout = Layout {
        leading_numbers: NUMBERS,
        members: P::LAYOUT.members,
    };

    fn as_bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }
}
