//! Golden cases of perspective views of a panorama: how far a result is from them.
//!
//! A case is a folder with `panorama.png` (8 bits), `meta.json` (the cameras, degrees), and for each
//! camera `map_K.npy` (rows × columns × 2: its places in the panorama) and `view_K.npy` (rows ×
//! columns × 3: values there, bilinear).

use isopach_panorama::{Camera, Equirectangular, Lens, View};
use isopach_raster::{
    Cpu,
    gather::{Edges, Gather, Gathering, HeldImage, ImageView, Pixels, PlaceMap},
};
use serde_json::{Value, json};
use std::{error::Error, fs::File, io::BufReader, path::Path};

/// Largest deviation of a place that a case passes with, pixels.
pub const PLACE_BOUND: f64 = 1e-9;

/// Largest deviation of a value between pixels, grey levels.
pub const VALUE_BOUND: f64 = 0.01;

/// Largest deviation of a place in a map of whole 1/2048 pixel, pixels: half of a step, and the
/// bound of places.
pub const FIXED_PLACE_BOUND: f64 = 1.0 / 4096.0 + PLACE_BOUND;

/// Deviations of one view of a case.
#[derive(Clone, Debug)]
pub struct ViewDeviation {
    /// Number of the camera.
    pub camera: usize,
    /// Pixels that were compared.
    pub pixels: usize,
    /// Largest deviation of a place, pixels.
    pub place: f64,
    /// Largest deviation of a place of the map of all frames, pixels.
    pub fixed_place: f64,
    /// Largest deviation of a value in `f64`, grey levels.
    pub value: f64,
    /// Largest deviation of a value of the remapped picture of 8 bits, grey levels.
    pub remapped: f64,
    /// Largest deviation of an element of the rotation.
    pub rotation: f64,
}

impl ViewDeviation {
    /// Whether all places and values are within their bounds.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        self.pixels > 0
            && self.place <= PLACE_BOUND
            && self.fixed_place <= FIXED_PLACE_BOUND
            && self.value <= VALUE_BOUND
    }

    /// A line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "camera": self.camera,
            "pixels": self.pixels,
            "within_bounds": self.is_within_bounds(),
            "largest_px": self.place,
            "largest_px_of_map": self.fixed_place,
            "largest_grey": self.value,
            "largest_grey_of_8_bits": self.remapped,
            "largest_of_rotation": self.rotation,
        })
    }
}

/// Whether a folder has such a case.
#[must_use]
pub fn is_case(dir: &Path) -> bool {
    dir.join("panorama.png").exists() && dir.join("map_0.npy").exists()
}

/// Compares all views of a case with this library on the CPU.
///
/// # Errors
/// If a file is missing or has another shape than the meta data say.
pub fn compare(about: &Value, dir: &Path) -> Result<Vec<ViewDeviation>, Box<dyn Error>> {
    let (columns, rows, samples) = read_panorama(&dir.join("panorama.png"))?;
    let panorama = Equirectangular::new(columns, rows)?;
    let image = ImageView::new(columns, rows, 3, Pixels::U8(&samples))?;
    let held = Cpu.hold_image(image)?;
    let cameras = about["cameras"].as_array().ok_or("no cameras")?;
    let mut deviations = Vec::new();
    for (number, camera) in cameras.iter().enumerate() {
        let golden = GoldenView::read(dir, number, camera)?;
        deviations.push(golden.compare(number, panorama, &*held)?);
    }
    Ok(deviations)
}

/// A camera of a case with its arrays.
struct GoldenView {
    camera: Camera,
    rotation: Vec<f64>,
    places: Vec<f64>,
    values: Vec<f64>,
}

impl GoldenView {
    fn read(dir: &Path, number: usize, about: &Value) -> Result<Self, Box<dyn Error>> {
        let parameter = |name: &str| {
            about[name]
                .as_f64()
                .ok_or_else(|| format!("camera {number} has no {name}"))
        };
        let angle = |name: &str| parameter(name).map(f64::to_radians);
        let camera = Camera::new(View {
            yaw: angle("yaw")?,
            pitch: angle("pitch")?,
            roll: angle("roll")?,
            lens: Lens {
                horizontal_fov: angle("hfov")?,
                columns: parameter("width")? as usize,
                rows: parameter("height")? as usize,
            },
        })?;
        let rotation: Vec<[f64; 3]> =
            serde_json::from_value(about["rotation_camera_from_panorama"].clone())?;
        let read = |name: &str| isopach_npy::read(&dir.join(format!("{name}_{number}.npy")));
        let golden = Self {
            camera,
            rotation: rotation.concat(),
            places: read("map")?.values,
            values: read("view")?.values,
        };
        let lens = camera.view().lens;
        let pixels = lens.columns * lens.rows;
        if golden.places.len() != 2 * pixels || golden.values.len() != 3 * pixels {
            return Err(format!("camera {number}: the arrays are not of {pixels} pixels").into());
        }
        Ok(golden)
    }

    fn compare(
        &self,
        number: usize,
        panorama: Equirectangular,
        held: &dyn HeldImage,
    ) -> Result<ViewDeviation, Box<dyn Error>> {
        let lens = self.camera.view().lens;
        let place_at = |column: usize, row: usize| {
            let centre = [column as f64 + 0.5, row as f64 + 0.5];
            panorama.place_of(self.camera.ray_of(centre))
        };
        let places: Vec<[f64; 2]> = (0..lens.columns * lens.rows)
            .map(|i| place_at(i % lens.columns, i / lens.columns))
            .collect();
        let gathering = Gathering {
            edges: Edges::WrapColumns,
            ..Gathering::default()
        };
        let values = held.gather(&places, gathering)?;
        let size = [panorama.columns(), panorama.rows()];
        let map = PlaceMap::new(lens.columns, lens.rows, size, gathering, place_at)?;
        let mut remapped = vec![0; 3 * places.len()];
        held.remap(&map, &mut remapped)?;
        let fixed: Vec<f64> = (0..places.len())
            .flat_map(|i| {
                map.place(i % lens.columns, i / lens.columns)
                    .unwrap_or([f64::NAN; 2])
            })
            .collect();
        let turn = panorama.columns() as f64;
        Ok(ViewDeviation {
            camera: number,
            pixels: places.len(),
            place: largest_difference(places.as_flattened(), &self.places),
            fixed_place: largest_turned(&fixed, &self.places, turn),
            value: largest_difference(&values.iter().copied().collect::<Vec<_>>(), &self.values),
            remapped: largest_difference(
                &remapped.iter().copied().map(f64::from).collect::<Vec<_>>(),
                &self.values,
            ),
            rotation: largest_difference(self.camera.rotation().0.as_flattened(), &self.rotation),
        })
    }
}

/// The largest difference; infinite where one side has no value.
fn largest_difference(ours: &[f64], golden: &[f64]) -> f64 {
    ours.iter()
        .zip(golden)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, difference| {
            if difference.is_nan() {
                f64::INFINITY
            } else {
                most.max(difference)
            }
        })
}

/// The largest difference of places `x, y, x, y, …`, where x counts within a turn.
fn largest_turned(ours: &[f64], golden: &[f64], turn: f64) -> f64 {
    let near: Vec<f64> = ours
        .iter()
        .zip(golden)
        .enumerate()
        .map(|(i, (a, b))| match i % 2 {
            0 => a - ((a - b) / turn).round() * turn,
            _ => *a,
        })
        .collect();
    largest_difference(&near, golden)
}

/// Columns, rows and samples of a picture of 8 bits and three bands.
fn read_panorama(path: &Path) -> Result<(usize, usize, Vec<u8>), Box<dyn Error>> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    let bytes = reader.output_buffer_size().ok_or("too large")?;
    let mut samples = vec![0; bytes];
    let info = reader.next_frame(&mut samples)?;
    if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err(format!("{}: not RGB of 8 bits", path.display()).into());
    }
    Ok((info.width as usize, info.height as usize, samples))
}
