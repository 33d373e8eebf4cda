//! Noise of counts.

use crate::forward::split_shape;
use isopach_compute::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Axis};

/// A channel of SDO/AIA (Boerner et al. 2012, Solar Physics 275, 41, tables 2 and 6).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AiaChannel {
    /// Å.
    pub wavelength: u16,
    /// Electrons a DN.
    pub gain: f64,
    /// Read noise, DN a pixel and exposure.
    pub read_noise: f64,
    /// DN a pixel and exposure from which on a level 1 image is saturated. Its converter ends at
    /// 16,383 (14 bits), but wells are full before, and flat field and despiking move counts: from
    /// 15,000 on they are counted in the header's NSATPIX. An image that was averaged or
    /// interpolated (level 1.5, synoptic) smears saturated pixels below that: choose a lower level.
    pub saturation: f64,
}

impl AiaChannel {
    /// DN that one photon makes: `gain × λ / 3397` photons a DN, inverted (3.65 eV an electron).
    #[must_use]
    pub fn dn_per_photon(&self) -> f64 {
        3397.0 / (self.gain * f64::from(self.wavelength))
    }
}

const fn aia_channel(wavelength: u16, gain: f64, read_noise: f64) -> AiaChannel {
    AiaChannel {
        wavelength,
        gain,
        read_noise,
        saturation: 15_000.0,
    }
}

/// The coronal channels, in the order of [`crate::TemperatureResponse::aia`].
pub const AIA: [AiaChannel; 6] = [
    aia_channel(94, 18.3, 1.14),
    aia_channel(131, 17.6, 1.18),
    aia_channel(171, 17.7, 1.15),
    aia_channel(193, 18.3, 1.20),
    aia_channel(211, 18.3, 1.20),
    aia_channel(335, 17.6, 1.18),
];

/// Shot, read and systematic noise of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Noise {
    /// DN that one photon makes.
    pub dn_per_photon: f64,
    /// DN a pixel and exposure.
    pub read_noise: f64,
    /// Seconds.
    pub exposure: f64,
    /// Detector pixels summed or averaged into one of the image.
    pub pixels: f64,
    /// Systematic part of the error, of the counts: 0.1 is 10 %.
    pub systematic: f64,
}

impl Noise {
    /// The noise of a channel of AIA.
    #[must_use]
    pub fn aia(channel: &AiaChannel, exposure: f64, pixels: f64, systematic: f64) -> Self {
        Self {
            dn_per_photon: channel.dn_per_photon(),
            read_noise: channel.read_noise,
            exposure,
            pixels,
            systematic,
        }
    }

    /// Of the mean of so many pixels whose noise is independent: random errors shrink with their
    /// root, the systematic one is that of all of them and stays.
    #[must_use]
    pub fn of_mean(self, pixels: f64) -> Self {
        Self {
            pixels: self.pixels * pixels,
            ..self
        }
    }

    /// Standard deviation of `counts` DN s⁻¹ px⁻¹ (mean over [`Self::pixels`]): `σ² = (read² +
    /// counts × exposure × DN per photon) / exposure² / pixels + (systematic × counts)²`. Counts
    /// below zero have no shot noise.
    ///
    /// ```
    /// use isopach_emission::{AIA, Noise};
    ///
    /// let noise = Noise::aia(&AIA[2], 2.9, 1.0, 0.0); // 171 Å, 2.9 s
    /// let sigma = noise.sigma(500.0);
    /// assert!((13.0..15.0).contains(&sigma), "{sigma}");
    /// assert!((noise.of_mean(16.0).sigma(500.0) - sigma / 4.0).abs() < 1e-12);
    /// # Ok::<(), isopach_emission::Error>(())
    /// ```
    #[must_use]
    pub fn sigma(&self, counts: f64) -> f64 {
        let shot = counts.max(0.0) * self.exposure * self.dn_per_photon;
        let random = (self.read_noise * self.read_noise + shot)
            / (self.exposure * self.exposure)
            / self.pixels;
        (random + (self.systematic * counts).powi(2)).sqrt()
    }

    /// [`Self::sigma`] of every count, one noise a channel, shape (.., channels) as the counts.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where noises and channels differ in number;
    /// [`Error::InvalidParameter`] for an exposure or a number of pixels that is not above zero, or
    /// a negative noise.
    pub fn sigma_of_counts(channels: &[Self], counts: ArrayViewD<'_, f64>) -> Result<ArrayD<f64>> {
        split_shape(
            counts.shape(),
            channels.len(),
            "channels, one for each noise",
        )?;
        for noise in channels {
            Error::positive("the exposure", noise.exposure)?;
            Error::positive("the number of pixels", noise.pixels)?;
            Error::not_negative("the DN per photon", noise.dn_per_photon)?;
            Error::not_negative("the read noise", noise.read_noise)?;
            Error::not_negative("the systematic error", noise.systematic)?;
        }
        let mut sigma = counts.to_owned();
        let axis = Axis(counts.ndim() - 1);
        for mut row in sigma.lanes_mut(axis) {
            row.iter_mut()
                .zip(channels)
                .for_each(|(count, noise)| *count = noise.sigma(*count));
        }
        Ok(sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr1;

    #[test]
    fn noise_is_that_of_the_formula() {
        // 171 Å, 2 s, 100 DN/s: 200 DN are 200 × 17.7 × 171 / 3397 = 178.2 photons.
        let noise = Noise::aia(&AIA[2], 2.0, 1.0, 0.0);
        let photons: f64 = 200.0 * 17.7 * 171.0 / 3397.0;
        let shot = photons.sqrt() * 200.0 / photons;
        assert!((noise.sigma(100.0) - (shot * shot + 1.15 * 1.15).sqrt() / 2.0).abs() < 1e-12);
        // Sixteen pixels: a quarter. Ten per cent: nothing below it.
        assert!(
            (Noise {
                pixels: 16.0,
                ..noise
            }
            .sigma(100.0)
                - noise.sigma(100.0) / 4.0)
                .abs()
                < 1e-12
        );
        assert!(
            Noise {
                systematic: 0.1,
                ..noise
            }
            .sigma(100.0)
                > 10.0
        );
        assert_eq!(noise.sigma(-5.0), noise.sigma(0.0));
        assert!(Noise::sigma_of_counts(&[noise], arr1(&[1.0, 2.0]).view().into_dyn()).is_err());
        assert!(
            Noise::sigma_of_counts(
                &[Noise {
                    exposure: 0.0,
                    ..noise
                }],
                arr1(&[1.0]).view().into_dyn()
            )
            .is_err()
        );
    }
}
