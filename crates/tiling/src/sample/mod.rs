//! Samples of a survey, read before a run to estimate parameters from the data.
//!
//! [`Thinning`] keeps one point a cube in one pass over a source. [`Thinned::density`] and the
//! counts of plan cells come from the same pass. [`SampleBlocks::choose`] then picks whole squares
//! that both epochs have, and [`SampleBlocks::read`] reads every point of them.
//!
//! A sample is a function of the set of points and the parameters alone. Chunks, threads, memory
//! and order change no bit of it: cubes and squares lie on the absolute grid, the smallest hash of
//! a position wins, and counts are whole numbers.

mod blocks;
mod choose;
mod counts;
mod cubes;
mod hash;
mod pass;
mod thinning;

pub use blocks::{BlockPair, PairedSample};
pub use choose::{SampleBlock, SampleBlocks};
pub use thinning::{Occupancy, Thinned, Thinning};
