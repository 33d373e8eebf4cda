//! Which of two texts that do the same a device is given.

use crate::{GpuOptions, PointLayout, Reductions, WideIntegers, prelude};

/// Which text of each piece that is there twice: what was chosen, as far as the device has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) integers: WideIntegers,
    pub(crate) reductions: Reductions,
    pub(crate) points: PointLayout,
}

impl Texts {
    /// Features of a device that what was chosen needs.
    pub(crate) fn features(options: &GpuOptions) -> wgpu::Features {
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

    /// On a device that has these.
    pub(crate) fn of(options: &GpuOptions, features: wgpu::Features) -> Self {
        let mut texts = Self {
            integers: options.integers,
            reductions: options.reductions,
            points: options.points,
        };
        if !features.contains(wgpu::Features::SHADER_INT64) {
            texts.integers = WideIntegers::Pairs;
        }
        if !features.contains(wgpu::Features::SUBGROUP) {
            texts.reductions = Reductions::Workgroup;
        }
        texts
    }

    /// What takes the place of a piece of a kernel.
    pub(crate) fn piece(self, piece: &'static str) -> &'static str {
        match piece {
            prelude::PAIRS_OF_WORDS if self.integers == WideIntegers::Native => {
                include_str!("native.wgsl")
            }
            prelude::ACROSS if self.reductions == Reductions::Subgroups => {
                include_str!("subgroups.wgsl")
            }
            prelude::POINTS if self.points == PointLayout::NumbersApart => {
                include_str!("search/points_12.wgsl")
            }
            _ => piece,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_lacks_is_not_in_its_texts() {
        let (integers, reductions, points) = (
            WideIntegers::Native,
            Reductions::Subgroups,
            PointLayout::NumbersApart,
        );
        let options = GpuOptions {
            integers,
            reductions,
            points,
            ..GpuOptions::default()
        };
        let wanted = Texts::features(&options);
        assert_eq!(
            wanted,
            wgpu::Features::SHADER_INT64 | wgpu::Features::SUBGROUP
        );
        assert_eq!(
            Texts::of(&options, wanted),
            Texts {
                integers,
                reductions,
                points
            }
        );
        assert_eq!(
            Texts::of(&options, wgpu::Features::empty()),
            Texts {
                points,
                ..Texts::default()
            }
        );
        assert_eq!(
            Texts::features(&GpuOptions::default()),
            wgpu::Features::empty()
        );
        let pieces = [prelude::PAIRS_OF_WORDS, prelude::ACROSS, prelude::POINTS];
        assert!(
            pieces
                .iter()
                .all(|piece| Texts::of(&options, wanted).piece(piece) != *piece)
        );
        assert!(
            pieces
                .iter()
                .all(|piece| Texts::default().piece(piece) == *piece)
        );
        assert_eq!(
            Texts::of(&options, wanted).piece(prelude::THREADS),
            prelude::THREADS
        );
    }
}
