//! How a run is conducted: its memory and disk, where its results are kept until all are there, which part of it is done here.

use crate::{
    arguments::{Arguments, Failing},
    memory::bytes,
    write_file::write_file,
};
use isopach::{
    compute::{Error, FolderLock, Result},
    tiling::{InFlight, Kept, OnFailure, Plan, PointSource, Share, Spill, TileFailure, Tiling},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Bytes that the output files and the picture may take while they are put together, at most: part of the memory, where that is a gigabyte or more.
const OUTPUTS: u64 = 128 << 20;

/// Bytes that a sample needs whatever the survey: it is the same for any memory, so that results are.
const SAMPLE: u64 = 160 << 20;

/// What was said about it on the command line, understood.
pub(crate) struct Conduct {
    /// Bytes for everything.
    pub(crate) memory: u64,
    spill: Spill,
    tile_size: f64,
    folder: PathBuf,
    pub(crate) share: Share,
    pub(crate) on_failure: OnFailure,
    pub(crate) in_flight: InFlight,
}

impl Conduct {
    pub(crate) fn of(arguments: &Arguments) -> Result<Self> {
        let folder = arguments.out.join(".run");
        let most_bytes = match &arguments.disk_limit {
            Some(text) => bytes("--disk-limit", text).map_err(Error::InvalidInput)?,
            None => u64::MAX,
        };
        let spill = arguments.spill_dir.clone().unwrap_or_else(|| folder.join("spill"));
        Ok(Self {
            memory: memory(&arguments.memory)?,
            spill: Spill::Within { folder: spill, most_bytes },
            tile_size: arguments.tile_size,
            folder,
            share: share(arguments)?,
            on_failure: match arguments.on_failure {
                Failing::Stop => OnFailure::Stop,
                Failing::Finish => OnFailure::FinishTheRest,
            },
            in_flight: in_flight(arguments)?,
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
        Tiling { tile_size: self.tile_size, memory, spill: self.spill.clone() }
    }

    /// Where results are kept until all are there.
    pub(crate) fn kept(&self, parameters: &serde_json::Value) -> Kept {
        Kept::within(&self.folder, parameters.to_string())
    }

    /// Where results are kept until all are there.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a run was begun here before.
    pub(crate) fn is_begun(&self) -> bool {
        self.folder.join("manifest.json").exists()
    }

    /// Holds the folder of results as long as this run: alone where it writes results, with others where it runs a share of the tiles. Merges come one
    /// after the other.
    pub(crate) fn hold(&self, arguments: &Arguments) -> Result<Vec<FolderLock>> {
        let [lock, merging] = [".lock", ".merging"].map(|name| arguments.out.join(name));
        if arguments.plan && arguments.before.is_some() {
            return Ok(Vec::new());
        }
        match self.share {
            Share::All => Ok(vec![FolderLock::alone(lock)?]),
            Share::Shard { .. } | Share::Tile(_) => Ok(vec![FolderLock::shared(lock)?]),
            Share::Merge => Ok(vec![FolderLock::shared(lock)?, FolderLock::alone_in_turn(merging)?]),
        }
    }

    /// Forgets a run that was begun before.
    pub(crate) fn forget(&self) -> Result<()> {
        Kept::within(&self.folder, "").remove()?;
        if self.is_begun() {
            let folder = self.folder.display();
            return Err(Error::InvalidInput(format!(
                "{folder}: other shards are at work there: --fresh must wait for them"
            )));
        }
        Ok(())
    }

    /// Leaves no empty folders where a run never began.
    pub(crate) fn tidy(&self) {
        if !self.is_begun() {
            // Only what is empty goes: nothing of anybody's is removed.
            for folder in [self.folder.join("spill"), self.folder.join("tiles"), self.folder.clone()] {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Which tiles are run here.
fn share(arguments: &Arguments) -> Result<Share> {
    match (&arguments.shard, arguments.merge, arguments.only_tile) {
        (None, false, None) => Ok(Share::All),
        (None, true, None) => Ok(Share::Merge),
        (None, false, Some(tile)) => Ok(Share::Tile(tile)),
        (Some(text), false, None) => {
            let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
            let Some((number, of)) = numbers.filter(|(number, of)| (1..=*of).contains(number)) else {
                return Err(Error::InvalidInput(format!("--shard {text}: must be like 2/5, the first is 1/5")));
            };
            Ok(Share::Shard { number, of })
        }
        _ => Err(Error::InvalidInput("--shard, --merge and --only-tile exclude each other".into())),
    }
}

/// How much happens at once.
fn in_flight(arguments: &Arguments) -> Result<InFlight> {
    match arguments.in_flight.as_deref() {
        None => Ok(InFlight::OnePerThread),
        Some("measured") => Ok(InFlight::Measured),
        Some(text) => text.parse().map(InFlight::Fixed).map_err(|_| {
            Error::InvalidInput(format!("--in-flight {text}: must be a number, at least 1, or \"measured\""))
        }),
    }
}

/// MiB below which a plain number is taken for a mistake: it once was GiB here.
const LEAST_PLAIN: f64 = 16.0;

fn memory(text: &str) -> Result<u64> {
    if text.parse::<f64>().is_ok_and(|number| number > 0.0 && number < LEAST_PLAIN) {
        return Err(Error::InvalidInput(format!("--memory is {text}, which is MiB: write {text}GiB or {text}MiB")));
    }
    bytes("--memory", text).map_err(Error::InvalidInput)
}

/// Farthest that anything is looked for, metres: more than any ground has moved, and within what coordinates of a tile can hold.
const FARTHEST: f64 = 1000.0;
/// Points an epoch of a made scene: a square of 20 km.
const MOST_SCENE_POINTS: usize = 2_000_000_000;
/// More threads than any machine has.
const MOST_THREADS: usize = 1024;

/// Refuses numbers of which no run comes to an end; those that make no sense at all are refused where they are used.
pub(crate) fn check(arguments: &Arguments) -> Result<()> {
    let radii = arguments.normal_radii.iter().map(|radius| ("--normal-radii", *radius));
    let others = [("--depth", Some(arguments.depth)), ("--cylinder-radius", arguments.cylinder_radius)];
    for (option, metres) in others.into_iter().filter_map(|(option, metres)| Some((option, metres?))).chain(radii) {
        if metres.is_finite() && metres > FARTHEST {
            return Err(Error::InvalidInput(format!("{option} is {metres} m, but must be at most {FARTHEST} m")));
        }
    }
    if arguments.before.is_none() && !(1..=MOST_SCENE_POINTS).contains(&arguments.scene_points) {
        let points = arguments.scene_points;
        return Err(Error::InvalidInput(format!(
            "--scene-points is {points}, but must be from 1 to {MOST_SCENE_POINTS}"
        )));
    }
    if let Some(threads) = arguments.threads.filter(|threads| *threads > MOST_THREADS) {
        return Err(Error::InvalidInput(format!("--threads is {threads}, but must be at most {MOST_THREADS}")));
    }
    Ok(())
}

/// Cells a point, over a whole epoch, beyond which nearly all of them would be empty.
const CELLS_PER_POINT: f64 = 100.0;
/// Bytes that a cell takes while all that is known of it is at hand.
const BYTES_PER_CELL: f64 = 256.0;

/// Refuses a cell so small that the epochs' points fill next to none: of such an epoch not even the sample fits the memory.
pub(crate) fn check_cell(arguments: &Arguments, epochs: [&dyn PointSource; 2], memory: u64) -> Result<()> {
    let Some(cell) = arguments.cell.filter(|cell| cell.is_finite() && *cell > 0.0) else { return Ok(()) };
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

/// What there is to say of a tile that failed: where it is, why, and how to see it alone.
pub(crate) fn failure(failure: &TileFailure) -> String {
    let all: Vec<String> = std::env::args().collect();
    let mut command: Vec<&str> = Vec::new();
    let mut skip = false;
    for argument in &all {
        let with_value = ["--shard", "--only-tile", "--on-failure"].contains(&argument.as_str());
        if !skip && !with_value && argument != "--fresh" {
            command.push(argument);
        }
        skip = with_value;
    }
    let TileFailure { tile, core, error } = failure;
    format!("tile {tile} ({core}): {error} (alone: {} --only-tile {tile})", command.join(" "))
}

/// Writes the plan for people and programs into a folder.
pub(crate) fn write_plan(folder: &Path, plan: &Plan, sources: &[&dyn PointSource]) -> Result<()> {
    for (name, text) in [("plan.json", format!("{:#}\n", plan.to_json())), ("plan.svg", plan.to_svg(sources))] {
        write_file(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
