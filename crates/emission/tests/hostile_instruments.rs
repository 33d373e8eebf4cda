//! Thousands of damaged instrument files: an error, or an instrument whose numbers can be used;
//! never a panic, a hang, or more memory than JSON takes.
//!
//! `HOSTILE_CASES=20000 cargo test -p isopach-emission --test hostile_instruments -- --nocapture`
//! runs as many as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_compute::Cpu;
use isopach_emission::{
    Instrument, Inversion, InvertPixels, MissingCounts, Noise, Observation, TemperatureResponse,
};
use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use ndarray::{Array2, ArrayD};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The shipped file, one of another kind, and the smallest.
const WHOLES: [&str; 3] = [
    include_str!("../data/aia.json"),
    r#"{ "instrument": "XRT", "headers": [{ "TELESCOP": "HINODE", "INSTRUME": "XRT" }, { "INSTRUME": 7 }], "pixel_arcsec": 1.0286, "binned": "sum",
        "unit": "DN s-1", "response_until": "2014-01-01T00:00:00", "source": "made up", "gain": 57.5, "read_noise": 1.5, "saturation": 2500,
        "log_t": [5.5, 5.8, 6.1, 6.4, 6.7, 7.0, 7.3, 7.6], "channels": [
        { "name": "Al-poly", "keywords": { "EC_FW1_": "Al_poly" }, "dn_per_photon": 0.06, "response": [0, 1e-27, 8e-27, 2e-26, 5e-26, 1e-25, 8e-26, 3e-26] },
        { "name": "195", "wavelength": 195.1, "read_noise": 0, "gain": 15.0, "response": [1e-27, 1e-26, 5e-26, 9e-26, 2e-26, 1e-27, 1e-28, 0] },
        { "name": "Ti-poly", "keywords": { "EC_FW2_": "Ti_poly" }, "dn_per_photon": 0.07, "response": [0, 1e-28, 8e-28, 2e-27, 5e-27, 1e-26, 8e-27, 3e-27] }] }"#,
    r#"{"instrument":"A","headers":[{"B":"C"}],"pixel_arcsec":1,"log_t":[6,7],"channels":[{"name":"D","dn_per_photon":1,"read_noise":0,"response":[1,1]}]}"#,
];

/// What a value or a piece of text may become.
const LIES: [&str; 28] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-0.0",
    "-1",
    "1e308",
    "-1e308",
    "1e309",
    "5e-324",
    "1e-300",
    "1e300",
    "18446744073709551616",
    "-9223372036854775809",
    "NaN",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"é\"",
    "\"a=b\"",
    "\"--\"",
    "[0]",
    "[[1]]",
    "[1e308,1e308]",
    "[6.0,6.0]",
    "{\"A\":{}}",
    "1e",
];

/// Where numbers, texts and names begin and end.
fn values(text: &str) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, letter) in text.char_indices() {
        if matches!(letter, ' ' | '\n' | ',' | ':' | '[' | ']' | '{' | '}') {
            if at > start {
                found.push(start..at);
            }
            start = at + letter.len_utf8();
        }
    }
    found
}

fn damaged(whole: &str, state: &mut u64) -> String {
    let mut bytes = whole.as_bytes().to_vec();
    let mut pick = |count: usize| random(state) as usize % count.max(1);
    let places = values(whole);
    match pick(8) {
        0 => bytes.truncate(pick(whole.len())),
        1 => {
            let at = pick(whole.len());
            bytes[at] = (32 + pick(95)) as u8;
        }
        2..5 => {
            let at = places[pick(places.len())].clone();
            bytes.splice(at, LIES[pick(LIES.len())].bytes());
        }
        // One value in the place of another.
        5 => {
            let [from, to] = [pick(places.len()), pick(places.len())].map(|i| places[i].clone());
            bytes.splice(to, whole[from].bytes());
        }
        // Deep, long, many.
        6 => {
            let piece = [
                "[",
                "{\"a\":",
                "[[],",
                "9",
                "\\u0041",
                "0,",
                "{\"name\":\"x\"},",
                "\"k\":1,",
            ][pick(8)];
            let at = places[pick(places.len())].start;
            bytes.splice(at..at, piece.repeat(1 << pick(15)).bytes());
        }
        // A piece that is missing, or there twice.
        _ => {
            let at = pick(whole.len());
            let end = (at + pick(200)).min(whole.len());
            let piece = bytes[at..end].repeat(2 * pick(2));
            bytes.splice(at..end, piece);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Uses everything an instrument has, as the emission program does.
fn used(found: &Instrument) -> String {
    let header = |keyword: &str| Some(keyword.to_owned());
    let _ = (
        found.matches_header(header),
        found.channels_matching(Some(171.0), header),
        found.channel_named("171"),
    );
    let all: Vec<usize> = (0..found.channels.len()).collect();
    let joined =
        TemperatureResponse::join_responses(&[TemperatureResponse::aia(), found.response(&all)]);
    let Ok(response) = joined else {
        return found.channel_names();
    };
    let channels = response.channels.len();
    let inversion = Inversion {
        missing: MissingCounts::Drop,
        ..Inversion::new(
            response,
            (0..=40).map(|i| 5.8 + 1.2 * f64::from(i) / 40.0).collect(),
        )
    };
    let noises: Vec<Noise> = found
        .channels
        .iter()
        .map(|channel| Noise::from_channel(channel, 2.0, 4.0, 0.05))
        .collect();
    assert!(
        noises
            .iter()
            .all(|noise| noise.dn_per_photon > 0.0 && noise.read_noise >= 0.0),
        "{noises:?}"
    );
    let counts = Array2::from_elem((1, channels), 100.0).into_dyn();
    let sigma: ArrayD<f64> = counts.mapv(|count| 0.1 * count);
    // An error, or a status for the pixel.
    let _ = Cpu.invert(
        &inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    );
    found.channel_names()
}

#[test]
fn nothing_but_errors_and_instruments() {
    let cases = hostile::cases(1500);
    assert!(
        WHOLES
            .iter()
            .all(|whole| Instrument::from_json(whole).is_ok())
    );
    let mut state = 20_261_129;
    // Half a mebibyte of text as values of JSON, twice while a list grows.
    let (mut parsed, mut watch) = (0, Watch::new(32 << 20));
    for case in 0..cases {
        let text = damaged(WHOLES[case % WHOLES.len()], &mut state);
        let found = watch.case(|| match Instrument::from_json(&text) {
            Ok(found) => Ok(used(&found)),
            Err(error) => Err(error.to_string()),
        });
        match found.unwrap_or_else(|much| panic!("case {case}: {much}")) {
            Ok(names) => parsed += usize::from(!names.is_empty()),
            Err(words) => assert!(
                words.len() < 600,
                "case {case}: an error of {} letters",
                words.len()
            ),
        }
    }
    eprintln!(
        "{cases} damaged instrument files of {}: {parsed} could still be read; {watch}",
        WHOLES.len()
    );
    assert!(parsed > 0 && parsed < cases);
    large();
}

/// As large as the emission program reads: what parsing takes is a hundred times that at most.
fn large() {
    for piece in ["[],", "0,", "{\"a\":0},", "\"\",", "1e-26,"] {
        let text = format!(
            "[{}0]",
            piece.repeat((Instrument::MOST_BYTES - 3) / piece.len())
        );
        let mut watch = Watch::new(128 << 20);
        let found = watch.case(|| Instrument::from_json(&text).is_err());
        eprintln!("1 MiB of {piece:?}: {watch}");
        assert_eq!(found, Ok(true), "{piece}");
    }
    let error = Instrument::from_json(&" ".repeat(Instrument::MOST_BYTES + 1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("1048577 bytes"), "{error}");
}
