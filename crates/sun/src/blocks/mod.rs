//! An image in blocks of rows, which several processes invert and one puts together (docs/fleet.md,
//! docs/decisions/0004-emission-in-blocks.md).

mod bytes;
mod execution;
mod found;
mod plan;
mod run;

pub(crate) use execution::BlockExecution;
pub(crate) use found::Found;
pub(crate) use run::InBlocks;
