//! [`crate::Method::Positive`] in lanes: Newton's method on the dual of [`crate::reference`], one
//! pixel a lane.
//!
//! A block of pixels is prepared, group by group ([`dual::Problem`]); its pixels go through the
//! lanes one after the other, and a lane that is done takes the next ([`ascent`]): pixels need
//! different numbers of passes, and a group would wait for its slowest. Then groups get their
//! results ([`solution`]). In double precision only: columns of neighbouring atoms are all but
//! parallel.

mod ascent;
mod atoms;
mod dual;
mod found;
mod linear;
mod prepared;
mod slab;
mod solution;

pub(crate) use atoms::Atoms;
pub(crate) use slab::invert_slab;
