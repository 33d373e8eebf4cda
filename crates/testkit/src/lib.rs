//! What tests of several crates share: golden cases of the emission measure, damaged inputs by the
//! thousand.

#[cfg(feature = "emission")]
pub mod emission_case;
pub mod hostile;
