//! A file of the system as a source of bytes.

use crate::{ByteSource, identity::Stamp};
use std::{
    fs::File,
    io::{self, ErrorKind},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file, open. Reads are positioned: threads share no cursor.
#[derive(Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    file: File,
    /// Size and time of the file when it was opened.
    stamp: Stamp,
}

impl LocalFile {
    /// Opens a file.
    ///
    /// # Errors
    /// The system's error; also for a folder or a device.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("not a file"));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            stamp: Stamp::of_metadata(&about)?,
        })
    }

    fn read_one(&self, range: &Range<u64>) -> io::Result<Vec<u8>> {
        if range.end > self.size() || range.start > range.end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }

    #[cfg(unix)]
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, at)
    }

    /// On systems without positioned reads, each read opens the file again, so that threads do not
    /// share a position.
    #[cfg(not(unix))]
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(bytes)
    }
}

impl ByteSource for LocalFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn size(&self) -> u64 {
        self.stamp.bytes()
    }

    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        let bytes = ranges
            .iter()
            .map(|range| self.read_one(range))
            .collect::<io::Result<_>>()?;
        self.stamp.check_unchanged(&self.path)?;
        Ok(bytes)
    }

    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
        Ok(Arc::new(Self::open(&self.path)?))
    }

    fn open_sibling(&self, suffix: &str) -> io::Result<Option<Arc<dyn ByteSource>>> {
        let Some(path) = self.writable_sibling(suffix) else {
            return Ok(None);
        };
        match Self::open(&path) {
            Ok(file) => Ok(Some(Arc::new(file))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn writable_sibling(&self, suffix: &str) -> Option<PathBuf> {
        let mut name = self.path.file_name()?.to_owned();
        name.push(suffix);
        Some(self.path.with_file_name(name))
    }
}
