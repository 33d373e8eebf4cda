//! Results of tiles by way of an object store: for machines that share no folder.
//!
//!     cargo run --release --features remote --example tiles_in_store -- push OUT s3://bucket/run
//!     cargo run --release --features remote --example tiles_in_store -- pull OUT s3://bucket/run
//!
//! `OUT` is the folder of results of `terrain_change`, of which `--plan`, `--shard` and `--merge`
//! write and read `.run`. `push` keeps the manifest, the indexes and the results of tiles in the
//! store, each under a name that is created new; `pull` brings those that the folder lacks. Both
//! may be repeated and doubled. A manifest of another run, or another result of a tile, is refused
//! (2); a store that does not answer may later (75).

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::{Parser, Subcommand};
use inputs::Inputs;
use isopach::{
    compute::{Error, Result, write_whole_among_others},
    remote::CreateOutcome,
};
use isopach_program::{exit, println};
use isopach_survey::inputs;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The folder of a run within that of its results.
const RUN: &str = ".run";
/// What is kept of it: a folder within, and how names end there. The manifest first: it says
/// whether the rest belongs to the same run.
const PARTS: [(&str, &str); 3] = [
    ("", "manifest.json"),
    ("index", ".chunks"),
    ("tiles", ".tile"),
];

#[derive(Parser)]
#[command(about = "Bring results of tiles to an object store and back.")]
struct Arguments {
    #[command(subcommand)]
    way: Way,
}

#[derive(Subcommand)]
enum Way {
    /// Keep in the store what the folder has.
    Push {
        /// Folder of results.
        out: PathBuf,
        /// Address that stands for it.
        address: String,
    },
    /// Bring to the folder what the store has.
    Pull {
        /// Folder of results.
        out: PathBuf,
        /// Address that stands for it.
        address: String,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report_error("tiles_in_store", &error),
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let inputs = Inputs::default();
    let (out, address, step): (_, _, Step) = match &arguments.way {
        Way::Push { out, address } => (out, address, push),
        Way::Pull { out, address } => (out, address, pull),
    };
    let mut moved = 0;
    for (part, ending) in PARTS {
        let folder = out.join(RUN).join(part);
        let address = format!("{}/{part}", address.trim_end_matches('/'));
        moved += step(&inputs, &folder, address.trim_end_matches('/'), ending)?;
    }
    let [requests, bytes] = inputs.request_counts();
    println!("{moved} files; {bytes} bytes fetched in {requests} requests");
    Ok(())
}

/// Brings one part of a run to the store or back; how many files that were not there.
type Step = fn(&Inputs, &Path, &str, &str) -> Result<usize>;

fn push(inputs: &Inputs, folder: &Path, address: &str, ending: &str) -> Result<usize> {
    let results = inputs.remote()?.open_results(address)?;
    let mut created = 0;
    for name in names(folder, ending)? {
        let path = folder.join(&name);
        let bytes = fs::read(&path).map_err(|error| Error::of_file(&path, error))?;
        created += usize::from(results.create_result(&name, &bytes)? == CreateOutcome::Created);
    }
    Ok(created)
}

fn pull(inputs: &Inputs, folder: &Path, address: &str, ending: &str) -> Result<usize> {
    let results = inputs.remote()?.open_results(address)?;
    fs::create_dir_all(folder).map_err(|error| Error::of_file(folder, error))?;
    let there = names(folder, ending)?;
    let is_manifest = ending == PARTS[0].1;
    let mut written = 0;
    for name in results
        .list_names()?
        .into_iter()
        .filter(|name| name.ends_with(ending))
    {
        let path = folder.join(&name);
        let is_there = there.contains(&name);
        if is_there && !is_manifest {
            continue;
        }
        let Some(bytes) = results.get_result(&name)? else {
            continue;
        };
        if !is_there {
            write_whole_among_others(&path, &[&bytes])
                .map_err(|error| Error::of_file(&path, error))?;
            written += 1;
        } else if fs::read(&path).map_err(|error| Error::of_file(&path, error))? != bytes {
            let remedy = "name another folder, or another address";
            return Err(Error::source(format!(
                "{} is of another run than {address}/{name}: {remedy}",
                path.display()
            )));
        }
    }
    Ok(written)
}

/// Names of files that end so, in order; none where there is no folder.
fn names(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| Error::of_file(folder, error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::of_file(folder, error))?;
        let name = entry.file_name().into_string().ok();
        names.extend(name.filter(|name| name.ends_with(ending) && !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}
