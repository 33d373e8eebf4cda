//! A DEM of difference, tile by tile, in bounded memory.
//!
//!     cargo run --release --example 04_dod_tiled -- BEFORE.laz AFTER.laz DOD.tif

#![allow(clippy::print_stdout)]

use isopach::{
    change::{Detection, Dod, DodRasters, SurveyStatistics},
    cloud::Rect,
    las::Las,
    raster::{CellStatistic, GeoTiffMosaic},
    tiling::{TileSink, Tiling},
};

/// Keeps the differences of each tile, and drops what else the operation found.
struct Differences(GeoTiffMosaic);

impl TileSink<DodRasters> for Differences {
    fn begin(&mut self, whole: Rect) -> isopach::compute::Result<()> {
        self.0.begin(whole)
    }
    fn accept(&mut self, core: Rect, tile: DodRasters) -> isopach::compute::Result<()> {
        self.0.accept(core, tile.difference)
    }
    fn finish(&mut self) -> isopach::compute::Result<()> {
        self.0.finish()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [before, after, out] = &paths[..] else {
        return Err("usage: 04_dod_tiled BEFORE.laz AFTER.laz DOD.tif".into());
    };
    let before = Las::open(before)?.without_withheld();
    let after = Las::open(after)?.without_withheld();
    // No tile knows the survey: what its epochs' scatter is to each other comes from a sample
    // (Dod::sample); here both are of one kind.
    let detection = Detection {
        survey: Some(SurveyStatistics::equal_epochs()),
        ..Detection::default()
    };
    let dod = Dod {
        cell_size: 0.5,
        statistic: CellStatistic::Mean,
        classes: vec![2],
        detection,
        ..Dod::default()
    };
    let tiling = Tiling {
        tile_size: 500.0,
        memory: 4 << 30,
        ..Tiling::default()
    };
    let crs = before.crs().cloned().unwrap_or_default();
    let mut sink = Differences(GeoTiffMosaic::create(out, dod.cell_size)?.crs(crs));
    let report = tiling.stream(&isopach::auto(), &dod, [&before, &after], &mut sink)?;
    println!("{report}");
    Ok(())
}
