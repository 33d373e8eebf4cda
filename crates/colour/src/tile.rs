//! Colours tile by tile.

use crate::{
    Colour, ColourError, ImageCatalogue, Outcome, PlaceValues, Precedence, window::Window,
};
use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_compute::Result;
use isopach_raster::gather::Gather;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};
use std::sync::Arc;

/// Colours of points of a survey: an operation of the tile loop.
///
/// The results are the same bits for any tiles, threads and order of points: each point has its
/// colour by its coordinates. Points without one keep that of their file, or are 0 if it has none,
/// and are counted by the reason.
#[derive(Clone, Debug)]
pub struct ColourTiles {
    colour: Colour,
    images: Arc<ImageCatalogue>,
    kept: Columns,
}

/// Coloured points that a tile owns.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourTile {
    /// The points in the core with their attributes, coloured.
    pub points: Cloud,
    /// Their vegetation index, if it is wanted; NaN where there is none.
    pub ndvi: Option<Vec<f32>>,
    /// The outcome of each of them.
    pub counts: ColourCounts,
    /// Points coloured from each image, in the order of the catalogue.
    pub of_images: Vec<u64>,
}

/// Numbers of points by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColourCounts {
    /// With a colour of an image.
    pub coloured: u64,
    /// Outside all images.
    pub outside: u64,
    /// Covered by images that have no value there.
    pub masked: u64,
    /// Returns beyond the first, which were not asked.
    pub not_first_returns: u64,
    /// Coloured, but without a vegetation index: infrared and red are both 0.
    pub without_ndvi: u64,
}

impl ColourCounts {
    /// The sums.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            coloured: self.coloured + other.coloured,
            outside: self.outside + other.outside,
            masked: self.masked + other.masked,
            not_first_returns: self.not_first_returns + other.not_first_returns,
            without_ndvi: self.without_ndvi + other.without_ndvi,
        }
    }
}

/// Bytes of a point while it is looked up: its place, twice, its window, and what is found.
const LOOKED_UP: u64 = 160;
/// Bytes of a point while points are ordered by their times.
const TIMED: u64 = 8 + 32;

impl ColourTiles {
    /// Colours of a survey's points, whose results have the columns `kept` as well.
    ///
    /// # Errors
    /// As [`Colour::check`].
    pub fn new(colour: Colour, images: Arc<ImageCatalogue>, kept: Columns) -> Result<Self> {
        colour.check(&images)?;
        Ok(Self {
            colour,
            images,
            kept,
        })
    }

    /// The columns of the results: those that are kept, and the colours.
    #[must_use]
    pub fn written(&self) -> Columns {
        let colours = if self.images.has_infrared() {
            Columns::RGB | Columns::NIR
        } else {
            Columns::RGB
        };
        self.kept | colours
    }

    /// Whether the order of the images depends on the time of a point.
    fn needs_times(&self) -> bool {
        matches!(self.images.precedence(), Precedence::PointTime { .. })
    }

    /// The images.
    #[must_use]
    pub fn images(&self) -> &Arc<ImageCatalogue> {
        &self.images
    }

    /// Puts the colours that were found in the place of those of the file.
    fn paint(&self, points: &mut Cloud, values: &PlaceValues) {
        let images = self.images.images();
        let count = points.len();
        let attributes = &mut points.attributes;
        let colours = attributes.rgb.get_or_insert_with(|| vec![[0; 3]; count]);
        for (place, colour) in colours.iter_mut().enumerate() {
            if let Some(image) = values.image(place) {
                let [red, green, blue, _] = values.samples[place];
                *colour =
                    [red, green, blue].map(|sample| self.colour.colour_of(&images[image], sample));
            }
        }
        if !self.images.has_infrared() {
            return;
        }
        let infrared = attributes.nir.get_or_insert_with(|| vec![0; count]);
        for (place, infrared) in infrared.iter_mut().enumerate() {
            if let Some(image) = values.image(place) {
                let sample = values.samples[place][3];
                *infrared = self.colour.colour_of(&images[image], sample);
            }
        }
    }

    /// Counts what became of the points.
    fn count(&self, values: &PlaceValues, ndvi: Option<&[f32]>) -> (ColourCounts, Vec<u64>) {
        let mut counts = ColourCounts::default();
        let mut of_images = vec![0; self.images.images().len()];
        for place in 0..values.len() {
            match values.outcome(place) {
                Outcome::Coloured => counts.coloured += 1,
                Outcome::Outside => counts.outside += 1,
                Outcome::Masked => counts.masked += 1,
                Outcome::NotAsked => counts.not_first_returns += 1,
            }
            if let Some(image) = values.image(place) {
                of_images[image] += 1;
                counts.without_ndvi += u64::from(ndvi.is_some_and(|ndvi| ndvi[place].is_nan()));
            }
        }
        (counts, of_images)
    }
}

impl<B: Gather + ?Sized> TileOperation<1, B> for ColourTiles {
    type Output = ColourTile;

    fn halo(&self) -> f64 {
        0.0
    }

    fn columns(&self) -> Columns {
        let mut columns = self.kept;
        if self.colour.only_first_returns {
            columns |= Columns::RETURNS;
        }
        if self.needs_times() {
            columns |= Columns::GPS_TIME;
        }
        columns
    }

    /// A copy of the points with their colours, what is found of them, and a window of pixels, with
    /// the blocks that made room in the cache while they are copied.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let windows = self.images.images().iter().map(|image| {
            let bands = image.bands().looked_up().len();
            let window = Window::most_bytes(bands, image.description().samples);
            window + image.most_bytes_beside_cache()
        });
        let times = if self.needs_times() { TIMED } else { 0 };
        let row = 12 + Attributes::bytes_per_point(self.written()) + 4 + LOOKED_UP + times;
        let window = windows.max().unwrap_or(0);
        load.points().saturating_mul(row).saturating_add(window)
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<ColourTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        let mut points = cloud.select(&owned);
        let mut returns = None;
        if self.colour.only_first_returns {
            returns = points.attributes.returns.clone();
            if returns.is_none() {
                return Err(ColourError::NoReturns.into());
            }
        }
        let times = points.attributes.gps_time.clone();
        let times = times.filter(|_| self.needs_times());
        points.attributes.retain(self.kept);
        let positions = points.positions();
        let places: Vec<[f64; 2]> = (0..positions.len())
            .map(|i| {
                let [east, north, _] = positions.absolute(i);
                [east, north]
            })
            .collect();
        let is_asked = |i: usize| returns.as_ref().is_none_or(|returns| returns[i][0] <= 1);
        let values =
            self.colour
                .values_where(on, &self.images, &places, times.as_deref(), is_asked)?;
        let ndvi: Option<Vec<f32>> = self
            .colour
            .ndvi
            .then(|| (0..values.len()).map(|i| values.ndvi(i) as f32).collect());
        self.paint(&mut points, &values);
        let (counts, of_images) = self.count(&values, ndvi.as_deref());
        Ok(ColourTile {
            points,
            ndvi,
            counts,
            of_images,
        })
    }
}

impl Encode for ColourTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.points.encode_into(to);
        self.ndvi.is_some().encode_into(to);
        if let Some(ndvi) = &self.ndvi {
            ndvi.encode_into(to);
        }
        self.counts.encode_into(to);
        self.of_images.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let points = Cloud::decode_from(from)?;
        let mut ndvi = None;
        if bool::decode_from(from)? {
            ndvi = Some(Vec::<f32>::decode_from(from)?);
        }
        let counts = ColourCounts::decode_from(from)?;
        let of_images = Encode::decode_from(from)?;
        let is_whole = ndvi.as_ref().is_none_or(|ndvi| ndvi.len() == points.len());
        is_whole.then_some(Self {
            points,
            ndvi,
            counts,
            of_images,
        })
    }
}

impl Encode for ColourCounts {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        let Self {
            coloured,
            outside,
            masked,
            not_first_returns,
            without_ndvi,
        } = *self;
        [coloured, outside, masked, not_first_returns, without_ndvi].encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let [coloured, outside, masked, not_first_returns, without_ndvi] =
            Encode::decode_from(from)?;
        Some(Self {
            coloured,
            outside,
            masked,
            not_first_returns,
            without_ndvi,
        })
    }
}
