//! Arrays in the `.npy` format, some rows at a time.

use crate::{
    options::EmissionOptions,
    source::{About, Axis},
};
use isopach::{
    compute::{Error as Failure, Result, UnfinishedFile},
    emission::{Real, TemperatureResponse},
};
use ndarray::{Array3, ArrayD, ArrayView3};
use std::{
    error::Error,
    fs::{self, File},
    io::{self, BufWriter, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// Counts and errors.
pub(crate) struct Arrays {
    counts: ArrayFile,
    sigma: ArrayFile,
    columns: usize,
    channels: usize,
}

/// An array that is read in parts.
struct ArrayFile {
    path: PathBuf,
    file: File,
    header: isopach_npy::NpyHeader,
}

impl ArrayFile {
    fn open(path: &Path) -> Result<Self> {
        let open = || -> io::Result<Self> {
            let mut file = File::open(path)?;
            let header = isopach_npy::read_header(&mut file)?;
            header.byte_count(file.metadata()?.len())?;
            Ok(Self {
                path: path.to_owned(),
                file,
                header,
            })
        };
        open().map_err(|error| Failure::of_file(path, error))
    }

    fn rows(&mut self, rows: Range<usize>) -> Result<Vec<f64>> {
        isopach_npy::read_rows(&mut self.file, &self.header, rows)
            .map_err(|error| Failure::of_file(&self.path, error))
    }
}

/// Opens counts and errors, and reads the response.
pub(crate) fn open(
    options: &EmissionOptions,
    counts: &Path,
    sigma: &Path,
) -> std::result::Result<(About, Arrays), Box<dyn Error>> {
    let names = vec![counts.display().to_string()];
    let counts = ArrayFile::open(counts)?;
    let sigma = ArrayFile::open(sigma)?;
    let shape = &counts.header.shape;
    let other = &sigma.header.shape;
    if shape != other {
        return Err(format!("counts have the shape {shape:?}, but their errors {other:?}").into());
    }
    let response = read_response(options)?;
    let Some((&channels, leading)) = shape.split_last() else {
        return Err("counts must have at least one axis, the channels".into());
    };
    if channels != response.channels.len() {
        let known = response.channels.len();
        return Err(format!(
            "counts have {channels} channels along their last axis, but the response {known}"
        )
        .into());
    }
    let levels = match options.saturation_level[..] {
        [] => None,
        [one] => Some(vec![one; channels]),
        ref many => Some(many.to_vec()),
    };
    if let Some(name) = options
        .degradation
        .iter()
        .find_map(|share| share.name.as_ref())
    {
        return Err(format!(
            "--degradation names {name}, but channels of .npy have no wavelengths: give shares in the order of the channels"
        )
        .into());
    }
    let left: Vec<f64> = options
        .degradation
        .iter()
        .map(|share| share.value)
        .collect();
    let (response, sensitivity) = match &left[..] {
        [] => (response, "that of the response as given".into()),
        left => (
            response.with_degradation(left)?,
            format!("of that of the response, by channel: {left:?}"),
        ),
    };
    let leading = leading.to_vec();
    let axes = [Axis::PIXELS; 2];
    let about = About {
        names,
        channels: (0..channels).map(|f| vec![f.to_string()]).collect(),
        response,
        leading,
        levels,
        sensitivity,
        axes,
        keywords: Vec::new(),
        warnings: Vec::new(),
    };
    let columns = about.leading.iter().skip(1).product();
    Ok((
        about,
        Arrays {
            counts,
            sigma,
            columns,
            channels,
        },
    ))
}

fn read_response(
    options: &EmissionOptions,
) -> std::result::Result<TemperatureResponse, Box<dyn Error>> {
    let Some(path) = &options.response else {
        return Ok(TemperatureResponse::aia());
    };
    if let Some(log_t) = &options.response_log_t {
        let table = isopach_npy::read(path)?;
        let log_t = isopach_npy::read(log_t)?.values;
        let [rows, channels] = table.shape[..] else {
            return Err(format!(
                "{} must have two axes: temperatures, channels",
                path.display()
            )
            .into());
        };
        if rows != log_t.len() {
            return Err(format!(
                "the response has {rows} temperatures, but --response-log-t {}",
                log_t.len()
            )
            .into());
        }
        let channel = |f: usize| {
            table
                .values
                .iter()
                .skip(f)
                .step_by(channels)
                .copied()
                .collect()
        };
        return Ok(TemperatureResponse {
            log_t,
            channels: (0..channels).map(channel).collect(),
        });
    }
    let text = fs::read_to_string(path).map_err(|error| Failure::of_file(path, error))?;
    let mut response = TemperatureResponse {
        log_t: vec![],
        channels: vec![],
    };
    for (i, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
    {
        let row: Vec<f64> = line
            .split(',')
            .map(|x| x.trim().parse().unwrap_or(f64::NAN))
            .collect();
        if response.channels.is_empty() {
            response.channels = vec![vec![]; row.len().saturating_sub(1)];
        }
        if row.len() != response.channels.len() + 1 || row.iter().any(|x| x.is_nan()) {
            return Err(format!(
                "{}, line {}: log10 T and a number a channel expected",
                path.display(),
                i + 1
            )
            .into());
        }
        response.log_t.push(row[0]);
        response
            .channels
            .iter_mut()
            .zip(&row[1..])
            .for_each(|(channel, x)| channel.push(*x));
    }
    Ok(response)
}

impl Arrays {
    pub(crate) fn read<T: Real>(&mut self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        let shape = (rows.len(), self.columns, self.channels);
        // A single pixel has its channels along the first axis.
        let along = if self.counts.header.shape.len() == 1 {
            0..self.channels
        } else {
            rows
        };
        let part = |file: &mut ArrayFile| -> Result<ArrayD<T>> {
            let values = file.rows(along.clone())?;
            let values = values.into_iter().map(T::from_f64).collect();
            Ok(Array3::from_shape_vec(shape, values)
                .map_err(Failure::source)?
                .into_dyn())
        };
        Ok([part(&mut self.counts)?, part(&mut self.sigma)?])
    }
}

/// An array that is written row by row, from the first to the last.
pub(crate) struct ArrayWriter {
    path: PathBuf,
    file: BufWriter<File>,
    part: UnfinishedFile,
}

/// A number of an array.
pub(crate) trait Item: Copy {
    /// The type's name in numpy.
    const DESCR: &'static str;
    fn put(self, to: &mut impl Write) -> std::io::Result<()>;
}

impl Item for f32 {
    const DESCR: &'static str = "<f4";
    fn put(self, to: &mut impl Write) -> std::io::Result<()> {
        to.write_all(&self.to_le_bytes())
    }
}

impl Item for f64 {
    const DESCR: &'static str = "<f8";
    fn put(self, to: &mut impl Write) -> std::io::Result<()> {
        to.write_all(&self.to_le_bytes())
    }
}

impl ArrayWriter {
    pub(crate) fn create<T: Item>(path: &Path, shape: &[usize]) -> Result<Self> {
        let create = || -> io::Result<Self> {
            let (part, file) = UnfinishedFile::create(path)?;
            let mut file = BufWriter::new(file);
            file.write_all(&isopach_npy::encode_header(T::DESCR, shape))?;
            Ok(Self {
                path: path.to_owned(),
                file,
                part,
            })
        };
        create().map_err(|error| Failure::of_file(path, error))
    }

    /// The next rows: shape (rows, columns, numbers of a pixel).
    pub(crate) fn write<T: Item>(&mut self, values: ArrayView3<'_, T>) -> Result<()> {
        let written = values.iter().try_for_each(|x| x.put(&mut self.file));
        written.map_err(|error| Failure::of_file(&self.path, error))
    }

    pub(crate) fn finish(self) -> Result<()> {
        let Self { path, file, part } = self;
        let finished = file
            .into_inner()
            .map_err(|error| error.into_error())
            .and_then(|file| part.complete(&file));
        finished.map_err(|error| Failure::of_file(path, error))
    }
}
