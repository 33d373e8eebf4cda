//! Tests of `isopach-raster` from outside, a module a theme: one program, which links once.

#![allow(missing_docs, clippy::print_stderr)]

mod blocks;
mod common;
mod conformance;
mod gather;
mod gather_conformance;
mod gather_golden;
mod gather_properties;
mod gather_remap;
mod rasterio;
