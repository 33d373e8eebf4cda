//! Files and results in a store on the own machine: right points, few bytes, errors that say what
//! is to be done.

use crate::faults::check_lasting_faults;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::Error;
use isopach_las::{Las, LazWriter, Schema};
use isopach_remote::{CreateOutcome, Remote, RemoteOptions};
use isopach_testkit::object_server::{Fault, ObjectServer};
use isopach_tiling::PointSource;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Options for a server of the test: short times, as tests do not wait.
fn options(server: &ObjectServer) -> RemoteOptions {
    let setting = |name: &str, value: String| (name.to_owned(), value);
    let settings = vec![
        setting("AWS_ENDPOINT", format!("http://127.0.0.1:{}", server.port)),
        setting("aws_access_key_id", "test".into()),
        setting("aws_secret_access_key", "test".into()),
        setting("aws_allow_http", "true".into()),
        setting("HOME", "/nowhere".into()),
    ];
    RemoteOptions {
        settings,
        retries: 2,
        request_timeout: Duration::from_millis(1500),
        ..RemoteOptions::default()
    }
}

fn remote(server: &ObjectServer) -> Remote {
    Remote::new(options(server)).unwrap()
}

/// 400,000 points in rows from south to north, eight chunks.
fn file(path: &Path) {
    let place = |i: u32| {
        [
            f64::from(i % 1000) + 1e-3 * f64::from(i * 7919 % 1000),
            f64::from(i / 1000),
            f64::from(i * 31 % 97),
        ]
    };
    let mut writer = LazWriter::create(path, &Schema::default()).unwrap();
    writer
        .write(
            &Cloud::from_points(&(0..400_000).map(place).collect::<Vec<_>>()).unwrap(),
            &[],
        )
        .unwrap();
    writer.finish().unwrap();
}

/// A server with a file of eight chunks at `bucket/a.laz` with its index, and the file on a disk.
fn served(dir: &Path) -> (ObjectServer, PathBuf) {
    let path = dir.join("a.laz");
    file(&path);
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    let server = ObjectServer::start();
    server.put("bucket/a.laz", &std::fs::read(&path).unwrap());
    server.put(
        "bucket/a.laz.chunks",
        &std::fs::read(dir.join("a.laz.chunks")).unwrap(),
    );
    (server, path)
}

const ADDRESS: &str = "s3://bucket/a.laz";

#[test]
fn a_file_in_a_store_has_the_points_and_the_identity_of_the_file_on_a_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (server, path) = served(dir.path());
    let (remote, on_disk) = (remote(&server), Las::open(&path).unwrap());
    let size = std::fs::metadata(&path).unwrap().len();
    for address in [
        ADDRESS.to_owned(),
        format!("http://127.0.0.1:{}/bucket/a.laz", server.port),
    ] {
        let before = remote.request_counts().bytes;
        let las = remote
            .open_las(&address)
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        assert_eq!(las.index_fault(), None);
        assert_eq!(
            las.input_identities().unwrap(),
            on_disk.input_identities().unwrap()
        );
        assert!(
            las.read_points(Columns::XYZ).unwrap() == on_disk.read_points(Columns::XYZ).unwrap()
        );
        let (_, fetched) = (las, remote.request_counts().bytes - before);
        assert!(
            fetched < size + 4 * (64 << 10) + 1000,
            "{fetched} bytes of {size}, its head twice and its index"
        );
    }
}

#[test]
fn a_box_fetches_its_chunks_and_little_else_in_few_requests() {
    let dir = tempfile::tempdir().unwrap();
    let (server, path) = served(dir.path());
    let remote = remote(&server);
    let part = Rect {
        min: [-1.0, 110.0],
        max: [2000.0, 140.0],
    };
    let las = remote.open_las(ADDRESS).unwrap().within(part);
    let before = remote.request_counts();
    server.log();
    assert_eq!(las.chunk_count(), 1);
    assert!(
        las.read_points(Columns::XYZ).unwrap()
            == Las::open(&path)
                .unwrap()
                .within(part)
                .read_points(Columns::XYZ)
                .unwrap()
    );
    let after = remote.request_counts();
    let asked = server.log();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let range = asked[0].2.clone().unwrap();
    assert_eq!(
        after.bytes - before.bytes,
        range.end - range.start,
        "what is reported is what was sent"
    );
    assert!(
        (range.end - range.start) * 7 < std::fs::metadata(&path).unwrap().len(),
        "an eighth of the file"
    );

    // All chunks: they lie side by side, and come together.
    let las = remote.open_las(ADDRESS).unwrap();
    server.log();
    las.read_points(Columns::XYZ).unwrap();
    assert_eq!(server.log().len(), 1);
}

#[test]
fn a_copc_file_is_read_by_its_octree() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar/lone-star.copc.laz");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    };
    let server = ObjectServer::start();
    server.put("bucket/a.copc.laz", &bytes);
    // Gaps are asked around, so that what is fetched is what is needed.
    let remote = Remote::new(RemoteOptions {
        gap: 0,
        ..options(&server)
    })
    .unwrap();
    let las = remote.open_las("s3://bucket/a.copc.laz").unwrap();
    let opening = remote.request_counts().bytes;
    let extent = las.extent();
    let [x, y] = extent.centre();
    let part = Rect {
        min: [x, y],
        max: [0, 1].map(|axis| extent.centre()[axis] + 0.1 * extent.size()[axis]),
    };
    let (here, there) = (Las::open(&path).unwrap().within(part), las.within(part));
    assert!(there.read_points(Columns::XYZ).unwrap() == here.read_points(Columns::XYZ).unwrap());
    assert!(there.chunk_count() < there.total_chunks() / 2);
    let fetched = remote.request_counts().bytes - opening;
    assert!(
        opening <= 3 * (64 << 10) && fetched * 2 < bytes.len() as u64,
        "{opening} to open, {fetched} of {}",
        bytes.len()
    );
}

/// What reading all of a file ends with, where requests for it have faults after it is open.
fn read_with(faults: impl Fn(usize) -> Option<Fault> + Send + 'static) -> Result<bool, Error> {
    read_in_time(options, faults)
}

fn read_in_time(
    options: impl Fn(&ObjectServer) -> RemoteOptions,
    faults: impl Fn(usize) -> Option<Fault> + Send + 'static,
) -> Result<bool, Error> {
    let dir = tempfile::tempdir().unwrap();
    let (server, path) = served(dir.path());
    let las = Remote::new(options(&server))?.open_las(ADDRESS)?;
    server.fail(move |_, _, number| faults(number));
    let read = las.read_points(Columns::XYZ)?;
    Ok(read == Las::open(path)?.read_points(Columns::XYZ)?)
}

#[test]
fn what_passes_is_tried_again_and_gives_the_same_points() {
    let slow = Duration::from_millis(300);
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Slow(slow),
        Fault::Short,
    ] {
        let read = read_with(move |number| (number < 2).then_some(fault));
        assert!(matches!(read, Ok(true)), "{fault:?}: {read:?}");
    }
}

#[test]
fn what_does_not_pass_is_an_error_that_says_whether_to_try_again() {
    let impatient = |server: &ObjectServer| RemoteOptions {
        retries: 0,
        request_timeout: Duration::from_millis(700),
        ..options(server)
    };
    let error = read_in_time(impatient, |_| Some(Fault::Slow(Duration::from_secs(3)))).unwrap_err();
    assert!(error.is_transient(), "{error}");
    check_lasting_faults(ADDRESS, |fault| read_with(move |_| Some(fault)));
}

#[test]
fn an_object_that_becomes_another_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (server, path) = served(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let before = remote(&server)
        .open_las(ADDRESS)
        .unwrap()
        .input_identities()
        .unwrap();
    for fault in [None, Some(Fault::AnyTag)] {
        let las = remote(&server).open_las(ADDRESS).unwrap();
        bytes.push(0);
        server.put("bucket/a.laz", &bytes);
        server.fail(move |_, _, _| fault);
        let error = las.read_points(Columns::XYZ).unwrap_err();
        assert!(
            error.to_string().contains("changed while it was read") && !error.is_transient(),
            "{error}"
        );
        assert_ne!(las.input_identities().unwrap(), before, "what is there now");
    }
}

#[test]
fn addresses_that_cannot_be_read_are_refused_with_a_remedy() {
    let server = ObjectServer::start();
    let remote = remote(&server);
    let refused = |address: &str| remote.open_las(address).unwrap_err();
    assert!(
        refused("s3://bucket/missing.laz")
            .to_string()
            .contains("no such object")
    );
    for (address, text) in [
        ("ftp://a/b", "no address"),
        ("http://a/b.laz?signature=1", "signed"),
        ("s3://", "s3://"),
    ] {
        let error = refused(address);
        assert!(
            !error.is_transient() && error.to_string().contains(text),
            "{error}"
        );
    }
    server.put("bucket/empty.laz", b"");
    server.put("bucket/text.laz", b"no points");
    assert!(!refused("s3://bucket/empty.laz").is_transient());
    assert!(
        refused("s3://bucket/text.laz")
            .to_string()
            .contains("not a LAS or LAZ file")
    );
}

#[test]
fn memory_for_what_is_fetched_ahead_is_a_limit_and_changes_no_point() {
    let dir = tempfile::tempdir().unwrap();
    let (server, path) = served(dir.path());
    let on_disk = Las::open(path).unwrap().read_points(Columns::XYZ).unwrap();
    for (memory, request_bytes) in [
        (0, 8 << 20),
        (300_000, 200_000),
        (64 << 20, 10_000),
        (64 << 20, 1 << 20),
    ] {
        let remote = Remote::new(RemoteOptions {
            memory,
            request_bytes,
            ..options(&server)
        })
        .unwrap();
        let las = remote.open_las(ADDRESS).unwrap();
        assert!(
            las.read_points(Columns::XYZ).unwrap() == on_disk,
            "{memory} {request_bytes}"
        );
        // A chunk alone, without a plan, and twice.
        assert!(
            las.read_chunk(3, Columns::XYZ).unwrap() == las.read_chunk(3, Columns::XYZ).unwrap()
        );
        let longest = server
            .log()
            .into_iter()
            .filter_map(|(_, _, range)| range)
            .map(|range| range.end - range.start)
            .max();
        assert!(
            longest.unwrap() <= request_bytes.max(64 << 10),
            "{longest:?}"
        );
    }
}

#[test]
fn a_source_is_asked_for_several_ranges_at_once() {
    let server = ObjectServer::start();
    let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i * 31 % 251) as u8).collect();
    server.put("bucket/any", &bytes);
    let source = remote(&server).open_object("s3://bucket/any").unwrap();
    server.log();
    let ranges = [
        200_000..200_100,
        10..20,
        70_000..80_000,
        80_010..80_020,
        5..5,
    ];
    let read = source.read(&ranges).unwrap();
    for (range, read) in ranges.iter().zip(read) {
        assert_eq!(read, bytes[range.start as usize..range.end as usize]);
    }
    assert_eq!(
        server.log().len(),
        2,
        "two are near each other, one is far, one came when it was opened"
    );
    assert!(
        source
            .read(std::slice::from_ref(&(299_999..300_001)))
            .is_err()
    );
}

#[test]
fn of_two_writers_at_once_one_creates_and_the_other_finds_the_same_or_is_refused() {
    let server = ObjectServer::start();
    let results = remote(&server)
        .open_results("s3://bucket/run/tiles/")
        .unwrap();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| results.create_result("000001-0-1.tile", b"a result")))
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap().unwrap())
            .collect()
    });
    assert_eq!(
        outcomes
            .iter()
            .filter(|kept| **kept == CreateOutcome::Created)
            .count(),
        1,
        "{outcomes:?}"
    );
    let error = results
        .create_result("000001-0-1.tile", b"another")
        .unwrap_err();
    assert!(
        !error.is_transient() && error.to_string().contains("another result is there"),
        "{error}"
    );
    assert_eq!(
        results.get_result("000001-0-1.tile").unwrap().unwrap(),
        b"a result"
    );
    assert_eq!(results.get_result("000002-0-1.tile").unwrap(), None);
    results.create_result("000000-0-1.tile", b"").unwrap();
    assert_eq!(
        results.list_names().unwrap(),
        ["000000-0-1.tile", "000001-0-1.tile"]
    );
    for name in ["", "a/b", "..", ".part"] {
        assert!(results.create_result(name, b"").is_err(), "{name:?}");
    }
}

#[test]
fn a_result_that_cannot_be_read_may_be_readable_later_and_a_damaged_one_is_said_to_be() {
    let server = ObjectServer::start();
    let results = remote(&server).open_results("s3://bucket/run").unwrap();
    results.create_result("a.tile", b"a result").unwrap();
    server.fail(|_, _, _| Some(Fault::Status(500)));
    assert!(results.get_result("a.tile").unwrap_err().is_transient());
    assert!(results.list_names().unwrap_err().is_transient());
    server.fail(|_, _, _| None);
    let mut bytes = server.get("bucket/run/a.tile").unwrap();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        server.put("bucket/run/a.tile", &bytes);
        let error = results.get_result("a.tile").unwrap_err();
        assert!(
            !error.is_transient() && error.to_string().contains("damaged"),
            "byte {at}: {error}"
        );
        bytes[at] ^= 1;
    }
    server.put("bucket/run/a.tile", &bytes[..7]);
    assert!(
        results
            .get_result("a.tile")
            .unwrap_err()
            .to_string()
            .contains("damaged")
    );
}
