//! The definition of [`crate::reference`], for as many pixels at once as there are lanes, and fast.
//!
//! Differences to the definition, and why the result is the same:
//! - *The matrix that is decomposed is 6 × 6, not 6 × bins.* `Rᵀ diag(√l) = L Q` with a lower
//!   triangle L ([`lq`]); Q turns nothing that is asked for, and `diag(1/σ) L` has the same left
//!   vectors and singular values. In the first pass of self-normalised weights l is the same for
//!   every pixel, so L is computed once for all.
//! - *Channels come in sixes (eights, sixteens).* A channel that is not there, or was dropped, has
//!   1/σ = 0: its row of the matrix is zero and stays zero, its singular value is left out of the
//!   grid of μ.
//! - *Lanes never see each other.* A lane that has converged multiplies by exactly 1 and adds
//!   exactly 0, so a pixel has the same bits in any company.
//! - *R is scaled by a power of two* so that single precision has room; the grid of μ and the
//!   filler of the weights are scaled along.
//! - *Single precision knows when it does not know*: pixels whose numbers leave its range, whose
//!   matrix is too ill conditioned, or for which two points of the grid of μ are all but equally
//!   good are inverted again in double precision (`cpu`).

mod group;
mod jacobi;
mod lq;
pub(crate) mod nonnegative;
pub(crate) mod positive;
mod regularise;
mod resolution;
mod results;
mod rows;
mod scratch;
mod shared;
mod slab;
mod solve;
mod vectors;
mod weights;

pub use shared::{Rows, Shared};
pub(crate) use slab::invert_slab;
