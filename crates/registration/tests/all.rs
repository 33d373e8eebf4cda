//! Tests of `isopach-registration` from outside, a module a theme: one program, which links once.

#![allow(missing_docs)]

mod conformance;
mod free_directions;
mod known_motion;
mod made_ground;
mod robust;
mod unknown_parts;
