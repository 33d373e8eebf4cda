//! Rows of results as bytes and back, bit by bit. All numbers of a row are adjacent, so that bytes
//! do not depend on the number of rows that fit the memory, and rows of several blocks can be
//! gathered.

use crate::sink::Number;
use isopach::{
    compute::{Error, Result},
    emission::{EmissionMap, Inversion, Outputs, PixelStatus, RowBlock, Spread},
    tiling::{Encode, ResultReader, ResultWriter},
};
use ndarray::{ArrayD, Axis, IxDyn};

/// Which numbers a pixel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    columns: usize,
    bins: usize,
    channels: usize,
    outputs: Outputs,
    has_draws: bool,
}

impl Layout {
    pub(super) fn of(inversion: &Inversion, columns: usize, has_draws: bool) -> Self {
        let bins = inversion.bins();
        let channels = inversion.channels();
        Self {
            columns,
            bins,
            channels,
            outputs: inversion.outputs,
            has_draws,
        }
    }

    /// Bytes of a row.
    pub(super) fn bytes_a_row<T: Number>(&self) -> u64 {
        let Outputs {
            uncertainty,
            log_t_resolution,
            averaging_kernel,
        } = self.outputs;
        let bins = self.bins as u64;
        let channels = self.channels as u64;
        let rows = 1 + u64::from(uncertainty) + u64::from(log_t_resolution);
        let kernel = if averaging_kernel { bins * bins } else { 0 };
        let draws = if self.has_draws { 16 * bins + 4 } else { 0 };
        // χ²; λ, iterations, status, dropped and saturated channels.
        let pixel = size_of::<T>() as u64 * (rows * bins + kernel + channels + 1)
            + 8
            + 4
            + 1
            + 4
            + 4
            + draws;
        self.columns as u64 * pixel
    }

    /// Appends the rows of a block.
    pub(super) fn store<T: Number>(
        &self,
        block: &RowBlock<T>,
        spread: Option<&Spread>,
        to: &mut ResultWriter<'_>,
    ) {
        let EmissionMap {
            emission,
            uncertainty,
            log_t_resolution,
            averaging_kernel,
            chi_squared,
            synthetic,
            lambda,
            iterations,
            status,
            dropped,
            saturated,
            inverted_again: _, // a number of the whole block, which stands behind its rows
        } = &block.map;
        let codes = status.mapv(PixelStatus::code);
        for row in 0..block.rows.len() {
            put(Some(emission), row, to);
            put(uncertainty.as_ref(), row, to);
            put(log_t_resolution.as_ref(), row, to);
            put(averaging_kernel.as_ref(), row, to);
            put(Some(chi_squared), row, to);
            put(Some(synthetic), row, to);
            put(Some(lambda), row, to);
            put(Some(iterations), row, to);
            put(Some(&codes), row, to);
            put(Some(dropped), row, to);
            put(Some(saturated), row, to);
            if let Some(Spread {
                mean,
                deviation,
                used,
            }) = spread
            {
                put(Some(mean), row, to);
                put(Some(deviation), row, to);
                put(Some(used), row, to);
            }
        }
    }
}

fn put<A: Encode>(array: Option<&ArrayD<A>>, row: usize, to: &mut ResultWriter<'_>) {
    if let Some(array) = array {
        array
            .index_axis(Axis(0), row)
            .iter()
            .for_each(|x| x.encode_into(to));
    }
}

/// Takes `len` numbers, if they are wanted.
fn take<A: Encode>(
    is_wanted: bool,
    count: usize,
    from: &mut ResultReader<'_>,
    to: &mut Vec<A>,
) -> Option<()> {
    for _ in 0..if is_wanted { count } else { 0 } {
        to.push(A::decode_from(from)?);
    }
    Some(())
}

/// Rows that are gathered from blocks.
pub(super) struct Rows<T> {
    layout: Layout,
    /// The number of the first row in the image, and the number of rows.
    first: usize,
    len: usize,
    numbers: Numbers<T>,
    /// Pixels that were inverted again, of blocks that have ended.
    pub(super) inverted_again: usize,
}

/// As in [`EmissionMap`] and [`Spread`]; unwanted arrays are empty.
struct Numbers<T> {
    emission: Vec<T>,
    uncertainty: Vec<T>,
    log_t_resolution: Vec<T>,
    averaging_kernel: Vec<T>,
    chi_squared: Vec<T>,
    synthetic: Vec<T>,
    lambda: Vec<f64>,
    iterations: Vec<u32>,
    status: Vec<PixelStatus>,
    dropped: Vec<u32>,
    saturated: Vec<u32>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    used: Vec<u32>,
}

impl<T: Number> Numbers<T> {
    /// Buffers with room for `rows` rows.
    fn with_room(layout: &Layout, rows: usize) -> Self {
        fn room<A>(is_wanted: bool, count: usize) -> Vec<A> {
            Vec::with_capacity(if is_wanted { count } else { 0 })
        }
        let Layout {
            bins,
            channels,
            outputs,
            has_draws,
            ..
        } = *layout;
        let pixels = rows * layout.columns;
        Self {
            emission: room(true, pixels * bins),
            uncertainty: room(outputs.uncertainty, pixels * bins),
            log_t_resolution: room(outputs.log_t_resolution, pixels * bins),
            averaging_kernel: room(outputs.averaging_kernel, pixels * bins * bins),
            chi_squared: room(true, pixels),
            synthetic: room(true, pixels * channels),
            lambda: room(true, pixels),
            iterations: room(true, pixels),
            status: room(true, pixels),
            dropped: room(true, pixels),
            saturated: room(true, pixels),
            mean: room(has_draws, pixels * bins),
            deviation: room(has_draws, pixels * bins),
            used: room(has_draws, pixels),
        }
    }

    /// Restores the next row; `None` if the bytes are invalid.
    fn restore(&mut self, layout: &Layout, from: &mut ResultReader<'_>) -> Option<()> {
        let Layout {
            columns,
            bins,
            channels,
            outputs,
            has_draws,
        } = *layout;
        take(true, columns * bins, from, &mut self.emission)?;
        take(
            outputs.uncertainty,
            columns * bins,
            from,
            &mut self.uncertainty,
        )?;
        take(
            outputs.log_t_resolution,
            columns * bins,
            from,
            &mut self.log_t_resolution,
        )?;
        take(
            outputs.averaging_kernel,
            columns * bins * bins,
            from,
            &mut self.averaging_kernel,
        )?;
        take(true, columns, from, &mut self.chi_squared)?;
        take(true, columns * channels, from, &mut self.synthetic)?;
        take(true, columns, from, &mut self.lambda)?;
        take(true, columns, from, &mut self.iterations)?;
        for _ in 0..columns {
            self.status
                .push(PixelStatus::from_code(u8::decode_from(from)?)?);
        }
        take(true, columns, from, &mut self.dropped)?;
        take(true, columns, from, &mut self.saturated)?;
        take(has_draws, columns * bins, from, &mut self.mean)?;
        take(has_draws, columns * bins, from, &mut self.deviation)?;
        take(has_draws, columns, from, &mut self.used)
    }
}

impl<T: Number> Rows<T> {
    /// An empty part at the beginning of an image.
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            first: 0,
            len: 0,
            numbers: Numbers::with_room(&layout, 0),
            inverted_again: 0,
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds the next row; `None` if the bytes are invalid. `room`: expected total of rows before
    /// they are taken.
    pub(super) fn restore(&mut self, from: &mut ResultReader<'_>, room: usize) -> Option<()> {
        if self.len == 0 {
            self.numbers = Numbers::with_room(&self.layout, room);
        }
        self.numbers.restore(&self.layout, from)?;
        self.len += 1;
        Some(())
    }

    /// Takes those that there are, so that the next ones follow.
    pub(super) fn take(&mut self) -> Result<(RowBlock<T>, Option<Spread>)> {
        let Layout {
            columns,
            bins,
            channels,
            outputs,
            has_draws,
        } = self.layout;
        let rows = self.first..self.first + self.len;
        let numbers = std::mem::replace(&mut self.numbers, Numbers::with_room(&self.layout, 0));
        let pixels = [self.len, columns];
        let by_bin = [self.len, columns, bins];
        let map = EmissionMap {
            emission: read_array(&by_bin, numbers.emission)?,
            uncertainty: outputs
                .uncertainty
                .then(|| read_array(&by_bin, numbers.uncertainty))
                .transpose()?,
            log_t_resolution: outputs
                .log_t_resolution
                .then(|| read_array(&by_bin, numbers.log_t_resolution))
                .transpose()?,
            averaging_kernel: outputs
                .averaging_kernel
                .then(|| read_array(&[self.len, columns, bins, bins], numbers.averaging_kernel))
                .transpose()?,
            chi_squared: read_array(&pixels, numbers.chi_squared)?,
            synthetic: read_array(&[self.len, columns, channels], numbers.synthetic)?,
            lambda: read_array(&pixels, numbers.lambda)?,
            iterations: read_array(&pixels, numbers.iterations)?,
            status: read_array(&pixels, numbers.status)?,
            dropped: read_array(&pixels, numbers.dropped)?,
            saturated: read_array(&pixels, numbers.saturated)?,
            inverted_again: std::mem::take(&mut self.inverted_again),
        };
        let spread = |(mean, deviation, used)| -> Result<Spread> {
            Ok(Spread {
                mean: read_array(&by_bin, mean)?,
                deviation: read_array(&by_bin, deviation)?,
                used: read_array(&pixels, used)?,
            })
        };
        let draws = (numbers.mean, numbers.deviation, numbers.used);
        let spread = has_draws.then(|| spread(draws)).transpose()?;
        (self.first, self.len) = (rows.end, 0);
        Ok((RowBlock { rows, map }, spread))
    }
}

fn read_array<A>(shape: &[usize], numbers: Vec<A>) -> Result<ArrayD<A>> {
    ArrayD::from_shape_vec(IxDyn(shape), numbers).map_err(Error::source)
}
