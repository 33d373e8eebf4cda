//! Golden cases of images, `../shared/data/golden-ml`: values at places of an orthophoto, and views
//! of a panorama.

use isopach_npy::NpyArray;
use isopach_raster::{
    Cpu, GeoTiff, Sampling,
    gather::{Edges, Gather, Gathering, ImageView, Masked, Pixels, PlaceMap},
};
use ndarray::Array2;
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// A folder of golden cases; says so where there is none.
#[allow(clippy::print_stderr)]
fn golden_folder(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ISOPACH_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("data/golden-ml").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no golden cases at {}", folder.display());
    None
}

fn read_array(folder: &Path, name: &str) -> NpyArray {
    isopach_npy::read(&folder.join(format!("{name}.npy"))).unwrap()
}

/// An image of 8 bits with its mask.
struct Image {
    columns: usize,
    rows: usize,
    bands: usize,
    samples: Vec<u8>,
    mask: Vec<u8>,
    /// The upper left corner and the side of a pixel, metres.
    corner: [f64; 2],
    pixel: f64,
}

impl Image {
    fn view(&self) -> ImageView<'_> {
        let pixels = Pixels::U8(&self.samples);
        let image = ImageView::new(self.columns, self.rows, self.bands, pixels).unwrap();
        image.with_mask(&self.mask).unwrap()
    }

    /// The four bands of a GeoTIFF, whose no-data value is 0 in all of them.
    fn read_geotiff(path: &Path) -> Self {
        let bands: Vec<GeoTiff> = (1..=4)
            .map(|band| GeoTiff::read_band(path, band).unwrap())
            .collect();
        let (rows, columns) = bands[0].values.dim();
        let mut samples = Vec::new();
        let mut mask = Vec::new();
        for at in ndarray::indices((rows, columns)) {
            let values = bands.iter().map(|band| band.values[at]);
            mask.push(u8::from(!values.clone().all(f64::is_nan)));
            samples.extend(values.map(|value| if value.is_nan() { 0 } else { value as u8 }));
        }
        Self {
            columns,
            rows,
            bands: 4,
            samples,
            mask,
            corner: bands[0].north_west,
            pixel: bands[0].cell_size[0],
        }
    }
}

/// Largest difference from golden values, both NaN or neither, at places that count.
fn largest_difference(
    found: &Array2<f64>,
    golden: &NpyArray,
    counts: impl Fn(usize) -> bool,
) -> f64 {
    assert_eq!(golden.shape, [found.nrows(), found.ncols()]);
    let mut largest = 0.0_f64;
    for (((place, band), found), golden) in found.indexed_iter().zip(&golden.values) {
        if counts(place) {
            assert_eq!(found.is_nan(), golden.is_nan(), "{place}, band {band}");
            largest = largest.max((found - golden).abs());
        }
    }
    largest
}

#[test]
fn orthophotos_have_the_golden_values() {
    let Some(folder) = golden_folder("colour") else {
        return;
    };
    let points = read_array(&folder, "points_xy");
    for (file, case) in [
        ("area.tif", "area"),
        ("point_same_place.tif", "area"),
        ("point_same_tiepoint.tif", "point_same_tiepoint"),
    ] {
        let image = Image::read_geotiff(&folder.join(file));
        let [west, north] = image.corner;
        let places: Vec<[f64; 2]> = points
            .values
            .chunks_exact(2)
            .map(|xy| [(xy[0] - west) / image.pixel, (north - xy[1]) / image.pixel])
            .collect();
        let on_border = |place: usize| {
            let beside = |at: f64| (at - at.round()).abs() < 1e-7;
            places[place].into_iter().any(beside)
        };
        let held = Cpu.hold_image(image.view()).unwrap();
        let gather = |sampling, masked| {
            let how = Gathering {
                sampling,
                edges: Edges::Bounded,
                masked,
            };
            held.gather(&places, how).unwrap()
        };
        let golden = |name: &str| read_array(&folder, &format!("{case}_{name}"));

        let found = gather(Sampling::Nearest, Masked::Strict);
        let inside = |place| !on_border(place);
        assert_eq!(largest_difference(&found, &golden("nearest"), inside), 0.0);
        for (name, masked) in [
            ("bilinear_strict", Masked::Strict),
            ("bilinear_renormalised", Masked::Renormalised),
        ] {
            let found = gather(Sampling::Bilinear, masked);
            let difference = largest_difference(&found, &golden(name), |_| true);
            assert!(difference < 1e-9, "{file}, {name}: {difference}");
        }
    }
}

/// The panorama: columns, rows and samples of three bands.
fn read_panorama(path: &Path) -> (usize, usize, Vec<u8>) {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    samples.truncate(info.buffer_size());
    (info.width as usize, info.height as usize, samples)
}

#[test]
fn panoramas_have_the_golden_views() {
    let Some(folder) = golden_folder("views") else {
        return;
    };
    let (columns, rows, samples) = read_panorama(&folder.join("panorama.png"));
    let image = ImageView::new(columns, rows, 3, Pixels::U8(&samples)).unwrap();
    let held = Cpu.hold_image(image).unwrap();
    let how = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    for camera in 0..6 {
        let map = read_array(&folder, &format!("map_{camera}"));
        let mut golden = read_array(&folder, &format!("view_{camera}"));
        let [height, width] = [map.shape[0], map.shape[1]];
        let places: Vec<[f64; 2]> = map
            .values
            .chunks_exact(2)
            .map(|xy| [xy[0], xy[1]])
            .collect();
        golden.shape = vec![places.len(), 3];
        let found = held.gather(&places, how).unwrap();
        let difference = largest_difference(&found, &golden, |_| true);
        assert!(difference < 0.01, "camera {camera}: {difference}");

        let place = |column, row| places[row * width + column];
        let map = PlaceMap::new(width, height, [columns, rows], how, place).unwrap();
        let mut view = vec![0; 3 * places.len()];
        held.remap(&map, &mut view).unwrap();
        // Half a level, and 1/4096 pixel along each axis where the largest steps are 255.
        let most = 0.5 + 2.0 * 255.0 / 4096.0;
        for (found, exact) in view.iter().zip(&found) {
            assert!(
                (f64::from(*found) - exact).abs() <= most,
                "{found}, {exact}"
            );
        }
    }
}
