//! A survey of any size, to measure a run of `terrain_change` with: it makes one, reads it in the
//! way that others do, and says in a few letters what a run has found. See `--help`.

mod make;
mod naive;

use clap::{Parser, Subcommand};
use isopach_program::console;
use std::{error::Error, path::PathBuf};

#[derive(Parser)]
#[command(about = "Make a survey, read it naively, and hash what a run has found.")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write two epochs, each as overlapping LAZ files: FOLDER/before/*.laz and FOLDER/after/*.laz
    Make {
        folder: PathBuf,
        /// Points an epoch
        #[arg(long, default_value_t = 1_000_000)]
        points: u64,
        /// Files along each side
        #[arg(long, default_value_t = 3)]
        files: u64,
    },
    /// Write the points of all files in a folder into one file
    Join {
        folder: PathBuf,
        to: PathBuf,
        /// Points a chunk
        #[arg(long, default_value_t = 50_000)]
        chunk_points: u32,
    },
    /// Decode all chunks once and do nothing else; one JSON line
    Decode { before: PathBuf, after: PathBuf },
    /// Decode all chunks of a file, then decode and write it again; one JSON line
    Rewrite { from: PathBuf, to: PathBuf },
    /// DoD, C2C and M3C2 with every tile reading all files that it overlaps, as tools do that know
    /// no chunks; one JSON line
    Naive {
        before: PathBuf,
        after: PathBuf,
        /// Side of a tile, metres
        #[arg(long, default_value_t = 250.0)]
        tile_size: f64,
    },
    /// Hash the cells and the sorted points that a run has written, whatever the order in which
    /// they stand in its files
    Hash {
        /// Folders of results
        folders: Vec<PathBuf>,
    },
}

fn main() -> std::process::ExitCode {
    let outcome: Result<(), Box<dyn Error>> = match Arguments::parse().what {
        What::Make {
            folder,
            points,
            files,
        } => make::survey(&folder, points, files),
        What::Join {
            folder,
            to,
            chunk_points,
        } => make::join(&folder, &to, chunk_points),
        What::Decode { before, after } => naive::decode(&[before, after]),
        What::Rewrite { from, to } => naive::rewrite(&from, &to),
        What::Naive {
            before,
            after,
            tile_size,
        } => naive::tiles(&[before, after], tile_size),
        What::Hash { folders } => isopach_testkit::fingerprint::print_folders(&folders),
    };
    outcome.map_or_else(
        |error| console::report_failure("make_survey", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}
