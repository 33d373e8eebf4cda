//! How a run is conducted: its memory and disk, where its results are kept until all are there,
//! which part of it is done here.

use crate::{
    arguments::{Arguments, Failing},
    epochs::Indexes,
};
use isopach::{
    compute::{Error, FolderLock, Result},
    tiling::{
        CheckpointDir, InFlight, OnFailure, Plan, PointSource, RunScope, Spill, TileFailure, Tiling,
    },
};
use isopach_program::{
    claims::{self, Claims},
    command_words::without,
    console, exit,
    memory::bytes,
    shard::shard,
    signals,
    write_file::write_file,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Bytes that the output files and the picture may take while they are put together, at most: part
/// of the memory, where that is a gigabyte or more.
const OUTPUTS: u64 = 128 << 20;

/// Bytes that a sample needs whatever the survey: it is the same for any memory, so that results
/// are.
const SAMPLE: u64 = 160 << 20;

/// What the program ends with where tiles failed for a reason that is the same everywhere.
const TILES_FAILED: u8 = 3;

/// What was said about it on the command line, understood.
pub(crate) struct Conduct {
    /// Bytes for everything.
    pub(crate) memory: u64,
    spill: Spill,
    tile_size: f64,
    folder: PathBuf,
    pub(crate) share: RunScope,
    pub(crate) on_failure: OnFailure,
    pub(crate) in_flight: InFlight,
    /// Whether the run is only planned.
    plans: bool,
    /// Runs of tiles that are taken as they come.
    pub(crate) claims: Option<Claims>,
}

impl Conduct {
    pub(crate) fn of(arguments: &Arguments) -> Result<Self> {
        let folder = arguments.out.join(RUN);
        let most_bytes = match &arguments.disk_limit {
            Some(text) => bytes("--disk-limit", text).map_err(Error::InvalidInput)?,
            None => u64::MAX,
        };
        let spill = arguments
            .spill_dir
            .clone()
            .unwrap_or_else(|| folder.join(SPILL));
        Ok(Self {
            memory: memory(&arguments.memory)?,
            claims: arguments
                .claim
                .map(|of| Claims::new(&folder, of, arguments.lease, &arguments.worker))
                .transpose()?,
            spill: Spill::Within {
                folder: spill,
                most_bytes,
            },
            tile_size: arguments.tile_size,
            folder,
            share: share(arguments)?,
            on_failure: match arguments.on_failure {
                Failing::Stop => OnFailure::Stop,
                Failing::Finish => OnFailure::FinishTheRest,
            },
            in_flight: in_flight(arguments)?,
            plans: arguments.plan,
        })
    }

    /// Bytes for the sample that is read before the run.
    pub(crate) fn sample_room(&self) -> u64 {
        (self.memory / 8).max(SAMPLE)
    }

    /// The tiles, in what is left of the memory beside `held` bytes of points and the outputs.
    pub(crate) fn tiling(&self, held: u64) -> Tiling {
        let outputs = OUTPUTS.min(self.memory / 8);
        let memory = self.memory.saturating_sub(held + outputs);
        Tiling {
            tile_size: self.tile_size,
            memory,
            spill: self.spill.clone(),
        }
    }

    /// Where results are kept until all are there.
    pub(crate) fn kept(&self, parameters: &serde_json::Value) -> CheckpointDir {
        CheckpointDir::within(&self.folder, parameters.to_string())
    }

    /// From now on a signal says what is done before it ends the program.
    pub(crate) fn say_how_to_go_on(&self, out: &Path) {
        let folder = self.folder.clone();
        signals::say_how_to_go_on("terrain_change", locks(out).into(), move || {
            signals::done(&folder, "tile")
        });
    }

    /// Where results are kept until all are there.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a run was begun here before.
    pub(crate) fn is_begun(&self) -> bool {
        self.folder.join("manifest.json").exists()
    }

    /// Holds the folder of results as long as this run: alone where a whole run writes results,
    /// with others where it plans, runs a share of the tiles, or puts them together. No result
    /// depends on it.
    pub(crate) fn hold(&self, arguments: &Arguments) -> Result<FolderLock> {
        let lock = arguments.out.join(LOCK);
        if self.is_among_others() {
            FolderLock::shared(lock)
        } else {
            FolderLock::alone(lock)
        }
    }

    /// Whether other processes may do a part of the same run at the same time.
    pub(crate) fn is_among_others(&self) -> bool {
        self.plans || self.share != RunScope::All
    }

    /// Whether a run of other inputs or parameters that was begun here may be replaced.
    pub(crate) fn may_begin_anew(&self) -> bool {
        self.plans || self.share == RunScope::All
    }

    /// The indexes of files: made by a plan, used by all others.
    pub(crate) fn indexes(&self) -> Indexes {
        let folder = self.folder.join(INDEX);
        if self.plans {
            Indexes::Make(folder)
        } else {
            Indexes::Use(folder)
        }
    }

    /// Forgets a run that was begun before.
    pub(crate) fn forget(&self) -> Result<()> {
        if !CheckpointDir::within(&self.folder, "").remove_unless_held()? {
            let folder = self.folder.display();
            return Err(Error::Busy(format!(
                "{folder}: other shards are at work there: --fresh must wait for them"
            )));
        }
        self.remove_files();
        Ok(())
    }

    /// Removes what is no longer needed once all results are there. What cannot be removed is in
    /// nobody's way.
    pub(crate) fn remove(&self, kept: &CheckpointDir) -> Result<()> {
        kept.remove()?;
        self.remove_files();
        self.tidy();
        Ok(())
    }

    /// Removes files that no process has any more use for.
    fn remove_files(&self) {
        let named = |folder: &str, is_ours: fn(&str) -> bool| {
            let entries = fs::read_dir(self.folder.join(folder))
                .into_iter()
                .flatten()
                .flatten();
            let ours = entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_ours));
            ours.for_each(|entry| drop(fs::remove_file(entry.path())));
        };
        named(INDEX, |name| name.ends_with(".chunks"));
        claims::remove(&self.folder);
        // What killed runs of other machines left.
        named(SPILL, |name| {
            name.starts_with(".isopach-spill.") && name.ends_with(".part")
        });
    }

    /// Leaves no empty folders where a run never began, or has ended.
    pub(crate) fn tidy(&self) {
        if !self.is_begun() {
            // Only what is empty goes: nothing of anybody's is removed.
            let within = [INDEX, claims::FOLDER, SPILL, "tiles"].map(|name| self.folder.join(name));
            for folder in within.into_iter().chain([self.folder.clone()]) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// The file that says who works in the folder of results.
const LOCK: &str = ".lock";
/// The folder of points that memory cannot hold.
const SPILL: &str = "spill";
/// The folder of indexes that a plan made.
const INDEX: &str = "index";

/// The files that say that this process works in a folder of results: out.join(`.lock`), and that
/// of the results of tiles.
fn locks(out: &Path) -> [PathBuf; 2] {
    [out.join(LOCK), out.join(RUN).join("lock")]
}

/// The folder of what is kept until all results are there.
pub(crate) const RUN: &str = ".run";

/// Which tiles are run here.
fn share(arguments: &Arguments) -> Result<RunScope> {
    let claimed = arguments.claim.map(|of| RunScope::Shard { number: 1, of });
    let shard = shard(arguments.shard.as_deref(), arguments.shard_index.as_deref())?.or(claimed);
    if arguments.fresh && (shard.is_some() || arguments.merge) {
        return Err(Error::InvalidInput(
            "--fresh with --shard, --claim or --merge would throw away what other shards have done: give it to --plan"
                .into(),
        ));
    }
    match (shard, arguments.merge, arguments.only_tile) {
        (None, false, None) => Ok(RunScope::All),
        (None, true, None) => Ok(RunScope::Merge),
        (None, false, Some(tile)) => Ok(RunScope::Tile(tile)),
        (Some(shard), false, None) => Ok(shard),
        _ => Err(Error::InvalidInput(
            "--shard, --merge and --only-tile exclude each other".into(),
        )),
    }
}

/// How much happens at once.
fn in_flight(arguments: &Arguments) -> Result<InFlight> {
    match arguments.in_flight.as_deref() {
        None => Ok(InFlight::OnePerThread),
        Some("measured") => Ok(InFlight::Measured),
        Some(text) => text.parse().map(InFlight::Fixed).map_err(|_| {
            Error::InvalidInput(format!(
                "--in-flight {text}: must be a number, at least 1, or \"measured\""
            ))
        }),
    }
}

/// MiB below which a plain number is taken for a mistake: it once was GiB here.
const LEAST_PLAIN: f64 = 16.0;

fn memory(text: &str) -> Result<u64> {
    if text
        .parse::<f64>()
        .is_ok_and(|number| number > 0.0 && number < LEAST_PLAIN)
    {
        return Err(Error::InvalidInput(format!(
            "--memory is {text}, which is MiB: write {text}GiB or {text}MiB"
        )));
    }
    bytes("--memory", text).map_err(Error::InvalidInput)
}

/// Farthest that anything is looked for, metres: more than any ground has moved, and within what
/// coordinates of a tile can hold.
const FARTHEST: f64 = 1000.0;
/// Points an epoch of a made scene: a square of 20 km.
const MOST_SCENE_POINTS: usize = 2_000_000_000;
/// More threads than any machine has.
const MOST_THREADS: usize = 1024;

/// Refuses numbers of which no run comes to an end, and words that cannot be understood; numbers
/// that make no sense at all are refused where they are used.
pub(crate) fn check(arguments: &Arguments) -> Result<()> {
    let radii = arguments
        .normal_radii
        .iter()
        .map(|radius| ("--normal-radii", *radius));
    let others = [
        ("--depth", Some(arguments.depth)),
        ("--cylinder-radius", arguments.cylinder_radius),
    ];
    for (option, metres) in others
        .into_iter()
        .filter_map(|(option, metres)| Some((option, metres?)))
        .chain(radii)
    {
        if metres.is_finite() && metres > FARTHEST {
            return Err(Error::InvalidInput(format!(
                "{option} is {metres} m, but must be at most {FARTHEST} m"
            )));
        }
    }
    if arguments.before.is_none() && !(1..=MOST_SCENE_POINTS).contains(&arguments.scene_points) {
        let points = arguments.scene_points;
        return Err(Error::InvalidInput(format!(
            "--scene-points is {points}, but must be from 1 to {MOST_SCENE_POINTS}"
        )));
    }
    if let Some(threads) = arguments.threads.filter(|threads| *threads > MOST_THREADS) {
        return Err(Error::InvalidInput(format!(
            "--threads is {threads}, but must be at most {MOST_THREADS}"
        )));
    }
    arguments.on.check()?;
    Conduct::of(arguments).map(drop)
}

/// Cells a point, over a whole epoch, beyond which nearly all of them would be empty.
const CELLS_PER_POINT: f64 = 100.0;
/// Bytes that a cell takes while all that is known of it is at hand.
const BYTES_PER_CELL: f64 = 256.0;

/// Refuses a cell so small that the epochs' points fill next to none: of such an epoch not even the
/// sample fits the memory.
pub(crate) fn check_cell(
    arguments: &Arguments,
    epochs: [&dyn PointSource; 2],
    memory: u64,
) -> Result<()> {
    let Some(cell) = arguments
        .cell
        .filter(|cell| cell.is_finite() && *cell > 0.0)
    else {
        return Ok(());
    };
    for epoch in epochs {
        let (area, points) = (epoch.extent().area(), epoch.point_count());
        let most = (CELLS_PER_POINT * points as f64).max(memory as f64 / BYTES_PER_CELL);
        let cells = area / (cell * cell);
        if cells > most {
            let (name, least) = (epoch.name(), (area / most).sqrt());
            return Err(Error::InvalidInput(format!(
                "--cell is {cell} m: {cells:.2e} cells over {name}, which has {points} points: must be at least {least:.2e} m"
            )));
        }
    }
    Ok(())
}

/// Says which tiles failed; what the program ends with.
pub(crate) fn tiles_failed(failures: &[TileFailure]) -> ExitCode {
    for failed in failures {
        let _ = console::failed("terrain_change", &failure(failed));
    }
    if failures.iter().any(|failure| failure.transient) {
        exit::TRY_AGAIN
    } else {
        TILES_FAILED
    }
    .into()
}

/// What there is to say of a tile that failed: where it is, why, and how to see it alone.
fn failure(failure: &TileFailure) -> String {
    let TileFailure {
        tile, core, error, ..
    } = failure;
    let command = of_one_tile(std::env::args());
    format!(
        "tile {tile} ({core}): {error} (alone: {} --only-tile {tile})",
        command.join(" ")
    )
}

/// Options that say which tiles are run and what then: those with a value, and those without.
const OF_SHARES: [&[&str]; 2] = [
    &[
        "--shard",
        "--shard-index",
        "--claim",
        "--lease",
        "--worker",
        "--only-tile",
        "--on-failure",
    ],
    &["--fresh"],
];

/// A command without what it says of shares.
fn of_one_tile(command: impl Iterator<Item = String>) -> Vec<String> {
    let [with_value, without_value] = OF_SHARES;
    without(command, with_value, without_value)
}

/// Writes the plan for people and programs into a folder.
pub(crate) fn write_plan(folder: &Path, plan: &Plan, sources: &[&dyn PointSource]) -> Result<()> {
    for (name, text) in [
        ("plan.json", format!("{:#}\n", plan.to_json())),
        ("plan.svg", plan.to_svg(sources)),
    ] {
        write_file(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_one_tile_has_no_share() {
        let command = "terrain_change a.laz b.laz --shard 1/3 --claim=6 --lease 9 --worker w --fresh --cell 2 --shard-index=0/3 --out o=p";
        let kept = of_one_tile(command.split(' ').map(str::to_owned));
        assert_eq!(
            kept.join(" "),
            "terrain_change a.laz b.laz --cell 2 --out o=p"
        );
    }
}
