//! Cloud-optimised GeoTIFFs in a store: the colours of the file on a disk, few bytes, each once, and
//! errors that say what is to be done.

use crate::faults::check_lasting_faults;
use isopach_colour::{Colour, Cpu, ImageCatalogue, LevelChoice, PlaceValues, Precedence};
use isopach_compute::{Error, conformance::random};
use isopach_raster::{Crs, GeoTiffBlocks, GeoTiffError, Grid, ImageSource, Raster, write_geotiff};
use isopach_remote::{Remote, RemoteOptions};
use isopach_testkit::object_server::{Fault, ObjectServer};
use std::{
    ops::Range,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tempfile::TempDir;

const ADDRESS: &str = "s3://bucket/ortho.tif";
/// Columns and rows of the image.
const SIDE: usize = 4096;
/// Side of a pixel, metres.
const PIXEL: f64 = 0.5;
const CORNER: [f64; 2] = [400_000.0, 5_500_000.0];
/// Bytes that are fetched when an object is opened.
const HEAD: u64 = 64 << 10;

/// A grey image of noise with 256 levels from 0 to 1, cloud-optimised with overviews, on a disk.
fn image() -> &'static (TempDir, PathBuf) {
    static IMAGE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ortho.tif");
        let grid = Grid {
            cell_size: PIXEL,
            first: CORNER.map(|at| (at / PIXEL) as i64),
            columns: SIDE,
            rows: SIDE,
        };
        let level = |i: usize| (random(i as u64) * 256.0).floor() / 256.0;
        let values = (0..SIDE * SIDE).map(level).collect();
        let raster = Raster::from_rows(grid, values).unwrap();
        write_geotiff(&path, &raster, &Crs::from_epsg(32631)).unwrap();
        (folder, path)
    })
}

/// A server that has the image.
fn served() -> (ObjectServer, Vec<u8>) {
    let bytes = std::fs::read(&image().1).unwrap();
    let server = ObjectServer::start();
    server.put("bucket/ortho.tif", &bytes);
    (server, bytes)
}

fn options(server: &ObjectServer) -> RemoteOptions {
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let settings = [
        ("aws_endpoint", endpoint.as_str()),
        ("aws_access_key_id", "test"),
        ("aws_secret_access_key", "test"),
        ("aws_allow_http", "true"),
    ];
    RemoteOptions {
        settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
        retries: 2,
        request_timeout: Duration::from_millis(1500),
        ..RemoteOptions::default()
    }
}

fn open(remote: &Remote) -> Result<GeoTiffBlocks, Error> {
    GeoTiffBlocks::from_source(remote.open_object(ADDRESS)?)
}

fn catalogue(image: GeoTiffBlocks, cache: u64) -> ImageCatalogue {
    ImageCatalogue::new(vec![Arc::new(image)], Precedence::First, cache).unwrap()
}

/// The image on the disk.
fn local() -> ImageCatalogue {
    catalogue(GeoTiffBlocks::open(&image().1).unwrap(), 1 << 30)
}

fn colour(level: LevelChoice) -> Colour {
    Colour {
        range: Some([0.0, 1.0]),
        level,
        ..Colour::default()
    }
}

/// Places at random in a square, metres from the south-western corner of the image.
fn places(first: [f64; 2], side: f64, count: u64) -> Vec<[f64; 2]> {
    let place =
        |i| [0, 1].map(|axis| CORNER[axis] + first[axis] + side * random(2 * i + axis as u64));
    (0..count).map(place).collect()
}

fn assert_same_bits(found: &PlaceValues, expected: &PlaceValues) {
    assert_eq!(found.len(), expected.len());
    for place in 0..found.len() {
        assert_eq!(found.outcome(place), expected.outcome(place));
        let bits = |values: &PlaceValues| values.samples[place].map(f64::to_bits);
        assert_eq!(bits(found), bits(expected), "place {place}");
    }
}

/// Bytes that were asked for more than once, and all bytes that were asked for.
fn asked_bytes(log: &[(String, String, Option<Range<u64>>)]) -> [u64; 2] {
    let mut ranges: Vec<Range<u64>> = log
        .iter()
        .filter_map(|(_, _, range)| range.clone())
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut end = 0;
    let mut sums = [0; 2];
    for range in ranges {
        sums[0] += end.min(range.end).saturating_sub(range.start);
        sums[1] += range.end - range.start;
        end = end.max(range.end);
    }
    sums
}

#[test]
fn a_hundredth_of_the_area_fetches_little_in_few_requests_and_has_the_bits_of_the_file() {
    let (server, bytes) = served();
    let remote = Remote::new(options(&server)).unwrap();
    let image = open(&remote).unwrap();
    assert_eq!(
        remote.request_counts().requests,
        1,
        "all directories are in the head"
    );
    let on_disk = local();
    assert_eq!(
        image.identity(),
        GeoTiffBlocks::open(&self::image().1).unwrap().identity()
    );
    assert_eq!(
        image.description().levels,
        on_disk.images()[0].description().levels
    );
    let images = catalogue(image, 64 << 20);
    let side = SIDE as f64 * PIXEL;
    let places = places([0.37 * side, 0.61 * side], side / 10.0, 30_000);
    let colour = colour(LevelChoice::Number(0));
    let found = colour.values_at(&Cpu, &images, &places).unwrap();
    assert_same_bits(&found, &colour.values_at(&Cpu, &on_disk, &places).unwrap());
    let log = server.log();
    let [twice, asked] = asked_bytes(&log);
    assert_eq!(twice, 0, "{log:?}");
    let counts = remote.request_counts();
    assert_eq!((counts.requests, counts.bytes), (log.len() as u64, asked));
    assert!(
        asked * 20 < bytes.len() as u64,
        "{asked} of {}",
        bytes.len()
    );
    let counters = images.cache().counters();
    assert!(counters.misses > 4 && counters.stored_bytes <= asked);
    assert!(
        counts.requests < counters.misses,
        "rows of blocks come in one request"
    );
    // Nothing more for what is held.
    assert_same_bits(&colour.values_at(&Cpu, &images, &places).unwrap(), &found);
    assert_eq!(remote.request_counts(), counts);
}

#[test]
fn sparse_points_fetch_overviews() {
    let (server, bytes) = served();
    let remote = Remote::new(options(&server)).unwrap();
    let images = catalogue(open(&remote).unwrap(), 64 << 20);
    let places = places([0.0; 2], SIDE as f64 * PIXEL, 2_000);
    let colour = colour(LevelChoice::Spacing(8.0 * PIXEL));
    assert_eq!(colour.level.of(&images.images()[0]), 3);
    let found = colour.values_at(&Cpu, &images, &places).unwrap();
    assert_same_bits(&found, &colour.values_at(&Cpu, &local(), &places).unwrap());
    let fetched = remote.request_counts().bytes;
    assert!(
        fetched * 20 < bytes.len() as u64,
        "{fetched} of {}",
        bytes.len()
    );
}

#[test]
fn a_small_cache_and_short_requests_change_no_bit() {
    let (server, _) = served();
    let side = SIDE as f64 * PIXEL;
    let places = places([0.5 * side; 2], 0.3 * side, 20_000);
    let colour = colour(LevelChoice::Number(0));
    let expected = colour.values_at(&Cpu, &local(), &places).unwrap();
    for (cache, request_bytes, gap) in [(1 << 20, 8 << 20, 0), (64 << 20, 10_000, 1 << 20)] {
        let remote = Remote::new(RemoteOptions {
            request_bytes,
            gap,
            ..options(&server)
        })
        .unwrap();
        let images = catalogue(open(&remote).unwrap(), cache);
        assert_same_bits(
            &colour.values_at(&Cpu, &images, &places).unwrap(),
            &expected,
        );
        assert!(images.cache().counters().most_held_bytes <= cache);
    }
}

#[test]
fn threads_that_want_the_same_blocks_fetch_them_once() {
    let (server, _) = served();
    let remote = Remote::new(RemoteOptions {
        gap: 0,
        ..options(&server)
    })
    .unwrap();
    let images = catalogue(open(&remote).unwrap(), 64 << 20);
    server.log();
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let images = &images;
            scope.spawn(move || {
                let places = places([100.0 + f64::from(thread), 100.0], 300.0, 2_000);
                let colour = colour(LevelChoice::Number(0));
                colour.values_at(&Cpu, images, &places).unwrap();
            });
        }
    });
    let [twice, asked] = asked_bytes(&server.log());
    assert_eq!((twice, asked), (0, images.cache().counters().stored_bytes));
}

/// The error of colouring with faults after the image is open; the colours are compared if there is
/// none.
fn colour_with(faults: impl Fn(usize) -> Option<Fault> + Send + 'static) -> Result<(), Error> {
    colour_in_time(options, faults)
}

fn colour_in_time(
    options: impl Fn(&ObjectServer) -> RemoteOptions,
    faults: impl Fn(usize) -> Option<Fault> + Send + 'static,
) -> Result<(), Error> {
    let (server, _) = served();
    let remote = Remote::new(options(&server))?;
    let images = catalogue(open(&remote)?, 64 << 20);
    server.fail(move |_, _, number| faults(number));
    let places = places([10.0, 10.0], 50.0, 100);
    let colour = colour(LevelChoice::Number(0));
    let found = colour.values_at(&Cpu, &images, &places)?;
    assert_same_bits(&found, &colour.values_at(&Cpu, &local(), &places)?);
    Ok(())
}

#[test]
fn faults_that_pass_change_no_bit() {
    let slow = Fault::Slow(Duration::from_millis(300));
    for fault in [Fault::Status(500), Fault::Status(429), slow, Fault::Short] {
        let ended = colour_with(move |number| (number < 2).then_some(fault));
        assert!(ended.is_ok(), "{fault:?}: {ended:?}");
    }
}

#[test]
fn faults_that_stay_are_errors_that_say_whether_to_try_again() {
    let impatient = |server: &ObjectServer| RemoteOptions {
        retries: 0,
        request_timeout: Duration::from_millis(700),
        ..options(server)
    };
    let slow = Fault::Slow(Duration::from_secs(3));
    let error = colour_in_time(impatient, move |_| Some(slow)).unwrap_err();
    assert!(error.is_transient(), "{error}");
    check_lasting_faults(ADDRESS, |fault| colour_with(move |_| Some(fault)));
    let error = colour_with(|_| Some(Fault::Status(403))).unwrap_err();
    assert!(error.find_cause::<GeoTiffError>().is_some(), "{error:?}");
}

#[test]
fn an_image_that_becomes_another_is_an_error() {
    let (server, mut bytes) = served();
    let remote = Remote::new(options(&server)).unwrap();
    for fault in [None, Some(Fault::AnyTag)] {
        let images = catalogue(open(&remote).unwrap(), 64 << 20);
        bytes.push(0);
        server.put("bucket/ortho.tif", &bytes);
        server.fail(move |_, _, _| fault);
        let places = places([10.0, 10.0], 50.0, 100);
        let colour = colour(LevelChoice::Number(0));
        let error = colour.values_at(&Cpu, &images, &places).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("changed while it was read"), "{text}");
        assert!(!error.is_transient());
    }
}

#[test]
fn objects_that_are_no_images_are_refused() {
    let (server, bytes) = served();
    let remote = Remote::new(options(&server)).unwrap();
    for (key, bytes, text) in [
        ("empty", &b""[..], ""),
        ("text", b"no image at all", "not a TIFF file"),
        ("cut", &bytes[..200], "cut off"),
    ] {
        server.put(&format!("bucket/{key}.tif"), bytes);
        let address = format!("s3://bucket/{key}.tif");
        let opened = remote.open_object(&address);
        let error = opened.and_then(GeoTiffBlocks::from_source).unwrap_err();
        assert!(!error.is_transient(), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(text) && message.contains(&address),
            "{message}"
        );
    }
    // Blocks beyond the end of the object are refused before they are asked for.
    server.put("bucket/ortho.tif", &bytes[..HEAD as usize + 1000]);
    let images = catalogue(open(&remote).unwrap(), 64 << 20);
    server.log();
    let colour = colour(LevelChoice::Number(0));
    let error = colour
        .values_at(&Cpu, &images, &places([10.0, 10.0], 50.0, 9))
        .unwrap_err();
    assert!(error.to_string().contains("beyond its end"), "{error}");
    assert!(server.log().is_empty());
}
