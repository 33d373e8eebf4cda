//! Scenes whose truth is known and counts of how often a statement about them holds: what the
//! example `calibrate` tabulates and tests sample.

pub mod chance;
pub mod correlated_noise;
pub mod halves;
pub mod null_tests;
pub mod poses;
pub mod random;
pub mod volume_coverage;
pub mod volume_scenes;
