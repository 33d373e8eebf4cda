//! A piece of work: commands that are recorded, submitted together and waited for.

use crate::{
    kernel::Kernel,
    pool::{Buffer, Role},
    session::Session,
    timing::Clock,
};
use bytemuck::Pod;
use isopach_compute::Result;
use std::{
    marker::PhantomData,
    ops::Range,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

/// Commands being recorded. Every buffer that they name is held until they are submitted, whatever
/// becomes of the caller's copies.
#[derive(Debug)]
pub(crate) struct Work {
    session: Arc<Session>,
    encoder: wgpu::CommandEncoder,
    held: Vec<Buffer>,
    clock: Option<Clock>,
}

impl Work {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        let encoder = session
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let clock = Clock::new(&session);
        Self {
            session,
            encoder,
            held: Vec::new(),
            clock,
        }
    }

    /// Runs `threads` threads of a kernel (rounded up to whole workgroups) on `buffers`, its
    /// bindings from 1 on. None: nothing.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] where it does not compile or the bindings are not
    /// its own; [`isopach_compute::Error::OutOfMemory`] where not even its parameters fit.
    pub(crate) fn run(
        &mut self,
        kernel: &Kernel,
        threads: usize,
        parameters: &impl Pod,
        buffers: &[&Buffer],
    ) -> Result<()> {
        if threads == 0 {
            return Ok(());
        }
        let [across, down] = self.session.groups(kernel, threads)?;
        let compiled = self.session.compiled(kernel)?;
        let bytes = bytemuck::bytes_of(parameters);
        self.session.travelled[0].fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let uniform = self
            .session
            .pool
            .take("parameters", Role::Uniform, bytes.len() as u64)?;
        let Session {
            device,
            queue,
            faults,
            bindings,
            ..
        } = &*self.session;
        faults.scoped(device, kernel.name, 0, || {
            queue.write_buffer(uniform.raw(), 0, bytes)
        })?;
        let own = bindings.of(&self.session, (kernel.name, &compiled.layout), 1, buffers)?;
        let parameters = bindings.of(
            &self.session,
            ("parameters", &self.session.parameters),
            0,
            &[&uniform],
        )?;
        let timestamp_writes = self
            .clock
            .as_mut()
            .and_then(|clock| clock.around(kernel.name));
        let descriptor = wgpu::ComputePassDescriptor {
            label: Some(kernel.name),
            timestamp_writes,
        };
        let mut pass = self.encoder.begin_compute_pass(&descriptor);
        pass.set_pipeline(&compiled.pipeline);
        pass.set_bind_group(0, &own, &[]);
        pass.set_bind_group(1, &parameters, &[]);
        pass.dispatch_workgroups(across, down, 1);
        drop(pass);
        self.session
            .profile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .called(kernel.name);
        self.held.push(uniform);
        self.held
            .extend(buffers.iter().map(|&buffer| buffer.clone()));
        Ok(())
    }

    /// Fills a buffer with zeroes.
    pub(crate) fn clear(&mut self, buffer: &Buffer) {
        self.encoder.clear_buffer(buffer.raw(), 0, None);
        self.held.push(buffer.clone());
    }

    /// Brings elements of a buffer back, once the work is submitted and waited for: see
    /// [`Done::take`].
    ///
    /// # Errors
    /// As [`Session::storage`].
    pub(crate) fn read<T: Pod>(
        &mut self,
        buffer: &Buffer,
        elements: Range<usize>,
    ) -> Result<Reading<T>> {
        let size = size_of::<T>() as u64;
        let bytes = elements.len() as u64 * size;
        self.session.travelled[1].fetch_add(bytes, Ordering::Relaxed);
        let to = self
            .session
            .pool
            .take("results on their way back", Role::ReadBack, bytes)?;
        let state = Arc::new(AtomicU8::new(WAITING));
        if bytes > 0 {
            self.encoder.copy_buffer_to_buffer(
                buffer.raw(),
                elements.start as u64 * size,
                to.raw(),
                0,
                bytes,
            );
            let mapped = Arc::clone(&state);
            self.encoder.map_buffer_on_submit(
                to.raw(),
                wgpu::MapMode::Read,
                0..bytes,
                move |outcome| {
                    mapped.store(
                        if outcome.is_ok() { MAPPED } else { FAILED },
                        Ordering::SeqCst,
                    );
                },
            );
        }
        self.held.push(buffer.clone());
        Ok(Reading::of(to, elements.len(), state))
    }

    /// Submits the commands; does not wait.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::DeviceFault`].
    pub(crate) fn submit(self) -> Result<Submitted> {
        let Self {
            session,
            mut encoder,
            held,
            clock,
        } = self;
        let ticking = clock
            .map(|clock| clock.resolve(&session, &mut encoder))
            .transpose()?
            .flatten();
        let Session {
            device,
            queue,
            faults,
            ..
        } = &*session;
        faults.check(device)?;
        let index = faults.scoped(device, "submission", 0, || queue.submit([encoder.finish()]))?;
        drop(held);
        Ok(Submitted {
            session,
            index,
            ticking,
        })
    }
}

/// Work that the device is doing.
#[derive(Debug)]
#[must_use = "results are there only after waiting"]
pub(crate) struct Submitted {
    session: Arc<Session>,
    index: wgpu::SubmissionIndex,
    ticking: Option<crate::timing::Ticking>,
}

impl Submitted {
    /// Waits until the device has done it.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], also where the device's patience ended;
    /// [`isopach_compute::Error::DeviceFault`].
    pub(crate) fn wait(self) -> Result<Done> {
        self.session.wait(&self.index)?;
        let mut unwaited = self;
        let done = Done {
            session: Arc::clone(&unwaited.session),
        };
        if let Some(ticking) = unwaited.ticking.take() {
            ticking.note(&done)?;
        }
        Ok(done)
    }
}

impl Drop for Submitted {
    /// Nobody waits for it: its times are read when somebody asks for them.
    fn drop(&mut self) {
        if let Some(ticking) = self.ticking.take() {
            self.session
                .unread
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(ticking);
        }
    }
}

/// Work that is done: what was to be read from it can be taken.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) session: Arc<Session>,
}

/// States of a mapping.
pub(crate) const WAITING: u8 = 0;
pub(crate) const MAPPED: u8 = 1;
pub(crate) const FAILED: u8 = 2;

/// Elements on their way back.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    buffer: Buffer,
    count: usize,
    state: Arc<AtomicU8>,
    kind: PhantomData<T>,
}

impl<T> Reading<T> {
    /// `count` elements that a copy into `buffer` brings, whose mapping sets `state`.
    pub(crate) fn of(buffer: Buffer, count: usize, state: Arc<AtomicU8>) -> Self {
        Self {
            buffer,
            count,
            state,
            kind: PhantomData,
        }
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        match self.state.load(Ordering::SeqCst) {
            MAPPED => self.buffer.raw().unmap(),
            _ if self.count > 0 => self.buffer.spoil(),
            _ => {}
        }
    }
}

impl Done {
    /// The elements.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::DeviceFault`] where they
    /// did not come.
    pub(crate) fn take<T: Pod>(&self, reading: Reading<T>) -> Result<Vec<T>> {
        self.view(&reading, |bytes| {
            let mut elements = vec![T::zeroed(); reading.count];
            bytemuck::cast_slice_mut(&mut elements).copy_from_slice(bytes);
            elements
        })
    }

    /// What `look` makes of the elements, without a copy of them in between.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(crate) fn look<T: Pod, R>(
        &self,
        reading: Reading<T>,
        look: impl FnOnce(&[T]) -> R,
    ) -> Result<R> {
        self.view(&reading, |bytes| match bytemuck::try_cast_slice(bytes) {
            Ok(elements) => look(elements),
            Err(_) => look(&bytemuck::pod_collect_to_vec(bytes)), // a mapping that is not aligned
        })
    }

    fn view<T: Pod, R>(&self, reading: &Reading<T>, look: impl FnOnce(&[u8]) -> R) -> Result<R> {
        if reading.count == 0 {
            return Ok(look(&[]));
        }
        let Session { device, faults, .. } = &*self.session;
        faults.check(device)?;
        self.session.mapped(&reading.state)?;
        let bytes = (reading.count * size_of::<T>()) as u64;
        let view = reading
            .buffer
            .raw()
            .slice(0..bytes)
            .get_mapped_range()
            .map_err(|error| faults.fault(device, error))?;
        Ok(look(&view))
    }
}
