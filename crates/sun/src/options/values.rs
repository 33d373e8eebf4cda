//! Values of options.

use clap::ValueEnum;

/// A share of the sensitivity or of the counts, for all channels or for a named one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Share {
    pub(crate) name: Option<String>,
    pub(crate) value: f64,
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, _)) if name.trim().is_empty() => {
                return Err(format!("{text} names no channel before ="));
            }
            Some((name, value)) => (Some(name.trim().to_owned()), value),
            None => (None, text),
        };
        let value: f64 = value
            .trim()
            .parse()
            .map_err(|_| format!("{value} is not a number"))?;
        Ok(Self { name, value })
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}={}", self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

/// The pixels that a summed pixel consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Summed {
    /// All pixels of the detector in it.
    All,
    /// This number of pixels.
    Of(u32),
}

impl std::str::FromStr for Summed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || {
            text.parse()
                .ok()
                .filter(|pixels| (1..=1_000_000).contains(pixels))
        };
        match text {
            "all" => Ok(Self::All),
            _ => number()
                .map(Self::Of)
                .ok_or_else(|| format!("{text} is not a number of pixels from 1 to 1000000")),
        }
    }
}

/// Method of inversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    Regularised,
    Positive,
    NonNegative,
}

/// The quantity to solve for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SolveFor {
    Differential,
    Integrated,
}

/// Compression of cubes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compress {
    None,
    Gzip,
    Rice,
}

/// The unit of the numbers of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unit {
    /// DN of the whole exposure.
    #[value(name = "DN")]
    Total,
    /// DN a second.
    #[value(name = "DN/s")]
    PerSecond,
}

/// A group of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Emission measure of each bin, cm⁻⁵.
    Emission,
    /// Its vertical error.
    Uncertainty,
    /// Its horizontal error, dex.
    Resolution,
    /// Averaging kernel: bins × bins numbers a pixel.
    Kernel,
    /// Counts of the solution.
    Synthetic,
    /// Emission measure in bands of temperature.
    Bands,
    /// Emission-weighted mean temperature.
    Temperature,
    /// χ² a channel.
    Chi2,
    /// Regularisation parameter.
    Lambda,
    /// Number of iterations.
    Iterations,
    /// Status, and which channels were left out and saturated.
    Status,
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            self.to_possible_value()
                .as_ref()
                .map_or("", |value| value.get_name()),
        )
    }
}
