//! Which channel a file is of, in which unit, how long exposed: from its header or from the command
//! line.

use crate::{
    instruments::{Found, Instruments, Seen},
    options::{EmissionOptions, Summed, Unit},
};
use isopach::{
    compute::Error as Failure,
    fits::{FitsLimits, ImageFile},
    solar::{CountUnit, SolarHeader},
};
use std::error::Error;

/// A file, and what is known of it.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) file: ImageFile,
    pub(super) seen: SolarHeader,
    pub(super) found: Found,
    pub(super) exposure: f64,
    /// Detector pixels a pixel.
    pub(super) binned: f64,
    /// Of these, those that were added on the chip, and read and saturated as one; 1 where none
    /// were.
    pub(super) on_chip: f64,
    /// Pixels that were added to one, on the chip or later; 1 where none were.
    pub(super) sum_of: f64,
    pub(super) unit: CountUnit,
    /// What the numbers of the file are divided by.
    pub(super) divisor: f64,
}

/// Opens the files in the order in which they were given; says what was taken for granted.
pub(super) fn open(
    options: &EmissionOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Opened>, Box<dyn Error>> {
    let instruments = Instruments::read(options)?;
    let mut files: Vec<Opened> = Vec::new();
    let mut remarks: Vec<(String, String)> = Vec::new();
    for (i, path) in options.files.iter().enumerate() {
        let name = path.display().to_string();
        // Compressed tiles are read when a file is opened.
        let limits = FitsLimits {
            memory_bytes: options.memory << 20,
            ..FitsLimits::default()
        };
        let file = ImageFile::open_within(path, limits).map_err(|error| match error {
            Failure::OutOfMemory { .. } => format!("{name}: {error} (--memory)").into(),
            other => Box::<dyn Error>::from(other),
        })?;
        let of_file = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let seen = SolarHeader::of(file.header());
        let mut said = seen.remarks.clone();
        match file.more_images() {
            0 => {}
            1 => said.push("it has another image of this size: the first is taken".into()),
            more => said.push(format!(
                "it has {more} more images of this size: the first is taken"
            )),
        }
        let stated = Seen {
            header: file.header(),
            instrument: seen.instrument.as_deref(),
            wavelength: seen.wavelength,
        };
        let channel = options.channel.get(i).map(String::as_str);
        let found = instruments
            .find(&stated, channel, &mut said)
            .map_err(|error| of_file(&error))?;
        let stated = || match &seen.exposure {
            Ok(Some(seconds)) => Ok(*seconds),
            Ok(None) => Err(of_file(
                &"it has no EXPTIME or XPOSURE: give --exposure, seconds",
            )),
            Err(reason) => Err(of_file(&format!("{reason}: give --exposure, seconds"))),
        };
        let exposure = one_of(&options.exposure, i).map_or_else(stated, Ok)?;
        let has_unit_of_instrument = found
            .of
            .unit
            .as_deref()
            .is_some_and(|unit| file.header().text("BUNIT") == Some(unit));
        let unit = match (options.unit, &seen.unit) {
            (Some(Unit::Total), _) => CountUnit::Total,
            (Some(Unit::PerSecond), _) => CountUnit::PerSecond,
            (None, _) if has_unit_of_instrument => CountUnit::PerSecond,
            (None, Err(reason)) => return Err(of_file(&format!("{reason} (--unit)")).into()),
            (None, Ok(Some(unit))) => *unit,
            (None, Ok(None)) => {
                said.push("it does not say its unit (BUNIT, PIXLUNIT): taken for DN of the exposure (--unit)".into());
                CountUnit::Total
            }
        };
        // Nobody exposes for a second: images of AIA are divided so.
        if unit == CountUnit::PerSecond
            && exposure == 1.0
            && options.exposure.is_empty()
            && found.is_aia()
        {
            said.push(
                "its exposure is 1 s and its counts are those of a second, as aiapy's normalize_exposure left them: noise and saturation are those of the true \
                 exposure only with --exposure"
                    .into(),
            );
        }
        let is_sum_of_all = match options.summed {
            Some(Summed::All) => true,
            None => found.of.binned_are_sums,
            Some(Summed::Of(_)) => false,
        };
        if seen.pixel_size.is_none() {
            if is_sum_of_all {
                let words = "it does not say how large its pixels are (CDELT1, CDELT2), which sums of pixels need (--summed)";
                return Err(of_file(&words).into());
            }
            said.push(
                "it does not say how large its pixels are (CDELT1, CDELT2): taken for pixels of the detector".into(),
            );
        }
        let of_detector = found.of.pixel_arcsec;
        let binned = (seen.pixel_size.unwrap_or(of_detector) / of_detector)
            .powi(2)
            .max(1.0);
        let sum_of = match options.summed {
            Some(Summed::Of(pixels)) => pixels.into(),
            _ if is_sum_of_all => binned,
            _ => 1.0,
        };
        let divisor = sum_of
            * if unit == CountUnit::PerSecond {
                1.0
            } else {
                exposure
            };
        remarks.extend(said.into_iter().map(|words| (name.clone(), words)));
        let on_chip = if found.of.binned_are_sums {
            binned
        } else {
            1.0
        };
        files.push(Opened {
            name,
            file,
            seen,
            found,
            exposure,
            binned,
            on_chip,
            sum_of,
            unit,
            divisor,
        });
    }
    warnings.extend(gathered(&remarks));
    for (i, file) in files.iter().enumerate() {
        if let Some(other) = files[..i]
            .iter()
            .find(|other| other.found.place == file.found.place)
        {
            let a = &other.name;
            let b = &file.name;
            let channel = file.found.label();
            let series = if other.seen.time == file.seen.time {
                ""
            } else {
                ": --series inverts images of several times"
            };
            return Err(format!("{a} and {b} are both of {channel}{series}").into());
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
        lines.push(
            match remarks[i + 1..]
                .iter()
                .filter(|(_, after)| after == words)
                .count()
            {
                0 => format!("{name}: {words}"),
                more => format!("{name} and {more} more: {words}"),
            },
        );
    }
    lines
}

/// The number for the file of this position; one number is for all.
fn one_of<T: Copy>(numbers: &[T], i: usize) -> Option<T> {
    if numbers.len() == 1 {
        numbers.first().copied()
    } else {
        numbers.get(i).copied()
    }
}
