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

/// An opened file, and its header's findings.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) file: ImageFile,
    pub(super) seen: SolarHeader,
    pub(super) found: Found,
    pub(super) exposure: f64,
    /// Detector pixels a pixel.
    pub(super) binned: f64,
    /// Number of these that were summed on the chip, and read and saturated as one; 1 without such
    /// binning.
    pub(super) on_chip: f64,
    /// Number of pixels whose sum is one pixel, on the chip or later; 1 without binning.
    pub(super) sum_of: f64,
    pub(super) unit: CountUnit,
    /// Divisor of the numbers of the file.
    pub(super) divisor: f64,
}

/// Opens the files in the order of the command line; reports its assumptions.
pub(super) fn open_channels(
    options: &EmissionOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Opened>, Box<dyn Error>> {
    let instruments = Instruments::read(options)?;
    let mut files: Vec<Opened> = Vec::new();
    let mut remarks: Vec<(String, String)> = Vec::new();
    for i in 0..options.files.len() {
        let mut said = Vec::new();
        let file = open_file(options, &instruments, i, &mut said)?;
        remarks.extend(said.into_iter().map(|words| (file.name.clone(), words)));
        files.push(file);
    }
    warnings.extend(gather_remarks(&remarks));
    refuse_channel_twice(&files)?;
    Ok(files)
}

/// Refuses two files of one channel.
fn refuse_channel_twice(files: &[Opened]) -> Result<(), String> {
    for (i, file) in files.iter().enumerate() {
        let mut before = files[..i].iter();
        if let Some(other) = before.find(|other| other.found.place == file.found.place) {
            let a = &other.name;
            let b = &file.name;
            let channel = file.found.channel_label();
            let series = if other.seen.time == file.seen.time {
                ""
            } else {
                ": --series inverts images of several times"
            };
            return Err(format!("{a} and {b} are both of {channel}{series}"));
        }
    }
    Ok(())
}

/// Opens the file of this number; `said` gets its assumptions.
fn open_file(
    options: &EmissionOptions,
    instruments: &Instruments,
    i: usize,
    said: &mut Vec<String>,
) -> Result<Opened, Box<dyn Error>> {
    let path = &options.files[i];
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
    let seen = SolarHeader::from_keywords(file.header());
    said.extend(seen.remarks.iter().cloned());
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
        .find_channel(&stated, channel, said)
        .map_err(|error| of_file(&error))?;
    let exposure = find_exposure(options, i, &seen).map_err(|error| of_file(&error))?;
    let unit = find_unit(options, &file, &seen, &found, said).map_err(|error| of_file(&error))?;
    // No exposure lasts exactly a second: images of AIA are divided in that case.
    if unit == CountUnit::PerSecond
        && exposure == 1.0
        && options.exposure.is_empty()
        && found.is_aia()
    {
        said.push(
            "its exposure is 1 s and its counts are per second, as aiapy's normalize_exposure left them: noise and saturation are those of the true \
             exposure only with --exposure"
                .into(),
        );
    }
    let binning = find_binning(options, &seen, &found, said).map_err(|error| of_file(&error))?;
    let Binning { sum_of, .. } = binning;
    let divisor = sum_of
        * if unit == CountUnit::PerSecond {
            1.0
        } else {
            exposure
        };
    Ok(Opened {
        name,
        file,
        seen,
        found,
        exposure,
        binned: binning.binned,
        on_chip: binning.on_chip,
        sum_of,
        unit,
        divisor,
    })
}

/// Seconds of exposure: those of the options, else of the header.
fn find_exposure(options: &EmissionOptions, i: usize, seen: &SolarHeader) -> Result<f64, String> {
    let stated = || match &seen.exposure {
        Ok(Some(seconds)) => Ok(*seconds),
        Ok(None) => Err("it has no EXPTIME or XPOSURE: give --exposure, seconds".into()),
        Err(reason) => Err(format!("{reason}: give --exposure, seconds")),
    };
    one_of(&options.exposure, i).map_or_else(stated, Ok)
}

/// The unit of the counts: that of the options, the instrument or the header.
fn find_unit(
    options: &EmissionOptions,
    file: &ImageFile,
    seen: &SolarHeader,
    found: &Found,
    said: &mut Vec<String>,
) -> Result<CountUnit, String> {
    let of_instrument = found.of.unit.as_deref();
    let has_unit_of_instrument =
        of_instrument.is_some_and(|unit| file.header().text("BUNIT") == Some(unit));
    match (options.unit, &seen.unit) {
        (Some(Unit::Total), _) => Ok(CountUnit::Total),
        (Some(Unit::PerSecond), _) => Ok(CountUnit::PerSecond),
        (None, _) if has_unit_of_instrument => Ok(CountUnit::PerSecond),
        (None, Err(reason)) => Err(format!("{reason} (--unit)")),
        (None, Ok(Some(unit))) => Ok(*unit),
        (None, Ok(None)) => {
            said.push(
                "it does not state its unit (BUNIT, PIXLUNIT): taken for DN of the exposure (--unit)"
                    .into(),
            );
            Ok(CountUnit::Total)
        }
    }
}

/// Pixels of the detector in a pixel of the image.
struct Binning {
    /// Number of detector pixels in a pixel.
    binned: f64,
    /// Number of those that were summed on the chip.
    on_chip: f64,
    /// Number of those whose sum is the pixel's number; 1 for a mean.
    sum_of: f64,
}

/// Finds how pixels of the detector became those of the image: by the options, else by the header.
fn find_binning(
    options: &EmissionOptions,
    seen: &SolarHeader,
    found: &Found,
    said: &mut Vec<String>,
) -> Result<Binning, String> {
    let is_sum_of_all = match options.summed {
        Some(Summed::All) => true,
        None => found.of.binned_are_sums,
        Some(Summed::Of(_)) => false,
    };
    if seen.pixel_size.is_none() {
        if is_sum_of_all {
            return Err("it does not state the size of its pixels (CDELT1, CDELT2), which sums of pixels need (--summed)".into());
        }
        said.push(
            "it does not state the size of its pixels (CDELT1, CDELT2): taken for pixels of the detector".into(),
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
    let on_chip = if found.of.binned_are_sums {
        binned
    } else {
        1.0
    };
    Ok(Binning {
        binned,
        on_chip,
        sum_of,
    })
}

/// A line for each remark, with the files that share it.
fn gather_remarks(remarks: &[(String, String)]) -> Vec<String> {
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
