//! Views that are made from the planes of a JPEG, beside the library's definition.

use crate::frames::{Place, jpeg, jpeg_with, panorama, png};
use isopach_compute::Cpu;
use isopach_panorama::{Camera, Equirectangular, Lens, View};
use isopach_perspectives::PerspectiveError;
use isopach_raster::gather::{Edges, Gather, Gathering, ImageView, Pixels, PlaceMap};
use libjpeg_turbo_rs::{ColorSpace, Subsampling, compress_raw};
use std::fs;
use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

/// A resolution of colours: its option, the columns and rows that share a sample, the codec's name.
struct Resolution {
    option: &'static str,
    /// The least that keeps its planes apart.
    planes: &'static str,
    shared: [usize; 2],
    name: Subsampling,
}

const RESOLUTIONS: [Resolution; 3] = [
    Resolution {
        option: "420",
        planes: "auto",
        shared: [2, 2],
        name: Subsampling::S420,
    },
    Resolution {
        option: "422",
        planes: "always",
        shared: [2, 1],
        name: Subsampling::S422,
    },
    Resolution {
        option: "444",
        planes: "auto",
        shared: [1, 1],
        name: Subsampling::S444,
    },
];

/// A plane of a frame.
struct Plane {
    columns: usize,
    rows: usize,
    samples: Vec<u8>,
}

/// The planes of a file, decoded at once.
fn planes_of(file: &[u8]) -> Vec<Plane> {
    let mut decoder = JpegDecoder::new(ZCursor::new(file));
    decoder.decode_headers().unwrap();
    let mut session = decoder.raw_output();
    let layout = session.layout().unwrap();
    let mut planes: Vec<Plane> = layout[..3]
        .iter()
        .map(|of| Plane {
            columns: of.width,
            rows: of.height,
            samples: vec![0; of.width * of.height],
        })
        .collect();
    let strides: Vec<usize> = planes.iter().map(|plane| plane.columns).collect();
    let mut targets: Vec<&mut [u8]> = planes.iter_mut().map(|of| &mut of.samples[..]).collect();
    session
        .decode_into_planes_strided(&mut targets, &strides)
        .unwrap();
    planes
}

/// A plane of a view: each sample, of `shared` pixels, is the mean of `parts` a side.
fn plane_of_view(plane: &Plane, view: View, shared: [usize; 2], parts: usize) -> Plane {
    let panorama = Equirectangular::new(126, 63).unwrap();
    let camera = Camera::new(view).unwrap();
    let [across, down] = shared.map(|pixels| pixels as f64);
    let [columns, rows] = [
        view.lens.columns.div_ceil(shared[0]),
        view.lens.rows.div_ceil(shared[1]),
    ];
    let gathering = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let size = [plane.columns, plane.rows];
    let map = PlaceMap::new(columns * parts, rows * parts, size, gathering, |i, j| {
        let [x, y] = [i, j].map(|at| (at as f64 + 0.5) / parts as f64);
        let [x, y] = panorama.place_of(camera.ray_of([x * across, y * down]));
        [x / across, y / down]
    });
    let mut fine = vec![0; columns * rows * parts * parts];
    let image = ImageView::new(size[0], size[1], 1, Pixels::U8(&plane.samples)).unwrap();
    let held = Cpu.hold_image(image).unwrap();
    held.remap(&map.unwrap(), &mut fine).unwrap();
    let mut samples = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let block = (0..parts * parts).map(|i| {
                let [y, x] = [row * parts + i / parts, column * parts + i % parts];
                u32::from(fine[y * columns * parts + x])
            });
            let count = (parts * parts) as u32;
            samples.push(((2 * block.sum::<u32>() + count) / (2 * count)) as u8);
        }
    }
    Plane {
        columns,
        rows,
        samples,
    }
}

#[test]
fn views_are_the_remapped_planes_of_their_frame() {
    for resolution in RESOLUTIONS {
        for parts in [1, 2] {
            check_views(&resolution, parts);
        }
    }
}

/// Compares the files of views of odd sides, of a frame with an odd number of rows, with those of
/// planes that are remapped here.
fn check_views(resolution: &Resolution, parts: usize) {
    let frame = jpeg_with(126, 63, 3, |encoder| encoder.subsampling(resolution.name));
    let place = Place::empty();
    place.add_frame("a.jpg", &frame);
    let places = parts.to_string();
    let words = ["--views", "ring:3@20", "--size", "33x21", "--fov", "80"];
    let more = ["--chroma", resolution.option, "--antialias", &places];
    let planes = ["--planes", resolution.planes];
    place.run("out", &[&words[..], &more[..], &planes[..]].concat());
    let summary = place.summary("out");
    assert_eq!(summary["frames"]["by_planes"], 1, "{}", resolution.option);
    for number in 0..3 {
        let view = View {
            yaw: (120.0 * number as f64).to_radians(),
            pitch: 20_f64.to_radians(),
            ..View::ahead(Lens {
                horizontal_fov: 80_f64.to_radians(),
                columns: 33,
                rows: 21,
            })
        };
        let shared = [[1, 1], resolution.shared, resolution.shared];
        let planes: Vec<Plane> = planes_of(&frame)
            .iter()
            .zip(shared)
            .map(|(plane, shared)| plane_of_view(plane, view, shared, parts))
            .collect();
        let samples: Vec<&[u8]> = planes.iter().map(|plane| &plane.samples[..]).collect();
        let columns: Vec<usize> = planes.iter().map(|plane| plane.columns).collect();
        let rows: Vec<usize> = planes.iter().map(|plane| plane.rows).collect();
        let file = compress_raw(&samples, &columns, &rows, 33, 21, 95, resolution.name);
        let made = fs::read(place.path(&format!("out/images/pano_camera{number}/a.jpg")));
        assert_eq!(made.unwrap(), file.unwrap(), "{}", resolution.option);
    }
}

#[test]
fn planes_with_half_the_columns_are_kept_apart_on_request_alone() {
    let place = Place::empty();
    let frame = jpeg_with(128, 64, 0, |e| e.subsampling(Subsampling::S422));
    place.add_frame("wide.jpg", &frame);
    for planes in ["auto", "always"] {
        let words = ["--chroma", "422", "--size", "32", "--planes", planes];
        place.run(planes, &words);
        let by_planes = place.summary(planes)["frames"]["by_planes"].as_u64();
        assert_eq!(by_planes, Some(u64::from(planes == "always")), "{planes}");
    }
}

#[test]
fn frames_of_other_kinds_become_red_green_and_blue() {
    let place = Place::empty();
    let pixels = panorama(128, 64, 0);
    let eight = png::BitDepth::Eight;
    let by_rgb = jpeg_with(128, 64, 0, |encoder| encoder.colorspace(ColorSpace::Rgb));
    place.add_frame("rgb.jpg", &by_rgb);
    place.add_frame(
        "finer.jpg",
        &jpeg_with(128, 64, 0, |e| e.subsampling(Subsampling::S444)),
    );
    place.add_frame(
        "wide.jpg",
        &jpeg_with(128, 64, 0, |e| e.subsampling(Subsampling::S422)),
    );
    place.add_frame(
        "tall.jpg",
        &jpeg_with(128, 64, 0, |e| e.subsampling(Subsampling::S440)),
    );
    place.add_frame(
        "grey.jpg",
        &jpeg_with(128, 64, 0, |e| e.grayscale_from_color(true)),
    );
    place.add_frame(
        "pixels.png",
        &png([128, 64], png::ColorType::Rgb, eight, &pixels),
    );
    let words = ["--size", "32", "--views", "ring:2"];
    assert_eq!(place.run("auto", &words).made, 6);
    place.run("never", &[&words[..], &["--planes", "never"]].concat());
    assert_eq!(place.summary("auto")["frames"]["by_planes"], 0);
    let [auto, never] = ["auto", "never"].map(|out| place.results(out));
    for (name, bytes) in auto.iter().filter(|(name, _)| name.starts_with("images/")) {
        assert_eq!(bytes, &never[name], "{name}");
    }
}

#[test]
fn planes_are_not_for_png_views_nor_for_the_other_decoder() {
    let place = Place::with_frames(1);
    for words in [["--format", "png"], ["--decoder", "turbo"]] {
        place.run(words[1], &[&words[..], &["--size", "16"]].concat());
        assert_eq!(place.summary(words[1])["frames"]["by_planes"], 0);
        // Whether they are wanted makes no difference, and is no other parameter.
        let again = place.run(
            words[1],
            &[&words[..], &["--size", "16", "--planes", "never"]].concat(),
        );
        assert_eq!([again.made, again.kept], [0, 1]);
    }
}

#[test]
fn both_ways_make_the_same_picture_and_are_not_mixed() {
    let place = Place::with_frames(1);
    place.run("out", &["--size", "64"]);
    place.run("never", &["--size", "64", "--planes", "never"]);
    for number in 0..8 {
        let pixels = ["out", "never"].map(|out| {
            let path = place.path(&format!("{out}/images/pano_camera{number}/0.jpg"));
            libjpeg_turbo_rs::decompress(&fs::read(path).unwrap())
                .unwrap()
                .data
        });
        let largest = pixels[0]
            .iter()
            .zip(&pixels[1])
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(largest <= Some(6), "{largest:?}");
    }
    let error = place.refusal("out", &["--size", "64", "--planes", "never"]);
    let Some(PerspectiveError::OtherParameters { differences, .. }) = error.find_cause() else {
        panic!("{error}");
    };
    assert_eq!(differences, "planes");
}

#[test]
fn the_order_of_a_frames_coefficients_makes_no_difference() {
    let place = Place::empty();
    let [columns, rows] = [144, 72];
    place.add_frame("a.jpg", &jpeg(columns, rows, 1));
    place.add_frame(
        "b.jpg",
        &jpeg_with(columns, rows, 1, |e| e.progressive(true)),
    );
    place.add_frame(
        "c.jpg",
        &jpeg_with(columns, rows, 1, |e| e.restart_blocks(2)),
    );
    place.add_frame(
        "d.jpg",
        &jpeg_with(columns, rows, 1, |e| e.optimize_huffman(true)),
    );
    place.run("out", &["--size", "40", "--views", "ring:3"]);
    assert_eq!(place.summary("out")["frames"]["by_planes"], 4);
    for number in 0..3 {
        let view = |name: &str| {
            fs::read(place.path(&format!("out/images/pano_camera{number}/{name}.jpg"))).unwrap()
        };
        for other in ["b", "c", "d"] {
            assert_eq!(view(other), view("a"), "{other}");
        }
    }
}
