//! Patches from outside: any tiles and order, samples, copies, refused parameters.
#![allow(missing_docs)]

mod augmentation;
mod refusals;
mod sampling;
mod scene;
mod tiles;
