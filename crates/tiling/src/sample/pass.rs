//! One pass over chunks of a source, by as many workers as memory has room for.

use crate::{PointSource, TilingError};
use isopach_cloud::{Attributes, Columns, Points, to_ticks};
use isopach_compute::{Error, Result};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Coordinates beyond this are no place on Earth, metres.
const FARTHEST: f64 = 2e9;
/// A chunk while it is decoded: its points, and as much again for the decoder.
const COPIES_OF_A_CHUNK: u64 = 2;

/// The memory of a pass.
pub(crate) struct PassMemory {
    /// Name of the data that is held, for the error message.
    pub(crate) what: &'static str,
    /// Bytes in all.
    pub(crate) memory: u64,
    /// Bytes that one worker holds beside its chunk.
    pub(crate) worker: u64,
}

/// Visits each of `chunks` once. Returns the collections of the workers, in no particular order.
///
/// # Errors
/// That of the first chunk that fails, however many workers there are; [`Error::OutOfMemory`] if
/// there is no room for one.
pub(crate) fn visit_chunks<S: Send>(
    source: &dyn PointSource,
    chunks: &[usize],
    columns: Columns,
    room: &PassMemory,
    start: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, usize, Points) -> Result<()> + Sync,
) -> Result<Vec<S>> {
    let workers = worker_count(source, chunks, columns, room)?;
    source.expect_chunks(chunks);
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let done: Vec<std::result::Result<S, (usize, Error)>> = (0..workers)
        .into_par_iter()
        .map(|_| {
            let mut collected = start();
            while !has_failed.load(Ordering::Relaxed) {
                let Some(&chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let visited = source
                    .read_chunk(chunk, columns)
                    .and_then(|points| visit(&mut collected, chunk, points));
                if let Err(error) = visited {
                    has_failed.store(true, Ordering::Relaxed);
                    return Err((chunk, error));
                }
            }
            Ok(collected)
        })
        .collect();
    first_error_or_all(done)
}

/// Chunks are taken in order and those taken are finished, so the lowest chunk that fails is always
/// among the errors.
fn first_error_or_all<S>(done: Vec<std::result::Result<S, (usize, Error)>>) -> Result<Vec<S>> {
    let mut collected = Vec::with_capacity(done.len());
    let mut failure: Option<(usize, Error)> = None;
    for result in done {
        match result {
            Ok(part) => collected.push(part),
            Err((chunk, error)) => {
                if failure.as_ref().is_none_or(|(lowest, _)| chunk < *lowest) {
                    failure = Some((chunk, error));
                }
            }
        }
    }
    match failure {
        Some((_, error)) => Err(error),
        None => Ok(collected),
    }
}

/// Workers that fit into the memory, at most one a thread.
fn worker_count(
    source: &dyn PointSource,
    chunks: &[usize],
    columns: Columns,
    room: &PassMemory,
) -> Result<usize> {
    let largest = chunks
        .iter()
        .map(|chunk| source.points_in_chunk(*chunk))
        .max()
        .unwrap_or(0);
    let point = size_of::<[f64; 3]>() as u64 + Attributes::bytes_per_point(columns);
    let one = room
        .worker
        .saturating_add(largest.saturating_mul(COPIES_OF_A_CHUNK * point));
    if one > room.memory {
        let advice = "give more memory, or ask for a smaller sample";
        return Err(Error::OutOfMemory {
            what: room.what,
            requested: one,
            budget: room.memory,
            advice,
        });
    }
    let affordable = usize::try_from(room.memory / one.max(1)).unwrap_or(usize::MAX);
    Ok(affordable
        .min(rayon::current_num_threads())
        .min(chunks.len())
        .max(1))
}

/// A point in absolute ticks.
///
/// # Errors
/// [`Error::InvalidInput`] with source, chunk and row where a coordinate is not finite, or beyond
/// ±2·10⁹ m.
pub(crate) fn ticks_of(
    source: &dyn PointSource,
    chunk: usize,
    row: usize,
    point: [f64; 3],
) -> Result<[i64; 3]> {
    match point
        .into_iter()
        .find(|value| value.is_nan() || value.abs() > FARTHEST)
    {
        None => Ok(point.map(to_ticks)),
        Some(value) => Err(TilingError::PointNoPlace {
            name: source.name(),
            chunk,
            row,
            value,
        }
        .into()),
    }
}
