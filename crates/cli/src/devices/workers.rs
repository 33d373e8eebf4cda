//! Checks of several workers on one device, and of a lost device: results equal those of one worker
//! on a working device.

use super::{
    DevicesArgs,
    own_kernel::Own,
    pipeline::{self, Found},
    teller::Teller,
};
use isopach::{
    Backend,
    cloud::Origin,
    compute::{Cpu, Dispatcher, Result},
    gpu::{AdapterSelector, Gpu, GpuOptions},
    tiling::InMemory,
};
use isopach_survey::scene::Scene;
use serde_json::json;
use std::{error::Error, sync::Arc, thread, time::Instant};

/// Jobs that the workers share.
const JOBS: usize = 4;

/// Runs both checks, prints a line for each, and returns the number of failures.
pub(crate) fn run(
    wanted: &AdapterSelector,
    options: &GpuOptions,
    arguments: &DevicesArgs,
) -> std::result::Result<usize, Box<dyn Error>> {
    let gpu = Gpu::open(wanted.clone(), options.clone())?;
    let teller = Teller::new(Some(&gpu), arguments.json);
    let scene = Scene::new(arguments.points, 1);
    let origin = Origin::near(scene.centre())?;
    let [before, after] = scene.epochs().map(|points| points.about(origin));
    let epochs = pipeline::resident_points(&before?, &after?);
    let first = pipeline::run_tiles(&run_alone(&gpu), &epochs)?;
    let other = Gpu::open(wanted.clone(), options.clone())?;
    pipeline::run_tiles(&run_alone(&other), &epochs)?; // compiled
    for (workers, opened) in [
        (1, vec![&gpu]),
        (2, vec![&gpu]),
        (2, vec![&gpu, &other]),
        (3, vec![&gpu]),
    ] {
        run_together(&teller, &epochs, &first, workers, &opened)?;
    }
    lose_device(&teller, &gpu, &epochs, &first)?;
    Ok(teller.failure_count())
}

/// A dispatcher with this device only, without fallback.
fn run_alone(gpu: &Gpu) -> Dispatcher<dyn Backend> {
    Dispatcher::new(vec![Arc::new(gpu.clone()) as Arc<dyn Backend>])
}

/// Runs all jobs on several workers, each with one of the opened devices.
fn run_together(
    teller: &Teller,
    epochs: &[InMemory; 2],
    first: &Found,
    workers: usize,
    opened: &[&Gpu],
) -> Result<()> {
    let before: Vec<Own> = opened.iter().map(|gpu| Own::of(gpu)).collect();
    let start = Instant::now();
    let agree: Vec<Result<usize>> = thread::scope(|scope| {
        let work = |worker: usize| {
            let on = run_alone(opened[worker % opened.len()]);
            let jobs = (worker..JOBS).step_by(workers);
            jobs.map(|_| {
                Ok(usize::from(same_bits(
                    &pipeline::run_tiles(&on, epochs)?,
                    first,
                )))
            })
            .sum()
        };
        let threads: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Ok(0)))
            .collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let agree = agree.into_iter().sum::<Result<usize>>()?;
    let dispatches: Vec<u64> = opened
        .iter()
        .zip(before)
        .map(|(gpu, before)| Own::of(gpu).work_since(before).dispatches)
        .collect();
    let good = agree == JOBS && dispatches.iter().all(|&n| n > 0);
    if !good {
        teller.print_failure();
    }
    let line = json!({
        "what": "workers", "workers": workers, "opened": opened.len(), "jobs": JOBS, "jobs_of_the_same_bits": agree,
        "dispatches": dispatches, "seconds": seconds, "agrees": good,
    });
    teller.print_line(line, || {
        format!(
            "{workers} workers, opened {} times: {agree} of {JOBS} jobs gave the same bits, {seconds:.2} s",
            opened.len()
        )
    });
    Ok(())
}

/// Loses the device during a job: that job falls back to the CPU, and the next one runs on the
/// reopened device.
fn lose_device(teller: &Teller, gpu: &Gpu, epochs: &[InMemory; 2], first: &Found) -> Result<()> {
    let choice = Dispatcher::new(vec![
        Arc::new(gpu.clone()) as Arc<dyn Backend>,
        Arc::new(Cpu),
    ]);
    let meanwhile = thread::scope(|scope| {
        let job = scope.spawn(|| pipeline::run_tiles(&choice, epochs));
        // While it is at work: some kernels later.
        let dispatches = Own::of(gpu).dispatches;
        while Own::of(gpu).dispatches < dispatches + 3 && !job.is_finished() {
            thread::yield_now();
        }
        gpu.simulate_loss();
        job.join()
    });
    let meanwhile = match meanwhile {
        Ok(found) => pipeline::compare_runs(&found?, first),
        Err(_) => Err("the job panicked".into()),
    };
    // If the job had ended just before the loss, the loss shows in the next one.
    if choice.fallback_count() == 0 {
        pipeline::run_tiles(&choice, epochs)?;
    }
    let passed_on = choice.fallback_count();
    let causes: Vec<_> = choice
        .fallbacks()
        .into_iter()
        .map(|passed| passed.causes)
        .collect();
    let start = Instant::now();
    let again = pipeline::run_tiles(&run_alone(gpu), epochs);
    let seconds = start.elapsed().as_secs_f64();
    let dispatches = Own::of(gpu).dispatches;
    let same = again.as_ref().is_ok_and(|again| same_bits(again, first));
    let good = meanwhile.is_ok() && passed_on > 0 && same && dispatches > 0;
    if !good {
        teller.print_failure();
    }
    let line = json!({
        "what": "recovery", "passed_on": passed_on, "causes": causes, "meanwhile": meanwhile.err(), "dispatches_after": dispatches,
        "first_job_after_s": seconds, "same_bits_after": same, "agrees": good,
        "failed_after": again.err().map(|error| error.to_string()),
    });
    teller.print_line(line, || {
        format!("lost at work: {passed_on} tiles fell back to the CPU; reopened, the next job gave the same bits: {same}, {seconds:.2} s")
    });
    Ok(())
}

/// Whether the bits are equal, not only near: a device gives the same bits for every caller, every
/// time.
fn same_bits(a: &Found, b: &Found) -> bool {
    bits_of(a) == bits_of(b)
}

fn bits_of(found: &Found) -> Vec<u64> {
    let numbers = found.iter().flat_map(|(dod, m3c2, c2c)| {
        let heights = dod.difference.values.iter();
        heights.chain(&m3c2.distance).chain(c2c)
    });
    numbers.map(|number| number.to_bits()).collect()
}
