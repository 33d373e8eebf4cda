//! Alignment of two made epochs of 150,000 points, as many as `terrain_change` aligns: built by
//! `scripts/alignment_speeds.py` against two versions of the crates.
//!
//! `alignment_speeds OPERATION FOLDER ROUNDS`; `nothing` makes the epochs. `changed` has a tenth of
//! the ground lowered by half a metre.

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_registration::Pair;
use std::{error::Error, hint::black_box};

const POINTS: usize = 150_000;
const SIDE: f64 = 200.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, _, rounds] = &arguments[..] else { return Err("OPERATION FOLDER ROUNDS".into()) };
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let lowered = if operation == "changed" { 0.5 } else { 0.0 };
    let (target, source) = (epoch(1, [0.0; 3], 0.0)?, epoch(2, [0.3, -0.2, 0.1], lowered)?);
    let pair = Pair { source: source.positions(), target: target.positions() };
    let start = Rigid::identity([SIDE / 2.0, SIDE / 2.0, 0.0]);
    match operation.as_str() {
        "make" | "nothing" => {}
        "unchanged" | "changed" => {
            for _ in 0..rounds.parse::<usize>()? {
                let found = black_box(aligned(pair, start)?);
                let off = (0..3).map(|axis| (found.about(start.pivot).translation[axis] + [0.3, -0.2, 0.1][axis]).abs());
                if off.fold(0.0, f64::max) > 0.02 {
                    return Err(format!("the pose is wrong: {found:?}").into());
                }
            }
        }
        other => return Err(format!("{other}: no such operation").into()),
    }
    Ok(())
}

#[cfg(feature = "this")]
fn aligned(pair: Pair<'_>, start: Rigid) -> Result<Rigid, Box<dyn Error>> {
    Ok(isopach_registration::RobustIcp::default().align(&Cpu, pair, start)?.target_from_source)
}

/// As `terrain_change` did.
#[cfg(not(feature = "this"))]
fn aligned(pair: Pair<'_>, start: Rigid) -> Result<Rigid, Box<dyn Error>> {
    use isopach_registration::{Align, Icp, NORMAL_NEIGHBOURS, PointToPlane, Target, Tukey, target_normals};
    let normals = target_normals(&Cpu, pair.target, NORMAL_NEIGHBOURS)?;
    let pairing = Cpu.pairing(pair.source, Target { positions: pair.target, normals: &normals })?;
    let mut found = Icp::point_to_plane(1.0).align_paired(&*pairing, pair, start)?;
    for _ in 0..4 {
        let width = (3.5 * found.rmse).clamp(0.05, 1.0);
        let robust = Icp::with_factor(Tukey { factor: PointToPlane, width }, 1.0);
        found = robust.align_paired(&*pairing, pair, found.target_from_source)?;
    }
    Ok(found.target_from_source)
}

/// Rolling ground with 2 cm of noise, moved, and lowered where x is below a tenth of the side.
fn epoch(seed: u64, moved: [f64; 3], lowered: f64) -> Result<Cloud, Box<dyn Error>> {
    let mut state = seed;
    let mut chance = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let points: Vec<[f64; 3]> = (0..POINTS)
        .map(|_| {
            let [x, y] = [SIDE * chance(), SIDE * chance()];
            let noise = 0.02 * (chance() + chance() + chance() + chance() - 2.0) * 3.0_f64.sqrt();
            let height = 3.0 * (x / 17.0).sin() * (y / 23.0).cos() + 0.4 * (x / 3.0).sin() + noise;
            let height = if x < 0.1 * SIDE { height - lowered } else { height };
            [x + moved[0], y + moved[1], height + moved[2]]
        })
        .collect();
    Ok(Cloud::from_points(&points)?)
}
