//! Reading and writing of files, some rounds of one operation: built by `scripts/file_speeds.py`
//! against two versions of the crates.
//!
//! `file_speeds OPERATION FOLDER ROUNDS`; `make` puts the files there that the others read.

use isopach_cloud::{Attributes, Cloud, Columns, Crs, Origin, Points, Rect};
use isopach_las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema, SortedLazWriter};
use isopach_raster::{GeoTiffMosaic, Grid, Raster, read_geotiff};
use isopach_tiling::TileSink;
use std::{error::Error, hint::black_box, path::Path};

/// Points, and cells along a side of the raster.
const POINTS: usize = 1_500_000;
const CELLS: usize = 2048;
/// Cells along a side of a tile that is handed to the raster.
const TILE: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, folder, rounds] = &arguments[..] else { return Err("OPERATION FOLDER ROUNDS".into()) };
    let (folder, rounds) = (Path::new(folder), rounds.parse::<usize>()?);
    let [laz, las, tif] = ["points.laz", "points.las", "raster.tif"].map(|name| folder.join(name));
    let [results, pointwise] = ["results.laz", "pointwise.laz"].map(|name| folder.join(name));
    let all = Columns::CLASSIFICATION.with(Columns::INTENSITY).with(Columns::RGB).with(Columns::GPS_TIME);
    let out = |name: &str| folder.join(name);
    match operation.as_str() {
        "make" => {
            write_points(&scene()?, all, &laz)?;
            Las::open(&laz)?.rewrite(&las)?;
            write_raster(&tif)?;
            write_results(&scene()?, &result_values(POINTS), &results)?;
            write_pointwise(&las, &pointwise)?;
        }
        "nothing" => {}
        "read_pointwise" => repeat(rounds, || Ok(Las::open(&pointwise)?.read_all(Columns::XYZ)?.len()))?,
        "read_extra" => repeat(rounds, || Ok(Las::open(&results)?.read_extra("distance")?.len()))?,
        "read_laz" => repeat(rounds, || Ok(Las::open(&laz)?.read_all(Columns::XYZ)?.len()))?,
        "read_laz_columns" => repeat(rounds, || Ok(Las::open(&laz)?.read_all(all)?.len()))?,
        "read_las" => repeat(rounds, || Ok(Las::open(&las)?.read_all(Columns::XYZ)?.len()))?,
        "read_las_columns" => repeat(rounds, || Ok(Las::open(&las)?.read_all(all)?.len()))?,
        "write_laz" => {
            let cloud = Las::open(&las)?.read_all(all)?;
            repeat(rounds, || Ok(write_points(&cloud, all, &out("out.laz"))?))?;
        }
        "write_results" => {
            let cloud = Las::open(&results)?.read_all(result_columns())?;
            let values = result_values(cloud.len());
            repeat(rounds, || write_results(&cloud, &values, &out("out.laz")))?;
        }
        "write_sorted" => {
            let cloud = Las::open(&results)?.read_all(result_columns())?;
            let values = result_values(cloud.len());
            repeat(rounds, || write_sorted(&cloud, &values, &out("out.laz")))?;
        }
        "rewrite_to_las" => repeat(rounds, || Ok(Las::open(&laz)?.rewrite(out("out.las"))? as usize))?,
        "rewrite_to_laz" => repeat(rounds, || Ok(Las::open(&las)?.rewrite(out("out.laz"))? as usize))?,
        "read_tif" => repeat(rounds, || Ok(read_geotiff(&tif)?.values.len()))?,
        "write_tif" => repeat(rounds, || Ok(write_raster(&out("out.tif"))?))?,
        other => return Err(format!("{other}: no such operation").into()),
    }
    Ok(())
}

fn repeat(rounds: usize, mut once: impl FnMut() -> Result<usize, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    for _ in 0..rounds {
        black_box(once()?);
    }
    Ok(())
}

/// Scan lines over rolling ground.
fn scene() -> Result<Cloud, Box<dyn Error>> {
    let mut state = 1_u64;
    let mut chance = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let mut xyz = Vec::with_capacity(POINTS);
    for i in 0..POINTS {
        let [x, y] = [(i % 2000) as f64 * 0.5 + 0.2 * chance(), (i / 2000) as f64 * 0.7 + 0.1 * chance()];
        let ground = 20.0 * (x * 0.01).sin() + 10.0 * (y * 0.013).cos();
        let tree = if chance() < 0.2 { 15.0 * chance() } else { 0.0 };
        xyz.push([630_000.0 + x, 4_830_000.0 + y, 200.0 + ground + tree + 0.03 * chance()]);
    }
    let attributes = Attributes {
        classification: Some((0..POINTS).map(|i| if i % 5 == 0 { 5 } else { 2 }).collect()),
        intensity: Some((0..POINTS).map(|i| (i * 37 % 4096) as u16).collect()),
        rgb: Some((0..POINTS).map(|i| [0, 1, 2].map(|c| ((i / 7 + c * 1000) % 65_536) as u16)).collect()),
        gps_time: Some((0..POINTS).map(|i| 3e8 + i as f64 * 2e-6).collect()),
        returns: Some((0..POINTS).map(|i| [[1, 1], [1, 1], [1, 2], [2, 2]][i % 4]).collect()),
        point_source: Some((0..POINTS).map(|i| (i / 500_000) as u16).collect()),
        scan_angle: Some((0..POINTS).map(|i| (i % 2000) as f32 * 0.018 - 18.0).collect()),
        user_data: Some((0..POINTS).map(|i| (i / 100 % 3) as u8).collect()),
        ..Attributes::default()
    };
    Ok(Points { xyz, attributes }.about(Origin::near([630_500.0, 4_830_250.0, 200.0])?)?)
}

fn write_points(cloud: &Cloud, columns: Columns, path: &Path) -> Result<usize, Box<dyn Error>> {
    let schema = Schema { crs: Some(utm_zone_17()), offset: [630_000.0, 4_830_000.0, 0.0], columns, ..Schema::default() };
    let mut writer = LazWriter::create(path, &schema)?;
    writer.write(cloud, &[])?;
    writer.finish()?;
    Ok(cloud.len())
}

/// The columns of a point cloud of results beside its two extra ones.
fn result_columns() -> Columns {
    Columns::CLASSIFICATION
        .with(Columns::INTENSITY)
        .with(Columns::RETURNS)
        .with(Columns::GPS_TIME)
        .with(Columns::POINT_SOURCE)
        .with(Columns::SCAN_ANGLE)
        .with(Columns::USER_DATA)
}

/// PDRF 6 with two extra columns of single precision.
fn result_schema() -> Schema {
    let float = |name: &str| ExtraBytes::new(name, "m", ExtraKind::F32);
    Schema {
        crs: Some(utm_zone_17()),
        offset: [630_000.0, 4_830_000.0, 0.0],
        columns: result_columns(),
        extra_bytes: vec![float("distance"), float("lod")],
        ..Schema::default()
    }
}

/// Distances and levels of detection as a comparison of two epochs has them: centimetres of scatter about a slow change.
fn result_values(points: usize) -> [Vec<f64>; 2] {
    let noise = |i: usize, shift: u32| ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as u16;
    let distance = |i: usize| 0.3 * (i as f64 * 1e-5).sin() + 0.03 * (f64::from(noise(i, 40)) / 65_536.0 - 0.5);
    let lod = |i: usize| 0.02 + 0.01 * f64::from(noise(i, 20)) / 65_536.0;
    [(0..points).map(distance).collect(), (0..points).map(lod).collect()]
}

fn write_results(cloud: &Cloud, [distance, lod]: &[Vec<f64>; 2], path: &Path) -> Result<usize, Box<dyn Error>> {
    let mut writer = LazWriter::create(path, &result_schema())?;
    writer.write(cloud, &[distance, lod])?;
    writer.finish()?;
    Ok(cloud.len())
}

/// In cells of a metre, through runs on disk.
fn write_sorted(cloud: &Cloud, [distance, lod]: &[Vec<f64>; 2], path: &Path) -> Result<usize, Box<dyn Error>> {
    let mut writer = SortedLazWriter::create(path, &result_schema(), 1.0, 32 << 20)?;
    writer.write(cloud, &[distance, lod])?;
    writer.finish()?;
    Ok(cloud.len())
}

/// The points of a file in PDRF 1, compressed point by point.
fn write_pointwise(las: &Path, path: &Path) -> Result<(), Box<dyn Error>> {
    let made = path.with_extension("las");
    let bytes = std::fs::read(las)?;
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let [start, length] = [word(96), usize::from(bytes[105]) | usize::from(bytes[106]) << 8];
    let mut file = bytes[..start].to_vec();
    file[104] = 1;
    file[105..107].copy_from_slice(&28_u16.to_le_bytes());
    file[107..111].copy_from_slice(&(POINTS as u32).to_le_bytes());
    for record in bytes[start..].chunks_exact(length).take(POINTS) {
        file.extend(&record[..14]);
        file.extend([record[14] & 7 | record[14] >> 1 & 0x38, record[16] & 31, record[18], record[17], record[20], record[21]]);
        file.extend(&record[22..30]);
    }
    std::fs::write(&made, file)?;
    Las::open(&made)?.rewrite(path)?;
    Ok(())
}

fn write_raster(path: &Path) -> Result<usize, Box<dyn Error>> {
    let mut mosaic = GeoTiffMosaic::create(path, 1.0)?.crs(utm_zone_17());
    let side = CELLS as f64;
    let [x, y] = [630_000_i64, 4_830_000];
    let low = [x as f64, y as f64];
    mosaic.begin(Rect { min: low, max: [low[0] + side, low[1] + side] })?;
    for row in 0..CELLS / TILE {
        for column in 0..CELLS / TILE {
            let first = [x + (column * TILE) as i64, y + (row * TILE) as i64];
            let grid = Grid { cell_size: 1.0, first, columns: TILE, rows: TILE };
            let value = |i: usize| {
                let [a, b] = [(first[0] - x) as usize + i % TILE, (first[1] - y) as usize + i / TILE];
                if (a / 100 + b / 100) % 9 == 0 { f64::NAN } else { (a as f64 * 0.01).sin() + (b * a % 13) as f64 * 0.001 }
            };
            let raster = Raster::from_rows(grid, (0..TILE * TILE).map(value).collect())?;
            mosaic.accept(grid.extent(), raster)?;
        }
    }
    mosaic.finish()?;
    Ok(CELLS * CELLS)
}

#[cfg(feature = "this")]
fn utm_zone_17() -> Crs {
    Crs::from_epsg(32617)
}

#[cfg(not(feature = "this"))]
fn utm_zone_17() -> Crs {
    Crs::epsg(32617)
}
