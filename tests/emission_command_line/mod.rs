//! The emission example as people run it: arrays in and out, images of an instrument, saturation,
//! degradation, and what it refuses.

#![allow(missing_docs, clippy::print_stderr)]

mod formats;
mod options;
mod refused;

use flate2::{Compression, write::GzEncoder};
use isopach::{
    compute::Cpu,
    emission::{AIA, Noise, Observation, TemperatureResponse},
    fits::{Cube, CubeFile, Image, KeywordValue, Precision},
};
use isopach_testkit::{
    emission_folder::{Folder, counts, emission, inversion, write},
    program::program,
};
use ndarray::{Array2, ArrayD, Axis, IxDyn};
use std::{fs, io::Write as _, path::PathBuf, process::Command};

#[test]
fn arrays_of_any_shape_go_in_and_come_out() {
    let folder = Folder::new();
    let [mut counts, sigma] = counts(4, 6);
    counts[[1, 2, 3]] = f64::NAN;
    let response = TemperatureResponse::aia();
    let table = Array2::from_shape_fn((101, 6), |(t, f)| response.channels[f][t]).into_dyn();
    let log_t = ArrayD::from_shape_vec(IxDyn(&[101]), response.log_t).unwrap();
    let edges = ArrayD::from_shape_vec(IxDyn(&[25]), inversion(24).log_t_edges).unwrap();
    let (table, log_t) = (
        write(&folder, "response.npy", &table),
        write(&folder, "log_t.npy", &log_t),
    );
    let edges = write(&folder, "edges.npy", &edges);
    for shape in [&[4, 6, 6][..], &[24, 6], &[2, 2, 6, 6]] {
        let [c, e] = [&counts, &sigma].map(|a| a.clone().into_shape_with_order(shape).unwrap());
        let (c_file, e_file) = (
            write(&folder, "counts.npy", &c),
            write(&folder, "sigma.npy", &e),
        );
        let all = "emission,uncertainty,resolution,kernel,synthetic,bands,temperature,chi2,lambda,iterations,status";
        let arguments = [
            "--counts",
            &c_file,
            "--sigma",
            &e_file,
            "--log-t-edges",
            &edges,
            "--precision",
            "double",
        ];
        let response = [
            "--response",
            &table,
            "--response-log-t",
            &log_t,
            "--outputs",
            all,
        ];
        let summary = folder.run(&[&arguments[..], &response[..]].concat());
        assert_eq!(
            summary["missing_by_channel"],
            serde_json::json!([0, 0, 0, 1, 0, 0])
        );
        let expected = inversion(24)
            .run(
                &Cpu,
                Observation {
                    counts: c.view(),
                    sigma: e.view(),
                },
            )
            .unwrap();
        assert_eq!(folder.array("emission"), expected.emission);
        assert_eq!(Some(folder.array("uncertainty")), expected.uncertainty);
        assert_eq!(Some(folder.array("resolution")), expected.log_t_resolution);
        assert_eq!(Some(folder.array("kernel")), expected.averaging_kernel);
        assert_eq!(folder.array("synthetic"), expected.synthetic);
        assert_eq!(folder.array("chi2"), expected.chi_squared);
        assert_eq!(folder.array("lambda"), expected.lambda);
        assert_eq!(
            folder.array("iterations"),
            expected.iterations.mapv(f64::from)
        );
        assert_eq!(
            folder.array("status"),
            expected.status.mapv(|s| f64::from(s.code()))
        );
        assert_eq!(folder.array("dropped"), expected.dropped.mapv(f64::from));
        assert_eq!(folder.array("bands").shape().last(), Some(&6));
        assert_eq!(folder.array("log_t_edges").len(), 25);
        assert_eq!(folder.path("out/index.html").exists(), shape == [4, 6, 6]);
    }
    // A single pixel; single precision; a response as CSV.
    let one = |a: &ArrayD<f64>| a.index_axis(Axis(0), 0).index_axis(Axis(0), 0).to_owned();
    let (c_file, e_file) = (
        write(&folder, "counts.npy", &one(&counts)),
        write(&folder, "sigma.npy", &one(&sigma)),
    );
    let csv = folder.text("response.csv");
    let line = |t: usize| {
        let response = TemperatureResponse::aia();
        let row: String = response
            .channels
            .iter()
            .map(|channel| format!(",{:e}", channel[t]))
            .collect();
        format!("{}{row}\n", response.log_t[t])
    };
    fs::write(
        &csv,
        "# log10 T, channels\n".to_owned() + &(0..101).map(line).collect::<String>(),
    )
    .unwrap();
    folder.run(&[
        "--counts",
        &c_file,
        "--sigma",
        &e_file,
        "--response",
        &csv,
        "--bins",
        "24",
        "--outputs",
        "emission",
    ]);
    let [c, e] = [&counts, &sigma].map(|a| one(a).mapv(|x| x as f32));
    let expected = inversion(24)
        .run_single(
            &Cpu,
            Observation {
                counts: c.view(),
                sigma: e.view(),
            },
        )
        .unwrap()
        .emission;
    assert_eq!(folder.array("emission"), expected.mapv(f64::from));
}

/// numpy writes these for `np.save(path, fits.getdata(file))`, `np.array(maps).T` and
/// `x.astype(np.float16)`.
#[test]
fn arrays_of_any_byte_order_and_order_of_axes_are_the_same_numbers() {
    let folder = Folder::new();
    let [counts, sigma] = counts(4, 5);
    let [c, e] = [&counts, &sigma].map(|a| a.mapv(f64::round));
    let options = [
        "--bins",
        "12",
        "--outputs",
        "emission",
        "--precision",
        "double",
        "--backend",
        "cpu",
    ];
    let run = |c: &str, e: &str| {
        folder.run(&[&["--counts", c, "--sigma", e], &options[..]].concat());
        folder.array("emission")
    };
    let expected = run(&write(&folder, "c.npy", &c), &write(&folder, "e.npy", &e));
    let written = |name: &str, descr: &str, array: &ArrayD<f64>, bytes: &dyn Fn(f64) -> Vec<u8>| {
        let mut file = isopach_npy::encode_header(descr, array.shape());
        let at = file.windows(5).position(|w| w == b"False").unwrap();
        file[at..at + 5].copy_from_slice(b"True ");
        let reversed = array.view().reversed_axes();
        file.extend(reversed.iter().flat_map(|x| bytes(*x)));
        fs::write(folder.path(name), file).unwrap();
        folder.text(name)
    };
    for (descr, bytes) in [
        (
            ">f4",
            &(|x: f64| (x as f32).to_be_bytes().to_vec()) as &dyn Fn(f64) -> Vec<u8>,
        ),
        ("<f8", &|x: f64| x.to_le_bytes().to_vec()),
        (">i4", &|x: f64| (x as i32).to_be_bytes().to_vec()),
    ] {
        let found = run(
            &written("c2.npy", descr, &c, bytes),
            &written("e2.npy", descr, &e, bytes),
        );
        assert!(found == expected, "{descr}");
    }
}

/// An image of a channel, 2 s, level 1.
fn image(folder: &Folder, channel: usize, dn: &Array2<f64>) -> String {
    let path = folder.path(&format!("aia_{}.fits", AIA[channel].wavelength));
    let keyword = |name: &str, value| (name.to_owned(), value, String::new());
    let cube = Cube {
        name: "IMAGE".into(),
        unit: "DN".into(),
        shape: [1, dn.nrows(), dn.ncols()],
        precision: Precision::Double,
        keywords: vec![
            keyword(
                "WAVELNTH",
                KeywordValue::Whole(AIA[channel].wavelength.into()),
            ),
            keyword("EXPTIME", KeywordValue::Number(2.0)),
            keyword(
                "T_OBS",
                KeywordValue::Text("2014-07-02T12:00:00.00Z".into()),
            ),
            keyword("CDELT1", KeywordValue::Number(0.6)),
            keyword("CDELT2", KeywordValue::Number(0.6)),
            keyword("CRPIX1", KeywordValue::Number(12.5)),
            keyword("CRPIX2", KeywordValue::Number(10.5)),
        ],
    };
    let mut file = CubeFile::create(&path, &[cube]).unwrap();
    file.write_rows(0, 0, dn.view().insert_axis(Axis(0)))
        .unwrap();
    file.finish().unwrap();
    // As an image with two axes.
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(9).rposition(|w| w == b"NAXIS   =").unwrap();
    bytes[at + 29] = b'2';
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}

fn images(folder: &Folder) -> (Vec<String>, [ArrayD<f64>; 2]) {
    let [mut rates, _] = counts(20, 24);
    rates[[3, 5, 2]] = 15_000.0 / 2.0;
    rates[[3, 5, 4]] = 16_383.0 / 2.0;
    rates[[7, 1, 2]] = 14_999.0 / 2.0;
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.0, 1.0, 0.05));
    let sigma = Noise::sigma_of_counts(&noises, rates.view()).unwrap();
    let files = (0..6).map(|f| {
        let dn = rates.index_axis(Axis(2), f).mapv(|rate| 2.0 * rate);
        image(folder, f, &dn.into_dimensionality().unwrap())
    });
    (files.collect(), [rates, sigma])
}

#[test]
fn saturated_pixels_are_found_and_treated_as_asked() {
    let folder = Folder::new();
    let (files, _) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = |options: &[&str]| {
        folder.run(&[&files[..], options, &["--bins", "24", "--format", "npy"]].concat())
    };
    let at = |name: &str, y: usize, x: usize| folder.array(name)[[y, x]];
    let summary = run(&[]);
    assert_eq!(
        summary["saturated_by_channel"],
        serde_json::json!([0, 0, 1, 0, 1, 0])
    );
    assert_eq!(
        (
            at("saturated", 3, 5),
            at("dropped", 3, 5),
            at("saturated", 7, 1)
        ),
        (20.0, 20.0, 0.0)
    );
    assert!(at("chi2", 3, 5).is_finite());
    let page = fs::read_to_string(folder.path("out/index.html")).unwrap();
    for words in [
        "Saturated channels",
        "saturated.png",
        "7500 DN/s",
        "as at launch",
        "x, arcsec",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(folder.path("out/saturated.png").exists() && folder.path("out/status.png").exists());
    run(&["--saturation", "reject"]);
    assert_eq!((at("status", 3, 5), at("saturated", 3, 5)), (50.0, 20.0));
    assert!(at("chi2", 3, 5).is_nan());
    let summary = run(&["--saturation", "keep"]);
    assert_eq!(
        (at("dropped", 3, 5), &summary["saturated_by_channel"][2]),
        (0.0, &serde_json::json!(0))
    );
    run(&["--saturation-level", "14000"]);
    assert_eq!(at("saturated", 7, 1), 4.0);
    run(&["--saturation-level", "15000,15000,15001,15000,20000,15000"]);
    assert_eq!(at("saturated", 3, 5), 0.0);
}

#[test]
fn degradation_is_taken_from_shares_or_a_table() {
    let folder = Folder::new();
    let (files, _) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = |options: &[&str]| {
        let summary =
            folder.run(&[&files[..], options, &["--bins", "24", "--format", "npy"]].concat());
        (
            folder.array("emission"),
            summary["sensitivity"].as_str().unwrap().to_owned(),
        )
    };
    let (launch, words) = run(&[]);
    assert!(words.contains("not corrected"), "{words}");
    let (given, words) = run(&["--degradation", "0.9,0.8,0.7,0.6,0.5,0.4"]);
    assert!(
        words.contains("0.900, 0.800, 0.700, 0.600, 0.500, 0.400"),
        "{words}"
    );
    assert!(
        given.sum() > 1.2 * launch.sum(),
        "fewer counts for the same plasma"
    );
    let table = folder.text("left.csv");
    // Half way between two rows.
    let rows = "time,94,131,171,193,211,335\n2014-07-01,1,1,1,1,1,1\n2014-07-04T00:00:00Z,0.8,0.6,0.4,0.2,0.1,0.2\n";
    fs::write(&table, rows).unwrap();
    let (_, words) = run(&["--degradation-table", &table]);
    assert!(
        words.contains("0.900, 0.800, 0.700, 0.600, 0.550, 0.600"),
        "{words}"
    );
    let refused =
        |options: &[&str], words: &[&str]| folder.refused(&[&files[..], options].concat(), words);
    refused(&["--degradation", "0.9,0.8"], &["2 shares", "6 channels"]);
    refused(
        &["--degradation", "0,1,1,1,1,1"],
        &["sensitivity", "above zero"],
    );
    fs::write(
        &table,
        "time,94,131,171,193,211,335\n2010-05-01,1,1,1,1,1,1\n",
    )
    .unwrap();
    refused(
        &["--degradation-table", &table],
        &["does not cover 2014-07-02"],
    );
    fs::write(&table, "time,94\n2010-05-01,1\n2020-01-01,0.5\n").unwrap();
    refused(&["--degradation-table", &table], &["no column 131"]);
}

#[test]
fn the_made_up_region_is_found() {
    let folder = Folder::new();
    let summary = folder.run(&["--size", "48", "--bins", "30"]);
    for name in [
        "emission.fits",
        "index.html",
        "band_0.png",
        "temperature.png",
        "chi_squared.png",
        "status.png",
    ] {
        assert!(
            folder.path("out").join(name).metadata().unwrap().len() > 200,
            "{name}"
        );
    }
    let bands = summary["against_truth"].as_array().unwrap();
    assert_eq!(bands.len(), 6);
    for band in bands {
        let median = band["found_over_true"]["median"].as_f64().unwrap();
        assert!((0.3..2.0).contains(&median), "{band}");
    }
    assert!(
        summary["median_chi_squared"].as_f64().unwrap() < 3.0,
        "{summary}"
    );
}

#[test]
fn the_level_of_aia_is_that_of_its_headers() {
    // Two images of a flare whose saturated pixels all lie within the cut-out: NSATPIX counts those
    // of the whole detector.
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/aia");
    let Ok(entries) = fs::read_dir(&data) else {
        eprintln!("SKIPPED: no images of AIA at {}", data.display());
        return;
    };
    let flare = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut flare: Vec<PathBuf> = flare
        .filter(|path| path.to_string_lossy().contains("flare_2011-02-15T01-56"))
        .collect();
    flare.sort();
    assert_eq!(flare.len(), 6);
    let folder = Folder::new();
    let files: Vec<&str> = flare.iter().map(|path| path.to_str().unwrap()).collect();
    folder.refused(&files, &["pixels", "turned by", "--align"]);
    let summary = folder.run(&[&files[..], &["--unaligned"]].concat());
    assert_eq!(
        summary["saturated_by_channel"],
        serde_json::json!([1259, 97, 3466, 47, 3932, 682])
    );
    for (wavelength, saturated) in [(131.0, 97.0), (193.0, 47.0)] {
        let images = flare.iter().map(|path| Image::open(path).unwrap());
        let mut of_channel =
            images.filter(|image| image.header().number("WAVELNTH") == Some(wavelength));
        assert_eq!(
            of_channel.next().unwrap().header().number("NSATPIX"),
            Some(saturated)
        );
    }
}
