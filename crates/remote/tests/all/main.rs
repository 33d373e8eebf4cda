//! Points, images and results in a store on the own machine.
#![allow(clippy::print_stderr, missing_docs)]

mod faults;
mod images;
mod store;
