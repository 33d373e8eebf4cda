//! Jobs: pieces of work that were admitted, and their outcomes.

use super::{chunk_queue::ChunkToDecode, reorder::ReadyResult};
use crate::{
    memory_budget::Reservation,
    route::RoutedCounts,
    run::pieces::{Pieces, TileUnit},
};
use isopach_compute::Result;
use std::{
    sync::mpsc::Sender,
    time::{Duration, Instant},
};

/// A piece of work that was admitted, with the memory that is reserved for it.
#[derive(Debug)]
pub(super) enum Job {
    Route(ChunkToDecode, Reservation),
    Cut(usize),
    Run(TileUnit, Reservation),
    Deliver(Batch),
}

/// Results that are delivered in one go, in order.
#[derive(Debug)]
pub(in crate::run) struct Batch {
    /// Whether the sink begins with this batch.
    pub(in crate::run) begins_sink: bool,
    pub(in crate::run) results: Vec<ReadyResult>,
}

/// The outcome of a job.
#[derive(Debug)]
pub(super) enum Completion {
    Routed {
        chunk: ChunkToDecode,
        took: Duration,
        outcome: Result<RoutedCounts>,
        reserved: Reservation,
    },
    Cut {
        tile: usize,
        outcome: Result<Vec<TileUnit>>,
    },
    Ran {
        unit: TileUnit,
        took: Duration,
        outcome: Result<()>,
        reserved: Reservation,
    },
    Delivered {
        outcome: Result<()>,
    },
    /// The job panicked; the pool passes the panic on when all its work is over.
    Panicked,
}

impl Job {
    /// Does the work, on whatever thread this is.
    pub(super) fn perform(self, pieces: &dyn Pieces) -> Completion {
        let start = Instant::now();
        match self {
            Self::Route(chunk, reserved) => {
                let outcome = pieces.route_chunk(&chunk);
                Completion::Routed {
                    chunk,
                    took: start.elapsed(),
                    outcome,
                    reserved,
                }
            }
            Self::Cut(tile) => Completion::Cut {
                tile,
                outcome: pieces.cut_tile(tile),
            },
            Self::Run(unit, reserved) => {
                let outcome = pieces.run_unit(&unit);
                Completion::Ran {
                    unit,
                    took: start.elapsed(),
                    outcome,
                    reserved,
                }
            }
            Self::Deliver(batch) => Completion::Delivered {
                outcome: pieces.deliver_batch(batch),
            },
        }
    }
}

/// Sends one completion; [`Completion::Panicked`] if it is dropped before.
pub(super) struct CompletionSender(Option<Sender<Completion>>);

impl CompletionSender {
    /// Sends through a clone of `sender`.
    pub(super) fn new(sender: &Sender<Completion>) -> Self {
        Self(Some(sender.clone()))
    }

    /// Sends the outcome of the job.
    pub(super) fn send(mut self, completion: Completion) {
        self.send_once(completion);
    }

    fn send_once(&mut self, completion: Completion) {
        if let Some(sender) = self.0.take() {
            // An error says that the run has ended, and no outcome matters any more.
            let _ = sender.send(completion);
        }
    }
}

impl Drop for CompletionSender {
    fn drop(&mut self) {
        self.send_once(Completion::Panicked);
    }
}
