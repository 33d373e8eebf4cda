//! Runs the jobs of a scheduler on the current pool.

use super::{Scheduler, jobs::CompletionSender};
use crate::{Progress, RunReport};
use isopach_compute::Result;
use std::{sync::mpsc::channel, time::Duration};

/// Runs all jobs from a thread that is none of the pool's: it waits most of the time, which would
/// cost the pool a worker.
pub(in crate::run) fn drive_outside_pool(
    scheduler: Scheduler<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    rayon::in_place_scope(|scope| {
        if rayon::current_thread_index().is_none() {
            return drive(scheduler, progress, scope);
        }
        std::thread::scope(|threads| {
            let driver = threads.spawn(|| drive(scheduler, progress, scope));
            while !driver.is_finished() {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::sleep(Duration::from_micros(100));
                }
            }
            driver
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// Starts the jobs that the scheduler admits and returns their outcomes to it, until none is left.
fn drive<'a, 'scope>(
    mut scheduler: Scheduler<'a>,
    progress: &(dyn Fn(Progress) + Sync),
    scope: &rayon::Scope<'scope>,
) -> Result<RunReport>
where
    'a: 'scope,
{
    let pieces = scheduler.pieces;
    let (sender, receiver) = channel();
    loop {
        for job in scheduler.admit() {
            let sender = CompletionSender::new(&sender);
            scope.spawn(move |_| sender.send(job.perform(pieces)));
        }
        if scheduler.is_idle() {
            return scheduler.finish();
        }
        // This thread holds a sender, so that receiving cannot fail.
        let Ok(completion) = receiver.recv() else {
            return scheduler.finish();
        };
        scheduler.complete(completion);
        progress(scheduler.progress());
    }
}
