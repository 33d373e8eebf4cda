//! Temperature responses: cleaned, then interpolated to the bins.

use crate::{Compatibility, EmissionError, Instrument};
use isopach_compute::{Error, Result};

/// Temperature response: counts of each channel for a unit of emission measure, by temperature.
///
/// Read from a table of numbers:
///
/// ```
/// use isopach_emission::TemperatureResponse;
///
/// let csv = "log_t,94,171\n5.5,1e-28,2e-25\n6.0,4e-28,9e-25\n6.5,2e-27,1e-25\n";
/// let rows: Vec<Vec<f64>> = csv
///     .lines()
///     .skip(1)
///     .map(|line| line.split(',').map(str::parse).collect::<Result<_, _>>())
///     .collect::<Result<_, _>>()?;
/// let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<f64>>();
/// let response = TemperatureResponse { log_t: column(0), channels: vec![column(1), column(2)] };
/// let aged = response.with_degradation(&[0.9, 0.5])?;
/// assert_eq!(aged.channels[1][1], 4.5e-25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TemperatureResponse {
    /// log₁₀ of the temperature in K, ascending.
    pub log_t: Vec<f64>,
    /// One a channel, each at every temperature of the grid, DN cm⁵ s⁻¹ px⁻¹ (or any unit that the
    /// counts have as well).
    pub channels: Vec<Vec<f64>>,
}

impl TemperatureResponse {
    /// Most channels that an inversion takes: channels dropped are reported as the bits of a
    /// number.
    pub const MOST_CHANNELS: usize = 32;

    /// The response of the six coronal channels of SDO/AIA (94, 131, 171, 193, 211, 335 Å), CHIANTI
    /// with coronal abundances and the EVE correction, log T 4 to 9, as shipped with `demregpy`
    /// 1.0.0 (MIT licence), without time-dependent degradation.
    #[must_use]
    pub fn aia() -> Self {
        let none = Self {
            log_t: vec![],
            channels: vec![],
        };
        // The shipped file is tested.
        Instrument::aia().map_or(none, |aia| aia.response(&[0, 1, 2, 3, 4, 5]))
    }

    /// Joins several responses into one, channel after channel: on the temperatures of all of them
    /// from where the last begins to where the first ends, between its own temperatures each as it
    /// is interpolated anyway (its logarithm over log T; values that are not above zero become the
    /// smallest that is).
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a response that is none, or where they have no temperatures in
    /// common.
    pub fn join_responses(responses: &[Self]) -> Result<Self> {
        let Some((first, others)) = responses.split_first() else {
            return Err(EmissionError::NoResponse.into());
        };
        responses.iter().try_for_each(Self::check_response)?;
        if others.iter().all(|other| other.log_t == first.log_t) {
            let channels = responses
                .iter()
                .flat_map(|response| response.channels.clone())
                .collect();
            return Ok(Self {
                log_t: first.log_t.clone(),
                channels,
            });
        }
        let ends = responses
            .iter()
            .map(|response| [response.log_t[0], response.log_t[response.log_t.len() - 1]]);
        let [low, high] = ends.fold([f64::NEG_INFINITY, f64::INFINITY], |[a, b], [c, d]| {
            [a.max(c), b.min(d)]
        });
        if low >= high {
            return Err(EmissionError::NoCommonTemperatures {
                begin: low,
                end: high,
            }
            .into());
        }
        let all = responses
            .iter()
            .flat_map(|response| &response.log_t)
            .copied();
        let mut log_t: Vec<f64> = all.filter(|t| (low..=high).contains(t)).collect();
        log_t.sort_by(f64::total_cmp);
        log_t.dedup();
        let mut channels = Vec::new();
        for response in responses {
            for values in response.clean_channels(Compatibility::Off)? {
                let logs: Vec<f64> = values.into_iter().map(f64::log10).collect();
                channels.push(
                    log_t
                        .iter()
                        .map(|t| 10f64.powf(interpolate_linear(*t, &response.log_t, &logs)))
                        .collect(),
                );
            }
        }
        Ok(Self { log_t, channels })
    }

    /// The response of an instrument that has lost sensitivity: each channel is multiplied by its
    /// remaining fraction. Scaling the response, and not the counts, leaves the noise of the counts
    /// unchanged.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where shares and channels differ in number;
    /// [`Error::InvalidParameter`] for a share that is not finite and above zero.
    pub fn with_degradation(&self, left: &[f64]) -> Result<Self> {
        Error::check_length(
            "shares of sensitivity",
            left.len(),
            "channels",
            self.channels.len(),
        )?;
        let mut degraded = self.clone();
        for (channel, &left) in degraded.channels.iter_mut().zip(left) {
            Error::positive("the share of sensitivity that is left", left)?;
            channel.iter_mut().for_each(|k| *k *= left);
        }
        Ok(degraded)
    }

    pub(crate) fn check_response(&self) -> Result<()> {
        let channels = self.channels.len();
        let temperatures = self.log_t.len();
        if channels == 0 || channels > Self::MOST_CHANNELS {
            return Err(EmissionError::ChannelCount {
                channels,
                most: Self::MOST_CHANNELS,
            }
            .into());
        }
        if let Some(channel) = self.channels.iter().position(|c| c.len() != temperatures) {
            return Err(EmissionError::ValueCount {
                channel,
                values: self.channels[channel].len(),
                temperatures,
            }
            .into());
        }
        if temperatures < 2
            || !self.log_t.windows(2).all(|w| w[0] < w[1])
            || !self.log_t.iter().all(|x| x.is_finite())
        {
            return Err(EmissionError::Temperatures { temperatures }.into());
        }
        for (channel, values) in self.channels.iter().enumerate() {
            if !values.iter().all(|x| x.is_finite()) || !values.iter().any(|&x| x > 0.0) {
                return Err(EmissionError::ChannelValues { channel }.into());
            }
        }
        Ok(())
    }

    /// Values that are not above zero become the smallest that is, so that there is a logarithm.
    ///
    /// With [`Compatibility::Reference`] in the reference's way: rows in which a channel is
    /// positive are copied for all channels, which undoes the replacement in the channels before
    /// it.
    pub(crate) fn clean_channels(&self, compat: Compatibility) -> Result<Vec<Vec<f64>>> {
        let mut cleaned = match compat {
            Compatibility::Off | Compatibility::Strict => self.channels.clone(),
            Compatibility::Reference => vec![vec![0.0; self.log_t.len()]; self.channels.len()],
        };
        for (channel, values) in self.channels.iter().enumerate() {
            let least = values
                .iter()
                .copied()
                .filter(|&x| x > 0.0)
                .fold(f64::INFINITY, f64::min);
            for (row, &value) in values.iter().enumerate() {
                if value <= 0.0 {
                    cleaned[channel][row] = least;
                } else if compat == Compatibility::Reference {
                    for (other, all) in cleaned.iter_mut().zip(&self.channels) {
                        other[row] = all[row];
                    }
                }
            }
        }
        if cleaned.iter().flatten().any(|&x| x < 0.0) {
            return Err(EmissionError::NegativeResponse.into());
        }
        Ok(cleaned)
    }
}

/// Linear interpolation of `ys` over ascending `xs`, clamped at both ends; where an infinite value
/// makes that no number, from the other side, as `numpy.interp` does.
pub(crate) fn interpolate_linear(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let above = xs.partition_point(|&known| known <= x);
    let Some(j) = above.checked_sub(1) else {
        return ys[0];
    };
    if j + 1 == xs.len() || xs[j] == x {
        return ys[j];
    }
    let slope = (ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j]);
    let from_below = slope * (x - xs[j]) + ys[j];
    if !from_below.is_nan() {
        return from_below;
    }
    let from_above = slope * (x - xs[j + 1]) + ys[j + 1];
    if from_above.is_nan() && ys[j] == ys[j + 1] {
        ys[j]
    } else {
        from_above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_is_clamped_and_survives_infinities() {
        let xs = [1.0, 2.0, 3.0, 4.0];
        let ys = [10.0, 20.0, f64::NEG_INFINITY, f64::NEG_INFINITY];
        assert_eq!(interpolate_linear(0.0, &xs, &ys), 10.0);
        assert_eq!(interpolate_linear(1.25, &xs, &ys), 12.5);
        assert_eq!(interpolate_linear(2.0, &xs, &ys), 20.0);
        assert_eq!(interpolate_linear(2.5, &xs, &ys), f64::NEG_INFINITY);
        assert_eq!(interpolate_linear(3.5, &xs, &ys), f64::NEG_INFINITY);
        assert_eq!(interpolate_linear(9.0, &xs, &ys), f64::NEG_INFINITY);
    }

    #[test]
    fn a_channel_is_cleaned_without_touching_the_others() {
        let channels = vec![vec![3.0, 0.0, -1.0, 2.0], vec![5.0, 6.0, 7.0, 8.0]];
        let response = TemperatureResponse {
            log_t: vec![5.0, 6.0, 7.0, 8.0],
            channels,
        };
        assert_eq!(
            response.clean_channels(Compatibility::Off).unwrap(),
            [vec![3.0, 2.0, 2.0, 2.0], vec![5.0, 6.0, 7.0, 8.0]]
        );
        // The reference copies the rows back, and a negative response comes through.
        assert!(response.clean_channels(Compatibility::Reference).is_err());
    }

    #[test]
    fn responses_on_other_temperatures_are_joined() {
        let aia = TemperatureResponse::aia();
        assert_eq!(
            TemperatureResponse::join_responses(std::slice::from_ref(&aia)).unwrap(),
            aia
        );
        let other = TemperatureResponse {
            log_t: vec![5.5, 6.02, 8.0],
            channels: vec![vec![1e-26, 0.0, 1e-24]],
        };
        let both = TemperatureResponse::join_responses(&[aia.clone(), other.clone()]).unwrap();
        assert_eq!(
            (
                both.channels.len(),
                both.log_t[0],
                both.log_t[both.log_t.len() - 1]
            ),
            (7, 5.5, 8.0)
        );
        // At any temperature as each by itself.
        let at = |response: &TemperatureResponse, f: usize, t: f64| {
            let logs: Vec<f64> = response.clean_channels(Compatibility::Off).unwrap()[f]
                .iter()
                .map(|x| x.log10())
                .collect();
            interpolate_linear(t, &response.log_t, &logs)
        };
        for t in [5.5, 5.777, 6.01, 6.02, 6.03, 7.123, 8.0] {
            assert!((0..6).all(|f| (at(&both, f, t) - at(&aia, f, t)).abs() < 1e-12));
            assert!((at(&both, 6, t) - at(&other, 0, t)).abs() < 1e-12);
        }
        let apart = TemperatureResponse {
            log_t: vec![9.5, 10.0],
            channels: vec![vec![1.0, 1.0]],
        };
        let error = TemperatureResponse::join_responses(&[aia, apart])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("begins at log T 9.5") && error.contains("ends at 9"),
            "{error}"
        );
    }

    #[test]
    fn the_shipped_response_has_six_channels() {
        let aia = TemperatureResponse::aia();
        aia.check_response().unwrap();
        assert_eq!(
            (aia.log_t.len(), aia.log_t[0], aia.log_t[100]),
            (101, 4.0, 9.0)
        );
        // 171 Å peaks at log T = 5.9.
        let peak = (0..101)
            .max_by(|&a, &b| aia.channels[2][a].total_cmp(&aia.channels[2][b]))
            .unwrap();
        assert!((aia.log_t[peak] - 5.9).abs() < 0.06);
    }
}
