//! Which channel a file is of, in which unit, how long exposed: from its header or from the command line.

use super::DETECTOR_PIXEL;
use crate::arguments::{Arguments, Unit};
use isopach::{
    compute::Error as Failure,
    emission::{AIA, AiaChannel},
    fits::{ImageFile, Limits},
    solar::{CountUnit, SolarHeader},
};
use std::error::Error;

/// A file, and what is known of it.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) file: ImageFile,
    pub(super) seen: SolarHeader,
    /// Place in [`AIA`].
    pub(super) position: usize,
    pub(super) exposure: f64,
    /// Detector pixels a pixel.
    pub(super) binned: f64,
    /// What the numbers of the file are divided by.
    pub(super) divisor: f64,
}

impl Opened {
    pub(super) fn channel(&self) -> &'static AiaChannel {
        &AIA[self.position]
    }
}

/// Opens the files in the order in which they were given; says what was taken for granted.
pub(super) fn open(arguments: &Arguments, warnings: &mut Vec<String>) -> Result<Vec<Opened>, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut remarks: Vec<(String, String)> = Vec::new();
    for (i, path) in arguments.files.iter().enumerate() {
        let name = path.display().to_string();
        // Compressed tiles are read when a file is opened.
        let limits = Limits { memory_bytes: arguments.memory << 20, ..Limits::default() };
        let file = ImageFile::open_within(path, limits).map_err(|error| match error {
            Failure::OutOfMemory { .. } => format!("{name}: {error} (--memory)"),
            other => other.to_string(),
        })?;
        let of_file = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let seen = SolarHeader::of(file.header());
        let position = position(arguments, i, &seen).map_err(|error| of_file(&error))?;
        let mut said = seen.remarks.clone();
        if seen.is_aia().is_none() {
            said.push("it does not say of which instrument it is (TELESCOP, INSTRUME): taken for AIA".into());
        }
        let stated = || match &seen.exposure {
            Ok(Some(seconds)) => Ok(*seconds),
            Ok(None) => Err(of_file(&"it has no EXPTIME or XPOSURE: give --exposure, seconds")),
            Err(reason) => Err(of_file(&format!("{reason}: give --exposure, seconds"))),
        };
        let exposure = one_of(&arguments.exposure, i).map_or_else(stated, Ok)?;
        let unit = match (arguments.unit, &seen.unit) {
            (Some(Unit::Total), _) => CountUnit::Total,
            (Some(Unit::PerSecond), _) => CountUnit::PerSecond,
            (None, Err(reason)) => return Err(of_file(&format!("{reason} (--unit)")).into()),
            (None, Ok(Some(unit))) => *unit,
            (None, Ok(None)) => {
                said.push("it does not say its unit (BUNIT, PIXLUNIT): taken for DN of the exposure (--unit)".into());
                CountUnit::Total
            }
        };
        if seen.pixel_size.is_none() {
            if arguments.summed {
                return Err(
                    of_file(&"it does not say how large its pixels are (CDELT1, CDELT2): --summed needs that").into()
                );
            }
            said.push(
                "it does not say how large its pixels are (CDELT1, CDELT2): taken for pixels of the detector".into(),
            );
        }
        let pixel = seen.pixel_size.unwrap_or(DETECTOR_PIXEL);
        let binned = (pixel / DETECTOR_PIXEL).powi(2).max(1.0);
        let divisor = if unit == CountUnit::PerSecond { 1.0 } else { exposure };
        let divisor = if arguments.summed { divisor * binned } else { divisor };
        remarks.extend(said.into_iter().map(|words| (name.clone(), words)));
        files.push(Opened { name, file, seen, position, exposure, binned, divisor });
    }
    warnings.extend(gathered(&remarks));
    for (i, file) in files.iter().enumerate() {
        if let Some(other) = files[..i].iter().find(|other| other.position == file.position) {
            return Err(format!("{} and {} are both of {} Å", other.name, file.name, file.channel().wavelength).into());
        }
    }
    Ok(files)
}

/// A line for what is said of several files.
fn gathered(remarks: &[(String, String)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (i, (name, words)) in remarks.iter().enumerate() {
        if remarks[..i].iter().any(|(_, before)| before == words) {
            continue;
        }
        lines.push(match remarks[i + 1..].iter().filter(|(_, after)| after == words).count() {
            0 => format!("{name}: {words}"),
            more => format!("{name} and {more} more: {words}"),
        });
    }
    lines
}

/// The number for the file of this position; one number is for all.
fn one_of<T: Copy>(numbers: &[T], i: usize) -> Option<T> {
    if numbers.len() == 1 { numbers.first().copied() } else { numbers.get(i).copied() }
}

fn position(arguments: &Arguments, i: usize, seen: &SolarHeader) -> Result<usize, String> {
    let instrument = seen.instrument.as_deref().unwrap_or("no instrument");
    if seen.is_aia() == Some(false) {
        return Err(format!(
            "it is of {instrument}, but files are inverted with AIA's response: give other instruments as --counts, --sigma and --response"
        ));
    }
    let known = || AIA.map(|channel| channel.wavelength.to_string()).join(", ");
    let stated = arguments.channel.get(i).map(|channel| f64::from(*channel)).or(seen.wavelength);
    let wavelength = stated.ok_or_else(|| format!("it has no WAVELNTH: give --channel, one a file, of {}", known()))?;
    let is = |channel: &AiaChannel| (f64::from(channel.wavelength) - wavelength).abs() < 0.5;
    AIA.iter().position(is).ok_or_else(|| format!("it is not of {} Å, but of {wavelength}", known()))
}
