//! Results of a run in a few letters: equal where every cell and every point is, bit by bit.

use isopach::{cloud::Columns, compute::fnv1a, las::Las, raster::read_geotiff};
use isopach_program::println;
use std::{error::Error, path::Path, path::PathBuf};

/// Rasters of a run, and its point files with their columns.
const RASTERS: [&str; 2] = ["dod.tif", "dod_lod.tif"];
const POINTS: [(&str, &[&str]); 2] = [
    (
        "m3c2.laz",
        &[
            "m3c2_distance",
            "m3c2_lod",
            "significant",
            "count_before",
            "count_after",
        ],
    ),
    ("c2c.laz", &["c2c_distance"]),
];

fn hash_numbers(numbers: impl Iterator<Item = u64>) -> u64 {
    fnv1a(numbers.flat_map(u64::to_le_bytes))
}

fn hash_raster(path: &Path) -> Result<u64, Box<dyn Error>> {
    let raster = read_geotiff(path)?;
    let place = [
        raster.grid.first[0] as u64,
        raster.grid.first[1] as u64,
        raster.grid.columns as u64,
    ];
    let cells = raster.values.iter().map(|value| {
        if value.is_nan() {
            0
        } else {
            (*value as f32).to_bits().into()
        }
    });
    Ok(hash_numbers(place.into_iter().chain(cells)))
}

fn hash_points(path: &Path, columns: &[&str]) -> Result<u64, Box<dyn Error>> {
    let las = Las::open(path)?;
    let found = las.read_points(Columns::XYZ)?;
    let columns: Vec<Vec<f64>> = columns
        .iter()
        .map(|name| las.read_extra(name))
        .collect::<Result<_, _>>()?;
    let row = |i: usize| {
        let values = columns.iter().map(move |column| {
            if column[i].is_nan() {
                0
            } else {
                column[i].to_bits()
            }
        });
        found.xyz[i]
            .iter()
            .map(|x| x.to_bits())
            .chain(values)
            .collect::<Vec<u64>>()
    };
    let mut rows: Vec<Vec<u64>> = (0..found.len()).map(row).collect();
    rows.sort_unstable();
    Ok(hash_numbers(rows.into_iter().flatten()))
}

/// A line a folder: the hash of each raster and of each file of points, sorted.
pub fn print_folders(folders: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    for folder in folders {
        let rasters = RASTERS
            .iter()
            .map(|name| hash_raster(&folder.join(name)).map(|hash| (*name, hash)));
        let points = POINTS.iter().map(|(name, columns)| {
            hash_points(&folder.join(name), columns).map(|hash| (*name, hash))
        });
        let all: Vec<(&str, u64)> = rasters.chain(points).collect::<Result<_, _>>()?;
        let text: Vec<String> = all
            .iter()
            .map(|(name, hash)| format!("{name} {hash:016x}"))
            .collect();
        println!("{}  {}", text.join("  "), folder.display());
    }
    Ok(())
}
