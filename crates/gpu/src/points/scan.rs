//! Exclusive prefix sums.

use crate::{
    memory::buffer::Buffer,
    record::{
        commands::Commands,
        kernel::{Access, Kernel},
        layout::uniform,
        prelude,
        recorder::Recorder,
    },
};
use isopach_compute::Result;

const SOURCE: &[&str] = &[prelude::THREADS, prelude::ACROSS, include_str!("scan.wgsl")];
const BUFFERS: &[Access] = &[Access::Write, Access::Write];
const SCAN: Kernel =
    Kernel::new::<ScanParameters>("scan", "scan", SOURCE, BUFFERS).with_threads(256);
const RAISE: Kernel =
    Kernel::new::<ScanParameters>("scan, raise", "raise", SOURCE, BUFFERS).with_threads(256);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&SCAN, &RAISE];

/// Numbers that a workgroup sums.
const BLOCK: usize = 1024;

uniform! {
    /// `Parameters` of scan.wgsl.
    struct ScanParameters {
        count: u32,
        unused: [u32; 3],
    }
}

/// Replaces each of the first `count` numbers by the sum (modulo 2³²) of those before it. O(count).
///
/// # Errors
/// As [`Recorder::allocate_storage`], for the totals of blocks: a thousandth of the numbers.
pub(crate) fn scan_exclusive(
    recorder: &Recorder,
    commands: &mut Commands,
    values: &Buffer,
    count: usize,
) -> Result<()> {
    let blocks = count.div_ceil(BLOCK);
    let totals = recorder.allocate_storage("totals of prefix sums", 4 * blocks as u64)?;
    let parameters = ScanParameters {
        count: count as u32,
        unused: [0; 3],
    };
    let threads = blocks * SCAN.workgroup as usize;
    commands.dispatch(&SCAN, threads, &parameters, &[values, &totals])?;
    if blocks > 1 {
        scan_exclusive(recorder, commands, &totals, blocks)?;
        commands.dispatch(&RAISE, threads, &parameters, &[values, &totals])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GpuOptions, testing};

    fn check(gpu: &crate::Gpu, sizes: &[usize]) {
        for &count in sizes {
            let recorder = gpu.session().unwrap().recorder.clone();
            let value = |i: usize| (i as u32).wrapping_mul(2_654_435_761) >> 20;
            let values = recorder.upload("values", count, value).unwrap();
            let mut commands = recorder.begin_commands();
            scan_exclusive(&recorder, &mut commands, &values, count).unwrap();
            let pending = commands.read_back::<u32>(&values, 0..count).unwrap();
            let found = commands
                .submit()
                .unwrap()
                .wait()
                .unwrap()
                .copy_out(pending)
                .unwrap();
            let mut sum = 0_u32;
            let expected: Vec<u32> = (0..count)
                .map(|i| {
                    let before = sum;
                    sum = sum.wrapping_add(value(i));
                    before
                })
                .collect();
            assert!(found == expected, "{count} numbers");
        }
    }

    #[test]
    fn any_number_of_numbers() {
        let Some(gpu) = testing::gpu() else { return };
        check(
            gpu,
            &[
                0,
                1,
                2,
                3,
                4,
                5,
                255,
                256,
                257,
                1023,
                1024,
                1025,
                4095,
                65_537,
                1 << 20,
                (1 << 20) + 1,
                1_500_000,
            ],
        );
    }

    #[test]
    fn by_subgroups() {
        let options = GpuOptions {
            reductions: crate::Reductions::Subgroups,
            ..GpuOptions::default()
        };
        let Some(gpu) = testing::open(options) else {
            return;
        };
        assert_eq!(
            gpu.missing_features().is_empty(),
            gpu.adapter().features.subgroups
        );
        check(&gpu, &[1, 5, 255, 1024, 1025, 65_537, (1 << 20) + 1]);
    }

    #[test]
    fn folded_into_rows() {
        let options = GpuOptions {
            max_workgroups: Some(7),
            ..GpuOptions::default()
        };
        let Some(gpu) = testing::open(options) else {
            return;
        };
        check(&gpu, &[1024 * 7, 1024 * 7 + 1, 1024 * 20, 49 * 1024]);
        let recorder = gpu.session().unwrap().recorder.clone();
        let values = recorder.upload("values", 50 * 1024, |i| i as u32).unwrap();
        let refused = scan_exclusive(
            &recorder,
            &mut recorder.begin_commands(),
            &values,
            50 * 1024,
        );
        assert!(
            matches!(refused, Err(isopach_compute::Error::Unsupported { .. })),
            "{refused:?}"
        );
    }
}
