//! One perspective view of a 360° panorama, through the library: 60° to the right, 10° up.
//!
//!     cargo run --release --example 11_perspectives -- panorama.png view.png
//!
//! `isopach perspectives` does it for whole folders, with masks and a rig for COLMAP.

#![allow(clippy::print_stdout, missing_docs)]

use isopach::{
    compute::Cpu,
    panorama::{Camera, Equirectangular, Lens, View},
    raster::{
        Gather, PngColour, encode_png,
        gather::{Edges, Gathering, ImageView, Pixels, PlaceMap},
    },
};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [from, to] = &words[..] else {
        return Err("11_perspectives PANORAMA.png VIEW.png".into());
    };
    let file = std::io::BufReader::new(fs::File::open(from)?);
    let mut reader = png::Decoder::new(file).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let size = [info.width as usize, info.height as usize];

    let panorama = Equirectangular::new(size[0], size[1])?;
    let lens = Lens::of_panorama(panorama, 90_f64.to_radians())?;
    let camera = Camera::new(View {
        yaw: 60_f64.to_radians(),
        pitch: 10_f64.to_radians(),
        ..View::ahead(lens)
    })?;
    let gathering = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    // The map is computed once, and serves every frame of this size.
    let map = PlaceMap::new(lens.columns, lens.rows, size, gathering, |column, row| {
        panorama.place_of(camera.ray_of([column as f64 + 0.5, row as f64 + 0.5]))
    })?;
    let image = ImageView::new(size[0], size[1], 3, Pixels::U8(&pixels))?;
    let mut view = vec![0; lens.columns * lens.rows * 3];
    Cpu.hold_image(image)?.remap(&map, &mut view)?;
    let sides = [lens.columns as u32, lens.rows as u32];
    fs::write(to, encode_png(sides, PngColour::Rgb, &view)?)?;
    println!("{} × {} pixels", lens.columns, lens.rows);
    Ok(())
}
