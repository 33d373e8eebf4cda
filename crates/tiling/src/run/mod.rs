//! A run from the plan to the last result.
//!
//! [`Tiling`] plans ([`planning`]), checks ([`checks`]) and conducts a run ([`tiling`]); the
//! [`scheduler`] decides which piece of work starts when; [`tile_pieces`] does the pieces.

mod checks;
mod options;
mod pieces;
mod planning;
mod scheduler;
mod tile_pieces;
mod tiling;

pub use options::RunOptions;
pub use scheduler::InFlight;
pub use tiling::Tiling;
