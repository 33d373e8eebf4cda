//! Arithmetic coding as LASzip has it: intervals, adaptive models, integers as corrections of
//! predictions.

mod decoder;
mod encoder;
mod integer;
mod median;
mod model;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::{EncodedStream, Interval, StreamEncoder};
pub(crate) use integer::{EncodingIntegers, Integers};
pub(crate) use median::RunningMedian;
pub(crate) use model::{EncodingModel, LargeEncodingModel, LargeModel, Model, get_or_create};
