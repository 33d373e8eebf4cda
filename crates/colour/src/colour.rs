//! Colours of places.

use crate::{
    CataloguedImage, ColourError, ImageCatalogue, LevelChoice,
    precedence::{OrderedPlaces, check_times},
    window::{SIDE, Window},
};
use isopach_compute::{Error, Result};
use isopach_raster::gather::{Edges, Gather, Gathering};

/// How points are coloured. Results depend on these, the images and the coordinates alone.
///
/// ```
/// use isopach_colour::{Colour, Cpu, ImageCatalogue, Precedence};
/// use isopach_raster::{Crs, GeoTiffBlocks, Grid, Raster, write_geotiff};
/// use std::sync::Arc;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("grey.tif");
/// let grid = Grid { cell_size: 0.5, first: [1_000_000, 10_000_000], columns: 2, rows: 1 };
/// write_geotiff(&path, &Raster::from_rows(grid, vec![0.25, 0.75])?, &Crs::from_epsg(32631))?;
///
/// let image = GeoTiffBlocks::open(&path)?;
/// let images = ImageCatalogue::new(vec![Arc::new(image)], Precedence::First, 64 << 20)?;
/// let colour = Colour { range: Some([0.0, 1.0]), ..Colour::default() };
/// let places = [[500_000.5, 5_000_000.25], [500_002.0, 5_000_000.25]];
/// let found = colour.values_at(&Cpu, &images, &places)?;
/// assert_eq!(found.samples[0][0], 0.5); // between the centres of the pixels
/// assert_eq!(found.outcome(1), isopach_colour::Outcome::Outside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Colour {
    /// Interpolation between pixels, and the rule beside pixels without a value.
    pub gathering: Gathering,
    /// The level of each image.
    pub level: LevelChoice,
    /// The samples that become 0 and 65,535; those beyond become these. If not given: 0 and the
    /// largest that the bits of the samples hold, so that those of eight bits are multiplied by 257
    /// and those of sixteen stay.
    pub range: Option<[f64; 2]>,
    /// Leave returns beyond the first uncoloured: they lie below what an image shows.
    pub only_first_returns: bool,
    /// Also find the vegetation index (NDVI).
    pub ndvi: bool,
}

impl Default for Colour {
    /// Bilinear between pixels that have a value, of the images themselves, all returns, no NDVI.
    fn default() -> Self {
        Self {
            gathering: Gathering::default(),
            level: LevelChoice::Number(0),
            range: None,
            only_first_returns: false,
            ndvi: false,
        }
    }
}

/// Whether a place has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has one.
    Coloured,
    /// No image covers it.
    Outside,
    /// Images cover it, but have no value there.
    Masked,
    /// It was not asked: a return beyond the first.
    NotAsked,
}

/// Values of images at places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceValues {
    /// Red, green, blue and near infrared in the numbers of the image; NaN where there is none.
    pub samples: Vec<[f64; 4]>,
    /// The outcome of each place.
    found: Vec<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Outside,
    Masked,
    NotAsked,
    /// In the image of this number.
    In(u32),
}

impl PlaceValues {
    /// Number of places.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is no place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Outcome of a place.
    #[must_use]
    pub fn outcome(&self, place: usize) -> Outcome {
        match self.found[place] {
            Found::Outside => Outcome::Outside,
            Found::Masked => Outcome::Masked,
            Found::NotAsked => Outcome::NotAsked,
            Found::In(_) => Outcome::Coloured,
        }
    }

    /// The number of the image, in the order of the catalogue, that a place has its value from.
    #[must_use]
    pub fn image(&self, place: usize) -> Option<usize> {
        match self.found[place] {
            Found::In(image) => Some(image as usize),
            _ => None,
        }
    }

    /// The vegetation index of a place: (infrared − red) / (infrared + red), −1 to 1 for numbers
    /// that are not negative. NaN without a value, and where infrared + red is 0.
    #[must_use]
    pub fn ndvi(&self, place: usize) -> f64 {
        let [red, _, _, infrared] = self.samples[place];
        vegetation_index(red, infrared)
    }
}

/// The normalised difference vegetation index of red and near infrared; NaN where their sum is 0.
#[must_use]
pub fn vegetation_index(red: f64, infrared: f64) -> f64 {
    let sum = infrared + red;
    if sum == 0.0 {
        f64::NAN
    } else {
        (infrared - red) / sum
    }
}

/// A place that is looked up in a level of an image.
#[derive(Clone, Copy)]
struct Asked {
    place: u32,
    at: [f64; 2],
    /// Its window.
    cell: [u32; 2],
}

impl Colour {
    /// Refuses what cannot be done with the images.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`]; [`Error::InvalidInput`] with a [`ColourError`]: no infrared for
    /// NDVI, no largest sample and no range.
    pub fn check(&self, images: &ImageCatalogue) -> Result<()> {
        if let LevelChoice::Spacing(spacing) = self.level {
            Error::positive("spacing of the points", spacing)?;
        }
        if let Some([low, high]) = self.range {
            let is_range = low.is_finite() && high.is_finite() && low < high;
            let must = "be finite, and above the sample that becomes 0";
            Error::check("sample that becomes 65535", high, is_range, must)?;
        }
        if self.gathering.edges != Edges::Bounded {
            return Err(Error::Unsupported {
                operation: "colours from images whose columns wrap around",
            });
        }
        for image in images.images() {
            let about = image.description();
            let name = || about.name.clone();
            if self.ndvi && image.bands().infrared.is_none() {
                return Err(ColourError::NoInfrared { image: name() }.into());
            }
            if self.range.is_none() && about.full_scale.is_none() {
                return Err(ColourError::NoFullScale { image: name() }.into());
            }
        }
        Ok(())
    }

    /// Values of the images at places, easting and northing in metres: of each place, those of the
    /// first image that has them.
    ///
    /// An image has a value where it has one in all bands that are asked: red, green, blue, and near
    /// infrared if every image has it.
    ///
    /// # Errors
    /// As [`Self::check`]; those of the images' sources and of the backend;
    /// [`ColourError::NoTimes`] for a catalogue that needs [`Self::values_at_times`].
    pub fn values_at<B: Gather + ?Sized>(
        &self,
        on: &B,
        images: &ImageCatalogue,
        places: &[[f64; 2]],
    ) -> Result<PlaceValues> {
        self.values_where(on, images, places, None, |_| true)
    }

    /// As [`Self::values_at`], at places with GPS times, which say what image is the first to be
    /// asked for each ([`Precedence::PointTime`](crate::Precedence::PointTime)).
    ///
    /// # Errors
    /// As [`Self::values_at`]; [`ColourError::NoTime`] for a time that is no number.
    pub fn values_at_times<B: Gather + ?Sized>(
        &self,
        on: &B,
        images: &ImageCatalogue,
        places: &[[f64; 2]],
        times: &[f64],
    ) -> Result<PlaceValues> {
        self.values_where(on, images, places, Some(times), |_| true)
    }

    /// As [`Self::values_at_times`], at some of the places.
    pub(crate) fn values_where<B: Gather + ?Sized>(
        &self,
        on: &B,
        images: &ImageCatalogue,
        places: &[[f64; 2]],
        times: Option<&[f64]>,
        is_asked: impl Fn(usize) -> bool,
    ) -> Result<PlaceValues> {
        self.check(images)?;
        if let Some(times) = times {
            check_times(times, places.len())?;
        }
        let mut values = PlaceValues {
            samples: vec![[f64::NAN; 4]; places.len()],
            found: vec![Found::Outside; places.len()],
        };
        let mut asked: Vec<u32> = Vec::with_capacity(places.len());
        for place in 0..places.len() {
            if is_asked(place) {
                asked.push(place as u32); // a tile has fewer than 2³² points
            } else {
                values.found[place] = Found::NotAsked;
            }
        }
        for ordered in images.order_places(asked, times, bounds_of(places))? {
            self.ask_in_order(on, images, places, ordered, &mut values)?;
        }
        Ok(values)
    }

    /// Asks one image after the other for the places that have no value yet.
    fn ask_in_order<B: Gather + ?Sized>(
        &self,
        on: &B,
        images: &ImageCatalogue,
        places: &[[f64; 2]],
        ordered: OrderedPlaces,
        values: &mut PlaceValues,
    ) -> Result<()> {
        let mut rest = ordered.places;
        for number in ordered.images {
            if rest.is_empty() {
                break;
            }
            let image = &images.images()[number];
            let level = self.level.of(image);
            let mut asked = places_in(image, level, places, &rest);
            if asked.is_empty() {
                continue;
            }
            asked.sort_unstable_by_key(|asked| (asked.cell, asked.place));
            for group in asked.chunk_by(|a, b| a.cell == b.cell) {
                self.look_up(on, images, [number, level], group, values)?;
            }
            rest.retain(|&place| !matches!(values.found[place as usize], Found::In(_)));
        }
        Ok(())
    }

    /// Looks up the places of one window.
    fn look_up<B: Gather + ?Sized>(
        &self,
        on: &B,
        images: &ImageCatalogue,
        [image, level]: [usize; 2],
        group: &[Asked],
        values: &mut PlaceValues,
    ) -> Result<()> {
        let catalogued = &images.images()[image];
        let size = catalogued.description().levels[level].size;
        let window = Window::read(images, image, level, around(group, size))?;
        let [left, top] = window.first.map(|first| first as f64);
        // Whole numbers are taken from the places: nothing is rounded.
        let places: Vec<[f64; 2]> = group
            .iter()
            .map(|Asked { at: [x, y], .. }| [x - left, y - top])
            .collect();
        let held = on.hold_image(window.view()?)?;
        let found = held.gather(&places, self.gathering)?;
        let bands = catalogued.bands();
        let needs_infrared = images.has_infrared();
        for (asked, row) in group.iter().zip(found.rows()) {
            let row = row.as_slice().unwrap_or_default(); // rows of an array in order are slices
            let samples = bands.values_of(row);
            let [red, green, blue, infrared] = samples;
            let has_colour = !(red.is_nan() || green.is_nan() || blue.is_nan());
            let place = asked.place as usize;
            if has_colour && !(needs_infrared && infrared.is_nan()) {
                values.samples[place] = samples;
                values.found[place] = Found::In(image as u32);
            } else {
                values.found[place] = Found::Masked;
            }
        }
        Ok(())
    }

    /// A sample of an image as a colour of 16 bits, rounded half up.
    #[must_use]
    pub fn colour_of(&self, image: &CataloguedImage, sample: f64) -> u16 {
        let full = image.description().full_scale;
        let [low, high] = self.range.unwrap_or([0.0, full.unwrap_or(65_535.0)]);
        let scaled = (sample - low) * (65_535.0 / (high - low));
        // A NaN becomes 0; numbers beyond the range become its ends.
        (scaled + 0.5).floor() as u16
    }
}

/// Least and largest easting and northing of places.
fn bounds_of(places: &[[f64; 2]]) -> [[f64; 2]; 2] {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for place in places {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    [low, high]
}

/// The places that lie on an image, in pixels of a level.
fn places_in(
    image: &CataloguedImage,
    level: usize,
    places: &[[f64; 2]],
    rest: &[u32],
) -> Vec<Asked> {
    let georeference = image.georeference();
    let levels = &image.description().levels;
    let [columns, rows] = [0, 1].map(|axis| [levels[0].size[axis], levels[level].size[axis]]);
    let scaled = |at: f64, [whole, size]: [usize; 2]| {
        if whole == size {
            at
        } else {
            at * size as f64 / whole as f64
        }
    };
    let window_of = |at: f64, [_, size]: [usize; 2]| (at as usize).min(size - 1) / SIDE;
    let mut found = Vec::new();
    for &place in rest {
        let [x, y] = georeference.place_of(places[place as usize]);
        let is_inside =
            (0.0..=columns[0] as f64).contains(&x) && (0.0..=rows[0] as f64).contains(&y);
        if !is_inside {
            continue;
        }
        let at = [scaled(x, columns), scaled(y, rows)];
        found.push(Asked {
            place,
            at,
            cell: [
                window_of(at[1], rows) as u32,
                window_of(at[0], columns) as u32,
            ],
        });
    }
    found
}

/// The pixels that hold the first and last of the places, columns and rows.
fn around(group: &[Asked], size: [usize; 2]) -> [[usize; 2]; 2] {
    let mut low = [usize::MAX; 2];
    let mut high = [0; 2];
    for Asked { at, .. } in group {
        for axis in 0..2 {
            let pixel = (at[axis] as usize).min(size[axis] - 1);
            low[axis] = low[axis].min(pixel);
            high[axis] = high[axis].max(pixel);
        }
    }
    [low, high]
}
