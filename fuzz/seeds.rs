//! Small whole files, as a start for the fuzzer: `cargo run --bin seeds -- corpus` makes a folder
//! for each target.

#[path = "../crates/las/tests/made/mod.rs"]
mod made;
#[path = "../crates/tiling/tests/small_run/mod.rs"]
mod small_run;

use isopach_las::Las;
use std::{
    env, fs,
    io::Error,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Error> {
    let corpus = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "corpus".into()));
    las(&corpus.join("las"))?;
    fits(&corpus.join("fits"))?;
    index(&corpus.join("index"))?;
    manifest(&corpus.join("manifest"))
}

/// The files of crates/fits/tests/data.
fn fits(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    for entry in
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/fits/tests/data"))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "fits") {
            fs::copy(&path, folder.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// The index of a file of two chunks: whole, and without its head, for a target that puts the head
/// of its own file before it and, where the second byte says so (1, 5), the checksum behind it.
fn index(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let path = env::temp_dir().join(format!("isopach-seed-{}.las", std::process::id()));
    fs::write(&path, made::las(2, 0, 0, 50_500))?;
    drop(
        Las::open(&path)
            .and_then(|las| las.indexed(None))
            .map_err(Error::other)?,
    );
    let place = path.with_extension("las.chunks");
    let index = fs::read(&place)?;
    fs::remove_file(path)?;
    fs::remove_file(place)?;
    fs::write(folder.join("whole"), [&[0, 0], &index[..]].concat())?;
    for head in [32, 48] {
        fs::write(
            folder.join(format!("entries-{head}")),
            [&[head, 0], &index[usize::from(head)..]].concat(),
        )?;
        let body = &index[usize::from(head)..index.len() - 4];
        fs::write(
            folder.join(format!("checked-{head}")),
            [&[head, 1], body].concat(),
        )?;
        fs::write(
            folder.join(format!("fitted-{head}")),
            [&[head, 5], body].concat(),
        )?;
    }
    Ok(())
}

/// The manifest and the first result of a run, this whole and without its head.
fn manifest(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let run = env::temp_dir().join(format!("isopach-seed-{}", std::process::id()));
    small_run::run(&run).map_err(Error::other)?;
    let files = small_run::files(&run);
    let of_kind = |end: &str| {
        files
            .iter()
            .find(|(path, _)| path.extension().is_some_and(|found| found == end))
    };
    if let (Some((_, manifest)), Some((_, result))) = (of_kind("json"), of_kind("tile")) {
        fs::write(folder.join("manifest"), [&[0], &manifest[..]].concat())?;
        fs::write(folder.join("result"), [&[1], &result[..]].concat())?;
        let head = small_run::head_bytes(result).unwrap_or_default();
        fs::write(folder.join("payload"), [&[2], &result[head..]].concat())?;
    }
    fs::remove_dir_all(run)
}

/// Files of every version and point format, plain and compressed.
fn las(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let kinds = [
        (0, 0),
        (1, 1),
        (2, 2),
        (2, 3),
        (3, 4),
        (3, 5),
        (4, 1),
        (4, 6),
        (4, 7),
        (4, 8),
        (4, 9),
        (4, 10),
        (5, 6),
        (5, 10),
    ];
    for (minor, format) in kinds {
        for (extra, points) in [(5, 3), (0, 60)] {
            let name = |ending: &str| folder.join(format!("1.{minor}-{format}-{extra}.{ending}"));
            fs::write(name("las"), made::las(minor, format, extra, points))?;
            let rewritten = Las::open(name("las")).and_then(|las| las.rewrite(name("laz")));
            rewritten.map_err(Error::other)?;
        }
    }
    Ok(())
}
