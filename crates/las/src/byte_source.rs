//! Sources of bytes for LAS and LAZ files: a local file, an object store, memory.

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Random access to the bytes of a file, from any number of threads at once. Everything that is
/// read of a LAS or LAZ file is read through this.
///
/// An error that may pass ([`isopach_compute::is_transient`]) stays one on its way to whoever reads
/// points: that of the system does, and so does an [`isopach_compute::Error`] within
/// [`io::Error::other`].
///
/// ```
/// use isopach_las::{ByteSource, Las};
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
/// let error = Las::from_source(Arc::new(InMemory(b"no points".to_vec()))).unwrap_err();
/// assert!(error.to_string().starts_with("in memory: not a LAS or LAZ file"));
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
