//! Clouds of the suite, and poses to pair them at.

use crate::estimate_normals;
use isopach_cloud::{Cloud, Rigid, TICK};
use isopach_compute::{Cpu, conformance::random};

/// Points in metres.
type Points = Vec<[f64; 3]>;

/// A source, a target and pivots, with their name in findings.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) source: Cloud,
    pub(super) target: Cloud,
    pub(super) normals: Vec<[f64; 3]>,
    /// One or more.
    pub(super) pivots: Points,
}

/// Clouds before they are rounded to ticks.
struct Draft {
    name: &'static str,
    source: Points,
    target: Points,
    pivots: Points,
}

/// South-west corner of the hills.
const CORNER: [f64; 3] = [596_000.25, 6_653_000.5, 430.0];
/// Ten thousand kilometres out.
const OUT: [f64; 3] = [1e7, -1e7, 1e7];

pub(super) fn test_cases() -> Vec<Case> {
    let drafts = [hills(), lattices(), degenerate_clouds(), missing_normals()];
    drafts
        .into_iter()
        .flatten()
        .filter_map(Draft::round_to_ticks)
        .collect()
}

impl Draft {
    /// `None` cannot be: the coordinates of the suite are finite and within reach.
    fn round_to_ticks(self) -> Option<Case> {
        let source = Cloud::from_points(&self.source).ok()?;
        let target = Cloud::from_points(&self.target).ok()?;
        let mut normals = estimate_normals(&Cpu, target.positions(), 12).ok()?;
        match self.name {
            "some normals missing" => normals
                .iter_mut()
                .step_by(3)
                .for_each(|normal| *normal = [0.0; 3]),
            "no normals" => normals.clear(),
            _ => {}
        }
        Some(Case {
            name: self.name,
            source,
            target,
            normals,
            pivots: self.pivots,
        })
    }
}

fn draft(name: &'static str, source: Points, target: Points, pivots: &[[f64; 3]]) -> Draft {
    Draft {
        name,
        source,
        target,
        pivots: pivots.to_vec(),
    }
}

/// Points of the `n` numbers from `first` on.
fn points_from(first: u64, n: u64, point: impl Fn(u64) -> [f64; 3]) -> Points {
    (first..first + n).map(point).collect()
}

/// `n` random points of one terrain, from its corner.
fn points_of_hills(first: u64, n: u64, [x, y, z]: [f64; 3]) -> Points {
    points_from(first, n, |i| {
        let [u, v] = [0, 1].map(|axis| 20.0 * random(3 * i + axis));
        [
            x + u,
            y + v,
            z + 3.0 * (u / 7.0).sin() + 2.0 * (v / 5.0).cos() + 0.03 * random(3 * i + 2),
        ]
    })
}

fn target_of_hills() -> Points {
    points_of_hills(0, 300, CORNER)
}

fn source_of_hills() -> Points {
    points_of_hills(900, 250, CORNER.map(|x| x - 0.2))
}

fn middle_of_hills() -> [f64; 3] {
    CORNER.map(|x| x + 10.0)
}

fn hills() -> Vec<Draft> {
    let middle = middle_of_hills();
    let pivots = [middle, [595_000.0, 6_652_000.3, 0.0], [0.0; 3]];
    let mut far = source_of_hills();
    far.extend(points_from(0, 50, |i| {
        [CORNER[0] + 1000.0, CORNER[1] + i as f64, CORNER[2]]
    }));
    let near_zero = [-15.0; 3];
    vec![
        draft("hills", source_of_hills(), target_of_hills(), &pivots),
        draft(
            "hills ten thousand kilometres out",
            points_of_hills(900, 250, OUT),
            points_of_hills(0, 300, OUT),
            &[OUT],
        ),
        draft(
            "hills below zero",
            points_of_hills(900, 250, near_zero),
            points_of_hills(0, 300, near_zero),
            &[[-5.0, -5.0, 0.1]],
        ),
        draft(
            "a cloud and itself",
            target_of_hills(),
            target_of_hills(),
            &[middle],
        ),
        draft(
            "many more points than the target's",
            points_of_hills(9000, 5000, CORNER),
            points_of_hills(5000, 40, CORNER),
            &[middle],
        ),
        draft("points a kilometre away", far, target_of_hills(), &[middle]),
    ]
}

fn lattices() -> Vec<Draft> {
    let lattice = |off: f64| {
        points_from(0, 400, move |i| {
            [(i % 20) as f64 + off, (i / 20) as f64 + off, off]
        })
    };
    let line = |off: f64| points_from(0, 200, move |i| [1.0, 2.0 + off, 0.1 * i as f64]);
    let middle = [9.5, 9.5, 0.0];
    vec![
        draft(
            "a lattice and itself",
            lattice(0.0),
            lattice(0.0),
            &[middle],
        ),
        draft(
            "a lattice between points",
            lattice(0.5),
            lattice(0.0),
            &[middle],
        ),
        draft(
            "a vertical line",
            line(0.25),
            line(0.0),
            &[[1.0, 2.0, 10.0]],
        ),
    ]
}

fn degenerate_clouds() -> Vec<Draft> {
    let equal = |at: f64| points_from(0, 150, move |_| [3.0, 4.0, at]);
    let one = vec![[3.0, 4.0, 5.0]];
    let here = [3.0, 4.0, 5.3];
    let middle = middle_of_hills();
    vec![
        draft("equal points", equal(5.5), equal(5.0), &[here]),
        draft("one point", one.clone(), one, &[here]),
        draft(
            "one target point",
            target_of_hills(),
            vec![middle],
            &[middle],
        ),
        draft("no source", vec![], target_of_hills(), &[middle]),
        draft("no target", source_of_hills(), vec![], &[middle]),
        draft("nothing at all", vec![], vec![], &[middle]),
    ]
}

fn missing_normals() -> Vec<Draft> {
    ["some normals missing", "no normals"]
        .into_iter()
        .map(|name| {
            draft(
                name,
                source_of_hills(),
                target_of_hills(),
                &[middle_of_hills()],
            )
        })
        .collect()
}

/// Poses that leave the clouds near each other, unless the pivot is far away.
pub(super) fn test_poses(pivot: [f64; 3]) -> [(&'static str, Rigid); 3] {
    [
        ("where it is", Rigid::identity(pivot)),
        (
            "moved",
            Rigid::from_vectors([0.01, -0.02, 0.03], [0.3, -0.2, 0.1], pivot),
        ),
        (
            "moved a little",
            Rigid::from_vectors([1e-7, 2e-7, -3e-7], [TICK, 0.0, 0.0], pivot),
        ),
    ]
}
