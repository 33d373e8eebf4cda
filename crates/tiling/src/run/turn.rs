//! Results that wait for their turn.

use crate::checkpoint::TilePart;
use isopach_cloud::Rect;
use std::collections::BTreeMap;

/// What has become of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is run by somebody else.
    NotMine,
    /// Chunks are missing, it is being cut, or its parts wait or run: so many are left of so many.
    Open { left: usize, of: usize },
    /// All its results are there.
    Done { of: usize },
    /// It has no point.
    Empty,
    /// It has failed.
    Failed,
}

/// A result that is there.
pub(super) enum Ready<T> {
    /// In memory, with the bytes that were set aside for it.
    Here(Rect, T, u64),
    /// On disk, with the bytes that were set aside for it.
    Kept(TilePart, u64),
}

/// The states of all tiles, and the results that were not handed over yet.
pub(super) struct Turn<T> {
    pub(super) states: Vec<State>,
    /// Tile and part whose turn it is.
    next: (usize, usize),
    here: BTreeMap<TilePart, (Rect, T, u64)>,
}

impl<T> Turn<T> {
    pub(super) fn new(states: Vec<State>) -> Self {
        Self {
            states,
            next: (0, 0),
            here: BTreeMap::new(),
        }
    }

    /// A result waits for its turn.
    pub(super) fn put(&mut self, part: TilePart, result: (Rect, T, u64)) {
        self.here.insert(part, result);
    }

    /// Whether the turn has come to a part.
    pub(super) fn has_come_to(&self, part: TilePart) -> bool {
        self.next >= (part.tile, part.part)
    }

    /// Takes at most `most` results whose turn it is, all of tiles before `end`; of those on disk
    /// as many as there is `room` for, which says the bytes that it set aside.
    pub(super) fn take(
        &mut self,
        most: usize,
        end: usize,
        mut room: impl FnMut(TilePart, usize) -> Option<u64>,
    ) -> Vec<Ready<T>> {
        let mut ready = Vec::new();
        while ready.len() < most && self.next.0 < end.min(self.states.len()) {
            let (tile, part) = self.next;
            let (of, kept) = match self.states[tile] {
                State::Open { of, .. } => (of, false),
                State::Done { of } => (of, true),
                State::NotMine | State::Empty | State::Failed => (0, true),
            };
            if part >= of && kept {
                self.next = (tile + 1, 0);
                continue;
            }
            let part = TilePart { tile, part, of };
            match self.here.remove(&part) {
                Some((core, result, bytes)) => ready.push(Ready::Here(core, result, bytes)),
                None if kept => match room(part, ready.len()) {
                    Some(bytes) => ready.push(Ready::Kept(part, bytes)),
                    None => break,
                },
                None => break,
            }
            self.next.1 += 1;
        }
        ready
    }
}
