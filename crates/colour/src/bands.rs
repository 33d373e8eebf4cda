//! The bands that colours are taken from.

use crate::ColourError;
use isopach_compute::Result;
use isopach_raster::{BandRole, ImageDescription};

/// Numbers of the bands of an image, from 0. Those of a grey image are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourBands {
    /// Red, green and blue.
    pub rgb: [usize; 3],
    /// Near infrared.
    pub infrared: Option<usize>,
}

impl ColourBands {
    /// The bands of an image, by the quantities that it states.
    ///
    /// # Errors
    /// [`ColourError::UnknownBands`] for an image without red, green and blue, and without grey.
    pub fn of(about: &ImageDescription) -> Result<Self> {
        let band_of = |role| about.bands.iter().position(|other| *other == role);
        let colours = [BandRole::Red, BandRole::Green, BandRole::Blue].map(band_of);
        let rgb = match (colours, band_of(BandRole::Grey)) {
            ([Some(red), Some(green), Some(blue)], _) => [red, green, blue],
            (_, Some(grey)) => [grey; 3],
            _ => {
                return Err(ColourError::UnknownBands {
                    image: about.name.clone(),
                    bands: about.bands.len(),
                }
                .into());
            }
        };
        Ok(Self {
            rgb,
            infrared: band_of(BandRole::NearInfrared),
        })
    }

    /// The bands that are looked up, in the order of [`crate::PlaceValues::samples`]: each once for
    /// grey images.
    pub(crate) fn looked_up(self) -> Vec<usize> {
        let [red, green, blue] = self.rgb;
        let mut bands = if red == green {
            vec![red]
        } else {
            vec![red, green, blue]
        };
        bands.extend(self.infrared);
        bands
    }

    /// Red, green, blue and near infrared of the values of [`Self::looked_up`] bands; NaN for a
    /// missing band.
    pub(crate) fn values_of(self, found: &[f64]) -> [f64; 4] {
        match *found {
            [grey] => [grey, grey, grey, f64::NAN],
            [grey, infrared] => [grey, grey, grey, infrared],
            [red, green, blue] => [red, green, blue, f64::NAN],
            [red, green, blue, infrared] => [red, green, blue, infrared],
            _ => [f64::NAN; 4],
        }
    }
}
