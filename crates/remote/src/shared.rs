//! The state that all objects of a [`crate::Remote`] share: threads, limits, counters.

use crate::{RemoteOptions, fault, traffic::Counters};
use isopach_compute::{Error, Result};
use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Semaphore,
};

/// Threads that look up host names, which blocks.
const NAME_THREADS: usize = 4;

/// Threads, and requests at once, at most: more of either are of no use.
const MOST: usize = 1024;

/// Threads, limits, counters.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: RemoteOptions,
    pub(crate) counters: Counters,
    /// A permit a request.
    pub(crate) requests: Semaphore,
    /// Bytes that are held before they are wanted.
    held: AtomicU64,
    /// There until this is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Shared {
    pub(crate) fn new(options: RemoteOptions) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.threads.clamp(1, MOST))
            .max_blocking_threads(NAME_THREADS)
            .thread_name("isopach-remote")
            .enable_all()
            .build()
            .map_err(|error| Error::of_file("threads for object stores", error))?;
        let requests = Semaphore::new(options.requests_at_once.clamp(1, MOST));
        let handle = runtime.handle().clone();
        let counters = Counters::default();
        let held = AtomicU64::new(0);
        Ok(Self {
            options,
            counters,
            requests,
            held,
            runtime: Some(runtime),
            handle,
        })
    }

    /// Begins a piece of work on the threads for stores.
    pub(crate) fn spawn_request(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }

    /// Does a piece of work there and waits for it, on whatever thread this is: also on one of
    /// another runtime, where blocking on a future is not allowed.
    pub(crate) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = mpsc::sync_channel(1);
        self.spawn_request(async move {
            // Nobody waits any more where the receiver is gone.
            let _ = done.send(work.await);
        });
        result
            .recv()
            .unwrap_or_else(|_| Err(fault::transient_error("a request was given up")))
    }

    /// Sets bytes aside, unless more than the limit would be held.
    pub(crate) fn hold_bytes(self: &Arc<Self>, bytes: u64) -> Option<HeldBytes> {
        let limit = self.options.memory;
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held: u64| {
                held.checked_add(bytes).filter(|held| *held <= limit)
            })
            .ok()?;
        Some(HeldBytes {
            of: Arc::clone(self),
            bytes,
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last one to let go may be a request, on a thread of the runtime, which cannot wait
        // for itself.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Bytes that were set aside, until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    of: Arc<Shared>,
    bytes: u64,
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.of.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
