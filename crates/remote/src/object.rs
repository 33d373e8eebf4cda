//! An object as a source of bytes.

use crate::{ahead::Prefetch, place::OpenedObject};
use bytes::Bytes;
use isopach_las::ByteSource;
use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes from the front that are fetched when an object is opened: a header with its records, and
/// the hierarchy or table of chunks of a small file, in one request.
pub(crate) const HEAD: u64 = 64 << 10;

/// A client that opens objects by their addresses.
pub(crate) trait ConnectObject: Send + Sync {
    fn connect_object(&self, address: &str) -> io::Result<Object>;
}

/// An object, open.
pub(crate) struct Object {
    pub(crate) connector: Arc<dyn ConnectObject>,
    pub(crate) name: PathBuf,
    pub(crate) address: String,
    pub(crate) place: OpenedObject,
    pub(crate) head: Bytes,
    pub(crate) ahead: Arc<Prefetch>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("address", &self.address)
            .field("opened", &self.place.opened)
            .finish_non_exhaustive()
    }
}

impl Object {
    /// The bytes of a range that came when the object was opened.
    fn in_head(&self, range: &Range<u64>) -> Option<Vec<u8>> {
        self.head
            .get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
            .map(<[u8]>::to_vec)
    }
}

impl ByteSource for Object {
    fn path(&self) -> &Path {
        &self.name
    }

    fn size(&self) -> u64 {
        self.place.opened.size
    }

    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        if !ranges
            .iter()
            .all(|range: &Range<u64>| range.start <= range.end && range.end <= self.size())
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut found: Vec<Option<Vec<u8>>> = ranges
            .iter()
            .map(|range: &Range<u64>| {
                self.in_head(range)
                    .or_else(|| self.ahead.take_range(range, &self.place).map(Vec::from))
            })
            .collect();
        let missing: Vec<usize> = (0..ranges.len())
            .filter(|&number| found[number].is_none())
            .collect();
        if !missing.is_empty() {
            let place = self.place.clone();
            let wanted = missing.iter().map(|&number| ranges[number].clone());
            let wanted: Vec<Range<u64>> = wanted.collect();
            let fetched = self
                .place
                .shared
                .wait_for(async move { place.fetch_ranges(&wanted).await })?;
            for (number, bytes) in missing.into_iter().zip(fetched) {
                found[number] = Some(bytes.into());
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
        Ok(Arc::new(self.connector.connect_object(&self.address)?))
    }

    fn open_sibling(&self, suffix: &str) -> io::Result<Option<Arc<dyn ByteSource>>> {
        match self
            .connector
            .connect_object(&format!("{}{suffix}", self.address))
        {
            Ok(object) => Ok(Some(Arc::new(object))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn block_size(&self) -> usize {
        HEAD as usize
    }

    fn expect_ranges(&self, ranges: &[Range<u64>]) {
        self.ahead
            .expect_ranges(ranges, self.place.shared.options.request_bytes);
    }
}
