//! Prints how often the truth is inside what is stated.
//!
//!     cargo run --release --example calibrate -- alignment [SPLITS]

#![allow(clippy::print_stdout, missing_docs)]

mod alignment;
mod halves;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (what, splits) = (arguments.next(), arguments.next());
    let splits: u64 = splits.map_or(Ok(100), |given| given.parse())?;
    match what.as_deref() {
        Some("alignment") => alignment::print(Path::new("../shared/data"), splits)?,
        _ => return Err("usage: calibrate alignment [SPLITS]".into()),
    }
    Ok(())
}
