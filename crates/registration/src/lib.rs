//! The ICP family and coarse alignment: source → target.
