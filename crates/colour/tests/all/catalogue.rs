//! Which image is asked, at which level, and what is refused.

use crate::memory_image::MemoryImage;
use isopach_cloud::CrsKind;
use isopach_colour::{Colour, ColourError, Cpu, ImageCatalogue, LevelChoice, Outcome, Precedence};
use isopach_raster::{BandRole, Crs, GeoTiffBlocks, ImageSource, SampleType};
use std::sync::Arc;

const CORNER: [f64; 2] = [500_000.0, 5_000_100.0];

fn catalogue(images: Vec<MemoryImage>, precedence: Precedence) -> ImageCatalogue {
    let sources = images
        .into_iter()
        .map(|image| Arc::new(image) as Arc<dyn ImageSource>);
    ImageCatalogue::new(sources.collect(), precedence, 1 << 20).unwrap()
}

fn refused(image: MemoryImage) -> ColourError {
    let sources: Vec<Arc<dyn ImageSource>> = vec![
        Arc::new(MemoryImage::new("good", CORNER, [9, 9])),
        Arc::new(image),
    ];
    let error = ImageCatalogue::new(sources, Precedence::First, 1 << 20).unwrap_err();
    assert!(error.to_string().contains("bad"), "{error}");
    error.find_cause::<ColourError>().unwrap().clone()
}

fn image_at(images: &ImageCatalogue, place: [f64; 2]) -> Option<String> {
    let found = Colour::default().values_at(&Cpu, images, &[place]).unwrap();
    let number = found.image(0)?;
    Some(images.images()[number].description().name.clone())
}

impl MemoryImage {
    /// The image, taken at a date.
    pub(crate) fn dated(mut self, date: &str) -> Self {
        self.about.date = Some(date.parse().unwrap());
        self
    }
}

#[test]
fn the_first_image_with_a_value_wins() {
    let mut first = MemoryImage::new("first", CORNER, [100, 100]);
    first.hole = |[column, _]| column < 20;
    let second = MemoryImage::new("second", [CORNER[0] - 20.0, CORNER[1]], [100, 100]);
    let images = catalogue(vec![first, second], Precedence::First);
    let at = |east: f64| image_at(&images, [CORNER[0] + east, CORNER[1] - 10.25]);
    assert_eq!(at(30.25).as_deref(), Some("first"));
    assert_eq!(
        at(5.25).as_deref(),
        Some("second"),
        "the first has no value there"
    );
    assert_eq!(at(-5.0).as_deref(), Some("second"));
    assert_eq!(at(-25.0), None);
    let found = Colour::default()
        .values_at(&Cpu, &images, &[[CORNER[0] - 25.0, 5e6]])
        .unwrap();
    assert_eq!(found.outcome(0), Outcome::Outside);
    assert!(found.samples[0].iter().all(|sample| sample.is_nan()) && found.ndvi(0).is_nan());
}

#[test]
fn the_nearest_date_wins_and_images_without_one_come_last() {
    let images = vec![
        MemoryImage::new("undated", CORNER, [50, 50]),
        MemoryImage::new("early", CORNER, [50, 50]).dated("2019-06-01"),
        MemoryImage::new("late", CORNER, [50, 50]).dated("2021:06:01 10:00:00"),
    ];
    let wanted = Precedence::NearestDate("2020-12-01".parse().unwrap());
    let images = catalogue(images, wanted);
    let names: Vec<&str> = images
        .images()
        .iter()
        .map(|image| image.description().name.as_str())
        .collect();
    assert_eq!(names, ["late", "early", "undated"]);
    let place = [CORNER[0] + 1.0, CORNER[1] - 1.0];
    assert_eq!(image_at(&images, place).as_deref(), Some("late"));
}

#[test]
fn the_coarsest_level_that_still_tells_points_apart_is_taken() {
    let images = catalogue(
        vec![MemoryImage::new("a", CORNER, [100, 80])],
        Precedence::First,
    );
    let image = &images.images()[0];
    let level = |spacing: f64| LevelChoice::Spacing(spacing).of(image);
    assert_eq!(
        [0.1, 0.5, 0.9, 1.0, 1.9, 2.0, 50.0].map(level),
        [0, 0, 0, 1, 1, 2, 2]
    );
    assert_eq!(
        [0, 2, 9].map(|number| LevelChoice::Number(number).of(image)),
        [0, 2, 2]
    );
    // A place in the middle of pixel (3, 5) of the second level, whose pixels have 2 m.
    let place = [CORNER[0] + 7.0, CORNER[1] - 11.0];
    let colour = Colour {
        level: LevelChoice::Spacing(2.5),
        ..Colour::default()
    };
    let found = colour.values_at(&Cpu, &images, &[place]).unwrap();
    assert_eq!(found.samples[0][0], f64::from((3 * 7 + 5 * 13) as u8));
}

#[test]
fn images_in_feet_are_converted() {
    let mut feet = MemoryImage::new("feet", [1_000_000.0, 2_000_000.0], [50, 50]);
    feet.about.crs = isopach_crs::named_crs("EPSG:2992").unwrap(); // Oregon, international feet
    let images = catalogue(vec![feet], Precedence::First);
    let georeference = images.images()[0].georeference();
    assert_eq!(georeference.corner, [304_800.0, 609_600.0]);
    assert_eq!(georeference.step, [0.5 * 0.3048, -0.5 * 0.3048]);
    let place = [304_800.0 + 1.25 * 0.3048, 609_600.0 - 0.75 * 0.3048];
    let found = Colour::default()
        .values_at(&Cpu, &images, &[place])
        .unwrap();
    assert!((found.samples[0][0] - f64::from(2 * 7 + 13_u8)).abs() < 1e-4);
    assert!(
        images
            .check_system(&isopach_crs::named_crs("EPSG:2992").unwrap())
            .is_ok()
    );
    assert!(images.check_system(&Crs::default()).is_ok());
    let error = images
        .check_system(&isopach_crs::named_crs("EPSG:32631").unwrap())
        .unwrap_err();
    let cause = error.find_cause::<ColourError>().unwrap();
    assert!(matches!(cause, ColourError::OtherSystem { image, .. } if image == "feet"));
}

#[test]
fn what_cannot_be_used_is_refused_with_a_reason() {
    let bad = || MemoryImage::new("bad", CORNER, [9, 9]);
    let mut degrees = bad();
    degrees.about.crs = Crs {
        kind: CrsKind::Geographic,
        ..Crs::default()
    };
    assert!(matches!(refused(degrees), ColourError::NoPlane { .. }));
    let mut other = bad();
    other.about.crs = Crs::from_epsg(32632);
    assert!(matches!(refused(other), ColourError::OtherSystem { .. }));
    let mut unnamed = bad();
    unnamed.about.bands = vec![BandRole::Other; 4];
    assert!(matches!(
        refused(unnamed),
        ColourError::UnknownBands { bands: 4, .. }
    ));
    let mut huge = bad();
    huge.about.levels[0].block = [1 << 20, 1 << 10];
    assert!(matches!(
        refused(huge),
        ColourError::BlockLargerThanCache { .. }
    ));
    let none = ImageCatalogue::new(Vec::new(), Precedence::First, 1).unwrap_err();
    assert_eq!(none.find_cause(), Some(&ColourError::NoImages));

    let mut floats = MemoryImage::new("floats", CORNER, [9, 9]);
    floats.about.samples = SampleType::F32;
    floats.about.full_scale = None;
    floats.about.bands[3] = BandRole::Other;
    let images = catalogue(vec![floats], Precedence::First);
    let place = [[CORNER[0] + 1.0, CORNER[1] - 1.0]];
    let error_of = |colour: Colour| colour.values_at(&Cpu, &images, &place).unwrap_err();
    let cause_of = |colour| {
        error_of(colour)
            .find_cause::<ColourError>()
            .unwrap()
            .clone()
    };
    assert!(matches!(
        cause_of(Colour::default()),
        ColourError::NoFullScale { .. }
    ));
    let ndvi = Colour {
        ndvi: true,
        ..Colour::default()
    };
    assert!(matches!(cause_of(ndvi), ColourError::NoInfrared { .. }));
    // The source gives bytes where it promised floating point.
    let range = Colour {
        range: Some([0.0, 1.0]),
        ..Colour::default()
    };
    assert!(matches!(cause_of(range), ColourError::OtherBlock { .. }));
    let turned = Colour {
        range: Some([1.0, 1.0]),
        ..Colour::default()
    };
    assert!(error_of(turned).to_string().contains("65535"));
}

#[test]
fn bands_are_named_by_the_caller_against_the_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("../raster/tests/data/jpeg_rgb_nir.tif");
    let open = || GeoTiffBlocks::open(&path).unwrap();
    let images = |source: GeoTiffBlocks| {
        ImageCatalogue::new(vec![Arc::new(source)], Precedence::First, 1 << 20).unwrap()
    };
    let as_stated = images(open());
    let turned = images(open().with_bands(&[4, 2, 1]).unwrap());
    let place = [[500_050.0, 4_999_950.0]];
    let colour = Colour::default();
    let [red, green, blue, infrared] =
        colour.values_at(&Cpu, &as_stated, &place).unwrap().samples[0];
    let found = colour.values_at(&Cpu, &turned, &place).unwrap().samples[0];
    assert_eq!(found[..3], [infrared, green, red]);
    assert!(found[3].is_nan() && blue != red);
    assert!(!turned.has_infrared() && as_stated.has_infrared());
    for numbers in [
        &[1, 2, 5][..],
        &[0, 1, 2],
        &[1, 1, 1],
        &[],
        &[1, 2, 3, 4, 1],
    ] {
        assert!(open().with_bands(numbers).is_err(), "{numbers:?}");
    }
}
