//! The tile loop from outside, with tiny operations.
#![allow(missing_docs)]

mod bits;
mod failures;
mod operations;
mod ownership;
mod passing_on;
mod scenes;
mod sources;
