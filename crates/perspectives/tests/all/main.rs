//! Runs over made frames, in one program.
#![allow(missing_docs, clippy::print_stderr)]

mod frames;
mod hostile;
mod places;
mod planes;
mod results;
mod video;
