//! Execution of a run: its memory and disk, the folder of its results, the share of this process.

use crate::{
    SurveyError,
    epochs::Indexes,
    options::{ChangeOptions, Failing},
};
use isopach::{
    compute::{Error, Result},
    tiling::{
        CheckpointDir, InFlight, OnFailure, Plan, PointSource, RunScope, Spill, TileFailure, Tiling,
    },
};
use isopach_program::ProgramError;
use isopach_program::{
    claims::{self, Claims},
    command_words::OptionNames,
    memory::parse_bytes,
    run_folder::{INDEX, RunFolder, SPILL},
    shard::parse_shard,
    write_file::write_file,
};
use std::{fs, path::Path};

/// Limit on the bytes of output files and picture while they are merged: part of the memory, if
/// that is a gigabyte or more.
const OUTPUTS: u64 = 128 << 20;

/// Bytes that a sample needs for any survey: the same for any memory, so that results do not depend
/// on it.
const SAMPLE: u64 = 160 << 20;

/// Execution of a run, from its options.
pub(crate) struct Execution {
    /// Output folder, and the tiles that this process runs.
    pub(crate) folder: RunFolder,
    /// Bytes for everything.
    pub(crate) memory: u64,
    spill: Spill,
    tile_size: f64,
    pub(crate) on_failure: OnFailure,
    pub(crate) in_flight: InFlight,
    /// Claims on runs of tiles, with `--claim`.
    pub(crate) claims: Option<Claims>,
}

impl Execution {
    pub(crate) fn of(options: &ChangeOptions) -> Result<Self> {
        let state = RunFolder::state_within(&options.out);
        let most_bytes = match &options.disk_limit {
            Some(text) => parse_bytes("--disk-limit", text)?,
            None => u64::MAX,
        };
        let spill = options
            .spill_dir
            .clone()
            .unwrap_or_else(|| state.join(SPILL));
        Ok(Self {
            memory: parse_memory(&options.memory)?,
            claims: options
                .claim
                .map(|of| Claims::new(&state, of, options.lease, &options.worker))
                .transpose()?,
            spill: Spill::Within {
                folder: spill,
                max_bytes: most_bytes,
            },
            tile_size: options.tile_size,
            folder: RunFolder::new(&options.out, run_scope(options)?, options.plan),
            on_failure: match options.on_failure {
                Failing::Stop => OnFailure::Stop,
                Failing::Finish => OnFailure::FinishTheRest,
            },
            in_flight: in_flight(options)?,
        })
    }

    /// Bytes for the sample that is read before the run.
    pub(crate) fn sample_room(&self) -> u64 {
        (self.memory / 8).max(SAMPLE)
    }

    /// The tiles, in the memory that `held` bytes of points and the outputs leave.
    pub(crate) fn plan_tiling(&self, held: u64) -> Tiling {
        let outputs = OUTPUTS.min(self.memory / 8);
        let memory = self.memory.saturating_sub(held + outputs);
        Tiling {
            tile_size: self.tile_size,
            memory,
            spill: self.spill.clone(),
        }
    }

    /// The folder that holds results until the run is complete.
    pub(crate) fn checkpoint_dir(&self, parameters: &serde_json::Value) -> CheckpointDir {
        CheckpointDir::new(self.folder.state(), parameters.to_string())
    }

    /// The indexes of files: made by a plan, used by all others.
    pub(crate) fn index_use(&self) -> Indexes {
        let folder = self.folder.state().join(INDEX);
        if self.folder.is_plan {
            Indexes::Make(folder)
        } else {
            Indexes::Use(folder)
        }
    }

    /// Forgets a run that was begun before.
    pub(crate) fn forget_run(&self) -> Result<()> {
        if !CheckpointDir::new(self.folder.state(), "").remove_unless_held()? {
            let folder = self.folder.state().display();
            return Err(Error::Busy(format!(
                "{folder}: other shards are at work there: --fresh must wait for them"
            )));
        }
        self.remove_files();
        Ok(())
    }

    /// Removes the checkpoints and claims once the results are complete. Claims that cannot be
    /// removed do no harm.
    pub(crate) fn remove_checkpoints(&self, kept: &CheckpointDir) -> Result<()> {
        kept.remove_all()?;
        self.remove_files();
        self.folder.remove_if_empty();
        Ok(())
    }

    /// Removes files that no process has any more use for.
    fn remove_files(&self) {
        let named = |folder: &str, is_ours: fn(&str) -> bool| {
            let entries = fs::read_dir(self.folder.state().join(folder))
                .into_iter()
                .flatten()
                .flatten();
            let ours = entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_ours));
            ours.for_each(|entry| drop(fs::remove_file(entry.path())));
        };
        named(INDEX, |name| name.ends_with(".chunks"));
        claims::remove_claims(self.folder.state());
        // Remove the spill of killed runs of other machines.
        named(SPILL, |name| {
            name.starts_with(".isopach-spill.") && name.ends_with(".part")
        });
    }
}

/// Which tiles are run here.
fn run_scope(options: &ChangeOptions) -> Result<RunScope> {
    let claimed = options.claim.map(|of| RunScope::Shard { number: 1, of });
    let shard = parse_shard(options.shard.as_deref(), options.shard_index.as_deref())?.or(claimed);
    if options.fresh && (shard.is_some() || options.merge) {
        return Err(ProgramError::DiscardsShards.into());
    }
    match (shard, options.merge, options.only_tile) {
        (None, false, None) => Ok(RunScope::All),
        (None, true, None) => Ok(RunScope::Merge),
        (None, false, Some(tile)) => Ok(RunScope::Tile(tile)),
        (Some(shard), false, None) => Ok(shard),
        _ => Err(ProgramError::Exclusive {
            options: "--shard, --merge and --only-tile",
        }
        .into()),
    }
}

/// Limits of the tiles and chunks that are in work at once.
fn in_flight(options: &ChangeOptions) -> Result<InFlight> {
    match options.in_flight.as_deref() {
        None => Ok(InFlight::OnePerThread),
        Some("measured") => Ok(InFlight::Measured),
        Some(text) => text.parse().map(InFlight::Fixed).map_err(|_| {
            ProgramError::invalid_option(
                "--in-flight",
                text,
                "be a number, at least 1, or \"measured\"",
            )
            .into()
        }),
    }
}

/// MiB below which a plain number is refused as a mistake: earlier versions read it as GiB.
const LEAST_PLAIN: f64 = 16.0;

fn parse_memory(text: &str) -> Result<u64> {
    if text
        .parse::<f64>()
        .is_ok_and(|number| number > 0.0 && number < LEAST_PLAIN)
    {
        return Err(ProgramError::AmbiguousMemory {
            number: text.into(),
        }
        .into());
    }
    Ok(parse_bytes("--memory", text)?)
}

/// Largest distance of any search, metres: more than any ground has moved, and within the range of
/// a tile's coordinates.
const FARTHEST: f64 = 1000.0;
/// Largest number of points in an epoch of a synthetic scene: a square of 20 km.
const MOST_SCENE_POINTS: usize = 2_000_000_000;
/// More threads than any machine has.
const MOST_THREADS: usize = 1024;

/// Refuses numbers with which no run ends, and invalid words; numbers without meaning are refused
/// by their users.
pub(crate) fn check_options(options: &ChangeOptions) -> Result<()> {
    let radii = options
        .normal_radii
        .iter()
        .map(|radius| ("--normal-radii", *radius));
    let others = [
        ("--depth", Some(options.depth)),
        ("--cylinder-radius", options.cylinder_radius),
    ];
    for (option, metres) in others
        .into_iter()
        .filter_map(|(option, metres)| Some((option, metres?)))
        .chain(radii)
    {
        if metres.is_finite() && metres > FARTHEST {
            return Err(ProgramError::invalid_option(
                option,
                format!("{metres} m"),
                format!("be at most {FARTHEST} m"),
            )
            .into());
        }
    }
    if options.before.is_none() && !(1..=MOST_SCENE_POINTS).contains(&options.scene_points) {
        return Err(ProgramError::invalid_option(
            "--scene-points",
            options.scene_points,
            format!("be from 1 to {MOST_SCENE_POINTS}"),
        )
        .into());
    }
    if let Some(threads) = options.threads.filter(|threads| *threads > MOST_THREADS) {
        return Err(ProgramError::invalid_option(
            "--threads",
            threads,
            format!("be at most {MOST_THREADS}"),
        )
        .into());
    }
    options.devices.check()?;
    Execution::of(options).map(drop)
}

/// Cells a point, over a whole epoch, beyond which nearly all of them would be empty.
const CELLS_PER_POINT: f64 = 100.0;
/// Bytes of a cell while all its values are in memory.
const BYTES_PER_CELL: f64 = 256.0;

/// Refuses a cell so small that the epochs' points fill almost none: not even the sample of such an
/// epoch fits the memory.
pub(crate) fn check_cell(
    options: &ChangeOptions,
    epochs: [&dyn PointSource; 2],
    memory: u64,
) -> Result<()> {
    let Some(cell) = options.cell.filter(|cell| cell.is_finite() && *cell > 0.0) else {
        return Ok(());
    };
    for epoch in epochs {
        let area = epoch.extent().area();
        let points = epoch.point_count();
        let most = (CELLS_PER_POINT * points as f64).max(memory as f64 / BYTES_PER_CELL);
        let cells = area / (cell * cell);
        if cells > most {
            return Err(SurveyError::CellTooSmall {
                cell,
                cells,
                name: epoch.name(),
                points,
                least: (area / most).sqrt(),
            }
            .into());
        }
    }
    Ok(())
}

/// Describes a failed tile: its place, its error, and the command that runs it alone.
pub(crate) fn describe_failure(options: &ChangeOptions, failure: &TileFailure) -> String {
    let TileFailure {
        tile, core, error, ..
    } = failure;
    let command = options.profile_args.command.without(&OF_SHARES);
    format!(
        "tile {tile} ({core}): {error} (alone: {} --only-tile {tile})",
        command.join(" ")
    )
}

/// Options that choose the tiles of this process, and the treatment of failures.
const OF_SHARES: OptionNames = OptionNames {
    with_value: &[
        "--shard",
        "--shard-index",
        "--claim",
        "--lease",
        "--worker",
        "--only-tile",
        "--on-failure",
    ],
    without_value: &["--fresh"],
};

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
        let kept = OF_SHARES.removed_from(command.split(' ').map(str::to_owned));
        assert_eq!(
            kept.join(" "),
            "terrain_change a.laz b.laz --cell 2 --out o=p"
        );
    }
}
