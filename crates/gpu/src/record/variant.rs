//! Variants of kernels: WGSL pieces that exist twice, of which a device gets one.

use crate::{
    options::{GpuOptions, PointLayout, Reductions, WideIntegers},
    record::prelude,
};

/// Which of two equivalent WGSL pieces a device gets: the one the options ask for, if the device
/// has the feature that it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KernelVariant {
    pub(crate) integers: WideIntegers,
    pub(crate) reductions: Reductions,
    pub(crate) points: PointLayout,
}

impl KernelVariant {
    /// The device features that the options ask for.
    pub(crate) fn required_features(options: &GpuOptions) -> wgpu::Features {
        let mut features = wgpu::Features::empty();
        features.set(
            wgpu::Features::SHADER_INT64,
            options.integers == WideIntegers::Native,
        );
        features.set(
            wgpu::Features::SUBGROUP,
            options.reductions == Reductions::Subgroups,
        );
        features
    }

    /// The variant for a device with these features.
    pub(crate) fn available_on(options: &GpuOptions, features: wgpu::Features) -> Self {
        let mut variant = Self {
            integers: options.integers,
            reductions: options.reductions,
            points: options.points,
        };
        if !features.contains(wgpu::Features::SHADER_INT64) {
            variant.integers = WideIntegers::Pairs;
        }
        if !features.contains(wgpu::Features::SUBGROUP) {
            variant.reductions = Reductions::Workgroup;
        }
        variant
    }

    /// The piece that takes the place of `piece` in this variant.
    pub(crate) fn select_piece(self, piece: &'static str) -> &'static str {
        match piece {
            prelude::PAIRS_OF_WORDS if self.integers == WideIntegers::Native => {
                include_str!("prelude/native.wgsl")
            }
            prelude::ACROSS if self.reductions == Reductions::Subgroups => {
                include_str!("prelude/subgroups.wgsl")
            }
            prelude::POINTS if self.points == PointLayout::NumbersApart => {
                include_str!("prelude/points_12.wgsl")
            }
            _ => piece,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_uses_only_features_that_the_device_has() {
        let integers = WideIntegers::Native;
        let reductions = Reductions::Subgroups;
        let points = PointLayout::NumbersApart;
        let options = GpuOptions {
            integers,
            reductions,
            points,
            ..GpuOptions::default()
        };
        let wanted = KernelVariant::required_features(&options);
        assert_eq!(
            wanted,
            wgpu::Features::SHADER_INT64 | wgpu::Features::SUBGROUP
        );
        assert_eq!(
            KernelVariant::available_on(&options, wanted),
            KernelVariant {
                integers,
                reductions,
                points
            }
        );
        assert_eq!(
            KernelVariant::available_on(&options, wgpu::Features::empty()),
            KernelVariant {
                points,
                ..KernelVariant::default()
            }
        );
        assert_eq!(
            KernelVariant::required_features(&GpuOptions::default()),
            wgpu::Features::empty()
        );
        let pieces = [prelude::PAIRS_OF_WORDS, prelude::ACROSS, prelude::POINTS];
        assert!(pieces.iter().all(|piece| {
            KernelVariant::available_on(&options, wanted).select_piece(piece) != *piece
        }));
        assert!(
            pieces
                .iter()
                .all(|piece| KernelVariant::default().select_piece(piece) == *piece)
        );
        assert_eq!(
            KernelVariant::available_on(&options, wanted).select_piece(prelude::THREADS),
            prelude::THREADS
        );
    }
}
