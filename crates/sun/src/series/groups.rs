//! Files of several times, grouped by time.

use crate::{
    instruments::{Instruments, Seen},
    options::EmissionOptions,
};
use isopach::{
    fits::{FitsLimits, ImageFile},
    solar::{ObservationTime, SolarHeader},
};
use std::error::Error;

/// The files of a time.
pub(super) struct Group {
    pub(super) time: ObservationTime,
    /// Output folder of the time.
    pub(super) folder: String,
    pub(super) options: EmissionOptions,
}

/// A file of a series: its number, channel and time.
struct Dated {
    number: usize,
    name: String,
    place: [usize; 2],
    channel: String,
    time: ObservationTime,
}

/// Groups files by time: the files of a channel with the usual number of images define the times,
/// and each other file belongs to the nearest one.
pub(super) fn group_files(options: &EmissionOptions) -> Result<Vec<Group>, Box<dyn Error>> {
    let files = dated_files(options)?;
    let mut places: Vec<[usize; 2]> = files.iter().map(|file| file.place).collect();
    places.sort_unstable();
    places.dedup();
    let of_place = |place: [usize; 2]| files.iter().filter(move |file| file.place == place);
    let counts: Vec<usize> = places
        .iter()
        .map(|place| of_place(*place).count())
        .collect();
    // As many times as most channels have images; a channel that has another number is at fault.
    let like = |count: &usize| counts.iter().filter(|other| *other == count).count();
    let usual = counts
        .iter()
        .copied()
        .max_by_key(|count| (like(count), *count));
    let says_when = places
        .iter()
        .zip(&counts)
        .find(|(_, count)| Some(**count) == usual)
        .map(|(place, _)| *place);
    let mut times: Vec<ObservationTime> = says_when
        .into_iter()
        .flat_map(of_place)
        .map(|file| file.time)
        .collect();
    times.sort_by(|a, b| a.days_since_1970().total_cmp(&b.days_since_1970()));
    let nearest = |file: &Dated| {
        let away = |i: &usize| file.time.seconds_since(times[*i]).abs();
        (0..times.len()).min_by(|a, b| away(a).total_cmp(&away(b)))
    };
    let mut members: Vec<Vec<&Dated>> = times.iter().map(|_| Vec::new()).collect();
    for file in &files {
        if let Some(i) = nearest(file) {
            members[i].push(file);
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (time, members) in times.iter().zip(&members) {
        for place in &places {
            let of = |file: &&&Dated| file.place == *place;
            let channel = || of_place(*place).next().map_or("", |file| &file.channel);
            match members.iter().filter(of).collect::<Vec<_>>()[..] {
                [_] => {}
                [] => {
                    return Err(format!(
                        "the time {time} has no image of {}: give one, or leave out the other images of that time",
                        channel()
                    )
                    .into());
                }
                [a, b, ..] => {
                    let channel = channel();
                    let a = &a.name;
                    let b = &b.name;
                    return Err(format!(
                        "the time {time} has two images of {channel}: {a} and {b}"
                    )
                    .into());
                }
            }
        }
        let folder = time.to_string().replace(':', "-");
        let numbers: Vec<usize> = members.iter().map(|file| file.number).collect();
        groups.push(Group {
            time: *time,
            options: group_options(options, &numbers, &folder),
            folder,
        });
    }
    Ok(groups)
}

/// Reads channel and time from the headers.
fn dated_files(options: &EmissionOptions) -> Result<Vec<Dated>, Box<dyn Error>> {
    let instruments = Instruments::read(options)?;
    let mut files = Vec::new();
    for (number, path) in options.files.iter().enumerate() {
        let name = path.display().to_string();
        let limits = FitsLimits {
            memory_bytes: options.memory << 20,
            ..FitsLimits::default()
        };
        let file = ImageFile::open_within(path, limits)?;
        let seen = SolarHeader::from_keywords(file.header());
        let stated = Seen {
            header: file.header(),
            instrument: seen.instrument.as_deref(),
            wavelength: seen.wavelength,
        };
        let channel = options.channel.get(number).map(String::as_str);
        // Assumptions are reported when the file is opened for the inversion.
        let found = instruments
            .find_channel(&stated, channel, &mut Vec::new())
            .map_err(|error| format!("{name}: {error}"))?;
        let time = seen.time.ok_or_else(|| {
            format!("{name}: it states no time that can be read, which --series needs")
        })?;
        files.push(Dated {
            number,
            name,
            place: found.place,
            channel: found.channel_label(),
            time,
        });
    }
    Ok(files)
}

/// The options for some of the files.
fn group_options(options: &EmissionOptions, numbers: &[usize], folder: &str) -> EmissionOptions {
    fn select_items<T: Clone>(of: &[T], numbers: &[usize]) -> Vec<T> {
        if of.len() < 2 {
            of.to_vec()
        } else {
            numbers.iter().filter_map(|&i| of.get(i).cloned()).collect()
        }
    }
    EmissionOptions {
        files: numbers.iter().map(|&i| options.files[i].clone()).collect(),
        channel: select_items(&options.channel, numbers),
        exposure: select_items(&options.exposure, numbers),
        out: options.out.join(folder),
        series: false,
        is_of_series: true,
        ..options.clone()
    }
}
