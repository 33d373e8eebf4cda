//! One view of a panorama of 8 bits, as often as it is asked for: for `scripts/gather_speeds.py`.
//!
//! `gather_speeds IMAGE COLUMNS ROWS BANDS SIDE YAW PITCH SAMPLING` reads raw samples and waits for lines:
//!
//! - `definition`, `portable` or `widest`, and perhaps a file: computes the view of SIDE x SIDE pixels
//!   and 90°, on one thread, prints the seconds, and writes the view to the file;
//! - `map`: computes the map, on all threads, and prints the seconds;
//! - `clock`: prints the processor's clock in hertz, from a chain of dependent multiplications.
#![allow(clippy::print_stdout)]

use isopach_raster::{
    Sampling,
    gather::{
        Edges, Gathering, ImageView, Pixels, PlaceMap, reference,
        remap::{Instructions, remap},
    },
};
use std::{
    error::Error,
    f64::consts::{PI, TAU},
    hint::black_box,
    io::{self, Write},
    time::Instant,
};

/// A square view of 90°.
#[derive(Clone, Copy)]
struct View {
    side: usize,
    /// Degrees to the right and up.
    yaw: f64,
    pitch: f64,
    /// Columns and rows of the panorama.
    size: [usize; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, columns, rows, bands, side, yaw, pitch, sampling] = arguments.as_slice() else {
        return Err("IMAGE COLUMNS ROWS BANDS SIDE YAW PITCH SAMPLING".into());
    };
    let samples = std::fs::read(image)?;
    let view = View {
        side: side.parse()?,
        yaw: yaw.parse()?,
        pitch: pitch.parse()?,
        size: [columns.parse()?, rows.parse()?],
    };
    let how = Gathering {
        sampling: match sampling.as_str() {
            "nearest" => Sampling::Nearest,
            "bilinear" => Sampling::Bilinear,
            "bicubic" => Sampling::Bicubic,
            other => return Err(format!("no sampling is called {other}").into()),
        },
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let bands = bands.parse()?;
    let image = ImageView::new(view.size[0], view.size[1], bands, Pixels::U8(&samples))?;
    let map = view.map(how)?;
    let mut picture = vec![0; view.side * view.side * bands];
    for line in io::stdin().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let start = Instant::now();
        match words.next().unwrap_or_default() {
            "definition" => reference::remap(image, &map, &mut picture)?,
            "portable" => remap(image, &map, &mut picture, Instructions::Portable)?,
            "widest" => remap(image, &map, &mut picture, Instructions::Widest)?,
            "map" => drop(black_box(view.map(how)?)),
            "clock" => {
                println!("{}", measure_clock());
                continue;
            }
            other => return Err(format!("nothing is called {other}").into()),
        }
        let seconds = start.elapsed().as_secs_f64();
        if let Some(file) = words.next() {
            std::fs::write(file, &picture)?;
        }
        println!("{seconds}");
        io::stdout().flush()?;
    }
    Ok(())
}

impl View {
    fn map(self, how: Gathering) -> isopach_raster::Result<PlaceMap> {
        PlaceMap::new(self.side, self.side, self.size, how, |column, row| {
            self.place(column, row)
        })
    }

    /// The place of a pixel in the panorama, by COLMAP's conventions.
    fn place(self, column: usize, row: usize) -> [f64; 2] {
        let half = self.side as f64 / 2.0;
        let [x, y] = [column, row].map(|at| (at as f64 + 0.5 - half) / half);
        let (sin, cos) = self.pitch.to_radians().sin_cos();
        let [y, z] = [y * cos - sin, y * sin + cos];
        let (sin, cos) = self.yaw.to_radians().sin_cos();
        let [x, z] = [x * cos + z * sin, z * cos - x * sin];
        let [columns, rows] = self.size.map(|side| side as f64);
        [
            (x.atan2(z) / TAU + 0.5) * columns,
            (y.atan2(x.hypot(z)) / PI + 0.5) * rows,
        ]
    }
}

/// Hertz, if a multiplication takes three cycles and a bitwise operation one.
fn measure_clock() -> f64 {
    const STEPS: u32 = 200_000_000;
    let start = Instant::now();
    let mut x = black_box(1_u64);
    for _ in 0..STEPS {
        x = x.wrapping_mul(x | 3);
    }
    black_box(x);
    4.0 * f64::from(STEPS) / start.elapsed().as_secs_f64()
}
