//! What runs write: views, masks, rig, EXIF; and that a run that went on ends with the same bytes.

use crate::frames::{Place, jpeg, panorama, png, png_pixels};
use isopach_compute::Cpu;
use isopach_panorama::{Camera, Equirectangular, Lens, View};
use isopach_perspectives::PerspectiveError;
use isopach_raster::gather::{Edges, Gather, Gathering, ImageView, Pixels, PlaceMap};
use std::fs;

/// The view of a panorama by the library alone.
fn view_of(pixels: &[u8], [columns, rows]: [usize; 2], view: View) -> Vec<u8> {
    let panorama = Equirectangular::new(columns, rows).unwrap();
    let camera = Camera::new(view).unwrap();
    let lens = view.lens;
    let gathering = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let map = PlaceMap::new(
        lens.columns,
        lens.rows,
        [columns, rows],
        gathering,
        |x, y| panorama.place_of(camera.ray_of([x as f64 + 0.5, y as f64 + 0.5])),
    );
    let image = ImageView::new(columns, rows, 3, Pixels::U8(pixels)).unwrap();
    let mut picture = vec![0; lens.columns * lens.rows * 3];
    let held = Cpu.hold_image(image).unwrap();
    held.remap(&map.unwrap(), &mut picture).unwrap();
    picture
}

fn png_frame(place: &Place) -> Vec<u8> {
    let pixels = panorama(128, 64, 1);
    let bytes = png(
        [128, 64],
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &pixels,
    );
    place.add_frame("walk/a.png", &bytes);
    pixels
}

#[test]
fn png_views_are_the_remapped_pixels() {
    let place = Place::empty();
    let pixels = png_frame(&place);
    let outcome = place.run(
        "out",
        &["--format", "png", "--views", "ring:4", "--size", "40x30"],
    );
    assert_eq!([outcome.made, outcome.kept, outcome.views], [1, 0, 4]);
    for (number, yaw) in [0_f64, 90.0, 180.0, 270.0].into_iter().enumerate() {
        let lens = Lens {
            horizontal_fov: 90_f64.to_radians(),
            columns: 40,
            rows: 30,
        };
        let view = View {
            yaw: yaw.to_radians(),
            ..View::ahead(lens)
        };
        let path = place.path(&format!("out/images/pano_camera{number}/walk/a.png"));
        assert_eq!(png_pixels(&path), view_of(&pixels, [128, 64], view));
        let mask = place.path(&format!("out/masks/pano_camera{number}/walk/a.png.png"));
        // Four level views of 90° do not overlap.
        assert_eq!(png_pixels(&mask), [255; 40 * 30]);
    }
}

#[test]
fn coarse_views_are_the_mean_of_their_places() {
    let place = Place::empty();
    let pixels = png_frame(&place);
    let words = [
        "--format",
        "png",
        "--views",
        "ring:1",
        "--size",
        "20",
        "--antialias",
        "3",
    ];
    place.run("out", &words);
    let lens = Lens {
        horizontal_fov: 90_f64.to_radians(),
        columns: 60,
        rows: 60,
    };
    let fine = view_of(&pixels, [128, 64], View::ahead(lens));
    let coarse = png_pixels(&place.path("out/images/pano_camera0/walk/a.png"));
    for (i, value) in coarse.iter().enumerate() {
        let [row, column, band] = [i / 60, i / 3 % 20, i % 3];
        let mut sum = 0;
        for y in 0..3 {
            for x in 0..3 {
                sum += u32::from(fine[((row * 3 + y) * 60 + column * 3 + x) * 3 + band]);
            }
        }
        assert_eq!(u32::from(*value), (2 * sum + 9) / 18);
    }
}

#[test]
fn jpeg_views_decode_to_the_pixels_of_png_views_but_for_the_loss() {
    let place = Place::with_frames(1);
    place.run("png", &["--format", "png", "--size", "64"]);
    place.run(
        "jpeg",
        &["--size", "64", "--quality", "98", "--chroma", "444"],
    );
    for number in 0..8 {
        let png = png_pixels(&place.path(&format!("png/images/pano_camera{number}/0.png")));
        let path = place.path(&format!("jpeg/images/pano_camera{number}/0.jpg"));
        let jpeg = libjpeg_turbo_rs::decompress(&fs::read(path).unwrap()).unwrap();
        assert_eq!(jpeg.data.len(), png.len());
        let largest = jpeg
            .data
            .iter()
            .zip(&png)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(largest <= Some(6), "{largest:?}");
    }
}

#[test]
fn decoders_agree_within_their_known_difference() {
    let place = Place::with_frames(1);
    let words = ["--format", "png", "--size", "64", "--decoder"];
    place.run("zune", &[&words[..], &["zune"]].concat());
    place.run("turbo", &[&words[..], &["turbo"]].concat());
    for number in 0..8 {
        let pixels = ["zune", "turbo"]
            .map(|out| png_pixels(&place.path(&format!("{out}/images/pano_camera{number}/0.png"))));
        let largest = pixels[0]
            .iter()
            .zip(&pixels[1])
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(largest <= Some(5), "{largest:?}");
    }
}

#[test]
fn grey_frames_and_opacity_are_read() {
    let place = Place::empty();
    let grey: Vec<u8> = panorama(128, 64, 2)
        .chunks(3)
        .map(|pixel| pixel[0])
        .collect();
    let coloured = panorama(128, 64, 2);
    let opaque: Vec<u8> = coloured
        .chunks(3)
        .flat_map(|p| [p[0], p[1], p[2], 9])
        .collect();
    let eight = png::BitDepth::Eight;
    place.add_frame(
        "grey.png",
        &png([128, 64], png::ColorType::Grayscale, eight, &grey),
    );
    place.add_frame(
        "rgba.png",
        &png([128, 64], png::ColorType::Rgba, eight, &opaque),
    );
    place.add_frame(
        "rgb.png",
        &png([128, 64], png::ColorType::Rgb, eight, &coloured),
    );
    place.run(
        "out",
        &["--format", "png", "--views", "ring:1", "--size", "32"],
    );
    let view = |name: &str| png_pixels(&place.path(&format!("out/images/pano_camera0/{name}.png")));
    let rgb = view("rgb");
    assert_eq!(view("rgba"), rgb);
    let red: Vec<u8> = rgb.chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(view("grey"), red);
    let warnings = place.summary("out")["warnings"].to_string();
    assert!(warnings.contains("opacity"), "{warnings}");
}

#[test]
fn results_are_the_same_for_any_threads_and_memory() {
    let place = Place::with_frames(5);
    place.run("one", &["--threads", "1", "--memory", "8MiB"]);
    place.run("many", &["--threads", "7"]);
    let one = place.results("one");
    assert_eq!(one, place.results("many"));
    assert_eq!(
        one.keys()
            .filter(|name| name.starts_with("images/"))
            .count(),
        40
    );
    assert_eq!(
        one.keys().filter(|name| name.starts_with("masks/")).count(),
        40
    );
    for name in [
        "rig_config.json",
        "contact_sheet.jpg",
        "index.html",
        "frames.jsonl",
    ] {
        assert!(one.contains_key(name), "{name}");
    }
}

#[test]
fn new_and_changed_frames_are_taken_up_and_the_others_kept() {
    let place = Place::with_frames(3);
    place.run("out", &["--threads", "1"]);
    let again = place.run("out", &[]);
    assert_eq!([again.made, again.kept], [0, 3]);
    place.add_frame("3.jpg", &jpeg(128, 64, 3));
    place.add_frame("1.jpg", &jpeg(128, 64, 9));
    fs::write(place.path("out/images/pano_camera2/0.jpg"), "").unwrap();
    let more = place.run("out", &[]);
    assert_eq!([more.made, more.kept], [3, 1]);
    place.run("whole", &[]);
    assert_eq!(place.results("out"), place.results("whole"));
    // A frame that is no longer there: its views stay, and the run says so.
    fs::remove_file(place.path("frames/0.jpg")).unwrap();
    place.run("out", &[]);
    let warnings = place.summary("out")["warnings"].to_string();
    assert!(warnings.contains("1 frames of former runs"), "{warnings}");
}

#[test]
fn other_parameters_are_refused_unless_fresh() {
    let place = Place::with_frames(2);
    place.run("out", &["--views", "cube"]);
    let error = place.refusal("out", &["--views", "ring:2"]);
    assert!(matches!(
        error.find_cause(),
        Some(PerspectiveError::OtherParameters { .. })
    ));
    assert!(!error.is_transient());
    place.run("out", &["--views", "ring:2", "--fresh"]);
    place.run("whole", &["--views", "ring:2"]);
    assert_eq!(
        place.results("out").keys().collect::<Vec<_>>(),
        place.results("whole").keys().collect::<Vec<_>>()
    );
    let error = place.refusal("frames/out", &[]);
    assert!(matches!(
        error.find_cause(),
        Some(PerspectiveError::OutAmongFrames { .. })
    ));
}

/// EXIF data with a place, a focal length and an orientation, as a little-endian TIFF.
fn exif_data() -> Vec<u8> {
    use exif::{Field, In, Rational, Tag, Value, experimental::Writer};
    let field = |tag, value| Field {
        tag,
        ifd_num: In::PRIMARY,
        value,
    };
    let degrees = [(47, 1), (25, 1), (30, 1)].map(|(num, denom)| Rational { num, denom });
    let fields = [
        field(Tag::Orientation, Value::Short(vec![3])),
        field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![8])),
        field(Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
        field(Tag::GPSLatitude, Value::Rational(degrees.to_vec())),
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = std::io::Cursor::new(Vec::new());
    writer.write(&mut bytes, true).unwrap();
    bytes.into_inner()
}

#[test]
fn place_and_profile_are_kept_in_both_formats() {
    let place = Place::empty();
    let exif = exif_data();
    let profile = vec![5; 3000];
    let pixels = panorama(128, 64, 0);
    let bytes =
        libjpeg_turbo_rs::Encoder::new(&pixels, 128, 64, libjpeg_turbo_rs::PixelFormat::Rgb)
            .exif_data(&exif)
            .icc_profile(&profile)
            .encode()
            .unwrap();
    place.add_frame("a.jpg", &bytes);
    for (format, ending) in [("jpeg", "jpg"), ("png", "png")] {
        place.run(format, &["--format", format, "--size", "32"]);
        let path = place.path(&format!("{format}/images/pano_camera5/a.{ending}"));
        let file = fs::read(path).unwrap();
        let read = exif::Reader::new()
            .read_from_container(&mut std::io::Cursor::new(&file))
            .unwrap();
        let field = |tag| read.get_field(tag, exif::In::PRIMARY);
        let number = |tag| field(tag).and_then(|field| field.value.get_uint(0));
        assert_eq!(number(exif::Tag::Orientation), Some(1));
        assert_eq!(number(exif::Tag::PixelXDimension), Some(32));
        assert!(field(exif::Tag::FocalLengthIn35mmFilm).is_none());
        assert!(field(exif::Tag::GPSLatitude).is_some());
    }
    let view = fs::read(place.path("jpeg/images/pano_camera0/a.jpg")).unwrap();
    let found = view.windows(3000).any(|window| window == profile);
    assert!(found, "the colour profile is kept");
}
