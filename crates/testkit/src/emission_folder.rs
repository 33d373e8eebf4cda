//! The emission example as people run it, in a folder of its own.

use crate::{program::program, refused::refused};
use isopach::emission::{
    AIA, Inversion, MissingCounts, Noise, Outputs, Quantity, TemperatureResponse,
};
use ndarray::{Array3, ArrayD, IxDyn};
use serde_json::Value as Json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs the program `emission` with a folder for its results.
pub fn emission(arguments: &[&str], out: &Path) -> Output {
    Command::new(program("emission"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

/// A folder that goes when it is dropped.
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

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().into()
    }

    /// Runs the program, which must refuse the arguments in a line with these words.
    pub fn refused(&self, arguments: &[&str], words: &[&str]) {
        refused(&emission(arguments, &self.path("refused")), words);
    }
}

/// The inversion that the program does by default, with so many bins.
pub fn inversion(bins: usize) -> Inversion {
    let edges = (0..=bins)
        .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
        .collect();
    let mut inversion = Inversion::new(TemperatureResponse::aia(), edges);
    inversion.report = Quantity::Integrated;
    inversion.missing = MissingCounts::Drop;
    inversion.outputs = Outputs {
        averaging_kernel: true,
        ..Outputs::ERRORS
    };
    inversion
}

/// Counts and errors of the shape (rows, columns, 6).
pub fn counts(rows: usize, columns: usize) -> [ArrayD<f64>; 2] {
    let emission = Array3::from_shape_fn((rows, columns, 24), |(y, x, t)| {
        1e27 * (-0.5 * ((t as f64 - 6.0 - y as f64 - 0.5 * x as f64) / 4.0).powi(2)).exp() + 1e23
    });
    let counts = inversion(24).forward(emission.view().into_dyn()).unwrap();
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.0, 1.0, 0.05));
    let sigma = Noise::sigma_of_counts(&noises, counts.view()).unwrap();
    [counts, sigma]
}

/// Writes an array into a folder; returns its path.
pub fn write(folder: &Folder, name: &str, array: &ArrayD<f64>) -> String {
    let path = folder.path(name);
    isopach_npy::write(&path, array.shape(), array.as_slice().unwrap()).unwrap();
    path.to_str().unwrap().into()
}

impl Folder {
    /// Runs the program, which must succeed, into `out`; returns summary.json.
    pub fn run(&self, arguments: &[&str]) -> Json {
        let _ = fs::remove_dir_all(self.path("out"));
        let output = emission(arguments, &self.path("out"));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&fs::read(self.path("out/summary.json")).unwrap()).unwrap()
    }

    /// An array of the results.
    pub fn array(&self, name: &str) -> ArrayD<f64> {
        let array = isopach_npy::read(&self.path(&format!("out/{name}.npy"))).unwrap();
        ArrayD::from_shape_vec(IxDyn(&array.shape), array.values).unwrap()
    }
}
