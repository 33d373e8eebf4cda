//! The image whose date is nearest to the GPS time of each point.

use crate::memory_image::MemoryImage;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_colour::{
    Colour, ColourError, ColourTile, ColourTiles, Cpu, ImageCatalogue, Precedence, utc_seconds,
};
use isopach_compute::{Dispatcher, conformance::random};
use isopach_raster::{ImageDate, ImageSource};
use isopach_tiling::{InMemory, Tiling};
use std::sync::Arc;

const CORNER: [f64; 2] = [500_000.0, 5_000_000.0];
/// What is taken off adjusted standard GPS time.
const TAKEN_OFF: u64 = 1_000_000_000;

/// Images of two flights, with a hole, a date that is there twice, and one image without a date.
fn sources() -> Vec<Arc<dyn ImageSource>> {
    let mut early = MemoryImage::new("early", CORNER, [300, 200]).dated("2019-06-01 10:00:00");
    early.hole = |[column, row]| column.abs_diff(150) + row.abs_diff(100) < 30;
    let mut undated = MemoryImage::new("undated", CORNER, [400, 300]);
    undated.value = |_, band| 200 + band as u8;
    let mut late = MemoryImage::new("late", CORNER, [300, 250]).dated("2021:06:01 10:00:00");
    late.value = |[column, row], band| ((column * 3 + row + band * 9) % 199) as u8;
    let mut twin = MemoryImage::new("twin", CORNER, [350, 250]).dated("2021:06:01 10:00:00");
    twin.value = |[column, row], band| ((column + row * 3 + band * 9) % 197) as u8;
    [undated, late, early, twin]
        .map(|image| Arc::new(image) as Arc<dyn ImageSource>)
        .to_vec()
}

fn catalogue(precedence: Precedence) -> ImageCatalogue {
    ImageCatalogue::new(sources(), precedence, 1 << 20).unwrap()
}

fn by_time() -> ImageCatalogue {
    catalogue(Precedence::PointTime {
        taken_off: TAKEN_OFF,
    })
}

/// The adjusted standard GPS time of a date after 2017.
fn gps_of(date: &str) -> f64 {
    let date: ImageDate = date.parse().unwrap();
    let gps = date.seconds() as f64 - 315_964_800.0 + 18.0;
    assert_eq!(utc_seconds(gps), date.seconds() as f64);
    gps - TAKEN_OFF as f64
}

/// Points on and beside the images, of the days from 2018 to 2022, in whole seconds.
fn cloud(count: u64) -> Cloud {
    let points: Vec<[f64; 3]> = (0..count)
        .map(|i| {
            let [x, y] = [0, 1].map(|axis| random(3 * i + axis));
            [
                CORNER[0] - 5.0 + 220.0 * x,
                CORNER[1] + 5.0 - 160.0 * y,
                9.0,
            ]
        })
        .collect();
    let [first, last] = ["2018-01-01", "2022-12-31"].map(gps_of);
    let time = |i| (first + (last - first) * random(3 * i + 2)).floor();
    let mut cloud = Cloud::from_points(&points).unwrap();
    cloud.attributes.gps_time = Some((0..count).map(time).collect());
    cloud.attributes.point_source = Some((0..count).map(|i| i as u16).collect());
    cloud
}

fn places_of(cloud: &Cloud) -> Vec<[f64; 2]> {
    let positions = cloud.positions();
    (0..cloud.len())
        .map(|i| positions.absolute(i))
        .map(|[east, north, _]| [east, north])
        .collect()
}

/// A name of the image of each place.
fn names(images: &ImageCatalogue, cloud: &Cloud) -> Vec<(Option<String>, [u64; 4])> {
    let times = cloud.attributes.gps_time.as_deref().unwrap();
    let found = Colour::default()
        .values_at_times(&Cpu, images, &places_of(cloud), times)
        .unwrap();
    (0..found.len())
        .map(|i| {
            let name = |image: usize| images.images()[image].description().name.clone();
            let bits = found.samples[i].map(f64::to_bits);
            (found.image(i).map(name), bits)
        })
        .collect()
}

#[test]
fn each_point_has_the_image_of_its_own_date() {
    let cloud = cloud(400);
    let found = names(&by_time(), &cloud);
    let times = cloud.attributes.gps_time.as_ref().unwrap();
    let mut seen: Vec<Option<String>> = Vec::new();
    for (i, place) in places_of(&cloud).into_iter().enumerate() {
        // The date of a point as that of all points.
        let date = utc_seconds(times[i] + TAKEN_OFF as f64) as i64;
        let date: ImageDate = text_of(date).parse().unwrap();
        let alone = catalogue(Precedence::NearestDate(date));
        let values = Colour::default().values_at(&Cpu, &alone, &[place]).unwrap();
        let image = values.image(0);
        let name = image.map(|image| alone.images()[image].description().name.clone());
        let bits = values.samples[0].map(f64::to_bits);
        assert_eq!(found[i], (name.clone(), bits), "point {i}");
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

/// A date of 2018 to 2022 by its seconds.
fn text_of(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let date_of = |year: i64, month: i64, day: i64| -> Option<ImageDate> {
        format!("{year}-{month}-{day}").parse().ok()
    };
    for year in 2017..2024 {
        for month in 1..=12 {
            for day in 1..=31 {
                let date = date_of(year, month, day);
                if date.is_some_and(|date| date.seconds() == days * 86_400) {
                    let [hours, minutes] = [rest / 3600, rest / 60 % 60];
                    return format!("{year}-{month}-{day} {hours}:{minutes}:{}", rest % 60);
                }
            }
        }
    }
    unreachable!("{seconds} is not of these years")
}

#[test]
fn halfway_between_two_dates_the_first_wins() {
    let mut cloud = cloud(3);
    let [early, late] = ["2019-06-01 10:00:00", "2021-06-01 10:00:00"].map(gps_of);
    let middle = (early + late) / 2.0;
    cloud.attributes.gps_time = Some(vec![middle, middle - 0.25, middle + 0.25]);
    let place = [CORNER[0] + 10.0, CORNER[1] - 10.0];
    let times = cloud.attributes.gps_time.as_deref().unwrap();
    let images = by_time();
    let found = Colour::default()
        .values_at_times(&Cpu, &images, &[place; 3], times)
        .unwrap();
    let name = |i| {
        images.images()[found.image(i).unwrap()]
            .description()
            .name
            .clone()
    };
    assert_eq!([0, 1, 2].map(name), ["late", "early", "late"]);
}

/// Points by their number with colour, near infrared and the image.
fn run(cloud: &Cloud, tile_size: f64) -> Vec<(u16, [u16; 3], u16)> {
    let kept = Columns::POINT_SOURCE;
    let operation = ColourTiles::new(Colour::default(), Arc::new(by_time()), kept).unwrap();
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    let mut rows = Vec::new();
    let mut sink = |_: Rect, tile: ColourTile| {
        let attributes = tile.points.attributes;
        assert!(attributes.gps_time.is_none(), "it is not kept");
        let colours = attributes
            .rgb
            .unwrap()
            .into_iter()
            .zip(attributes.nir.unwrap());
        let numbers = attributes.point_source.unwrap();
        rows.extend(
            numbers
                .into_iter()
                .zip(colours)
                .map(|(number, (rgb, nir))| (number, rgb, nir)),
        );
        Ok(())
    };
    let source = InMemory::with_chunk_size("points", cloud.clone(), 700);
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    tiling
        .stream(&on, &operation, [&source], &mut sink)
        .unwrap();
    rows.sort_unstable();
    rows
}

#[test]
fn tiles_change_no_bit() {
    let cloud = cloud(5000);
    let rows = run(&cloud, 10_000.0);
    assert_eq!(rows.len(), 5000);
    for size in [17.0, 60.0] {
        assert_eq!(run(&cloud, size), rows);
    }
}

#[test]
fn points_without_a_time_are_refused() {
    let images = by_time();
    let place = [CORNER[0] + 10.0, CORNER[1] - 10.0];
    let colour = Colour::default();
    let cause = |error: isopach_compute::Error| error.find_cause::<ColourError>().cloned();
    let error = colour.values_at(&Cpu, &images, &[place]).unwrap_err();
    assert_eq!(cause(error), Some(ColourError::NoTimes));
    let times = [f64::INFINITY];
    let error = colour.values_at_times(&Cpu, &images, &[place], &times);
    let expected = ColourError::NoTime { time: times[0] };
    assert_eq!(cause(error.unwrap_err()), Some(expected));
    assert!(
        colour
            .values_at_times(&Cpu, &images, &[place], &[])
            .is_err()
    );
}
