//! FITS images of AIA as counts a second and their errors.

mod channels;
mod keywords;
mod resampled;
mod together;

use crate::{
    arguments::Arguments,
    degradation::{self, Table},
    source::{About, Axis},
};
use channels::Opened;
use isopach::{
    compute::Result,
    emission::{Noise, Real, TemperatureResponse},
    fits::ImageFile,
    raster::shift_between,
    solar::{Time, Wcs},
};
use ndarray::{Array2, Array3, ArrayD, Axis as ArrayAxis};
use resampled::Resampled;
use std::{error::Error, ops::Range};

/// Arcseconds of a detector pixel.
const DETECTOR_PIXEL: f64 = 0.6;
/// Until then the sensitivity was as at launch, within a few percent.
const AS_AT_LAUNCH: &str = "2010-12-01";
/// Pixels a side of the middle of the image in which alignment is checked, and how far a channel may turn out to be shifted.
const CHECKED: usize = 256;
const SHIFTED: f64 = 1.0;
/// A correlation from which on a shift is believed.
const ALIKE: f64 = 0.5;
/// A share of the first file that others should cover.
const COVERED: f64 = 0.95;
/// How far shifts are looked for, pixels.
const REACH: usize = 6;

/// Images of some channels, by wavelength.
pub(crate) struct Images {
    channels: Vec<Channel>,
    shape: [usize; 2],
}

struct Channel {
    file: ImageFile,
    /// Where the file's pixels lie elsewhere.
    resampled: Option<Resampled>,
    divisor: f64,
    noise: Noise,
}

/// Opens the files; channels, exposures, units, places and times by their headers.
pub(crate) fn open(arguments: &Arguments) -> std::result::Result<(About, Images), Box<dyn Error>> {
    let mut warnings = Vec::new();
    let mut files = channels::open(arguments, &mut warnings)?;
    let shape = files[0].file.shape();
    if let Some(other) = files.iter().find(|other| other.file.shape() != shape).filter(|_| !arguments.align) {
        let [first, found] = [shape, other.file.shape()].map(|[rows, columns]| format!("{columns} × {rows}"));
        return Err(
            format!("{} has {found} pixels, but {} {first}: --align resamples it", other.name, files[0].name).into()
        );
    }
    together::check(arguments, &files, shape, &mut warnings)?;
    let wcs = files[0].seen.wcs.clone().ok();
    let mut places = Vec::new();
    for file in &files {
        places.push(if arguments.align { together::places(&files[0], file, shape)? } else { None });
    }
    let order = ascending(&files);
    let positions: Vec<usize> = files.iter().map(|file| file.position).collect();
    let mut about = about(arguments, order.iter().map(|&i| &files[i]), &mut warnings)?;
    about.leading = shape.to_vec();
    about.keywords = keywords::of(&files);
    about.axes = wcs.as_ref().map_or([Axis::PIXELS; 2], axes);
    let mut channels: Vec<(usize, Channel)> = Vec::new();
    for (file, places) in files.drain(..).zip(places) {
        let number = positions.iter().filter(|position| **position < file.position).count();
        let level = about.levels.as_ref().map_or(f64::INFINITY, |levels| levels[number]);
        let resampled = places.map(|places| Resampled::new(places, shape[1], level * file.divisor));
        let mut binned = file.binned;
        if let Some(resampled) = &resampled {
            let share = resampled.share(&file.file, shape[0]);
            if share == 0.0 {
                return Err(format!("{}: it has no pixel in common with the first file", file.name).into());
            }
            if share < COVERED {
                warnings.push(format!("{}: it covers {:.0} % of the first file", file.name, 100.0 * share));
            }
            if let (true, Some(to)) = (resampled.is_coarser(), &wcs) {
                binned = (to.pixel_size() / DETECTOR_PIXEL).powi(2).max(1.0);
            }
        }
        let noise = Noise::aia(file.channel(), file.exposure, binned, arguments.systematic);
        channels.push((file.position, Channel { file: file.file, resampled, divisor: file.divisor, noise }));
    }
    let first_file = channels.iter().filter(|(position, _)| *position < channels[0].0).count();
    channels.sort_by_key(|(position, _)| *position);
    let mut images = Images { channels: channels.into_iter().map(|(_, channel)| channel).collect(), shape };
    if arguments.align {
        warnings.extend(images.shifts(first_file, &about.names)?);
    }
    about.warnings = warnings;
    Ok((about, images))
}

/// Numbers of the files by wavelength.
fn ascending(files: &[Opened]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&i| files[i].position);
    order
}

/// Names, response and saturation levels of files in ascending order of their wavelength.
fn about<'a>(
    arguments: &Arguments,
    files: impl ExactSizeIterator<Item = &'a Opened>,
    warnings: &mut Vec<String>,
) -> std::result::Result<About, Box<dyn Error>> {
    let all = TemperatureResponse::aia();
    let mut response = TemperatureResponse { log_t: all.log_t.clone(), channels: vec![] };
    let table = arguments.degradation_table.as_deref().map(Table::read).transpose()?;
    let count = files.len();
    if arguments.saturation_level.len() > 1 && arguments.saturation_level.len() != count {
        return Err("--saturation-level needs one number, or one a channel, in the order of their wavelengths".into());
    }
    let (mut names, mut levels, mut wavelengths, mut left) = (vec![], vec![], vec![], vec![]);
    let mut latest: Option<Time> = None;
    for (i, file) in files.enumerate() {
        let (channel, seen) = (file.channel(), &file.seen);
        let time = seen.time_text.as_deref().unwrap_or("no time");
        if let Some(table) = &table {
            left.push(table.left(channel.wavelength, time).map_err(|error| format!("{}: {error}", file.name))?);
        }
        let level = match arguments.saturation_level[..] {
            [] => channel.saturation,
            [one] => one,
            ref many => many[i],
        };
        levels.push(level / file.exposure);
        names.push(format!("{} Å, {time}, {:.4} s", channel.wavelength, file.exposure));
        wavelengths.push(channel.wavelength);
        response.channels.push(all.channels[file.position].clone());
        if seen.time > latest {
            latest = seen.time;
        }
    }
    if table.is_none() {
        left = degradation::by_wavelength(&arguments.degradation, &wavelengths)?;
    }
    let sensitivity = if left.is_empty() {
        if let Some(time) = latest.filter(|time| Some(*time) > Time::parse(AS_AT_LAUNCH)) {
            warnings.push(format!(
                "the images are of {time}, but no share of the sensitivity was given that AIA has lost since 2010: emission measures may be far \
                 off (--degradation-table; docs/algorithms/solar-images.md has ten lines that make one)"
            ));
        }
        "as at launch: the loss of sensitivity since then is not corrected (see --degradation)".into()
    } else {
        response = response.degraded(&left)?;
        let shares: Vec<String> = left.iter().map(|share| format!("{share:.3}")).collect();
        format!("of that at launch, by channel: {}", shares.join(", "))
    };
    let axes = [Axis::PIXELS; 2];
    Ok(About {
        names,
        response,
        leading: vec![],
        levels: Some(levels),
        sensitivity,
        axes,
        keywords: vec![],
        warnings: vec![],
    })
}

/// Arcseconds where the image is not turned; else pixels.
fn axes(wcs: &Wcs) -> [Axis; 2] {
    if wcs.roll().abs() > 1.0 {
        return [Axis::PIXELS; 2];
    }
    let axis = |n: usize| {
        let (step, at, value) = (wcs.matrix[n][n], wcs.reference_pixel[n], wcs.reference_value[n]);
        Axis { first: value - at * step, step, unit: "arcsec" }
    };
    [axis(0), axis(1)]
}

impl Channel {
    fn read(&mut self, rows: Range<usize>) -> Result<Array2<f64>> {
        match &self.resampled {
            Some(resampled) => resampled.read(&mut self.file, rows),
            None => self.file.rows(rows),
        }
    }
}

impl Images {
    pub(crate) fn read<T: Real>(&mut self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        let shape = (rows.len(), self.shape[1], self.channels.len());
        let [mut counts, mut sigma] = [(); 2].map(|()| Array3::from_elem(shape, T::default()));
        for (f, channel) in self.channels.iter_mut().enumerate() {
            let values = channel.read(rows.clone())?;
            let to = counts.index_axis_mut(ArrayAxis(2), f).into_iter().zip(sigma.index_axis_mut(ArrayAxis(2), f));
            for (value, (count, sigma)) in values.iter().zip(to) {
                let rate = value / channel.divisor;
                *count = T::of(rate);
                *sigma = T::of(channel.noise.sigma(rate));
            }
        }
        Ok([counts.into_dyn(), sigma.into_dyn()])
    }

    /// Bytes that stay from one call to the next, and those of the tile that is being decoded: one channel is read after the other.
    pub(crate) fn bytes_kept(&self) -> u64 {
        let kept = self.channels.iter().map(|channel| channel.file.bytes_kept()).sum::<u64>();
        let working = |channel: &Channel| {
            let rows = channel.resampled.as_ref().map_or(0.0, |r| r.rows_per_row(&channel.file, self.shape[0])[1]);
            channel.file.working_bytes() + (8.0 * rows * channel.file.shape()[1] as f64) as u64
        };
        kept + self.channels.iter().map(working).max().unwrap_or(0)
    }

    /// Bytes a row of the result beside counts and errors: rows of the file that is being resampled.
    pub(crate) fn bytes_per_row(&self) -> u64 {
        let of = |channel: &Channel| {
            let rows = channel.resampled.as_ref().map_or(0.0, |r| r.rows_per_row(&channel.file, self.shape[0])[0]);
            (8.0 * rows * channel.file.shape()[1] as f64) as u64
        };
        self.channels.iter().map(of).max().unwrap_or(0)
    }

    /// What correlation says against where the headers put the channels, in the middle of the image.
    fn shifts(&mut self, first: usize, names: &[String]) -> Result<Vec<String>> {
        let middle = |count: usize| {
            let side = count.min(CHECKED);
            (count - side) / 2..(count - side) / 2 + side
        };
        let [rows, columns] = self.shape.map(middle);
        let mut seen: Vec<Array2<f64>> = Vec::new();
        for channel in &mut self.channels {
            let values = channel.read(rows.clone())?;
            let part = values.slice(ndarray::s![.., columns.clone()]);
            // Bright loops would outweigh all else.
            seen.push(part.mapv(|value| if value.is_nan() { value } else { value.max(0.0).sqrt() }));
        }
        let (mut warnings, mut unlike) = (Vec::new(), 0);
        for (f, other) in seen.iter().enumerate().filter(|(f, _)| *f != first) {
            let shift = shift_between(seen[first].view(), other.view(), REACH);
            let Some(shift) = shift.filter(|shift| shift.correlation > ALIKE) else {
                unlike += 1;
                continue;
            };
            let [down, along] = shift.pixels;
            let name = &names[f];
            if shift.at_border {
                warnings.push(format!(
                    "{name}: by correlation it lies {REACH} pixels or more from the first file, where the headers see it in place"
                ));
            } else if down.hypot(along) > SHIFTED {
                warnings.push(format!(
                    "{name}: by correlation it lies {along:.1} pixels in x and {down:.1} in y from the first file, where the headers see it in place"
                ));
            }
        }
        if unlike > 0 {
            warnings.push(format!(
                "the place of {unlike} of {} channels could not be checked by correlation: too little in them is like the first file",
                seen.len()
            ));
        }
        Ok(warnings)
    }
}
