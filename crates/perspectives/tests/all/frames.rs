//! Made frames, and runs over them.

use isopach_perspectives::{PerspectiveOptions, PerspectiveOutcome, Silent, run};
use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A smooth panorama with a seam that does not show.
pub(crate) fn panorama(columns: usize, rows: usize, seed: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            let longitude = std::f64::consts::TAU * column as f64 / columns as f64;
            let down = std::f64::consts::PI * row as f64 / rows as f64;
            for band in 0..3 {
                let wave = (longitude * (band + 1) as f64 + seed as f64).sin() * down.sin();
                pixels.push((128.0 + 100.0 * wave).round() as u8);
            }
        }
    }
    pixels
}

/// A JPEG of such a panorama.
pub(crate) fn jpeg(columns: usize, rows: usize, seed: usize) -> Vec<u8> {
    jpeg_with(columns, rows, seed, |encoder| encoder)
}

/// A JPEG, encoded with changed settings.
pub(crate) fn jpeg_with(
    columns: usize,
    rows: usize,
    seed: usize,
    change: impl for<'b> FnOnce(Encoder<'b>) -> Encoder<'b>,
) -> Vec<u8> {
    let pixels = panorama(columns, rows, seed);
    let encoder = Encoder::new(&pixels, columns, rows, PixelFormat::Rgb)
        .quality(95)
        .subsampling(Subsampling::S420);
    change(encoder).encode().unwrap()
}

/// A PNG of any kind of pixels.
pub(crate) fn png(
    [columns, rows]: [u32; 2],
    colour: png::ColorType,
    depth: png::BitDepth,
    samples: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A folder with frames, and outputs beside it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// Frames `0.jpg`, `1.jpg`, … of 128 × 64 pixels.
    pub(crate) fn with_frames(count: usize) -> Self {
        let place = Self::empty();
        for i in 0..count {
            place.add_frame(&format!("{i}.jpg"), &jpeg(128, 64, i));
        }
        place
    }

    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("frames")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn add_frame(&self, name: &str, bytes: &[u8]) {
        let path = self.path("frames").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn options(&self, out: &str, more: &[&str]) -> PerspectiveOptions {
        self.try_options(out, more).unwrap()
    }

    pub(crate) fn try_options(
        &self,
        out: &str,
        more: &[&str],
    ) -> Result<PerspectiveOptions, isopach_compute::Error> {
        let [frames, out] = ["frames", out].map(|name| self.path(name));
        let words = [frames.to_str().unwrap(), out.to_str().unwrap()];
        PerspectiveOptions::from_words(words.iter().chain(more).copied())
    }

    pub(crate) fn run(&self, out: &str, more: &[&str]) -> PerspectiveOutcome {
        run(&self.options(out, more), &Silent).unwrap()
    }

    pub(crate) fn refusal(&self, out: &str, more: &[&str]) -> isopach_compute::Error {
        match self.try_options(out, more) {
            Err(error) => error,
            Ok(options) => run(&options, &Silent).unwrap_err(),
        }
    }

    pub(crate) fn summary(&self, out: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(out).join("summary.json")).unwrap()).unwrap()
    }

    /// All files of an output with their bytes, but the summary, which has times.
    pub(crate) fn results(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect_files(&self.path(out), "", &mut files);
        assert!(files.remove("summary.json").is_some());
        files
    }
}

fn collect_files(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect_files(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// The pixels of a PNG of 8 bits.
pub(crate) fn png_pixels(path: &Path) -> Vec<u8> {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}
