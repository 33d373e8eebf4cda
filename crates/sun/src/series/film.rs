//! Frames of a film: maps of all times with one scale of colours.

use super::groups::Group;
use crate::{BANDS, overview::Overview, palette::INFERNO, pictures};
use isopach::compute::{Error as Failure, Result, write_whole};
use ndarray::Array2;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The folder of frames.
pub(super) const FRAMES: &str = "frames";
/// The file that the frames of a time are drawn from, in its folder: log₁₀ cm⁻⁵ of the bands, shape
/// (bands, rows, columns), NaN without emission.
pub(crate) const MAPS: &str = "band_maps.npy";
/// Steps of log₁₀ of the emission measure in the histogram of colours, and its ends.
const STEP: f32 = 0.005;
const LOGS: [f32; 2] = [10.0, 40.0];

/// `3_0012.png`
pub(super) fn is_numbers(name: &str) -> bool {
    let parts = name
        .strip_suffix(".png")
        .and_then(|name| name.split_once('_'));
    parts.is_some_and(|(a, b)| {
        [a, b]
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

pub(super) fn frame_name(band: usize, time: usize) -> String {
    format!("{FRAMES}/band_{band}_{time:04}.png")
}

pub(super) fn frame_names(times: usize) -> Vec<String> {
    (0..BANDS.len())
        .flat_map(|band| (0..times).map(move |time| frame_name(band, time)))
        .collect()
}

/// Writes the maps that the frames of a time are drawn from.
pub(crate) fn write_maps(out: &Path, found: &Overview) -> Result<()> {
    let mut bytes = Vec::new();
    let mut shape = [0; 2];
    for band in &found.bands {
        let logs = pictures::finite_logarithms(&band.mean());
        shape = [logs.nrows(), logs.ncols()];
        bytes.extend(logs.iter().flat_map(|log| log.to_le_bytes()));
    }
    let header = isopach_npy::encode_header("<f4", &[BANDS.len(), shape[0], shape[1]]);
    let path = out.join(MAPS);
    write_whole(&path, &[&header, &bytes]).map_err(|error| Failure::of_file(path, error))
}

/// The maps of a time, read a band at a time.
struct Maps {
    path: PathBuf,
    file: File,
    header: isopach_npy::NpyHeader,
}

impl Maps {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(MAPS);
        let open = || {
            let mut file = File::open(&path)?;
            let header = isopach_npy::read_header(&mut file)?;
            header.byte_count(file.metadata()?.len())?;
            match header.shape[..] {
                [bands, _, _] if bands == BANDS.len() => Ok((file, header)),
                _ => Err(std::io::Error::other(format!(
                    "an array of the shape {:?} is not that of maps of bands",
                    header.shape
                ))),
            }
        };
        let (file, header) =
            open().map_err(|error: std::io::Error| Failure::of_file(&path, error))?;
        Ok(Self { path, file, header })
    }

    fn read_band(&mut self, band: usize) -> Result<Array2<f32>> {
        let values = isopach_npy::read_rows(&mut self.file, &self.header, band..band + 1);
        let values = values.map_err(|error| Failure::of_file(&self.path, error))?;
        let shape = (self.header.shape[1], self.header.shape[2]);
        Array2::from_shape_vec(shape, values.into_iter().map(|x| x as f32).collect())
            .map_err(Failure::source)
    }
}

/// Draws the frames of all times; the ends of the scale of each band, log₁₀.
pub(super) fn draw_film(
    out: &Path,
    groups: &[Group],
) -> std::result::Result<Vec<[f32; 2]>, Box<dyn std::error::Error>> {
    let folder = out.join(FRAMES);
    fs::create_dir_all(&folder).map_err(|error| Failure::of_file(&folder, error))?;
    let steps = ((LOGS[1] - LOGS[0]) / STEP) as usize;
    let mut histograms = vec![vec![0; steps]; BANDS.len()];
    for group in groups {
        let mut maps = Maps::open(&group.options.out)?;
        for (band, histogram) in histograms.iter_mut().enumerate() {
            for log in maps.read_band(band)?.iter().filter(|log| log.is_finite()) {
                histogram[(((log - LOGS[0]) / STEP).max(0.0) as usize).min(steps - 1)] += 1;
            }
        }
    }
    let scales: Vec<[f32; 2]> = histograms
        .iter()
        .map(|h| pictures::scale_ends(quantile(h, 0.01), quantile(h, 0.995)))
        .collect();
    for (time, group) in groups.iter().enumerate() {
        let mut maps = Maps::open(&group.options.out)?;
        for (band, scale) in scales.iter().enumerate() {
            let shades = pictures::draw_shades(&maps.read_band(band)?, &INFERNO, *scale);
            pictures::save_png(out, &frame_name(band, time), shades.view())?;
        }
    }
    Ok(scales)
}

/// A quantile of logarithms; 0 if the histogram is empty.
fn quantile(histogram: &[u64], quantile: f64) -> f32 {
    let wanted = ((histogram.iter().sum::<u64>() as f64 * quantile).ceil() as u64).max(1);
    let mut seen = 0;
    let bin = histogram.iter().position(|n| {
        seen += n;
        seen >= wanted
    });
    bin.map_or(0.0, |bin| LOGS[0] + (bin as f32 + 0.5) * STEP)
}
