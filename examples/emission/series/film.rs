//! Frames of a film: maps of all times with one scale of colours.

use crate::{BANDS, overview::Overview, palette::INFERNO, pictures};
use isopach::compute::{Error as Failure, UnfinishedFile};
use ndarray::Array2;
use std::{
    error::Error,
    fs::{self, File},
    io::{BufReader, BufWriter, Read as _, Seek as _, Write as _},
    path::Path,
};

/// The folder of frames.
pub(super) const FRAMES: &str = "frames";
/// Steps of log₁₀ of the emission measure in the histogram of colours, and its ends.
const STEP: f32 = 0.005;
const LOGS: [f32; 2] = [10.0, 40.0];

/// `3_0012.png`
pub(super) fn is_numbers(name: &str) -> bool {
    let parts = name.strip_suffix(".png").and_then(|name| name.split_once('_'));
    parts.is_some_and(|(a, b)| [a, b].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())))
}

pub(super) fn frame_name(band: usize, time: usize) -> String {
    format!("{FRAMES}/band_{band}_{time:04}.png")
}

pub(super) fn frame_names(times: usize) -> Vec<String> {
    (0..BANDS.len()).flat_map(|band| (0..times).map(move |time| frame_name(band, time))).collect()
}

/// Maps of all times in a file that goes when they are drawn, and what their colours must span.
pub(super) struct Film {
    file: BufWriter<File>,
    _part: UnfinishedFile,
    shape: [usize; 2],
    /// Pixels by log₁₀ of the emission measure, a band each.
    histograms: Vec<Vec<u64>>,
}

/// Frames that were drawn, and the ends of the scale of each band, log₁₀.
pub(super) struct Drawn {
    pub(super) frames: Vec<String>,
    pub(super) scales: Vec<[f32; 2]>,
}

impl Film {
    pub(super) fn begin(out: &Path) -> Result<Self, Failure> {
        let path = out.join("frames.raw");
        let (part, file) = UnfinishedFile::create(&path).map_err(|error| Failure::of_file(path, error))?;
        let steps = ((LOGS[1] - LOGS[0]) / STEP) as usize;
        let histograms = vec![vec![0; steps]; BANDS.len()];
        Ok(Self { file: BufWriter::new(file), _part: part, shape: [0; 2], histograms })
    }

    /// Keeps the bands of a time.
    pub(super) fn add(&mut self, found: &Overview) -> std::io::Result<()> {
        for (band, histogram) in found.bands.iter().zip(&mut self.histograms) {
            let logs = pictures::logarithms(&band.mean());
            self.shape = [logs.nrows(), logs.ncols()];
            for log in &logs {
                if log.is_finite() {
                    let last = histogram.len() - 1;
                    histogram[(((log - LOGS[0]) / STEP).max(0.0) as usize).min(last)] += 1;
                }
                self.file.write_all(&log.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Draws the frames.
    pub(super) fn finish(self, out: &Path, times: usize) -> Result<Drawn, Box<dyn Error>> {
        let Self { file, _part, shape, histograms } = self;
        let scales: Vec<[f32; 2]> =
            histograms.iter().map(|h| pictures::ends(quantile(h, 0.01), quantile(h, 0.995))).collect();
        let folder = out.join(FRAMES);
        fs::create_dir_all(&folder).map_err(|error| Failure::of_file(&folder, error))?;
        let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let mut bytes = vec![0; 4 * shape[0] * shape[1]];
        for time in 0..times {
            for (band, scale) in scales.iter().enumerate() {
                file.read_exact(&mut bytes)?;
                let numbers = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
                let logs = Array2::from_shape_vec(shape, numbers)?;
                pictures::save(out, &frame_name(band, time), pictures::shades(&logs, &INFERNO, *scale).view())?;
            }
        }
        Ok(Drawn { frames: frame_names(times), scales })
    }
}

/// Of logarithms; 0 where there is none.
fn quantile(histogram: &[u64], quantile: f64) -> f32 {
    let wanted = ((histogram.iter().sum::<u64>() as f64 * quantile).ceil() as u64).max(1);
    let mut seen = 0;
    let bin = histogram.iter().position(|n| {
        seen += n;
        seen >= wanted
    });
    bin.map_or(0.0, |bin| LOGS[0] + (bin as f32 + 0.5) * STEP)
}
