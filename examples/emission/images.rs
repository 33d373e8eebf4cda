//! FITS images of AIA as counts a second and their errors.

use crate::{
    arguments::Arguments,
    degradation::Table,
    source::{About, Axis},
};
use isopach::{
    compute::{Error as Failure, Result},
    emission::{AIA, Noise, Real, TemperatureResponse},
    fits::{Header, ImageFile, Limits},
};
use ndarray::{Array3, ArrayD, Axis as ArrayAxis};
use std::{error::Error, ops::Range};

/// Arcseconds of a detector pixel.
const DETECTOR_PIXEL: f64 = 0.6;

/// Images of some channels, by wavelength.
pub(crate) struct Images {
    channels: Vec<Channel>,
    columns: usize,
}

struct Channel {
    file: ImageFile,
    /// What the numbers of the file are divided by: the exposure, or 1 where they are counts a second.
    divisor: f64,
    noise: Noise,
}

/// Opens the files; channels by WAVELNTH, exposures by EXPTIME, binning by CDELT1.
pub(crate) fn open(arguments: &Arguments) -> std::result::Result<(About, Images), Box<dyn Error>> {
    let mut files: Vec<(ImageFile, String)> = vec![];
    // Compressed tiles are read when a file is opened.
    let limits = Limits { memory_bytes: arguments.memory << 20, ..Limits::default() };
    for path in &arguments.files {
        let name = path.display().to_string();
        let file = ImageFile::open_within(path, limits).map_err(|error| match error {
            Failure::OutOfMemory { .. } => format!("{name}: {error} (--memory)"),
            other => other.to_string(),
        })?;
        files.push((file, name));
    }
    let shape = files[0].0.shape();
    if let Some((file, name)) = files.iter().find(|(file, _)| file.shape() != shape) {
        return Err(format!("{name} has the shape {:?}, but the first file {shape:?}", file.shape()).into());
    }
    let axes = axes(files[0].0.header());
    let table = arguments.degradation_table.as_deref().map(Table::read).transpose()?;
    let all = TemperatureResponse::aia();
    let mut response = TemperatureResponse { log_t: all.log_t.clone(), channels: vec![] };
    let (mut channels, mut names, mut levels, mut left) = (vec![], vec![], vec![], arguments.degradation.clone());
    for (position, channel) in AIA.iter().enumerate() {
        let is = |(file, _): &(ImageFile, String)| file.header().number("WAVELNTH") == Some(channel.wavelength.into());
        let Some(found) = files.iter().position(is) else { continue };
        let (file, name) = files.swap_remove(found);
        if let Some((_, other)) = files.iter().find(|file| is(file)) {
            return Err(format!("{name} and {other} are both of {} Å", channel.wavelength).into());
        }
        let header = file.header();
        let exposure = header.number("EXPTIME").filter(|t| *t > 0.0).ok_or(format!("{name} has no EXPTIME"))?;
        let binned = (header.number("CDELT1").unwrap_or(DETECTOR_PIXEL) / DETECTOR_PIXEL).powi(2).max(1.0);
        let unit = ["PIXLUNIT", "BUNIT"].iter().find_map(|k| header.text(k)).unwrap_or("DN").replace(' ', "");
        let divisor = if unit.ends_with("/s") { 1.0 } else { exposure };
        let time = header.text("T_OBS").or(header.text("DATE-OBS")).unwrap_or("no time").to_owned();
        if let Some(table) = &table {
            left.push(table.left(channel.wavelength, &time).map_err(|e| format!("{name}: {e}"))?);
        }
        let level = match arguments.saturation_level[..] {
            [] => channel.saturation,
            [one] => one,
            ref many => *many.get(channels.len()).ok_or("--saturation-level needs one number, or one a channel")?,
        };
        levels.push(level / exposure);
        let noise = Noise::aia(channel, exposure, binned, arguments.systematic);
        names.push(format!("{} Å, {time}, {exposure:.4} s", channel.wavelength));
        response.channels.push(all.channels[position].clone());
        channels.push(Channel { file, divisor, noise });
    }
    if let Some((_, name)) = files.first() {
        return Err(format!("{name} is not of 94, 131, 171, 193, 211 or 335 Å (WAVELNTH)").into());
    }
    if arguments.saturation_level.len() > 1 && arguments.saturation_level.len() != channels.len() {
        return Err("--saturation-level needs one number, or one a channel".into());
    }
    let sensitivity = if left.is_empty() {
        "as at launch: the loss of sensitivity since then is not corrected (see --degradation)".into()
    } else {
        response = response.degraded(&left)?;
        let shares: Vec<String> = left.iter().map(|share| format!("{share:.3}")).collect();
        format!("of that at launch, by channel: {}", shares.join(", "))
    };
    let about = About { names, response, leading: shape.to_vec(), levels: Some(levels), sensitivity, axes };
    Ok((about, Images { channels, columns: shape[1] }))
}

/// Helioprojective x and y where the header has them, unturned; else pixels.
fn axes(header: &Header) -> [Axis; 2] {
    let turned = header.number("CROTA2").unwrap_or(0.0).abs() > 1.0;
    let axis = |n: usize| {
        let number = |name: &str| header.number(&format!("{name}{n}"));
        let (step, at, value) = (number("CDELT")?, number("CRPIX")?, number("CRVAL").unwrap_or(0.0));
        Some(Axis { first: value + (1.0 - at) * step, step, unit: "arcsec" })
    };
    match [axis(1), axis(2)] {
        [Some(x), Some(y)] if !turned => [x, y],
        _ => [Axis::PIXELS; 2],
    }
}

impl Images {
    pub(crate) fn read<T: Real>(&mut self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        let shape = (rows.len(), self.columns, self.channels.len());
        let [mut counts, mut sigma] = [(); 2].map(|()| Array3::from_elem(shape, T::default()));
        for (f, channel) in self.channels.iter_mut().enumerate() {
            let rates = channel.file.rows(rows.clone())?;
            let to = counts.index_axis_mut(ArrayAxis(2), f).into_iter().zip(sigma.index_axis_mut(ArrayAxis(2), f));
            for (value, (count, sigma)) in rates.iter().zip(to) {
                let rate = value / channel.divisor;
                *count = T::of(rate);
                *sigma = T::of(channel.noise.sigma(rate));
            }
        }
        Ok([counts.into_dyn(), sigma.into_dyn()])
    }

    /// Bytes that stay from one call to the next, and those of the tile that is being decoded: one channel is read after the other.
    pub(crate) fn bytes_kept(&self) -> u64 {
        let files = || self.channels.iter().map(|channel| &channel.file);
        files().map(ImageFile::bytes_kept).sum::<u64>() + files().map(ImageFile::working_bytes).max().unwrap_or(0)
    }
}
