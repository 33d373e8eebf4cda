//! Gathering on the CPU.

use super::{
    Gather, Gathering, HeldImage, ImageView, PlaceMap,
    remap::{Instructions, remap},
    values::gather_values,
};
use isopach_compute::{Cpu, Result};
use ndarray::Array2;

impl Gather for Cpu {
    fn hold_image<'a>(&'a self, image: ImageView<'a>) -> Result<Box<dyn HeldImage + 'a>> {
        Ok(Box::new(OnCpu { image }))
    }
}

/// An image that the CPU reads where it lies.
#[derive(Clone, Copy, Debug)]
struct OnCpu<'a> {
    image: ImageView<'a>,
}

impl HeldImage for OnCpu<'_> {
    fn gather(&self, places: &[[f64; 2]], how: Gathering) -> Result<Array2<f64>> {
        Ok(gather_values(self.image, places, how))
    }

    fn remap(&self, map: &PlaceMap, to: &mut [u8]) -> Result<()> {
        remap(self.image, map, to, Instructions::Widest)
    }
}
