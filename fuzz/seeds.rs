//! Small whole files of every version and point format, as a start for the fuzzer: `cargo run --bin seeds -- corpus/las`.

#[path = "../crates/las/tests/made/mod.rs"]
mod made;

use isopach_las::Las;
use std::{env, fs, io::Error, path::PathBuf};

fn main() -> Result<(), Error> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "corpus/las".into()));
    fs::create_dir_all(&folder)?;
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
