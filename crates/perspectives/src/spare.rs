//! Memory that frames take turns to use.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that frames may take; those that find too few wait.
#[derive(Debug)]
pub(crate) struct SpareMemory {
    most: u64,
    free: Mutex<u64>,
    freed: Condvar,
}

/// Bytes that were taken; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    from: &'a SpareMemory,
    bytes: u64,
}

impl SpareMemory {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            most: bytes,
            free: Mutex::new(bytes),
            freed: Condvar::new(),
        }
    }

    /// All bytes.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// Takes bytes, after a wait for those of others; `None` if there will never be so many.
    pub(crate) fn take(&self, bytes: u64) -> Option<Taken<'_>> {
        if bytes > self.most {
            return None;
        }
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .freed
            .wait_while(free, |free| *free < bytes)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Some(Taken { from: self, bytes })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut free = self
            .from
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *free += self.bytes;
        self.from.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    fn use_often(spare: &SpareMemory, used: &AtomicU64, bytes: u64) {
        for _ in 0..100 {
            let _taken = spare.take(bytes).unwrap();
            let now = used.fetch_add(bytes, Ordering::SeqCst) + bytes;
            assert!(now <= spare.most(), "{now}");
            used.fetch_sub(bytes, Ordering::SeqCst);
        }
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        let spare = SpareMemory::new(10);
        let used = AtomicU64::new(0);
        thread::scope(|scope| {
            for bytes in [3, 7, 10, 4, 6, 1, 9, 2] {
                scope.spawn({
                    let spare = &spare;
                    let used = &used;
                    move || use_often(spare, used, bytes)
                });
            }
        });
        assert!(spare.take(11).is_none());
    }
}
