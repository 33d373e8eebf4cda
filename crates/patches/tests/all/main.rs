//! Patches from outside: any tiles and order, what is drawn, copies, refused parameters.
#![allow(missing_docs)]

mod augmentation;
mod refusals;
mod sampling;
mod scene;
mod tiles;
