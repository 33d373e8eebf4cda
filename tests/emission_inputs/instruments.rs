//! Instruments are data: a file says what its images say of themselves, what they see and how noisy
//! they are.

use isopach::{
    compute::Cpu,
    emission::{
        AIA, Instrument, Inversion, MissingCounts, Noise, Observation, Quantity,
        TemperatureResponse,
    },
    fits::KeywordValue,
};
use isopach_testkit::{
    difference::difference,
    sun_folder::{EXPOSURE, Folder, Found, Picture, SIDE, picture, text},
};
use ndarray::{Array2, Array3, Axis};
use serde_json::{Value as Json, json};
use std::fs;

/// AIA's numbers under another name.
fn twin() -> Json {
    let mut twin: Json =
        serde_json::from_str(include_str!("../../crates/emission/data/aia.json")).unwrap();
    twin["instrument"] = json!("TWIN");
    twin["headers"] = json!([{ "TELESCOP": "GOES-16", "INSTRUME": "SUVI" }]);
    twin
}

fn of_twin(p: Picture) -> Picture {
    p.with("TELESCOP", text("GOES-16"))
        .with("INSTRUME", text("GOES-R SUVI"))
}

trait InstrumentFiles {
    fn instrument(&self, name: &str, file: &Json) -> String;
}

impl InstrumentFiles for Folder {
    fn instrument(&self, name: &str, file: &Json) -> String {
        let path = self.path().join(name);
        fs::write(&path, file.to_string()).unwrap();
        path.to_str().unwrap().into()
    }
}

#[test]
fn a_file_makes_an_instrument() {
    let folder = Folder::new();
    let expected = folder.run(&folder.write("aia", |p| p), &[]);
    let files = folder.write("twin", of_twin);
    let twin_file = folder.instrument("twin.json", &twin());
    folder.refused(
        &files,
        &[],
        &["GOES-16 GOES-R SUVI", "known are AIA", "--instrument"],
    );
    let found = folder.run(&files, &["--instrument", &twin_file]);
    assert_eq!(difference(&expected.bands, &found.bands), 0.0);
    assert_eq!(found.summary["warnings"], json!([]));
    assert!(
        found.summary["input"][1]
            .as_str()
            .unwrap()
            .starts_with("TWIN 131 Å, 2010-06-02")
    );
    // The shipped one by its name; a mixture of both, in the order of the instruments.
    assert_eq!(
        difference(
            &expected.bands,
            &folder
                .run(&folder.write("aia", |p| p), &["--instrument", "aia"])
                .bands
        ),
        0.0
    );
    let mixed = [&files[3..], &folder.write("aia", |p| p)[..3]].concat();
    let found = folder.run(&mixed, &["--instrument", &twin_file]);
    assert_eq!(difference(&expected.bands, &found.bands), 0.0);
    assert_eq!(
        found.summary["input"][5]
            .as_str()
            .unwrap()
            .split(',')
            .next(),
        Some("TWIN 335 Å")
    );
    // Shares by name, qualified where two instruments have it.
    let both = [&files[..], &folder.write("aia", |p| p)].concat();
    let shares = |name: &str| format!("{name}=0.5,131=1,171=1,193=1,211=1,335=1");
    folder.refused(
        &both,
        &["--instrument", &twin_file, "--degradation", &shares("94")],
        &["94", "two instruments"],
    );
    folder.refused(
        &both,
        &["--instrument", &twin_file, "--loci", "171"],
        &["--loci names 171", "several", "TWIN:171"],
    );
    folder.run(
        &both,
        &["--instrument", &twin_file, "--loci", "TWIN:171,AIA:171"],
    );
}

#[test]
fn units_and_sums_are_those_of_the_instrument() {
    let folder = Folder::new();
    let wide = |p: Picture| {
        of_twin(p)
            .with("CDELT1", KeywordValue::Number(1.2))
            .with("CDELT2", KeywordValue::Number(1.2))
    };
    let twin_file = folder.instrument("twin.json", &twin());
    let given = ["--instrument", &twin_file, "--saturation", "keep"];
    let expected = folder.run(&folder.write("means", wide), &given);
    let radiances = folder.write("radiances", |mut p| {
        p.dn /= EXPOSURE;
        Picture {
            unit: "W m-2 sr-1",
            ..wide(p)
        }
    });
    folder.refused(&radiances, &given, &["W m-2 sr-1"]);
    let mut with_unit = twin();
    with_unit["unit"] = json!("W m-2 sr-1");
    folder.instrument("twin.json", &with_unit);
    assert!(difference(&expected.bands, &folder.run(&radiances, &given).bands) < 1e-12);
    // Sums on the chip are read once, and saturate as one.
    let without_read_noise = |binned: &str, saturation: f64| {
        let mut file = twin();
        file["binned"] = json!(binned);
        file["channels"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|channel| channel["read_noise"] = json!(0));
        file["saturation"] = json!(saturation);
        folder.instrument("twin.json", &file)
    };
    let sums = folder.write("sums", |mut p| {
        p.dn *= 4.0;
        wide(p)
    });
    without_read_noise("mean", 15_000.0);
    let expected = folder.run(&folder.write("means", wide), &given);
    without_read_noise("sum", 15_000.0);
    assert!(difference(&expected.bands, &folder.run(&sums, &given).bands) < 1e-12);
    let brightest = wide(picture(2, [0.0; 2]))
        .dn
        .iter()
        .fold(0.0_f64, |m, x| m.max(*x))
        * 4.0;
    let saturated = |level: f64| {
        let file = without_read_noise("sum", level);
        folder.run(&sums, &["--instrument", &file]).summary["saturated_by_channel"][2]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        (
            saturated(1.0001 * brightest),
            saturated(0.9999 * brightest) > 0
        ),
        (0, true)
    );
}

/// A telescope of two filters whose responses lie on other temperatures than AIA's.
fn xrt() -> Json {
    let log_t: Vec<f64> = (0..61).map(|i| 5.0000005 + 0.05 * f64::from(i)).collect();
    let response = |peak: f64, least: f64| -> Vec<f64> {
        let of = |t: &f64| 3e-25 * (-0.5 * ((t - peak) / 0.35).powi(2)).exp() + least;
        log_t.iter().map(of).collect()
    };
    json!({
        "instrument": "XRT", "headers": [{ "TELESCOP": "HINODE", "INSTRUME": "XRT" }], "pixel_arcsec": 1.0286, "binned": "sum",
        "read_noise": 1.5, "saturation": 2500, "log_t": log_t, "channels": [
            { "name": "Al-poly", "keywords": { "EC_FW1_": "Al_poly", "EC_FW2_": "Open" }, "dn_per_photon": 0.3, "response": response(6.95, 0.0) },
            { "name": "Ti-poly", "keywords": { "EC_FW1_": "Open", "EC_FW2_": "Ti_poly" }, "dn_per_photon": 0.35, "response": response(6.9, 1e-31) },
        ],
    })
}

/// An image of a filter.
fn of_filter(filter: usize, rate: f64) -> Picture {
    let [first, second] = [["Al_poly", "Open"], ["Open", "Ti_poly"]][filter];
    let p = picture(filter, [0.0; 2])
        .without(&["WAVELNTH", "WAVEUNIT", "QUALITY", "HGLN_OBS", "HGLT_OBS"]);
    let p = p
        .with("TELESCOP", text("HINODE"))
        .with("INSTRUME", text("XRT"))
        .with("EC_FW1_", text(first));
    Picture {
        dn: Array2::from_elem([SIDE; 2], rate * EXPOSURE),
        unit: "",
        ..p.with("EC_FW2_", text(second))
    }
}

#[test]
fn two_instruments_are_inverted_together() {
    let folder = Folder::new();
    let xrt_file = folder.instrument("xrt.json", &xrt());
    let xrt = Instrument::from_json(&xrt().to_string()).unwrap();
    let joined =
        TemperatureResponse::join_responses(&[TemperatureResponse::aia(), xrt.response(&[0, 1])])
            .unwrap();
    let edges: Vec<f64> = (0..=20).map(|i| 5.7 + 1.4 * f64::from(i) / 20.0).collect();
    let mut inversion = Inversion::new(joined, edges);
    (inversion.report, inversion.missing) = (Quantity::Integrated, MissingCounts::Drop);
    let rates = [30.0, 12.0];
    let aia: Vec<Picture> = (0..6).map(|channel| picture(channel, [0.0; 2])).collect();
    let mut counts = Array3::zeros((SIDE, SIDE, 8));
    let mut noises = Vec::new();
    for f in 0..8 {
        let mut of_channel = counts.index_axis_mut(Axis(2), f);
        match f.checked_sub(6) {
            None => {
                of_channel.assign(&(&aia[f].dn / EXPOSURE));
                noises.push(Noise::aia(&AIA[f], EXPOSURE, 1.0, 0.05));
            }
            Some(filter) => {
                of_channel.fill(rates[filter]);
                noises.push(Noise::from_channel(
                    &xrt.channels[filter],
                    EXPOSURE,
                    1.0,
                    0.05,
                ));
            }
        }
    }
    let counts = counts.into_dyn();
    let sigma = Noise::sigma_of_counts(&noises, counts.view()).unwrap();
    let expected = inversion
        .run(
            &Cpu,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let bands = inversion
        .in_bands(expected.emission.view(), &[[5.7, 5.95], [6.55, 6.8]])
        .unwrap();
    // XRT first in the list: results have AIA's channels first.
    let names: Vec<String> = (0..2)
        .map(|filter| {
            of_filter(filter, rates[filter]).write(folder.path(), &format!("xrt{filter}"))
        })
        .collect();
    let files = [names, folder.write("aia", |p| p)].concat();
    let found = folder.run(
        &files,
        &[
            "--instrument",
            "aia",
            "--instrument",
            &xrt_file,
            "--any-time",
        ],
    );
    let of = |found: &Found, i: usize| found.bands.index_axis(Axis(2), i).to_owned();
    let largest = bands.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (i, band) in [(0, 0), (1, 4)] {
        let wanted = bands.index_axis(Axis(2), i);
        let far = of(&found, band)
            .iter()
            .zip(wanted)
            .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        assert!(far < 1e-9 * largest, "{far} of {largest}");
    }
    assert!(
        found.summary["input"][6]
            .as_str()
            .unwrap()
            .starts_with("XRT Al-poly, ")
    );
    assert!(
        found.warnings().contains("taken for DN"),
        "{}",
        found.warnings()
    );
    folder.refused(
        &files,
        &["--instrument", &xrt_file, "--log-t", "4.8,7.1"],
        &["log T 4.8", "from 5.0000005 to 8", "--log-t"],
    );
    folder.refused(&files, &[], &["HINODE XRT", "known are AIA"]);
    let other = of_filter(0, 1.0)
        .with("EC_FW1_", text("Be_thin"))
        .write(folder.path(), "thin");
    folder.refused(
        &[other],
        &["--instrument", &xrt_file],
        &[
            "XRT (Al-poly, Ti-poly)",
            "EC_FW1_ is \"Be_thin\"",
            "--channel",
        ],
    );
    let bare = of_filter(0, 1.0)
        .without(&["TELESCOP", "INSTRUME", "EC_FW1_"])
        .write(folder.path(), "bare");
    let bare = [bare];
    folder.refused(
        &bare,
        &["--instrument", "aia", "--instrument", &xrt_file],
        &["INSTRUMENT:CHANNEL"],
    );
    folder.refused(
        &bare,
        &["--instrument", &xrt_file, "--channel", "XRT:Al-mesh"],
        &["--channel is Al-mesh", "Ti-poly"],
    );
    folder.run(
        &bare,
        &["--instrument", &xrt_file, "--channel", "XRT:Al-poly"],
    );
    assert!(
        folder
            .run(&bare, &["--instrument", &xrt_file, "--channel", "Al-poly"])
            .warnings()
            .contains("taken for XRT")
    );
}

#[test]
fn instrument_files_that_are_wrong_are_named() {
    let folder = Folder::new();
    let files = folder.write("twin", of_twin);
    let refused =
        |file: &str, words: &[&str]| folder.refused(&files, &["--instrument", file], words);
    let mut misspelt = twin();
    misspelt["channels"][2]["gian"] = json!(3);
    refused(
        &folder.instrument("twin.json", &misspelt),
        &["--instrument", "twin.json", "channels[2].gian", "gain?"],
    );
    refused("no_such.json", &["--instrument no_such.json"]);
    refused(folder.path().to_str().unwrap(), &["--instrument"]);
    for (name, bytes, words) in [
        ("empty.json", vec![], "no JSON"),
        ("text.json", b"gain = 3".to_vec(), "no JSON"),
        ("bytes.json", vec![0xFF; 100], "UTF-8"),
        ("deep.json", vec![b'['; 1 << 19], "no JSON"),
        (
            "large.json",
            vec![b' '; (1 << 20) + 1],
            "1048577 bytes, but must have 1048576 at most",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        refused(path.to_str().unwrap(), &[name, words]);
    }
    let good = folder.instrument("twin.json", &twin());
    folder.refused(
        &files,
        &["--instrument", &good, "--instrument", &good],
        &["TWIN was given before"],
    );
    let mut same = twin();
    same["instrument"] = json!("OTHER");
    let same = folder.instrument("same.json", &same);
    folder.refused(
        &files,
        &["--instrument", &good, "--instrument", &same],
        &["may be of TWIN and of OTHER", "headers"],
    );
}

/// Keywords of files of four instruments, as sunpy's test data has them.
#[test]
fn headers_of_other_instruments_are_known() {
    type Cards = &'static [(&'static str, &'static str)];
    let cases: [(Cards, Json); 4] = [
        (
            &[
                ("TELESCOP", "GOES-R"),
                ("INSTRUME", "GOES-R Series Solar Ultraviolet Imager"),
                ("DETECTOR", "SUVI"),
            ],
            json!([{ "INSTRUME": "Solar Ultraviolet Imager" }]),
        ),
        (
            &[("INSTRUME", "SECCHI"), ("DETECTOR", "EUVI")],
            json!([{ "INSTRUME": "SECCHI", "DETECTOR": "EUVI" }]),
        ),
        (
            &[
                ("TELESCOP", "SOLO/EUI/FSI"),
                ("INSTRUME", "EUI"),
                ("DETECTOR", "FSI"),
            ],
            json!([{ "TELESCOP": "EUI/FSI" }]),
        ),
        (
            &[("TELESCOP", "HINODE"), ("INSTRUME", "XRT")],
            json!([{ "INSTRUME": "XRT" }]),
        ),
    ];
    for (i, (cards, _)) in cases.iter().enumerate() {
        let header = |keyword: &str| {
            cards
                .iter()
                .find(|(name, _)| *name == keyword)
                .map(|(_, text)| (*text).to_owned())
        };
        for (j, (_, headers)) in cases.iter().enumerate() {
            let mut file = twin();
            file["headers"] = headers.clone();
            assert_eq!(
                Instrument::from_json(&file.to_string())
                    .unwrap()
                    .matches_header(header),
                i == j,
                "{cards:?} {headers}"
            );
        }
    }
}
