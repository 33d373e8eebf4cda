//! Golden cases of colours of places: how far a result is from them.
//!
//! A case is a folder with `points_xy.npy` (n × 2) and, for each `NAME_nearest.npy`, the image
//! `NAME.tif` and its values `NAME_bilinear_strict.npy`, `NAME_bilinear_renormalised.npy` (n × 4:
//! red, green, blue, near infrared), `NAME_ndvi_nearest.npy`, `NAME_ndvi_of_bilinear_strict.npy`. A
//! `NAME_same_place.tif` holds the image of `area.tif`, and `overview0.npy` the first overview of
//! `area_overviews.tif` (bands × rows × columns).

use isopach_colour::{Colour, ImageCatalogue, PlaceValues, Precedence};
use isopach_compute::Cpu;
use isopach_raster::{
    GeoTiffBlocks, ImageGeoreference, ImageSource, Sampling,
    gather::{Gathering, Masked},
};
use serde_json::{Value, json};
use std::{error::Error, fs, path::Path, sync::Arc};

/// Largest deviation of a value that a case passes with, in the numbers of the image; of an index
/// likewise.
pub const BOUND: f64 = 1e-9;

/// Places that are nearer to the border of two pixels, in pixels, may have the nearest pixel on
/// either side.
const BORDER: f64 = 1e-7;

/// Bytes of the cache: some blocks of the images, so that they make room for each other.
const CACHE: u64 = 100 << 10;

/// Deviations of one array of a case.
#[derive(Clone, Debug)]
pub struct ColourDeviation {
    /// Name of the image and of the array.
    pub name: String,
    /// Values that were compared.
    pub values: usize,
    /// Largest deviation.
    pub largest: f64,
    /// Values that are there on one side only.
    pub on_one_side: usize,
}

impl ColourDeviation {
    fn of(name: String, ours: &[f64], golden: &[f64], counts: impl Fn(usize) -> bool) -> Self {
        let mut deviation = Self {
            name,
            values: 0,
            largest: 0.0,
            on_one_side: ours.len().abs_diff(golden.len()),
        };
        for (i, (a, b)) in ours.iter().zip(golden).enumerate() {
            if !counts(i) {
                continue;
            }
            deviation.values += 1;
            deviation.on_one_side += usize::from(a.is_nan() != b.is_nan());
            // NaN on both sides is no deviation.
            deviation.largest = deviation.largest.max((a - b).abs());
        }
        deviation
    }

    /// Whether all values are within the bound.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        self.values > 0 && self.on_one_side == 0 && self.largest <= BOUND
    }

    /// A line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "table": self.name,
            "values": self.values,
            "within_bounds": self.is_within_bounds(),
            "largest": self.largest,
            "on_one_side": self.on_one_side,
        })
    }
}

/// Whether a folder has such a case.
#[must_use]
pub fn is_case(dir: &Path) -> bool {
    dir.join("points_xy.npy").exists() && dir.join("area.tif").exists()
}

/// Compares all arrays of a case with this library on the CPU.
///
/// # Errors
/// If an array or image is missing or cannot be read.
pub fn compare(dir: &Path) -> Result<Vec<ColourDeviation>, Box<dyn Error>> {
    let places: Vec<[f64; 2]> = read(dir, "points_xy")?.as_chunks().0.to_vec();
    let mut deviations = Vec::new();
    for (image, arrays) in images(dir)? {
        let name = image.trim_end_matches(".tif");
        for array in ["nearest", "bilinear_strict", "bilinear_renormalised"] {
            let path = format!("{arrays}_{array}");
            if !dir.join(format!("{path}.npy")).exists() {
                continue;
            }
            let (found, georeference) = values(dir, &image, &places, gathering_of(array))?;
            let is_nearest = array == "nearest";
            let counts = |place: usize| !is_nearest || !is_on_border(georeference, places[place]);
            let ours = found.samples.as_flattened();
            let golden = read(dir, &path)?;
            let of_place = |value: usize| counts(value / 4);
            let title = format!("{name} {array}");
            deviations.push(ColourDeviation::of(title, ours, &golden, of_place));
            let index = match array {
                "nearest" => "ndvi_nearest",
                "bilinear_strict" => "ndvi_of_bilinear_strict",
                _ => continue,
            };
            let ours: Vec<f64> = (0..found.len()).map(|place| found.ndvi(place)).collect();
            let golden = read(dir, &format!("{arrays}_{index}"))?;
            let title = format!("{name} {index}");
            deviations.push(ColourDeviation::of(title, &ours, &golden, counts));
        }
    }
    if dir.join("overview0.npy").exists() {
        deviations.push(compare_overview(dir)?);
    }
    Ok(deviations)
}

/// How the values of an array are gathered.
fn gathering_of(array: &str) -> Gathering {
    Gathering {
        sampling: match array {
            "nearest" => Sampling::Nearest,
            _ => Sampling::Bilinear,
        },
        masked: match array {
            "bilinear_renormalised" => Masked::Renormalised,
            _ => Masked::Strict,
        },
        ..Gathering::default()
    }
}

/// The images of a folder, and the name of the arrays of each.
fn images(dir: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".tif") else {
            continue;
        };
        let is_area = name.ends_with("_same_place") || name.ends_with("_overviews");
        let arrays = if is_area { "area" } else { name };
        if dir.join(format!("{arrays}_nearest.npy")).exists() {
            found.push((file.clone(), arrays.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// Values at the places, and where the pixels are.
fn values(
    dir: &Path,
    image: &str,
    places: &[[f64; 2]],
    gathering: Gathering,
) -> Result<(PlaceValues, ImageGeoreference), Box<dyn Error>> {
    let source = GeoTiffBlocks::open(dir.join(image))?;
    let georeference = source.description().georeference;
    let images = ImageCatalogue::new(vec![Arc::new(source)], Precedence::First, CACHE)?;
    let colour = Colour {
        gathering,
        ..Colour::default()
    };
    Ok((colour.values_at(&Cpu, &images, places)?, georeference))
}

/// Whether a place is on the border of two pixels, but for rounding.
fn is_on_border(georeference: ImageGeoreference, place: [f64; 2]) -> bool {
    let at = georeference.place_of(place);
    at.iter().any(|at| (at - at.round()).abs() < BORDER)
}

/// The pixels of the first overview.
fn compare_overview(dir: &Path) -> Result<ColourDeviation, Box<dyn Error>> {
    let image = GeoTiffBlocks::open(dir.join("area_overviews.tif"))?;
    let bands = image.description().bands.len();
    let level = image.description().levels.get(1).copied();
    let level = level.ok_or("area_overviews.tif has no overview")?;
    let [columns, rows] = level.size;
    let mut ours = vec![f64::NAN; bands * rows * columns];
    let [across, down] = level.blocks();
    for block_row in 0..down {
        for block_column in 0..across {
            let block = image.read_block(1, [block_column, block_row])?;
            let [width, height] = block.size();
            for pixel in 0..width * height {
                let row = block_row * level.block[1] + pixel / width;
                let column = block_column * level.block[0] + pixel % width;
                for band in 0..bands {
                    ours[(band * rows + row) * columns + column] =
                        block.samples().value_at(pixel * bands + band);
                }
            }
        }
    }
    let golden = read(dir, "overview0")?;
    let name = "area_overviews overview0".to_owned();
    Ok(ColourDeviation::of(name, &ours, &golden, |_| true))
}

fn read(dir: &Path, name: &str) -> std::io::Result<Vec<f64>> {
    Ok(isopach_npy::read(&dir.join(format!("{name}.npy")))?.values)
}
