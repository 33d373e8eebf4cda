//! Samples that are read before a run: functions of the points alone.
#![allow(missing_docs)]

mod blocks;
mod scenes;
mod thinning;
