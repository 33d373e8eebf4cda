//! The share of unchanged places that are called changed, and of changed ones that are found.

use isopach_change::{Detection, ErrorModel};
use isopach_cloud::Cloud;
use isopach_compute::{Error, Result};
use isopach_program::println;
use isopach_testkit::calibration::{
    correlated_noise::{self, Places},
    null_tests::{
        Halves, METHODS, Method, Scene, Tested, join_clouds, multiscale, read_ground,
        share_percent, split_at_random, test_halves,
    },
};
use std::path::{Path, PathBuf};

/// Pairs of counts of the made scenes.
const PAIRS: [[u32; 2]; 12] = [
    [2, 2],
    [2, 5],
    [3, 3],
    [2, 10],
    [5, 5],
    [7, 7],
    [7, 20],
    [10, 10],
    [30, 30],
    [5, 100],
    [2, 50],
    [50, 2],
];

/// Real ground that is split at random.
struct Ground {
    file: &'static str,
    /// A part of the same ground: the two are compared as they are, then put together and split.
    other: Option<&'static str>,
    /// Sizes of cells and cylinders (metres) with few and with many points.
    sizes: [f64; 2],
    /// Random splits: more of ground with few places.
    splits: u64,
}

const GROUND: [Ground; 5] = [
    Ground {
        file: "cases/newcomer/split_sa.laz",
        other: Some("cases/newcomer/split_sb.laz"),
        sizes: [10.0, 20.0],
        splits: 30,
    },
    Ground {
        file: "lidar/bcts_1.laz",
        other: None,
        sizes: [2.0, 5.0],
        splits: 10,
    },
    Ground {
        file: "lidar/bcts_3.laz",
        other: None,
        sizes: [2.0, 5.0],
        splits: 10,
    },
    Ground {
        file: "lidar/ttp_2015.laz",
        other: None,
        sizes: [5.0, 15.0],
        splits: 10,
    },
    Ground {
        file: "lidar/topography.laz",
        other: None,
        sizes: [5.0, 15.0],
        splits: 30,
    },
];

/// Made scenes with correlated noise.
const SCENES: u64 = 50;

/// Prints every table.
///
/// # Errors
/// Those of the runs.
pub(crate) fn run() -> Result<()> {
    made(0.0, 0.0, "unchanged, flat, called changed, %")?;
    made(0.3, 0.0, "unchanged, slope of 0.3, called changed, %")?;
    made(
        0.0,
        3.0,
        "changed by three standard deviations of the difference of means, found, %",
    )?;
    correlated()?;
    real()
}

/// Unchanged ground with correlated noise, without the variogram and with it.
fn correlated() -> Result<()> {
    println!(
        "\nunchanged, noise correlated over 25 m, called changed, % ({SCENES} scenes)\n\n| scene | DoD without the variogram | with it | M3C2 without | with it |\n|---|--:|--:|--:|--:|"
    );
    for case in &correlated_noise::CASES {
        let mut without: [Vec<Tested>; 2] = Default::default();
        let mut with: [Vec<Tested>; 2] = Default::default();
        for seed in 0..SCENES {
            let places: Places =
                correlated_noise::test_places(case, seed).map_err(Error::source)?;
            for method in 0..2 {
                without[method].extend(&places.without[method]);
                with[method].extend(&places.with[method]);
            }
        }
        let [dod, m3c2] = [0, 1].map(|i| [&without[i], &with[i]].map(|all| share_percent(all)));
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
            case.name, dod[0], dod[1], m3c2[0], m3c2[1]
        );
    }
    Ok(())
}

/// A table of made scenes: all pairs of counts, two ratios, all methods, three error models.
fn made(slope: f64, change: f64, title: &str) -> Result<()> {
    println!(
        "\n{title}\n\n| n₁, n₂ | σ₂²/σ₁² | 1.96 | M3C2 | M3C2 median | DoD | DoD median |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    for count in PAIRS {
        for ratio in [1.0, 4.0] {
            let scene = Scene {
                count,
                ratio,
                slope,
                change,
                shared_error: 0.0,
                seed: u64::from(count[0] * 1000 + count[1]),
            };
            let halves = scene.halves()?;
            let lague = share_percent(&test_halves(
                Method::DodMean,
                &halves,
                &ErrorModel::Normal.into(),
            )?);
            print!("| {}, {} | {ratio} | {lague:.1} ", count[0], count[1]);
            for method in METHODS {
                print!(
                    "| {:.1} ",
                    share_percent(&test_halves(
                        method,
                        &halves,
                        &scene.detection(method, &halves)?
                    )?)
                );
            }
            println!("|");
        }
    }
    Ok(())
}

/// Real ground split at random, in halves and one in eleven, grouped by the fewer points of a
/// place.
fn real() -> Result<()> {
    println!(
        "\nreal ground split at random, called changed, % (places), by the points of the epoch that has fewer\n"
    );
    println!("| file | size, m | parts | method | 1.96, all | all | 2 | 3–4 | 5–6 | 7–13 | 14– |");
    println!("|---|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    for ground in &GROUND {
        ground.print()?;
    }
    Ok(())
}

impl Ground {
    /// Rows of both sizes; none where the files are not there.
    fn print(&self) -> Result<()> {
        let Some(path) = shared(self.file) else {
            return Ok(());
        };
        let whole = read_ground(&path, &[2])?;
        let halves = |[before, after]: [Cloud; 2], size: f64| Halves {
            clouds: [before, after],
            size,
            normals: multiscale(2.0 * size),
            spacing: size,
        };
        let split = |whole: &Cloud, one_in: u64, size: f64| -> Vec<Halves> {
            (0..self.splits)
                .map(|seed| halves(split_at_random(whole, one_in, seed), size))
                .collect()
        };
        let Some(other) = self.other else {
            for size in self.sizes {
                rows(&path, "1:1", &split(&whole, 2, size))?;
                rows(&path, "10:1", &split(&whole, 11, size))?;
            }
            return Ok(());
        };
        let Some(other) = shared(other) else {
            return Ok(());
        };
        let parts = [whole, read_ground(&other, &[2])?];
        let whole = join_clouds(&parts)?;
        for size in self.sizes {
            rows(&path, "pair", &[halves(parts.clone(), size)])?;
            rows(&path, "1:1", &split(&whole, 2, size))?;
        }
        Ok(())
    }
}

fn rows(path: &Path, parts: &str, splits: &[Halves]) -> Result<()> {
    let name = path
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for method in METHODS {
        let mut places = Vec::new();
        let mut lague = Vec::new();
        for halves in splits {
            places.extend(test_halves(method, halves, &Detection::default())?);
            lague.extend(test_halves(method, halves, &ErrorModel::Normal.into())?);
        }
        let size = splits.first().map_or(f64::NAN, |halves| halves.size);
        print!(
            "| {name} | {size} | {parts} | {method:?} | {} | {} ",
            cell(&lague, 0, u32::MAX),
            cell(&places, 0, u32::MAX)
        );
        for [low, high] in [[2, 2], [3, 4], [5, 6], [7, 13], [14, u32::MAX]] {
            print!("| {} ", cell(&places, low, high));
        }
        println!("|");
    }
    Ok(())
}

/// The rate among the places whose smaller count is in a range; nothing for too few.
fn cell(places: &[Tested], low: u32, high: u32) -> String {
    let within = |place: &&Tested| (low..=high).contains(&place.count[0].min(place.count[1]));
    let some: Vec<Tested> = places.iter().filter(within).copied().collect();
    if some.len() < 300 {
        "".into()
    } else {
        format!("{:.1} ({})", share_percent(&some), some.len())
    }
}

/// A file of the shared data, which is not shipped.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    let roots = ["../shared/data", "../../../shared/data"];
    let found = roots
        .iter()
        .map(|root| Path::new(root).join(file))
        .find(|path| path.exists());
    if found.is_none() {
        println!("SKIPPED: {file} is not in ../shared/data");
    }
    found
}
