//! Pictures of 8 bits on the CPU, with the bits of the definition.
//!
//! One call is one thread: whoever renders views has a frame a thread.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use super::{ImageView, PlaceMap, place_map::check_remap};
use isopach_compute::Result;

/// The instructions that a picture is computed with. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Instructions {
    /// The widest registers that the processor turns out to have and that are of use: AVX2 for one to
    /// four bands.
    #[default]
    Widest,
    /// Those that every processor has.
    Portable,
}

/// An image of 8 bits and the places in it.
#[derive(Clone, Copy, Debug)]
struct Remap<'a> {
    samples: &'a [u8],
    bands: usize,
    map: &'a PlaceMap,
}

/// [`super::HeldImage::remap`] on the CPU with chosen instructions, for measurements: the CPU's held
/// images take the widest.
///
/// # Errors
/// Those of [`super::HeldImage::remap`].
pub fn remap(
    image: ImageView<'_>,
    map: &PlaceMap,
    to: &mut [u8],
    instructions: Instructions,
) -> Result<()> {
    let remap = Remap {
        samples: check_remap(&image, map, to.len())?,
        bands: image.bands(),
        map,
    };
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Widest if avx2::write_picture(&remap, to) => {}
        Instructions::Widest | Instructions::Portable => remap.write_places(0, to),
    }
    Ok(())
}
