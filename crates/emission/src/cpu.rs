//! The CPU version: blocks of pixels on the threads of the current pool, pixels in SIMD lanes.

use crate::{
    Discretised, EmissionMap, Inversion, InvertPixels, Method, Observation, Real,
    dictionary::Dictionary,
    kernel::{
        Rows, Shared, invert_slab,
        nonnegative::{self, ResponseTable},
        positive::{self, Atoms},
    },
    lanes::{Lanes, array::Array, pair::Pair},
    map::Slab,
    quirks::ignores_given_weights,
    reference,
    reinvert::reinvert_in_double,
};
use isopach_compute::{Cpu, Result};
use rayon::prelude::*;

/// Pixels that a thread takes at a time, at most.
const BLOCK: usize = 512;

impl InvertPixels for Cpu {
    fn invert(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        if needs_definition(inversion) {
            return reference::invert(inversion, observation);
        }
        let mut map = invert_in_lanes(inversion, &observation)?;
        reinvert_in_double(inversion, &observation, &mut map, &reference::invert)?;
        Ok(map)
    }

    fn invert_single(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f32>,
    ) -> Result<EmissionMap<f32>> {
        if needs_definition(inversion) || inversion.method != Method::Regularised {
            let counts = observation.counts.mapv(f64::from);
            let sigma = observation.sigma.mapv(f64::from);
            let wide = Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            };
            return Ok(self.invert(inversion, wide)?.to_precision());
        }
        let mut map = invert_in_lanes(inversion, &observation)?;
        reinvert_in_double(
            inversion,
            &observation,
            &mut map,
            &|inversion, observation| self.invert(inversion, observation),
        )?;
        Ok(map)
    }
}

/// More channels than lanes are written for; rows of given weights that the reference takes for
/// "not given".
fn needs_definition(inversion: &Inversion) -> bool {
    ignores_given_weights(inversion) || inversion.channels() > 16
}

fn invert_in_lanes<T: LaneReal>(
    inversion: &Inversion,
    observation: &Observation<'_, T>,
) -> Result<EmissionMap<T>> {
    // Before anything is made for so many channels.
    inversion.check(observation.pixel_rows(inversion.channels())?.pixel_count())?;
    match inversion.channels() {
        ..=6 => invert_with::<T, 6>(inversion, observation),
        7..=8 => invert_with::<T, 8>(inversion, observation),
        _ => invert_with::<T, 16>(inversion, observation),
    }
}

fn invert_with<T: LaneReal, const NF: usize>(
    inversion: &Inversion,
    observation: &Observation<'_, T>,
) -> Result<EmissionMap<T>> {
    let pixels = observation.pixel_rows(inversion.channels())?;
    let definition = inversion.discretised()?;
    let shared = Shared::<T, NF>::new(inversion, &definition);
    let kernel = MethodTables::new(inversion, &definition);
    let mut map = EmissionMap::zeroed(inversion, &pixels.leading);
    let (counts, sigma) = pixels.counts_and_sigma();
    let mut blocks = vec![];
    let mut rest = map.as_slab();
    let mut first = 0;
    let at_once = pixels
        .pixel_count()
        .div_ceil(rayon::current_num_threads())
        .clamp(1, BLOCK);
    while rest.pixel_count() > 0 {
        let take = at_once.min(rest.pixel_count());
        let block = rest.take_pixels(take);
        let range =
            first * inversion.channels()..(first + block.pixel_count()) * inversion.channels();
        let rows = Rows {
            counts: &counts[range.clone()],
            sigma: &sigma[range],
            first,
        };
        first += block.pixel_count();
        blocks.push((rows, block));
    }
    blocks
        .into_par_iter()
        .for_each(|(rows, block)| T::invert_block(&shared, &kernel, rows, block));
    Ok(map)
}

/// Tables of a method beside [`Shared`].
enum MethodTables<const NF: usize> {
    Regularised,
    Positive(Atoms<NF>),
    NonNegative(ResponseTable<NF>),
}

impl<const NF: usize> MethodTables<NF> {
    fn new(inversion: &Inversion, definition: &Discretised) -> Self {
        match inversion.method {
            Method::Regularised => Self::Regularised,
            Method::Positive => Self::Positive(Atoms::new(Dictionary::new(inversion, definition))),
            Method::NonNegative => {
                Self::NonNegative(ResponseTable::new(&Dictionary::new(inversion, definition)))
            }
        }
    }

    #[inline(always)]
    fn invert_slab<V: Lanes<Scalar = f64>>(
        &self,
        shared: &Shared<'_, f64, NF>,
        rows: Rows<'_, f64>,
        slab: Slab<'_, f64>,
    ) {
        match self {
            Self::Regularised => invert_slab::<V, NF>(shared, rows, slab),
            Self::Positive(atoms) => positive::invert_slab::<V, NF>(shared, atoms, rows, slab),
            Self::NonNegative(table) => {
                nonnegative::invert_slab::<Pair<V>, NF>(shared, table, rows, slab)
            }
        }
    }
}

/// A precision that has lanes.
trait LaneReal: Real {
    /// Inverts a block with the widest lanes that the CPU has.
    fn invert_block<const NF: usize>(
        shared: &Shared<'_, Self, NF>,
        kernel: &MethodTables<NF>,
        rows: Rows<'_, Self>,
        slab: Slab<'_, Self>,
    );
}

impl LaneReal for f64 {
    fn invert_block<const NF: usize>(
        shared: &Shared<'_, Self, NF>,
        kernel: &MethodTables<NF>,
        rows: Rows<'_, Self>,
        slab: Slab<'_, Self>,
    ) {
        #[cfg(target_arch = "x86_64")]
        if wide::has_avx2() {
            return wide::invert_double(shared, kernel, rows, slab);
        }
        kernel.invert_slab::<Array<Self, 4>>(shared, rows, slab);
    }
}

/// Only the regularised method: the others are inverted in double precision.
impl LaneReal for f32 {
    fn invert_block<const NF: usize>(
        shared: &Shared<'_, Self, NF>,
        _: &MethodTables<NF>,
        rows: Rows<'_, Self>,
        slab: Slab<'_, Self>,
    ) {
        #[cfg(target_arch = "x86_64")]
        if wide::has_avx2() {
            return wide::invert_single(shared, rows, slab);
        }
        invert_slab::<Array<Self, 8>, NF>(shared, rows, slab);
    }
}

/// Where instructions beyond the baseline are enabled.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod wide {
    use super::{MethodTables, Rows, Shared, Slab, invert_slab};
    use crate::lanes::avx2::{F32x8, F64x4};

    pub(super) fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2")
    }

    pub(super) fn invert_double<const NF: usize>(
        shared: &Shared<'_, f64, NF>,
        kernel: &MethodTables<NF>,
        rows: Rows<'_, f64>,
        slab: Slab<'_, f64>,
    ) {
        #[target_feature(enable = "avx2")]
        fn enabled<const NF: usize>(
            shared: &Shared<'_, f64, NF>,
            kernel: &MethodTables<NF>,
            rows: Rows<'_, f64>,
            slab: Slab<'_, f64>,
        ) {
            kernel.invert_slab::<F64x4>(shared, rows, slab);
        }
        assert!(has_avx2(), "the caller asks first");
        // SAFETY: AVX2 is there.
        unsafe { enabled(shared, kernel, rows, slab) }
    }

    pub(super) fn invert_single<const NF: usize>(
        shared: &Shared<'_, f32, NF>,
        rows: Rows<'_, f32>,
        slab: Slab<'_, f32>,
    ) {
        #[target_feature(enable = "avx2")]
        fn enabled<const NF: usize>(
            shared: &Shared<'_, f32, NF>,
            rows: Rows<'_, f32>,
            slab: Slab<'_, f32>,
        ) {
            invert_slab::<F32x8, NF>(shared, rows, slab);
        }
        assert!(has_avx2(), "the caller asks first");
        // SAFETY: AVX2 is there.
        unsafe { enabled(shared, rows, slab) }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::{
        AIA, Noise, PixelStatus, TemperatureResponse, Weights,
        lanes::{
            Lanes,
            avx2::{F32x8, F64x4},
        },
    };
    use ndarray::Array2;

    fn slab_of<V: Lanes>(
        inversion: &Inversion,
        counts: &[V::Scalar],
        sigma: &[V::Scalar],
    ) -> EmissionMap<V::Scalar> {
        let shared = Shared::<V::Scalar, 6>::new(inversion, &inversion.discretised().unwrap());
        let mut map = EmissionMap::zeroed(inversion, &[counts.len() / 6]);
        invert_slab::<V, 6>(
            &shared,
            Rows {
                counts,
                sigma,
                first: 0,
            },
            map.as_slab(),
        );
        map
    }

    fn method_of<V: Lanes<Scalar = f64>>(
        inversion: &Inversion,
        counts: &[f64],
        sigma: &[f64],
    ) -> EmissionMap<f64> {
        let definition = inversion.discretised().unwrap();
        let shared = Shared::<f64, 6>::new(inversion, &definition);
        let mut map = EmissionMap::zeroed(inversion, &[counts.len() / 6]);
        MethodTables::new(inversion, &definition).invert_slab::<V>(
            &shared,
            Rows {
                counts,
                sigma,
                first: 0,
            },
            map.as_slab(),
        );
        map
    }

    fn aia() -> Inversion {
        Inversion::new(
            TemperatureResponse::aia(),
            (0..=42).map(|i| 5.7 + 0.033 * f64::from(i)).collect(),
        )
    }

    fn bits(numbers: &[&ndarray::ArrayD<f64>]) -> Vec<u64> {
        numbers
            .iter()
            .copied()
            .flatten()
            .map(|x| x.to_bits())
            .collect()
    }

    /// 203 pixels, some of them bad.
    fn observation(inversion: &Inversion) -> (Vec<f64>, Vec<f64>) {
        let emission = Array2::from_shape_fn((203, inversion.bins()), |(i, t)| {
            let centre = 4.0 + (i % 31) as f64;
            1e21 * (1.0 + (i % 7) as f64) * (-((t as f64 - centre) / 5.0).powi(2)).exp() + 1e18
        });
        let mut counts = inversion.forward(emission.view().into_dyn()).unwrap();
        let sigma =
            Noise::sigma_of_counts(&AIA.map(|c| Noise::aia(&c, 2.9, 1.0, 0.0)), counts.view())
                .unwrap();
        for (i, count) in counts.iter_mut().enumerate() {
            *count *= 1.0 + 0.02 * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
        }
        let mut counts = counts.into_iter().collect::<Vec<_>>();
        for (i, bad) in [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e300, 1e-300]
            .into_iter()
            .enumerate()
        {
            counts[60 * i + 1] = bad;
        }
        (counts, sigma.into_iter().collect())
    }

    #[test]
    fn plain_arrays_and_registers_give_the_same_bits() {
        assert!(wide::has_avx2(), "nothing to compare on this processor");
        let mut inversion = aia();
        for weights in [
            Weights::SelfNormalised,
            Weights::EmissionMeasureLoci((0..6).collect()),
        ] {
            inversion.weights = weights;
            let (counts, sigma) = observation(&inversion);
            let bits = |map: &EmissionMap<f64>| {
                let [uncertainty, resolution] =
                    [&map.uncertainty, &map.log_t_resolution].map(|x| x.as_ref().unwrap());
                bits(&[&map.emission, uncertainty, resolution, &map.lambda])
            };
            let [a, b] = [
                slab_of::<F64x4>(&inversion, &counts, &sigma),
                slab_of::<Array<f64, 4>>(&inversion, &counts, &sigma),
            ];
            assert_eq!(a.status, b.status);
            let found = a.status.iter().filter(|status| status.has_result()).count();
            assert!(
                found > 195 && a.count_of(PixelStatus::BadInput { channel: 1 }) == 2,
                "NaN and infinity are no counts"
            );
            assert_eq!(bits(&a), bits(&b));

            let [counts, sigma] =
                [counts, sigma].map(|v| v.into_iter().map(|x| x as f32).collect::<Vec<_>>());
            let [a, b] = [
                slab_of::<F32x8>(&inversion, &counts, &sigma),
                slab_of::<Array<f32, 8>>(&inversion, &counts, &sigma),
            ];
            let bits = |map: &EmissionMap<f32>| {
                map.emission.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!((bits(&a), a.status), (bits(&b), b.status));
        }
    }

    #[test]
    fn plain_arrays_and_registers_give_the_same_bits_of_positive_methods() {
        assert!(wide::has_avx2(), "nothing to compare on this processor");
        let mut inversion = aia();
        for method in [Method::Positive, Method::NonNegative] {
            inversion.method = method;
            let (counts, sigma) = observation(&inversion);
            let registers = method_of::<F64x4>(&inversion, &counts, &sigma);
            let arrays = method_of::<Array<f64, 4>>(&inversion, &counts, &sigma);
            let bits = |map: &EmissionMap<f64>| {
                let [uncertainty, resolution] =
                    [&map.uncertainty, &map.log_t_resolution].map(|x| x.as_ref().unwrap());
                bits(&[
                    &map.emission,
                    uncertainty,
                    resolution,
                    &map.chi_squared,
                    &map.synthetic,
                ])
            };
            assert_eq!(registers.status, arrays.status, "{method:?}");
            assert_eq!(registers.iterations, arrays.iterations, "{method:?}");
            assert!(
                registers
                    .status
                    .iter()
                    .filter(|status| status.has_result())
                    .count()
                    > 190,
                "{method:?}"
            );
            assert!(bits(&registers) == bits(&arrays), "{method:?}");
        }
    }
}
