//! Colours of a survey, tile by tile.

use crate::memory_image::MemoryImage;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_colour::{
    Colour, ColourCounts, ColourError, ColourTile, ColourTiles, Cpu, ImageCatalogue, Precedence,
};
use isopach_compute::Dispatcher;
use isopach_raster::ImageSource;
use isopach_tiling::{Encode, InMemory, Tiling};
use std::sync::Arc;

const CORNER: [f64; 2] = [500_000.0, 5_000_000.0];

fn images() -> Arc<ImageCatalogue> {
    let mut first = MemoryImage::new("first", CORNER, [300, 200]);
    first.hole = |[column, row]| column.abs_diff(150) + row.abs_diff(100) < 30;
    let second = MemoryImage::new("second", [CORNER[0] + 100.0, CORNER[1] - 20.0], [200, 300]);
    let sources: Vec<Arc<dyn ImageSource>> = vec![Arc::new(first), Arc::new(second)];
    Arc::new(ImageCatalogue::new(sources, Precedence::First, 60 << 10).unwrap())
}

/// Points around and on the images, with returns and old colours.
fn cloud(count: u32) -> Cloud {
    let points: Vec<[f64; 3]> = (0..count)
        .map(|i| {
            let [x, y] = [i.wrapping_mul(2_654_435_761), i.wrapping_mul(2_246_822_519)]
                .map(|hash| f64::from(hash >> 8) / f64::from(1 << 24));
            [
                CORNER[0] - 10.0 + 230.0 * x,
                CORNER[1] + 10.0 - 200.0 * y,
                100.0 + x,
            ]
        })
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    let every = 0..count as u16;
    cloud.attributes.returns = Some(every.clone().map(|i| [1 + (i % 3) as u8, 3]).collect());
    cloud.attributes.rgb = Some(every.clone().map(|i| [i, 7, 9]).collect());
    cloud.attributes.point_source = Some(every.collect());
    cloud
}

fn colour(only_first_returns: bool) -> Colour {
    Colour {
        only_first_returns,
        ndvi: true,
        ..Colour::default()
    }
}

/// All tiles, and the sums of their counts.
fn run(
    cloud: &Cloud,
    tile_size: f64,
    colour: &Colour,
    kept: Columns,
) -> (Vec<ColourTile>, ColourCounts) {
    let operation = ColourTiles::new(colour.clone(), images(), kept).unwrap();
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    let mut tiles = Vec::new();
    let mut sink = |_: Rect, tile: ColourTile| {
        tiles.push(tile);
        Ok(())
    };
    let source = InMemory::with_chunk_size("points", cloud.clone(), 700);
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    tiling
        .stream(&on, &operation, [&source], &mut sink)
        .unwrap();
    let counts = tiles
        .iter()
        .fold(ColourCounts::default(), |sum, tile| sum.plus(tile.counts));
    (tiles, counts)
}

/// A point by its source, which is its number here: colours and the bits of its index.
fn by_point(tiles: &[ColourTile]) -> Vec<(u16, [u16; 3], u16, u32)> {
    let mut rows = Vec::new();
    for tile in tiles {
        let attributes = &tile.points.attributes;
        for i in 0..tile.points.len() {
            rows.push((
                attributes.point_source.as_ref().unwrap()[i],
                attributes.rgb.as_ref().unwrap()[i],
                attributes.nir.as_ref().unwrap()[i],
                tile.ndvi.as_ref().unwrap()[i].to_bits(),
            ));
        }
    }
    rows.sort_unstable();
    rows
}

#[test]
fn tiles_change_no_bit() {
    let cloud = cloud(6000);
    let kept = Columns::RGB | Columns::POINT_SOURCE;
    let (whole, counts) = run(&cloud, 10_000.0, &colour(false), kept);
    let rows = by_point(&whole);
    assert_eq!(rows.len(), 6000);
    for size in [13.0, 50.0] {
        let (tiles, same) = run(&cloud, size, &colour(false), kept);
        assert!(tiles.len() > whole.len());
        assert_eq!(by_point(&tiles), rows);
        assert_eq!(same, counts);
    }
    let ColourCounts {
        coloured,
        outside,
        masked,
        ..
    } = counts;
    assert!(
        coloured > 3000 && outside > 500 && masked > 10,
        "{counts:?}"
    );
    assert_eq!(coloured + outside + masked, 6000);
    let of_images: Vec<u64> = (0..2)
        .map(|image| whole.iter().map(|tile| tile.of_images[image]).sum())
        .collect();
    assert_eq!(of_images.iter().sum::<u64>(), coloured);
    assert!(of_images.iter().all(|points| *points > 500));
}

#[test]
fn points_without_a_colour_keep_that_of_their_file() {
    let cloud = cloud(3000);
    let places: Vec<[f64; 2]> = (0..cloud.len())
        .map(|i| {
            let [east, north, _] = cloud.positions().absolute(i);
            [east, north]
        })
        .collect();
    let images = images();
    let values = colour(true).values_at(&Cpu, &images, &places).unwrap();
    let (tiles, counts) = run(
        &cloud,
        60.0,
        &colour(true),
        Columns::RGB | Columns::POINT_SOURCE,
    );
    assert_eq!(counts.not_first_returns, 2000);
    for (number, rgb, infrared, ndvi) in by_point(&tiles) {
        let i = usize::from(number);
        let is_coloured = i.is_multiple_of(3) && values.image(i).is_some();
        if is_coloured {
            let image = &images.images()[values.image(i).unwrap()];
            let scaled = values.samples[i].map(|v| Colour::default().colour_of(image, v));
            assert_eq!(
                (rgb, infrared),
                ([scaled[0], scaled[1], scaled[2]], scaled[3])
            );
            assert_eq!(f32::from_bits(ndvi), values.ndvi(i) as f32);
        } else {
            assert_eq!((rgb, infrared), ([number, 7, 9], 0));
            assert!(f32::from_bits(ndvi).is_nan());
        }
    }
    let (tiles, _) = run(&cloud, 60.0, &colour(true), Columns::POINT_SOURCE);
    assert!(by_point(&tiles).iter().any(|(_, rgb, _, _)| *rgb == [0; 3]));
    assert!(
        tiles
            .iter()
            .all(|tile| tile.points.attributes.returns.is_none())
    );
}

#[test]
fn results_come_back_from_their_bytes() {
    let cloud = cloud(500);
    let kept = Columns::RGB | Columns::POINT_SOURCE;
    let (tiles, _) = run(&cloud, 10_000.0, &colour(false), kept);
    let mut without = tiles[0].clone();
    without.ndvi = None;
    for tile in [&tiles[0], &without] {
        let bytes = tile.to_bytes();
        let back = ColourTile::from_bytes(&bytes).unwrap();
        assert_eq!(back.to_bytes(), bytes);
        assert_eq!(back.points, tile.points);
        assert_eq!(
            (back.counts, &back.of_images),
            (tile.counts, &tile.of_images)
        );
        assert!(ColourTile::from_bytes(&bytes[..bytes.len() - 1]).is_none());
    }
}

#[test]
fn ndvi_without_infrared_is_refused_before_a_tile_runs() {
    let mut image = MemoryImage::new("rgb", CORNER, [10, 10]);
    image.about.bands.pop();
    let sources: Vec<Arc<dyn ImageSource>> = vec![Arc::new(image)];
    let images = ImageCatalogue::new(sources, Precedence::First, 60 << 10).unwrap();
    let error = ColourTiles::new(colour(false), Arc::new(images), Columns::XYZ).unwrap_err();
    assert!(
        matches!(error.find_cause(), Some(ColourError::NoInfrared { image }) if image == "rgb")
    );
}
