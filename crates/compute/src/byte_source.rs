//! Sources of bytes: a local file, an object in a store, memory.

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Random access to the bytes of a file, from any number of threads at once. LAS and LAZ files, and
/// images that are read by blocks, are read through this.
///
/// An error that may pass ([`crate::is_transient`]) stays one on its way to the reader of points or
/// pixels: that of the system does, and so does an [`crate::Error`] within [`io::Error::other`].
///
/// ```
/// use isopach_compute::ByteSource;
/// use std::{io, ops::Range, path::Path, sync::Arc};
///
/// #[derive(Debug)]
/// struct InMemory(Vec<u8>);
///
/// impl ByteSource for InMemory {
///     fn path(&self) -> &Path {
///         Path::new("in memory")
///     }
///     fn size(&self) -> u64 {
///         self.0.len() as u64
///     }
///     fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
///         let bytes = |range: &Range<u64>| self.0.get(range.start as usize..range.end as usize).map(<[u8]>::to_vec);
///         ranges.iter().map(bytes).collect::<Option<_>>().ok_or(io::ErrorKind::UnexpectedEof.into())
///     }
///     fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
///         Ok(Arc::new(Self(self.0.clone())))
///     }
/// }
///
/// let source: Arc<dyn ByteSource> = Arc::new(InMemory(b"a few bytes".to_vec()));
/// assert_eq!(source.read(&[2..5, 6..11])?, [&b"few"[..], b"bytes"]);
/// assert_eq!(source.read_range(10..12).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
/// # Ok::<(), io::Error>(())
/// ```
pub trait ByteSource: fmt::Debug + Send + Sync {
    /// Path or address, for messages.
    fn path(&self) -> &Path;

    /// Length in bytes when the source was opened.
    fn size(&self) -> u64;

    /// Reads the bytes of each range, none of which ends beyond [`Self::size`]: all of them, as
    /// they were when it was opened.
    ///
    /// # Errors
    /// If the bytes cannot be read, are incomplete, or have changed since the source was opened.
    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>>;

    /// Reads the bytes of one range.
    ///
    /// # Errors
    /// Errors of [`Self::read`].
    fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.read(std::slice::from_ref(&range))?
            .pop()
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Opens the current content of the same path or address.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>>;

    /// Opens the companion whose name is this one plus `suffix`, such as an index; `None` if it
    /// does not exist.
    ///
    /// # Errors
    /// If it exists and cannot be opened.
    fn open_sibling(&self, suffix: &str) -> io::Result<Option<Arc<dyn ByteSource>>> {
        let _ = suffix;
        Ok(None)
    }

    /// Path for a companion file with `suffix` after the name that may be written. `None` if
    /// nothing can be written beside it.
    fn writable_sibling(&self, suffix: &str) -> Option<PathBuf> {
        let _ = suffix;
        None
    }

    /// Preferred number of bytes per read when a few are needed and the following bytes probably
    /// will be.
    fn block_size(&self) -> usize {
        8 << 10
    }

    /// Announces that these ranges will be read soon, each once, in about this order. Replaces
    /// earlier announcements. A source with slow requests fetches several together.
    fn expect_ranges(&self, ranges: &[Range<u64>]) {
        let _ = ranges;
    }
}
