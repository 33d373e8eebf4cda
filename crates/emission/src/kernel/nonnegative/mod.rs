//! [`crate::Method::NonNegative`] in lanes: the active set of Lawson & Hanson, one pixel a lane.
//!
//! Pixels need different numbers of passes, so they go through the lanes one after the other: a
//! lane that is done takes the next pixel ([`search`]). A pass does the same in all lanes: it makes
//! the triangle of the columns in use anew and solves ([`triangle`]), and it compares the slopes of
//! all bins. The decision of a lane (one column more, some fewer, the end) takes a few numbers, one
//! by one. A triangle that is made anew has the bits of one that has grown with its columns, and
//! needs no order of lanes that grow and lanes that shrink.

mod lane;
mod search;
mod solution;
mod table;
mod triangle;

pub(crate) use search::invert_slab;
pub(crate) use table::ResponseTable;
