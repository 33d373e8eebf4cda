//! Times the colouring of made points in memory from GeoTIFFs, and counts what the cache does.
//!
//!     colour_speed POINTS ORDER CACHE_MIB THREADS IMAGE.tif ...
//!
//! ORDER is `flight-lines` (strips across the images, each a hundred metres wide, points in the
//! order of time) or `tiles` (squares of a hundred metres). Points are looked up by 50,000, the
//! length of a chunk of LAZ. Prints a JSON line: the counts of the first pass, and the seconds of
//! the second.

#![allow(clippy::print_stdout, missing_docs)]

use isopach_colour::{CacheCounters, Colour, Cpu, ImageCatalogue, Precedence};
use isopach_raster::{GeoTiffBlocks, ImageSource};
use rayon::prelude::*;
use std::{env, error::Error, sync::Arc, time::Instant};

/// Points that are looked up together.
const CHUNK: usize = 50_000;
/// Width of a flight line and of a tile, metres.
const WIDTH: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [points, order, cache, threads, images @ ..] = &words[..] else {
        return Err("colour_speed POINTS ORDER CACHE_MIB THREADS IMAGE.tif ...".into());
    };
    let points: usize = points.parse()?;
    let cache: u64 = cache.parse()?;
    let threads: usize = threads.parse()?;
    let mut sources: Vec<Arc<dyn ImageSource>> = Vec::new();
    for image in images {
        sources.push(Arc::new(GeoTiffBlocks::open(image)?));
    }
    let images = ImageCatalogue::new(sources, Precedence::First, cache << 20)?;
    let colour = Colour {
        ndvi: images.has_infrared(),
        ..Colour::default()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let cold = pool.install(|| look_up_all(&colour, &images, points, order))?;
    let counters = images.cache().counters();
    let warm = pool.install(|| look_up_all(&colour, &images, points, order))?;
    print_line(
        &words,
        points,
        [cold, warm],
        counters,
        images.cache().counters(),
    );
    Ok(())
}

/// Seconds of looking up all points, the making of which is not counted, and the points that have
/// a colour.
#[derive(Clone, Copy)]
struct Pass {
    seconds: f64,
    coloured: usize,
}

/// Looks all points up, some chunks at a time.
fn look_up_all(
    colour: &Colour,
    images: &ImageCatalogue,
    points: usize,
    order: &str,
) -> isopach_colour::Result<Pass> {
    let extent = images.extent();
    let place = PlaceMaker {
        min: extent.min,
        size: extent.size(),
        points,
        in_lines: order == "flight-lines",
    };
    let mut pass = Pass {
        seconds: 0.0,
        coloured: 0,
    };
    let chunks = points.div_ceil(CHUNK);
    let together = 4 * rayon::current_num_threads();
    for first in (0..chunks).step_by(together) {
        let places: Vec<Vec<[f64; 2]>> = (first..(first + together).min(chunks))
            .into_par_iter()
            .map(|chunk| {
                let numbers = chunk * CHUNK..((chunk + 1) * CHUNK).min(points);
                numbers.map(|number| place.at(number)).collect()
            })
            .collect();
        let start = Instant::now();
        let found: Vec<usize> = places
            .par_iter()
            .map(|places| {
                let values = colour.values_at(&Cpu, images, places)?;
                Ok((0..values.len())
                    .filter(|i| values.image(*i).is_some())
                    .count())
            })
            .collect::<isopach_colour::Result<_>>()?;
        pass.seconds += start.elapsed().as_secs_f64();
        pass.coloured += found.iter().sum::<usize>();
    }
    Ok(pass)
}

/// Made places, by their number.
struct PlaceMaker {
    min: [f64; 2],
    size: [f64; 2],
    points: usize,
    in_lines: bool,
}

impl PlaceMaker {
    /// A place: along strips that run from south to north, one after the other; or in squares, row
    /// by row. Within these they are scattered.
    fn at(&self, number: usize) -> [f64; 2] {
        let [width, height] = self.size;
        let across = (width / WIDTH).ceil().max(1.0) as usize;
        let [u, v] = [number, number + self.points].map(scatter);
        let share = |part: usize, parts: usize| part as f64 / parts as f64;
        let along = if self.in_lines {
            // The scanner's line is narrow, and moves on with time.
            let line = number * across / self.points;
            let time = (number * across) as f64 / self.points as f64 - line as f64;
            [share(line, across) + u / across as f64, time]
        } else {
            let down = (height / WIDTH).ceil().max(1.0) as usize;
            let square = number * (across * down) / self.points;
            [
                share(square % across, across) + u / across as f64,
                share(square / across, down) + v / down as f64,
            ]
        };
        [
            self.min[0] + along[0] * width,
            self.min[1] + along[1] * height,
        ]
    }
}

/// A number of 0 to 1 (SplitMix64).
fn scatter(number: usize) -> f64 {
    let mut mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn print_line(
    words: &[String],
    points: usize,
    [cold, warm]: [Pass; 2],
    first: CacheCounters,
    both: CacheCounters,
) {
    let hit_rate = |hits: u64, misses: u64| hits as f64 / (hits + misses).max(1) as f64;
    println!(
        "{{\"what\":\"colour_speed\",\"points\":{points},\"order\":\"{}\",\"cache_mib\":{},\"threads\":{},\"images\":{},\
\"coloured\":{},\"cold_s\":{:.3},\"warm_s\":{:.3},\"warm_mpoints_per_s\":{:.2},\"hits\":{},\"misses\":{},\"hit_rate\":{:.5},\
\"evictions\":{},\"decoded_mib\":{:.1},\"stored_mib\":{:.1},\"most_held_mib\":{:.1},\"second_pass_misses\":{}}}",
        words[1],
        words[2],
        words[3],
        words.len() - 4,
        cold.coloured,
        cold.seconds,
        warm.seconds,
        points as f64 / warm.seconds / 1e6,
        first.hits,
        first.misses,
        hit_rate(first.hits, first.misses),
        first.evictions,
        first.decoded_bytes as f64 / f64::from(1 << 20),
        first.stored_bytes as f64 / f64::from(1 << 20),
        both.most_held_bytes as f64 / f64::from(1 << 20),
        both.misses - first.misses,
    );
}
