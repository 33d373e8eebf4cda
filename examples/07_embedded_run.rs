//! The whole job inside a program of your own: a change run from files to a page, whose progress and
//! warnings go where you want them.
//!
//!     cargo run --release --example 07_embedded_run -- OUT [BEFORE.laz AFTER.laz] [OPTIONS…]
//!
//! Options are those of `terrain_change`. Without files the run makes a synthetic scene.

#![allow(clippy::print_stdout)]

use isopach_survey::{ChangeOptions, Listener, StageProgress, run};
use std::{
    error::Error,
    sync::{Mutex, PoisonError},
};

/// Collects what a run says, as a server or a desktop program would.
#[derive(Default)]
struct Journal {
    lines: Mutex<Vec<String>>,
}

impl Journal {
    fn add(&self, line: String) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

impl Listener for Journal {
    fn say(&self, line: &str) {
        self.add(format!("answer: {line}"));
    }

    fn warn(&self, warning: &str) {
        self.add(format!("warning: {warning}"));
    }

    fn begin_stage(&self, name: &'static str) -> Box<dyn StageProgress + '_> {
        self.add(format!("stage: {name}"));
        Box::new(Percent)
    }
}

/// Would move a bar.
struct Percent;

impl StageProgress for Percent {
    fn show(&self, _share: f64, _note: &str) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let out = words
        .next()
        .ok_or("usage: 07_embedded_run OUT [BEFORE AFTER] [OPTIONS…]")?;
    let options = ChangeOptions::from_words(words.chain(["--out".into(), out]))?;
    let journal = Journal::default();
    let outcome = run(options, &journal)?;
    for line in journal
        .lines
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        println!("{line}");
    }
    match outcome.page {
        Some(page) => println!("see {}", page.display()),
        None => println!("a part of the run is done"),
    }
    Ok(())
}
