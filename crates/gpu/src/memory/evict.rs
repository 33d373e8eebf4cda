//! Buffers that the pool may ask back.

use std::fmt::Debug;

/// A holder of buffers that it can do without: the pool asks for them before it refuses a request.
pub(crate) trait Evict: Debug + Send + Sync {
    /// Bytes that [`Self::evict`] frees now.
    fn evictable_bytes(&self) -> u64;

    /// Gives back every buffer that no work uses. Must not hold a lock while buffers are dropped:
    /// they go back to the pool, which may call [`Self::evictable_bytes`].
    fn evict(&self);
}
