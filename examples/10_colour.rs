//! Colours of points from orthophotos, through the library: near infrared and a vegetation index
//! where the images have it, tile by tile.
//!
//!     cargo run --release --example 10_colour -- tile.laz ortho.tif [more.tif ...]

#![allow(clippy::print_stdout, missing_docs)]

use isopach::{
    cloud::{Columns, Rect},
    colour::{
        Colour, ColourCounts, ColourTile, ColourTiles, ImageCatalogue, LevelChoice, Precedence,
    },
    las::Las,
    raster::{GeoTiffBlocks, ImageSource},
    tiling::Tiling,
};
use std::{env, error::Error, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [path, orthos @ ..] = &words[..] else {
        return Err("10_colour FILE.laz ORTHO.tif ...".into());
    };
    let mut sources: Vec<Arc<dyn ImageSource>> = Vec::new();
    for ortho in orthos {
        sources.push(Arc::new(GeoTiffBlocks::open(ortho)?));
    }
    // Where they overlap, the first that has a value wins; 256 MiB for their blocks.
    let images = Arc::new(ImageCatalogue::new(sources, Precedence::First, 256 << 20)?);
    let colour = Colour {
        level: LevelChoice::Spacing(0.5), // points are half a metre apart
        ndvi: images.has_infrared(),
        ..Colour::default()
    };
    let survey = Las::open(path)?.in_metres()?;
    if let Some(crs) = survey.crs() {
        images.check_system(crs)?;
    }
    let operation = ColourTiles::new(colour, images.clone(), Columns::XYZ)?;
    let mut counts = ColourCounts::default();
    let mut sink = |core: Rect, tile: ColourTile| {
        counts = counts.plus(tile.counts);
        let colours = tile.points.attributes.rgb.unwrap_or_default();
        println!(
            "{core}: {} points, the first is {:?}",
            colours.len(),
            colours.first()
        );
        Ok(())
    };
    Tiling::default().stream(&isopach::cpu(), &operation, [&survey], &mut sink)?;
    println!("{counts:?}");
    println!("{:?}", images.cache().counters());
    Ok(())
}
