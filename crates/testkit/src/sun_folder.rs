//! Images of the Sun that are made up, and the emission example run on them.

use crate::{program::program, refused::refused};
use isopach::{
    emission::{AIA, TemperatureResponse},
    fits::{Cube, CubeFile, KeywordValue, Precision},
};
use ndarray::{Array2, Array3};
use serde_json::Value as Json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Pixels a side, and seconds.
pub const SIDE: usize = 40;
/// Exposure of every image, seconds.
pub const EXPOSURE: f64 = 2.0;

/// An image to be written.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Position of the channel in AIA.
    pub channel: usize,
    /// DN of the exposure.
    pub dn: Array2<f64>,
    /// Keywords of the header, in order.
    pub keywords: Vec<(&'static str, KeywordValue)>,
    /// The keyword `BUNIT`.
    pub unit: &'static str,
}

/// A text as the value of a keyword.
pub fn text(value: &str) -> KeywordValue {
    KeywordValue::Text(value.into())
}

/// Counts of plasma about log T = 6.2, of a smooth pattern that is shifted by so many pixels.
pub fn picture(channel: usize, shift: [f64; 2]) -> Picture {
    let response = TemperatureResponse::aia();
    let measure = |t: &f64| 2e26 * (-0.5 * ((t - 6.2) / 0.25).powi(2)).exp();
    let of = |(t, response): (&f64, &f64)| {
        if (5.7..=7.1).contains(t) {
            measure(t) * response
        } else {
            0.0
        }
    };
    let rate: f64 = response
        .log_t
        .iter()
        .zip(&response.channels[channel])
        .map(of)
        .sum();
    let pattern = |r: f64, c: f64| {
        1.0 + 0.5 * (r / 6.0).sin() * (c / 7.0).cos() + 0.3 * (r * c / 300.0).sin()
    };
    let dn = Array2::from_shape_fn([SIDE; 2], |(r, c)| {
        (EXPOSURE * rate * pattern(r as f64 + shift[0], c as f64 + shift[1])).max(1.0)
    });
    let keywords = vec![
        (
            "WAVELNTH",
            KeywordValue::Whole(AIA[channel].wavelength.into()),
        ),
        ("WAVEUNIT", text("angstrom")),
        ("EXPTIME", KeywordValue::Number(EXPOSURE)),
        ("DSUN_OBS", KeywordValue::Number(1.51e11)),
        ("HGLN_OBS", KeywordValue::Number(0.0)),
        ("HGLT_OBS", KeywordValue::Number(-1.2)),
        ("T_OBS", text("2010-06-02T12:00:00.00Z")),
        ("TELESCOP", text("SDO/AIA")),
        ("INSTRUME", text("AIA_3")),
        ("CTYPE1", text("HPLN-TAN")),
        ("CTYPE2", text("HPLT-TAN")),
        ("CUNIT1", text("arcsec")),
        ("CUNIT2", text("arcsec")),
        ("CDELT1", KeywordValue::Number(0.6)),
        ("CDELT2", KeywordValue::Number(0.6)),
        ("CRPIX1", KeywordValue::Number(20.5 - shift[1])),
        ("CRPIX2", KeywordValue::Number(20.5 - shift[0])),
        ("QUALITY", KeywordValue::Whole(0)),
    ];
    Picture {
        channel,
        dn,
        keywords,
        unit: "DN",
    }
}

impl Picture {
    /// The image with a keyword, in the place of one of that name.
    pub fn with(mut self, keyword: &'static str, value: KeywordValue) -> Self {
        self.keywords.retain(|(name, _)| *name != keyword);
        self.keywords.push((keyword, value));
        self
    }

    /// The image without some keywords.
    pub fn without(mut self, keywords: &[&str]) -> Self {
        self.keywords.retain(|(name, _)| !keywords.contains(name));
        self
    }

    /// Writes the image as a FITS file; returns its path.
    pub fn write(&self, folder: &Path, name: &str) -> String {
        let path = folder.join(format!("{name}_{}.fits", AIA[self.channel].wavelength));
        let keyword = |(name, value): &(&str, KeywordValue)| {
            ((*name).to_owned(), value.clone(), String::new())
        };
        let cube = Cube {
            name: "IMAGE".into(),
            unit: self.unit.into(),
            shape: [1, self.dn.nrows(), self.dn.ncols()],
            precision: Precision::Double,
            keywords: self.keywords.iter().map(keyword).collect(),
        };
        let mut file = CubeFile::create(&path, &[cube]).unwrap();
        file.write_rows(0, 0, self.dn.view().insert_axis(ndarray::Axis(0)))
            .unwrap();
        file.finish().unwrap();
        path.to_str().unwrap().into()
    }
}

/// Output of a run.
#[derive(Debug)]
pub struct Found {
    /// summary.json.
    pub summary: Json,
    /// Emission measure in bands.
    pub bands: Array3<f64>,
}

impl Found {
    /// All warnings of the summary, joined.
    pub fn warnings(&self) -> String {
        self.summary["warnings"].to_string()
    }
}

/// A folder of images and of the results of a run over them.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Files of the pictures of all channels, each changed by `change`.
    pub fn write(&self, name: &str, change: impl Fn(Picture) -> Picture) -> Vec<String> {
        (0..6)
            .map(|channel| change(picture(channel, [0.0; 2])).write(self.path(), name))
            .collect()
    }

    /// Runs the program `emission` over files.
    pub fn output(&self, files: &[String], options: &[&str]) -> Output {
        let fixed = [
            "--bins",
            "20",
            "--precision",
            "double",
            "--backend",
            "cpu",
            "--force",
            "--out",
        ];
        let mut command = Command::new(program("emission"));
        if !options.contains(&"--format") {
            command.args(["--format", "npy"]);
        }
        command
            .args(files)
            .args(options)
            .args(fixed)
            .arg(self.out())
            .output()
            .unwrap()
    }

    /// The folder of the results.
    pub fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// Runs the program, which must succeed.
    pub fn run(&self, files: &[String], options: &[&str]) -> Found {
        let output = self.output(files, options);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}");
        let summary: Json =
            serde_json::from_slice(&fs::read(self.out().join("summary.json")).unwrap()).unwrap();
        for words in summary["warnings"].as_array().unwrap() {
            assert!(
                message.contains(words.as_str().unwrap()),
                "said in the terminal too: {words}"
            );
        }
        let bytes = fs::read(self.out().join("bands.npy")).unwrap();
        let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let values: Vec<f64> = bytes[start..]
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect();
        Found {
            summary,
            bands: Array3::from_shape_vec([SIDE, SIDE, 6], values).unwrap(),
        }
    }

    /// Runs the program, which must refuse the files in a line with these words.
    pub fn refused(&self, files: &[String], options: &[&str], words: &[&str]) {
        refused(&self.output(files, options), words);
    }
}
