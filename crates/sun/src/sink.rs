//! Writers of results while blocks arrive: cubes of a FITS file, or one `.npy` file for each array.

use crate::{
    BANDS,
    arrays::{ArrayWriter, Item},
    options::{Compress, EmissionOptions, Format, Output},
    source::{About, CubeKeyword},
};
use clap::ValueEnum as _;
use isopach::{
    compute::{Error, Result},
    emission::{Inversion, MonteCarlo, PixelStatus, Real, RowBlock, Spread},
    fits::{Cube, CubeFile, CubeSample, KeywordValue, Packing, Precision},
    tiling::Encode,
};
use ndarray::{ArrayD, ArrayView3, Ix3};
use std::path::PathBuf;

/// `f32` or `f64`.
pub(crate) trait Number: Real + CubeSample + Item + Encode {}
impl Number for f32 {}
impl Number for f64 {}

/// Files that are open.
pub(crate) struct Sink {
    fields: Vec<Field>,
    files: Files,
}

enum Files {
    Fits(CubeFile),
    Npy {
        arrays: Vec<ArrayWriter>,
        edges: (PathBuf, Vec<f64>),
    },
}

/// The file of cubes.
const CUBES: &str = "emission.fits";
/// The file of the edges of bins, next to the arrays.
const EDGES: &str = "log_t_edges.npy";

/// Names of the files that a [`Sink`] may write.
pub(crate) fn all_file_names() -> Vec<String> {
    let of = |format| names(format, Output::value_variants(), true);
    [of(Format::Fits), of(Format::Npy)].concat()
}

/// Names of the files that a [`Sink`] writes.
pub(crate) fn file_names(options: &EmissionOptions) -> Vec<String> {
    names(
        options.format_of_outputs(),
        &options.outputs,
        options.monte_carlo.is_some(),
    )
}

fn names(format: Format, outputs: &[Output], has_draws: bool) -> Vec<String> {
    match format {
        Format::Fits => vec![CUBES.into()],
        Format::Npy => {
            let arrays = Field::of(outputs, has_draws)
                .into_iter()
                .map(Field::array_name);
            std::iter::once(EDGES.into()).chain(arrays).collect()
        }
    }
}

/// An array of a file.
#[derive(Clone, Copy)]
enum Field {
    Asked(Output),
    Dropped,
    Saturated,
    /// Results of draws: mean, scatter, number of draws with a result.
    DrawsMean,
    DrawsDeviation,
    DrawsUsed,
}

impl Field {
    fn of(outputs: &[Output], has_draws: bool) -> Vec<Self> {
        let draws = [Self::DrawsMean, Self::DrawsDeviation, Self::DrawsUsed];
        let draws = draws.into_iter().filter(|_| has_draws);
        outputs
            .iter()
            .flat_map(|output: &Output| match output {
                Output::Status => vec![Self::Asked(Output::Status), Self::Dropped, Self::Saturated],
                other => vec![Self::Asked(*other)],
            })
            .chain(draws)
            .collect()
    }

    fn name(self) -> String {
        match self {
            Self::Asked(output) => output.to_string(),
            Self::Dropped => "dropped".into(),
            Self::Saturated => "saturated".into(),
            Self::DrawsMean => "draws_mean".into(),
            Self::DrawsDeviation => "draws_deviation".into(),
            Self::DrawsUsed => "draws_used".into(),
        }
    }

    /// The name of its own file.
    fn array_name(self) -> String {
        self.name() + ".npy"
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Asked(Output::Emission | Output::Uncertainty | Output::Bands)
            | Self::DrawsMean
            | Self::DrawsDeviation => "cm-5",
            Self::Asked(Output::Resolution) => "dex",
            Self::Asked(Output::Synthetic) => "DN/s",
            Self::Asked(Output::Temperature) => "K",
            _ => "",
        }
    }

    /// Axes after those of the pixels.
    fn cube_shape(self, inversion: &Inversion) -> Vec<usize> {
        let bins = inversion.bins();
        match self {
            _ if self.is_by_bin() => vec![bins],
            Self::Asked(Output::Kernel) => vec![bins, bins],
            Self::Asked(Output::Synthetic) => vec![inversion.channels()],
            Self::Asked(Output::Bands) => vec![BANDS.len()],
            _ => vec![],
        }
    }

    /// A number a bin.
    fn is_by_bin(self) -> bool {
        matches!(
            self,
            Self::Asked(Output::Emission | Output::Uncertainty | Output::Resolution)
                | Self::DrawsMean
                | Self::DrawsDeviation
        )
    }

    /// Packing in a compressed cube: arrays with many numbers a pixel may be rounded.
    fn cube_packing(self, compress: Compress) -> Packing {
        let is_large = self.is_by_bin() || matches!(self, Self::Asked(Output::Kernel));
        if compress == Compress::Rice && is_large {
            Packing::Rounded
        } else {
            Packing::Lossless
        }
    }

    /// Precision in a cube: whole numbers as such, λ always in double precision.
    fn cube_precision<T: CubeSample>(self) -> Precision {
        match self {
            Self::Asked(Output::Status) => Precision::Byte,
            Self::Asked(Output::Iterations) | Self::Dropped | Self::Saturated | Self::DrawsUsed => {
                Precision::Whole
            }
            Self::Asked(Output::Lambda) => Precision::Double,
            Self::Asked(_) | Self::DrawsMean | Self::DrawsDeviation => T::PRECISION,
        }
    }

    /// Always in double precision in arrays: whole numbers and λ.
    fn is_double(self) -> bool {
        matches!(
            self,
            Self::Asked(Output::Lambda | Output::Iterations | Output::Status)
                | Self::Dropped
                | Self::Saturated
                | Self::DrawsUsed
        )
    }

    fn cube_keywords(self, inversion: &Inversion) -> Vec<CubeKeyword> {
        match self {
            Self::Asked(Output::Bands) => {
                numbered_axis("BAND", BANDS.iter().enumerate().map(band_keyword).collect())
            }
            _ if self.is_by_bin() => {
                let edges = &inversion.log_t_edges;
                let keywords = edges.iter().enumerate().map(edge_keyword).collect();
                match even_step(edges) {
                    Some(step) => temperature_axis(edges[0] + 0.5 * step, step, keywords),
                    None => numbered_axis("BIN", keywords),
                }
            }
            Self::Asked(Output::Kernel) => numbered_axis(
                "BINPAIR",
                inversion
                    .log_t_edges
                    .iter()
                    .enumerate()
                    .map(edge_keyword)
                    .collect(),
            ),
            Self::Asked(Output::Synthetic) => numbered_axis("CHANNEL", vec![]),
            Self::Asked(Output::Status) => numbered_axis("PLANE", status_legend()),
            Self::Dropped | Self::Saturated => numbered_axis("PLANE", stored_bits()),
            _ => numbered_axis("PLANE", vec![]),
        }
    }
}

/// The keyword of a band.
fn band_keyword((i, [low, high]): (usize, &[f64; 2])) -> (String, KeywordValue, String) {
    (
        format!("BAND{i:03}"),
        KeywordValue::Text(format!("{low} {high}")),
        "log10 T (K) from, to".into(),
    )
}

/// The keyword of an edge of the bins.
fn edge_keyword((i, x): (usize, &f64)) -> (String, KeywordValue, String) {
    (
        format!("EDGE{i:03}"),
        KeywordValue::Number(*x),
        "log10 T (K), edge of bins".into(),
    )
}

/// The step of edges that lie at equal distances.
fn even_step(edges: &[f64]) -> Option<f64> {
    let first = edges.first()?;
    let last = edges.last()?;
    let step = (last - first) / (edges.len() - 1) as f64;
    edges
        .iter()
        .enumerate()
        .all(|(i, edge): (usize, &f64)| (edge - (first + step * i as f64)).abs() < 1e-9)
        .then_some(step)
}

/// A third axis that is linear in log10 T (a name that ends in -LOG would make readers take it for
/// logarithmic).
fn temperature_axis(first: f64, step: f64, mut keywords: Vec<CubeKeyword>) -> Vec<CubeKeyword> {
    keywords.push((
        "CTYPE3".into(),
        KeywordValue::Text("LOGT".into()),
        "log10 of the temperature in K, linear".into(),
    ));
    keywords.push((
        "CRPIX3".into(),
        KeywordValue::Number(1.0),
        "the first bin".into(),
    ));
    keywords.push((
        "CRVAL3".into(),
        KeywordValue::Number(first),
        "its middle".into(),
    ));
    keywords.push((
        "CDELT3".into(),
        KeywordValue::Number(step),
        "width of a bin".into(),
    ));
    keywords
}

/// A third axis of numbers from 1.
fn numbered_axis(name: &str, mut keywords: Vec<CubeKeyword>) -> Vec<CubeKeyword> {
    keywords.push((
        "CTYPE3".into(),
        KeywordValue::Text(name.into()),
        "numbers from 1".into(),
    ));
    for keyword in ["CRPIX3", "CRVAL3", "CDELT3"] {
        keywords.push((keyword.into(), KeywordValue::Number(1.0), String::new()));
    }
    keywords
}

/// Keywords that explain the bits of a number.
fn stored_bits() -> Vec<CubeKeyword> {
    vec![(
        "COMMENT".into(),
        KeywordValue::Text("bit n is channel CHANn, bit 0 the least".into()),
        String::new(),
    )]
}

/// Keywords that explain the numbers of a status.
fn status_legend() -> Vec<CubeKeyword> {
    let alone = [
        PixelStatus::Converged,
        PixelStatus::ChannelDropped,
        PixelStatus::PositivityNotReached,
        PixelStatus::NoChannel,
        PixelStatus::OutOfRange,
        PixelStatus::NegativeWithinError,
        PixelStatus::TargetNotReached,
    ];
    let mut lines: Vec<String> = alone
        .iter()
        .map(|status| format!("status {}: {status}", status.code()))
        .collect();
    for status in [
        PixelStatus::BadInput { channel: 0 },
        PixelStatus::Saturated { channel: 0 },
    ] {
        lines.push(format!(
            "status {} + n: {}",
            status.code(),
            status.to_string().replace("channel 0", "channel CHANn")
        ));
    }
    vec![(
        "COMMENT".into(),
        KeywordValue::Text(lines.join("\n")),
        String::new(),
    )]
}

impl Sink {
    /// Opens files for pixels of the shape `leading`, which are `[rows, columns]` to FITS.
    pub(crate) fn create<T: Number>(
        options: &EmissionOptions,
        inversion: &Inversion,
        about: &About,
        [rows, columns]: [usize; 2],
        history: &[CubeKeyword],
    ) -> Result<Self> {
        let leading = &about.leading;
        let out = &options.out;
        let compress = options.compress;
        let fields = Field::of(&options.outputs, options.monte_carlo.is_some());
        let cube = |field: &Field| Cube {
            name: field.name().to_uppercase(),
            unit: field.unit().into(),
            shape: [field.cube_shape(inversion).iter().product(), rows, columns],
            precision: field.cube_precision::<T>(),
            keywords: [
                field.cube_keywords(inversion),
                about.keywords.clone(),
                history.to_vec(),
            ]
            .concat(),
        };
        let array = |field: &Field| {
            let path = out.join(field.array_name());
            let shape = [leading.as_slice(), &field.cube_shape(inversion)].concat();
            if field.is_double() {
                ArrayWriter::create::<f64>(&path, &shape)
            } else {
                ArrayWriter::create::<T>(&path, &shape)
            }
        };
        let files = match options.format_of_outputs() {
            Format::Fits if compress != Compress::None => {
                let cubes: Vec<_> = fields
                    .iter()
                    .map(|field| (cube(field), field.cube_packing(compress)))
                    .collect();
                Files::Fits(CubeFile::create_packed(out.join(CUBES), &cubes)?)
            }
            Format::Fits => {
                let cubes: Vec<Cube> = fields.iter().map(cube).collect();
                Files::Fits(CubeFile::create(out.join(CUBES), &cubes)?)
            }
            Format::Npy => {
                let edges = (out.join(EDGES), inversion.log_t_edges.clone());
                Files::Npy {
                    arrays: fields.iter().map(array).collect::<Result<_>>()?,
                    edges,
                }
            }
        };
        Ok(Self { fields, files })
    }

    /// Bytes a pixel that writing needs for a while.
    pub(crate) fn bytes_per_pixel<T>() -> u64 {
        // Sixteen planes of a cube, the bands, mean temperature, and a number in double precision.
        16 * size_of::<T>() as u64 + (BANDS.len() as u64 + 2) * size_of::<T>() as u64 + 8
    }

    /// Bytes a pixel of draws: mean and scatter in the precision of the rest.
    pub(crate) fn bytes_per_pixel_of_draws<T>(inversion: &Inversion) -> u64 {
        MonteCarlo::bytes_per_pixel(inversion) + (2 * size_of::<T>() * inversion.bins()) as u64
    }

    /// Writes a block; its bands, mean temperature and draws are given.
    pub(crate) fn write<T: Number>(
        &mut self,
        block: &RowBlock<T>,
        bands: &ArrayD<T>,
        temperature: &ArrayD<T>,
        spread: Option<&Spread>,
    ) -> Result<()> {
        let first = block.rows.start;
        let map = &block.map;
        for (i, field) in self.fields.iter().enumerate() {
            let real = match field {
                Field::Asked(Output::Emission) => Some(&map.emission),
                Field::Asked(Output::Uncertainty) => map.uncertainty.as_ref(),
                Field::Asked(Output::Resolution) => map.log_t_resolution.as_ref(),
                Field::Asked(Output::Kernel) => map.averaging_kernel.as_ref(),
                Field::Asked(Output::Synthetic) => Some(&map.synthetic),
                Field::Asked(Output::Bands) => Some(bands),
                Field::Asked(Output::Temperature) => Some(temperature),
                Field::Asked(Output::Chi2) => Some(&map.chi_squared),
                _ => None,
            };
            if let Some(real) = real {
                self.files.write(i, first, pixels(real)?)?;
            }
            match field {
                Field::Asked(Output::Lambda) => self.files.write(i, first, pixels(&map.lambda)?)?,
                Field::Asked(Output::Status) => {
                    self.files
                        .write_whole(i, first, &map.status.mapv(PixelStatus::code))?
                }
                Field::Asked(Output::Iterations) => {
                    self.files
                        .write_whole(i, first, &map.iterations.mapv(|n| n as i32))?
                }
                // Bits of channels: the sign is one of them.
                Field::Dropped => {
                    self.files
                        .write_whole(i, first, &map.dropped.mapv(|bits| bits as i32))?
                }
                Field::Saturated => {
                    self.files
                        .write_whole(i, first, &map.saturated.mapv(|bits| bits as i32))?
                }
                Field::DrawsUsed => {
                    if let Some(spread) = spread {
                        self.files
                            .write_whole(i, first, &spread.used.mapv(|n| n as i32))?;
                    }
                }
                Field::DrawsMean | Field::DrawsDeviation => {
                    if let Some(Spread {
                        mean, deviation, ..
                    }) = spread
                    {
                        let array = if matches!(field, Field::DrawsMean) {
                            mean
                        } else {
                            deviation
                        };
                        self.files
                            .write(i, first, pixels(&array.mapv(T::from_f64))?)?;
                    }
                }
                Field::Asked(_) => {}
            }
        }
        Ok(())
    }

    /// Names of the cubes that were rounded, and their largest errors.
    pub(crate) fn largest_errors(&self) -> Vec<(String, f64)> {
        let Files::Fits(file) = &self.files else {
            return Vec::new();
        };
        let errors = self
            .fields
            .iter()
            .enumerate()
            .map(|(i, field)| (field.name(), file.largest_error(i)));
        errors.filter(|(_, error)| *error > 0.0).collect()
    }

    pub(crate) fn finish(self) -> Result<()> {
        match self.files {
            Files::Fits(file) => file.finish(),
            Files::Npy {
                arrays,
                edges: (path, edges),
            } => {
                isopach_npy::write(&path, &[edges.len()], &edges)
                    .map_err(|error| Error::of_file(&path, error))?;
                arrays.into_iter().try_for_each(ArrayWriter::finish)
            }
        }
    }
}

impl Files {
    fn write<T: CubeSample + Item>(
        &mut self,
        i: usize,
        first: usize,
        values: ArrayView3<'_, T>,
    ) -> Result<()> {
        match self {
            Self::Fits(file) => file.write_rows(i, first, values.permuted_axes([2, 0, 1])),
            Self::Npy { arrays, .. } => arrays[i].write(values),
        }
    }

    /// Whole numbers, which arrays have in double precision.
    fn write_whole<T: CubeSample + Into<f64>>(
        &mut self,
        i: usize,
        first: usize,
        values: &ArrayD<T>,
    ) -> Result<()> {
        match self {
            Self::Fits(file) => file.write_rows(i, first, pixels(values)?.permuted_axes([2, 0, 1])),
            Self::Npy { arrays, .. } => arrays[i].write(pixels(&values.mapv(Into::<f64>::into))?),
        }
    }
}

/// A view as (rows, columns, numbers of a pixel).
fn pixels<T>(array: &ArrayD<T>) -> Result<ArrayView3<'_, T>> {
    let rows = array.shape()[0];
    let columns = array.shape()[1];
    let numbers = array.shape()[2..].iter().product::<usize>();
    let view = array
        .view()
        .into_shape_with_order((rows, columns, numbers))
        .map_err(Error::source)?;
    view.into_dimensionality::<Ix3>().map_err(Error::source)
}
