//! Prints the places of views in a panorama, for comparison with other programs: for each pixel of
//! each view four little-endian `f64`: x and y of the exact place, x and y of the map of whole
//! 1/2048 pixel.
//!
//!     print_places COLUMNS ROWS VIEWS
//!
//! VIEWS has a line a view: yaw, pitch, roll, field of view in degrees, columns, rows.

use isopach_panorama::{Camera, Equirectangular, Lens, View};
use isopach_raster::gather::{Edges, Gathering, PlaceMap};
use std::{
    env,
    error::Error,
    fs,
    io::{BufWriter, Write, stdout},
};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [columns, rows, views] = &words[..] else {
        return Err("print_places COLUMNS ROWS VIEWS".into());
    };
    let panorama = Equirectangular::new(columns.parse()?, rows.parse()?)?;
    let mut out = BufWriter::new(stdout().lock());
    for line in fs::read_to_string(views)?.lines() {
        print_view(panorama, Camera::new(parse_view(line)?)?, &mut out)?;
    }
    Ok(out.flush()?)
}

fn parse_view(line: &str) -> Result<View, Box<dyn Error>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [yaw, pitch, roll, fov, columns, rows] = words[..] else {
        return Err(format!("{line:?}: not six numbers").into());
    };
    let angle = |word: &str| word.parse().map(f64::to_radians);
    Ok(View {
        yaw: angle(yaw)?,
        pitch: angle(pitch)?,
        roll: angle(roll)?,
        lens: Lens {
            horizontal_fov: angle(fov)?,
            columns: columns.parse()?,
            rows: rows.parse()?,
        },
    })
}

fn print_view(
    panorama: Equirectangular,
    camera: Camera,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let lens = camera.view().lens;
    let gathering = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let place_at = |column: usize, row: usize| {
        panorama.place_of(camera.ray_of([column as f64 + 0.5, row as f64 + 0.5]))
    };
    let size = [panorama.columns(), panorama.rows()];
    let map = PlaceMap::new(lens.columns, lens.rows, size, gathering, place_at)?;
    for row in 0..lens.rows {
        for column in 0..lens.columns {
            let fixed = map.place(column, row).ok_or("a place without a value")?;
            for number in place_at(column, row).iter().chain(&fixed) {
                out.write_all(&number.to_le_bytes())?;
            }
        }
    }
    Ok(())
}
