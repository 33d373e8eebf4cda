//! The order of delivery: results wait here until all results before them were delivered.

use crate::{checkpoint::TilePart, memory_budget::Reservation};
use std::collections::BTreeMap;

/// State of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TileState {
    /// Another process runs it.
    NotMine,
    /// It waits for chunks, is being cut, or `left` of its `of` parts wait or run.
    Open { left: usize, of: usize },
    /// All results of its `of` parts are there.
    Done { of: usize },
    /// It has no point.
    Empty,
    /// It has failed.
    Failed,
}

impl TileState {
    /// Parts that have a result or will have one, and whether all of them are there.
    fn parts(self) -> (usize, bool) {
        match self {
            Self::Open { of, .. } => (of, false),
            Self::Done { of } => (of, true),
            Self::NotMine | Self::Empty | Self::Failed => (0, true),
        }
    }
}

/// A result that is next in order, with the memory that is reserved for it.
#[derive(Debug)]
pub(in crate::run) enum ReadyResult {
    InMemory(TilePart, Reservation),
    OnDisk(TilePart, Reservation),
}

/// The states of all tiles, and the results in memory that were not delivered yet.
#[derive(Debug)]
pub(super) struct Reorder {
    states: Vec<TileState>,
    /// Tile and number of the part that is delivered next.
    next: (usize, usize),
    in_memory: BTreeMap<TilePart, Reservation>,
    waiting_bytes: u64,
}

impl Reorder {
    /// No result is there yet but those of tiles that are done.
    pub(super) fn new(states: Vec<TileState>) -> Self {
        Self {
            states,
            next: (0, 0),
            in_memory: BTreeMap::new(),
            waiting_bytes: 0,
        }
    }

    /// The state of a tile.
    pub(super) fn state(&self, tile: usize) -> TileState {
        self.states[tile]
    }

    /// Changes the state of a tile.
    pub(super) fn set_state(&mut self, tile: usize, state: TileState) {
        self.states[tile] = state;
    }

    /// A part of an open tile is done: whether it was the last one.
    pub(super) fn part_is_done(&mut self, tile: usize) -> bool {
        let TileState::Open { left, of } = self.states[tile] else {
            return false;
        };
        let is_last = left == 1;
        self.states[tile] = if is_last {
            TileState::Done { of }
        } else {
            TileState::Open { left: left - 1, of }
        };
        is_last
    }

    /// A result in memory waits for its turn.
    pub(super) fn hold_result(&mut self, part: TilePart, reserved: Reservation) {
        self.waiting_bytes += reserved.bytes();
        self.in_memory.insert(part, reserved);
    }

    /// Bytes that are reserved for results that wait.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Whether everything before a part was delivered.
    pub(super) fn has_reached(&self, part: TilePart) -> bool {
        self.next >= (part.tile, part.part)
    }

    /// Takes at most `count` results that are next in order, all of tiles before `end`. For one on
    /// disk `reserve` is called with the number of results before it, and stops this with `None`.
    pub(super) fn take_next(
        &mut self,
        count: usize,
        end: usize,
        mut reserve: impl FnMut(TilePart, usize) -> Option<Reservation>,
    ) -> Vec<ReadyResult> {
        let mut ready = Vec::new();
        while ready.len() < count && self.next.0 < end.min(self.states.len()) {
            let (tile, part) = self.next;
            let (of, is_done) = self.states[tile].parts();
            if part >= of && is_done {
                self.next = (tile + 1, 0);
                continue;
            }
            let part = TilePart { tile, part, of };
            if let Some(reserved) = self.in_memory.remove(&part) {
                self.waiting_bytes -= reserved.bytes();
                ready.push(ReadyResult::InMemory(part, reserved));
            } else if !is_done {
                break;
            } else if let Some(reserved) = reserve(part, ready.len()) {
                ready.push(ReadyResult::OnDisk(part, reserved));
            } else {
                break;
            }
            self.next.1 += 1;
        }
        ready
    }
}
