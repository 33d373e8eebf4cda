//! A run of colours, from LAZ files and GeoTIFFs to a LAZ file.
#![allow(missing_docs, clippy::print_stderr)]

use clap::Parser as _;
use isopach::{
    cloud::{Cloud, Columns, Crs},
    colour::{Colour, ImageCatalogue, Precedence},
    compute::{Cpu, Error},
    las::{ExtraBytes, ExtraKind, GpsTime, Las, LazWriter, Schema},
    raster::{GeoTiffBlocks, Grid, Raster, write_geotiff},
};
use isopach_survey::{
    Silent,
    colour::{self, ColourOptionError, ColourOptions},
    features::FeatureOptionError,
};
use serde_json::Value;
use std::{fs, path::Path, sync::Arc};
use tempfile::TempDir;

const RANDOM: fn(u64) -> f64 = isopach::compute::conformance::random;

/// Two files side by side with returns and, in one order, intensities; and two grey images that
/// overlap, with a hole.
fn survey() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let crs = isopach::crs::named_crs("EPSG:25832").unwrap();
    for (file, west) in [("west.laz", 0.0), ("east.laz", 20.0)] {
        let points: Vec<[f64; 3]> = (0..3000)
            .map(|i| {
                let at = i + west as u64 * 1000;
                let [x, y] = [RANDOM(3 * at) * 20.0 + west, RANDOM(3 * at + 1) * 30.0];
                [x + 400_000.0, y + 5_500_000.0, 300.0 + RANDOM(3 * at + 2)]
            })
            .collect();
        let mut cloud = Cloud::from_points(&points).unwrap();
        cloud.attributes.intensity = Some((0..3000).collect());
        cloud.attributes.returns = Some((0..3000).map(|i| [1 + (i % 4 / 3) as u8, 2]).collect());
        cloud.attributes.classification = Some(vec![7; 3000]);
        let schema = Schema {
            crs: Some(crs.clone()),
            columns: Columns::INTENSITY | Columns::RETURNS | Columns::CLASSIFICATION,
            ..Schema::default()
        };
        let mut writer = LazWriter::create(folder.path().join(file), &schema).unwrap();
        writer.write(&cloud, &[]).unwrap();
        writer.finish().unwrap();
    }
    fs::create_dir(folder.path().join("images")).unwrap();
    for (file, first) in [("a.tif", 800_000), ("b.tif", 800_030)] {
        let grid = Grid {
            cell_size: 0.5,
            first: [first, 11_000_000],
            columns: 46,
            rows: 60,
        };
        let value = |i: usize| {
            let [row, column] = [i / 46, i % 46];
            let is_hole = first == 800_000 && row.abs_diff(20) + column.abs_diff(20) < 6;
            let wave = ((row * 5 + column * 3) % 40) as f64 / 40.0;
            if is_hole { f64::NAN } else { wave }
        };
        let raster = Raster::from_rows(grid, (0..46 * 60).map(value).collect()).unwrap();
        write_geotiff(folder.path().join("images").join(file), &raster, &crs).unwrap();
    }
    folder
}

fn run_words(folder: &Path, out: &str, more: &[&str]) -> Result<Vec<u8>, Error> {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let input = format!("{},{}", path("west.laz"), path("east.laz"));
    let out = path(out);
    let images = path("images");
    let mut words = vec!["colour", &input, &out, "--backend", "cpu"];
    if !more.contains(&"--images") {
        words.extend(["--images", &images]);
    }
    words.extend(more);
    let options = ColourOptions::try_parse_from(words).unwrap();
    colour::run(&options, &Silent)?;
    Ok(fs::read(out).unwrap())
}

/// Grey of 0 to 1.
fn run(folder: &Path, out: &str, more: &[&str]) -> Result<Vec<u8>, Error> {
    run_words(folder, out, &[&["--range", "0,1"], more].concat())
}

fn summary_of(folder: &Path, out: &str) -> Value {
    let text = fs::read_to_string(folder.join(format!("{out}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn read(folder: &Path, file: &str) -> Cloud {
    Las::open(folder.join(file))
        .unwrap()
        .read_all(Columns::ALL)
        .unwrap()
}

#[test]
fn tiles_memory_and_threads_do_not_change_a_byte() {
    let folder = survey();
    let all = run(folder.path(), "a.laz", &[]).unwrap();
    let small = ["--tile-size", "7", "--memory", "256MiB", "--cache", "2MiB"];
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let tiles = pool
        .install(|| run(folder.path(), "b.laz", &small))
        .unwrap();
    assert!(all == tiles);
    let [a, b] = ["a.laz", "b.laz"].map(|out| summary_of(folder.path(), out));
    assert_eq!(a["images"], b["images"]);
    assert_eq!(a["without_colour"], b["without_colour"]);
    assert_eq!(b["cache"]["budget_bytes"], 2 << 20);
    assert_eq!(a["points"], 6000, "noise is kept");
    assert!(!folder.path().join("a.laz.run").exists());
}

#[test]
fn every_point_has_the_colour_of_its_place() {
    let folder = survey();
    run(folder.path(), "a.laz", &["--first-returns"]).unwrap();
    let file = Las::open(folder.path().join("a.laz")).unwrap();
    assert_eq!(file.header().format, 7);
    let cloud = read(folder.path(), "a.laz");
    let places: Vec<[f64; 2]> = (0..cloud.len())
        .map(|i| {
            let [east, north, _] = cloud.positions().absolute(i);
            [east, north]
        })
        .collect();
    let open = |name: &str| GeoTiffBlocks::open(folder.path().join("images").join(name)).unwrap();
    let images = ImageCatalogue::new(
        vec![Arc::new(open("a.tif")), Arc::new(open("b.tif"))],
        Precedence::First,
        64 << 20,
    )
    .unwrap();
    let colour = Colour {
        range: Some([0.0, 1.0]),
        ..Colour::default()
    };
    let found = colour.values_at(&Cpu, &images, &places).unwrap();
    let colours = cloud.attributes.rgb.as_ref().unwrap();
    let returns = cloud.attributes.returns.as_ref().unwrap();
    let mut counts = [0_u64; 4];
    for i in 0..cloud.len() {
        let image = found.image(i).filter(|_| returns[i][0] == 1);
        let expected = image.map_or([0; 3], |image| {
            [0, 1, 2].map(|band| colour.colour_of(&images.images()[image], found.samples[i][band]))
        });
        assert_eq!(colours[i], expected);
        match image {
            Some(image) => counts[image] += 1,
            None => counts[if returns[i][0] == 1 { 2 } else { 3 }] += 1,
        }
    }
    let summary = summary_of(folder.path(), "a.laz");
    assert_eq!(summary["images"][0]["points"], counts[0]);
    assert_eq!(summary["images"][1]["points"], counts[1]);
    assert_eq!(summary["without_colour"]["not_first_returns"], counts[3]);
    assert_eq!(counts[3], 1500);
    let without = &summary["without_colour"];
    let without =
        without["outside_all_images"].as_u64().unwrap() + without["masked"].as_u64().unwrap();
    assert_eq!(without, counts[2]);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert!(cloud.attributes.intensity.is_some());
    let page = fs::read_to_string(folder.path().join("a.laz.html")).unwrap();
    assert!(page.contains("map of the colours from above") && !page.contains("NDVI"));
}

/// Near infrared and red of the golden image.
#[test]
fn infrared_gives_format_8_and_an_index() {
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/golden-ml/colour");
    if !golden.exists() {
        eprintln!("SKIPPED: {} is not there", golden.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let points: Vec<[f64; 3]> = (0..2000)
        .map(|i| {
            [
                633_993.0 + 60.0 * RANDOM(2 * i),
                4_831_255.75 + 45.0 * RANDOM(2 * i + 1),
                9.0,
            ]
        })
        .collect();
    let schema = Schema {
        crs: isopach::crs::named_crs("EPSG:26917").ok(),
        ..Schema::default()
    };
    for name in ["west.laz", "east.laz"] {
        let cloud = Cloud::from_points(&points).unwrap();
        let mut writer = LazWriter::create(folder.path().join(name), &schema).unwrap();
        writer.write(&cloud, &[]).unwrap();
        writer.finish().unwrap();
    }
    let image = golden.join("area_overviews.tif");
    let image = image.to_str().unwrap();
    run_words(folder.path(), "a.laz", &["--images", image, "--ndvi"]).unwrap();
    let file = Las::open(folder.path().join("a.laz")).unwrap();
    assert_eq!(file.header().format, 8);
    assert_eq!(file.header().extra_bytes[0].name, "ndvi");
    let summary = summary_of(folder.path(), "a.laz");
    assert_eq!(summary["near_infrared"], true);
    assert_eq!(summary["images"][0]["level"], 1, "points are 1.1 m apart");
    assert!(summary["ndvi"]["values"].as_u64().unwrap() > 1000);
    let page = fs::read_to_string(folder.path().join("a.laz.html")).unwrap();
    assert!(page.contains("map of the vegetation index"));
    run_words(
        folder.path(),
        "b.laz",
        &["--images", image, "--bands", "3,2,1"],
    )
    .unwrap();
    let [a, b] = ["a.laz", "b.laz"].map(|file| read(folder.path(), file));
    assert!(a.attributes.nir.is_some() && b.attributes.nir.is_none());
    let [a, b] = [a, b].map(|cloud| cloud.attributes.rgb.unwrap());
    assert!(
        a.iter()
            .zip(&b)
            .all(|([r, g, b], turned)| [*b, *g, *r] == *turned)
    );
    assert_eq!(
        summary_of(folder.path(), "b.laz")["bands_named_by"],
        "option"
    );
    let error = run_words(
        folder.path(),
        "c.laz",
        &["--images", image, "--bands", "1,2,3", "--ndvi"],
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("NDVI needs near infrared")
    );
}

#[test]
fn what_cannot_be_coloured_is_refused() {
    let folder = survey();
    let refused = |more: &[&str]| run(folder.path(), "a.laz", more).unwrap_err();
    let cause = |more: &[&str]| refused(more).find_cause::<ColourOptionError>().cloned();
    assert!(matches!(
        cause(&["--level", "fine"]),
        Some(ColourOptionError::UnknownLevel { .. })
    ));
    assert!(matches!(
        cause(&["--date", "spring"]),
        Some(ColourOptionError::NoDate { .. })
    ));
    let dates = cause(&["--date", "2020-01-01", "--image-dates", "2020-01-01"]);
    assert_eq!(
        dates,
        Some(ColourOptionError::OtherNumberOfDates {
            dates: 1,
            images: 2
        })
    );
    let cache = cause(&["--memory", "1GiB", "--cache", "900MiB"]);
    assert!(matches!(
        cache,
        Some(ColourOptionError::CacheTakesMemory { .. })
    ));
    assert!(
        refused(&["--cache", "1KiB"])
            .to_string()
            .contains("the cache has 1024")
    );
    let error = run_words(folder.path(), "a.laz", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("without a largest value"), "{error}");
    let empty = folder.path().join("none");
    fs::create_dir(&empty).unwrap();
    let none = cause(&["--images", empty.to_str().unwrap()]);
    assert!(matches!(none, Some(ColourOptionError::NoImagesIn { .. })));
    let other = folder.path().join("other.tif");
    let grid = Grid {
        cell_size: 1.0,
        first: [400_000, 5_500_000],
        columns: 9,
        rows: 9,
    };
    let raster = Raster::from_rows(grid, vec![0.5; 81]).unwrap();
    write_geotiff(&other, &raster, &Crs::from_epsg(32633)).unwrap();
    let error = refused(&["--images", other.to_str().unwrap()]).to_string();
    assert!(error.contains("contradicts that of the points"), "{error}");
    let image = folder.path().join("images/a.tif");
    let image = image.to_str().unwrap();
    let error = run(folder.path(), "images/a.tif", &["--images", image]).unwrap_err();
    assert!(error.to_string().contains("a.tif"), "{error}");
    assert!(!folder.path().join("a.laz").exists());
}

#[test]
fn an_output_of_other_images_or_parameters_is_written_over_by_permission_alone() {
    let folder = survey();
    let first = run(folder.path(), "out.laz", &[]).unwrap();
    assert_eq!(run(folder.path(), "out.laz", &[]).unwrap(), first, "again");
    let refused = |more: &[&str]| run(folder.path(), "out.laz", more).unwrap_err().to_string();
    let images = folder.path().join("images/a.tif");
    let images = ["--images", images.to_str().unwrap()];
    for (more, word) in [
        (&["--sampling", "nearest"][..], "other parameters (colour)"),
        (&images[..], "other parameters (images)"),
        (&["--columns", "none", "--fresh"][..], "other parameters"),
    ] {
        let message = refused(more);
        assert!(
            message.contains(word) && message.contains("--force"),
            "{message}"
        );
    }
    let written = || fs::read(folder.path().join("out.laz")).unwrap();
    assert_eq!(written(), first, "what was refused wrote nothing");
    run(
        folder.path(),
        "out.laz",
        &["--sampling", "nearest", "--force"],
    )
    .unwrap();
    assert_ne!(written(), first);
    fs::write(folder.path().join("notes.laz"), "notes").unwrap();
    let message = run(folder.path(), "notes.laz", &[])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("unknown inputs and parameters"),
        "{message}"
    );
}

#[test]
fn the_nearest_date_wins() {
    let folder = survey();
    let dated = [
        "--date",
        "2021-01-01",
        "--image-dates",
        "2015-01-01,2020-01-01",
    ];
    run(folder.path(), "a.laz", &dated).unwrap();
    let summary = summary_of(folder.path(), "a.laz");
    assert_eq!(summary["precedence"], "nearest date");
    let first = summary["images"][0]["image"].as_str().unwrap();
    assert!(first.ends_with("b.tif"), "{first}");
    run(folder.path(), "b.laz", &[]).unwrap();
    assert_ne!(
        summary["images"][0]["points"],
        summary_of(folder.path(), "b.laz")["images"][1]["points"]
    );
}

/// One file of points of two years, a half each, that count their times so.
fn write_timed(folder: &Path, clock: GpsTime) {
    let points: Vec<[f64; 3]> = (0..3000)
        .map(|i| {
            let [x, y] = [RANDOM(2 * i) * 40.0, RANDOM(2 * i + 1) * 30.0];
            [x + 400_000.0, y + 5_500_000.0, 300.0]
        })
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    // 2014-12-30 and 2020-01-02, GPS seconds less a thousand million.
    let times = [103_932_816.0, 261_958_418.0];
    cloud.attributes.gps_time = Some((0..3000).map(|i| times[i % 2]).collect());
    let schema = Schema {
        crs: isopach::crs::named_crs("EPSG:25832").ok(),
        columns: Columns::GPS_TIME,
        gps_time: clock,
        ..Schema::default()
    };
    for name in ["west.laz", "east.laz"] {
        let mut writer = LazWriter::create(folder.join(name), &schema).unwrap();
        let is_whole = name == "west.laz";
        let part = cloud.select(&(0..if is_whole { 3000 } else { 1 }).collect::<Vec<u32>>());
        writer.write(&part, &[]).unwrap();
        writer.finish().unwrap();
    }
}

#[test]
fn the_nearest_date_to_the_time_of_each_point_wins() {
    let folder = survey();
    write_timed(folder.path(), GpsTime::ADJUSTED_STANDARD);
    let dated = |out: &str, date: &str, more: &[&str]| {
        let dates = ["--image-dates", "2015-01-01,2020-01-01", "--date", date];
        run(folder.path(), out, &[&dates, more].concat())
    };
    let whole = dated("a.laz", "point", &[]).unwrap();
    assert!(whole == dated("b.laz", "point", &["--tile-size", "7"]).unwrap());
    dated("early.laz", "2015-01-01", &[]).unwrap();
    dated("late.laz", "2020-01-01", &[]).unwrap();
    let [found, early, late] =
        ["a.laz", "early.laz", "late.laz"].map(|out| read(folder.path(), out));
    let colours = |cloud: &Cloud| cloud.attributes.rgb.clone().unwrap();
    let [of_found, of_early, of_late] = [&found, &early, &late].map(colours);
    let mut differ = 0;
    for (i, time) in found
        .attributes
        .gps_time
        .as_ref()
        .unwrap()
        .iter()
        .enumerate()
    {
        let expected = if *time < 2e8 { of_early[i] } else { of_late[i] };
        assert_eq!(of_found[i], expected);
        differ += usize::from(of_early[i] != of_late[i]);
    }
    assert!(differ > 100, "{differ}");
    let precedence = &summary_of(folder.path(), "a.laz")["precedence"];
    assert_eq!(precedence, "nearest date to the time of each point");
    // Seconds of a week have no date.
    write_timed(folder.path(), GpsTime::Week);
    let error = dated("c.laz", "point", &[]).unwrap_err();
    let cause = error.find_cause::<ColourOptionError>();
    assert!(matches!(cause, Some(ColourOptionError::WeekTimes { .. })));
    assert!(error.to_string().contains("--date 2021-06-15"), "{error}");
    dated("c.laz", "2020-01-01", &[]).unwrap();
    // Without dates of the images the order decides, with a warning.
    write_timed(folder.path(), GpsTime::ADJUSTED_STANDARD);
    let undated = run(folder.path(), "d.laz", &["--date", "point"]).unwrap();
    assert!(undated == run(folder.path(), "e.laz", &[]).unwrap());
    let warnings = summary_of(folder.path(), "d.laz")["warnings"].to_string();
    assert!(warnings.contains("2 images have no date"), "{warnings}");
}

#[cfg(not(feature = "remote"))]
#[test]
fn an_address_is_refused_by_a_build_without_object_stores() {
    let folder = survey();
    let address = "s3://bucket/ortho.tif";
    let error = run(folder.path(), "a.laz", &["--images", address]).unwrap_err();
    let cause = error.find_cause::<isopach_survey::SurveyError>().unwrap();
    let expected = isopach_survey::SurveyError::NoObjectStores {
        address: address.into(),
    };
    assert_eq!(cause.to_string(), expected.to_string());
}

#[cfg(feature = "remote")]
mod in_a_store {
    use super::{RANDOM, run, summary_of, survey};
    use isopach::{
        cloud::Crs,
        raster::{Grid, Raster, write_geotiff},
    };
    use isopach_testkit::object_server::{Fault, ObjectServer};
    use std::{fs, path::Path};

    /// The images of a survey in a store, and their addresses.
    fn serve_images(folder: &Path) -> (ObjectServer, String) {
        let server = ObjectServer::start();
        let addresses = ["a.tif", "b.tif"].map(|name| {
            let bytes = fs::read(folder.join("images").join(name)).unwrap();
            server.put(&format!("bucket/{name}"), &bytes);
            format!("http://127.0.0.1:{}/bucket/{name}", server.port)
        });
        (server, addresses.join(","))
    }

    #[test]
    fn images_by_address_give_the_bytes_of_images_on_a_disk() {
        let folder = survey();
        let local = run(folder.path(), "a.laz", &[]).unwrap();
        let (server, addresses) = serve_images(folder.path());
        let remote = run(folder.path(), "b.laz", &["--images", &addresses]).unwrap();
        assert!(local == remote);
        let [a, b] = ["a.laz", "b.laz"].map(|out| summary_of(folder.path(), out));
        assert_eq!(a["images"][0]["points"], b["images"][0]["points"]);
        assert_eq!(a["cache"]["requests"], 0);
        let log = server.log();
        assert_eq!(b["cache"]["requests"], log.len());
        let size = |name: &str| {
            fs::metadata(folder.path().join("images").join(name))
                .unwrap()
                .len()
        };
        // These images are smaller than the bytes that come when an object is opened.
        assert_eq!(b["cache"]["fetched_bytes"], size("a.tif") + size("b.tif"));
        assert_eq!(log.len(), 2);
    }

    /// An image of noise in place of the first one, larger than what comes when it is opened.
    fn write_large_image(folder: &Path) {
        let grid = Grid {
            cell_size: 0.05,
            first: [8_000_000, 110_000_000],
            columns: 460,
            rows: 600,
        };
        let values = (0..460 * 600).map(RANDOM).collect();
        let raster = Raster::from_rows(grid, values).unwrap();
        write_geotiff(folder.join("images/a.tif"), &raster, &Crs::from_epsg(25832)).unwrap();
    }

    #[test]
    fn a_store_that_fails_ends_the_run_and_the_same_command_goes_on() {
        let folder = survey();
        write_large_image(folder.path());
        let local = run(folder.path(), "a.laz", &["--level", "0"]).unwrap();
        let (server, addresses) = serve_images(folder.path());
        let words = ["--images", &addresses, "--level", "0"];
        for is_open in [false, true] {
            let begins = usize::from(is_open);
            let status = move |status| {
                move |_: &str, _: &str, number| (number >= begins).then_some(Fault::Status(status))
            };
            server.fail(status(503));
            let error = run(folder.path(), "b.laz", &words).unwrap_err();
            assert!(error.is_transient(), "{error}");
            server.fail(status(403));
            let error = run(folder.path(), "b.laz", &words).unwrap_err();
            let text = error.to_string();
            assert!(
                !error.is_transient() && text.contains("refuses access"),
                "{text}"
            );
        }
        assert!(!folder.path().join("b.laz").exists());
        server.fail(|_, _, _| None);
        assert!(run(folder.path(), "b.laz", &words).unwrap() == local);
    }
}

#[test]
fn extra_bytes_of_the_files_are_kept() {
    let folder = survey();
    let folder = folder.path();
    let add = |file: &str, name: &str| {
        let path = folder.join(file);
        let columns = Columns::INTENSITY | Columns::RETURNS | Columns::CLASSIFICATION;
        let las = Las::open(&path).unwrap();
        let cloud = las.read_all(columns).unwrap();
        let column = ExtraBytes::new(name, "of the echo", ExtraKind::U32);
        let schema = Schema {
            crs: las.crs().cloned(),
            columns,
            extra_bytes: vec![column.with_scale(0.5, 0.0)],
            ..Schema::default()
        };
        let intensity = cloud.attributes.intensity.iter().flatten();
        let values: Vec<f64> = intensity.map(|&value| f64::from(value) * 0.5).collect();
        let mut writer = LazWriter::create(&path, &schema).unwrap();
        writer.write(&cloud, &[&values]).unwrap();
        writer.finish().unwrap();
    };
    for file in ["west.laz", "east.laz"] {
        add(file, "echo");
    }
    let whole = run(folder, "a.laz", &[]).unwrap();
    let las = Las::open(folder.join("a.laz")).unwrap();
    let names = las.header().extra_bytes.iter().map(|column| &*column.name);
    assert_eq!(names.collect::<Vec<_>>(), ["echo"]);
    let cloud = las.read_all(Columns::ALL).unwrap();
    let intensity = cloud.attributes.intensity.iter().flatten();
    let expected: Vec<f64> = intensity.map(|&value| f64::from(value) * 0.5).collect();
    assert_eq!(las.read_extra("echo").unwrap(), expected);
    let tiles = run(folder, "b.laz", &["--tile-size", "6"]);
    assert!(whole == tiles.unwrap());

    for file in ["west.laz", "east.laz"] {
        add(file, "ndvi");
    }
    let refused = run(folder, "c.laz", &["--ndvi"]).unwrap_err();
    let Some(FeatureOptionError::ColumnTwice { name, columns }) = refused.find_cause() else {
        panic!("{refused}");
    };
    assert_eq!(name, "ndvi");
    assert!(columns.ends_with("flags,user"), "{columns}");
    run(folder, "d.laz", &[]).unwrap();
    let las = Las::open(folder.join("d.laz")).unwrap();
    assert_eq!(
        las.header().extra_bytes[0].name,
        "ndvi",
        "kept where none is new"
    );
}
