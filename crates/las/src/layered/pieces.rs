//! Which of the last values colours and extra bytes are compared with, and in which context.

/// Consecutive points whose colours and extra bytes have one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// One past its last point.
    pub(super) end: usize,
    /// Which models encode them.
    pub(super) context: usize,
    /// Which of the last values they are compared with.
    pub(super) slot: usize,
    /// The slot that this one is to be copied from first.
    pub(super) copied_from: Option<usize>,
}

/// The version of a layer, which has its own rule for contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayerVersion {
    /// The context is the scanner channel only where the channel changed, and 0 otherwise; the
    /// first point after a change of context is compared with the last one of the other context:
    /// as in LASzip.
    Three,
    /// The context is the scanner channel.
    Four,
}

/// The pieces of some points.
pub(super) struct Pieces {
    version: LayerVersion,
    context: usize,
    contexts_used: [bool; 4],
    pub(super) list: Vec<Piece>,
}

impl Pieces {
    /// After the first point of a chunk, which has this channel.
    pub(super) fn new(version: LayerVersion, channel: u8) -> Self {
        let context = usize::from(channel & 3);
        let mut contexts_used = [false; 4];
        contexts_used[context] = true;
        Self {
            version,
            context,
            contexts_used,
            list: Vec::new(),
        }
    }

    /// Adds a point, given by its number, its channel and the channel of the point before it.
    #[inline]
    pub(super) fn add_point(&mut self, point: usize, channel: u8, before: u8) {
        let context = match self.version {
            LayerVersion::Three if channel == before => 0,
            _ => usize::from(channel & 3),
        };
        let mut piece = Piece {
            end: point + 1,
            context,
            slot: context,
            copied_from: None,
        };
        if context != self.context {
            if !self.contexts_used[context] {
                self.contexts_used[context] = true;
                piece.copied_from = Some(self.context);
            } else if self.version == LayerVersion::Three {
                piece.slot = self.context;
            }
            self.context = context;
        }
        match self.list.last_mut() {
            Some(last)
                if last.context == context
                    && last.slot == piece.slot
                    && piece.copied_from.is_none() =>
            {
                last.end = piece.end;
            }
            _ => self.list.push(piece),
        }
    }
}
