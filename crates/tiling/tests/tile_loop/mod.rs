//! The tile loop from outside, with tiny operations.
#![allow(missing_docs)]

mod bits;
mod failures;
mod held;
mod memory;
mod operations;
mod ownership;
mod passing_on;
mod restart;
mod scenes;
mod shards;
mod sources;
