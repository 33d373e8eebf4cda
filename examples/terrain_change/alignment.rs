//! What is left of a misalignment, found on thinned clouds.
