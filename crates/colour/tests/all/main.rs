//! Tests of `isopach-colour` from outside, a module a theme: one program, which links once.

#![allow(missing_docs, clippy::print_stderr)]

mod catalogue;
mod golden;
mod memory_image;
mod tiles;
mod times;
mod values;
