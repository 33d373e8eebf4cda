//! Chunks that are compressed on the threads of the pool, given back in their order.

use crate::layered::LayeredEncoder;
use rayon::Yield;
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// A compressed chunk, or the panic of its encoder.
type Compressed = thread::Result<Vec<u8>>;

/// Chunks on their way through the encoder, as many as there are threads.
///
/// Who puts them in goes on with its own work meanwhile, and compresses itself only while it would
/// have to wait: a pool of one thread works as well.
pub(crate) struct ChunkQueue {
    encoder: LayeredEncoder,
    /// In the order in which they were put in.
    begun: VecDeque<Arc<PendingChunk>>,
    /// Chunks that may be on their way.
    most: usize,
}

impl ChunkQueue {
    /// A queue on the pool of the current thread.
    pub(crate) fn new(encoder: LayeredEncoder) -> Self {
        Self {
            encoder,
            begun: VecDeque::new(),
            most: rayon::current_num_threads().max(1),
        }
    }

    /// Begins to compress the records of a chunk.
    pub(crate) fn push(&mut self, records: Vec<u8>) {
        let encoder = self.encoder;
        let pending = Arc::new(PendingChunk::default());
        self.begun.push_back(Arc::clone(&pending));
        rayon::spawn(move || {
            pending.set(catch_unwind(AssertUnwindSafe(|| {
                encoder.encode_chunk(&records)
            })));
        });
    }

    /// The next chunk if it is ready; waits for it if more than may be are on their way.
    pub(crate) fn take_surplus(&mut self) -> Option<Vec<u8>> {
        if self.begun.len() > self.most {
            return self.take();
        }
        let chunk = self.begun.front()?.take()?;
        self.begun.pop_front();
        Some(unwrap_chunk(chunk))
    }

    /// Waits for the next chunk; `None` if all have been taken.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        Some(unwrap_chunk(self.begun.pop_front()?.wait()))
    }
}

/// The chunk; goes on with the panic of its encoder.
fn unwrap_chunk(chunk: Compressed) -> Vec<u8> {
    chunk.unwrap_or_else(|panic| resume_unwind(panic))
}

/// A chunk that is being compressed.
#[derive(Default)]
struct PendingChunk {
    chunk: Mutex<Option<Compressed>>,
    is_set: Condvar,
}

impl PendingChunk {
    fn lock(&self) -> MutexGuard<'_, Option<Compressed>> {
        self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, chunk: Compressed) {
        *self.lock() = Some(chunk);
        self.is_set.notify_all();
    }

    fn take(&self) -> Option<Compressed> {
        self.lock().take()
    }

    /// Waits for the chunk. A thread of the pool works on what is waiting in it meanwhile.
    fn wait(&self) -> Compressed {
        /// How long a thread of the pool sleeps before it looks for work again, and another one.
        const A_WHILE: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(1)];
        loop {
            let most = match rayon::yield_now() {
                Some(Yield::Executed) => Duration::ZERO,
                Some(Yield::Idle) => A_WHILE[0],
                None => A_WHILE[1],
            };
            let found = self
                .is_set
                .wait_timeout_while(self.lock(), most, |chunk| chunk.is_none());
            let (mut chunk, _) = found.unwrap_or_else(PoisonError::into_inner);
            if let Some(chunk) = chunk.take() {
                return chunk;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::laz_record;

    /// Records of PDRF 6 whose chunks have different lengths.
    fn chunks_of_records(encoder: LayeredEncoder) -> Vec<[Vec<u8>; 2]> {
        (1..40_u8)
            .map(|number| {
                let points = usize::from(number) * 37;
                let records: Vec<u8> = (0..points * 30)
                    .map(|i| (i * usize::from(number) / 7) as u8)
                    .collect();
                let compressed = encoder.encode_chunk(&records);
                [records, compressed]
            })
            .collect()
    }

    fn push_and_take_all(queue: &mut ChunkQueue, chunks: &[[Vec<u8>; 2]]) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        for [records, _] in chunks {
            queue.push(records.clone());
            taken.extend(std::iter::from_fn(|| queue.take_surplus()));
            assert!(queue.begun.len() <= queue.most);
        }
        taken.extend(std::iter::from_fn(|| queue.take()));
        taken
    }

    #[test]
    fn chunks_come_back_in_their_order_from_any_pool() {
        let encoder = LayeredEncoder::from_vlr(&laz_record(6, 0, 5000).unwrap()).unwrap();
        let chunks = chunks_of_records(encoder);
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            let taken = pool.install(|| push_and_take_all(&mut ChunkQueue::new(encoder), &chunks));
            assert!(taken.iter().eq(chunks.iter().map(|[_, chunk]| chunk)));
        }
        let outside = push_and_take_all(&mut ChunkQueue::new(encoder), &chunks);
        assert!(outside.iter().eq(chunks.iter().map(|[_, chunk]| chunk)));
    }

    #[test]
    fn a_panic_of_the_encoder_reaches_the_writer() {
        let encoder = LayeredEncoder::from_vlr(&laz_record(6, 0, 5000).unwrap()).unwrap();
        let mut queue = ChunkQueue::new(encoder);
        let pending = Arc::new(PendingChunk::default());
        pending.set(Err(Box::new("a panic")));
        queue.begun.push_back(pending);
        let panic = catch_unwind(AssertUnwindSafe(|| queue.take())).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a panic"));
    }
}
