//! Tests of `isopach-las` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod boxes;
mod byte_sources;
mod carried;
mod duplicates;
mod every_format;
mod flags;
mod index;
mod laspy;
mod layers;
mod made;
mod queries;
mod refused_values;
mod replaced;
mod rewrite;
mod round_trip;
mod sorted;
mod systems;
mod units;
