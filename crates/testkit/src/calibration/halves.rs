//! Random halves of a cloud, one of them moved and partly changed.

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::{Error, Result};
use std::f64::consts::TAU;

/// Share of the ground that is changed, on one side.
const CHANGED: f64 = 0.3;
/// How far a start is off at most, metres and radians.
const TRANSLATION: f64 = 2.0;
const ROTATION: f64 = 2.0 * std::f64::consts::PI / 180.0;
/// Points a cloud is thinned to, about.
const SAMPLE: f64 = 150_000.0;

/// Two halves of one cloud.
#[derive(Debug)]
pub struct Halves {
    /// Moved by `motion`.
    pub source: Cloud,
    /// The half that stays.
    pub target: Cloud,
    /// Moved the source away: the inverse is the truth.
    pub motion: Rigid,
}

fn mix_bits(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn uniform(number: u64) -> f64 {
    (mix_bits(number) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Splits by a hash, raises 30 % of the ground of the source beyond a line of random direction by
/// `change` metres, and moves it.
pub fn split_cloud(cloud: &Cloud, seed: u64, change: f64) -> Result<Halves> {
    let points = cloud.positions();
    let salt = mix_bits(seed);
    let of = |side: u64| -> Vec<[f64; 3]> {
        let chosen = |&i: &usize| {
            mix_bits(salt ^ (i as u64).wrapping_mul(0x5851_F42D_4C95_7F2D)) & 1 == side
        };
        (0..points.len())
            .filter(chosen)
            .map(|i| points.absolute(i))
            .collect()
    };
    let mut source = of(0);
    let target = of(1);
    let extent = points
        .extent()
        .ok_or_else(|| Error::source("a cloud to be split has no points"))?;
    let [x, y] = extent.centre();
    let mut heights: Vec<f64> = source.iter().map(|point| point[2]).collect();
    let middle = heights.len() / 2;
    let z = *heights.select_nth_unstable_by(middle, f64::total_cmp).1;
    let square = spacing_of(extent.area(), source.len());
    raise_side(&mut source, square, uniform(salt ^ 1) * TAU, change);
    let turn = random_direction(salt ^ 2).map(|u| u * ROTATION * uniform(salt ^ 3));
    let shift = random_direction(salt ^ 4).map(|u| u * TRANSLATION * uniform(salt ^ 5));
    let motion = Rigid::from_vectors(turn, shift, [x, y, z]);
    let moved: Vec<[f64; 3]> = source.iter().map(|point| motion.apply(*point)).collect();
    Ok(Halves {
        source: Cloud::from_points(&moved)?,
        target: Cloud::from_points(&target)?,
        motion,
    })
}

/// Raises the points beyond a line. 30 % of the squares that hold points lie beyond it: where strips
/// overlap there are more points, but no more ground.
fn raise_side(points: &mut [[f64; 3]], square: f64, azimuth: f64, change: f64) {
    let (sine, cosine) = azimuth.sin_cos();
    let place = |x: f64, y: f64| x * cosine + y * sine;
    let square_of = |point: &[f64; 3]| [point[0], point[1]].map(|x| (x / square).floor() as i64);
    let mut squares: Vec<[i64; 2]> = points.iter().map(square_of).collect();
    squares.sort_unstable();
    squares.dedup();
    let mut places: Vec<f64> = squares
        .iter()
        .map(|&square_at| {
            let [x, y] = square_at.map(|i| (i as f64 + 0.5) * square);
            place(x, y)
        })
        .collect();
    let edge = (places.len() as f64 * CHANGED) as usize;
    let edge = *places.select_nth_unstable_by(edge, f64::total_cmp).1;
    points
        .iter_mut()
        .filter(|point| place(point[0], point[1]) < edge)
        .for_each(|point| point[2] += change);
}

/// Uniform on the sphere.
fn random_direction(number: u64) -> [f64; 3] {
    let z = 2.0 * uniform(number ^ 0x1000) - 1.0;
    let azimuth = TAU * uniform(number ^ 0x2000);
    let r = (1.0 - z * z).sqrt();
    [r * azimuth.cos(), r * azimuth.sin(), z]
}

/// Both thinned as a program would do it.
pub fn thin_cloud(source: &Cloud, target: &Cloud) -> Result<(Cloud, Cloud)> {
    let spacing = |cloud: &Cloud| {
        let extent = cloud.positions().extent();
        spacing_of(extent.map_or(0.0, |extent| extent.area()), cloud.len())
    };
    let spacing = spacing(source).max(spacing(target));
    Ok((
        source.subsample_grid(spacing)?,
        target.subsample_grid(spacing)?,
    ))
}

/// Spacing at which so many points on an area (m²) are thinned, metres.
fn spacing_of(area: f64, points: usize) -> f64 {
    (area / (points as f64).min(SAMPLE)).sqrt().max(0.25)
}
