//! Tests of `isopach-change` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod closed_forms;
mod directions;
mod level_of_detection;
mod volumes;
