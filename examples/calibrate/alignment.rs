//! Alignment of random halves: how often the truth is inside what is stated.

use isopach::{
    cloud::{Cloud, Columns, Rigid, TICK},
    compute::{Cpu, Error, Result},
    las::Las,
    registration::{AlignmentOutcome, Pair, RobustIcp},
};
use isopach_program::println;
use isopach_testkit::calibration::{
    halves::{Halves, split_cloud, thin_cloud},
    poses::{left_over, squares_along_normals},
};
use std::{cmp::Ordering, path::Path};

/// Clouds that are split.
const CLOUDS: [&str; 8] = [
    "ttp_2015",
    "ttp_2023",
    "topography",
    "megaplot",
    "bcts_1",
    "bcts_2",
    "bcts_3",
    "bcts_4",
];
/// Ground.
const GROUND: u8 = 2;
/// Metres by which 30 % of the ground, on one side, is raised.
const GROUND_CHANGES: [f64; 3] = [0.0, 0.3, -0.3];
const ALL_CHANGES: [f64; 5] = [0.0, 0.7, -0.7, 1.5, -1.5];
/// Standard errors that an unknown may be off.
const MOST: f64 = 4.0;
/// Coordinates are rounded to this, metres. An unknown is exact if less is stated, and it is off by
/// less.
const ROUNDING: f64 = TICK;

/// Sums over the splits of a cloud.
#[derive(Default)]
struct Tally {
    splits: usize,
    moved: usize,
    ambiguous: usize,
    refused: usize,
    outside: usize,
    unknowns: usize,
    exact: usize,
    worse: usize,
    worse_along_normals: usize,
    squares: f64,
    largest: f64,
}

/// Prints a row a cloud, class and change, of `splits` splits each; of the clouds that are
/// `wanted`, or of all.
pub(crate) fn print(data: &Path, wanted: &[String], splits: u64) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| !CLOUDS.contains(&name.as_str())) {
        return Err(Error::source(format!(
            "--clouds {unknown}: there are {}",
            CLOUDS.join(", ")
        )));
    }
    println!(
        "| cloud | points | change, m | splits | not moved | ambiguous | refused | unknowns outside 4 σ | exact | error/stated, rms | worst | worse than the start | along normals |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for name in CLOUDS
        .into_iter()
        .filter(|name| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name))
    {
        let path = data.join(format!("lidar/{name}.laz"));
        if !path.exists() {
            println!(
                "| {name} | SKIPPED: {} is not there |||||||||||",
                path.display()
            );
            continue;
        }
        let all = Las::open(&path)?.read_all(Columns::CLASSIFICATION)?;
        let ground = all.filter_classes(&[GROUND])?;
        rows(name, "ground", &ground, &GROUND_CHANGES, splits)?;
        rows(name, "all", &all, &ALL_CHANGES, splits)?;
    }
    Ok(())
}

fn rows(name: &str, points: &str, cloud: &Cloud, changes: &[f64], splits: u64) -> Result<()> {
    for &change in changes {
        let mut tally = Tally::default();
        for seed in 0..splits {
            tally.add(&split_cloud(cloud, seed, change)?)?;
        }
        tally.print(&format!("| {name} | {points} | {change:+.1} |"));
    }
    Ok(())
}

/// Whether a value is above a limit. What is not a number is.
fn is_above(value: f64, limit: f64) -> bool {
    value.partial_cmp(&limit).is_none_or(Ordering::is_gt)
}

impl Tally {
    fn add(&mut self, halves: &Halves) -> Result<()> {
        self.splits += 1;
        let (source, target) = thin_cloud(&halves.source, &halves.target)?;
        let pair = Pair {
            source: source.positions(),
            target: target.positions(),
        };
        let Ok(found) = RobustIcp::default().align(&Cpu, pair, Rigid::identity([0.0; 3])) else {
            self.refused += 1;
            return Ok(());
        };
        match found.outcome {
            AlignmentOutcome::Moved => self.moved += 1,
            AlignmentOutcome::NotMoved(_) => return Ok(()),
            AlignmentOutcome::Ambiguous { .. } => {
                self.ambiguous += 1;
                return Ok(());
            }
        }
        let known = &found.covariance;
        let off = left_over(&halves.motion, &found.proposed, known);
        let at_start = left_over(&halves.motion, &Rigid::identity([0.0; 3]), known);
        let size = |off: [f64; 6]| off.iter().map(|x| x * x).sum::<f64>();
        let along_normals = |off: [f64; 6]| squares_along_normals(&off, &found.hessian, known.arm);
        self.worse += usize::from(is_above(size(off), size(at_start)));
        self.worse_along_normals +=
            usize::from(is_above(along_normals(off), along_normals(at_start)));
        for i in 0..6 {
            let arm = if i < 3 { found.covariance.arm } else { 1.0 };
            let stated = found.covariance.matrix[i][i].max(0.0).sqrt() * arm;
            if stated <= ROUNDING && off[i].abs() <= ROUNDING {
                self.exact += 1;
                continue;
            }
            let ratio = off[i] / stated;
            self.unknowns += 1;
            self.squares += ratio * ratio;
            self.largest = self.largest.max(ratio.abs());
            self.outside += usize::from(is_above(ratio.abs(), MOST));
        }
        Ok(())
    }

    fn print(&self, start: &str) {
        let Self {
            splits,
            moved,
            ambiguous,
            refused,
            outside,
            unknowns,
            exact,
            worse,
            worse_along_normals,
            squares,
            largest,
        } = self;
        let stayed = splits - moved - ambiguous - refused;
        let ratio = (squares / (*unknowns).max(1) as f64).sqrt();
        println!(
            "{start} {splits} | {stayed} | {ambiguous} | {refused} | {outside} of {unknowns} | {exact} | {ratio:.2} | {largest:.1} | {worse} | {worse_along_normals} |"
        );
    }
}
