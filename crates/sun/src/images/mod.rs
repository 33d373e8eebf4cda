//! FITS images as counts a second and their errors.

mod channels;
mod keywords;
mod means;
mod resampled;
mod together;

use crate::{
    degradation::{self, Table},
    instruments::{Found, only_instrument},
    options::{EmissionOptions, OnSaturation, SYSTEMATIC},
    source::{About, Axis},
};
use channels::Opened;
use isopach::{
    compute::Result,
    emission::{Noise, Real, TemperatureResponse},
    fits::ImageFile,
    raster::shift_between,
    solar::{ObservationTime, Wcs},
};
use means::Mean;
use ndarray::{Array2, Array3, ArrayD, Axis as ArrayAxis};
use resampled::Resampled;
use std::{error::Error, ops::Range};

/// Pixels a side of the part of the image that alignment is checked in, and the largest shift that
/// the check finds.
const CHECKED: usize = 256;
const SHIFTED: f64 = 1.0;
/// A correlation from which on a shift is believed.
const ALIKE: f64 = 0.5;
/// A share of the first file that others should cover.
const COVERED: f64 = 0.95;
/// Reach of the search for shifts, pixels.
const REACH: usize = 6;

/// Images of some channels, in the order of their instruments.
pub(crate) struct Images {
    channels: Vec<Channel>,
    shape: [usize; 2],
    /// Whether a loss of sensitivity is corrected.
    is_corrected: bool,
}

struct Channel {
    file: ImageFile,
    /// Resampling to the first file's pixels, if these lie elsewhere.
    resampled: Option<Resampled>,
    divisor: f64,
    noise: Noise,
    about: means::About,
}

/// Opens the files; channels, exposures, units, places and times by their headers.
///
/// `correlate`: with `--align`, also check by the pixels whether channels lie at their headers'
/// place.
pub(crate) fn open(
    options: &EmissionOptions,
    correlate: bool,
) -> std::result::Result<(About, Images), Box<dyn Error>> {
    let mut warnings = Vec::new();
    let files = channels::open_channels(options, &mut warnings)?;
    let shape = files[0].file.shape();
    refuse_other_shapes(options, &files)?;
    together::check_together(options, &files, shape, &mut warnings)?;
    let wcs = files[0].seen.wcs.clone().ok();
    let mut places = Vec::new();
    for file in &files {
        places.push(if options.align {
            together::pixel_places(&files[0], file, shape)?
        } else {
            None
        });
    }
    let order = channel_order(&files);
    let in_order: Vec<&Opened> = order.iter().map(|&i| &files[i]).collect();
    let systematic = systematic_errors(options, &in_order)?;
    let mut about = describe_images(options, &in_order, &mut warnings)?;
    about.leading = shape.to_vec();
    about.keywords = keywords::of(&files);
    about.axes = wcs.as_ref().map_or([Axis::PIXELS; 2], image_axes);
    let mut channels: Vec<(usize, Channel)> = Vec::new();
    for (i, (file, places)) in files.into_iter().zip(places).enumerate() {
        // Its number among the channels.
        let number = order
            .iter()
            .position(|&other| other == i)
            .unwrap_or_default();
        // Counts that are taken for good are mixed like all others.
        let levels = about
            .levels
            .as_ref()
            .filter(|_| options.saturation != OnSaturation::Keep);
        let level = levels.map_or(f64::INFINITY, |levels| levels[number]);
        let resampled = places.map(|places| Resampled::new(places, shape[1], level * file.divisor));
        let binned = binned_to(
            &file,
            resampled.as_ref(),
            wcs.as_ref(),
            shape,
            &mut warnings,
        )?;
        let channel = to_channel(options, file, resampled, binned, systematic[number]);
        channels.push((number, channel));
    }
    let first_file = channels[0].0;
    channels.sort_by_key(|(number, _)| *number);
    let is_corrected = !options.degradation.is_empty() || options.degradation_table.is_some();
    let channels = channels.into_iter().map(|(_, channel)| channel).collect();
    let mut images = Images {
        channels,
        shape,
        is_corrected,
    };
    if options.align && correlate {
        warnings.extend(images.find_shifts(first_file, &about.names)?);
    }
    about.warnings = warnings;
    Ok((about, images))
}

/// Refuses files of another shape than the first, unless they are resampled.
fn refuse_other_shapes(
    options: &EmissionOptions,
    files: &[Opened],
) -> std::result::Result<(), String> {
    let shape = files[0].file.shape();
    let other = files.iter().find(|other| other.file.shape() != shape);
    match other {
        Some(other) if !options.align => {
            let [first, found] =
                [shape, other.file.shape()].map(|[rows, columns]| format!("{columns} × {rows}"));
            Err(format!(
                "{} has {found} pixels, but {} {first}: --align resamples it",
                other.name, files[0].name
            ))
        }
        _ => Ok(()),
    }
}

/// Pixels of the detector in a pixel of the first file, to which this one is resampled.
///
/// # Errors
/// If the two have no pixel in common.
fn binned_to(
    file: &Opened,
    resampled: Option<&Resampled>,
    first: Option<&Wcs>,
    shape: [usize; 2],
    warnings: &mut Vec<String>,
) -> std::result::Result<f64, Box<dyn Error>> {
    let Some(resampled) = resampled else {
        return Ok(file.binned);
    };
    let share = resampled.share(&file.file, shape[0]);
    if share == 0.0 {
        return Err(format!(
            "{}: it has no pixel in common with the first file",
            file.name
        )
        .into());
    }
    if share < COVERED {
        warnings.push(format!(
            "{}: it covers {:.0} % of the first file",
            file.name,
            100.0 * share
        ));
    }
    Ok(match first {
        Some(to) if resampled.is_coarser() => (to.pixel_size() / file.found.of.pixel_arcsec)
            .powi(2)
            .max(1.0),
        _ => file.binned,
    })
}

/// A file as a channel, with its noise.
fn to_channel(
    options: &EmissionOptions,
    file: Opened,
    resampled: Option<Resampled>,
    binned: f64,
    systematic: f64,
) -> Channel {
    let mut noise = Noise::from_channel(file.found.channel(), file.exposure, binned, systematic);
    // Read once for all that were added.
    noise.read_noise /= file.on_chip.sqrt();
    let about = means::About {
        mean: file
            .found
            .is_aia()
            .then(|| Mean::of(file.file.header(), file.unit, file.exposure))
            .flatten(),
        // Pixels summed on the chip are part of the header's numbers.
        sum_of: if options.summed.is_some() {
            file.sum_of
        } else {
            1.0
        },
        share: degradation::shipped_share(&file.found, file.seen.time_text.as_deref()),
    };
    Channel {
        file: file.file,
        resampled,
        divisor: file.divisor,
        noise,
        about,
    }
}

/// Refuses bins of temperatures for which not all responses have numbers.
pub(crate) fn check_temperatures(about: &About, edges: &[f64]) -> std::result::Result<(), String> {
    let log_t = &about.response.log_t;
    let ([Some(low), Some(high)], [Some(from), Some(to)]) =
        ([edges.first(), edges.last()], [log_t.first(), log_t.last()])
    else {
        return Ok(());
    };
    if low >= from && high <= to {
        return Ok(());
    }
    Err(format!(
        "the bins go from log T {low} to {high}, but the responses of all channels are known from {from} to {to}: --log-t"
    ))
}

/// Numbers of the files in the order of instruments and their channels.
fn channel_order(files: &[Opened]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&i| files[i].found.place);
    order
}

/// Systematic errors of the channels, shares of the counts.
fn systematic_errors(
    options: &EmissionOptions,
    files: &[&Opened],
) -> std::result::Result<Vec<f64>, String> {
    let given = &options.systematic;
    let channels: Vec<&Found> = files.iter().map(|file| &file.found).collect();
    let others = given
        .iter()
        .find(|share| share.name.is_none())
        .map_or(SYSTEMATIC, |share| share.value);
    let mut shares: Vec<Option<f64>> = vec![None; files.len()];
    for share in given {
        let Some(name) = &share.name else { continue };
        let place = &mut shares[only_instrument("--systematic", name, &channels)?];
        if place.replace(share.value).is_some() {
            return Err(format!("--systematic has two shares of {name}"));
        }
    }
    Ok(shares
        .into_iter()
        .map(|share| share.unwrap_or(others))
        .collect())
}

/// Names, response and saturation levels of files in the order of their channels.
fn describe_images(
    options: &EmissionOptions,
    files: &[&Opened],
    warnings: &mut Vec<String>,
) -> std::result::Result<About, Box<dyn Error>> {
    let count = files.len();
    if options.saturation_level.len() > 1 && options.saturation_level.len() != count {
        return Err(
            "--saturation-level needs one number, or one for each channel, in the order of instruments and their channels"
                .into(),
        );
    }
    let mut names = vec![];
    let mut levels = vec![];
    for (i, file) in files.iter().enumerate() {
        let time = file.seen.time_text.as_deref().unwrap_or("no time");
        let level = match options.saturation_level[..] {
            [] => file.found.channel().saturation,
            [one] => one,
            ref many => many[i],
        };
        levels.push(level / file.exposure / file.on_chip);
        names.push(format!(
            "{}, {time}, {:.4} s",
            file.found.channel_label(),
            file.exposure
        ));
    }
    let left = sensitivity_shares(options, files, warnings)?;
    let mut response = combined_response(files)?;
    let all_aia = files.iter().all(|file| file.found.is_aia());
    let sensitivity = if left.is_empty() {
        warnings.extend(aged_words(files));
        if all_aia {
            "as at launch: the loss of sensitivity since then is not corrected (see --degradation)"
                .into()
        } else {
            "that of the responses as given: a loss of sensitivity since then is not corrected (see --degradation)"
                .into()
        }
    } else {
        response = response.with_degradation(&left)?;
        let shares: Vec<String> = left.iter().map(|share| format!("{share:.3}")).collect();
        let of = if all_aia {
            "that at launch"
        } else {
            "that of the responses as given"
        };
        format!("of {of}, by channel: {}", shares.join(", "))
    };
    let axes = [Axis::PIXELS; 2];
    let called = |file: &&Opened| {
        vec![
            file.found.channel().name.clone(),
            file.found.qualified_name(),
        ]
    };
    Ok(About {
        names,
        channels: files.iter().map(called).collect(),
        response,
        leading: vec![],
        levels: Some(levels),
        sensitivity,
        axes,
        keywords: vec![],
        warnings: vec![],
    })
}

/// The responses of all channels on common temperatures.
fn combined_response(files: &[&Opened]) -> Result<TemperatureResponse> {
    let mut parts: Vec<TemperatureResponse> = Vec::new();
    for of_one in files.chunk_by(|a, b| a.found.place[0] == b.found.place[0]) {
        let positions: Vec<usize> = of_one.iter().map(|file| file.found.place[1]).collect();
        parts.push(of_one[0].found.of.response(&positions));
    }
    TemperatureResponse::join_responses(&parts)
}

/// Remaining sensitivity by channel; none if none was given.
fn sensitivity_shares(
    options: &EmissionOptions,
    files: &[&Opened],
    warnings: &mut Vec<String>,
) -> std::result::Result<Vec<f64>, Box<dyn Error>> {
    let found: Vec<&Found> = files.iter().map(|file| &file.found).collect();
    let Some(path) = &options.degradation_table else {
        return Ok(degradation::by_channel(&options.degradation, &found)?);
    };
    let table = Table::read(path)?;
    let is_shipped = degradation::is_shipped(path);
    if !is_shipped {
        table.check_shares(&found)?;
    }
    let mut left = Vec::new();
    for of_one in files.chunk_by(|a, b| a.found.place[0] == b.found.place[0]) {
        // The shipped table is AIA's, even if other instruments have a channel of that wavelength.
        if !of_one
            .iter()
            .any(|file: &&Opened| table.has(&file.found) && (!is_shipped || file.found.is_aia()))
        {
            let name = &of_one[0].found.of.name;
            warnings
                .push(format!("--degradation-table has no channel of {name}: its sensitivity is that of its response"));
            left.extend(of_one.iter().map(|_| 1.0));
            continue;
        }
        if is_shipped {
            warnings.extend(latest_time(of_one).and_then(degradation::later_than_shipped));
        }
        for file in of_one {
            let time = file.seen.time_text.as_deref().unwrap_or("no time");
            left.push(
                table
                    .share_left(&file.found, time)
                    .map_err(|error| format!("{}: {error}", file.name))?,
            );
        }
    }
    Ok(left)
}

/// The time of the latest image that states one.
fn latest_time(files: &[&Opened]) -> Option<ObservationTime> {
    let times = files.iter().filter_map(|file| file.seen.time);
    times.max_by(|a, b| a.days_since_1970().total_cmp(&b.days_since_1970()))
}

/// Warnings about images later than their instrument's response is valid for.
fn aged_words(files: &[&Opened]) -> Vec<String> {
    let mut said = Vec::new();
    for of_one in files.chunk_by(|a, b| a.found.place[0] == b.found.place[0]) {
        let of = &of_one[0].found;
        let Some(until) = of.of.response_until.as_deref() else {
            continue;
        };
        let Some(time) =
            latest_time(of_one).filter(|time| Some(*time) > ObservationTime::parse(until))
        else {
            continue;
        };
        said.push(if of.is_aia() {
            format!(
                "the images are of {time}, but no share of the sensitivity was given that AIA has lost since 2010: emission measures may be far \
                 off (--degradation-table builtin; docs/algorithms/solar-images.md has ten lines that make a newer table)"
            )
        } else {
            format!(
                "the images of {} are of {time}, but its response holds until {until}: give the shares of its sensitivity that remain \
                 (--degradation, --degradation-table), or a response of the time",
                of.of.name
            )
        });
    }
    said
}

/// Axes in arcseconds if the image is not rotated; else in pixels.
fn image_axes(wcs: &Wcs) -> [Axis; 2] {
    if wcs.roll().abs() > 1.0 {
        return [Axis::PIXELS; 2];
    }
    let axis = |n: usize| {
        let step = wcs.matrix[n][n];
        let at = wcs.reference_pixel[n];
        let value = wcs.reference_value[n];
        Axis {
            first: value - at * step,
            step,
            unit: "arcsec",
        }
    };
    [axis(0), axis(1)]
}

impl Channel {
    fn read(&mut self, rows: Range<usize>) -> Result<Array2<f64>> {
        match &self.resampled {
            Some(resampled) => resampled.read(&mut self.file, rows),
            None => {
                let values = self.file.read_rows(rows.clone())?;
                if let Some(mean) = &mut self.about.mean {
                    mean.add(rows, &values);
                }
                Ok(values)
            }
        }
    }
}

impl Images {
    pub(crate) fn read<T: Real>(&mut self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        let shape = (rows.len(), self.shape[1], self.channels.len());
        let [mut counts, mut sigma] = [(); 2].map(|()| Array3::from_elem(shape, T::default()));
        for (f, channel) in self.channels.iter_mut().enumerate() {
            let values = channel.read(rows.clone())?;
            let to = counts
                .index_axis_mut(ArrayAxis(2), f)
                .into_iter()
                .zip(sigma.index_axis_mut(ArrayAxis(2), f));
            for (value, (count, sigma)) in values.iter().zip(to) {
                let rate = value / channel.divisor;
                *count = T::from_f64(rate);
                *sigma = T::from_f64(channel.noise.sigma(rate));
            }
        }
        Ok([counts.into_dyn(), sigma.into_dyn()])
    }

    /// Remarks on the pixels of the files against their headers, after all rows were read.
    pub(crate) fn seen_remarks(&self) -> Option<String> {
        means::describe_means(
            &self
                .channels
                .iter()
                .map(|channel| &channel.about)
                .collect::<Vec<_>>(),
            self.is_corrected,
        )
    }

    /// Whether there may be any: the headers of all files state a mean, and their rows are read as
    /// they are.
    pub(crate) fn may_have_remarks(&self) -> bool {
        self.channels.len() > 1
            && self.channels.iter().all(|channel: &Channel| {
                channel.about.mean.is_some() && channel.resampled.is_none()
            })
    }

    /// Noise of the mean of `pixels` pixels, by channel.
    pub(crate) fn noises_of_mean(&self, pixels: f64) -> impl Iterator<Item = Noise> {
        // Pixels of a file that were split into several share one noise. Without splitting,
        // resampling mixes noise but keeps its sum.
        let of_one = |channel: &Channel| {
            channel
                .resampled
                .as_ref()
                .map_or(1.0, Resampled::independent)
        };
        self.channels
            .iter()
            .map(move |channel| channel.noise.of_mean((pixels * of_one(channel)).max(1.0)))
    }

    /// Bytes that stay from one call to the next, and those of the tile that is being decoded: one
    /// channel is read after the other.
    pub(crate) fn bytes_kept(&self) -> u64 {
        let kept = self
            .channels
            .iter()
            .map(|channel| channel.file.bytes_kept())
            .sum::<u64>();
        let working = |channel: &Channel| {
            let rows = channel
                .resampled
                .as_ref()
                .map_or(0.0, |r| r.rows_per_row(&channel.file, self.shape[0])[1]);
            channel.file.working_bytes() + (8.0 * rows * channel.file.shape()[1] as f64) as u64
        };
        kept + self.channels.iter().map(working).max().unwrap_or(0)
    }

    /// Bytes a row of the result in addition to counts and errors: rows of the file that is being
    /// resampled.
    pub(crate) fn bytes_per_row(&self) -> u64 {
        let of = |channel: &Channel| {
            let rows = channel
                .resampled
                .as_ref()
                .map_or(0.0, |r| r.rows_per_row(&channel.file, self.shape[0])[0]);
            (8.0 * rows * channel.file.shape()[1] as f64) as u64
        };
        self.channels.iter().map(of).max().unwrap_or(0)
    }

    /// Measures by correlation how far the channels lie from their headers' place, in the middle of
    /// the image.
    fn find_shifts(&mut self, first: usize, names: &[String]) -> Result<Vec<String>> {
        let [rows, columns] = self.shape.map(|count: usize| {
            let side = count.min(CHECKED);
            (count - side) / 2..(count - side) / 2 + side
        });
        let mut seen: Vec<Array2<f64>> = Vec::new();
        for channel in &mut self.channels {
            let values = channel.read(rows.clone())?;
            let part = values.slice(ndarray::s![.., columns.clone()]);
            // Bright loops would outweigh all else.
            seen.push(part.mapv(|value| {
                if value.is_nan() {
                    value
                } else {
                    value.max(0.0).sqrt()
                }
            }));
        }
        let mut warnings = Vec::new();
        let mut unlike = 0;
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
                    "{name}: by correlation it lies {REACH} pixels or more from the first file, although the headers agree with its place"
                ));
            } else if down.hypot(along) > SHIFTED {
                warnings.push(format!(
                    "{name}: by correlation it lies {along:.1} pixels in x and {down:.1} in y from the first file, although the headers agree with its place"
                ));
            }
        }
        if unlike > 0 {
            warnings.push(format!(
                "the place of {unlike} of {} channels could not be checked by correlation: they resemble the first file too little",
                seen.len()
            ));
        }
        Ok(warnings)
    }
}
