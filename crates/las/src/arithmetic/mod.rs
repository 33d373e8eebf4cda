//! Arithmetic decoding as LASzip has it: intervals, adaptive models, integers as corrections of
//! predictions.

mod decoder;
mod integer;
mod median;
mod model;

pub(crate) use decoder::Decoder;
pub(crate) use integer::Integers;
pub(crate) use median::RunningMedian;
pub(crate) use model::{LargeModel, Model, get_or_create};
