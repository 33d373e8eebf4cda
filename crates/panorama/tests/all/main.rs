//! Tests of the geometry of panoramas, in one program.

mod cameras;
mod masks;
mod rigs;
