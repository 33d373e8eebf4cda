//! Features from outside: other tools' numbers, shapes with known answers, any order and tiles.
#![allow(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod cloth;
mod gaps;
mod golden;
mod ground;
mod heights;
mod normals;
mod outliers;
mod plain;
mod shapes;
mod storage;
mod terrain;
mod tiles;
mod wrong_answers;
