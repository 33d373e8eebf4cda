//! What the device can do at most: the floor that the times of kernels are held against.

use crate::{
    Gpu,
    kernel::{Access, Kernel},
    prelude,
    session::Session,
};
use isopach_compute::Result;
use std::{sync::Arc, time::Instant};

const SOURCE: &[&str] = &[prelude::THREADS, include_str!("floor.wgsl")];
const COPY: Kernel = Kernel::new(
    "copy_all",
    "copy_all",
    SOURCE,
    &[Access::Read, Access::Write],
)
.of_threads(256);
const MULTIPLY: Kernel = Kernel::new(
    "multiply_and_add",
    "multiply_and_add",
    SOURCE,
    &[Access::Read, Access::Write],
)
.of_threads(256);

/// The kernels of this file.
pub(crate) const KERNELS: &[&Kernel] = &[&COPY, &MULTIPLY];

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Parameters {
    count: u32,
    rounds: u32,
    unused: [u32; 2],
}

/// Rates that no kernel on this device can beat, the best of some tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceCeilings {
    /// Bytes read and written a second by a copy on the device.
    pub copy_bytes_per_s: f64,
    /// Single-precision operations a second; a multiplication and an addition are two.
    pub flops_per_s: f64,
    /// Bytes a second from the computer to the device.
    pub upload_bytes_per_s: f64,
    /// Bytes a second from the device to the computer.
    pub download_bytes_per_s: f64,
}

/// Tries, of which the best counts.
const TRIES: usize = 5;
/// Copies, and rounds of sums, in one submission.
const ROUNDS: u32 = 8;
const SUMS: u32 = 1024;
/// Sums that a thread keeps.
const IN_A_THREAD: f64 = 8.0;

impl Gpu {
    /// Measures them with buffers of `bytes`: large enough that starting a kernel does not count,
    /// some hundred MiB where there is room.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`] where two such buffers do not fit, and whatever a
    /// device can fail with.
    pub fn floors(&self, bytes: u64) -> Result<DeviceCeilings> {
        let session = self.session()?;
        let count = (bytes / 16) as usize;
        let from = session.storage("floors", 16 * count as u64)?;
        let to = session.storage("floors", 16 * count as u64)?;
        let value = |i: usize| [i as f32 * 1e-9; 4];
        let moved = 16.0 * count as f64;
        let upload = best(|| {
            session.upload_into(&from, 0, count, value)?;
            flush(&session)
        })?;
        let copy = best(|| {
            let mut work = session.work();
            let parameters = Parameters {
                count: count as u32,
                rounds: 0,
                unused: [0; 2],
            };
            (0..ROUNDS).try_for_each(|_| work.run(&COPY, count, &parameters, &[&from, &to]))?;
            work.submit()?.wait().map(drop)
        })?;
        let threads = count.min(1 << 20);
        let multiply = best(|| {
            let mut work = session.work();
            let parameters = Parameters {
                count: threads as u32,
                rounds: SUMS,
                unused: [0; 2],
            };
            work.run(&MULTIPLY, threads, &parameters, &[&from, &to])?;
            work.submit()?.wait().map(drop)
        })?;
        let download = best(|| {
            let mut work = session.work();
            let back = work.read::<[f32; 4]>(&to, 0..count)?;
            work.submit()?
                .wait()?
                .look(back, |values| std::hint::black_box(values.len()))
        })?;
        Ok(DeviceCeilings {
            copy_bytes_per_s: 2.0 * f64::from(ROUNDS) * moved / copy,
            flops_per_s: 2.0 * IN_A_THREAD * f64::from(SUMS) * threads as f64 / multiply,
            upload_bytes_per_s: moved / upload,
            download_bytes_per_s: moved / download,
        })
    }
}

/// Waits for everything that was sent.
fn flush(session: &Arc<Session>) -> Result<()> {
    session.work().submit()?.wait().map(drop)
}

/// Seconds of the fastest try.
fn best<T>(mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best.max(1e-9))
}

#[cfg(test)]
mod tests {
    #[test]
    fn rates_are_there_and_a_budget_is_kept() {
        let Some(gpu) = crate::testing::gpu() else {
            return;
        };
        let floors = gpu.floors(1 << 20).unwrap();
        let rates = [
            floors.copy_bytes_per_s,
            floors.flops_per_s,
            floors.upload_bytes_per_s,
            floors.download_bytes_per_s,
        ];
        assert!(
            rates.iter().all(|rate| rate.is_finite() && *rate > 1e5),
            "{floors:?}"
        );
        let error = gpu.floors(1 << 40).unwrap_err();
        assert!(error.is_recoverable(), "{error}");
    }
}
