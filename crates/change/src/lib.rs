//! What changed between two epochs: M3C2, C2C, DoD, level of detection, volumes.
