//! The processor's version: blocks of pixels on the threads of the current pool, pixels in lanes.

use crate::{
    Compat, EmissionMap, Inversion, InvertPixels, Observation, Real, Weights,
    kernel::{Rows, Shared, invert_slab},
    lanes::array::Array,
    map::Slab,
    plain,
};
use isopach_compute::{Cpu, Result};
use rayon::prelude::*;

/// Pixels that a thread takes at a time.
const BLOCK: usize = 512;

impl InvertPixels for Cpu {
    fn invert(&self, inversion: &Inversion, observation: Observation<'_, f64>) -> Result<EmissionMap<f64>> {
        if needs_definition(inversion) { plain::invert(inversion, observation) } else { invert(inversion, &observation) }
    }

    fn invert_single(&self, inversion: &Inversion, observation: Observation<'_, f32>) -> Result<EmissionMap<f32>> {
        if needs_definition(inversion) {
            let (counts, sigma) = (observation.counts.mapv(f64::from), observation.sigma.mapv(f64::from));
            let wide = Observation { counts: counts.view(), sigma: sigma.view() };
            return Ok(plain::invert(inversion, wide)?.rounded());
        }
        invert(inversion, &observation)
    }
}

/// More channels than lanes are written for; rows of given weights that the reference takes for "not given".
fn needs_definition(inversion: &Inversion) -> bool {
    let quirk = match &inversion.weights {
        Weights::Given(given) if inversion.compat == Compat::Reference => {
            given.outer_iter().any(|row| !inversion.takes(&row.to_vec()))
        }
        _ => false,
    };
    quirk || inversion.channels() > 16
}

fn invert<T: Kernels>(inversion: &Inversion, observation: &Observation<'_, T>) -> Result<EmissionMap<T>> {
    match inversion.channels() {
        ..=6 => invert_with::<T, 6>(inversion, observation),
        7..=8 => invert_with::<T, 8>(inversion, observation),
        _ => invert_with::<T, 16>(inversion, observation),
    }
}

fn invert_with<T: Kernels, const NF: usize>(
    inversion: &Inversion,
    observation: &Observation<'_, T>,
) -> Result<EmissionMap<T>> {
    let pixels = observation.pixels(inversion.channels())?;
    inversion.check(pixels.count())?;
    let shared = Shared::<T, NF>::new(inversion, &inversion.discretised()?)?;
    let mut map = EmissionMap::empty(inversion, &pixels.leading);
    let (counts, sigma) = pixels.rows();
    let mut blocks = Vec::with_capacity(pixels.count() / BLOCK + 1);
    let mut rest = map.slab();
    let mut first = 0;
    while rest.pixels() > 0 {
        let (block, others) = { let take = BLOCK.min(rest.pixels()); rest.split(take) };
        let range = first * inversion.channels()..(first + block.pixels()) * inversion.channels();
        let rows = Rows { counts: &counts[range.clone()], sigma: &sigma[range], first };
        first += block.pixels();
        rest = others;
        blocks.push((rows, block));
    }
    blocks.into_par_iter().for_each(|(rows, block)| T::invert_block(&shared, rows, block));
    Ok(map)
}

/// A precision that has lanes.
trait Kernels: Real {
    /// Inverts a block with the widest lanes that the processor has.
    fn invert_block<const NF: usize>(shared: &Shared<'_, Self, NF>, rows: Rows<'_, Self>, slab: Slab<'_, Self>);
}

impl Kernels for f64 {
    fn invert_block<const NF: usize>(shared: &Shared<'_, Self, NF>, rows: Rows<'_, Self>, slab: Slab<'_, Self>) {
        #[cfg(target_arch = "x86_64")]
        if wide::there() {
            return wide::double(shared, rows, slab);
        }
        invert_slab::<Array<Self, 4>, NF>(shared, rows, slab);
    }
}

impl Kernels for f32 {
    fn invert_block<const NF: usize>(shared: &Shared<'_, Self, NF>, rows: Rows<'_, Self>, slab: Slab<'_, Self>) {
        #[cfg(target_arch = "x86_64")]
        if wide::there() {
            return wide::single(shared, rows, slab);
        }
        invert_slab::<Array<Self, 8>, NF>(shared, rows, slab);
    }
}

/// Where instructions beyond the baseline are enabled.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod wide {
    use super::{Rows, Shared, Slab, invert_slab};
    use crate::lanes::avx2::{F32x8, F64x4};

    pub(super) fn there() -> bool {
        is_x86_feature_detected!("avx2")
    }

    pub(super) fn double<const NF: usize>(shared: &Shared<'_, f64, NF>, rows: Rows<'_, f64>, slab: Slab<'_, f64>) {
        #[target_feature(enable = "avx2")]
        fn enabled<const NF: usize>(shared: &Shared<'_, f64, NF>, rows: Rows<'_, f64>, slab: Slab<'_, f64>) {
            invert_slab::<F64x4, NF>(shared, rows, slab);
        }
        assert!(there(), "the caller asks first");
        // SAFETY: AVX2 is there.
        unsafe { enabled(shared, rows, slab) }
    }

    pub(super) fn single<const NF: usize>(shared: &Shared<'_, f32, NF>, rows: Rows<'_, f32>, slab: Slab<'_, f32>) {
        #[target_feature(enable = "avx2")]
        fn enabled<const NF: usize>(shared: &Shared<'_, f32, NF>, rows: Rows<'_, f32>, slab: Slab<'_, f32>) {
            invert_slab::<F32x8, NF>(shared, rows, slab);
        }
        assert!(there(), "the caller asks first");
        // SAFETY: AVX2 is there.
        unsafe { enabled(shared, rows, slab) }
    }
}
