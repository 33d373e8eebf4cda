//! Ground and noise from numbers of a point, and its alignment with the defaults.

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_registration::{Pair, RobustAlignment, RobustIcp};

pub(crate) type Points = Vec<[f64; 3]>;

pub(crate) fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform numbers of a stream.
pub(crate) fn uniform(seed: u64, i: u64, stream: u64) -> f64 {
    random(seed.wrapping_mul(1 << 40) + 8 * i + stream)
}

/// Nearly Gaussian, of standard deviation 1.
pub(crate) fn noise(seed: u64, i: u64, stream: u64) -> f64 {
    (0..4)
        .map(|k| uniform(seed + 100 * (k + 1), i, stream))
        .sum::<f64>()
        * 3.0_f64.sqrt()
        - 2.0 * 3.0_f64.sqrt()
}

pub(crate) fn hills(x: f64, y: f64) -> f64 {
    2.0 * (x / 9.0).sin() * (y / 11.0).cos() + 0.03 * x + 0.5 * ((x + 2.0 * y) / 5.0).sin()
}

/// `n` points of a surface over `size` metres, with 2 cm of noise.
pub(crate) fn surface(
    n: u64,
    seed: u64,
    size: [f64; 2],
    height: impl Fn(f64, f64) -> f64,
) -> Points {
    (0..n)
        .map(|i| {
            let (x, y) = (size[0] * uniform(seed, i, 0), size[1] * uniform(seed, i, 1));
            [
                596_000.0 + x,
                6_653_000.0 + y,
                180.0 + height(x, y) + 0.02 * noise(seed, i, 2),
            ]
        })
        .collect()
}

pub(crate) fn moved(points: &[[f64; 3]], by: &Rigid) -> Points {
    points.iter().map(|point| by.apply(*point)).collect()
}

pub(crate) fn align(source: &[[f64; 3]], target: &[[f64; 3]]) -> RobustAlignment {
    let (source, target) = (
        Cloud::from_points(source).unwrap(),
        Cloud::from_points(target).unwrap(),
    );
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    RobustIcp::default()
        .align(&Cpu, pair, Rigid::identity([0.0; 3]))
        .unwrap()
}
