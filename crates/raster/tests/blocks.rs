//! Images read block by block: against the pictures that were written, and against GDAL.

use crate::common::tiff_file::{Compression, Layout, Picture, Place, TiffFile};
use isopach_raster::{BandRole, ByteSource, GeoTiffBlocks, ImageSource};
use serde_json::Value;
use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

/// All samples of a level, row by row in the order of the file, and the mask.
fn read_whole(image: &GeoTiffBlocks, level: usize) -> (Vec<f64>, Vec<u8>) {
    let shape = image.description().levels[level];
    let bands = image.description().bands.len();
    let [columns, rows] = shape.size;
    let mut samples = vec![f64::NAN; columns * rows * bands];
    let mut inside = vec![1; columns * rows];
    let [across, down] = shape.blocks();
    for block_row in 0..down {
        for block_column in 0..across {
            let block = image.read_block(level, [block_column, block_row]).unwrap();
            let [width, height] = block.size();
            assert_eq!(block.size(), shape.size_of_block([block_column, block_row]));
            for row in 0..height {
                for column in 0..width {
                    let from = row * width + column;
                    let to = (block_row * shape.block[1] + row) * columns
                        + block_column * shape.block[0]
                        + column;
                    inside[to] = block.mask().map_or(255, |mask| mask[from]);
                    for band in 0..bands {
                        samples[to * bands + band] = block.samples().value_at(from * bands + band);
                    }
                }
            }
        }
    }
    (samples, inside)
}

#[test]
fn every_layout_gives_the_pixels_that_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let layouts = [
        Layout::Strips(5),
        Layout::Strips(33),
        Layout::Tiles([16, 32]),
    ];
    let kinds = [(1, 8), (1, 16), (2, 16), (3, 16), (3, 32), (2, 8)];
    for (number, compression) in Compression::ALL.into_iter().enumerate() {
        for (layout, (format, bits)) in layouts
            .into_iter()
            .flat_map(|layout| kinds.map(|kind| (layout, kind)))
        {
            for predictor in [1, if format == 3 { 3 } else { 2 }] {
                for (bands, is_planar) in [(1, false), (3, false), (4, false), (4, true)] {
                    let picture = Picture {
                        bands,
                        is_planar,
                        format,
                        bits,
                        predictor,
                        compression,
                        layout,
                        ..Picture::plain(50, 33)
                    };
                    let mut file = TiffFile::new(number % 2 == 1, bands == 3);
                    file.add(&picture);
                    fs::write(&path, file.bytes()).unwrap();
                    let image = GeoTiffBlocks::open(&path).unwrap();
                    let (samples, inside) = read_whole(&image, 0);
                    for pixel in 0..50 * 33 {
                        let [row, column] = [pixel / 50, pixel % 50];
                        let expected = |band| Picture::value(row, column, band) as f64;
                        let found = &samples[pixel * bands..][..bands];
                        assert!(
                            found
                                .iter()
                                .enumerate()
                                .all(|(band, f)| *f == expected(band)),
                            "{picture:?}: {found:?} at {row}, {column}"
                        );
                        // 99 is no data: only where all bands are.
                        let is_inside = (0..bands).any(|band| expected(band) != 99.0);
                        assert_eq!(inside[pixel] != 0, is_inside, "{picture:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn ties_and_a_matrix_say_where_an_image_lies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let height = 66.0;
    // The rows of the matrix run north.
    for (place, south) in [(Place::Ties, 5e6 - height), (Place::Matrix, 5e6)] {
        let mut file = TiffFile::new(false, false);
        file.add(&Picture {
            place: Some(place),
            ..Picture::plain(50, 33)
        });
        fs::write(&path, file.bytes()).unwrap();
        let image = GeoTiffBlocks::open(&path).unwrap();
        let found = image.description().extent();
        let expected = [[5e5, south], [5e5 + 100.0, south + height]];
        assert_eq!(found, expected, "{place:?}");
    }
}

#[test]
fn blocks_that_were_never_written_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut file = TiffFile::new(false, false);
    file.add_unwritten(&Picture {
        layout: Layout::Tiles([16, 32]),
        ..Picture::plain(50, 33)
    });
    fs::write(&path, file.bytes()).unwrap();
    let (_, inside) = read_whole(&GeoTiffBlocks::open(&path).unwrap(), 0);
    assert!(inside.iter().all(|inside| *inside == 0));
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// The picture that the small files hold, as `make_images.py` has it with other waves.
fn wave(row: usize, column: usize, band: usize) -> f64 {
    let [row, column, band] = [row, column, band].map(|at| at as f64);
    128.0 + 80.0 * (column / 9.0 + band).sin() + 40.0 * (row / 7.0 - band).cos()
}

#[test]
fn jpeg_blocks_hold_the_picture() {
    let names = [
        ("jpeg_ycbcr", 12.0),
        ("jpeg_strips", 12.0),
        ("jpeg_rgb", 6.0),
        ("jpeg_planar", 6.0),
        ("jpeg_rgb_nir", 6.0),
    ];
    for (name, tolerance) in names {
        let image = GeoTiffBlocks::open(data(&format!("{name}.tif"))).unwrap();
        let bands = image.description().bands.len();
        let (samples, _) = read_whole(&image, 0);
        let mut sum = 0.0;
        for (at, found) in samples.iter().enumerate() {
            let [pixel, band] = [at / bands, at % bands];
            let truth = wave(pixel / 50, pixel % 50, band).clamp(1.0, 254.0);
            let error = (found - truth.floor()).abs();
            assert!(error <= tolerance, "{name} at {at}: {found}, not {truth}");
            sum += error;
        }
        assert!(sum / (samples.len() as f64) < 2.0, "{name}: {sum}");
    }
    let infrared = GeoTiffBlocks::open(data("jpeg_rgb_nir.tif")).unwrap();
    assert_eq!(infrared.description().bands[3], BandRole::NearInfrared);
}

#[test]
fn golden_images_have_place_bands_and_levels() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/golden-ml/colour");
    if !folder.exists() {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    }
    let open = |name: &str| GeoTiffBlocks::open(folder.join(name)).unwrap();
    let area = open("area.tif");
    let corner = [633_993.0, 4_831_300.75];
    let place = area.description().georeference;
    assert_eq!((place.corner, place.step), (corner, [0.5, -0.5]));
    let expected = [
        BandRole::Red,
        BandRole::Green,
        BandRole::Blue,
        BandRole::NearInfrared,
    ];
    assert_eq!(area.description().bands, expected);
    assert_eq!(
        open("point_same_place.tif").description().georeference,
        place
    );
    let shifted = open("point_same_tiepoint.tif").description().georeference;
    assert_eq!(shifted.corner, [corner[0] - 0.25, corner[1] + 0.25]);
    assert_eq!(
        read_whole(&area, 0),
        read_whole(&open("point_same_place.tif"), 0)
    );
    let overviews = open("area_overviews.tif");
    let sizes: Vec<[usize; 2]> = overviews
        .description()
        .levels
        .iter()
        .map(|l| l.size)
        .collect();
    assert_eq!(sizes, [[120, 90], [60, 45], [30, 23]]);
    assert_eq!(overviews.description().pixel_of(1), [1.0, 1.0]);
}

#[test]
fn what_is_no_brightness_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut file = TiffFile::new(false, false);
    file.add(&Picture {
        format: 1,
        bits: 32,
        ..Picture::plain(20, 10)
    });
    fs::write(&path, file.bytes()).unwrap();
    let message = GeoTiffBlocks::open(&path).unwrap_err().to_string();
    assert!(message.contains("32-bit samples"), "{message}");
    let image = GeoTiffBlocks::open(data("jpeg_rgb.tif")).unwrap();
    assert!(image.read_block(1, [0, 0]).is_err());
    assert!(image.read_block(0, [0, 3]).is_err());
}

/// The bytes of a file, of the answers to which so many are left out.
#[derive(Debug)]
struct InMemory {
    bytes: Vec<u8>,
    left_out: usize,
}

impl ByteSource for InMemory {
    fn path(&self) -> &Path {
        Path::new("in memory")
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        let found = ranges.iter().map(|range| {
            let bytes = self.bytes.get(range.start as usize..range.end as usize)?;
            Some(bytes[..bytes.len() - self.left_out.min(bytes.len())].to_vec())
        });
        let found: Option<Vec<_>> = found.collect();
        found.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
        unreachable!("images are not opened again")
    }
}

/// All blocks of a file elsewhere, those of a level at once from the last to the first, are those of
/// the file on a disk.
fn assert_same_from_memory(on_disk: &GeoTiffBlocks, bytes: &[u8]) {
    let source = InMemory {
        bytes: bytes.to_vec(),
        left_out: 0,
    };
    let image = GeoTiffBlocks::from_source(Arc::new(source)).unwrap();
    assert!(image.reads_together() && !on_disk.reads_together());
    assert_eq!(image.identity(), on_disk.identity());
    for (level, shape) in image.description().levels.iter().enumerate() {
        let [across, down] = shape.blocks();
        let blocks = (0..down).flat_map(|row| (0..across).map(move |column| [column, row]));
        let mut blocks: Vec<[usize; 2]> = blocks.collect();
        blocks.reverse();
        let found = image.read_blocks(level, &blocks).unwrap();
        assert_eq!(found.len(), blocks.len());
        for (block, found) in blocks.iter().zip(&found) {
            assert!(*found == on_disk.read_block(level, *block).unwrap());
        }
    }
}

#[test]
fn a_file_elsewhere_has_the_blocks_of_the_file_on_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    for (is_big, is_planar) in [(false, false), (true, false), (true, true)] {
        let mut file = TiffFile::new(is_big, is_big);
        file.add(&Picture {
            bands: 4,
            is_planar,
            layout: Layout::Tiles([16, 32]),
            ..Picture::plain(70, 90)
        });
        fs::write(&path, file.bytes()).unwrap();
        let on_disk = GeoTiffBlocks::open(&path).unwrap();
        assert_same_from_memory(&on_disk, &fs::read(&path).unwrap());
        // A source that gives fewer bytes than it was asked for, and one that has become shorter.
        let bytes = fs::read(&path).unwrap();
        let source = InMemory { bytes, left_out: 3 };
        assert!(GeoTiffBlocks::from_source(Arc::new(source)).is_err());
        fs::write(&path, b"II").unwrap();
        let error = on_disk.read_block(0, [0, 0]).unwrap_err().to_string();
        assert!(error.contains("when it was opened"), "{error}");
    }
}

fn python() -> Option<String> {
    let python = std::env::var("RASTERIO_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python)
        .args(["-c", "import rasterio"])
        .output();
    let has = output.is_ok_and(|output| output.status.success());
    if !has {
        eprintln!("SKIPPED: {python} has no rasterio; name one that has in RASTERIO_PYTHON");
    }
    has.then_some(python)
}

#[test]
fn every_layout_that_rasterio_writes_is_read_as_rasterio_reads_it() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(python)
        .arg(data("make_images.py"))
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let cases = fs::read_to_string(folder.path().join("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    assert!(cases.len() > 500, "{} cases", cases.len());
    for case in &cases {
        compare_with_gdal(folder.path(), case);
    }
    eprintln!("{} files are read as rasterio reads them", cases.len());
}

fn compare_with_gdal(folder: &Path, case: &Value) {
    let name = case["name"].as_str().unwrap();
    let path = folder.join(format!("{name}.tif"));
    let image = GeoTiffBlocks::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_same_from_memory(&image, &fs::read(&path).unwrap());
    let about = image.description();
    let place = [about.georeference.corner, about.georeference.step].concat();
    let expected: Vec<f64> = serde_json::from_value(case["place"].clone()).unwrap();
    assert_eq!(place, expected, "{name}");
    let sizes: Vec<[usize; 2]> = serde_json::from_value(case["levels"].clone()).unwrap();
    let found: Vec<[usize; 2]> = about.levels.iter().map(|level| level.size).collect();
    assert_eq!(found, sizes, "{name}");
    let tolerance = case["tolerance"].as_f64().unwrap();
    for level in 0..sizes.len() {
        let bytes = fs::read(folder.join(format!("{name}.{level}.f64"))).unwrap();
        let values = bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b));
        let mask = fs::read(folder.join(format!("{name}.{level}.mask"))).unwrap();
        let (samples, inside) = read_whole(&image, level);
        let pairs = samples.iter().zip(values);
        let differences: Vec<f64> = pairs.map(|(a, b)| (a - b).abs()).collect();
        let largest = differences.iter().copied().fold(0.0, f64::max);
        assert!(largest <= tolerance, "{name}, level {level}: {largest}");
        let sum: f64 = differences.iter().sum();
        let mean = sum / samples.len() as f64;
        assert!(mean <= 1.0, "{name}, level {level}: {mean} on average");
        let differ = inside
            .iter()
            .zip(&mask)
            .filter(|(a, b)| (**a == 0) != (**b == 0));
        assert_eq!(differ.count(), 0, "{name}, level {level}: masks");
    }
}
