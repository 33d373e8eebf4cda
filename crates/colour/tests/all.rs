//! Tests of `isopach-colour` from outside.

#![allow(missing_docs)]
