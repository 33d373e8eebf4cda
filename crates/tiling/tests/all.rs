//! Tests of `isopach-tiling` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod sample;
mod tile_loop;
