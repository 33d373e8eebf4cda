//! Tests of the geometry of panoramas, in one program.

#![allow(clippy::print_stderr, missing_docs)]

mod cameras;
mod golden;
mod masks;
mod rigs;
