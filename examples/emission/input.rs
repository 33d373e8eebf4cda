//! Images into counts a second and their errors.

use crate::Arguments;
use isopach::{
    emission::{AIA, Noise, TemperatureResponse},
    fits::Image,
};
use ndarray::{Array2, Array3, Axis, stack};
use std::error::Error;

/// Arcseconds of a detector pixel.
const DETECTOR_PIXEL: f64 = 0.6;

/// What is inverted. Shapes (rows, columns, channels).
pub(crate) struct Input {
    pub(crate) names: Vec<String>,
    pub(crate) response: TemperatureResponse,
    pub(crate) counts: Array3<f32>,
    pub(crate) sigma: Array3<f32>,
    /// Emission measure in bands, cm⁻⁵, where it is known.
    pub(crate) truth: Option<Array3<f64>>,
}

impl Input {
    pub(crate) fn rows(&self) -> usize {
        self.counts.dim().0
    }

    pub(crate) fn columns(&self) -> usize {
        self.counts.dim().1
    }
}

/// Reads the files; channels by WAVELNTH, exposures by EXPTIME, binning by CDELT1.
pub(crate) fn read(arguments: &Arguments) -> Result<Input, Box<dyn Error>> {
    let all = TemperatureResponse::aia();
    let mut response = TemperatureResponse { log_t: all.log_t.clone(), channels: vec![] };
    let (mut names, mut counts, mut sigma) = (vec![], vec![], vec![]);
    let images: Vec<Image> = arguments.files.iter().map(Image::open).collect::<Result<_, _>>()?;
    for (position, channel) in AIA.iter().enumerate() {
        let of_channel = |image: &&Image| image.number("WAVELNTH") == Some(f64::from(channel.wavelength));
        let mut matching = images.iter().filter(of_channel);
        let Some(image) = matching.next() else { continue };
        if matching.next().is_some() {
            return Err(format!("two files are of {} Å", channel.wavelength).into());
        }
        let exposure = image.number("EXPTIME").filter(|t| *t > 0.0).ok_or("a file has no EXPTIME")?;
        let binned = (image.number("CDELT1").unwrap_or(DETECTOR_PIXEL) / DETECTOR_PIXEL).powi(2).max(1.0);
        let noise = Noise::aia(channel, exposure, binned, arguments.systematic);
        let rate: Array2<f64> = &image.values / exposure;
        sigma.push(rate.mapv(|c| noise.sigma(c) as f32));
        counts.push(rate.mapv(|c| c as f32));
        response.channels.push(all.channels[position].clone());
        names.push(format!(
            "{} Å, {}",
            channel.wavelength,
            image.text("T_OBS").or(image.text("DATE-OBS")).unwrap_or("no time")
        ));
    }
    if counts.len() != images.len() || counts.is_empty() {
        return Err("every file must be of 94, 131, 171, 193, 211 or 335 Å (WAVELNTH)".into());
    }
    let layers = |images: &[Array2<f32>]| {
        let views: Vec<_> = images.iter().map(|image| image.view()).collect();
        stack(Axis(2), &views).map_err(|_| "the images differ in shape")
    };
    Ok(Input { names, response, counts: layers(&counts)?, sigma: layers(&sigma)?, truth: None })
}
