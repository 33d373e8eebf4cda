//! Tests of the geometry of panoramas, in one program.

mod cameras;
mod golden;
mod masks;
mod rigs;
