//! The measured ceilings of a device, which the times of kernels are compared with.

use crate::{
    gpu::Gpu,
    memory::buffer::Buffer,
    record::{
        kernel::{Access, Kernel},
        layout::uniform,
        prelude,
        recorder::Recorder,
    },
};
use isopach_compute::Result;
use std::{sync::Arc, time::Instant};

const SOURCE: &[&str] = &[prelude::THREADS, include_str!("ceilings.wgsl")];
const BUFFERS: &[Access] = &[Access::Read, Access::Write];
const COPY: Kernel =
    Kernel::new::<CeilingParameters>("copy_all", "copy_all", SOURCE, BUFFERS).with_threads(256);
const MULTIPLY: Kernel =
    Kernel::new::<CeilingParameters>("multiply_and_add", "multiply_and_add", SOURCE, BUFFERS)
        .with_threads(256);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COPY, &MULTIPLY];

uniform! {
    /// `Parameters` of ceilings.wgsl.
    struct CeilingParameters {
        count: u32,
        rounds: u32,
        unused: [u32; 2],
    }
}

/// Rates that no kernel on this device exceeds: the best of five tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceCeilings {
    /// Bytes per second read and written by a copy on the device.
    pub copy_bytes_per_s: f64,
    /// Single-precision operations per second; a multiplication and an addition are two.
    pub flops_per_s: f64,
    /// Bytes per second from the computer to the device.
    pub upload_bytes_per_s: f64,
    /// Bytes per second from the device to the computer.
    pub download_bytes_per_s: f64,
}

/// Tries, of which the fastest counts.
const TRIES: usize = 5;
/// Copies in one submission.
const COPIES: u32 = 8;
/// Rounds of multiplications and additions in one submission.
const ROUNDS: u32 = 1024;
/// Sums that a thread keeps.
const SUMS_PER_THREAD: f64 = 8.0;
/// Threads that multiply, at most.
const MAX_THREADS: usize = 1 << 20;

/// Two buffers on a device, between which the measurements copy.
struct Bench {
    recorder: Arc<Recorder>,
    from: Buffer,
    to: Buffer,
    /// `vec4<f32>` in each.
    count: usize,
}

impl Gpu {
    /// Measures the ceilings with two buffers of `bytes`. Some hundred MiB, if the budget has room,
    /// are enough that starting a kernel does not count.
    ///
    /// ```no_run
    /// use isopach_gpu::{AdapterSelector, Gpu, GpuOptions};
    /// let gpu = Gpu::open(AdapterSelector::Best, GpuOptions::default())?;
    /// let ceilings = gpu.measure_ceilings(256 << 20)?;
    /// println!("{:.0} GB/s", ceilings.copy_bytes_per_s / 1e9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`] if the buffers do not fit the budget;
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::DeviceFault`].
    pub fn measure_ceilings(&self, bytes: u64) -> Result<DeviceCeilings> {
        let recorder = Arc::clone(&self.session()?.recorder);
        let count = (bytes / 16) as usize;
        let bench = Bench {
            from: recorder.allocate_storage("ceilings", 16 * count as u64)?,
            to: recorder.allocate_storage("ceilings", 16 * count as u64)?,
            recorder,
            count,
        };
        let moved = 16.0 * count as f64;
        let upload = time_fastest(|| bench.upload())?;
        let copy = time_fastest(|| bench.copy_on_device())?;
        let threads = count.min(MAX_THREADS);
        let multiply = time_fastest(|| bench.multiply(threads))?;
        let download = time_fastest(|| bench.download())?;
        let operations = 2.0 * SUMS_PER_THREAD * f64::from(ROUNDS) * threads as f64;
        Ok(DeviceCeilings {
            copy_bytes_per_s: 2.0 * f64::from(COPIES) * moved / copy,
            flops_per_s: operations / multiply,
            upload_bytes_per_s: moved / upload,
            download_bytes_per_s: moved / download,
        })
    }
}

impl Bench {
    fn upload(&self) -> Result<()> {
        let value = |i: usize| [i as f32 * 1e-9; 4];
        self.recorder
            .upload_into(&self.from, 0, self.count, value)?;
        self.recorder.begin_commands().submit()?.wait().map(drop)
    }

    fn copy_on_device(&self) -> Result<()> {
        self.dispatch(&COPY, self.count, 0, COPIES)
    }

    fn multiply(&self, threads: usize) -> Result<()> {
        self.dispatch(&MULTIPLY, threads, ROUNDS, 1)
    }

    /// Runs a kernel `times` times in one submission.
    fn dispatch(&self, kernel: &Kernel, threads: usize, rounds: u32, times: u32) -> Result<()> {
        let parameters = CeilingParameters {
            count: threads as u32,
            rounds,
            unused: [0; 2],
        };
        let mut commands = self.recorder.begin_commands();
        for _ in 0..times {
            commands.dispatch(kernel, threads, &parameters, &[&self.from, &self.to])?;
        }
        commands.submit()?.wait().map(drop)
    }

    fn download(&self) -> Result<()> {
        let mut commands = self.recorder.begin_commands();
        let pending = commands.read_back::<[f32; 4]>(&self.to, 0..self.count)?;
        let completed = commands.submit()?.wait()?;
        completed.view(pending, |values| {
            std::hint::black_box(values.len());
        })
    }
}

/// Seconds of the fastest try.
fn time_fastest(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        work()?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    Ok(fastest.max(1e-9))
}

#[cfg(test)]
mod tests {
    #[test]
    fn rates_are_there_and_a_budget_is_kept() {
        let Some(gpu) = crate::testing::gpu() else {
            return;
        };
        let ceilings = gpu.measure_ceilings(1 << 20).unwrap();
        let rates = [
            ceilings.copy_bytes_per_s,
            ceilings.flops_per_s,
            ceilings.upload_bytes_per_s,
            ceilings.download_bytes_per_s,
        ];
        assert!(
            rates.iter().all(|rate| rate.is_finite() && *rate > 1e5),
            "{ceilings:?}"
        );
        let error = gpu.measure_ceilings(1 << 40).unwrap_err();
        assert!(error.is_recoverable(), "{error}");
    }
}
