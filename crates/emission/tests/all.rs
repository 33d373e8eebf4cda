//! Tests of `isopach-emission` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod averaging;
mod conformance;
mod defects;
mod golden;
mod methods;
mod physics;
mod precision;
mod properties;
mod saturation;
mod serde;
