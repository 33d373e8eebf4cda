//! Several times in one call: the files of a time are inverted as one, each time into a folder of its own; frames of a film have one scale of colours.

use crate::{
    BANDS, Done,
    arguments::Arguments,
    console::printable::printable,
    finished::{self, FILES, KEY, PAGE, SUMMARY, WrittenOver},
    guard, images,
    instruments::{Instruments, Seen},
    one,
    overview::Overview,
    palette::INFERNO,
    pictures,
    write_file::write_file,
};
use isopach::{
    compute::{Error as Failure, FolderLock, UnfinishedFile},
    fits::{ImageFile, Limits},
    solar::{SolarHeader, Time},
};
use ndarray::Array2;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{BufReader, BufWriter, Read as _, Seek as _, Write as _},
    path::{Component, Path, PathBuf},
};

/// Where a summary names the folders of times.
pub(crate) const TIMES: &str = "times";
/// The folder of frames.
const FRAMES: &str = "frames";
/// Steps of log₁₀ of the emission measure in the histogram of colours, and its ends.
const STEP: f32 = 0.005;
const LOGS: [f32; 2] = [10.0, 40.0];

/// The files of a time.
struct Group {
    time: Time,
    /// Of the output.
    folder: String,
    arguments: Arguments,
}

/// A file among many: which, of which channel, of when.
struct Dated {
    number: usize,
    name: String,
    place: [usize; 2],
    channel: String,
    time: Time,
}

/// Inverts all times, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let groups = groups(arguments)?;
    let shape = check(&groups)?;
    let out = &arguments.out;
    let (made_from, _lock) = hold(arguments, &groups)?;
    let mut film = Film::begin(out)?;
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        eprintln!("time {} of {}: {}", i + 1, groups.len(), group.time);
        let Done { found, summary, seconds, .. } =
            one(&group.arguments).map_err(|error| format!("the time {}: {error}", group.time))?;
        film.add(&found)?;
        lines.push(crate::outcome(&found, seconds));
        rows.push(json!({
            "time": group.time.to_string(), "folder": group.folder, "median_chi_squared": summary["median_chi_squared"],
            "status": summary["status"], "warnings": summary["warnings"],
        }));
    }
    let Drawn { frames, scales } = film.finish(out, groups.len())?;
    let bands: Vec<Value> = BANDS
        .iter()
        .zip(&scales)
        .map(|(band, [low, high])| json!({ "log_t": band, "log10_emission_of_colours": [low, high] }))
        .collect();
    let summary = json!({ TIMES: rows, "pixels": shape, "bands": bands, FILES: frames, KEY: made_from });
    write_file(&out.join(PAGE), page(&groups, &rows, &scales).as_bytes())?;
    write_file(&out.join(SUMMARY), serde_json::to_string_pretty(&summary)?.as_bytes())?;
    for (group, line) in groups.iter().zip(lines) {
        println!("{}: {line}", group.folder);
    }
    println!("See {}", printable(&out.join(PAGE).display().to_string()));
    Ok(())
}

/// Groups files by time: those of a channel with the usual number of images say when, each other file belongs to the time that is nearest to its own.
fn groups(arguments: &Arguments) -> Result<Vec<Group>, Box<dyn Error>> {
    let files = dated(arguments)?;
    let mut places: Vec<[usize; 2]> = files.iter().map(|file| file.place).collect();
    places.sort_unstable();
    places.dedup();
    let of_place = |place: [usize; 2]| files.iter().filter(move |file| file.place == place);
    let counts: Vec<usize> = places.iter().map(|place| of_place(*place).count()).collect();
    // As many times as most channels have images; a channel that has another number is at fault.
    let like = |count: &usize| counts.iter().filter(|other| *other == count).count();
    let usual = counts.iter().copied().max_by_key(|count| (like(count), *count));
    let says_when = places.iter().zip(&counts).find(|(_, count)| Some(**count) == usual).map(|(place, _)| *place);
    let mut times: Vec<Time> = says_when.into_iter().flat_map(of_place).map(|file| file.time).collect();
    times.sort_by(|a, b| a.days().total_cmp(&b.days()));
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
                    let (channel, a, b) = (channel(), &a.name, &b.name);
                    return Err(format!("the time {time} has two images of {channel}: {a} and {b}").into());
                }
            }
        }
        let folder = time.to_string().replace(':', "-");
        let numbers: Vec<usize> = members.iter().map(|file| file.number).collect();
        groups.push(Group { time: *time, arguments: part(arguments, &numbers, &folder), folder });
    }
    Ok(groups)
}

/// Reads what the headers say of channel and time.
fn dated(arguments: &Arguments) -> Result<Vec<Dated>, Box<dyn Error>> {
    let instruments = Instruments::read(arguments)?;
    let mut files = Vec::new();
    for (number, path) in arguments.files.iter().enumerate() {
        let name = path.display().to_string();
        let limits = Limits { memory_bytes: arguments.memory << 20, ..Limits::default() };
        let file = ImageFile::open_within(path, limits)?;
        let seen = SolarHeader::of(file.header());
        let stated =
            Seen { header: file.header(), instrument: seen.instrument.as_deref(), wavelength: seen.wavelength };
        let channel = arguments.channel.get(number).map(String::as_str);
        // What is taken for granted is said when the file is opened for good.
        let found = instruments.find(&stated, channel, &mut Vec::new()).map_err(|error| format!("{name}: {error}"))?;
        let time =
            seen.time.ok_or_else(|| format!("{name}: it states no time that can be read, which --series needs"))?;
        files.push(Dated { number, name, place: found.place, channel: found.label(), time });
    }
    Ok(files)
}

/// The arguments for some of the files.
fn part(arguments: &Arguments, numbers: &[usize], folder: &str) -> Arguments {
    fn some<T: Clone>(of: &[T], numbers: &[usize]) -> Vec<T> {
        if of.len() < 2 { of.to_vec() } else { numbers.iter().filter_map(|&i| of.get(i).cloned()).collect() }
    }
    Arguments {
        files: numbers.iter().map(|&i| arguments.files[i].clone()).collect(),
        channel: some(&arguments.channel, numbers),
        exposure: some(&arguments.exposure, numbers),
        out: arguments.out.join(folder),
        series: false,
        ..arguments.clone()
    }
}

/// What headers tell against any of the times, before the first is inverted. The pixels of all: frames of a film have one size.
fn check(groups: &[Group]) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut shape: Option<Vec<usize>> = None;
    for group in groups {
        let opened = images::open(&group.arguments, false);
        let (about, _) = opened.map_err(|error| format!("the time {}: {error}", group.time))?;
        let of_first = shape.get_or_insert_with(|| about.leading.clone());
        if *of_first != about.leading {
            let [first, found] = [&*of_first, &about.leading].map(|shape| format!("{} × {}", shape[1], shape[0]));
            let (time, before) = (group.time, groups[0].time);
            return Err(
                format!("the time {time} has {found} pixels, but {before} {first}: a series has one size").into()
            );
        }
    }
    Ok(shape.unwrap_or_default())
}

/// Holds the folder; removes what another series left there. Refuses results of other inputs or parameters.
fn hold(arguments: &Arguments, groups: &[Group]) -> Result<(Value, FolderLock), Box<dyn Error>> {
    let out = &arguments.out;
    finished::make_folder(out)?;
    let lock = FolderLock::alone(out.join(".lock"))?;
    let inputs = guard::inputs(arguments);
    let frames = frame_names(groups.len());
    let names = || [SUMMARY, PAGE].into_iter().map(PathBuf::from).chain(frames.iter().map(PathBuf::from));
    let in_folders = groups.iter().flat_map(|group| {
        let names = guard::outputs(&group.arguments, true);
        names.into_iter().map(|name| Path::new(&group.folder).join(name))
    });
    let summary = finished::summary(out)?;
    let kept: Vec<&str> = groups.iter().map(|group| group.folder.as_str()).collect();
    let left = summary.as_ref().map_or_else(|| Ok(vec![]), |summary| leftovers(out, summary, &kept))?;
    let singles = summary.iter().flat_map(guard::files_of).map(PathBuf::from);
    let gone = WrittenOver::of(out, names().chain(in_folders).chain(left).chain(singles));
    inputs.iter().try_for_each(|input| gone.refuse_input(input))?;
    let made_from = json!({
        "series": groups.len(), "parameters": guard::parameters(arguments), "inputs": guard::identities(&inputs)?,
    });
    let what = match summary.as_ref().map(|summary| summary.get(KEY)) {
        None if WrittenOver::of(out, names()).is_empty() => None,
        None | Some(None) => Some(finished::UNKNOWN),
        Some(Some(found)) if *found == made_from => None,
        Some(Some(_)) => Some("finished results of other inputs or parameters"),
    };
    match what {
        Some(what) if !arguments.force => return Err(finished::refusal(out, what).into()),
        _ => {}
    }
    if let Some(summary) = summary {
        clear(out, &summary, &kept)?;
        finished::remove(out, guard::files_of(&summary))?;
    }
    finished::remove(out, finished::ABOUT)?;
    Ok((made_from, lock))
}

/// Removes frames and folders of a series that a summary tells of, but for folders that are kept.
pub(crate) fn clear(out: &Path, summary: &Value, kept: &[&str]) -> Result<(), Failure> {
    let left = leftovers(out, summary, kept)?;
    finished::remove(out, &left)?;
    // Only where nothing else is in them.
    let folders: BTreeSet<&Path> = left.iter().filter_map(|file| file.parent()).collect();
    for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = fs::remove_dir(out.join(folder));
    }
    Ok(())
}

/// Frames and files in folders of a series that a summary tells of, but for folders that are kept; relative to `out`.
pub(crate) fn leftovers(out: &Path, summary: &Value, kept: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let names = summary[FILES].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_frame = |name: &&str| name.strip_prefix("frames/band_").is_some_and(is_numbers);
    let mut left: Vec<PathBuf> = names.filter(is_frame).map(PathBuf::from).collect();
    let times = summary[TIMES].as_array().into_iter().flatten();
    for folder in times.filter_map(|time| time["folder"].as_str()).filter(|folder| !kept.contains(folder)) {
        let mut parts = Path::new(folder).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            continue;
        }
        let Some(of_time) = finished::summary(&out.join(folder))? else { continue };
        let about = finished::ABOUT.iter().map(|name| (*name).to_owned());
        left.extend(guard::files_of(&of_time).into_iter().chain(about).map(|name| Path::new(folder).join(name)));
    }
    Ok(left)
}

/// `3_0012.png`
fn is_numbers(name: &str) -> bool {
    let parts = name.strip_suffix(".png").and_then(|name| name.split_once('_'));
    parts.is_some_and(|(a, b)| [a, b].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())))
}

fn frame_name(band: usize, time: usize) -> String {
    format!("{FRAMES}/band_{band}_{time:04}.png")
}

fn frame_names(times: usize) -> Vec<String> {
    (0..BANDS.len()).flat_map(|band| (0..times).map(move |time| frame_name(band, time))).collect()
}

/// Maps of all times in a file that goes when they are drawn, and what their colours must span.
struct Film {
    file: BufWriter<File>,
    _part: UnfinishedFile,
    shape: [usize; 2],
    /// Pixels by log₁₀ of the emission measure, a band each.
    histograms: Vec<Vec<u64>>,
}

/// Frames that were drawn, and the ends of the scale of each band, log₁₀.
struct Drawn {
    frames: Vec<String>,
    scales: Vec<[f32; 2]>,
}

impl Film {
    fn begin(out: &Path) -> Result<Self, Failure> {
        let path = out.join("frames.raw");
        let (part, file) = UnfinishedFile::create(&path).map_err(|error| Failure::of_file(path, error))?;
        let steps = ((LOGS[1] - LOGS[0]) / STEP) as usize;
        let histograms = vec![vec![0; steps]; BANDS.len()];
        Ok(Self { file: BufWriter::new(file), _part: part, shape: [0; 2], histograms })
    }

    /// Keeps the bands of a time.
    fn add(&mut self, found: &Overview) -> std::io::Result<()> {
        for (band, histogram) in found.bands.iter().zip(&mut self.histograms) {
            let logs = pictures::logarithms(&band.mean());
            self.shape = [logs.nrows(), logs.ncols()];
            for log in &logs {
                if log.is_finite() {
                    let last = histogram.len() - 1;
                    histogram[(((log - LOGS[0]) / STEP).max(0.0) as usize).min(last)] += 1;
                }
                self.file.write_all(&log.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Draws the frames.
    fn finish(self, out: &Path, times: usize) -> Result<Drawn, Box<dyn Error>> {
        let Self { file, _part, shape, histograms } = self;
        let scales: Vec<[f32; 2]> =
            histograms.iter().map(|h| pictures::ends(quantile(h, 0.01), quantile(h, 0.995))).collect();
        let folder = out.join(FRAMES);
        fs::create_dir_all(&folder).map_err(|error| Failure::of_file(&folder, error))?;
        let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let mut bytes = vec![0; 4 * shape[0] * shape[1]];
        for time in 0..times {
            for (band, scale) in scales.iter().enumerate() {
                file.read_exact(&mut bytes)?;
                let numbers = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
                let logs = Array2::from_shape_vec(shape, numbers)?;
                pictures::save(out, &frame_name(band, time), pictures::shades(&logs, &INFERNO, *scale).view())?;
            }
        }
        Ok(Drawn { frames: frame_names(times), scales })
    }
}

/// Of logarithms; 0 where there is none.
fn quantile(histogram: &[u64], quantile: f64) -> f32 {
    let wanted = ((histogram.iter().sum::<u64>() as f64 * quantile).ceil() as u64).max(1);
    let mut seen = 0;
    let bin = histogram.iter().position(|n| {
        seen += n;
        seen >= wanted
    });
    bin.map_or(0.0, |bin| LOGS[0] + (bin as f32 + 0.5) * STEP)
}

/// A page to look through the times.
fn page(groups: &[Group], rows: &[Value], scales: &[[f32; 2]]) -> String {
    let style = include_str!("page.css");
    let (first, last) = (groups.first().map(|g| g.time), groups.last().map(|g| g.time));
    let span = |time: Option<Time>| time.map_or(String::new(), |time| time.to_string());
    let mut body = format!(
        "<h1>Emission measure by temperature</h1><p class=lead>{} times from {} to {}.</p>\
         <p><input type=range id=at min=0 max={} value=0 style=\"width:100%\" aria-label=\"time\"> <b id=when></b></p><div class=panels>",
        groups.len(),
        span(first),
        span(last),
        groups.len().saturating_sub(1)
    );
    for (band, ([low, high], [from, to])) in BANDS.iter().zip(scales).enumerate() {
        let _ = write!(
            body,
            "<figure><figcaption style=\"padding-left:0\">log T {low} to {high}</figcaption><img data-band={band} src=\"{}\" alt=\"log T {low} to {high}\" \
             style=\"width:100%;image-rendering:pixelated\"><span class=quiet>dark to light: 10<sup>{from:.1}</sup> to 10<sup>{to:.1}</sup> cm⁻⁵; grey: no result, \
             or not above zero</span></figure>",
            frame_name(band, 0)
        );
    }
    body += "</div><h2>Times</h2><table><tr><th>time<th class=n>median χ² a channel<th>";
    for (group, row) in groups.iter().zip(rows) {
        let chi_squared = row["median_chi_squared"].as_f64().map_or("–".into(), |x| format!("{x:.2}"));
        let warnings = row["warnings"].as_array().map_or(0, Vec::len);
        let warned = match warnings {
            0 => String::new(),
            1 => "1 warning".into(),
            n => format!("{n} warnings"),
        };
        let _ = write!(
            body,
            "<tr><td><a href=\"{0}/{PAGE}\">{1}</a><td class=n>{chi_squared}<td>{warned}",
            group.folder, group.time
        );
    }
    body += "</table>";
    let times: Vec<String> = groups.iter().map(|group| group.time.to_string()).collect();
    let script = format!(
        "const times={};const show=()=>{{const i=document.getElementById('at').value;document.getElementById('when').textContent=times[i];\
         for(const image of document.querySelectorAll('img'))image.src='{FRAMES}/band_'+image.dataset.band+'_'+String(i).padStart(4,'0')+'.png'}};\
         document.getElementById('at').oninput=show;show()",
        json!(times)
    );
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>Emission measure, {} times</title><style>{style}</style><body>{body}<script>{script}</script></body></html>\n",
        groups.len()
    )
}
