//! An ICP factor of one's own: point-to-plane that trusts a pair less the farther it is off the
//! plane (Geman–McClure).
//!
//! It is ten lines of arithmetic; nearest neighbours and sums run on whatever backend there is.

#![allow(clippy::print_stdout)]

use isopach::{
    cloud::{Cloud, Rigid},
    registration::{Factor, Icp, NormalEquations, Pair, PointToPlane},
};

struct GemanMcClure {
    width: f64,
}

impl Factor for GemanMcClure {
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let plain = PointToPlane.linearize_pair(source, target, normal);
        let off: f64 = (0..3)
            .map(|axis| (source[axis] - target[axis]) * normal[axis])
            .sum();
        let weight = (1.0 + (off / self.width).powi(2)).powi(-2);
        plain.scaled_by(weight)
    }

    fn needs_normals(&self) -> bool {
        true
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let height = |x: f64, y: f64| 2.0 * (x / 7.0).sin() * (y / 9.0).cos();
    let surface = |shift: [f64; 3]| -> Vec<[f64; 3]> {
        let at = |i: u32| [f64::from(i % 120) * 0.4, f64::from(i / 120) * 0.4];
        (0..14_400)
            .map(at)
            .map(|[x, y]| [x + shift[0], y + shift[1], height(x, y) + shift[2]])
            .collect()
    };
    let target = Cloud::from_points(&surface([0.0; 3]))?;
    let mut moved = surface([0.15, -0.10, 0.05]);
    for point in moved.iter_mut().filter(|p| p[0] < 8.0) {
        point[2] += 0.6; // a landslide that an honest alignment must not follow
    }
    let source = Cloud::from_points(&moved)?;

    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity([24.0, 24.0, 0.0]);
    let robust = Icp::with_factor(GemanMcClure { width: 0.05 }, 1.0);
    let on = isopach::auto();
    let robust = on.run(|on| robust.align(on, pair, start))?;
    let plain = on.run(|on| Icp::point_to_plane(1.0).align(on, pair, start))?;
    println!("true shift back   [-0.150, 0.100, -0.050] m");
    println!(
        "with our factor   {:.3?} m",
        robust.target_from_source.about(start.pivot).translation
    );
    println!(
        "point to plane    {:.3?} m",
        plain.target_from_source.about(start.pivot).translation
    );
    Ok(())
}
