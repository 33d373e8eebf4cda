//! Files whose bytes are elsewhere: the same points, and errors that stay what they are.
#![allow(missing_docs)]

use isopach_cloud::{Cloud, Columns};
use isopach_compute::Error;
use isopach_las::{ByteSource, Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::{
    io,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Bytes in memory, one read of which fails.
#[derive(Debug)]
struct InMemory {
    bytes: Vec<u8>,
    reads: AtomicUsize,
    failing: usize,
    expected: Mutex<Vec<Range<u64>>>,
    read: Mutex<Vec<Range<u64>>>,
}

impl InMemory {
    fn new(bytes: &[u8], failing: usize) -> Arc<Self> {
        let (reads, expected, read) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Arc::new(Self {
            bytes: bytes.to_vec(),
            reads,
            failing,
            expected,
            read,
        })
    }
}

impl ByteSource for InMemory {
    fn path(&self) -> &Path {
        Path::new("store://a.laz")
    }
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        if self.reads.fetch_add(1, Ordering::Relaxed) == self.failing {
            return Err(io::Error::other(Error::Busy("the store is down".into())));
        }
        self.read.lock().unwrap().extend_from_slice(ranges);
        let bytes =
            |range: &Range<u64>| self.bytes[range.start as usize..range.end as usize].to_vec();
        Ok(ranges.iter().map(bytes).collect())
    }
    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
        Ok(Self::new(&self.bytes, usize::MAX))
    }
    fn expect_ranges(&self, ranges: &[Range<u64>]) {
        *self.expected.lock().unwrap() = ranges.to_vec();
    }
}

/// 120,000 points in rows from south to north, three chunks.
fn file(path: &Path) {
    let place = |i: u32| [f64::from(i % 400), f64::from(i / 400), f64::from(i % 7)];
    let mut writer = LazWriter::create(path, &Schema::default()).unwrap();
    writer
        .write(
            &Cloud::from_points(&(0..120_000).map(place).collect::<Vec<_>>()).unwrap(),
            &[],
        )
        .unwrap();
    writer.finish().unwrap();
}

#[test]
fn what_is_read_from_memory_is_what_is_read_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    file(&path);
    let on_disk = Las::open(&path).unwrap();
    let source = InMemory::new(&std::fs::read(&path).unwrap(), usize::MAX);
    let elsewhere = Las::from_source(Arc::clone(&source) as Arc<dyn ByteSource>).unwrap();
    assert_eq!(
        elsewhere.input_identities().unwrap(),
        on_disk.input_identities().unwrap()
    );
    source.read.lock().unwrap().clear();
    assert!(
        elsewhere.read_points(Columns::XYZ).unwrap() == on_disk.read_points(Columns::XYZ).unwrap()
    );
    let mut read = source.read.lock().unwrap().clone();
    read.sort_by_key(|range| range.start);
    assert_eq!(
        *source.expected.lock().unwrap(),
        read,
        "every chunk was expected, and nothing else read"
    );
    assert_eq!(read.len(), on_disk.total_chunks());

    let [first, second] = ["b.laz", "c.laz"].map(|name| dir.path().join(name));
    on_disk.rewrite(&first).unwrap();
    elsewhere.rewrite(&second).unwrap();
    assert!(std::fs::read(first).unwrap() == std::fs::read(second).unwrap());
    let refused = elsewhere.indexed(None).unwrap_err().to_string();
    assert!(
        refused.contains("a.laz.chunks") && refused.contains("index a copy"),
        "{refused}"
    );
}

#[test]
fn whichever_read_fails_for_a_while_it_is_an_error_that_may_pass() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    file(&path);
    let bytes = std::fs::read(&path).unwrap();
    let read = |source: Arc<InMemory>| -> Result<usize, Error> {
        Ok(Las::from_source(source)?.read_points(Columns::XYZ)?.len())
    };
    let whole = InMemory::new(&bytes, usize::MAX);
    assert_eq!(read(Arc::clone(&whole)).unwrap(), 120_000);
    let reads = whole.reads.load(Ordering::Relaxed);
    assert!(reads > 4, "header, table and three chunks: {reads}");
    for failing in 0..reads {
        let error = read(InMemory::new(&bytes, failing)).unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("the store is down"),
            "read {failing}: {error}"
        );
    }
}
