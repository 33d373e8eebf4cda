//! Neighbour search.

pub(crate) mod build;
pub(crate) mod grid;
